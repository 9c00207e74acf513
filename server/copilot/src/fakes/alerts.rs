//! The store of alerts and its desk. Nothing is done to an alert here; what happens is told with `tell`.

use std::cmp::Reverse;
use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::alert::{
    Alert, AlertAction, AlertChange, AlertEvent, AlertEventKind, AlertId, AlertKind, AlertSeverity,
    AlertStatus, Incident, IncidentId, IncidentStatus, LabelSet, Silence, SilenceId,
};
use tocsin_domain::ports::{
    Acted, AlertCommit, AlertCounts, AlertDesk, AlertFilter, AlertListener, AlertStore, Heard,
    IncidentAction, IncidentSubjects, ResponseTimes, RuleState, SimilarIncident, StoreError,
};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::World;

/// A critical alert of a rule with labels, which fires since a time.
pub(crate) fn alert(rule: &str, labels: &[(&str, &str)], title: &str, starts_ms: i64) -> Alert {
    let labels = LabelSet::new(labels.iter().copied().chain([("alertname", rule)]));
    Alert {
        id: AlertId::of(labels.fingerprint(), starts_ms),
        fingerprint: labels.fingerprint(),
        kind: AlertKind::Realtime,
        severity: AlertSeverity::Critical,
        status: AlertStatus::New,
        title: title.into(),
        rule: rule.into(),
        labels,
        annotations: LabelSet::default(),
        starts_ms,
        ends_ms: None,
        last_ms: starts_ms,
        count: 1,
        confidence: 0.95,
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

/// The incident that begins with an alert.
pub(crate) fn incident(first: &Alert) -> Incident {
    Incident {
        id: IncidentId::of(first.id, first.starts_ms),
        title: first.title.clone(),
        is_titled: false,
        severity: first.severity,
        status: IncidentStatus::Open,
        starts_ms: first.starts_ms,
        ends_ms: None,
        last_joined_ms: first.starts_ms,
        acknowledged_ms: None,
        resolved_ms: None,
        first: first.id,
        alerts: 1,
        is_pinned: false,
    }
}

impl World {
    /// Keeps an alert.
    pub(crate) fn raise(&self, alert: &Alert) -> AlertId {
        self.alerts.lock().insert(alert.id, alert.clone());
        alert.id
    }

    /// Keeps an incident with its alerts, which learn of it.
    pub(crate) fn begin_incident(&self, alerts: &mut [Alert]) -> Incident {
        let mut made = incident(alerts.first().unwrap());
        made.alerts = alerts.len() as u64;
        for alert in alerts {
            alert.incident = Some(made.id);
            self.raise(alert);
        }
        let mut incidents = self.incidents.lock();
        incidents.retain(|one| one.id != made.id);
        incidents.push(made.clone());
        made
    }

    /// Keeps an alert and tells those who listen what happened to it.
    pub(crate) fn tell(&self, alert: &Alert, kind: AlertEventKind) {
        self.raise(alert);
        let event = AlertEvent {
            seq: self.next(),
            alert: alert.id,
            at_ms: alert.last_ms,
            actor: "system".into(),
            kind,
        };
        self.events.lock().push(event.clone());
        // Nobody may be listening.
        drop(
            self.news
                .send(Arc::new(AlertChange::new(event, Arc::new(alert.clone())))),
        );
    }
}

fn is_meant(filter: &AlertFilter, alert: &Alert) -> bool {
    let text = format!("{} {}", alert.title, alert.labels).to_lowercase();
    let words = filter.text.clone().unwrap_or_default().to_lowercase();
    let whose = alert.assignee.as_deref().unwrap_or_default();
    (filter.statuses.is_empty() || filter.statuses.contains(&alert.status))
        && (filter.severities.is_empty() || filter.severities.contains(&alert.severity))
        && (filter.kinds.is_empty() || filter.kinds.contains(&alert.kind))
        && alert.labels.satisfies(&filter.matchers)
        && words.split_whitespace().all(|word| text.contains(word))
        && filter.rule.as_ref().is_none_or(|rule| alert.rule == *rule)
        && (filter.failure_type.is_none() || alert.failure_type == filter.failure_type)
        && (filter.incident.is_none() || alert.incident == filter.incident)
        && filter.assignee.as_deref().is_none_or(|name| whose == name)
        && filter
            .is_firing
            .is_none_or(|firing| alert.is_firing() == firing)
        && filter.from_ms.is_none_or(|from| alert.starts_ms >= from)
        && filter.to_ms.is_none_or(|to| alert.starts_ms < to)
}

#[async_trait]
impl AlertStore for World {
    async fn commit(&self, commit: AlertCommit) -> Result<u64, StoreError> {
        let mut alerts = self.alerts.lock();
        alerts.extend(commit.alerts.into_iter().map(|alert| (alert.id, alert)));
        Ok(0)
    }

    async fn recent_alerts(&self, since_ms: i64) -> Result<Vec<Alert>, StoreError> {
        let alerts = self.alerts.lock();
        let recent = alerts
            .values()
            .filter(|one| one.ends_ms.is_none_or(|end| end >= since_ms));
        Ok(recent.cloned().collect())
    }

    async fn taken(&self) -> Result<Vec<(String, u64)>, StoreError> {
        Ok(Vec::new())
    }

    async fn rule_states(&self) -> Result<Vec<RuleState>, StoreError> {
        Ok(Vec::new())
    }

    async fn forget_alerts(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn alerts(
        &self,
        filter: &AlertFilter,
        before: Option<AlertId>,
        limit: usize,
    ) -> Result<Vec<Alert>, StoreError> {
        let alerts = self.alerts.lock();
        let found = alerts
            .values()
            .rev()
            .filter(|one| before.is_none_or(|before| one.id < before));
        let found = found.filter(|one| is_meant(filter, one));
        Ok(found.take(limit).cloned().collect())
    }

    async fn alert(&self, id: AlertId) -> Result<Option<Alert>, StoreError> {
        Ok(self.alerts.lock().get(&id).cloned())
    }

    async fn alert_counts(&self) -> Result<AlertCounts, StoreError> {
        let firing = self
            .alerts
            .lock()
            .values()
            .filter(|one| one.is_firing())
            .count();
        Ok(AlertCounts {
            firing: firing as u64,
            ..AlertCounts::default()
        })
    }

    async fn response_times(&self, _: i64, _: i64) -> Result<ResponseTimes, StoreError> {
        Ok(ResponseTimes::default())
    }

    async fn events_after(&self, after: u64, limit: usize) -> Result<Vec<AlertEvent>, StoreError> {
        let events = self.events.lock();
        Ok(events
            .iter()
            .filter(|one| one.seq > after)
            .take(limit)
            .cloned()
            .collect())
    }

    async fn events_of(&self, alert: AlertId, limit: usize) -> Result<Vec<AlertEvent>, StoreError> {
        let events = self.events.lock();
        let own: Vec<AlertEvent> = events
            .iter()
            .filter(|one| one.alert == alert)
            .cloned()
            .collect();
        Ok(own[own.len().saturating_sub(limit)..].to_vec())
    }

    async fn last_seq(&self) -> Result<u64, StoreError> {
        Ok(self.events.lock().last().map_or(0, |event| event.seq))
    }

    async fn incidents(
        &self,
        statuses: &[IncidentStatus],
        before: Option<IncidentId>,
        limit: usize,
    ) -> Result<Vec<Incident>, StoreError> {
        let mut found = self.incidents.lock().clone();
        found.retain(|one| statuses.is_empty() || statuses.contains(&one.status));
        found.retain(|one| before.is_none_or(|before| one.id < before));
        found.sort_by_key(|one| Reverse(one.id));
        found.truncate(limit);
        Ok(found)
    }

    async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        Ok(self
            .incidents
            .lock()
            .iter()
            .find(|one| one.id == id)
            .cloned())
    }

    async fn incident_subjects(
        &self,
        _: IncidentId,
        _: usize,
    ) -> Result<Vec<IncidentSubjects>, StoreError> {
        Ok(Vec::new())
    }

    async fn silences(&self, _: i64) -> Result<Vec<Silence>, StoreError> {
        Ok(self.silences.lock().clone())
    }

    async fn put_silence(&self, silence: Silence) -> Result<(), StoreError> {
        self.silences.lock().push(silence);
        Ok(())
    }

    async fn silence(&self, id: SilenceId) -> Result<Option<Silence>, StoreError> {
        Ok(self
            .silences
            .lock()
            .iter()
            .find(|one| one.id == id)
            .cloned())
    }
}

#[async_trait]
impl AlertDesk for World {
    async fn act(
        &self,
        alerts: Vec<AlertId>,
        _: AlertAction,
        _: String,
    ) -> Result<Vec<(AlertId, Acted)>, StoreError> {
        Ok(alerts.into_iter().map(|id| (id, Acted::Unknown)).collect())
    }

    async fn act_on_incident(
        &self,
        _: IncidentId,
        _: IncidentAction,
        _: String,
    ) -> Result<Option<Incident>, StoreError> {
        Ok(None)
    }

    async fn similar_incidents(
        &self,
        _: IncidentId,
        limit: usize,
    ) -> Result<Option<Vec<SimilarIncident>>, StoreError> {
        Ok(Some(
            self.similar.lock().iter().take(limit).cloned().collect(),
        ))
    }

    fn silences(&self) -> Vec<Silence> {
        self.silences.lock().clone()
    }

    async fn silence(&self, silence: Silence) -> Result<(), StoreError> {
        self.silences.lock().push(silence);
        Ok(())
    }

    fn listen(&self) -> Box<dyn AlertListener> {
        Box::new(Listener(self.news.subscribe()))
    }
}

struct Listener(broadcast::Receiver<Arc<AlertChange>>);

#[async_trait]
impl AlertListener for Listener {
    async fn next(&mut self) -> Option<Heard> {
        match self.0.recv().await {
            Ok(change) => Some(Heard::Change(change)),
            Err(RecvError::Lagged(missed)) => Some(Heard::Missed(missed)),
            Err(RecvError::Closed) => None,
        }
    }
}
