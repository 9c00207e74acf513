//! The desk in front of the writer: messages in, answers and news out.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use parking_lot::{Mutex, RwLock};
use tocsin_domain::alert::{AlertAction, AlertChange, AlertId, Incident, IncidentId, Silence};
use tocsin_domain::metric::{Anomaly, Prediction};
use tocsin_domain::ports::{
    Acted, AlertDesk, AlertListener, AlertStore, Heard, IncidentAction, SimilarIncident, StoreError,
};
use tocsin_domain::{Offset, Partition, TraceContext};
use tokio::sync::{broadcast, mpsc, oneshot};

use super::similar::similar;
use super::writer::Message;
use crate::alert_rules::rounds::Round;
use crate::alert_rules::{CompiledRule, RuleSet, Signal};

/// Messages that wait for the writer; beyond, those who send wait.
const MESSAGES_MAX: usize = 1024;
/// How many incidents before one are compared with it.
const PAST_INCIDENTS_MAX: usize = 2000;

/// The origin of what workers of other processes said.
const TOLD: &str = "told";

/// The origin of what lines of a partition said.
fn lines_origin(partition: Partition) -> String {
    format!("logs/{}", partition.0)
}

/// What the desk is made of.
#[derive(Debug, Clone)]
pub struct DeskParts {
    /// The rules at work.
    pub rules: Arc<RwLock<Arc<RuleSet>>>,
    /// Changes that wait for a slow listener; beyond, it misses the oldest.
    pub listener_queue: usize,
}

/// What the writer and its desk share.
pub(super) struct Shared {
    parts: DeskParts,
    store: Arc<dyn AlertStore>,
    outbox: mpsc::Sender<Message>,
    silences: RwLock<Vec<Silence>>,
    /// How far each origin's signals were kept.
    taken: RwLock<HashMap<String, u64>>,
    /// What the last round of each rule came to: when, how many it looked at, or why it failed.
    rounds: Mutex<HashMap<String, LastRound>>,
    pub(super) news: broadcast::Sender<Arc<AlertChange>>,
    pub(super) told: AtomicU64,
    pub(super) firing: AtomicU64,
}

/// What the last look at a rule came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRound {
    /// When, in ms.
    pub at_ms: i64,
    /// How many label sets it looked at.
    pub looked_at: usize,
    /// Why it could not be looked at.
    pub failure: Option<String>,
}

impl Shared {
    pub(super) fn new(
        parts: DeskParts,
        store: Arc<dyn AlertStore>,
        silences: Vec<Silence>,
        taken: &HashMap<String, u64>,
    ) -> (Arc<Self>, mpsc::Receiver<Message>) {
        let (outbox, inbox) = mpsc::channel(MESSAGES_MAX);
        let shared = Self {
            news: broadcast::Sender::new(parts.listener_queue.max(16)),
            parts,
            store,
            outbox,
            silences: RwLock::new(silences),
            taken: RwLock::new(taken.clone()),
            rounds: Mutex::default(),
            told: AtomicU64::new(0),
            firing: AtomicU64::new(0),
        };
        (Arc::new(shared), inbox)
    }

    pub(super) fn rules(&self) -> Arc<RuleSet> {
        self.parts.rules.read().clone()
    }

    fn position(&self, origin: &str) -> u64 {
        self.taken.read().get(origin).copied().unwrap_or(0)
    }

    pub(super) fn note_taken(&self, taken: &HashMap<String, u64>) {
        let pairs = taken.iter().map(|(origin, at)| (origin.clone(), *at));
        self.taken.write().extend(pairs);
    }

    pub(super) fn note_round(&self, round: &Round) {
        let last = LastRound {
            at_ms: round.at_ms,
            looked_at: round.looked_at,
            failure: round.holding.as_ref().err().cloned(),
        };
        let id = round.rule.rule.id.clone();
        if let Some(failure) = &last.failure
            && self
                .rounds
                .lock()
                .get(&id)
                .is_none_or(|before| before.failure.is_none())
        {
            tracing::warn!(rule = id, failure, "an alert rule cannot be looked at");
        }
        self.rounds.lock().insert(id, last);
    }
}

/// The desk. Cloning costs one reference count.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct Desk(Arc<Shared>);

impl Desk {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// The rules at work.
    #[must_use]
    pub fn rules(&self) -> Arc<RuleSet> {
        self.0.rules()
    }

    /// What log lines of a partition, up to an offset, said. Waits while the writer is busy.
    pub async fn lines(&self, partition: Partition, offset: Offset, signals: Vec<Signal>) {
        self.said(lines_origin(partition), offset.0, signals).await;
    }

    /// What the workers said that was kept under a number.
    pub(super) async fn workers_said(&self, seq: u64, signals: Vec<Signal>) {
        self.said(TOLD.to_owned(), seq, signals).await;
    }

    /// The number up to which what the workers said was kept.
    #[must_use]
    pub(super) fn told_through(&self) -> u64 {
        self.0.position(TOLD)
    }

    async fn said(&self, origin: String, position: u64, signals: Vec<Signal>) {
        let said = Message::Said {
            origin,
            position,
            signals,
        };
        self.send(said).await;
    }

    /// Waits until everything that lines of a partition said, up to an offset, was kept.
    pub async fn settle(&self, partition: Partition, offset: Offset) {
        if offset <= self.taken(partition) {
            return;
        }
        self.lines(partition, offset, Vec::new()).await;
        let (answer, answered) = oneshot::channel();
        self.send(Message::Sync(answer)).await;
        // An error says that the writer is gone, and what it did not keep is delivered again.
        drop(answered.await);
    }

    /// How far the signals of a partition were kept.
    #[must_use]
    pub fn taken(&self, partition: Partition) -> Offset {
        Offset(self.0.position(&lines_origin(partition)))
    }

    /// What rules on metrics came to.
    pub async fn rounds(&self, rounds: Vec<Round>) {
        self.send(Message::Rounds(rounds)).await;
    }

    /// Anomalies that began or ended, and the work that found them.
    pub async fn anomalies(&self, anomalies: Vec<Anomaly>, trace: Option<TraceContext>) {
        self.send(Message::Anomalies(anomalies, trace)).await;
    }

    /// The anomalies that last, all of them: what else is waited for has ended.
    pub async fn all_anomalies(&self, lasting: Vec<Anomaly>) {
        self.send(Message::AllAnomalies(lasting)).await;
    }

    /// Predictions that were made.
    pub async fn predictions(&self, predictions: Vec<Prediction>) {
        self.send(Message::Predictions(predictions)).await;
    }

    /// A rule is no longer what it was; the new set is at work already.
    pub async fn rule_changed(&self, before: Arc<CompiledRule>) {
        self.send(Message::Changed(before)).await;
    }

    /// What the last look at a rule came to.
    #[must_use]
    pub fn last_round(&self, rule: &str) -> Option<LastRound> {
        self.0.rounds.lock().get(rule).cloned()
    }

    /// How many changes of alerts were told since the start.
    #[must_use]
    pub fn told(&self) -> u64 {
        self.0.told.load(Ordering::Relaxed)
    }

    /// How many rules could not be looked at the last time.
    #[must_use]
    pub fn failing_rules(&self) -> usize {
        let rounds = self.0.rounds.lock();
        rounds.values().filter(|one| one.failure.is_some()).count()
    }

    /// How many alerts fire.
    #[must_use]
    pub fn firing(&self) -> u64 {
        self.0.firing.load(Ordering::Relaxed)
    }

    /// How many listen now.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.0.news.receiver_count()
    }

    async fn send(&self, message: Message) {
        // The writer is gone only at shutdown; what it did not keep is delivered again.
        drop(self.0.outbox.send(message).await);
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable("the server is shutting down".into())
}

#[async_trait]
impl AlertDesk for Desk {
    async fn act(
        &self,
        alerts: Vec<AlertId>,
        action: AlertAction,
        actor: String,
    ) -> Result<Vec<(AlertId, Acted)>, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.send(Message::Act {
            alerts,
            action,
            actor,
            answer,
        })
        .await;
        answered.await.map_err(|_| gone())?
    }

    async fn act_on_incident(
        &self,
        incident: IncidentId,
        action: IncidentAction,
        actor: String,
    ) -> Result<Option<Incident>, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.send(Message::Incident {
            incident,
            action,
            actor,
            answer,
        })
        .await;
        answered.await.map_err(|_| gone())?
    }

    async fn similar_incidents(
        &self,
        incident: IncidentId,
        limit: usize,
    ) -> Result<Option<Vec<SimilarIncident>>, StoreError> {
        let store = &self.0.store;
        let known = store
            .incident_subjects(incident, PAST_INCIDENTS_MAX)
            .await?;
        let Some((one, past)) = known.split_first() else {
            return Ok(None);
        };
        let is_it = one.incident.id == incident;
        Ok(is_it.then(|| similar(one, past, limit)))
    }

    fn silences(&self) -> Vec<Silence> {
        self.0.silences.read().clone()
    }

    async fn silence(&self, silence: Silence) -> Result<(), StoreError> {
        self.0.store.put_silence(silence.clone()).await?;
        let mut silences = self.0.silences.write();
        silences.retain(|one| one.id != silence.id);
        silences.insert(0, silence);
        Ok(())
    }

    fn listen(&self) -> Box<dyn AlertListener> {
        Box::new(Listener(self.0.news.subscribe()))
    }
}

struct Listener(broadcast::Receiver<Arc<AlertChange>>);

#[async_trait]
impl AlertListener for Listener {
    async fn next(&mut self) -> Option<Heard> {
        match self.0.recv().await {
            Ok(change) => Some(Heard::Change(change)),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(Heard::Missed(missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
