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
