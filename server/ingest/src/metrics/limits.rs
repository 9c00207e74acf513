//! The bounds of metrics: each has a name, a unit and a reason.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bounds on series and points, for all ways in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MetricLimits {
    /// The most series of one source; further ones are refused and counted until others were
    /// silent for a day. Default 200000: twice what the server is measured with on 1 GB, so that
    /// a label with a request id in it costs memory for one source and no other.
    pub series_per_source_max: usize,
    /// The most sources; further ones share one named `other`. Default 1000.
    pub sources_max: usize,
    /// How far ahead of our clock a point may be, in seconds. Default 600: clocks differ by
    /// minutes, and a point of tomorrow would hide today's.
    pub future_max_secs: u64,
    /// How old a point may be, in seconds. Default ten years: backfill is wanted, while a time in
    /// the wrong unit is found in 1970.
    pub past_max_secs: u64,
    /// The most labels of one series. Default 64: Kubernetes' targets have up to 40.
    pub labels_max: usize,
    /// The most bytes of a label's name or value. Default 4096: what is larger is a document.
    pub label_bytes_max: usize,
    /// The most points of one batch; more start others. Default 65536, about 1.3 MB.
    pub batch_points_max: usize,
}

impl Default for MetricLimits {
    fn default() -> Self {
        Self {
            series_per_source_max: 200_000,
            sources_max: 1000,
            future_max_secs: 600,
            past_max_secs: 10 * 365 * 86_400,
            labels_max: 64,
            label_bytes_max: 4096,
            batch_points_max: 65_536,
        }
    }
}
