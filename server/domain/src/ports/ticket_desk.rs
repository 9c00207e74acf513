//! The ticket desk: what the API asks of those who decide about tickets and tell trackers.

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::alert::AlertId;
use crate::ticket::{Decision, TaskId, Ticket, TicketId, TicketSettings, TrackerKind};

/// How a tracker is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackerHealth {
    /// Which.
    pub kind: TrackerKind,
    /// Where tickets go: a project, a table, a repository. Nothing secret is in it.
    pub target: String,
    /// Whether it answered, and what we may do there is enough.
    pub is_healthy: bool,
    /// What it said, or what is wrong and what to do.
    pub detail: String,
    /// How long it took, in ms.
    pub took_ms: u64,
}

/// What came of something that someone wanted done with a ticket.
#[derive(Debug, Clone, PartialEq)]
pub enum TicketOutcome {
    /// It is decided and will be told to the tracker; the ticket as it is now.
    Done(Box<Ticket>),
    /// There is no such alert, ticket or task.
    Unknown,
    /// It makes no sense now; says why.
    Refused(String),
}

/// What people do about tickets. Everything is durable on return.
#[async_trait]
pub trait TicketDesk: Send + Sync {
    /// Where new tickets go.
    fn tracker(&self) -> TrackerKind;

    /// Asks the tracker whether it is there and lets us work.
    async fn health(&self) -> TrackerHealth;

    /// The settings in force.
    fn settings(&self) -> TicketSettings;

    /// Changes the settings, from the next decision on.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if a setting is out of range.
    async fn set_settings(&self, settings: TicketSettings) -> Result<(), StoreError>;

    /// What would be decided now about an alert that fires; none if there is no such alert.
    /// Nothing is done.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn preview(&self, alert: AlertId) -> Result<Option<Decision>, StoreError>;

    /// Opens a ticket for an alert whatever the thresholds say, or says so on the one that is open.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn open(&self, alert: AlertId, actor: &str) -> Result<TicketOutcome, StoreError>;

    /// Says something on a ticket.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn comment(
        &self,
        ticket: TicketId,
        text: &str,
        actor: &str,
    ) -> Result<TicketOutcome, StoreError>;

    /// Resolves a ticket.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn resolve(&self, ticket: TicketId, actor: &str) -> Result<TicketOutcome, StoreError>;

    /// Opens a resolved ticket again.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn reopen(&self, ticket: TicketId, actor: &str) -> Result<TicketOutcome, StoreError>;

    /// Tries a task that was given up once more.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn retry(&self, task: TaskId) -> Result<TicketOutcome, StoreError>;
}
