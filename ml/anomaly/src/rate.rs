//! What kind of numbers a series holds, and how they become the values that are judged.

/// What the numbers of a series mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SeriesKind {
    /// A measured value.
    Gauge = 0,
    /// A total that only grows, and starts again at zero when its process does; judged by its rate per
    /// second.
    Counter = 1,
    /// Events in an interval, such as log lines; judged on a scale on which chance varies them equally
    /// (Anscombe 1948).
    Count = 2,
    /// 1 where all is well and 0 where it is not, such as `up` and `probe_success`; judged by that meaning. One
    /// that turns out to hold another value is a [`SeriesKind::Gauge`] from then on.
    Availability = 3,
}

impl SeriesKind {
    pub(crate) const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Gauge),
            1 => Some(Self::Counter),
            2 => Some(Self::Count),
            3 => Some(Self::Availability),
            _ => None,
        }
    }

    /// The value on the scale it is judged on.
    pub(crate) fn judged(self, value: f64) -> f64 {
        match self {
            Self::Count => 2.0 * (value.max(0.0) + 0.375).sqrt(),
            Self::Gauge | Self::Counter | Self::Availability => value,
        }
    }

    /// Back from the scale it is judged on.
    pub(crate) fn restored(self, judged: f64) -> f64 {
        match self {
            Self::Count => (judged.max(0.0) * 0.5).powi(2) - 0.375,
            Self::Gauge | Self::Counter | Self::Availability => judged,
        }
        .max(if matches!(self, Self::Gauge) {
            f64::MIN
        } else {
            0.0
        })
    }
}

/// Rate per second between two readings of a counter; a fall is a reset, after which the reading is the
/// increase, as Prometheus has it. `None` where it cannot be told.
pub(crate) fn rate(before: f64, value: f64, elapsed_ms: i64) -> Option<f64> {
    let increase = if value >= before {
        value - before
    } else {
        value
    };
    let rate = increase / (elapsed_ms as f64 / 1000.0);
    (elapsed_ms > 0 && rate.is_finite()).then_some(rate)
}
