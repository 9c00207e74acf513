//! The store of tickets: tickets, what was decided and why, what trackers are still to be told,
//! and how far the events of alerts were taken, so that nothing is decided twice.

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::alert::{AlertId, AlertSeverity, Fingerprint};
use crate::ticket::{
    Decision, DecisionAction, DecisionId, NewDecision, NewTask, TaskId, TaskState, Ticket,
    TicketComment, TicketId, TicketSettings, TicketStatus, TicketTask, TrackerKind,
};

/// What one step of deciding changes, all of it or nothing.
#[derive(Debug, Clone, Default)]
pub struct TicketCommit {
    /// How far events were taken; none: it stays.
    pub position: Option<u64>,
    /// What was decided. One of the same alert and event takes the place of the one that was held,
    /// under a new number, and is dropped if that one was not held.
    pub decisions: Vec<NewDecision>,
    /// Tickets, each in place of the one with its id. One without a reference keeps the one it has;
    /// one of the built-in tracker that is new gets the next number for its key: `T-1`, `T-2`, ….
    pub tickets: Vec<Ticket>,
    /// What trackers are to be told. One of the same ticket, event and kind is dropped.
    pub tasks: Vec<NewTask>,
    /// What was said on tickets of the built-in tracker. The same at the same time is dropped.
    pub comments: Vec<TicketComment>,
}

/// Which tickets are meant. Everything that is given must hold; an empty list is not given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TicketFilter {
    /// Of one of these statuses.
    pub statuses: Vec<TicketStatus>,
    /// Of one of these severities.
    pub severities: Vec<AlertSeverity>,
    /// In this tracker.
    pub tracker: Option<TrackerKind>,
    /// About this alert, or about others with its fingerprint.
    pub alert: Option<AlertId>,
    /// Whose title or key contains this, case ignored.
    pub text: Option<String>,
}

/// Which decisions are meant. Everything that is given must hold; an empty list is not given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DecisionFilter {
    /// That decided one of these.
    pub actions: Vec<DecisionAction>,
    /// About alerts of one of these severities.
    pub severities: Vec<AlertSeverity>,
    /// About this alert.
    pub alert: Option<AlertId>,
    /// About this ticket.
    pub ticket: Option<TicketId>,
    /// Whose title or reason contains this, case ignored.
    pub text: Option<String>,
    /// Made at this time or later, in ms.
    pub from_ms: Option<i64>,
    /// Made before this time, in ms.
    pub to_ms: Option<i64>,
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TicketCounts {
    /// Tickets that are open.
    pub open: u64,
    /// Tickets that are resolved.
    pub resolved: u64,
    /// Tasks by state, in the order of [`TaskState::ALL`].
    pub tasks: [u64; 4],
    /// Decisions by what was decided, in the order of [`DecisionAction::ALL`].
    pub decisions: [u64; 6],
}

/// Tickets. One task of the server decides and one works off; any number of readers.
#[async_trait]
pub trait TicketStore: Send + Sync {
    /// The settings that people made; none before the first time.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn ticket_settings(&self) -> Result<Option<TicketSettings>, StoreError>;

    /// Keeps the settings. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn put_ticket_settings(&self, settings: TicketSettings) -> Result<(), StoreError>;

    /// The number of the last event that was taken; none before the first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn ticket_position(&self) -> Result<Option<u64>, StoreError>;

    /// Keeps what a step changed. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was kept then.
    async fn commit_tickets(&self, commit: TicketCommit) -> Result<(), StoreError>;

    /// The newest ticket of a fingerprint in a tracker.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn ticket_of(
        &self,
        tracker: TrackerKind,
        fingerprint: Fingerprint,
    ) -> Result<Option<Ticket>, StoreError>;

    /// One ticket.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn ticket(&self, id: TicketId) -> Result<Option<Ticket>, StoreError>;

    /// One page: the newest first by id, those with an id below `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn tickets(
        &self,
        filter: &TicketFilter,
        before: Option<TicketId>,
        limit: usize,
    ) -> Result<Vec<Ticket>, StoreError>;

    /// What was said on a ticket of the built-in tracker, in order, the newest `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn ticket_comments(
        &self,
        id: TicketId,
        limit: usize,
    ) -> Result<Vec<TicketComment>, StoreError>;

    /// One page of decisions: the newest first, those with an id below `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn decisions(
        &self,
        filter: &DecisionFilter,
        before: Option<DecisionId>,
        limit: usize,
    ) -> Result<Vec<Decision>, StoreError>;

    /// Decisions that are held and due at a time, in ms, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn held_decisions(&self, now_ms: i64, limit: usize) -> Result<Vec<Decision>, StoreError>;

    /// The next task of each ticket that has one due at a time, in ms: that due longest first. A task
    /// waits for all before it on its ticket that are pending, and a dead one holds back those after
    /// it, unless it is a comment.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn due_tasks(&self, now_ms: i64, limit: usize) -> Result<Vec<TicketTask>, StoreError>;

    /// When the next task or held decision that is not due yet will be, in ms.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn next_ticket_due_ms(&self, now_ms: i64) -> Result<Option<i64>, StoreError>;

    /// Keeps a task in place of the one with its id, and what the tracker calls its ticket, if that
    /// is known now. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn settle_task(
        &self,
        task: TicketTask,
        reference: Option<crate::ticket::TicketRef>,
    ) -> Result<(), StoreError>;

    /// Everything that a ticket's tracker was or is to be told, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn tasks_of(&self, ticket: TicketId) -> Result<Vec<TicketTask>, StoreError>;

    /// Tasks in a state, the newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn tasks_in(&self, state: TaskState, limit: usize)
    -> Result<Vec<TicketTask>, StoreError>;

    /// One task.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn task(&self, id: TaskId) -> Result<Option<TicketTask>, StoreError>;

    /// How many there are.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn ticket_counts(&self) -> Result<TicketCounts, StoreError>;

    /// Forgets decisions made before a time, in ms, and tickets resolved before it with everything
    /// about them. Returns how many decisions and tickets went.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn forget_tickets(&self, before_ms: i64) -> Result<u64, StoreError>;
}
