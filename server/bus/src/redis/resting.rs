//! A Redis that does not answer in time is let be for a while by those who can do without it.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How long it is let be.
const REST: Duration = Duration::from_secs(2);

/// Until when it is let be; never, at first.
#[derive(Debug, Default)]
pub(super) struct Resting(Mutex<Option<Instant>>);

/// What an attempt changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    None,
    Away,
    Back,
}

impl Resting {
    /// Whether nothing is to be tried just now.
    pub(super) fn is_on(&self) -> bool {
        self.0.lock().is_some_and(|until| Instant::now() < until)
    }

    /// Keeps how an attempt went.
    pub(super) fn note(&self, is_away: bool) -> Change {
        let until = is_away.then(|| Instant::now() + REST);
        let before = std::mem::replace(&mut *self.0.lock(), until);
        match (before, is_away) {
            (None, true) => Change::Away,
            (Some(_), false) => Change::Back,
            _ => Change::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_failure_and_the_first_success_change_something() {
        let resting = Resting::default();
        assert_eq!(resting.note(false), Change::None);
        assert!(!resting.is_on());
        assert_eq!(resting.note(true), Change::Away);
        assert!(resting.is_on());
        assert_eq!(resting.note(true), Change::None);
        assert_eq!(resting.note(false), Change::Back);
        assert!(!resting.is_on());
    }
}
