//! Does the series send, and does it move? How often points come, how long gaps are, how long values stay equal.

/// Points, and movements, before gaps and flat lines are judged.
const WARM_UP_POINTS: f32 = 30.0;
const WARM_UP_MOVES: f32 = 200.0;
/// Milliseconds that a series must have sent for before its gaps are judged, and shortest gap that is one.
const PAST_MS: i64 = 3_600_000;
const GAP_MS: i64 = 300_000;
/// Largest share of late points of a series that is regular; a point is late from 1.5 intervals on.
const LATE_SHARE: f32 = 0.03;
const LATE: f32 = 1.5;
/// Largest share of repeated values, and longest run of them, of a series that does not stand still.
const FLAT_SHARE: f32 = 0.1;
const FLAT_RUN: f32 = 4.0;
/// Shortest run of equal values that is odd.
const RUN_POINTS: f32 = 12.0;
/// A gap counts from this multiple of the usual interval on, and of the longest gap lately.
const GAP_INTERVALS: f32 = 5.0;
const GAP_LONGEST: f32 = 3.0;
/// A run of equal values counts from this multiple of the longest one lately.
const RUN_LONGEST: f32 = 4.0;
/// Points over which the longest gap and run are forgotten.
const MEMORY_POINTS: f32 = 10_000.0;

/// How often points come and whether they move.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Presence {
    /// Usual interval between points, in milliseconds; 0 before two points.
    pub(crate) interval_ms: f32,
    /// Longest interval lately.
    pub(crate) longest_ms: f32,
    /// Intervals seen.
    pub(crate) intervals: f32,
    /// Equal values in a row, beside the first.
    pub(crate) run: f32,
    /// Longest such run lately.
    pub(crate) longest_run: f32,
    /// Times the value has moved.
    pub(crate) moves: f32,
    /// Share of points equal to the one before.
    pub(crate) equal_share: f32,
    /// A gap has been reported and not ended.
    pub(crate) is_missing: bool,
    /// Share of points that came late.
    pub(crate) late_share: f32,
}

impl Presence {
    pub(crate) const fn new() -> Self {
        Self {
            interval_ms: 0.0,
            longest_ms: 0.0,
            intervals: 0.0,
            run: 0.0,
            longest_run: 0.0,
            moves: 0.0,
            equal_share: 0.5,
            is_missing: false,
            late_share: 0.0,
        }
    }

    /// Learns that a point came so long after the one before; tells whether it ends a reported gap.
    pub(crate) fn arrived(&mut self, elapsed_ms: i64) -> bool {
        let was_missing = std::mem::replace(&mut self.is_missing, false);
        if elapsed_ms <= 0 {
            return was_missing;
        }
        let elapsed = elapsed_ms as f32;
        if self.intervals == 0.0 {
            self.interval_ms = elapsed;
        }
        self.intervals = (self.intervals + 1.0).min(1e6);
        // Steps in proportion to the interval lead to the median and are not moved by a gap's length.
        let half = 0.5 * self.interval_ms;
        let step = (elapsed - self.interval_ms).clamp(-half, half);
        self.interval_ms += step / self.intervals.min(50.0);
        self.longest_ms *= 1.0 - 1.0 / MEMORY_POINTS;
        let late = f32::from(u8::from(elapsed > LATE * self.interval_ms));
        self.late_share += (late - self.late_share) / self.intervals.min(500.0);
        // A reported gap is an outage, not a habit.
        if !was_missing {
            self.longest_ms = self.longest_ms.max(elapsed);
        }
        was_missing
    }

    /// Whether nothing has come for unusually long, from a series that had sent for `past_ms`, and regularly.
    pub(crate) fn is_overdue(&self, elapsed_ms: i64, past_ms: i64) -> bool {
        let limit = (GAP_INTERVALS * self.interval_ms).max(GAP_LONGEST * self.longest_ms);
        self.intervals >= WARM_UP_POINTS
            && past_ms >= PAST_MS
            && self.late_share < LATE_SHARE
            && elapsed_ms >= GAP_MS
            && elapsed_ms as f32 > limit
    }

    /// Learns whether the value is equal to the one before; surprise, in nats, that it has not moved for
    /// so long: each equal value is as likely as they have been, and a run longer than those before
    /// counts by how much longer it is. Only of series that hardly ever stood still, and not while they idle.
    #[inline]
    pub(crate) fn flat_surprise(&mut self, is_equal: bool, is_idle: bool, count: f32) -> f32 {
        let weight = 1.0 / count.clamp(10.0, 2000.0);
        if !is_equal {
            self.longest_run = (self.longest_run * (1.0 - 1.0 / MEMORY_POINTS)).max(self.run);
            self.run = 0.0;
            self.moves = (self.moves + 1.0).min(1e6);
            self.equal_share -= self.equal_share * weight;
            return 0.0;
        }
        self.run += 1.0;
        // Within a run that is already odd nothing is learnt about how usual runs are.
        if self.run <= 2.0 * self.longest_run.max(10.0) || count < WARM_UP_POINTS {
            self.equal_share += (1.0 - self.equal_share) * weight;
        }
        let is_lively = self.moves >= WARM_UP_MOVES
            && self.longest_run <= FLAT_RUN
            && self.equal_share < FLAT_SHARE;
        let is_long = self.run >= RUN_POINTS.max(RUN_LONGEST * self.longest_run);
        if is_idle || !is_lively || !is_long {
            return 0.0;
        }
        let beyond = self.run - self.longest_run;
        -beyond * self.equal_share.clamp(0.02, 0.9999).ln()
    }
}
