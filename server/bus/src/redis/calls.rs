//! Numbers for calls, so that one whose answer was lost can be asked again and counts once.
//!
//! Redis keeps the numbers of calls it accepted until it is told that their answer came.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// Calls without an answer that are remembered at most; the oldest are forgotten beyond.
const UNKNOWN_MAX: usize = 4096;
/// Settled calls that one call tells of at most.
const SETTLED_MAX: usize = 512;

/// The calls of this process.
#[derive(Debug, Default)]
pub(super) struct Calls(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: u64,
    /// Whose answer came, and Redis does not know that.
    settled: Vec<u64>,
    /// Whose answer was given up, with what they were to append.
    unknown: BTreeMap<u64, u128>,
}

impl Calls {
    /// A number for a call; the same as before if that very call was given up without an answer.
    /// `digest` is only asked for where there are such calls.
    pub(super) fn begin(&self, digest: impl FnOnce() -> u128) -> u64 {
        let mut state = self.0.lock();
        if !state.unknown.is_empty() {
            let digest = digest();
            let known = state.unknown.iter().find(|(_, other)| **other == digest);
            if let Some((&call, _)) = known {
                state.unknown.remove(&call);
                return call;
            }
        }
        state.last += 1;
        state.last
    }

    /// Calls that Redis may forget; they go out with the next call.
    pub(super) fn settled(&self) -> Vec<u64> {
        let mut state = self.0.lock();
        let from = state.settled.len().saturating_sub(SETTLED_MAX);
        state.settled.split_off(from)
    }

    /// The answer of a call came, or it was never sent.
    pub(super) fn settle(&self, call: u64) {
        self.0.lock().settled.push(call);
    }

    /// What was told as settled may not have arrived.
    pub(super) fn settle_again(&self, calls: Vec<u64>) {
        self.0.lock().settled.extend(calls);
    }

    /// The answer of a call was given up.
    pub(super) fn give_up(&self, call: u64, digest: u128) {
        let mut state = self.0.lock();
        state.unknown.insert(call, digest);
        if state.unknown.len() > UNKNOWN_MAX
            && let Some((call, _)) = state.unknown.pop_first()
        {
            state.settled.push(call);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_was_given_up_keeps_its_number_for_the_next_attempt() {
        let calls = Calls::default();
        let first = calls.begin(|| 7);
        let second = calls.begin(|| 8);
        assert_ne!(first, second);
        calls.give_up(first, 7);
        calls.settle(second);
        assert_eq!(calls.begin(|| 7), first);
        let third = calls.begin(|| 7);
        assert!(third > second, "only once");
        assert_eq!(calls.settled(), [second]);
        assert!(calls.settled().is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let calls = Calls::default();
        for digest in 0..=UNKNOWN_MAX as u128 {
            let call = calls.begin(|| digest);
            calls.give_up(call, digest);
        }
        assert_eq!(calls.settled(), [1]);
        assert_eq!(calls.begin(|| 0), UNKNOWN_MAX as u64 + 2);
        assert_eq!(calls.begin(|| 1), 2);
    }
}
