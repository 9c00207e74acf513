//! The words everyone speaks, and the ports between the parts.
//!
//! Types here hold their invariants by construction; ports are the small traits behind which a
//! store, the bus or a model stands. Nothing here does I/O, reads a clock, spawns a task or
//! serialises itself: wire types live in `api` and `ingest`, rows in `stores`.

pub mod alert;
pub mod automation;
pub mod batch;
pub mod change;
pub mod classification;
pub mod copilot;
pub mod event;
pub mod id;
pub mod job;
pub mod metric;
pub mod ports;
pub mod query;
pub mod record;
pub mod severity;
pub mod subscription;
pub mod template;
pub mod ticket;
pub mod time;
pub mod trace;

pub use batch::{Attribute, BatchBuilder, LogBatch, NewRecord, RecordEntry, Span};
pub use classification::{Classification, ClassificationRule};
pub use event::{Delivery, Event, Offset, Partition, Payload};
pub use id::{BatchId, RecordId, TemplateId};
pub use metric::{Labels, MetricBatch, MetricKind, Sample, SeriesId};
pub use record::{Issues, LogRecord, SpanId, TraceId, Value};
pub use severity::Severity;
pub use template::{ParsedBatch, ParsedLine, Slot, Template, VariableKind};
pub use time::{TimeRange, Timestamp};
pub use trace::TraceContext;
