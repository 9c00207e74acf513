//! The pipeline's configuration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How log lines are parsed and when they become durable in the log store.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PipelineConfig {
    /// The most templates a partition's miner keeps at a time; rare ones go first. Default 20000:
    /// ten times what the most varied real systems show, at about 1 kB each.
    pub templates_max: usize,
    /// Bytes read from the bus at a time. Default 4194304: some 30,000 lines, enough to amortise a
    /// hand-over, and little enough to be seen in far less than a second.
    pub read_bytes_max: usize,
    /// Seconds after which lines that wait in memory are written to disk although their block is
    /// not full. Default 60: after a crash at most this much is parsed again.
    pub flush_secs: u64,
    /// Lines that wait for a watcher of the live tail before they are skipped for it. Default 4096.
    pub live_queue: usize,
}

impl Default for PipelineConfig {
    fn default() -> Self {
        Self {
            templates_max: 20_000,
            read_bytes_max: 4 << 20,
            flush_secs: 60,
            live_queue: 4096,
        }
    }
}
