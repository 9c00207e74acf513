//! What this process knows of the bus between two answers of Redis: how full it is, and what is
//! acknowledged.

use std::time::Instant;

use parking_lot::Mutex;
use tocsin_domain::ports::BusUsage;

use super::scripts::Totals;

/// The last that was heard.
#[derive(Debug)]
pub(super) struct Known {
    limit_bytes: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    totals: Totals,
    heard_at: Instant,
    acknowledged: Vec<u64>,
}

impl Known {
    pub(super) fn new(limit_bytes: u64, partitions: u16) -> Self {
        Self {
            limit_bytes,
            state: Mutex::new(State {
                totals: Totals::default(),
                heard_at: Instant::now(),
                acknowledged: vec![0; usize::from(partitions)],
            }),
        }
    }

    pub(super) fn usage(&self) -> BusUsage {
        let totals = self.state.lock().totals;
        BusUsage {
            events: totals.events,
            bytes: totals.bytes,
            limit_bytes: self.limit_bytes,
        }
    }

    pub(super) fn acknowledged(&self, partition: u16) -> u64 {
        let state = self.state.lock();
        let known = state.acknowledged.get(usize::from(partition));
        known.copied().unwrap_or(0)
    }

    /// Takes in totals that Redis told for a question of `asked_at`. Answers may be heard in
    /// another order than they were given; if Redis lost data, it counts lower than before.
    pub(super) fn hear(&self, asked_at: Instant, totals: Totals) {
        let mut state = self.state.lock();
        if totals.changes >= state.totals.changes || asked_at > state.heard_at {
            state.totals = totals;
            state.heard_at = Instant::now();
        }
    }

    /// Takes in how far a partition is acknowledged; that never goes back.
    pub(super) fn hear_acknowledged(&self, partition: u16, through: u64) {
        let mut state = self.state.lock();
        if let Some(known) = state.acknowledged.get_mut(usize::from(partition)) {
            *known = (*known).max(through);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_answer_that_comes_late_changes_nothing() {
        let known = Known::new(10, 2);
        let totals = |changes, events| Totals {
            events,
            bytes: events,
            changes,
        };
        let before = Instant::now();
        known.hear(before, totals(3, 3));
        known.hear(before, totals(2, 2));
        assert_eq!(known.usage().events, 3);
        std::thread::sleep(std::time::Duration::from_millis(2));
        known.hear(Instant::now(), totals(1, 1));
        assert_eq!(known.usage().events, 1, "Redis has lost data");
        known.hear_acknowledged(1, 7);
        known.hear_acknowledged(1, 5);
        known.hear_acknowledged(9, 5);
        assert_eq!((known.acknowledged(0), known.acknowledged(1)), (0, 7));
    }
}
