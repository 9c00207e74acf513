//! What was decided about an alert, and why.

use super::TicketId;
use crate::alert::{Alert, AlertId, AlertSeverity, named};

named! {
    /// What was decided.
    DecisionAction {
        /// A ticket is opened.
        Create = "create",
        /// The ticket that is open is told what is new.
        Update = "update",
        /// A ticket that was resolved not long ago is opened again.
        Reopen = "reopen",
        /// The ticket is resolved: its alert is over.
        Resolve = "resolve",
        /// Nothing is done.
        Skip = "skip",
        /// It is decided later: a silence or a person holds the alert back.
        Hold = "hold",
    }
}

/// The number of a decision: later ones are larger, and none is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DecisionId(pub u64);

/// A decision before the store gave it a number.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDecision {
    /// About which alert.
    pub alert: AlertId,
    /// The number of the event that it follows from.
    pub event_seq: u64,
    /// What happened to the alert: the name of the kind of the event.
    pub event: String,
    /// When it was decided, in ms.
    pub at_ms: i64,
    /// When a decision that is held is looked at again, in ms; none for all others.
    pub due_ms: Option<i64>,
    /// What was decided.
    pub action: DecisionAction,
    /// Why, as a sentence.
    pub reason: String,
    /// The alert's title.
    pub title: String,
    /// The alert's rule.
    pub rule: String,
    /// The alert's type of failure.
    pub failure_type: Option<String>,
    /// How bad the alert was.
    pub severity: AlertSeverity,
    /// How sure it was: `[0, 1]`.
    pub confidence: f64,
    /// How sure it had to be: `[0, 1]`.
    pub threshold: f64,
    /// The ticket that it is about; none if there is none.
    pub ticket: Option<TicketId>,
}

impl NewDecision {
    /// A decision to do nothing about an alert, to be completed.
    #[must_use]
    pub fn about(alert: &Alert, (event_seq, event): (u64, &str), at_ms: i64) -> Self {
        Self {
            alert: alert.id,
            event_seq,
            event: event.to_owned(),
            at_ms,
            due_ms: None,
            action: DecisionAction::Skip,
            reason: String::new(),
            title: alert.title.clone(),
            rule: alert.rule.clone(),
            failure_type: alert.failure_type.clone(),
            severity: alert.severity,
            confidence: alert.confidence,
            threshold: 0.0,
            ticket: None,
        }
    }
}

/// A decision as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Its number.
    pub id: DecisionId,
    /// What was decided.
    pub decided: NewDecision,
}
