//! The store of signals: what workers found that do not write alerts themselves, handed to the one
//! that does, in order and exactly once.

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::alert::{AlertKind, AlertSeverity, Evidence, LabelSet};
use crate::event::{Offset, Partition};
use crate::metric::FindingId;
use crate::trace::TraceContext;

/// What a signal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignalWhat {
    /// It happened: when, in ms, in any order.
    Occurred(Vec<i64>),
    /// It holds from now on, until it is said to have ended.
    Began,
    /// It no longer holds.
    Ended,
}

/// Something that a rule says about one label set.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalRecord {
    /// The rule's id.
    pub rule: String,
    /// The labels of the alert.
    pub labels: LabelSet,
    /// What it speaks of.
    pub kind: AlertKind,
    /// How bad it is.
    pub severity: AlertSeverity,
    /// How sure it is: `[0, 1]`.
    pub confidence: f64,
    /// The type of failure, if one was recognised.
    pub failure_type: Option<String>,
    /// A line that says it all.
    pub title: String,
    /// What else there is to say.
    pub annotations: LabelSet,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// When, in ms.
    pub at_ms: i64,
    /// What it says.
    pub what: SignalWhat,
    /// The work that found it; none if that is not traced.
    pub trace: Option<TraceContext>,
}

/// What is told at once.
#[derive(Debug, Clone, PartialEq)]
pub enum SignalBatch {
    /// What the lines of an event of the bus said.
    Lines {
        /// The partition of the bus.
        partition: Partition,
        /// The place of the event.
        offset: Offset,
        /// What its lines said, in order; often nothing.
        signals: Vec<SignalRecord>,
    },
    /// Anomalies that began, go on or ended, which are kept already.
    Anomalies {
        /// Which.
        ids: Vec<FindingId>,
        /// The work that found them.
        trace: Option<TraceContext>,
    },
    /// Predictions that were made, which are kept already.
    Predictions(Vec<FindingId>),
}

/// Signals on their way to the writer of alerts. Any number of workers tell, one reads.
#[async_trait]
pub trait SignalStore: Send + Sync {
    /// Keeps what is told. Lines at or below the position of their partition are passed over, so
    /// that what is delivered again counts once. Lines without signals move the position alone, and
    /// findings without ids change nothing. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was kept then, or its answer was lost: findings that are told again
    /// are told twice.
    async fn tell(&self, told: SignalBatch) -> Result<(), StoreError>;

    /// The position of a partition: the last event whose lines were told; 0 if there was none.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn told_through(&self, partition: Partition) -> Result<Offset, StoreError>;

    /// What was told with a number above `seq`, in order, at most `limit`. Numbers grow in the order
    /// of the commits: below one that was read, none appears later. They may have gaps.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn told_after(
        &self,
        seq: u64,
        limit: usize,
    ) -> Result<Vec<(u64, SignalBatch)>, StoreError>;

    /// Forgets what was told up to a number, that included. Positions stay, and no number is given
    /// again.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn forget_told(&self, through: u64) -> Result<(), StoreError>;
}
