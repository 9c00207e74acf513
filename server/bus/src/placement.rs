//! Which partition an event goes to, and its bytes. The same in every bus.

use bytes::Bytes;
use tocsin_domain::ports::BusError;
use tocsin_domain::{Event, Partition, Payload};

use crate::codec;

/// The partition of a source, of so many.
pub(crate) fn partition_of(source: &str, partitions: u16) -> Partition {
    let hash = xxhash_rust::xxh3::xxh3_64(source.as_bytes());
    Partition((hash % u64::from(partitions.max(1))) as u16)
}

/// The partition that something goes to, of so many.
#[must_use]
pub fn partition(payload: &Payload, partitions: u16) -> Partition {
    match payload {
        Payload::Logs(batch) => partition_of(&batch.source, partitions),
        Payload::Metrics(batch) => Partition(batch.shard % partitions.max(1)),
        Payload::Feedback(feedback) => Partition(feedback.series.shard() % partitions.max(1)),
        _ => Partition(0),
    }
}

/// Events as bytes, each with its partition.
pub(crate) fn encode(events: &[Event], partitions: u16) -> Result<Vec<(u16, Bytes)>, BusError> {
    let encode = |event: &Event| {
        let partition = partition(&event.payload, partitions);
        let bytes = codec::encode(event)
            .map_err(|error| BusError::Corrupt(format!("it was given one: {error}")))?;
        Ok((partition.0, bytes))
    };
    events.iter().map(encode).collect()
}

/// A partition that the bus does not have was asked for.
#[derive(Debug, thiserror::Error)]
#[error("the bus has no partition {0}")]
pub(crate) struct NoPartition(pub(crate) u16);
