//! Times of schedules: cron expressions of five fields, in UTC.

use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, Zoned};
use tocsin_domain::Timestamp;

/// An expression that cannot be read, or that names no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a cron expression of five fields, such as `30 2 * * *`, not `{text}`: {detail}")]
pub struct CronError {
    text: String,
    detail: String,
}

/// A cron expression.
#[derive(Debug, Clone)]
pub(crate) struct Cron(croner::Cron);

impl Cron {
    /// Reads an expression: minute, hour, day of the month, month, day of the week.
    pub(crate) fn parse(text: &str) -> Result<Self, CronError> {
        let wrong = |detail: String| CronError {
            text: text.chars().take(80).collect(),
            detail,
        };
        let fields = text.split_whitespace().count();
        if fields != 5 {
            return Err(wrong(format!("it has {fields}")));
        }
        let cron = croner::Cron::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let cron = Self(cron);
        match cron.after(Timestamp(0)) {
            Some(_) => Ok(cron),
            None => Err(wrong("there is no such time".to_owned())),
        }
    }

    /// Its first time after another.
    pub(crate) fn after(&self, time: Timestamp) -> Option<Timestamp> {
        let next = self.0.find_next_occurrence(&zoned(time)?, false).ok()?;
        Some(Timestamp::from_millis(next.timestamp().as_millisecond()))
    }

    /// Its last time until another, that one included.
    pub(crate) fn until(&self, time: Timestamp) -> Option<Timestamp> {
        let last = self.0.find_previous_occurrence(&zoned(time)?, true).ok()?;
        Some(Timestamp::from_millis(last.timestamp().as_millisecond()))
    }
}

/// A time as the library wants it, in whole seconds: what is finer than that is no time of a schedule.
fn zoned(time: Timestamp) -> Option<Zoned> {
    let instant = Instant::from_second(time.millis().div_euclid(1000)).ok()?;
    Some(instant.to_zoned(TimeZone::UTC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_on_both_sides() {
        let cron = Cron::parse("30 2 * * *").unwrap();
        let day = 86_400;
        let half_past_two = 2 * 3600 + 30 * 60;
        let at = Timestamp::from_secs;
        assert_eq!(cron.after(at(0)), Some(at(half_past_two)));
        assert_eq!(cron.after(at(half_past_two)), Some(at(day + half_past_two)));
        assert_eq!(cron.until(at(half_past_two)), Some(at(half_past_two)));
        let later = Timestamp::from_millis((half_past_two * 1000) + 999);
        assert_eq!(cron.until(later), Some(at(half_past_two)));
        assert_eq!(cron.after(later), Some(at(day + half_past_two)));
        let every_five = Cron::parse("*/5 * * * *").unwrap();
        assert_eq!(every_five.after(at(299)), Some(at(300)));
        assert_eq!(every_five.until(at(299)), Some(at(0)));
    }

    #[test]
    fn what_names_no_time_is_refused() {
        for text in [
            "",
            "* * * *",
            "0 0 30 2 *",
            "61 * * * *",
            "* * * * * *",
            "daily",
        ] {
            let error = Cron::parse(text).unwrap_err().to_string();
            assert!(error.contains("five fields"), "{text}: {error}");
        }
    }
}
