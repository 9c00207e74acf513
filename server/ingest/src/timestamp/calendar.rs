//! Days, months and zones: from the fields of a written time to an instant. No clock is read.

use tocsin_domain::Timestamp;

/// Nanoseconds of a second.
pub(super) const SECOND: i64 = 1_000_000_000;
/// Nanoseconds of a day.
pub(super) const DAY: i64 = 86_400 * SECOND;

/// The fields of a written time, as far as it has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Civil {
    /// Absent in RFC 3164 and its kin.
    pub(super) year: Option<i32>,
    /// `1..=12`.
    pub(super) month: u8,
    /// `1..=31`.
    pub(super) day: u8,
    /// `0..=23`.
    pub(super) hour: u8,
    /// `0..=59`.
    pub(super) minute: u8,
    /// `0..=60`.
    pub(super) second: u8,
    /// `0..=999_999_999`.
    pub(super) nanos: u32,
    /// Seconds east of UTC, where it says.
    pub(super) offset_secs: Option<i32>,
}

impl Civil {
    /// The instant. A missing year is the one that puts the time nearest before `now` plus a day;
    /// a missing zone is `zone_secs` east of UTC. `None` if there is no such day or time.
    pub(super) fn instant(&self, now: Timestamp, zone_secs: i32) -> Option<Timestamp> {
        let Some(year) = self.year else {
            return self.latest_before(now, zone_secs);
        };
        self.in_year(year, zone_secs)
    }

    fn in_year(&self, year: i32, zone_secs: i32) -> Option<Timestamp> {
        let valid = (1..=12).contains(&self.month)
            && self.day >= 1
            && self.day <= days_of_month(year, self.month)
            && self.hour <= 23
            && self.minute <= 59
            && self.second <= 60;
        if !valid {
            return None;
        }
        let seconds = days_from_civil(year, self.month, self.day) * 86_400
            + i64::from(self.hour) * 3600
            + i64::from(self.minute) * 60
            + i64::from(self.second)
            - i64::from(self.offset_secs.unwrap_or(zone_secs));
        seconds
            .checked_mul(SECOND)?
            .checked_add(i64::from(self.nanos))
            .map(Timestamp)
    }

    /// Around the turn of the year a December line may arrive in January, and a sender east of us
    /// may already be in January. A leap day is at most eight years back.
    fn latest_before(&self, now: Timestamp, zone_secs: i32) -> Option<Timestamp> {
        let this_year = year_of(now);
        (0..=9)
            .filter_map(|back| self.in_year(this_year + 1 - back, zone_secs))
            .find(|at| at.0 <= now.0.saturating_add(DAY))
    }
}

/// The year of an instant in UTC.
fn year_of(at: Timestamp) -> i32 {
    let days = at.0.div_euclid(DAY);
    let mut year = 1970 + (days * 400).div_euclid(146_097) as i32;
    while days_from_civil(year, 1, 1) > days {
        year -= 1;
    }
    while days_from_civil(year + 1, 1, 1) <= days {
        year += 1;
    }
    year
}

fn days_of_month(year: i32, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date of the Gregorian calendar (Hinnant's `days_from_civil`).
fn days_from_civil(year: i32, month: u8, day: u8) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn civil(month: u8, day: u8) -> Civil {
        Civil {
            month,
            day,
            ..Civil::default()
        }
    }

    fn at(year: i32, month: u8, day: u8) -> Timestamp {
        Timestamp::from_secs(days_from_civil(year, month, day) * 86_400)
    }

    #[test]
    fn days_are_counted_from_the_epoch() {
        assert_eq!(days_from_civil(1970, 1, 1), 0);
        assert_eq!(days_from_civil(2000, 3, 1), 11_017);
        assert_eq!(days_from_civil(1969, 12, 31), -1);
        for (year, days) in [(1969, -1), (1970, 0), (2000, 11_016), (2026, 20_454)] {
            assert_eq!(year_of(Timestamp::from_secs(days * 86_400)), year);
        }
    }

    #[test]
    fn a_missing_year_is_the_nearest_in_the_past() {
        let infer = |civil: Civil, now| civil.instant(now, 0).unwrap();
        assert_eq!(infer(civil(12, 31), at(2026, 1, 2)), at(2025, 12, 31));
        assert_eq!(infer(civil(1, 1), at(2025, 12, 31)), at(2026, 1, 1));
        assert_eq!(infer(civil(6, 14), at(2026, 11, 21)), at(2026, 6, 14));
        assert_eq!(infer(civil(2, 29), at(2026, 11, 21)), at(2024, 2, 29));
        assert_eq!(infer(civil(2, 29), at(1903, 1, 1)), at(1896, 2, 29));
        assert_eq!(civil(2, 30).instant(at(2026, 1, 1), 0), None);
    }
}
