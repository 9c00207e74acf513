//! Signals from traces: slow calls, slow own work, failed spans, and steps that no longer follow.

mod calls;
mod sequences;
mod work;

use std::collections::BTreeMap;

use crate::Signal;

/// One span of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<'a> {
    /// Unique among the spans given.
    pub id: u64,
    /// The span that caused it, if known.
    pub parent: Option<u64>,
    /// Who did the work.
    pub entity: &'a str,
    /// What was done; spans of one entity and operation are compared.
    pub operation: &'a str,
    /// Begin in microseconds since 1970, UTC.
    pub start_us: i64,
    /// End in microseconds since 1970, UTC; not before the begin.
    pub end_us: i64,
    /// Whether the span says of itself that it failed.
    pub failed: bool,
}

/// A log line that was said within a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanEvent<'a> {
    /// The span's id.
    pub span: u64,
    /// The line's template.
    pub what: &'a str,
}

/// Spans and lines of a stretch of time, in any order.
#[derive(Debug, Clone, Copy)]
pub struct TraceWindow<'a> {
    /// The spans.
    pub spans: &'a [Span<'a>],
    /// What was logged within them; may be empty.
    pub events: &'a [SpanEvent<'a>],
}

/// Departures of the window's traces from the baseline's. Operations that the baseline does not
/// know are passed over: nothing is known of how long they take.
#[must_use]
pub fn trace_signals(baseline: &TraceWindow<'_>, window: &TraceWindow<'_>) -> Vec<Signal> {
    let (before, now) = (Forest::new(baseline.spans), Forest::new(window.spans));
    let mut out = calls::signals(&before, &now);
    out.extend(work::signals(&before, &now));
    out.extend(sequences::signals(
        (&before, baseline.events),
        (&now, window.events),
    ));
    out
}

/// Spans with their children.
struct Forest<'a> {
    spans: &'a [Span<'a>],
    index: BTreeMap<u64, usize>,
    children: Vec<Vec<usize>>,
}

impl<'a> Forest<'a> {
    fn new(spans: &'a [Span<'a>]) -> Self {
        let index: BTreeMap<u64, usize> =
            spans.iter().enumerate().map(|(i, s)| (s.id, i)).collect();
        let mut children = vec![Vec::new(); spans.len()];
        for (child, span) in spans.iter().enumerate() {
            if let Some(&parent) = span.parent.and_then(|parent| index.get(&parent))
                && parent != child
            {
                children[parent].push(child);
            }
        }
        Self {
            spans,
            index,
            children,
        }
    }

    fn took_us(&self, span: usize) -> f64 {
        (self.spans[span].end_us - self.spans[span].start_us).max(0) as f64
    }

    /// The span on the other side, if this one only waits for another entity.
    fn call(&self, span: usize) -> Option<usize> {
        match self.children[span].as_slice() {
            [only] if self.spans[*only].entity != self.spans[span].entity => Some(*only),
            _ => None,
        }
    }

    /// Time of the span that none of its children took, at least 0.
    fn own_us(&self, span: usize) -> f64 {
        let children: f64 = self.children[span].iter().map(|&c| self.took_us(c)).sum();
        (self.took_us(span) - children).max(0.0)
    }
}

/// What is usual for one key, by which single values are called slow.
struct Usual {
    slow_us: f64,
    chance: f64,
}

/// A value is slow beyond this many times the usual 95th percentile: below it is the load of the day.
const SLOW_FACTOR: f64 = 3.0;
/// And by at least this much more: a tenth of a second, below which nobody complains; a garbage collection
/// takes as much.
const SLOW_US: f64 = 100_000.0;
/// Values that a key must have in the baseline.
const USUAL_MIN: usize = 3;

/// One in a hundred may be slow at any time, however few were in a short baseline.
const SLOW_CHANCE: f64 = 0.01;

impl Usual {
    fn of(values: Vec<f64>) -> Option<Self> {
        let values = crate::tail::sorted(values);
        if values.len() < USUAL_MIN {
            return None;
        }
        let high = crate::tail::quantile(&values, 0.95);
        let slow_us = (high * SLOW_FACTOR).max(high + SLOW_US);
        let slow = values.iter().filter(|v| **v > slow_us).count() as f64;
        Some(Self {
            slow_us,
            // Half a slow one more than was seen, as the baseline is short.
            chance: ((slow + 0.5) / (values.len() as f64 + 1.0)).max(SLOW_CHANCE),
        })
    }
}

#[cfg(test)]
mod tests;
