//! What is counted of backups.

use std::sync::atomic::Ordering;

use super::Simple;
use crate::backup::Counts;

/// What has no labels. The time of the last backup is 0 until this process made one or began to lead.
pub(super) fn simple(counts: &Counts) -> [Simple; 5] {
    let of = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
    [
        ("backups_made_total", "counter", of(&counts.made)),
        ("backups_failed_total", "counter", of(&counts.failed)),
        ("backup_written_bytes_total", "counter", of(&counts.bytes)),
        ("backup_every_seconds", "gauge", of(&counts.every_secs)),
        (
            "backup_last_success_timestamp_seconds",
            "gauge",
            of(&counts.last_secs),
        ),
    ]
}
