//! The pipeline's configuration: of logs, and of metrics.

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
    /// Which lines are one session, and how sessions are judged.
    pub sessions: crate::sessions::SessionsConfig,
}

impl Default for PipelineConfig {
    fn default() -> Self {
        Self {
            templates_max: 20_000,
            read_bytes_max: 4 << 20,
            flush_secs: 60,
            live_queue: 4096,
            sessions: crate::sessions::SessionsConfig::default(),
        }
    }
}

/// How metrics are stored and judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// Judgement of points.
    pub detect: crate::metrics::DetectConfig,
    /// Bytes read from the bus at a time. Default 2097152: some 100,000 points.
    pub read_bytes_max: usize,
    /// Seconds after which points that wait in memory are written to disk, with the state of their
    /// detectors. Default 600: until then the bus keeps them, and a longer run compresses better.
    pub flush_secs: u64,
    /// Bytes of points in memory, per partition (there are four), at which they are written at
    /// once. Default 67108864: four million points.
    pub flush_bytes: usize,
    /// Seconds between two looks at what fills up. Default 600.
    pub predict_secs: u64,
    /// Judge all series of a host together. Default true.
    pub entities: bool,
    /// Series of which odd stretches are looked for, each host's in turn; 0 switches that off.
    /// Default 250: at most 0.4 MB of memory each.
    pub shape_series_max: usize,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self {
            detect: crate::metrics::DetectConfig::default(),
            read_bytes_max: 2 << 20,
            flush_secs: 600,
            flush_bytes: 64 << 20,
            predict_secs: 600,
            entities: true,
            shape_series_max: 250,
        }
    }
}
