//! One log record as people see it, after it was read back from a store.

use std::sync::Arc;

use crate::id::{RecordId, TemplateId};
use crate::severity::Severity;
use crate::time::Timestamp;

/// A W3C trace id: 16 bytes, not all zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(pub [u8; 16]);

/// A W3C span id: 8 bytes, not all zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId(pub [u8; 8]);

/// The value of an attribute. Nested values are flattened at ingest (`a.b`), arrays are JSON text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text, readable UTF-8.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction; never NaN when it came from JSON.
    Float(f64),
    /// True or false.
    Bool(bool),
}

/// What was odd about a record when it came in, as a set of bits. Nothing odd is `NONE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Issues(pub u8);

impl Issues {
    /// Nothing odd.
    pub const NONE: Self = Self(0);
    /// No timestamp was found; the time of receipt stands in.
    pub const TIMESTAMP_MISSING: Self = Self(1);
    /// A timestamp was found but could not be read or is not plausible.
    pub const TIMESTAMP_INVALID: Self = Self(2);
    /// The line was longer than allowed and was cut.
    pub const TRUNCATED: Self = Self(4);
    /// The body holds bytes that are not UTF-8.
    pub const INVALID_UTF8: Self = Self(8);

    /// The names of the bits that are set, in ascending order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [
            "timestamp_missing",
            "timestamp_invalid",
            "truncated",
            "invalid_utf8",
        ]
        .into_iter()
        .enumerate()
        .filter(move |(bit, _)| self.0 & (1 << bit) != 0)
        .map(|(_, name)| name)
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One log record, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRecord {
    /// Who it is.
    pub id: RecordId,
    /// When it happened, by its own word; the time of receipt if it has none.
    pub timestamp: Timestamp,
    /// When Tocsin received it.
    pub observed: Timestamp,
    /// The stream it came on, such as `file:/var/log/syslog`.
    pub source: Arc<str>,
    /// The machine it came from; empty if unknown.
    pub host: Arc<str>,
    /// How bad it is.
    pub severity: Severity,
    /// The raw line, byte for byte, without its line end.
    pub body: Vec<u8>,
    /// Attributes: those that came beside the body first, then those read from the body.
    pub attributes: Vec<(Arc<str>, Value)>,
    /// The trace it belongs to.
    pub trace_id: Option<TraceId>,
    /// The span it belongs to.
    pub span_id: Option<SpanId>,
    /// Its template.
    pub template: TemplateId,
    /// What was odd about it.
    pub issues: Issues,
}
