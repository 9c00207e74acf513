//! Silences and maintenance windows: what is not to be sent for a while.

use super::id::SilenceId;
use super::label_set::LabelSet;
use crate::metric::Matcher;

const DAY_MS: i64 = 86_400_000;

/// When a maintenance window comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recurrence {
    /// Every day at the same time (UTC).
    Daily,
    /// Every week at the same time (UTC).
    Weekly,
}

impl Recurrence {
    /// How long until it comes again, in ms.
    #[must_use]
    pub const fn period_ms(self) -> i64 {
        match self {
            Self::Daily => DAY_MS,
            Self::Weekly => 7 * DAY_MS,
        }
    }

    /// The name in API and page.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
        }
    }
}

/// Holds back notifications, escalation, tickets and automation of the alerts it matches. The
/// alerts themselves are kept and shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Silence {
    /// Who it is.
    pub id: SilenceId,
    /// Which alerts: all of them hold.
    pub matchers: Vec<Matcher>,
    /// From when on, in ms.
    pub starts_ms: i64,
    /// Until when, in ms, exclusive.
    pub ends_ms: i64,
    /// When the window comes again; none: never.
    pub recurrence: Option<Recurrence>,
    /// Who made it.
    pub created_by: String,
    /// When it was made, in ms.
    pub created_ms: i64,
    /// Why.
    pub comment: String,
    /// When someone ended it before its time, in ms.
    pub expired_ms: Option<i64>,
}

impl Silence {
    /// Whether it holds at a time, in ms.
    #[must_use]
    pub fn is_active(&self, at_ms: i64) -> bool {
        if self.expired_ms.is_some_and(|expired| at_ms >= expired) || at_ms < self.starts_ms {
            return false;
        }
        let since = at_ms - self.starts_ms;
        let since = match self.recurrence {
            Some(recurrence) => since % recurrence.period_ms(),
            None => since,
        };
        since < self.ends_ms - self.starts_ms
    }

    /// Whether it holds an alert with these labels back at a time, in ms.
    #[must_use]
    pub fn holds(&self, labels: &LabelSet, at_ms: i64) -> bool {
        self.is_active(at_ms) && labels.satisfies(&self.matchers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::MatchOp;

    fn silence(recurrence: Option<Recurrence>) -> Silence {
        Silence {
            id: SilenceId(1),
            matchers: vec![Matcher::new(MatchOp::Equal, "team", "db").unwrap()],
            starts_ms: 1000,
            ends_ms: 2000,
            recurrence,
            created_by: "ana".into(),
            created_ms: 0,
            comment: "migration".into(),
            expired_ms: None,
        }
    }

    #[test]
    fn it_holds_between_its_ends_and_for_those_it_matches() {
        let db = LabelSet::new([("team", "db")]);
        let one = silence(None);
        let at = [999, 1000, 1999, 2000].map(|at_ms| one.holds(&db, at_ms));
        assert_eq!(at, [false, true, true, false]);
        assert!(!one.holds(&LabelSet::default(), 1500));
        let expired = Silence {
            expired_ms: Some(1500),
            ..one
        };
        assert!(expired.is_active(1499) && !expired.is_active(1500));
    }

    #[test]
    fn a_window_comes_again() {
        let daily = silence(Some(Recurrence::Daily));
        assert!(daily.is_active(1500 + 3 * DAY_MS) && !daily.is_active(2500 + 3 * DAY_MS));
        assert!(!daily.is_active(1500 - DAY_MS));
        let weekly = silence(Some(Recurrence::Weekly));
        assert!(weekly.is_active(1500 + 7 * DAY_MS) && !weekly.is_active(1500 + DAY_MS));
    }
}
