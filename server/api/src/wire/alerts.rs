//! Alerts: what they look like, what happened to them, and how many there are.

use std::collections::BTreeMap;

use serde::Serialize;
use tocsin_domain::alert::{
    Alert, AlertChange, AlertEvent, AlertEventKind, AlertSeverity, AlertStatus, LabelSet, Silence,
};
use tocsin_domain::ports::{AlertCounts, ResponseTimes};
use utoipa::ToSchema;

use super::evidence::EvidenceItem;
use super::series::{at, finite};

/// A label set as an object.
pub(crate) fn labels(set: &LabelSet) -> BTreeMap<String, String> {
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    set.iter().map(own).collect()
}

/// One page of alerts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertAnswer {
    /// The alerts, newest first.
    pub(crate) items: Vec<AlertItem>,
    /// Where the next page begins; null if this is the last.
    pub(crate) next_cursor: Option<String>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertItem {
    /// A UUIDv7.
    pub(crate) id: String,
    /// The hash of its labels, 16 hexadecimal digits.
    pub(crate) fingerprint: String,
    /// realtime, anomaly or predictive.
    pub(crate) kind: &'static str,
    /// critical, high, medium or low.
    pub(crate) severity: &'static str,
    /// new, acknowledged, in_progress or resolved.
    pub(crate) status: &'static str,
    /// True while what it speaks of goes on.
    pub(crate) firing: bool,
    /// A line that says it all.
    pub(crate) title: String,
    /// The id of the rule that found it.
    pub(crate) rule: String,
    /// What identifies it; `alertname` is the rule.
    pub(crate) labels: BTreeMap<String, String>,
    /// What else there is to say.
    pub(crate) annotations: BTreeMap<String, String>,
    /// When it began.
    #[schema(format = DateTime)]
    pub(crate) starts_at: String,
    /// When it ended; null while it fires.
    #[schema(format = DateTime)]
    pub(crate) ends_at: Option<String>,
    /// When it last fired.
    #[schema(format = DateTime)]
    pub(crate) last_at: String,
    /// How often it fired.
    pub(crate) count: u64,
    /// How sure it is, 0 to 1.
    pub(crate) confidence: Option<f64>,
    /// The type of failure, if one was recognised.
    pub(crate) failure_type: Option<String>,
    /// What it rests on.
    pub(crate) evidence: Vec<EvidenceItem>,
    /// Who has it.
    pub(crate) assignee: Option<String>,
    /// Until when it is put off.
    #[schema(format = DateTime)]
    pub(crate) snoozed_until: Option<String>,
    /// True while it comes and goes so often that its ends are not believed.
    pub(crate) is_flapping: bool,
    /// When someone first acknowledged it.
    #[schema(format = DateTime)]
    pub(crate) acknowledged_at: Option<String>,
    /// When it was resolved.
    #[schema(format = DateTime)]
    pub(crate) resolved_at: Option<String>,
    /// When it came back after it had ended; the newest few.
    pub(crate) returned_at: Vec<String>,
    /// The id of the incident it belongs to.
    pub(crate) incident: Option<String>,
    /// Why it belongs there.
    pub(crate) joined_because: Option<String>,
    /// The ids of the silences that hold it back now.
    pub(crate) silenced_by: Vec<String>,
    /// The number of its newest event.
    pub(crate) seq: u64,
    /// The trace in which it opened, 32 hexadecimal digits, if traces are kept: what brought it, and
    /// what was done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trace_id: Option<String>,
}

impl AlertItem {
    /// An alert as it is at a time, in ms, under some silences.
    pub(crate) fn new(alert: &Alert, silences: &[Silence], now_ms: i64) -> Self {
        let holds = |silence: &&Silence| silence.holds(&alert.labels, now_ms);
        let silenced_by = silences.iter().filter(holds);
        Self {
            id: alert.id.to_string(),
            fingerprint: alert.fingerprint.to_string(),
            kind: alert.kind.name(),
            severity: alert.severity.name(),
            status: alert.status.name(),
            firing: alert.is_firing(),
            title: alert.title.clone(),
            rule: alert.rule.clone(),
            labels: labels(&alert.labels),
            annotations: labels(&alert.annotations),
            starts_at: at(alert.starts_ms),
            ends_at: alert.ends_ms.map(at),
            last_at: at(alert.last_ms),
            count: alert.count,
            confidence: finite(alert.confidence),
            failure_type: alert.failure_type.clone(),
            evidence: alert.evidence.iter().map(EvidenceItem::from).collect(),
            assignee: alert.assignee.clone(),
            snoozed_until: alert.snoozed_until_ms.map(at),
            is_flapping: alert.is_flapping,
            acknowledged_at: alert.acknowledged_ms.map(at),
            resolved_at: alert.resolved_ms.map(at),
            returned_at: alert.returns_ms.iter().copied().map(at).collect(),
            incident: alert.incident.map(|id| id.to_string()),
            joined_because: alert.joined_because.clone(),
            silenced_by: silenced_by.map(|silence| silence.id.to_string()).collect(),
            seq: alert.seq,
            trace_id: alert.trace.map(|trace| trace.trace_text()),
        }
    }
}

/// An alert with what happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertDetail {
    /// The alert.
    #[serde(flatten)]
    pub(crate) alert: AlertItem,
    /// What happened to it, in order; the newest thousand.
    pub(crate) events: Vec<AlertEventItem>,
}

/// Something that happened to an alert.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertEventItem {
    /// Its number: later ones are larger.
    pub(crate) seq: u64,
    /// The id of the alert.
    pub(crate) alert: String,
    /// When.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// Who: a user, `anonymous`, or `system`.
    pub(crate) actor: String,
    /// fired, repeated, cleared, returned, flapping, steadied, acknowledged, started, assigned,
    /// snoozed, escalated, resolved, commented, joined or left.
    pub(crate) kind: &'static str,
    /// Of `assigned`: who has it now; left out for nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) assignee: Option<String>,
    /// Of `snoozed`: until when; left out for no longer.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<String>,
    /// Of `escalated`: the severity before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) severity_before: Option<&'static str>,
    /// Of `escalated`: the severity after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) severity: Option<&'static str>,
    /// Of `commented`: what was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    /// Of `joined` and `left`: the id of the incident.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) incident: Option<String>,
    /// Of `joined`: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) because: Option<String>,
}

impl From<&AlertEvent> for AlertEventItem {
    fn from(event: &AlertEvent) -> Self {
        let mut item = Self {
            seq: event.seq,
            alert: event.alert.to_string(),
            at: at(event.at_ms),
            actor: event.actor.clone(),
            kind: event.kind.name(),
            assignee: None,
            until: None,
            severity_before: None,
            severity: None,
            text: None,
            incident: None,
            because: None,
        };
        match &event.kind {
            AlertEventKind::Assigned(assignee) => item.assignee.clone_from(assignee),
            AlertEventKind::Snoozed(until_ms) => item.until = until_ms.map(at),
            AlertEventKind::Escalated { from, to } => {
                item.severity_before = Some(from.name());
                item.severity = Some(to.name());
            }
            AlertEventKind::Commented(text) => item.text = Some(text.clone()),
            AlertEventKind::Joined { incident, because } => {
                item.incident = Some(incident.to_string());
                item.because = Some(because.clone());
            }
            AlertEventKind::Left(incident) => item.incident = Some(incident.to_string()),
            _ => {}
        }
        item
    }
}

/// What live readers get: `{"type":"alert","seq":…,"event":{…},"alert":{…}}`.
#[derive(Debug, Serialize)]
pub(crate) struct AlertFrame {
    r#type: &'static str,
    seq: u64,
    event: AlertEventItem,
    alert: AlertItem,
}

impl AlertFrame {
    /// A change as text.
    pub(crate) fn text(event: &AlertEvent, alert: &Alert, silences: &[Silence]) -> String {
        let frame = Self {
            r#type: "alert",
            seq: event.seq,
            event: event.into(),
            alert: AlertItem::new(alert, silences, event.at_ms),
        };
        serde_json::to_string(&frame).unwrap_or_default()
    }

    /// The text of a change, written by the first who asks and shared by all others.
    pub(crate) fn shared(
        change: &AlertChange,
        silences: impl FnOnce() -> Vec<Silence>,
    ) -> std::sync::Arc<str> {
        let write = || Self::text(&change.event, &change.alert, &silences()).into();
        change.frame.get_or_init(write).clone()
    }
}

/// How many alerts there are, and how quickly people were.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertSummary {
    /// How many there are of each status.
    pub(crate) statuses: BTreeMap<&'static str, u64>,
    /// How many there are of each severity, of those that are not resolved.
    pub(crate) severities: BTreeMap<&'static str, u64>,
    /// How many fire.
    pub(crate) firing: u64,
    /// How quickly people were with alerts that began within the time asked for.
    pub(crate) response: ResponseItem,
}

/// How quickly people were.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResponseItem {
    /// The alerts began at this time or later.
    #[schema(format = DateTime)]
    pub(crate) from: String,
    /// The alerts began before this time.
    #[schema(format = DateTime)]
    pub(crate) to: String,
    /// Mean time to acknowledge, in ms; null if none was acknowledged.
    pub(crate) mtta_ms: Option<f64>,
    /// Mean time to resolve, in ms; null if none was resolved.
    pub(crate) mttr_ms: Option<f64>,
    /// How many were acknowledged.
    pub(crate) acknowledged: u64,
    /// How many were resolved.
    pub(crate) resolved: u64,
}

impl AlertSummary {
    pub(crate) fn new(counts: &AlertCounts, times: &ResponseTimes, range_ms: (i64, i64)) -> Self {
        let statuses = AlertStatus::ALL.iter().map(|status| status.name());
        let severities = AlertSeverity::ALL.iter().map(|severity| severity.name());
        Self {
            statuses: statuses.zip(counts.statuses).collect(),
            severities: severities.zip(counts.severities).collect(),
            firing: counts.firing,
            response: ResponseItem {
                from: at(range_ms.0),
                to: at(range_ms.1),
                mtta_ms: times.mtta_ms.and_then(finite),
                mttr_ms: times.mttr_ms.and_then(finite),
                acknowledged: times.acknowledged,
                resolved: times.resolved,
            },
        }
    }
}
