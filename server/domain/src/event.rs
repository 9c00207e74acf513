//! What ingest puts on the bus, and where it lies there.

use crate::batch::LogBatch;
use crate::metric::{Feedback, MetricBatch};
use crate::trace::TraceContext;

/// What ingest puts on the bus: a batch of one kind of record, with its source and receive time.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The records.
    pub payload: Payload,
    /// The span that put it there; none if it is not traced.
    pub trace: Option<TraceContext>,
}

impl From<Payload> for Event {
    /// An event that is not traced.
    fn from(payload: Payload) -> Self {
        Self {
            payload,
            trace: None,
        }
    }
}

/// The kinds of record an event can carry.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Payload {
    /// Log records of one source.
    Logs(LogBatch),
    /// Metric points of one source and shard.
    Metrics(MetricBatch),
    /// What someone said of a judgement.
    Feedback(Feedback),
}

/// One of the queues the bus is cut into: `0..partitions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(pub u16);

/// The place of an event in its partition; the first event ever has offset 1, so 0 is "before all".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Offset(pub u64);

/// An event together with its place in its partition.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Its place.
    pub offset: Offset,
    /// What it is.
    pub event: Event,
}
