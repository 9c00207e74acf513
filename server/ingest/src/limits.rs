//! The bounds of decoding: each has a name, a unit and a reason.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bounds that hold for one request, file or connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The most bytes a request may have as sent. Default 32 MiB: agents send 1 to 10 MiB, and
    /// what is larger would hold up everybody else.
    pub body_bytes_max: usize,
    /// The most bytes a request may have once it is decompressed. Default 128 MiB: logs compress
    /// ten times and more, and a bomb a thousand times.
    pub inflated_bytes_max: usize,
    /// The most bytes of one record's body; a longer one is cut and marked `truncated`.
    /// Default 1 MiB: no person reads more, and a stack trace with everything is below it.
    pub line_bytes_max: usize,
    /// The most attributes of one record; further ones are dropped and the record is marked
    /// `truncated`. Default 128: as in the OpenTelemetry SDKs.
    pub attributes_max: usize,
    /// The most bytes of one attribute's value; a longer one is cut. Default 64 KiB: what is
    /// larger is a document and belongs into the body.
    pub attribute_bytes_max: usize,
    /// The most sources one request may name. Default 1000: each becomes a batch of its own.
    pub sources_max: usize,
    /// The most records of one batch; more start another. Default 65536: the size of a block.
    pub batch_records_max: usize,
    /// About the most bytes of text of one batch; more start another. Default 16 MiB: a batch
    /// stays in memory from receipt until it is flushed.
    pub batch_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 32 << 20,
            inflated_bytes_max: 128 << 20,
            line_bytes_max: 1 << 20,
            attributes_max: 128,
            attribute_bytes_max: 64 << 10,
            sources_max: 1000,
            batch_records_max: 65_536,
            batch_bytes_max: 16 << 20,
        }
    }
}
