//! The bounds of the log store.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The bounds of the log store. Every one has a default that suits a laptop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogStoreConfig {
    /// Records that a partition holds in memory before they become a block. Default 262,144, some
    /// 80 MB: every block describes its templates and lists its words, so fewer blocks are less to
    /// keep and to look through.
    pub head_rows_max: usize,
    /// Bytes of raw lines that a partition holds in memory before they become a block. Default
    /// 32 MiB: long lines must not make the head grow without bound.
    pub head_bytes_max: usize,
    /// Bytes of decoded block parts that are kept for the next query. Default 40 MiB: the words
    /// and descriptions of ten million lines are 25 MiB of them.
    pub cache_bytes_max: usize,
    /// Bytes of the engine's own cache (its indexes). Default 8 MiB: values bypass it.
    pub engine_cache_bytes_max: u64,
    /// Blocks below this many rows are merged with their neighbours when retention runs. Default
    /// 65,536: a quarter of a full block.
    pub small_block_rows_max: usize,
    /// Distinct values that a distribution counts exactly. Default 10,000: some megabytes.
    pub distinct_values_max: usize,
}

impl Default for LogStoreConfig {
    fn default() -> Self {
        Self {
            head_rows_max: 262_144,
            head_bytes_max: 32 << 20,
            cache_bytes_max: 40 << 20,
            engine_cache_bytes_max: 8 << 20,
            small_block_rows_max: 65_536,
            distinct_values_max: 10_000,
        }
    }
}
