//! What can be configured of following files.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Files that are followed as they grow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FileTailConfig {
    /// Which files, as globs: `*` and `?` within a name, `[…]` for a sign, `**` for any folders.
    /// Default none.
    pub paths: Vec<String>,
    /// Which of them not, as globs. Default none; compressed files are never followed.
    pub exclude: Vec<String>,
    /// Where to begin in a file that is there at the very first start. Default the last mebibyte:
    /// something to see at once, without a flood of the past.
    pub start_at: StartAt,
    /// How often, in milliseconds, files are looked at for more. Default 250: a line is seen
    /// within a second.
    pub poll_ms: u64,
    /// How often, in milliseconds, the globs are looked up for new and rotated files. Default 1000.
    pub discover_ms: u64,
    /// How long, in milliseconds, a line without an end and a record that may go on wait for more.
    /// Default 500: below what a person notices, above a pause between two writes of one trace.
    pub flush_ms: u64,
    /// Whether lines that belong together (stack traces, indented text) become one record.
    /// Default true.
    pub multiline: bool,
    /// The most bytes of a line; a longer one is cut. Default 1 MiB.
    pub line_bytes_max: usize,
    /// The most files followed at a time. Default 1000: each keeps a file descriptor.
    pub files_max: usize,
    /// The most bytes read of one file before the next has its turn. Default 1 MiB.
    pub turn_bytes_max: usize,
    /// Where times without a zone are from, in minutes east of UTC. Default 0.
    pub zone_offset_minutes: i32,
}

impl Default for FileTailConfig {
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            exclude: Vec::new(),
            start_at: StartAt::default(),
            poll_ms: 250,
            discover_ms: 1000,
            flush_ms: 500,
            multiline: true,
            line_bytes_max: 1 << 20,
            files_max: 1000,
            turn_bytes_max: 1 << 20,
            zone_offset_minutes: 0,
        }
    }
}

/// Where to begin in a file that is there at the very first start. One that appears later is read
/// from its begin, and one that was followed before is read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StartAt {
    /// With the first line.
    Beginning,
    /// With what is written from now on.
    End,
    /// With the first line of the last so many bytes.
    LastBytes(u64),
}

impl Default for StartAt {
    fn default() -> Self {
        Self::LastBytes(1 << 20)
    }
}
