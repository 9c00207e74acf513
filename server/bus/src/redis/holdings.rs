//! The partitions this process holds, by what Redis said last.

use std::collections::BTreeMap;
use std::time::Instant;

use parking_lot::Mutex;

/// The leases of this process.
#[derive(Debug, Default)]
pub(super) struct Holdings(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    held: BTreeMap<u16, Holding>,
    until: Option<Instant>,
}

/// A lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holding {
    /// Grows with every holder; what comes with an older one is refused.
    pub(super) token: String,
    /// What the holder before left unacknowledged is this process's own.
    pub(super) is_claimed: bool,
}

impl Holdings {
    /// Takes in all leases as Redis said, and returns the partitions that are lost.
    pub(super) fn set(&self, leases: Vec<(u16, String)>, until: Instant) -> Vec<u16> {
        let mut state = self.0.lock();
        let held = leases.into_iter().map(|(partition, token)| {
            let same = state.held.get(&partition);
            let is_claimed = same.is_some_and(|same| same.token == token && same.is_claimed);
            (partition, Holding { token, is_claimed })
        });
        let held: BTreeMap<_, _> = held.collect();
        let lost = state.held.keys().filter(|key| !held.contains_key(key));
        let lost = lost.copied().collect();
        state.held = held;
        state.until = Some(until);
        lost
    }

    pub(super) fn until(&self) -> Option<Instant> {
        self.0.lock().until
    }

    pub(super) fn get(&self, partition: u16) -> Option<Holding> {
        self.0.lock().held.get(&partition).cloned()
    }

    pub(super) fn claimed(&self, partition: u16, token: &str) {
        if let Some(holding) = self.0.lock().held.get_mut(&partition)
            && holding.token == token
        {
            holding.is_claimed = true;
        }
    }

    /// Lets go of a partition, if it is still held by that token.
    pub(super) fn lose(&self, partition: u16, token: &str) {
        let mut state = self.0.lock();
        if state
            .held
            .get(&partition)
            .is_some_and(|held| held.token == token)
        {
            state.held.remove(&partition);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_known_by_its_token() {
        let holdings = Holdings::default();
        let leases = |pairs: &[(u16, &str)]| {
            let pairs = pairs.iter().map(|(at, token)| (*at, token.to_string()));
            pairs.collect::<Vec<_>>()
        };
        let now = Instant::now();
        assert!(holdings.until().is_none());
        assert!(holdings.set(leases(&[(0, "1"), (2, "5")]), now).is_empty());
        holdings.claimed(0, "1");
        holdings.claimed(2, "4");
        holdings.lose(2, "4");
        assert!(holdings.get(0).unwrap().is_claimed && !holdings.get(2).unwrap().is_claimed);
        assert_eq!(holdings.set(leases(&[(0, "1"), (1, "1")]), now), [2]);
        assert!(holdings.get(0).unwrap().is_claimed);
        holdings.set(leases(&[(0, "3")]), now);
        assert!(!holdings.get(0).unwrap().is_claimed, "another was between");
        holdings.lose(0, "3");
        assert_eq!(holdings.get(0), None);
    }
}
