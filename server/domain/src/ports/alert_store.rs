//! The store of alerts: alerts, what happened to them, incidents, and how far each origin of
//! signals was taken, so that nothing is told twice.

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::alert::{
    Alert, AlertEvent, AlertId, AlertKind, AlertSeverity, AlertStatus, Incident, IncidentId,
    IncidentStatus, LabelSet, Silence, SilenceId,
};
use crate::metric::Matcher;

/// Which alerts are meant. Everything that is given must hold; an empty list is not given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlertFilter {
    /// Of one of these statuses.
    pub statuses: Vec<AlertStatus>,
    /// Of one of these severities.
    pub severities: Vec<AlertSeverity>,
    /// Of one of these kinds.
    pub kinds: Vec<AlertKind>,
    /// Whose labels satisfy all of these.
    pub matchers: Vec<Matcher>,
    /// Whose title or labels contain all these words, case ignored.
    pub text: Option<String>,
    /// Of a rule.
    pub rule: Option<String>,
    /// Of a type of failure.
    pub failure_type: Option<String>,
    /// Of an incident.
    pub incident: Option<IncidentId>,
    /// Of a person; an empty name: of nobody.
    pub assignee: Option<String>,
    /// That fire, or that do not.
    pub is_firing: Option<bool>,
    /// That began at this time or later, in ms.
    pub from_ms: Option<i64>,
    /// That began before this time, in ms.
    pub to_ms: Option<i64>,
}

/// How many alerts there are, by status and by severity, in the order of their `ALL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AlertCounts {
    /// By status.
    pub statuses: [u64; 4],
    /// By severity, of those that are not resolved.
    pub severities: [u64; 4],
    /// Those that fire.
    pub firing: u64,
}

/// How quickly people were, over the alerts that began within a time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ResponseTimes {
    /// Mean time to acknowledge, in ms; none if none was acknowledged.
    pub mtta_ms: Option<f64>,
    /// Mean time to resolve, in ms; none if none was resolved.
    pub mttr_ms: Option<f64>,
    /// How many were acknowledged.
    pub acknowledged: u64,
    /// How many were resolved.
    pub resolved: u64,
}

/// What the alerts of an incident are about, each said once.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentSubjects {
    /// The incident.
    pub incident: Incident,
    /// At most [`Self::SUBJECTS_MAX`].
    pub subjects: Vec<AlertSubject>,
}

impl IncidentSubjects {
    /// The most subjects that are told of an incident.
    pub const SUBJECTS_MAX: usize = 100;
}

/// What an alert is about, whenever it fires.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertSubject {
    /// The rule that found it.
    pub rule: String,
    /// The type of failure, if one was recognised.
    pub failure_type: Option<String>,
    /// Its title.
    pub title: String,
    /// Its labels.
    pub labels: LabelSet,
}

/// Something that the writer of alerts remembers between runs: which windows are how full, since
/// when a condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleState {
    /// The rule's id.
    pub rule: String,
    /// The fingerprint of the labels that it is of.
    pub group: u64,
    /// Its bytes; none: it is to be forgotten.
    pub state: Option<Vec<u8>>,
}

/// What one step of the writer changes, all of it or nothing.
#[derive(Debug, Clone, Default)]
pub struct AlertCommit {
    /// Alerts, each in place of the one with its id.
    pub alerts: Vec<Alert>,
    /// What happened to them, in order. Their numbers are given by the store.
    pub events: Vec<AlertEvent>,
    /// Incidents, each in place of the one with its id.
    pub incidents: Vec<Incident>,
    /// What rules remember.
    pub states: Vec<RuleState>,
    /// How far each origin was taken: its name and position.
    pub taken: Vec<(String, u64)>,
}

/// Alerts and what happened to them. One writer, any number of readers.
#[async_trait]
pub trait AlertStore: Send + Sync {
    /// Keeps what a step changed, and gives the number of the first event (without events: that
    /// of the next); the others follow without a gap. An alert with events in the commit gets the
    /// number of its newest as its `seq`. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was kept then.
    async fn commit(&self, commit: AlertCommit) -> Result<u64, StoreError>;

    /// Alerts that are not resolved, and those that ended at `since_ms` or later.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn recent_alerts(&self, since_ms: i64) -> Result<Vec<Alert>, StoreError>;

    /// How far each origin was taken.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn taken(&self) -> Result<Vec<(String, u64)>, StoreError>;

    /// What rules remember.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn rule_states(&self) -> Result<Vec<RuleState>, StoreError>;

    /// Forgets resolved alerts that ended before a time, in ms, with their events, and incidents
    /// without alerts. Returns how many alerts went.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn forget_alerts(&self, before_ms: i64) -> Result<u64, StoreError>;

    /// One page: the newest first by id, those with an id below `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn alerts(
        &self,
        filter: &AlertFilter,
        before: Option<AlertId>,
        limit: usize,
    ) -> Result<Vec<Alert>, StoreError>;

    /// One alert.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn alert(&self, id: AlertId) -> Result<Option<Alert>, StoreError>;

    /// How many there are.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn alert_counts(&self) -> Result<AlertCounts, StoreError>;

    /// How quickly people were with alerts that began within `[from_ms, to_ms)`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn response_times(&self, from_ms: i64, to_ms: i64) -> Result<ResponseTimes, StoreError>;

    /// Events with a number above `after`, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn events_after(&self, after: u64, limit: usize) -> Result<Vec<AlertEvent>, StoreError>;

    /// Everything that happened to an alert, in order, the newest `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn events_of(&self, alert: AlertId, limit: usize) -> Result<Vec<AlertEvent>, StoreError>;

    /// The number of the newest event; 0 if there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn last_seq(&self) -> Result<u64, StoreError>;

    /// One page of incidents, newest first, of one of `statuses` (none: of all), with an id below
    /// `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn incidents(
        &self,
        statuses: &[IncidentStatus],
        before: Option<IncidentId>,
        limit: usize,
    ) -> Result<Vec<Incident>, StoreError>;

    /// One incident.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError>;

    /// The newest incidents with an id of at most `through`, newest first, with what they are about.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn incident_subjects(
        &self,
        through: IncidentId,
        limit: usize,
    ) -> Result<Vec<IncidentSubjects>, StoreError>;

    /// All silences that have not ended before `since_ms`, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn silences(&self, since_ms: i64) -> Result<Vec<Silence>, StoreError>;

    /// Keeps a silence in place of the one with its id. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn put_silence(&self, silence: Silence) -> Result<(), StoreError>;

    /// One silence.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn silence(&self, id: SilenceId) -> Result<Option<Silence>, StoreError>;
}
