//! What happens to alerts, numbered, so that a reader can go on where it stopped.

use std::sync::{Arc, OnceLock};

use super::id::{AlertId, IncidentId};
use super::lifecycle::{Alert, AlertSeverity};

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum AlertEventKind {
    /// It began.
    Fired,
    /// It fired again; told at most once a second.
    Repeated,
    /// It ended.
    Cleared,
    /// It came back after it had ended.
    Returned,
    /// It comes and goes: its ends are held back.
    Flapping,
    /// It stopped to come and go.
    Steadied,
    /// Someone has seen it.
    Acknowledged,
    /// Someone works on it.
    Started,
    /// Someone has it now; none: nobody.
    Assigned(Option<String>),
    /// It was put off until a time, in ms; none: no longer.
    Snoozed(Option<i64>),
    /// It was made more, or less, severe.
    Escalated {
        /// Before.
        from: AlertSeverity,
        /// After.
        to: AlertSeverity,
    },
    /// Someone said that it is done.
    Resolved,
    /// Someone wrote something.
    Commented(String),
    /// It was joined to an incident.
    Joined {
        /// The incident.
        incident: IncidentId,
        /// Why.
        because: String,
    },
    /// It was taken out of an incident.
    Left(IncidentId),
}

impl AlertEventKind {
    /// The name in API and page.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Repeated => "repeated",
            Self::Cleared => "cleared",
            Self::Returned => "returned",
            Self::Flapping => "flapping",
            Self::Steadied => "steadied",
            Self::Acknowledged => "acknowledged",
            Self::Started => "started",
            Self::Assigned(_) => "assigned",
            Self::Snoozed(_) => "snoozed",
            Self::Escalated { .. } => "escalated",
            Self::Resolved => "resolved",
            Self::Commented(_) => "commented",
            Self::Joined { .. } => "joined",
            Self::Left(_) => "left",
        }
    }
}

/// Something that happened to an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertEvent {
    /// Its number: later ones are larger. 0 before the store gave it one.
    pub seq: u64,
    /// The alert.
    pub alert: AlertId,
    /// When, in ms.
    pub at_ms: i64,
    /// Who: a user, `anonymous`, or `system`.
    pub actor: String,
    /// What.
    pub kind: AlertEventKind,
}

/// An event with the alert as it was after it; what live readers get.
#[derive(Debug)]
pub struct AlertChange {
    /// What happened.
    pub event: AlertEvent,
    /// The alert after it.
    pub alert: Arc<Alert>,
    /// The change as text, written once by the first who sends it.
    pub frame: OnceLock<Arc<str>>,
}

impl AlertChange {
    /// A change that nobody sent yet.
    #[must_use]
    pub fn new(event: AlertEvent, alert: Arc<Alert>) -> Self {
        Self {
            event,
            alert,
            frame: OnceLock::new(),
        }
    }
}
