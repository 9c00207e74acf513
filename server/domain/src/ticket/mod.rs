//! Tickets: what is kept in a tracker of issues about an alert, so that people can plan its work.
//!
//! Whether an alert gets one is a [`Decision`], made from how sure the alert is against the
//! threshold of its severity, and kept with its reason. What the tracker is then to be told is a
//! row of [`TicketTask`]s, written down together with the decision.

mod decision;
mod settings;
mod task;

pub use decision::{Decision, DecisionAction, DecisionId, NewDecision};
pub use settings::{SettingsError, Thresholds, TicketSettings};
pub use task::{NewTask, TaskId, TaskKind, TaskState, TicketTask};

use crate::alert::{AlertId, AlertSeverity, Fingerprint, LabelSet, named, uuid_identity};

uuid_identity! {
    /// The identity of a ticket. It follows from the alert it was first opened for, so that what is
    /// decided twice is one ticket.
    TicketId
}

impl TicketId {
    /// The id of the ticket that is opened for an alert by the event with a number.
    #[must_use]
    pub fn of(alert: AlertId, event_seq: u64, at_ms: i64) -> Self {
        let mut bytes = [0; 10];
        let name = [alert.0.to_le_bytes().as_slice(), &event_seq.to_le_bytes()].concat();
        bytes[2..].copy_from_slice(&xxhash_rust::xxh3::xxh3_64(&name).to_le_bytes());
        Self::new(at_ms, bytes)
    }
}

named! {
    /// Where tickets are kept.
    TrackerKind {
        /// In Tocsin itself: used when no other is configured.
        BuiltIn = "built_in",
        /// Jira Cloud.
        Jira = "jira",
        /// ServiceNow, in its table of incidents.
        ServiceNow = "servicenow",
        /// The issues of a repository on GitHub.
        GitHub = "github",
    }
}

named! {
    /// How far a ticket is.
    TicketStatus {
        /// It is to be worked on.
        Open = "open",
        /// Its work is done.
        Resolved = "resolved",
    }
}

/// What a tracker calls a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketRef {
    /// By which it is named: `OPS-17`, `INC0010042`, `#12`, `T-3`.
    pub key: String,
    /// By which the tracker's API finds it, where that is not the key.
    pub id: String,
    /// Where people can see it; empty if it has no address.
    pub url: String,
}

impl TicketRef {
    /// What stands in place of the reference of a ticket that the tracker has no longer.
    #[must_use]
    pub const fn gone() -> Self {
        Self {
            key: String::new(),
            id: String::new(),
            url: String::new(),
        }
    }
}

/// A ticket about everything with one fingerprint.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticket {
    /// Who it is.
    pub id: TicketId,
    /// The fingerprint of the alerts it is about.
    pub fingerprint: Fingerprint,
    /// The newest of these alerts.
    pub alert: AlertId,
    /// The id of the rule that found it.
    pub rule: String,
    /// A line that says it all.
    pub title: String,
    /// What it says, as it was opened with: paragraphs apart by an empty line.
    pub description: String,
    /// How bad the alert was when it was last told.
    pub severity: AlertSeverity,
    /// The labels of the alert.
    pub labels: LabelSet,
    /// The type of failure, if one was recognised.
    pub failure_type: Option<String>,
    /// How far it is, as decided here; the tracker follows.
    pub status: TicketStatus,
    /// Where it is kept.
    pub tracker: TrackerKind,
    /// What the tracker calls it; none until it has it.
    pub reference: Option<TicketRef>,
    /// When it was opened, in ms.
    pub created_ms: i64,
    /// When something was last decided about it, in ms.
    pub updated_ms: i64,
    /// When it was resolved, in ms; none while it is open.
    pub resolved_ms: Option<i64>,
    /// How often its alert was told to it: 1 when it is opened.
    pub occurrences: u32,
}

impl Ticket {
    /// The label by which it is found in the tracker whatever happens to us: the same for every
    /// ticket of a fingerprint.
    #[must_use]
    pub fn fingerprint_label(&self) -> String {
        format!("tocsin-{}", self.fingerprint)
    }

    /// Whether the tracker has it no longer: nothing is told to it, and it is not opened again.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.reference
            .as_ref()
            .is_some_and(|one| one.key.is_empty())
    }

    /// The label by which this very ticket is found, and not an older one about the same.
    #[must_use]
    pub fn own_label(&self) -> String {
        format!("tocsin-{:032x}", self.id.0)
    }
}

/// Something that was said on a ticket of the built-in tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketComment {
    /// Of which ticket.
    pub ticket: TicketId,
    /// When, in ms.
    pub at_ms: i64,
    /// Who: a user, `anonymous`, or `system`.
    pub author: String,
    /// What: paragraphs apart by an empty line.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_decided_twice_is_one_ticket() {
        let alert = AlertId::of(Fingerprint(7), 1000);
        assert_eq!(TicketId::of(alert, 3, 5000), TicketId::of(alert, 3, 5000));
        assert_ne!(TicketId::of(alert, 3, 5000), TicketId::of(alert, 4, 5000));
        assert!(TicketId::of(alert, 9, 5000) < TicketId::of(alert, 1, 6000));
    }
}
