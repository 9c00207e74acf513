//! The asker's calendar: their days begin at their midnight. A clock that is a fixed number of minutes
//! ahead of UTC; changes to summer time within a range are not known.

use jiff::civil::Date;
use tocsin_domain::time::civil_date;

pub(crate) const SECOND_MS: i64 = 1_000;
pub(crate) const MINUTE_MS: i64 = 60 * SECOND_MS;
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
pub(crate) const WEEK_MS: i64 = 7 * DAY_MS;

/// Who asks, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker {
    /// What time it is, in ms since the epoch.
    pub(crate) now_ms: i64,
    /// How far their clock is ahead of UTC, in ms.
    pub(crate) offset_ms: i64,
    /// The time that is shown on their page, first and last moment in ms: "during the incident".
    pub(crate) page_ms: Option<(i64, i64)>,
}

impl Asker {
    /// The asker's day: days since 1970-01-01.
    pub(super) const fn today(self) -> i64 {
        (self.now_ms + self.offset_ms).div_euclid(DAY_MS)
    }

    /// The moment at which a time of day, in ms since midnight, is on a day.
    pub(super) const fn at(self, day: i64, time_ms: i64) -> i64 {
        day * DAY_MS + time_ms - self.offset_ms
    }

    /// First and last moment of a day.
    pub(super) const fn day(self, day: i64) -> (i64, i64) {
        (self.at(day, 0), self.at(day + 1, 0) - 1)
    }

    /// First and last moment of the month that is `months` after that of a day.
    pub(super) fn month(self, day: i64, months: i64) -> Option<(i64, i64)> {
        let (year, month, _) = civil_date(day);
        let first = |months: i64| {
            let count = year * 12 + month - 1 + months;
            day_of(count.div_euclid(12), count.rem_euclid(12) + 1, 1)
        };
        Some((
            self.at(first(months)?, 0),
            self.at(first(months + 1)?, 0) - 1,
        ))
    }

    /// The day of a month and day: the last one that is not to come, unless a year is given.
    pub(super) fn date(self, year: Option<i64>, month: i64, day: i64) -> Option<i64> {
        if let Some(year) = year {
            return day_of(year, month, day);
        }
        let today = self.today();
        let (this_year, ..) = civil_date(today);
        // Four years back, for the 29th of February.
        let years = (this_year - 4..=this_year).rev();
        years
            .filter_map(|year| day_of(year, month, day))
            .find(|date| *date <= today)
    }
}

/// The number of a date since 1970-01-01; none if there is no such date between the years 1970 and 2200.
pub(super) fn day_of(year: i64, month: i64, day: i64) -> Option<i64> {
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let year = i16::try_from(year)
        .ok()
        .filter(|year| (1970..=2200).contains(year))?;
    let date = Date::new(year, month, day).ok()?;
    let midnight = jiff::tz::Offset::UTC
        .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
        .ok()?;
    Some(midnight.as_second().div_euclid(86_400))
}

/// Monday is 0.
pub(super) const fn weekday(day: i64) -> i64 {
    // 1970-01-01 was a Thursday.
    (day + 3).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_and_back() {
        assert_eq!(day_of(1970, 1, 1), Some(0));
        assert_eq!(day_of(2024, 2, 29), Some(19_782));
        assert_eq!((day_of(2023, 2, 29), day_of(2024, 13, 1)), (None, None));
        assert_eq!((weekday(0), weekday(4)), (3, 0));
    }
}
