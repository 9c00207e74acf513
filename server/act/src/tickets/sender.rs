//! Which tasks are done now: in order for each ticket, a few tickets at a time, so that one
//! request that hangs keeps back nobody else.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::ports::StoreError;
use tocsin_domain::ticket::TicketId;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::ledger::Ledger;
use super::worker::Worker;

/// The shortest and the longest time between two looks at what is due.
const ROUND_LEAST: Duration = Duration::from_millis(5);
const ROUND_MOST: Duration = Duration::from_secs(5);
/// How long an error of the store is waited out.
const AFTER_ERROR: Duration = Duration::from_secs(1);
/// How long requests that are on their way are waited for at shutdown.
const GRACE: Duration = Duration::from_secs(3);

pub(super) struct Sender {
    pub(super) ledger: Arc<Ledger>,
    pub(super) worker: Arc<Worker>,
    pub(super) lanes_max: usize,
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

/// What runs, and for which ticket.
#[derive(Default)]
struct Lanes {
    running: JoinSet<()>,
    tickets: HashMap<Id, TicketId>,
}

impl Lanes {
    fn has(&self, ticket: TicketId) -> bool {
        self.tickets.values().any(|busy| *busy == ticket)
    }

    async fn next_done(&mut self) {
        match self.running.join_next_with_id().await {
            Some(Ok((id, ()))) => {
                self.tickets.remove(&id);
            }
            Some(Err(error)) => {
                tracing::error!(%error, "a task of a ticket broke off");
                self.tickets.remove(&error.id());
            }
            None => std::future::pending().await,
        }
    }
}

impl Sender {
    pub(super) async fn run(&self, shutdown: &CancellationToken) {
        let mut lanes = Lanes::default();
        while !shutdown.is_cancelled() {
            let round = self.round(&mut lanes, shutdown).await;
            let wait = round.unwrap_or_else(|error| {
                tracing::warn!(%error, "what trackers are to be told cannot be read");
                AFTER_ERROR
            });
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = lanes.next_done() => {}
                () = self.ledger.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        // Each ends with the request that is on its way; of one that takes longer the tracker is
        // asked at the next start.
        let end = async { while lanes.running.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(GRACE, end).await;
    }

    /// Starts the next task of each ticket that has one due; says how long to wait.
    async fn round(
        &self,
        lanes: &mut Lanes,
        shutdown: &CancellationToken,
    ) -> Result<Duration, StoreError> {
        let now_ms = self.ledger.now_ms();
        let rest_ms = self.worker.rests_until_ms() - now_ms;
        if let Ok(rest @ 1..) = u64::try_from(rest_ms) {
            return Ok(Duration::from_millis(rest).min(ROUND_MOST));
        }
        // Those that run are due as well: there is room for as many others.
        let store = &self.ledger.parts.store;
        let due = store.due_tasks(now_ms, self.lanes_max * 2).await?;
        for task in due {
            let ticket = task.task.ticket;
            if lanes.running.len() >= self.lanes_max {
                break;
            }
            if lanes.has(ticket) {
                continue;
            }
            let (worker, shutdown) = (self.worker.clone(), shutdown.clone());
            let lane = lanes.running.spawn(async move {
                if let Err(error) = worker.work(task).await {
                    tracing::warn!(%ticket, %error, "what its tracker is to be told is held up");
                    tokio::select! {
                        () = shutdown.cancelled() => {}
                        () = tokio::time::sleep(AFTER_ERROR) => {}
                    }
                }
            });
            lanes.tickets.insert(lane.id(), ticket);
        }
        let next = store.next_ticket_due_ms(now_ms).await?;
        let until = next.map(|next| next.saturating_sub(self.ledger.now_ms()));
        let until = until.and_then(|ms| u64::try_from(ms).ok());
        let until = until.map_or(ROUND_MOST, Duration::from_millis);
        Ok(until.clamp(ROUND_LEAST, ROUND_MOST))
    }
}
