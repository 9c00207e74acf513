//! What is counted of traces.

use std::sync::atomic::Ordering;

use super::Simple;
use crate::telemetry::SpanCounts;

/// What has no labels.
pub(super) fn simple(counts: &SpanCounts) -> [Simple; 3] {
    let of = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
    [
        (
            "trace_spans_exported_total",
            "counter",
            of(&counts.exported),
        ),
        ("trace_spans_dropped_total", "counter", of(&counts.dropped)),
        (
            "trace_export_failures_total",
            "counter",
            of(&counts.failures),
        ),
    ]
}
