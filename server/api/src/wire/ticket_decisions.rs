//! Decisions about tickets: what was decided about an alert, and why.

use serde::{Deserialize, Serialize};
use tocsin_domain::Timestamp;
use tocsin_domain::alert::{AlertId, AlertSeverity};
use tocsin_domain::ports::DecisionFilter;
use tocsin_domain::ticket::{Decision, DecisionAction, NewDecision, TicketId};
use utoipa::{IntoParams, ToSchema};

use super::alert_filter::{SEVERITIES, names, uuid};
use super::series::{at, finite};
use super::tickets::own;
use super::time;
use crate::errors::ApiError;

/// Which decisions. Lists are separated by commas.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DecisionParams {
    /// Only these: create, update, reopen, resolve, skip, hold.
    pub(crate) action: Option<String>,
    /// Only about alerts that are critical, high, medium, low.
    pub(crate) severity: Option<String>,
    /// Only those about this alert.
    pub(crate) alert: Option<String>,
    /// Only those about this ticket.
    pub(crate) ticket: Option<String>,
    /// What the title or the reason must contain, case ignored.
    pub(crate) q: Option<String>,
    /// Those made at this time or later. Default: no bound.
    pub(crate) from: Option<String>,
    /// Those made before this time. Default: no bound.
    pub(crate) to: Option<String>,
}

impl DecisionParams {
    pub(crate) fn read(&self, now: Timestamp) -> Result<DecisionFilter, ApiError> {
        let instant = |field: &str, text: &Option<String>| match text.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => time::parse(field, text, now).map(|at| Some(at.millis())),
        };
        let (from_ms, to_ms) = (instant("from", &self.from)?, instant("to", &self.to)?);
        if from_ms.zip(to_ms).is_some_and(|(from, to)| from > to) {
            let detail = "`to` is before `from`";
            return Err(ApiError::field("to", "a time not before `from`", detail));
        }
        let actions = "create, update, reopen, resolve, skip or hold";
        let severities = &self.severity;
        let alert = own(&self.alert).map(|id| uuid("alert", &id)).transpose()?;
        let ticket = own(&self.ticket)
            .map(|id| uuid("ticket", &id))
            .transpose()?;
        Ok(DecisionFilter {
            actions: names("action", &self.action, actions, DecisionAction::from_name)?,
            severities: names("severity", severities, SEVERITIES, AlertSeverity::from_name)?,
            alert: alert.map(AlertId),
            ticket: ticket.map(TicketId),
            text: own(&self.q),
            from_ms,
            to_ms,
        })
    }
}

/// One page of decisions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionAnswer {
    /// The decisions, newest first.
    pub(crate) items: Vec<DecisionItem>,
    /// Where the next page begins; null if this is the last.
    pub(crate) next_cursor: Option<String>,
}

/// A decision as it is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionItem {
    /// Its number: later ones are larger.
    pub(crate) id: u64,
    /// What the tracker calls the ticket that it is about; null if there is none, or not yet.
    pub(crate) ticket_key: Option<String>,
    /// What was decided.
    #[serde(flatten)]
    pub(crate) decided: DecidedItem,
}

impl DecisionItem {
    /// A decision about a ticket of which the tracker's key is known.
    pub(crate) fn new(decision: &Decision, ticket_key: Option<String>) -> Self {
        Self {
            id: decision.id.0,
            ticket_key,
            decided: (&decision.decided).into(),
        }
    }
}

/// What was, or would be, decided about an alert.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecidedItem {
    /// The id of the alert.
    pub(crate) alert: String,
    /// What happened to it: fired, returned, escalated, cleared and so on.
    pub(crate) event: String,
    /// When it was decided.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// When what is held is looked at again; null for all others.
    #[schema(format = DateTime)]
    pub(crate) due_at: Option<String>,
    /// create, update, reopen, resolve, skip or hold.
    pub(crate) action: &'static str,
    /// Why, as a sentence.
    pub(crate) reason: String,
    /// The alert's title.
    pub(crate) title: String,
    /// The alert's rule.
    pub(crate) rule: String,
    /// The alert's type of failure.
    pub(crate) failure_type: Option<String>,
    /// How bad the alert was: critical, high, medium or low.
    pub(crate) severity: &'static str,
    /// How sure it was, 0 to 1.
    pub(crate) confidence: Option<f64>,
    /// How sure it had to be, 0 to 1; 2 for never.
    pub(crate) threshold: Option<f64>,
    /// The id of the ticket that it is about; null if there is none.
    pub(crate) ticket: Option<String>,
}

impl From<&NewDecision> for DecidedItem {
    fn from(decided: &NewDecision) -> Self {
        Self {
            alert: decided.alert.to_string(),
            event: decided.event.clone(),
            at: at(decided.at_ms),
            due_at: decided.due_ms.map(at),
            action: decided.action.name(),
            reason: decided.reason.clone(),
            title: decided.title.clone(),
            rule: decided.rule.clone(),
            failure_type: decided.failure_type.clone(),
            severity: decided.severity.name(),
            confidence: finite(decided.confidence),
            threshold: finite(decided.threshold),
            ticket: decided.ticket.map(|id| id.to_string()),
        }
    }
}
