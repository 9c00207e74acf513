//! The bounds of the metric store.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The bounds of the metric store. Every one has a default that suits a laptop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetricStoreConfig {
    /// Points that a partition holds in memory before it writes them unasked. Default 3,000,000,
    /// some 50 MB: 100,000 series every 10 s bring half of that between two flushes.
    pub head_samples_max: usize,
    /// Days for which points are kept one by one. Default 30: a month of full detail is what
    /// people look back on.
    pub raw_days: u32,
    /// Days for which intervals of 5 minutes are kept. Default 180: two quarters to compare.
    pub five_minute_days: u32,
    /// Days for which intervals of an hour are kept. Default 730: the same season of the year
    /// before the last, for capacity.
    pub hour_days: u32,
    /// Bytes of the engine's own cache (its indexes). Default 16 MiB: values bypass it.
    pub engine_cache_bytes_max: u64,
}

impl Default for MetricStoreConfig {
    fn default() -> Self {
        Self {
            head_samples_max: 3_000_000,
            raw_days: 30,
            five_minute_days: 180,
            hour_days: 730,
            engine_cache_bytes_max: 16 << 20,
        }
    }
}
