//! What became of jobs in this server, for its metrics.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tocsin_domain::job::JobStatus;

/// Upper ends of the buckets of how long attempts took, in seconds.
pub const WORK_BUCKETS_SECS: [f64; 7] = [0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 21_600.0];

/// Attempts of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct WorkTimes {
    /// How many took so long at most, by [`WORK_BUCKETS_SECS`].
    pub buckets: [u64; WORK_BUCKETS_SECS.len()],
    /// All of them together, in seconds.
    pub seconds: f64,
    /// How many there were.
    pub count: u64,
}

/// What became of jobs in this server, and how many there are in the store.
#[derive(Debug, Default)]
pub struct JobTelemetry {
    pub(crate) running: AtomicU64,
    pub(crate) lost: AtomicU64,
    ended: Mutex<BTreeMap<(String, &'static str), u64>>,
    times: Mutex<BTreeMap<String, WorkTimes>>,
    kept: Mutex<Vec<(String, JobStatus, u64)>>,
}

impl JobTelemetry {
    /// An attempt ended, as a word.
    pub(crate) fn ended(&self, kind: &str, how: &'static str, took: Duration) {
        *self.ended.lock().entry((kind.to_owned(), how)).or_default() += 1;
        let mut times = self.times.lock();
        let times = times.entry(kind.to_owned()).or_default();
        let seconds = took.as_secs_f64();
        for (bucket, end) in times.buckets.iter_mut().zip(WORK_BUCKETS_SECS) {
            *bucket += u64::from(seconds <= end);
        }
        times.seconds += seconds;
        times.count += 1;
    }

    pub(crate) fn counted(&self, counts: Vec<(String, JobStatus, u64)>) {
        *self.kept.lock() = counts;
    }

    /// Jobs that this server does now.
    #[must_use]
    pub fn running(&self) -> u64 {
        self.running.load(Ordering::Relaxed)
    }

    /// Attempts whose lease was lost to another server.
    #[must_use]
    pub fn leases_lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Attempts that ended in this server, by kind and how: `succeeded`, `failed`, `dead`,
    /// `cancelled`, `retried`, `put_back` or `lost`.
    #[must_use]
    pub fn attempts(&self) -> Vec<(String, &'static str, u64)> {
        let ended = self.ended.lock();
        let rows = ended
            .iter()
            .map(|((kind, how), count)| (kind.clone(), *how, *count));
        rows.collect()
    }

    /// How long attempts took, by kind.
    #[must_use]
    pub fn times(&self) -> Vec<(String, WorkTimes)> {
        let times = self.times.lock();
        times
            .iter()
            .map(|(kind, times)| (kind.clone(), *times))
            .collect()
    }

    /// Jobs in the store by kind and status, as they were counted last; empty where no worker runs.
    #[must_use]
    pub fn kept(&self) -> Vec<(String, JobStatus, u64)> {
        self.kept.lock().clone()
    }
}
