//! What the tests stand on: the ports in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use tocsin_domain::Timestamp;
use tocsin_domain::alert::*;
use tocsin_domain::metric::{FindingId, Prediction, PredictionOutcome, SeriesId, SeriesScorecard};
use tocsin_domain::ports::*;
use tocsin_domain::subscription::*;
use tokio::sync::Notify;

use super::super::{OutboxConfig, OutboxParts};
use super::receiver::Receiver;
use crate::http::HttpConfig;
use crate::notifier::NotifierConfig;

/// All ports in memory. What is in it stays when an outbox is dropped.
#[derive(Default)]
pub(crate) struct Memory {
    pub(super) subscriptions: Mutex<Vec<Subscription>>,
    pub(super) deliveries: Mutex<Vec<Delivery>>,
    position: Mutex<Option<u64>>,
    pub(crate) alerts: Mutex<BTreeMap<AlertId, Alert>>,
    pub(crate) silences: Mutex<Vec<Silence>>,
    pub(super) predictions: Mutex<Vec<Prediction>>,
    events: Mutex<Vec<AlertEvent>>,
    heard: Notify,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

pub(crate) fn alert(name: &str, number: u64) -> Alert {
    let labels = LabelSet::new([("alertname", name), ("host", &format!("web-{number}"))]);
    let starts_ms = now_ms();
    Alert {
        id: AlertId::of(labels.fingerprint(), starts_ms),
        fingerprint: labels.fingerprint(),
        kind: AlertKind::Realtime,
        severity: AlertSeverity::High,
        status: AlertStatus::New,
        title: format!("{name} on web-{number}"),
        rule: name.into(),
        labels,
        annotations: LabelSet::default(),
        starts_ms,
        ends_ms: None,
        last_ms: starts_ms,
        count: 1,
        confidence: 0.9,
        failure_type: None,
        evidence: Vec::new(),
        assignee: None,
        snoozed_until_ms: None,
        is_flapping: false,
        acknowledged_ms: None,
        resolved_ms: None,
        returns_ms: Vec::new(),
        incident: None,
        joined_because: None,
        trace: None,
        seq: 0,
    }
}

pub(super) fn subscription(number: u8, channel: Channel) -> Subscription {
    Subscription {
        id: SubscriptionId::new(1, [number; 10]),
        name: format!("subscription {number}"),
        is_enabled: true,
        version: 1,
        filter: SubscriptionFilter::default(),
        channel,
        quiet_hours: None,
        digest_secs: None,
        rate_limit: None,
        template: MessageTemplate::default(),
        created_ms: 0,
        updated_ms: 0,
    }
}

pub(super) fn webhook(receiver: &Receiver, path: &str) -> Channel {
    Channel::Webhook {
        url: format!("{}/{path}", receiver.url),
        secret: Some(Secret("s3cr3t".into())),
    }
}

impl Memory {
    pub(super) fn parts(self: &Arc<Self>) -> OutboxParts {
        OutboxParts {
            store: self.clone(),
            alerts: self.clone(),
            desk: self.clone(),
            predictions: self.clone(),
            clock: self.clone(),
        }
    }

    /// Something happens to an alert, which is now as given.
    pub(crate) fn happens(&self, alert: &Alert, kind: AlertEventKind) -> u64 {
        lock(&self.alerts).insert(alert.id, alert.clone());
        let mut events = lock(&self.events);
        let seq = events.len() as u64 + 1;
        events.push(AlertEvent {
            seq,
            alert: alert.id,
            at_ms: now_ms(),
            actor: "system".into(),
            kind,
        });
        self.heard.notify_one();
        seq
    }

    pub(super) fn count(&self, state: DeliveryState) -> usize {
        let all = lock(&self.deliveries);
        all.iter().filter(|one| one.state == state).count()
    }

    fn waits(&self, subscription: SubscriptionId, now_ms: i64) -> bool {
        lock(&self.deliveries).iter().any(|one| {
            one.subscription == subscription
                && one.state == DeliveryState::Pending
                && one.attempts > 0
                && one.due_ms > now_ms
        })
    }
}

/// Quick, so that a test is.
pub(super) fn quick() -> (OutboxConfig, NotifierConfig) {
    let config = OutboxConfig {
        backoff_first_ms: 4,
        backoff_most_ms: 16,
        attempts_max: 1000,
        ..OutboxConfig::default()
    };
    let notifier = NotifierConfig {
        base_url: "http://tocsin.test/".into(),
        http: HttpConfig {
            timeout_ms: 150,
            proxy: None,
        },
        mail: None,
    };
    (config, notifier)
}

#[async_trait]
impl SubscriptionStore for Memory {
    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        Ok(lock(&self.subscriptions).clone())
    }
    async fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>, StoreError> {
        let all = lock(&self.subscriptions);
        Ok(all.iter().find(|one| one.id == id).cloned())
    }
    async fn put_subscription(&self, one: Subscription) -> Result<(), StoreError> {
        lock(&self.subscriptions).push(one);
        Ok(())
    }
    async fn delete_subscription(&self, _: SubscriptionId) -> Result<bool, StoreError> {
        Ok(false)
    }
    async fn outbox_position(&self) -> Result<Option<u64>, StoreError> {
        Ok(*lock(&self.position))
    }
    async fn enqueue(&self, at: u64, new: Vec<NewDelivery>) -> Result<usize, StoreError> {
        let mut all = lock(&self.deliveries);
        let mut added = 0;
        for one in new {
            let key = (one.subscription, one.alert, one.event_seq);
            let is_known =
                |known: &Delivery| (known.subscription, known.alert, known.event_seq) == key;
            if !all.iter().any(is_known) {
                let id = DeliveryId(all.len() as u64 + 1);
                all.push(Delivery { id, ..one.into() });
                added += 1;
            }
        }
        let mut position = lock(&self.position);
        *position = (*position).max(Some(at));
        Ok(added)
    }
    async fn ready(&self, now_ms: i64) -> Result<Vec<SubscriptionId>, StoreError> {
        let mut ready: Vec<_> = lock(&self.deliveries)
            .iter()
            .filter(|one| one.state == DeliveryState::Pending && one.due_ms <= now_ms)
            .map(|one| one.subscription)
            .collect();
        ready.sort();
        ready.dedup();
        ready.retain(|id| !self.waits(*id, now_ms));
        Ok(ready)
    }
    async fn due(
        &self,
        subscription: SubscriptionId,
        now_ms: i64,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        if self.waits(subscription, now_ms) {
            return Ok(Vec::new());
        }
        let all = lock(&self.deliveries);
        let due = all.iter().filter(|one| {
            one.subscription == subscription
                && one.state == DeliveryState::Pending
                && one.due_ms <= now_ms
        });
        Ok(due.take(limit).cloned().collect())
    }
    async fn next_due_ms(&self, now_ms: i64) -> Result<Option<i64>, StoreError> {
        let all = lock(&self.deliveries);
        let pending = all.iter().filter(|d| d.state == DeliveryState::Pending);
        Ok(pending.map(|d| d.due_ms).filter(|due| *due > now_ms).min())
    }
    async fn settle(&self, changed: Vec<Delivery>) -> Result<(), StoreError> {
        let mut all = lock(&self.deliveries);
        for one in changed {
            if let Some(known) = all.iter_mut().find(|known| known.id == one.id) {
                // What is settled may be sent again, if somebody asks.
                let is_again = one.state == DeliveryState::Pending;
                assert!(
                    known.state == DeliveryState::Pending || is_again,
                    "settled twice"
                );
                *known = one;
            }
        }
        Ok(())
    }
    async fn messages_since(
        &self,
        subscription: SubscriptionId,
        since_ms: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let mut messages = BTreeMap::new();
        for one in lock(&self.deliveries).iter() {
            if one.subscription == subscription && one.state == DeliveryState::Sent {
                messages.insert(one.message, one.settled_ms.unwrap());
            }
        }
        let mut times: Vec<i64> = messages.into_values().collect();
        times.retain(|at| *at >= since_ms);
        times.sort_unstable();
        Ok(times)
    }
    async fn told(
        &self,
        subscription: SubscriptionId,
        alert: AlertId,
        before: DeliveryId,
    ) -> Result<Told, StoreError> {
        let all = lock(&self.deliveries);
        let sent: Vec<&Delivery> = all
            .iter()
            .filter(|one| one.subscription == subscription && one.alert == alert)
            .filter(|one| one.id < before && one.state == DeliveryState::Sent)
            .collect();
        Ok(Told {
            is_open: sent.last().is_some_and(|one| !one.news.is_end()),
            reference: sent.iter().rev().find_map(|one| one.reference.clone()),
        })
    }
    async fn deliveries(
        &self,
        filter: &DeliveryFilter,
        before: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut all = lock(&self.deliveries).clone();
        all.retain(|one| {
            before.is_none_or(|before| one.id < before)
                && filter.subscription.is_none_or(|id| id == one.subscription)
                && (filter.states.is_empty() || filter.states.contains(&one.state))
        });
        all.reverse();
        all.truncate(limit);
        Ok(all)
    }
    async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let all = lock(&self.deliveries);
        Ok(all.iter().find(|one| one.id == id).cloned())
    }
    async fn forget_deliveries(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }
}

/// What the outbox never asks for.
fn never<T>() -> Result<T, StoreError> {
    Err(StoreError::Invalid(
        "the outbox does not ask for this".into(),
    ))
}

#[async_trait]
impl AlertStore for Memory {
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
        _: &AlertFilter,
        _: Option<AlertId>,
        _: usize,
    ) -> Result<Vec<Alert>, StoreError> {
        never()
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
    async fn events_of(&self, _: AlertId, _: usize) -> Result<Vec<AlertEvent>, StoreError> {
        never()
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
impl AlertDesk for Memory {
    async fn act(
        &self,
        _: Vec<AlertId>,
        _: AlertAction,
        _: String,
    ) -> Result<Vec<(AlertId, Acted)>, StoreError> {
        never()
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
        Box::new(Ear)
    }
}

/// Hears that it missed something, again and again: what happened is in the store.
struct Ear;

#[async_trait]
impl AlertListener for Ear {
    async fn next(&mut self) -> Option<Heard> {
        tokio::time::sleep(Duration::from_millis(3)).await;
        Some(Heard::Missed(1))
    }
}

#[async_trait]
impl PredictionStore for Memory {
    async fn record_predictions(&self, _: Vec<Prediction>) -> Result<(), StoreError> {
        never()
    }
    async fn current_predictions(&self, _: usize) -> Result<Vec<Prediction>, StoreError> {
        never()
    }
    async fn predictions_of(
        &self,
        series: SeriesId,
        _: i64,
        _: usize,
    ) -> Result<Vec<Prediction>, StoreError> {
        let mut all = lock(&self.predictions).clone();
        all.retain(|one| one.series == series);
        Ok(all)
    }
    async fn open_predictions(&self, _: usize) -> Result<Vec<Prediction>, StoreError> {
        never()
    }
    async fn settle_predictions(
        &self,
        _: Vec<(FindingId, PredictionOutcome, Option<i64>)>,
        _: Vec<SeriesScorecard>,
    ) -> Result<(), StoreError> {
        never()
    }
    async fn scorecards(&self) -> Result<Vec<SeriesScorecard>, StoreError> {
        never()
    }
    async fn forget_predictions(&self, _: i64) -> Result<u64, StoreError> {
        never()
    }
}

impl Clock for Memory {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(now_ms())
    }
}
