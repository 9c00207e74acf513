//! Where what was found goes to become alerts: to the writer in this process, or, where several
//! processes work, to the store that the leader's writer reads from.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::RwLock;
use tocsin_domain::metric::{Anomaly, Prediction};
use tocsin_domain::ports::{SignalBatch, SignalRecord, SignalStore, SignalWhat, StoreError};
use tocsin_domain::{Offset, Partition};

use super::desk::Desk;
use crate::alert_rules::{RuleSet, Signal, What};

/// How long to wait after the store failed.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Where what was found goes. What is told twice counts once.
#[async_trait]
pub trait AlertInbox: Send + Sync {
    /// The rules at work.
    fn rules(&self) -> Arc<RuleSet>;

    /// What log lines of a partition, up to an offset, said. Waits while it cannot be taken.
    async fn lines(&self, partition: Partition, offset: Offset, signals: Vec<Signal>);

    /// Waits until everything that lines of a partition said, up to an offset, was kept.
    async fn settle(&self, partition: Partition, offset: Offset);

    /// How far the signals of a partition were kept.
    fn taken(&self, partition: Partition) -> Offset;

    /// Reads again how far that is, since another process may have worked on the partition.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn reopen(&self, partition: Partition) -> Result<Offset, StoreError>;

    /// Anomalies that began or ended; they were kept before.
    async fn anomalies(&self, anomalies: Vec<Anomaly>);

    /// Predictions that were made; they were kept before.
    async fn predictions(&self, predictions: Vec<Prediction>);
}

#[async_trait]
impl AlertInbox for Desk {
    fn rules(&self) -> Arc<RuleSet> {
        Self::rules(self)
    }

    async fn lines(&self, partition: Partition, offset: Offset, signals: Vec<Signal>) {
        Self::lines(self, partition, offset, signals).await;
    }

    async fn settle(&self, partition: Partition, offset: Offset) {
        Self::settle(self, partition, offset).await;
    }

    fn taken(&self, partition: Partition) -> Offset {
        Self::taken(self, partition)
    }

    async fn reopen(&self, partition: Partition) -> Result<Offset, StoreError> {
        Ok(Self::taken(self, partition))
    }

    async fn anomalies(&self, anomalies: Vec<Anomaly>) {
        Self::anomalies(self, anomalies, tocsin_trace::current()).await;
    }

    async fn predictions(&self, predictions: Vec<Prediction>) {
        Self::predictions(self, predictions).await;
    }
}

/// What a worker found, kept for the writer of whichever process leads.
#[expect(
    missing_debug_implementations,
    reason = "holds a port, which has no Debug"
)]
pub struct SharedInbox {
    rules: Arc<RwLock<Arc<RuleSet>>>,
    store: Arc<dyn SignalStore>,
    taken: RwLock<HashMap<Partition, Offset>>,
}

impl SharedInbox {
    /// An inbox in front of the store; `rules` are those at work.
    #[must_use]
    pub fn new(rules: Arc<RwLock<Arc<RuleSet>>>, store: Arc<dyn SignalStore>) -> Self {
        Self {
            rules,
            store,
            taken: RwLock::default(),
        }
    }

    /// Tells until it is kept: the stages will not say it again.
    async fn tell(&self, told: SignalBatch) {
        while let Err(error) = self.store.tell(told.clone()).await {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(%error, cause, "what was found was not kept; will try again");
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }
}

#[async_trait]
impl AlertInbox for SharedInbox {
    fn rules(&self) -> Arc<RuleSet> {
        self.rules.read().clone()
    }

    async fn lines(&self, partition: Partition, offset: Offset, signals: Vec<Signal>) {
        if offset <= self.taken(partition) {
            return;
        }
        let signals = signals.iter().map(record).collect();
        self.tell(SignalBatch::Lines {
            partition,
            offset,
            signals,
        })
        .await;
        self.taken.write().insert(partition, offset);
    }

    async fn settle(&self, partition: Partition, offset: Offset) {
        self.lines(partition, offset, Vec::new()).await;
    }

    fn taken(&self, partition: Partition) -> Offset {
        let taken = self.taken.read();
        taken.get(&partition).copied().unwrap_or_default()
    }

    async fn reopen(&self, partition: Partition) -> Result<Offset, StoreError> {
        let offset = self.store.told_through(partition).await?;
        self.taken.write().insert(partition, offset);
        Ok(offset)
    }

    async fn anomalies(&self, anomalies: Vec<Anomaly>) {
        if !anomalies.is_empty() {
            let ids = anomalies.iter().map(|one| one.id).collect();
            let trace = tocsin_trace::current();
            self.tell(SignalBatch::Anomalies { ids, trace }).await;
        }
    }

    async fn predictions(&self, predictions: Vec<Prediction>) {
        if !predictions.is_empty() {
            let ids = predictions.iter().map(|one| one.id).collect();
            self.tell(SignalBatch::Predictions(ids)).await;
        }
    }
}

/// A signal without its compiled rule.
fn record(signal: &Signal) -> SignalRecord {
    SignalRecord {
        rule: signal.rule.rule.id.clone(),
        labels: signal.labels.clone(),
        kind: signal.kind,
        severity: signal.severity,
        confidence: signal.confidence,
        failure_type: signal.failure_type.clone(),
        title: signal.title.clone(),
        annotations: signal.annotations.clone(),
        evidence: signal.evidence.clone(),
        at_ms: signal.at_ms,
        what: match &signal.what {
            What::Occurred(times) => SignalWhat::Occurred(times.clone()),
            What::Began => SignalWhat::Began,
            What::Ended => SignalWhat::Ended,
        },
        trace: signal.trace,
    }
}

/// A signal with the rule that is at work now; none if it no longer is.
pub(super) fn signal(record: SignalRecord, rules: &RuleSet) -> Option<Signal> {
    Some(Signal {
        rule: rules.get(&record.rule)?.clone(),
        labels: record.labels,
        kind: record.kind,
        severity: record.severity,
        confidence: record.confidence,
        failure_type: record.failure_type,
        title: record.title,
        annotations: record.annotations,
        evidence: record.evidence,
        at_ms: record.at_ms,
        what: match record.what {
            SignalWhat::Occurred(times) => What::Occurred(times),
            SignalWhat::Began => What::Began,
            SignalWhat::Ended => What::Ended,
        },
        trace: record.trace,
    })
}
