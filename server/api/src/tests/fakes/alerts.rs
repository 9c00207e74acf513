//! Alerts, incidents, silences and rules in memory, and a desk that does what it is told.

use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::Severity;
use tocsin_domain::TemplateId;
use tocsin_domain::alert::{
    Alert, AlertAction, AlertChange, AlertEvent, AlertEventKind, AlertId, AlertKind, AlertRule,
    AlertSeverity, AlertStatus, Evidence, Incident, IncidentId, IncidentStatus, LabelSet, Silence,
    SilenceId,
};
use tocsin_domain::classification::{Classification, ClassificationRule};
use tocsin_domain::ports::{
    Acted, AlertCommit, AlertCounts, AlertDesk, AlertFilter, AlertListener, AlertRules, AlertStore,
    Classifier, Evaluation, Heard, IncidentAction, IncidentSubjects, ReplayedAlert, ResponseTimes,
    RuleExplanation, RuleReplay, RuleState, RuleVerdict, SimilarIncident, StoreError,
};
use tokio::sync::mpsc;

use super::{Fakes, NOW, lock};

/// An alert that began so many minutes ago.
pub(crate) fn alert(rule: &str, host: &str, minutes_ago: i64) -> Alert {
    let labels = LabelSet::new([("alertname", rule), ("host", host), ("team", "db")]);
    let starts_ms = NOW.millis() - minutes_ago * 60_000;
    let fingerprint = labels.fingerprint();
    Alert {
        id: AlertId::of(fingerprint, starts_ms),
        fingerprint,
        kind: AlertKind::Realtime,
        severity: AlertSeverity::High,
        status: AlertStatus::New,
        title: format!("Disk of {host} is full"),
        rule: rule.into(),
        labels,
        annotations: LabelSet::new([("runbook_url", "https://runbooks/disk")]),
        starts_ms,
        ends_ms: None,
        last_ms: starts_ms + 1000,
        count: 3,
        confidence: 0.75,
        failure_type: Some("disk_full".into()),
        evidence: vec![Evidence::Metric {
            query: "disk_used".into(),
            from_ms: starts_ms,
            to_ms: starts_ms + 60_000,
            value: f64::INFINITY,
        }],
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

/// What the fakes of this file hold.
#[derive(Default)]
pub(crate) struct AlertFakes {
    pub(crate) alerts: Vec<Alert>,
    pub(crate) events: Vec<AlertEvent>,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) acted: Vec<(IncidentId, IncidentAction)>,
    /// Who did something with alerts.
    pub(crate) acted_by: Vec<String>,
    pub(crate) silences: Vec<Silence>,
    pub(crate) rules: Vec<AlertRule>,
    pub(crate) catalogue: Vec<ClassificationRule>,
    pub(crate) listeners: Vec<mpsc::Sender<Heard>>,
}

impl Fakes {
    /// Adds an alert with its first event; nobody hears of it.
    pub(crate) fn keep(&self, mut alert: Alert) -> AlertId {
        let mut all = lock(&self.alerting);
        let seq = all.events.len() as u64 + 1;
        alert.seq = seq;
        let event = AlertEvent {
            seq,
            alert: alert.id,
            at_ms: alert.starts_ms,
            actor: "system".into(),
            kind: AlertEventKind::Fired,
        };
        let id = alert.id;
        all.events.push(event);
        all.alerts.retain(|one| one.id != id);
        all.alerts.push(alert);
        id
    }

    /// Tells everyone of the event of this number.
    pub(crate) fn tell(&self, seq: u64) -> Arc<AlertChange> {
        let all = lock(&self.alerting);
        let event = all.events[seq as usize - 1].clone();
        let alert = all.alerts.iter().find(|one| one.id == event.alert);
        let change = Arc::new(AlertChange::new(event, Arc::new(alert.unwrap().clone())));
        for listener in &all.listeners {
            // Those who left do not matter.
            let _ = listener.try_send(Heard::Change(change.clone()));
        }
        change
    }

    pub(crate) fn say_missed(&self, count: u64) {
        for listener in &lock(&self.alerting).listeners {
            let _ = listener.try_send(Heard::Missed(count));
        }
    }

    fn works(&self) -> Result<(), StoreError> {
        match *lock(&self.is_broken) {
            true => Err(StoreError::Unavailable("no space left on device".into())),
            false => Ok(()),
        }
    }
}

fn selects(filter: &AlertFilter, alert: &Alert) -> bool {
    let text = format!("{} {}", alert.title, alert.labels).to_lowercase();
    let words = filter.text.as_deref().unwrap_or_default().to_lowercase();
    let assignee = alert.assignee.as_deref().unwrap_or_default();
    crate::wire::alert_filter::passes(filter, alert)
        && words.split_whitespace().all(|word| text.contains(word))
        && filter.rule.as_ref().is_none_or(|rule| *rule == alert.rule)
        && (filter.failure_type.is_none() || filter.failure_type == alert.failure_type)
        && (filter.incident.is_none() || filter.incident == alert.incident)
        && filter
            .assignee
            .as_deref()
            .is_none_or(|name| name == assignee)
        && filter
            .is_firing
            .is_none_or(|firing| firing == alert.is_firing())
        && filter.from_ms.is_none_or(|from| alert.starts_ms >= from)
        && filter.to_ms.is_none_or(|to| alert.starts_ms < to)
}

#[async_trait]
impl AlertStore for Fakes {
    async fn commit(&self, _: AlertCommit) -> Result<u64, StoreError> {
        Ok(0)
    }
    async fn recent_alerts(&self, _: i64) -> Result<Vec<Alert>, StoreError> {
        Ok(Vec::new())
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
        self.works()?;
        let mut found = lock(&self.alerting).alerts.clone();
        found.retain(|alert| selects(filter, alert));
        found.retain(|alert| before.is_none_or(|before| alert.id < before));
        found.sort_by_key(|alert| std::cmp::Reverse(alert.id));
        found.truncate(limit);
        Ok(found)
    }
    async fn alert(&self, id: AlertId) -> Result<Option<Alert>, StoreError> {
        let all = lock(&self.alerting);
        Ok(all.alerts.iter().find(|alert| alert.id == id).cloned())
    }
    async fn alert_counts(&self) -> Result<AlertCounts, StoreError> {
        let mut counts = AlertCounts::default();
        for alert in &lock(&self.alerting).alerts {
            counts.statuses[alert.status as usize] += 1;
            counts.severities[alert.severity as usize] += 1;
            counts.firing += u64::from(alert.is_firing());
        }
        Ok(counts)
    }
    async fn response_times(&self, from_ms: i64, to_ms: i64) -> Result<ResponseTimes, StoreError> {
        Ok(ResponseTimes {
            mtta_ms: Some((to_ms - from_ms) as f64),
            mttr_ms: None,
            acknowledged: 1,
            resolved: 0,
        })
    }
    async fn events_after(&self, after: u64, limit: usize) -> Result<Vec<AlertEvent>, StoreError> {
        self.works()?;
        let all = lock(&self.alerting);
        let later = all.events.iter().filter(|event| event.seq > after);
        Ok(later.take(limit).cloned().collect())
    }
    async fn events_of(&self, id: AlertId, _: usize) -> Result<Vec<AlertEvent>, StoreError> {
        let all = lock(&self.alerting);
        let own = all.events.iter().filter(|event| event.alert == id);
        Ok(own.cloned().collect())
    }
    async fn last_seq(&self) -> Result<u64, StoreError> {
        self.works()?;
        Ok(lock(&self.alerting).events.len() as u64)
    }
    async fn incidents(
        &self,
        statuses: &[IncidentStatus],
        before: Option<IncidentId>,
        limit: usize,
    ) -> Result<Vec<Incident>, StoreError> {
        let mut found = lock(&self.alerting).incidents.clone();
        found.retain(|one| statuses.is_empty() || statuses.contains(&one.status));
        found.retain(|one| before.is_none_or(|before| one.id < before));
        found.sort_by_key(|one| std::cmp::Reverse(one.id));
        found.truncate(limit);
        Ok(found)
    }
    async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        let all = lock(&self.alerting);
        Ok(all.incidents.iter().find(|one| one.id == id).cloned())
    }
    async fn incident_subjects(
        &self,
        _: IncidentId,
        _: usize,
    ) -> Result<Vec<IncidentSubjects>, StoreError> {
        Ok(Vec::new())
    }
    async fn silences(&self, _: i64) -> Result<Vec<Silence>, StoreError> {
        Ok(lock(&self.alerting).silences.clone())
    }
    async fn put_silence(&self, _: Silence) -> Result<(), StoreError> {
        Ok(())
    }
    async fn silence(&self, id: SilenceId) -> Result<Option<Silence>, StoreError> {
        let all = lock(&self.alerting);
        Ok(all.silences.iter().find(|one| one.id == id).cloned())
    }
}

fn acted(alert: &mut Alert, action: &AlertAction) -> Acted {
    match action {
        AlertAction::Acknowledge if alert.status == AlertStatus::Resolved => {
            return Acted::Refused("it is resolved already".into());
        }
        AlertAction::Acknowledge => alert.status = AlertStatus::Acknowledged,
        AlertAction::Start => alert.status = AlertStatus::InProgress,
        AlertAction::Assign(assignee) => alert.assignee.clone_from(assignee),
        AlertAction::Snooze(until_ms) => alert.snoozed_until_ms = *until_ms,
        AlertAction::Escalate(severity) => alert.severity = *severity,
        AlertAction::Resolve => alert.status = AlertStatus::Resolved,
        AlertAction::Comment(_) => {}
    }
    Acted::Done(Box::new(alert.clone()))
}

#[async_trait]
impl AlertDesk for Fakes {
    async fn act(
        &self,
        alerts: Vec<AlertId>,
        action: AlertAction,
        actor: String,
    ) -> Result<Vec<(AlertId, Acted)>, StoreError> {
        let mut all = lock(&self.alerting);
        all.acted_by.push(actor);
        let mut act = |id: AlertId| {
            let alert = all.alerts.iter_mut().find(|alert| alert.id == id);
            (
                id,
                alert.map_or(Acted::Unknown, |alert| acted(alert, &action)),
            )
        };
        Ok(alerts.into_iter().map(&mut act).collect())
    }

    async fn act_on_incident(
        &self,
        id: IncidentId,
        action: IncidentAction,
        _: String,
    ) -> Result<Option<Incident>, StoreError> {
        let mut all = lock(&self.alerting);
        all.acted.push((id, action.clone()));
        let Some(incident) = all.incidents.iter_mut().find(|one| one.id == id) else {
            return Ok(None);
        };
        match action {
            IncidentAction::Retitle(title) => incident.title = title,
            IncidentAction::SetStatus(status) => incident.status = status,
            IncidentAction::Pin(is_pinned) => incident.is_pinned = is_pinned,
            IncidentAction::Split(_) => {
                return Err(StoreError::Invalid("these are all its alerts".into()));
            }
            IncidentAction::Add(ids) => incident.alerts += ids.len() as u64,
            IncidentAction::Merge(_) => {}
        }
        Ok(Some(incident.clone()))
    }

    async fn similar_incidents(
        &self,
        id: IncidentId,
        limit: usize,
    ) -> Result<Option<Vec<SimilarIncident>>, StoreError> {
        let all = lock(&self.alerting);
        if !all.incidents.iter().any(|one| one.id == id) {
            return Ok(None);
        }
        let past = all.incidents.iter().filter(|one| one.id < id);
        let similar = past.take(limit).map(|incident| SimilarIncident {
            incident: incident.clone(),
            score: 0.75,
            because: "both have host db-1".into(),
        });
        Ok(Some(similar.collect()))
    }

    fn silences(&self) -> Vec<Silence> {
        let mut open = lock(&self.alerting).silences.clone();
        open.retain(|silence| silence.expired_ms.is_none());
        open
    }

    async fn silence(&self, silence: Silence) -> Result<(), StoreError> {
        let mut all = lock(&self.alerting);
        all.silences.retain(|one| one.id != silence.id);
        all.silences.push(silence);
        Ok(())
    }

    fn listen(&self) -> Box<dyn AlertListener> {
        let (sender, receiver) = mpsc::channel(8192);
        lock(&self.alerting).listeners.push(sender);
        Box::new(Listener(receiver))
    }
}

struct Listener(mpsc::Receiver<Heard>);

#[async_trait]
impl AlertListener for Listener {
    async fn next(&mut self) -> Option<Heard> {
        self.0.recv().await
    }
}

#[async_trait]
impl AlertRules for Fakes {
    fn rules(&self) -> Vec<AlertRule> {
        lock(&self.alerting).rules.clone()
    }

    async fn put(&self, mut rule: AlertRule) -> Result<AlertRule, StoreError> {
        if rule.condition.as_deref() == Some("(") {
            return Err(StoreError::Invalid(
                "expected `when` in CEL: no end at 1".into(),
            ));
        }
        let mut all = lock(&self.alerting);
        if let Some(before) = all.rules.iter().find(|one| one.id == rule.id) {
            rule.version = before.version + 1;
        }
        all.rules.retain(|one| one.id != rule.id);
        all.rules.push(rule.clone());
        Ok(rule)
    }

    async fn delete(&self, id: &str) -> Result<bool, StoreError> {
        let mut all = lock(&self.alerting);
        let before = all.rules.len();
        all.rules.retain(|one| one.id != id);
        Ok(all.rules.len() < before)
    }

    async fn replay(
        &self,
        rule: AlertRule,
        (from, to): (i64, i64),
    ) -> Result<RuleReplay, StoreError> {
        let alert = ReplayedAlert {
            starts_ms: from,
            ends_ms: Some(to),
            labels: LabelSet::new([("alertname", rule.id.as_str())]),
            count: 2,
            title: "Too many".into(),
        };
        Ok(RuleReplay {
            alerts: vec![alert],
            looked_at: 100,
            held: 7,
            cut: None,
        })
    }

    async fn explain(&self, id: &str, at_ms: i64) -> Result<Option<RuleExplanation>, StoreError> {
        if !lock(&self.alerting).rules.iter().any(|rule| rule.id == id) {
            return Ok(None);
        }
        let labels = LabelSet::new([("host", "web-1")]);
        Ok(Some(RuleExplanation {
            evaluation: Evaluation::Pending,
            at_ms,
            groups: vec![(labels, Evaluation::Pending, "3 of 5 lines".into())],
            detail: "it held, but not often enough".into(),
            suppressed_by: Vec::new(),
        }))
    }
}

#[async_trait]
impl Classifier for Fakes {
    fn classify(&self, _: TemplateId, _: &str, _: Severity) -> Option<Classification> {
        None
    }

    fn generation(&self) -> u64 {
        0
    }

    fn test(&self, line: &str, severity: Severity) -> (Vec<RuleVerdict>, Option<Classification>) {
        let all = lock(&self.alerting);
        let verdict = |rule: &ClassificationRule| {
            let start = line.find(&rule.pattern)?;
            Some(RuleVerdict {
                rule: rule.id.clone(),
                found: (start, start + rule.pattern.len()),
                is_enabled: rule.is_enabled,
            })
        };
        let verdicts: Vec<RuleVerdict> = all.catalogue.iter().filter_map(verdict).collect();
        let classification = (severity == Severity::ERROR).then(|| Classification {
            failure_type: "disk_full".into(),
            severity: AlertSeverity::High,
            confidence: 0.9,
            because: "the rule says so".into(),
        });
        (verdicts, classification)
    }

    fn rules(&self) -> Vec<ClassificationRule> {
        lock(&self.alerting).catalogue.clone()
    }

    async fn put(&self, rule: ClassificationRule) -> Result<ClassificationRule, StoreError> {
        if rule.pattern == "(" {
            return Err(StoreError::Invalid("expected `pattern` as a regex".into()));
        }
        let mut all = lock(&self.alerting);
        all.catalogue.retain(|one| one.id != rule.id);
        all.catalogue.push(rule.clone());
        Ok(rule)
    }

    async fn delete(&self, id: &str) -> Result<bool, StoreError> {
        let mut all = lock(&self.alerting);
        let before = all.catalogue.len();
        all.catalogue.retain(|one| one.id != id);
        Ok(all.catalogue.len() < before)
    }
}
