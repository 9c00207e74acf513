//! What every tracker of issues can do. Each is a file in `trackers`; what is told to them, when
//! and in which order is decided elsewhere.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use tocsin_domain::alert::{AlertSeverity, LabelSet};
use tocsin_domain::ticket::{TicketRef, TicketStatus, TrackerKind};

pub(crate) use crate::trackers::TrackerError;

/// A ticket to be opened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    /// A line that says it all.
    pub(crate) title: String,
    /// What follows it: paragraphs apart by an empty line, lines that are kept as they are.
    pub(crate) description: String,
    /// How bad it is; the tracker has a priority for it.
    pub(crate) severity: AlertSeverity,
    /// The labels of the alert.
    pub(crate) labels: LabelSet,
    /// By what it is found: that of its fingerprint first, then its own, which no other ticket has.
    /// Letters, digits and dashes.
    pub(crate) markers: [String; 2],
    /// Where the alert can be seen.
    pub(crate) link: String,
}

/// A tracker of issues.
#[async_trait]
pub(crate) trait Tracker: fmt::Debug + Send + Sync {
    /// Which.
    fn kind(&self) -> TrackerKind;

    /// Where tickets go: a project, a table, a repository. Nothing secret is in it.
    fn target(&self) -> String;

    /// How long after it was opened a ticket may still be missing from [`Self::find`].
    fn lag(&self) -> Duration;

    /// Whether it is there, knows us and lets us open tickets; what it said.
    async fn check(&self) -> Result<String, TrackerError>;

    /// The newest ticket with a marker.
    async fn find(&self, marker: &str) -> Result<Option<TicketRef>, TrackerError>;

    /// Opens a ticket.
    async fn create(&self, draft: &Draft) -> Result<TicketRef, TrackerError>;

    /// Says something on a ticket. `key` stands in the text, so that [`Self::has_comment`] finds it.
    async fn comment(&self, ticket: &TicketRef, text: &str, key: &str) -> Result<(), TrackerError>;

    /// Whether a comment with a key is on a ticket.
    async fn has_comment(&self, ticket: &TicketRef, key: &str) -> Result<bool, TrackerError>;

    /// How far a ticket is, as the tracker has it.
    async fn status(&self, ticket: &TicketRef) -> Result<TicketStatus, TrackerError>;

    /// Resolves a ticket or opens it again; `why` is for trackers that ask for it. Done already is
    /// done.
    async fn set_status(
        &self,
        ticket: &TicketRef,
        status: TicketStatus,
        why: &str,
    ) -> Result<(), TrackerError>;
}
