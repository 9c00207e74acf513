//! The bus: a durable queue cut into partitions. It is also the write-ahead log of the stores.

use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::event::{Delivery, Event, Offset, Partition};

/// Why the bus did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The bound on bytes is reached; what was accepted earlier is safe.
    #[error("the bus is full: {used_bytes} of {limit_bytes} bytes wait to be processed")]
    Full {
        /// Bytes that wait.
        used_bytes: u64,
        /// The bound.
        limit_bytes: u64,
        /// When to come back.
        retry_after: Duration,
    },
    /// The disk or the engine behind the bus refuses; nothing of the call was accepted.
    #[error("the bus cannot write to its storage")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Bytes on disk that cannot be read.
    #[error("the bus holds an event that cannot be read: {0}")]
    Corrupt(String),
    /// This process does not hold the partition, or not any more.
    #[error("another process works on this partition now")]
    Fenced,
    /// The bus is shutting down.
    #[error("the bus is closed")]
    Closed,
}

/// How full the bus is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BusUsage {
    /// Events that wait to be acknowledged.
    pub events: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The bound on bytes.
    pub limit_bytes: u64,
}

/// Which partitions this process works on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shares {
    /// The partitions it keeps, in order.
    pub held: Vec<Partition>,
    /// Those it holds too, but that another process lacks: to be given back with
    /// [`Bus::release`] once what was read of them is durable.
    pub surplus: Vec<Partition>,
}

/// A durable queue cut into partitions. Delivery is at least once and in order in a partition.
#[async_trait]
pub trait Bus: Send + Sync {
    /// The number of partitions, at least 1.
    fn partitions(&self) -> u16;

    /// Appends events, each to the partition its source hashes to, and returns once all of them
    /// are durable. All or none of them are accepted.
    ///
    /// # Errors
    /// [`BusError::Full`] beyond the bound on bytes, [`BusError::Unavailable`] when the storage
    /// refuses (a full disk, say); the same call may succeed later.
    ///
    /// # Cancel safety
    /// A dropped call may or may not have been accepted; never partly.
    async fn append(&self, events: Vec<Event>) -> Result<(), BusError>;

    /// Returns the events after `after` in order, at least one and at most about `bytes_max`
    /// bytes of them; waits while there is none.
    ///
    /// # Errors
    /// [`BusError::Closed`] once the bus is shutting down and nothing is left to read,
    /// [`BusError::Fenced`] if this process does not hold the partition.
    ///
    /// # Cancel safety
    /// Safe: what was not returned is delivered again.
    async fn read(
        &self,
        partition: Partition,
        after: Offset,
        bytes_max: usize,
    ) -> Result<Vec<Delivery>, BusError>;

    /// Declares every event up to and including `through` processed; they may be deleted.
    /// Acknowledging twice, or less than before, does nothing.
    ///
    /// # Errors
    /// [`BusError::Unavailable`]; the events will be delivered again then. [`BusError::Fenced`] if
    /// this process does not hold the partition: whoever holds it acknowledges.
    async fn acknowledge(&self, partition: Partition, through: Offset) -> Result<(), BusError>;

    /// The last acknowledged offset of a partition.
    fn acknowledged(&self, partition: Partition) -> Offset;

    /// Says that this process works, renews what it holds, and takes what is free up to its fair
    /// share of the processes that work. To be called every third of a lease. A process that only
    /// appends never calls it, and has no share.
    ///
    /// # Errors
    /// [`BusError::Unavailable`]; what is held is held on until [`Bus::held_until`].
    ///
    /// # Cancel safety
    /// A dropped call may have taken partitions; the next one says so.
    async fn balance(&self) -> Result<Shares, BusError>;

    /// Gives a partition back once its loop has ended. One that is not held is none's business.
    ///
    /// # Errors
    /// [`BusError::Unavailable`]; it is free once the lease is over.
    async fn release(&self, partition: Partition) -> Result<(), BusError>;

    /// Until when what the last successful [`Bus::balance`] said holds by itself; others may take
    /// the partitions from then on, so their loops must have stopped. None: for ever.
    fn held_until(&self) -> Option<Instant>;

    /// Whether it can be reached.
    ///
    /// # Errors
    /// Why it cannot.
    async fn check(&self) -> Result<(), BusError> {
        Ok(())
    }

    /// How full it is.
    fn usage(&self) -> BusUsage;

    /// Stops accepting; readers get what is left and then [`BusError::Closed`].
    fn close(&self);
}
