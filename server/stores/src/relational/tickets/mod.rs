//! Tickets, what was decided about them, and what trackers are to be told.
//!
//! What is decided flows in as commits of a single task; what trackers answered flows in a task at
//! a time. Not here: what is decided, or when a tracker is asked again.

mod commit;
mod decisions;
mod forget;
mod rows;
mod settings;
mod tasks;

use async_trait::async_trait;
use tocsin_domain::alert::Fingerprint;
use tocsin_domain::ports::{
    DecisionFilter, StoreError, TicketCommit, TicketCounts, TicketFilter, TicketStore,
};
use tocsin_domain::ticket::{
    Decision, DecisionId, TaskId, TaskState, Ticket, TicketComment, TicketId, TicketRef,
    TicketSettings, TicketTask, TrackerKind,
};

use super::RelationalStore;

#[async_trait]
impl TicketStore for RelationalStore {
    async fn ticket_settings(&self) -> Result<Option<TicketSettings>, StoreError> {
        settings::read(&self.pool).await
    }

    async fn put_ticket_settings(&self, settings: TicketSettings) -> Result<(), StoreError> {
        settings::put(self, &settings).await
    }

    async fn ticket_position(&self) -> Result<Option<u64>, StoreError> {
        settings::position(&self.pool).await
    }

    async fn commit_tickets(&self, commit: TicketCommit) -> Result<(), StoreError> {
        commit::keep(self, &commit).await
    }

    async fn ticket_of(
        &self,
        tracker: TrackerKind,
        fingerprint: Fingerprint,
    ) -> Result<Option<Ticket>, StoreError> {
        rows::newest(&self.pool, tracker, fingerprint).await
    }

    async fn ticket(&self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        rows::one(&self.pool, id).await
    }

    async fn tickets(
        &self,
        filter: &TicketFilter,
        before: Option<TicketId>,
        limit: usize,
    ) -> Result<Vec<Ticket>, StoreError> {
        rows::page(&self.pool, filter, before, limit).await
    }

    async fn ticket_comments(
        &self,
        id: TicketId,
        limit: usize,
    ) -> Result<Vec<TicketComment>, StoreError> {
        rows::comments(&self.pool, id, limit).await
    }

    async fn decisions(
        &self,
        filter: &DecisionFilter,
        before: Option<DecisionId>,
        limit: usize,
    ) -> Result<Vec<Decision>, StoreError> {
        decisions::page(&self.pool, filter, before, limit).await
    }

    async fn held_decisions(&self, now_ms: i64, limit: usize) -> Result<Vec<Decision>, StoreError> {
        decisions::held(&self.pool, now_ms, limit).await
    }

    async fn due_tasks(&self, now_ms: i64, limit: usize) -> Result<Vec<TicketTask>, StoreError> {
        tasks::due(&self.pool, now_ms, limit).await
    }

    async fn next_ticket_due_ms(&self, now_ms: i64) -> Result<Option<i64>, StoreError> {
        tasks::next_due_ms(&self.pool, now_ms).await
    }

    async fn settle_task(
        &self,
        task: TicketTask,
        reference: Option<TicketRef>,
    ) -> Result<(), StoreError> {
        tasks::settle(self, &task, reference.as_ref()).await
    }

    async fn tasks_of(&self, ticket: TicketId) -> Result<Vec<TicketTask>, StoreError> {
        tasks::of(&self.pool, ticket).await
    }

    async fn tasks_in(
        &self,
        state: TaskState,
        limit: usize,
    ) -> Result<Vec<TicketTask>, StoreError> {
        tasks::in_state(&self.pool, state, limit).await
    }

    async fn task(&self, id: TaskId) -> Result<Option<TicketTask>, StoreError> {
        tasks::one(&self.pool, id).await
    }

    async fn ticket_counts(&self) -> Result<TicketCounts, StoreError> {
        rows::counts(&self.pool).await
    }

    async fn forget_tickets(&self, before_ms: i64) -> Result<u64, StoreError> {
        forget::run(self, before_ms).await
    }
}
