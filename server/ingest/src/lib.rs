//! Intake: a file per source or protocol, bytes in, batches of log records or points out.
//!
//! Decoders are pure: the time of receipt and randomness come in a [`Context`], records and
//! per-record errors go out in a [`Decoded`]. Listeners and readers of files hand their batches to
//! a sink; they know neither the bus nor HTTP.

mod attributes;
mod decoded;
pub mod decompress;
pub mod door;
pub mod elasticsearch;
mod error;
mod fields;
pub mod file_tail;
pub mod import;
mod import_job;
mod json;
pub mod json_lines;
mod limits;
mod line;
mod lines;
pub mod loki;
pub mod metrics;
mod multiline;
pub mod otlp;
mod protobuf;
pub mod severity;
pub mod splunk;
pub mod syslog;
pub mod timestamp;

pub use decoded::{Context, Decoded, ERRORS_MAX, ItemError};
pub use door::{Door, Undelivered};
pub use error::{DecodeError, DecodeErrorKind};
pub use file_tail::FileTailConfig;
pub use import_job::ProcessData;
pub use limits::Limits;
pub use syslog::SyslogConfig;
