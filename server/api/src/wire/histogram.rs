//! Counts over time.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::severities::Severities;

/// How finely time is divided.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistogramParams {
    /// About how many buckets at most, 1 to 1000. Default 60.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) buckets: Option<u32>,
    /// The width of a bucket instead: `60s`, `5m`, `1h`.
    pub(crate) interval: Option<String>,
}

/// Counts per interval and severity.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistogramAnswer {
    /// The width of a bucket in milliseconds.
    pub(crate) interval_ms: i64,
    /// The first instant looked at; null if no record is there and no time was asked for.
    #[schema(format = DateTime)]
    pub(crate) from: Option<String>,
    /// The first instant after.
    #[schema(format = DateTime)]
    pub(crate) to: Option<String>,
    /// How many records there are in all buckets.
    pub(crate) total: u64,
    /// The buckets with records, ascending.
    pub(crate) buckets: Vec<HistogramBucket>,
    /// How long it took, in milliseconds.
    pub(crate) took_ms: f64,
}

/// The records of one interval.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistogramBucket {
    /// Its first instant, a multiple of the interval since 1970.
    #[schema(format = DateTime)]
    pub(crate) start: String,
    /// Records per severity; bands without records are absent.
    #[schema(value_type = std::collections::BTreeMap<String, u64>)]
    pub(crate) counts: Severities,
}
