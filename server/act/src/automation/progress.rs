//! What automation did since the start, counted for those who watch the server itself.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use tocsin_domain::automation::{Run, RunState, Verification};

/// Upper ends of the buckets of the time from an alert's event to the proposal, in seconds.
pub const PROPOSE_BUCKETS_SECS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];

/// What automation did since the start.
#[derive(Debug, Default)]
pub struct AutomationProgress {
    /// Runs that were proposed.
    pub proposals: AtomicU64,
    /// Runs that ended, in the order of [`RunState::ALL`]; 0 for states that are no end.
    pub ended: [AtomicU64; RunState::ALL.len()],
    /// Actions that were looked at afterwards, in the order of [`Verification::ALL`].
    pub verifications: [AtomicU64; Verification::ALL.len()],
    /// Runs that wait for people now.
    pub waiting: AtomicI64,
    /// Events of alerts by which a run was proposed, with those that took at most so long as
    /// [`PROPOSE_BUCKETS_SECS`] says.
    pub took_buckets: [AtomicU64; PROPOSE_BUCKETS_SECS.len()],
    /// How many those events are.
    pub took_count: AtomicU64,
    /// How long they took together, in ms.
    pub took_ms: AtomicU64,
}

impl AutomationProgress {
    /// Notes that runs were proposed.
    pub(super) fn proposed(&self, count: usize) {
        self.proposals.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Notes how long after its event a run was proposed. A clock that was set back counts as no time.
    pub(super) fn took(&self, took_ms: i64) {
        let took_ms = u64::try_from(took_ms).unwrap_or(0);
        let secs = took_ms as f64 / 1000.0;
        for (bucket, end) in self.took_buckets.iter().zip(PROPOSE_BUCKETS_SECS) {
            bucket.fetch_add(u64::from(secs <= end), Ordering::Relaxed);
        }
        self.took_count.fetch_add(1, Ordering::Relaxed);
        self.took_ms.fetch_add(took_ms, Ordering::Relaxed);
    }

    /// Says how many runs wait for people.
    pub(super) fn waits(&self, count: u64) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.waiting.store(count, Ordering::Relaxed);
    }

    /// Notes a step of a run.
    pub(super) fn stepped(&self, before: &Run, after: &Run) {
        let waits = |run: &Run| i64::from(run.state == RunState::AwaitingApproval);
        self.waiting
            .fetch_add(waits(after) - waits(before), Ordering::Relaxed);
        if after.state.is_final() && !before.state.is_final() {
            let ended = RunState::ALL.iter().zip(&self.ended);
            let of_state = ended.filter(|(state, _)| **state == after.state);
            for (_, count) in of_state {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
        if after.verification != before.verification {
            let seen = Verification::ALL.iter().zip(&self.verifications);
            for (_, count) in seen.filter(|(seen, _)| Some(**seen) == after.verification) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}
