//! Where in a long time the trouble was: departures are sought in minutes, and who asks about yesterday does not
//! know which.

use tocsin_domain::Severity;
use tocsin_domain::alert::AlertSeverity;
use tocsin_domain::ports::log_store::LogQuery;
use tocsin_domain::ports::{AlertFilter, StoreError};
use tocsin_domain::query::{Expression, FieldTest};
use tocsin_domain::{TimeRange, Timestamp};

use super::{RootCauseFinder, Target};

/// Times up to this are looked at as they are, in ms: two hours.
const LONG_MS: i64 = 7_200_000;
/// Parts that a long time is cut into.
const PARTS: i64 = 96;
/// Errors in a part at least for it to stand out, and how many times as many as usual.
const ERRORS_MIN: u64 = 10;
const ERRORS_FACTOR: u64 = 4;
/// Alerts that are looked at.
const ALERTS_MAX: usize = 200;

impl RootCauseFinder {
    /// The part of a long time in which something stands out: a grave alert, or else many errors. None if the time is
    /// short or nothing does.
    pub(super) async fn focused(&self, target: &Target) -> Result<Option<Target>, StoreError> {
        if target.to_ms - target.from_ms <= LONG_MS {
            return Ok(None);
        }
        let at_ms = match self.gravest_alert_ms(target).await? {
            Some(at_ms) => Some(at_ms),
            None => self.most_errors_ms(target).await?,
        };
        let around_ms = i64::from(self.config.window_minutes) * 60_000;
        Ok(at_ms.map(|at_ms| Target {
            at_ms,
            from_ms: at_ms - around_ms,
            to_ms: (at_ms + around_ms).min(target.to_ms),
            ..target.clone()
        }))
    }

    /// When the gravest alert of a time began, of the entity that is asked about if one is; the first of equals.
    async fn gravest_alert_ms(&self, target: &Target) -> Result<Option<i64>, StoreError> {
        let filter = AlertFilter {
            severities: vec![AlertSeverity::High, AlertSeverity::Critical],
            from_ms: Some(target.from_ms),
            to_ms: Some(target.to_ms),
            ..AlertFilter::default()
        };
        let alerts = self.parts.alerts.alerts(&filter, None, ALERTS_MAX).await?;
        let is_meant = |labels| {
            let owner = self.conventions.of_alert(labels).map(|owner| owner.entity);
            target.entity.is_none() || owner == target.entity
        };
        let meant = alerts.iter().filter(|alert| is_meant(&alert.labels));
        let gravest =
            meant.min_by_key(|alert| (std::cmp::Reverse(alert.severity), alert.starts_ms));
        Ok(gravest.map(|alert| alert.starts_ms))
    }

    /// When errors began to be as many as never else in a time.
    async fn most_errors_ms(&self, target: &Target) -> Result<Option<i64>, StoreError> {
        let errors = Expression::Field {
            key: "severity".into(),
            test: FieldTest::Range {
                low: Some((f64::from(Severity::ERROR.number()), true)),
                high: None,
            },
        };
        let named = target.entity.iter().map(|entity| {
            let keys = self.conventions.entity_labels().iter();
            let is_it = keys.map(|key| Expression::Field {
                key: key.clone(),
                test: FieldTest::Equals(entity.clone()),
            });
            Expression::Or(is_it.collect())
        });
        let query = LogQuery {
            expression: Expression::And(std::iter::once(errors).chain(named).collect()),
            range: TimeRange {
                from: Timestamp::from_millis(target.from_ms),
                to: Timestamp::from_millis(target.to_ms),
            },
            templates: None,
        };
        let part_ms = (target.to_ms - target.from_ms) / PARTS;
        let found = self
            .parts
            .logs
            .histogram(&query, part_ms * 1_000_000)
            .await?;
        let counts = found.buckets.iter();
        let parts: Vec<(i64, u64)> = counts
            .map(|(start, counts)| (start.millis(), counts.iter().sum()))
            .collect();
        Ok(outbreak(&parts, PARTS as usize).map(|at_ms| at_ms.max(target.from_ms)))
    }
}

/// The begin of the parts around the fullest one that have at least half as much, if it stands out. Parts without
/// anything are not among them.
fn outbreak(parts: &[(i64, u64)], all: usize) -> Option<i64> {
    let (peak, (_, most)) = parts.iter().enumerate().max_by_key(|(at, (_, count))| {
        // The first of equals.
        (*count, std::cmp::Reverse(*at))
    })?;
    let mut sorted: Vec<u64> = parts.iter().map(|(_, count)| *count).collect();
    sorted.resize(sorted.len().max(all), 0);
    sorted.sort_unstable();
    let usual = sorted[sorted.len() / 2];
    if *most < ERRORS_MIN.max(usual * ERRORS_FACTOR) {
        return None;
    }
    let mut first = peak;
    while first > 0 && parts[first - 1].1 * 2 >= *most {
        first -= 1;
    }
    parts.get(first).map(|(at_ms, _)| *at_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outbreak_begins_where_errors_are_many() {
        let parts = [(0, 2), (10, 3), (20, 60), (30, 100), (40, 5)];
        assert_eq!(outbreak(&parts, 96), Some(20));
        assert_eq!(outbreak(&[(0, 9)], 96), None);
        assert_eq!(outbreak(&[], 96), None);
        let even: Vec<(i64, u64)> = (0..96).map(|at| (at, 100)).collect();
        assert_eq!(outbreak(&even, 96), None);
    }
}
