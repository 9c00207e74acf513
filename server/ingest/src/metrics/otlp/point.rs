//! Data points of OTLP as either encoding gives them.

use super::exponential::Exponential;

/// The bit of a point's flags that says that its series has ended.
pub(super) const NO_RECORDED_VALUE: u64 = 1;
/// The most buckets of a histogram with bounds of its own.
pub(super) const BUCKETS_MAX: usize = 1024;

/// What a point is part of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Family {
    /// As sent, such as `http.server.duration`.
    pub(super) name: String,
    /// In UCUM, such as `ms`.
    pub(super) unit: String,
    pub(super) shape: Shape,
    pub(super) temporality: Temporality,
}

/// What its numbers mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Gauge,
    Sum { is_monotonic: bool },
    Histogram,
    Summary,
}

/// From when on a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Temporality {
    Unspecified,
    /// Since the point before.
    Delta,
    /// Since the start of the process.
    Cumulative,
}

impl Temporality {
    /// Of its number in the protocol.
    pub(super) const fn from_number(number: u64) -> Self {
        match number {
            1 => Self::Delta,
            2 => Self::Cumulative,
            _ => Self::Unspecified,
        }
    }
}

/// A point without its attributes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    pub(super) start_nanos: u64,
    /// 0 if it has none.
    pub(super) time_nanos: u64,
    pub(super) flags: u64,
    pub(super) value: Value,
}

impl Point {
    pub(super) const fn new(value: Value) -> Self {
        Self {
            start_nanos: 0,
            time_nanos: 0,
            flags: 0,
            value,
        }
    }

    /// When it was, in milliseconds since the Unix epoch.
    pub(super) fn at_ms(&self) -> Option<i64> {
        let ms = i64::try_from(self.time_nanos / 1_000_000).unwrap_or(i64::MAX);
        (self.time_nanos != 0).then_some(ms)
    }

    pub(super) const fn is_stale(&self) -> bool {
        self.flags & NO_RECORDED_VALUE != 0
    }
}

/// What a point holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Nothing that is known.
    None,
    Number(f64),
    Histogram(Histogram),
    Exponential(Exponential),
    Summary(Summary),
}

/// Counts between bounds; not yet summed up.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Histogram {
    pub(super) count: u64,
    pub(super) sum: Option<f64>,
    /// Upper bounds, growing.
    pub(super) bounds: Vec<f64>,
    /// One more than bounds; none at all if only count and sum are known.
    pub(super) counts: Vec<u64>,
}

impl Histogram {
    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let is_whole = self.counts.len() == self.bounds.len() + 1
            || self.counts.is_empty() && self.bounds.is_empty();
        if self.bounds.len() > BUCKETS_MAX {
            Some("at most 1024 buckets")
        } else if !is_whole {
            Some("one more bucket count than bounds")
        } else if !self.bounds.is_sorted_by(|one, two| one < two) {
            Some("bounds that grow")
        } else {
            None
        }
    }

    /// The counts up to each bound, without the last, which is [`Histogram::count`].
    pub(super) fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let mut sum = 0u64;
        self.bounds.iter().zip(&self.counts).map(move |(bound, n)| {
            sum = sum.saturating_add(*n);
            (*bound, sum)
        })
    }
}

/// Quantiles that the sender worked out.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Summary {
    pub(super) count: u64,
    pub(super) sum: f64,
    /// Quantile in `[0, 1]` and its value.
    pub(super) quantiles: Vec<(f64, f64)>,
}
