//! How much automation may happen at all, and how it is stopped.

use crate::alert::Recurrence;

/// So many runs within so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many.
    pub runs_max: u32,
    /// Within how many seconds, up to now.
    pub window_secs: u32,
}

/// How much may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafetyBudget {
    /// Of all rules together. Default 20 an hour.
    pub global: RateLimit,
    /// Of each provider. Default 10 an hour.
    pub provider: RateLimit,
    /// Of each rule that does not say otherwise. Default 5 an hour.
    pub rule: RateLimit,
    /// Targets or hosts of one run. Default 10.
    pub targets_max: u32,
    /// Runs that wait for leave, of all rules together; beyond it nothing is proposed. Default 200.
    pub waiting_max: u32,
    /// After how many runs of a rule in a row that did not help it may only propose. Default 3.
    pub failed_verifications_max: u32,
    /// The greatest share of alerts that a rule may match, in percent: `[1, 100]`. Default 20.
    pub match_percent_max: u32,
}

impl Default for SafetyBudget {
    fn default() -> Self {
        let hourly = |runs_max| RateLimit {
            runs_max,
            window_secs: 3600,
        };
        Self {
            global: hourly(20),
            provider: hourly(10),
            rule: hourly(5),
            targets_max: 10,
            waiting_max: 200,
            failed_verifications_max: 3,
            match_percent_max: 20,
        }
    }
}

/// Everything is stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KillSwitch {
    /// Who stopped it.
    pub by: String,
    /// When, in ms.
    pub at_ms: i64,
    /// Why.
    pub reason: String,
}

/// A time in which nothing begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// Why: "release week".
    pub reason: String,
    /// From when on, in ms.
    pub starts_ms: i64,
    /// Until when, in ms, exclusive.
    pub ends_ms: i64,
    /// When it comes again; none: never.
    pub recurrence: Option<Recurrence>,
}

impl Freeze {
    /// When the freeze that holds at a time, in ms, is over; none: it does not hold then.
    #[must_use]
    pub fn over_ms(&self, at_ms: i64) -> Option<i64> {
        if at_ms < self.starts_ms || self.ends_ms <= self.starts_ms {
            return None;
        }
        let since = at_ms - self.starts_ms;
        let since = match self.recurrence {
            Some(recurrence) => since % recurrence.period_ms(),
            None => since,
        };
        let length = self.ends_ms - self.starts_ms;
        (since < length).then(|| at_ms - since + length)
    }
}

/// What people switched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Switches {
    /// Everything is stopped; none: it is not.
    pub kill: Option<KillSwitch>,
    /// Times in which nothing begins.
    pub freezes: Vec<Freeze>,
}

impl Switches {
    /// The most freezes.
    pub const FREEZES_MAX: usize = 100;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freeze_holds_within_its_window_and_comes_again() {
        const DAY_MS: i64 = 86_400_000;
        let mut freeze = Freeze {
            reason: "night".into(),
            starts_ms: 1000,
            ends_ms: 3000,
            recurrence: None,
        };
        let at = [999, 1000, 2999, 3000].map(|at_ms| freeze.over_ms(at_ms));
        assert_eq!(at, [None, Some(3000), Some(3000), None]);
        assert_eq!(freeze.over_ms(1500 + DAY_MS), None);
        freeze.recurrence = Some(Recurrence::Daily);
        assert_eq!(freeze.over_ms(1500 + 2 * DAY_MS), Some(3000 + 2 * DAY_MS));
    }
}
