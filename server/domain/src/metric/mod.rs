//! Metrics: names and labels, batches of points, and what is asked of them.
//!
//! A series is a name with labels; its identity is a hash of them, so that nobody has to hand out
//! numbers. Naming and meaning are those of Prometheus: the name is the label `__name__`, values
//! are 64-bit floats, times are milliseconds, and one NaN marks the end of a series.

pub mod anomaly;
pub mod batch;
pub mod feedback;
pub mod labels;
pub mod selection;
pub mod sketch;

pub use anomaly::{
    Anomaly, Band, Direction, FindingId, ForecastPoint, Prediction, PredictionOutcome,
    SeriesScorecard,
};
pub use batch::{MetricBatch, MetricBatchBuilder, SeriesEntry};
pub use feedback::{Feedback, Verdict};
pub use labels::{LabelError, Labels, SeriesId};
pub use selection::{MatchOp, Matcher, MatcherError, Selection};

/// The label that holds a series' name.
pub const NAME_LABEL: &str = "__name__";

/// How many partitions metric events are spread over: a point goes to [`SeriesId::shard`].
///
/// It is fixed because the state of detectors is kept per partition.
pub const METRIC_SHARDS: u16 = 4;

/// The bits of the NaN that says that a series ended (Prometheus' `value.StaleNaN`).
pub const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;

/// True if a value is the marker of the end of a series, and no number.
#[must_use]
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_BITS
}

/// What the numbers of a series mean, as far as its sender said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MetricKind {
    /// Nobody said; names that end in `_total`, `_count`, `_sum` or `_bucket` count up by custom.
    #[default]
    Unknown,
    /// A level that goes up and down.
    Gauge,
    /// A running total that only grows, and begins again at 0 when its process does.
    Counter,
}

impl MetricKind {
    /// The word for it, as Prometheus' metadata has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Gauge => "gauge",
            Self::Counter => "counter",
        }
    }

    /// Its number in stored bytes; never changes.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Gauge => 1,
            Self::Counter => 2,
        }
    }

    /// The kind with a number; unknown for a number that nobody has.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Gauge,
            2 => Self::Counter,
            _ => Self::Unknown,
        }
    }

    /// The kind, or what the name of the series says by custom if nobody said.
    #[must_use]
    pub fn or_by_name(self, name: &str) -> Self {
        let counts = ["_total", "_count", "_sum", "_bucket"];
        match self {
            Self::Unknown if counts.iter().any(|end| name.ends_with(end)) => Self::Counter,
            known => known,
        }
    }
}

/// A value at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The value; [`STALE_BITS`] marks the end of the series.
    pub value: f64,
}
