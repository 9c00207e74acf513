//! Alerts, a clock that tests set, and what is looked at, all in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use async_trait::async_trait;
use tocsin_domain::alert::*;
use tocsin_domain::change::{Change, ChangeId};
use tocsin_domain::ports::log_store::{
    Context, Cursor, Histogram, LogQuery, LogStats, Order, Page, Retention, TemplateCount,
    ValueDistribution,
};
use tocsin_domain::ports::metric_insight::QuerySeries;
use tocsin_domain::ports::*;
use tocsin_domain::{LogRecord, Offset, ParsedBatch, Partition, RecordId, TemplateId, Timestamp};

use crate::outbox::tests::memory::lock;

/// Everything but the store.
#[derive(Default)]
pub(super) struct Ports {
    pub(super) now_ms: AtomicI64,
    pub(super) alerts: Mutex<BTreeMap<AlertId, Alert>>,
    pub(super) events: Mutex<Vec<AlertEvent>>,
    pub(super) silences: Mutex<Vec<Silence>>,
    /// What queries give.
    pub(super) metrics: Mutex<Vec<QuerySeries>>,
    /// What was done, as it was kept.
    pub(super) changes: Mutex<Vec<Change>>,
    /// How many lines any template had.
    pub(super) lines: AtomicU64,
}

fn never<T>() -> Result<T, StoreError> {
    Err(StoreError::Invalid(
        "automation does not ask for this".into(),
    ))
}

impl Ports {
    pub(super) fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    pub(super) fn pass(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Something happens to an alert, which is now as given.
    pub(super) fn happens(&self, alert: Alert, kind: AlertEventKind, actor: &str) {
        let id = alert.id;
        lock(&self.alerts).insert(id, alert);
        let mut events = lock(&self.events);
        let seq = events.len() as u64 + 1;
        events.push(AlertEvent {
            seq,
            alert: id,
            at_ms: self.now_ms(),
            actor: actor.to_owned(),
            kind,
        });
    }
}

impl Clock for Ports {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms())
    }
}

#[async_trait]
impl ChangeStore for Ports {
    async fn record_changes(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let mut known = lock(&self.changes);
        for change in changes {
            if !known.iter().any(|one| one.id == change.id) {
                known.push(change);
            }
        }
        Ok(())
    }
    async fn changes(
        &self,
        _: &ChangeFilter,
        _: Option<(i64, ChangeId)>,
        _: usize,
    ) -> Result<Vec<Change>, StoreError> {
        never()
    }
    async fn change(&self, _: ChangeId) -> Result<Option<Change>, StoreError> {
        never()
    }
    async fn forget_changes(&self, _: i64) -> Result<u64, StoreError> {
        never()
    }
}

#[async_trait]
impl AlertStore for Ports {
    async fn commit(&self, _: AlertCommit) -> Result<u64, StoreError> {
        never()
    }
    async fn recent_alerts(&self, _: i64) -> Result<Vec<Alert>, StoreError> {
        never()
    }
    async fn taken(&self) -> Result<Vec<(String, u64)>, StoreError> {
        never()
    }
    async fn rule_states(&self) -> Result<Vec<RuleState>, StoreError> {
        never()
    }
    async fn forget_alerts(&self, _: i64) -> Result<u64, StoreError> {
        never()
    }
    async fn alerts(
        &self,
        filter: &AlertFilter,
        before: Option<AlertId>,
        limit: usize,
    ) -> Result<Vec<Alert>, StoreError> {
        let alerts = lock(&self.alerts);
        let within = |alert: &&Alert| {
            filter
                .from_ms
                .is_none_or(|from_ms| alert.starts_ms >= from_ms)
                && filter.to_ms.is_none_or(|to_ms| alert.starts_ms < to_ms)
                && before.is_none_or(|before| alert.id < before)
        };
        Ok(alerts
            .values()
            .rev()
            .filter(within)
            .take(limit)
            .cloned()
            .collect())
    }
    async fn alert(&self, id: AlertId) -> Result<Option<Alert>, StoreError> {
        Ok(lock(&self.alerts).get(&id).cloned())
    }
    async fn alert_counts(&self) -> Result<AlertCounts, StoreError> {
        never()
    }
    async fn response_times(&self, _: i64, _: i64) -> Result<ResponseTimes, StoreError> {
        never()
    }
    async fn events_after(&self, after: u64, limit: usize) -> Result<Vec<AlertEvent>, StoreError> {
        let events = lock(&self.events);
        let later = events.iter().filter(|event| event.seq > after);
        Ok(later.take(limit).cloned().collect())
    }
    async fn events_of(&self, id: AlertId, limit: usize) -> Result<Vec<AlertEvent>, StoreError> {
        let events = lock(&self.events);
        let its: Vec<_> = events
            .iter()
            .filter(|event| event.alert == id)
            .cloned()
            .collect();
        Ok(its[its.len().saturating_sub(limit)..].to_vec())
    }
    async fn last_seq(&self) -> Result<u64, StoreError> {
        Ok(lock(&self.events).len() as u64)
    }
    async fn incidents(
        &self,
        _: &[IncidentStatus],
        _: Option<IncidentId>,
        _: usize,
    ) -> Result<Vec<Incident>, StoreError> {
        never()
    }
    async fn incident(&self, _: IncidentId) -> Result<Option<Incident>, StoreError> {
        never()
    }
    async fn incident_subjects(
        &self,
        _: IncidentId,
        _: usize,
    ) -> Result<Vec<IncidentSubjects>, StoreError> {
        never()
    }
    async fn silences(&self, _: i64) -> Result<Vec<Silence>, StoreError> {
        Ok(lock(&self.silences).clone())
    }
    async fn put_silence(&self, _: Silence) -> Result<(), StoreError> {
        never()
    }
    async fn silence(&self, _: SilenceId) -> Result<Option<Silence>, StoreError> {
        never()
    }
}

#[async_trait]
impl AlertDesk for Ports {
    async fn act(
        &self,
        ids: Vec<AlertId>,
        action: AlertAction,
        actor: String,
    ) -> Result<Vec<(AlertId, Acted)>, StoreError> {
        let acted = ids.into_iter().map(|id| {
            let Some(mut alert) = lock(&self.alerts).get(&id).cloned() else {
                return (id, Acted::Unknown);
            };
            let kind = match &action {
                AlertAction::Resolve if alert.status == AlertStatus::Resolved => {
                    return (id, Acted::Refused("it is resolved".into()));
                }
                AlertAction::Resolve => {
                    alert.status = AlertStatus::Resolved;
                    AlertEventKind::Resolved
                }
                AlertAction::Escalate(to) => {
                    let from = std::mem::replace(&mut alert.severity, *to);
                    AlertEventKind::Escalated { from, to: *to }
                }
                AlertAction::Comment(text) => AlertEventKind::Commented(text.clone()),
                _ => return (id, Acted::Refused("automation does not do this".into())),
            };
            self.happens(alert.clone(), kind, &actor);
            (id, Acted::Done(Box::new(alert)))
        });
        Ok(acted.collect())
    }
    async fn act_on_incident(
        &self,
        _: IncidentId,
        _: IncidentAction,
        _: String,
    ) -> Result<Option<Incident>, StoreError> {
        never()
    }
    async fn similar_incidents(
        &self,
        _: IncidentId,
        _: usize,
    ) -> Result<Option<Vec<SimilarIncident>>, StoreError> {
        never()
    }
    fn silences(&self) -> Vec<Silence> {
        lock(&self.silences).clone()
    }
    async fn silence(&self, _: Silence) -> Result<(), StoreError> {
        never()
    }
    fn listen(&self) -> Box<dyn AlertListener> {
        Box::new(Deaf)
    }
}

/// Hears nothing: tests have the reader look.
struct Deaf;

#[async_trait]
impl AlertListener for Deaf {
    async fn next(&mut self) -> Option<Heard> {
        None
    }
}

#[async_trait]
impl MetricQueries for Ports {
    async fn range(
        &self,
        query: &str,
        _: (i64, i64),
        _: i64,
    ) -> Result<Vec<QuerySeries>, StoreError> {
        match query {
            "broken" => Err(StoreError::Invalid("the query is broken".into())),
            _ => Ok(lock(&self.metrics).clone()),
        }
    }
}

#[async_trait]
impl LogStore for Ports {
    async fn append(&self, _: Partition, _: Offset, _: ParsedBatch) -> Result<(), StoreError> {
        never()
    }
    async fn flush(&self, _: Partition) -> Result<Offset, StoreError> {
        never()
    }
    fn durable(&self, _: Partition) -> Offset {
        Offset::default()
    }
    async fn search(
        &self,
        _: &LogQuery,
        _: Order,
        _: Option<Cursor>,
        _: usize,
    ) -> Result<Page, StoreError> {
        never()
    }
    async fn count(&self, query: &LogQuery) -> Result<u64, StoreError> {
        assert!(query.templates.as_ref().is_some_and(|ids| ids.len() == 1));
        Ok(self.lines.load(Ordering::Relaxed))
    }
    async fn histogram(&self, _: &LogQuery, _: i64) -> Result<Histogram, StoreError> {
        never()
    }
    async fn template_counts(&self, _: &LogQuery) -> Result<Vec<TemplateCount>, StoreError> {
        never()
    }
    async fn distributions(
        &self,
        _: TemplateId,
        _: &LogQuery,
    ) -> Result<Vec<ValueDistribution>, StoreError> {
        never()
    }
    async fn get(&self, _: RecordId) -> Result<Option<LogRecord>, StoreError> {
        never()
    }
    async fn context(
        &self,
        _: RecordId,
        _: usize,
        _: usize,
    ) -> Result<Option<Context>, StoreError> {
        never()
    }
    async fn delete(&self, _: &LogQuery) -> Result<u64, StoreError> {
        never()
    }
    async fn retain(&self, _: &[Retention], _: Timestamp) -> Result<u64, StoreError> {
        never()
    }
    async fn stats(&self) -> Result<LogStats, StoreError> {
        never()
    }
}
