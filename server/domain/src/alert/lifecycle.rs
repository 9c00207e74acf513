//! An alert: what is wrong, since when, how often, and how far people are with it.

use super::evidence::Evidence;
use super::id::{AlertId, Fingerprint, IncidentId};
use super::label_set::LabelSet;
use crate::trace::TraceContext;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in API, configuration and page.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The one with a name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}
pub(crate) use named;

named! {
    /// What an alert speaks of.
    AlertKind {
        /// Something that happened: log lines, error reports, a threshold that is crossed.
        Realtime = "realtime",
        /// Something unusual.
        Anomaly = "anomaly",
        /// Something that is going to happen.
        Predictive = "predictive",
    }
}

named! {
    /// How bad it is, from the least to the worst.
    AlertSeverity {
        /// Worth knowing.
        Low = "low",
        /// Worth looking at today.
        Medium = "medium",
        /// Worth looking at now.
        High = "high",
        /// Worth waking someone.
        Critical = "critical",
    }
}

named! {
    /// How far people are with it.
    AlertStatus {
        /// Nobody took it up.
        New = "new",
        /// Someone has seen it. It holds until the alert clears.
        Acknowledged = "acknowledged",
        /// Someone works on it.
        InProgress = "in_progress",
        /// It cleared, or someone said that it is done.
        Resolved = "resolved",
    }
}

/// One thing that is wrong. Whatever fires again with the same labels while it lasts (or shortly
/// after) is counted on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Who it is.
    pub id: AlertId,
    /// The hash of its labels.
    pub fingerprint: Fingerprint,
    /// What it speaks of.
    pub kind: AlertKind,
    /// How bad it is.
    pub severity: AlertSeverity,
    /// How far people are with it.
    pub status: AlertStatus,
    /// A line that says it all.
    pub title: String,
    /// The id of the rule that found it.
    pub rule: String,
    /// What identifies it: `alertname`, what it is grouped by, and the rule's labels.
    pub labels: LabelSet,
    /// What else there is to say: `summary`, `description`, `runbook_url`, …
    pub annotations: LabelSet,
    /// When it began, in ms.
    pub starts_ms: i64,
    /// When it ended, in ms; none while it fires.
    pub ends_ms: Option<i64>,
    /// When it last fired, in ms.
    pub last_ms: i64,
    /// How often it fired.
    pub count: u64,
    /// How sure it is: `[0, 1]`.
    pub confidence: f64,
    /// The type of failure, if one was recognised.
    pub failure_type: Option<String>,
    /// What it rests on, at most [`Evidence::MAX`].
    pub evidence: Vec<Evidence>,
    /// Who has it.
    pub assignee: Option<String>,
    /// Until when it is put off, in ms.
    pub snoozed_until_ms: Option<i64>,
    /// True while it comes and goes so often that its ends are not believed.
    pub is_flapping: bool,
    /// When someone first acknowledged it, in ms.
    pub acknowledged_ms: Option<i64>,
    /// When it was resolved, in ms.
    pub resolved_ms: Option<i64>,
    /// When it came back after it had ended, in ms; the newest few.
    pub returns_ms: Vec<i64>,
    /// The incident it belongs to.
    pub incident: Option<IncidentId>,
    /// Why it belongs there.
    pub joined_because: Option<String>,
    /// The number of its newest event.
    pub seq: u64,
    /// The span in which it opened, or opened again; none if that was not traced.
    pub trace: Option<TraceContext>,
}

impl Alert {
    /// Whether what it speaks of goes on.
    #[must_use]
    pub fn is_firing(&self) -> bool {
        self.ends_ms.is_none()
    }
}
