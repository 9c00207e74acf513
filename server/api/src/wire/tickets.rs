//! Tickets: what they look like, what was said on them, and what trackers are to be told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tocsin_domain::alert::{AlertId, AlertSeverity};
use tocsin_domain::ports::TicketFilter;
use tocsin_domain::ticket::{Ticket, TicketComment, TicketStatus, TicketTask, TrackerKind};
use utoipa::{IntoParams, ToSchema};

use super::alert_filter::{SEVERITIES, named, names, uuid};
use super::alerts::labels;
use super::series::at;
use super::ticket_decisions::DecisionItem;
use crate::errors::ApiError;

/// Which tickets. Lists are separated by commas.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TicketParams {
    /// Only these: open, resolved.
    pub(crate) status: Option<String>,
    /// Only these: critical, high, medium, low.
    pub(crate) severity: Option<String>,
    /// Only those of one tracker: built_in, jira, servicenow or github.
    pub(crate) tracker: Option<String>,
    /// Only those about this alert, or about others with its fingerprint.
    pub(crate) alert: Option<String>,
    /// What the title or the key must contain, case ignored.
    pub(crate) q: Option<String>,
}

impl TicketParams {
    pub(crate) fn read(&self) -> Result<TicketFilter, ApiError> {
        let status = "open or resolved";
        let tracker = "built_in, jira, servicenow or github";
        let alert = own(&self.alert).map(|id| uuid("alert", &id)).transpose()?;
        let one = own(&self.tracker);
        let one = one.map(|name| named("tracker", &name, tracker, TrackerKind::from_name));
        let severities = &self.severity;
        Ok(TicketFilter {
            statuses: names("status", &self.status, status, TicketStatus::from_name)?,
            severities: names("severity", severities, SEVERITIES, AlertSeverity::from_name)?,
            tracker: one.transpose()?,
            alert: alert.map(AlertId),
            text: own(&self.q),
        })
    }
}

/// A parameter that says something.
pub(crate) fn own(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.trim().is_empty())
}

/// One page of tickets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TicketAnswer {
    /// The tickets, newest first.
    pub(crate) items: Vec<TicketItem>,
    /// Where the next page begins; null if this is the last.
    pub(crate) next_cursor: Option<String>,
}

/// A ticket about everything with one fingerprint.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TicketItem {
    /// A UUIDv7.
    pub(crate) id: String,
    /// What the tracker calls it, such as `OPS-17` or `T-3`; null until it has it, and once it has
    /// it no longer.
    pub(crate) key: Option<String>,
    /// Where the tracker shows it; null if it has no address.
    pub(crate) url: Option<String>,
    /// built_in, jira, servicenow or github.
    pub(crate) tracker: &'static str,
    /// open or resolved, as decided here; the tracker follows.
    pub(crate) status: &'static str,
    /// critical, high, medium or low.
    pub(crate) severity: &'static str,
    /// A line that says it all.
    pub(crate) title: String,
    /// The id of the rule that found its alert.
    pub(crate) rule: String,
    /// The type of failure, if one was recognised.
    pub(crate) failure_type: Option<String>,
    /// The labels of its alert.
    pub(crate) labels: BTreeMap<String, String>,
    /// The id of the newest alert it is about.
    pub(crate) alert: String,
    /// The fingerprint of its alerts, 16 hexadecimal digits.
    pub(crate) fingerprint: String,
    /// How often its alert was told to it.
    pub(crate) occurrences: u32,
    /// When it was opened.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When something was last decided about it.
    #[schema(format = DateTime)]
    pub(crate) updated_at: String,
    /// When it was resolved; null while it is open.
    #[schema(format = DateTime)]
    pub(crate) resolved_at: Option<String>,
}

impl From<&Ticket> for TicketItem {
    fn from(ticket: &Ticket) -> Self {
        let reference = ticket.reference.as_ref();
        // One that the tracker has no longer has neither.
        let key = reference.map(|reference| reference.key.clone());
        let url = reference.map(|reference| reference.url.clone());
        Self {
            id: ticket.id.to_string(),
            key: key.filter(|key| !key.is_empty()),
            url: url.filter(|url| !url.is_empty()),
            tracker: ticket.tracker.name(),
            status: ticket.status.name(),
            severity: ticket.severity.name(),
            title: ticket.title.clone(),
            rule: ticket.rule.clone(),
            failure_type: ticket.failure_type.clone(),
            labels: labels(&ticket.labels),
            alert: ticket.alert.to_string(),
            fingerprint: ticket.fingerprint.to_string(),
            occurrences: ticket.occurrences,
            created_at: at(ticket.created_ms),
            updated_at: at(ticket.updated_ms),
            resolved_at: ticket.resolved_ms.map(at),
        }
    }
}

/// A ticket with everything about it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TicketDetail {
    /// The ticket.
    #[serde(flatten)]
    pub(crate) ticket: TicketItem,
    /// What it says, as it was opened with: paragraphs apart by an empty line.
    pub(crate) description: String,
    /// What its tracker was or is to be told, in order.
    pub(crate) tasks: Vec<TicketTaskItem>,
    /// What was said on it in the built-in tracker, in order; the newest thousand.
    pub(crate) comments: Vec<TicketCommentItem>,
    /// What was decided about it, newest first; the newest hundred.
    pub(crate) decisions: Vec<DecisionItem>,
}

/// Something that a tracker was or is to be told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TicketTaskItem {
    /// Its number.
    pub(crate) id: u64,
    /// create, comment, reopen or resolve.
    pub(crate) kind: &'static str,
    /// pending, done, skipped or dead.
    pub(crate) state: &'static str,
    /// What is said.
    pub(crate) text: String,
    /// When it is to be tried (again).
    #[schema(format = DateTime)]
    pub(crate) due_at: String,
    /// How often it was tried without success.
    pub(crate) attempts: u32,
    /// Since when it is not known whether the tracker took it; null if it is known.
    #[schema(format = DateTime)]
    pub(crate) unsure_since: Option<String>,
    /// What the tracker said, or why it waits, was skipped or was given up.
    pub(crate) note: Option<String>,
    /// When it was done, skipped or given up.
    #[schema(format = DateTime)]
    pub(crate) settled_at: Option<String>,
}

impl From<&TicketTask> for TicketTaskItem {
    fn from(task: &TicketTask) -> Self {
        Self {
            id: task.id.0,
            kind: task.task.kind.name(),
            state: task.state.name(),
            text: task.task.text.clone(),
            due_at: at(task.task.due_ms),
            attempts: task.attempts,
            unsure_since: task.unsure_since_ms.map(at),
            note: task.note.clone(),
            settled_at: task.settled_ms.map(at),
        }
    }
}

/// Something that was said on a ticket.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TicketCommentItem {
    /// When.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// Who: a user, `anonymous`, or `system`.
    pub(crate) author: String,
    /// What: paragraphs apart by an empty line.
    pub(crate) text: String,
}

impl From<&TicketComment> for TicketCommentItem {
    fn from(comment: &TicketComment) -> Self {
        Self {
            at: at(comment.at_ms),
            author: comment.author.clone(),
            text: comment.text.clone(),
        }
    }
}

/// For what a ticket is opened by hand.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenTicketRequest {
    /// The id of an alert.
    pub(crate) alert: String,
}
