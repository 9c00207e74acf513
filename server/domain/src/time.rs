//! Instants and ranges of time. UTC, nanoseconds since the Unix epoch; no clock is read here.

/// An instant: nanoseconds since 1970-01-01T00:00:00Z, range years 1677 to 2262.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The smallest instant that can be written.
    pub const MIN: Self = Self(i64::MIN);
    /// The largest instant that can be written.
    pub const MAX: Self = Self(i64::MAX);

    /// Makes an instant from milliseconds since the epoch; saturates at the ends of the range.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Makes an instant from whole seconds since the epoch; saturates at the ends of the range.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Milliseconds since the epoch, rounded towards the past.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

/// A half-open range of time: `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// First instant inside.
    pub from: Timestamp,
    /// First instant after.
    pub to: Timestamp,
}

impl TimeRange {
    /// All of time (but for the very last nanosecond).
    pub const ALL: Self = Self {
        from: Timestamp::MIN,
        to: Timestamp::MAX,
    };

    /// True if `at` lies inside.
    #[must_use]
    pub fn contains(self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// True if any instant of the closed range `[first, last]` lies inside.
    #[must_use]
    pub fn overlaps(self, first: Timestamp, last: Timestamp) -> bool {
        first < self.to && last >= self.from
    }

    /// True if the whole closed range `[first, last]` lies inside.
    #[must_use]
    pub fn covers(self, first: Timestamp, last: Timestamp) -> bool {
        self.from <= first && last < self.to
    }
}

/// Year, month `[1, 12]` and day `[1, 31]` of a number of days since 1970-01-01, in the proleptic
/// Gregorian calendar: H. Hinnant's `civil_from_days`,
/// <https://howardhinnant.github.io/date_algorithms.html>.
#[must_use]
pub const fn civil_date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let (month, next_year) = if from_march < 10 {
        (from_march + 3, 0)
    } else {
        (from_march - 9, 1)
    };
    (year + era * 400 + next_year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates_on_both_sides_of_the_epoch() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (11_016, (2000, 2, 29)),
            (19_782, (2024, 2, 29)),
            (20_454, (2026, 1, 1)),
        ] {
            assert_eq!(civil_date(days), date, "{days}");
        }
    }
}
