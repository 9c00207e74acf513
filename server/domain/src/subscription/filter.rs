//! Which alerts a subscription is about, and when low ones wait.

use super::SubscriptionError;
use super::delivery::News;
use crate::alert::{Alert, AlertKind, AlertSeverity};
use crate::metric::Matcher;

const HOUR_MS: i64 = 3_600_000;
const DAY_MINUTES: i64 = 1440;
const MINUTE_MS: i64 = 60_000;

/// Which alerts. Everything that is given must hold; an empty list is not given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SubscriptionFilter {
    /// Whose labels satisfy all of these.
    pub matchers: Vec<Matcher>,
    /// Of one of these kinds.
    pub kinds: Vec<AlertKind>,
    /// Of one of these severities.
    pub severities: Vec<AlertSeverity>,
    /// That are at least so sure: `[0, 1]`.
    pub min_probability: Option<f64>,
    /// Predictions whose crossing is at least so far away, in hours: `[0, 8760]`. Other kinds of
    /// alerts have no lead and are not held to it.
    pub min_lead_hours: Option<f64>,
}

impl SubscriptionFilter {
    /// Whether everything is within its range.
    ///
    /// # Errors
    /// [`SubscriptionError`] with what was expected.
    pub fn check(&self) -> Result<(), SubscriptionError> {
        let out = |field, expected| {
            let detail = "the number is out of range".to_owned();
            Err(SubscriptionError {
                field,
                expected,
                detail,
            })
        };
        let within = |value: Option<f64>, most: f64| {
            value.is_none_or(|value| value.is_finite() && (0.0..=most).contains(&value))
        };
        if !within(self.min_probability, 1.0) {
            return out("filter.min_probability", "0 to 1");
        }
        if !within(self.min_lead_hours, 8760.0) {
            return out("filter.min_lead_hours", "0 to 8760");
        }
        Ok(())
    }

    /// Whether a piece of news of an alert is meant. `lead_ms` is how far away the crossing of a
    /// prediction is; none if it is not known. The end of an alert is meant whenever its labels
    /// are: it may have become less severe since it was told.
    #[must_use]
    pub fn holds(&self, alert: &Alert, news: News, lead_ms: Option<i64>) -> bool {
        if !alert.labels.satisfies(&self.matchers) {
            return false;
        }
        if news.is_end() {
            return true;
        }
        let is_kind = self.kinds.is_empty() || self.kinds.contains(&alert.kind);
        let is_severe = self.severities.is_empty() || self.severities.contains(&alert.severity);
        let is_sure = self
            .min_probability
            .is_none_or(|least| alert.confidence >= least);
        let is_early = match (alert.kind, self.min_lead_hours) {
            (AlertKind::Predictive, Some(least)) => {
                lead_ms.is_some_and(|lead| lead as f64 >= least * HOUR_MS as f64)
            }
            _ => true,
        };
        is_kind && is_severe && is_sure && is_early
    }
}

/// A part of every day in which low and medium alerts wait. It may go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// The first minute of the day: `[0, 1439]`.
    pub from_minute: u16,
    /// The first minute that is not quiet any more: `[0, 1439]`.
    pub to_minute: u16,
    /// How far the clock on the wall is before UTC, in minutes: `[-840, 840]`.
    pub utc_offset_minutes: i16,
}

impl QuietHours {
    /// Whether the numbers are within their ranges.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let is_minute = |minute: u16| i64::from(minute) < DAY_MINUTES;
        is_minute(self.from_minute)
            && is_minute(self.to_minute)
            && self.from_minute != self.to_minute
            && (-840..=840).contains(&self.utc_offset_minutes)
    }

    /// When the quiet ends, in ms, if it is quiet at a time, in ms.
    #[must_use]
    pub fn until(&self, at_ms: i64) -> Option<i64> {
        let day_ms = DAY_MINUTES * MINUTE_MS;
        let local = at_ms + i64::from(self.utc_offset_minutes) * MINUTE_MS;
        let [from, to] = [self.from_minute, self.to_minute].map(|m| i64::from(m) * MINUTE_MS);
        let into = (local.rem_euclid(day_ms) - from).rem_euclid(day_ms);
        let lasts = (to - from).rem_euclid(day_ms);
        (into < lasts).then(|| at_ms - into + lasts)
    }

    /// Whether alerts of a severity wait.
    #[must_use]
    pub fn is_for(severity: AlertSeverity) -> bool {
        severity <= AlertSeverity::Medium
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_may_go_over_midnight_and_know_the_clock_on_the_wall() {
        let night = QuietHours {
            from_minute: 22 * 60,
            to_minute: 7 * 60,
            utc_offset_minutes: 60,
        };
        let at = |hour: i64| hour * HOUR_MS;
        assert_eq!(night.until(at(20)), None, "21 o'clock");
        assert_eq!(night.until(at(21)), Some(at(30)));
        assert_eq!(night.until(at(24)), Some(at(30)));
        assert_eq!(night.until(at(30) - 1), Some(at(30)));
        assert_eq!(night.until(at(30)), None);
        let noon = QuietHours {
            from_minute: 720,
            to_minute: 780,
            utc_offset_minutes: 0,
        };
        assert_eq!(noon.until(at(12)), Some(at(13)));
        assert_eq!(noon.until(at(11)), None);
        assert!(QuietHours::is_for(AlertSeverity::Medium));
        assert!(!QuietHours::is_for(AlertSeverity::High));
    }
}
