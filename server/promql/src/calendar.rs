//! The civil calendar in UTC, of seconds since the Unix epoch.

use tocsin_domain::time::civil_date;

const DAY_SECS: i64 = 86_400;

/// Year, month `[1, 12]`, day `[1, 31]`.
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

/// The longest time from the epoch that has a date, in seconds: half the age of the universe.
const SECS_MAX: f64 = 2e17;

/// What `read` makes of whole seconds; not a number where there is no date. (Prometheus has some
/// number there, which depends on the processor.)
fn of(value: f64, read: impl Fn(i64) -> i64) -> f64 {
    if value.abs() <= SECS_MAX {
        read(value as i64) as f64
    } else {
        f64::NAN
    }
}

fn date(secs: i64) -> Date {
    let (year, month, day) = civil_date(secs.div_euclid(DAY_SECS));
    Date { year, month, day }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_days(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `[0, 59]`
pub(crate) fn minute(value: f64) -> f64 {
    of(value, |secs| secs.rem_euclid(3_600) / 60)
}

/// `[0, 23]`
pub(crate) fn hour(value: f64) -> f64 {
    of(value, |secs| secs.rem_euclid(DAY_SECS) / 3_600)
}

/// `[0, 6]`, 0 is Sunday.
pub(crate) fn day_of_week(value: f64) -> f64 {
    of(value, |secs| (secs.div_euclid(DAY_SECS) + 4).rem_euclid(7))
}

/// `[1, 31]`
pub(crate) fn day_of_month(value: f64) -> f64 {
    of(value, |secs| date(secs).day)
}

/// `[1, 366]`
pub(crate) fn day_of_year(value: f64) -> f64 {
    of(value, |secs| {
        let date = date(secs);
        let before: i64 = (1..date.month)
            .map(|month| month_days(date.year, month))
            .sum();
        before + date.day
    })
}

/// `[28, 31]`
pub(crate) fn days_in_month(value: f64) -> f64 {
    of(value, |secs| {
        let date = date(secs);
        month_days(date.year, date.month)
    })
}

/// `[1, 12]`
pub(crate) fn month(value: f64) -> f64 {
    of(value, |secs| date(secs).month)
}

/// The year of the common era.
pub(crate) fn year(value: f64) -> f64 {
    of(value, |secs| date(secs).year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        // 2024-02-29 23:59:59, a Thursday.
        let leap = 1_709_251_199.0;
        let read = [
            year(leap),
            month(leap),
            day_of_month(leap),
            hour(leap),
            minute(leap),
            day_of_week(leap),
            day_of_year(leap),
            days_in_month(leap),
        ];
        assert_eq!(read, [2024.0, 2.0, 29.0, 23.0, 59.0, 4.0, 60.0, 29.0]);
        assert_eq!((year(-1.0), month(-1.0), hour(-1.0)), (1969.0, 12.0, 23.0));
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300] {
            assert!(day_of_year(odd).is_nan());
        }
        assert!(day_of_year(-2e17) >= 1.0);
    }
}
