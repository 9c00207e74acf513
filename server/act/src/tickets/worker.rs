//! One task: asks the tracker what it has if that is not known, tells it, and notes what came of
//! it.
//!
//! A request that opens a ticket or says something on one must not leave twice. Three things tell
//! that one may have left already: the task notes it (an answer did not come), it is noted here
//! (the store could not be written), or the task was there before this run began, so that the run
//! before may have been killed between call and record. Then the tracker is asked before another
//! leaves. So the first request of a task needs no write before it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tocsin_domain::TraceContext;
use tocsin_domain::ports::{StoreError, TicketCommit, TicketFilter};
use tocsin_domain::ticket::{
    NewTask, TaskId, TaskKind, TaskState, Ticket, TicketId, TicketRef, TicketStatus, TicketTask,
};
use tracing::Instrument;

use super::ledger::Ledger;
use super::tracker::{Draft, Tracker, TrackerError};
use super::words;
use crate::policy::Backoff;
use crate::spans;

/// How long a task for a tracker that is not configured waits, in ms.
const OTHER_TRACKER_MS: i64 = 600_000;
/// How many tickets of a fingerprint are looked at for one that is known.
const KNOWN: usize = 100;

/// What came of a task.
enum Outcome {
    /// The tracker has it, and perhaps a reference.
    Done(Option<TicketRef>, &'static str),
    /// It is needless, and why.
    Needless(String),
    /// Not before a time, in ms, and why.
    Wait(i64, String),
    /// The tracker was asked whether it has it, and did not say.
    NotAsked(TrackerError),
    /// The tracker did not do it, or did not say so.
    Failed(TrackerError),
}

pub(super) struct Worker {
    pub(super) ledger: Arc<Ledger>,
    pub(super) tracker: Arc<dyn Tracker>,
    pub(super) backoff: Backoff,
    pub(super) attempts_max: u32,
    /// How long a request may be on its way after whoever sent it is gone, in ms.
    pub(super) settle_ms: i64,
    /// When this run began, in ms, and the last task that was there.
    pub(super) began: (i64, TaskId),
    /// When requests left whose outcome is not written down, in ms.
    pub(super) unwritten: Mutex<HashMap<TaskId, i64>>,
    pub(super) rests_until: AtomicI64,
    /// The ticket whose request was last asked to wait, if none was taken since.
    pub(super) asked_to_wait: Mutex<Option<TicketId>>,
}

impl Worker {
    /// Until when the tracker asked to be left alone, in ms.
    pub(super) fn rests_until_ms(&self) -> i64 {
        self.rests_until.load(Ordering::Relaxed)
    }

    fn unwritten(&self) -> MutexGuard<'_, HashMap<TaskId, i64>> {
        self.unwritten
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Since when it is not known whether a request of a task was taken, in ms; none if it is, or
    /// if that makes no difference.
    fn unsure_since(&self, task: &TicketTask) -> Option<i64> {
        if matches!(task.task.kind, TaskKind::Reopen | TaskKind::Resolve) {
            return None;
        }
        let (began_ms, last) = self.began;
        let killed = (task.id <= last).then_some(began_ms);
        let unwritten = self.unwritten().get(&task.id).copied();
        [task.unsure_since_ms, killed, unwritten]
            .into_iter()
            .flatten()
            .max()
    }

    /// Does a task and notes what came of it.
    pub(super) async fn work(&self, task: TicketTask) -> Result<(), StoreError> {
        let store = &self.ledger.parts.store;
        let Some(ticket) = store.ticket(task.task.ticket).await? else {
            let why = "the ticket was forgotten".to_owned();
            return self.settle(task, Outcome::Needless(why)).await;
        };
        let span = spans::ticket(&task, &ticket, self.opened_in(&ticket).await?);
        let attempt = self.attempt(&task, &ticket).instrument(span.clone());
        let outcome = attempt.await?;
        if let Outcome::Failed(error) | Outcome::NotAsked(error) = &outcome {
            tocsin_trace::failed(&span, error);
        }
        drop(span);
        match outcome {
            Outcome::Failed(TrackerError::Gone(detail))
            | Outcome::NotAsked(TrackerError::Gone(detail))
                if task.task.kind != TaskKind::Create =>
            {
                self.replace(&ticket, true).await?;
                let why = format!("{} is gone: {detail}", words::key(&ticket));
                self.settle(task, Outcome::Needless(why)).await
            }
            Outcome::Failed(TrackerError::Refused(detail))
                if task.task.kind == TaskKind::Reopen =>
            {
                self.replace(&ticket, false).await?;
                let why = format!("the tracker does not open it again: {detail}");
                self.settle(task, Outcome::Needless(why)).await
            }
            outcome => self.settle(task, outcome).await,
        }
    }

    /// The span in which the alert of a ticket opened; not looked for if nobody wants it.
    async fn opened_in(&self, ticket: &Ticket) -> Result<Option<TraceContext>, StoreError> {
        if !tocsin_trace::is_on() {
            return Ok(None);
        }
        let alert = self.ledger.parts.alerts.alert(ticket.alert).await?;
        Ok(alert.and_then(|alert| alert.trace))
    }

    async fn attempt(&self, task: &TicketTask, ticket: &Ticket) -> Result<Outcome, StoreError> {
        let now_ms = self.ledger.now_ms();
        if ticket.tracker != self.tracker.kind() {
            let why = format!("waits: {} is not configured", ticket.tracker.name());
            return Ok(Outcome::Wait(now_ms + OTHER_TRACKER_MS, why));
        }
        if ticket.is_gone() {
            let why = "the tracker has the ticket no longer".to_owned();
            return Ok(Outcome::Needless(why));
        }
        let text = &task.task.text;
        match (task.task.kind, &ticket.reference) {
            (TaskKind::Create, Some(_)) => Ok(Outcome::Done(None, "it was there already")),
            (TaskKind::Create, None) => self.create(task, ticket).await,
            (_, None) => {
                let why = "the tracker never had the ticket".to_owned();
                Ok(Outcome::Needless(why))
            }
            (TaskKind::Comment, Some(reference)) => self.comment(task, reference).await,
            (TaskKind::Reopen, Some(reference)) => {
                self.set_status(ticket, reference, (TicketStatus::Open, text))
                    .await
            }
            (TaskKind::Resolve, Some(reference)) => {
                self.set_status(ticket, reference, (TicketStatus::Resolved, text))
                    .await
            }
        }
    }

    /// Opens a ticket, unless the tracker has it: because an answer was lost, or because it is
    /// about the same and from a time of which we know nothing any more.
    async fn create(&self, task: &TicketTask, ticket: &Ticket) -> Result<Outcome, StoreError> {
        if let Some(since_ms) = self.unsure_since(task) {
            match self.tracker.find(&ticket.own_label()).await {
                Ok(Some(found)) => return Ok(Outcome::Done(Some(found), "it was there already")),
                Ok(None) => {}
                Err(error) => return Ok(Outcome::NotAsked(error)),
            }
            if let Some(wait) = self.waits(since_ms) {
                return Ok(wait);
            }
        }
        match self.tracker.find(&ticket.fingerprint_label()).await {
            Ok(None) => {}
            Ok(Some(found)) if self.is_known(ticket, &found).await? => {}
            Ok(Some(found)) => match self.tracker.status(&found).await {
                Ok(TicketStatus::Open) => return self.adopt(task, ticket, found).await,
                Ok(TicketStatus::Resolved) | Err(TrackerError::Gone(_)) => {}
                Err(error) => return Ok(Outcome::NotAsked(error)),
            },
            Err(error) => return Ok(Outcome::NotAsked(error)),
        }
        let draft = Draft {
            title: ticket.title.clone(),
            description: ticket.description.clone(),
            severity: ticket.severity,
            labels: ticket.labels.clone(),
            markers: [ticket.fingerprint_label(), ticket.own_label()],
            link: words::link(&self.ledger.base_url, ticket.alert),
        };
        self.leaves(task);
        Ok(match self.tracker.create(&draft).await {
            Ok(reference) => Outcome::Done(Some(reference), "opened"),
            Err(TrackerError::Gone(detail)) => Outcome::Failed(TrackerError::Refused(detail)),
            Err(error) => Outcome::Failed(error),
        })
    }

    /// Whether a ticket of the tracker is one of ours about the same: an older one, or one that a
    /// task which is not written down opened.
    async fn is_known(&self, ticket: &Ticket, found: &TicketRef) -> Result<bool, StoreError> {
        let filter = TicketFilter {
            tracker: Some(ticket.tracker),
            alert: Some(ticket.alert),
            ..TicketFilter::default()
        };
        let same = self
            .ledger
            .parts
            .store
            .tickets(&filter, None, KNOWN)
            .await?;
        let mut references = same.iter().filter_map(|one| one.reference.as_ref());
        Ok(references.any(|reference| reference.key == found.key))
    }

    /// Goes on with a ticket that the tracker had already. What would have been its description is
    /// said on it.
    async fn adopt(
        &self,
        task: &TicketTask,
        ticket: &Ticket,
        found: TicketRef,
    ) -> Result<Outcome, StoreError> {
        let said = NewTask {
            kind: TaskKind::Comment,
            text: ticket.description.clone(),
            due_ms: self.ledger.now_ms(),
            ..task.task.clone()
        };
        let commit = TicketCommit {
            tasks: vec![said],
            ..TicketCommit::default()
        };
        self.ledger.parts.store.commit_tickets(commit).await?;
        let note = "an open ticket about the same was there: it goes on";
        Ok(Outcome::Done(Some(found), note))
    }

    async fn comment(
        &self,
        task: &TicketTask,
        reference: &TicketRef,
    ) -> Result<Outcome, StoreError> {
        let key = task.idempotency_key();
        if let Some(since_ms) = self.unsure_since(task) {
            match self.tracker.has_comment(reference, &key).await {
                Ok(true) => return Ok(Outcome::Done(None, "it was said already")),
                Ok(false) => {}
                Err(error) => return Ok(Outcome::NotAsked(error)),
            }
            if let Some(wait) = self.waits(since_ms) {
                return Ok(wait);
            }
        }
        self.leaves(task);
        Ok(
            match self.tracker.comment(reference, &task.task.text, &key).await {
                Ok(()) => Outcome::Done(None, "said"),
                Err(error) => Outcome::Failed(error),
            },
        )
    }

    /// Whatever is asked for twice is the same here, so that nothing has to be found out first.
    async fn set_status(
        &self,
        ticket: &Ticket,
        reference: &TicketRef,
        (status, why): (TicketStatus, &str),
    ) -> Result<Outcome, StoreError> {
        if ticket.status != status {
            let why = format!("it is {} again meanwhile", ticket.status.name());
            return Ok(Outcome::Needless(why));
        }
        Ok(
            match self.tracker.set_status(reference, status, why).await {
                Ok(()) => Outcome::Done(None, status.name()),
                Err(error) => Outcome::Failed(error),
            },
        )
    }

    /// That a request may still be on its way, or what it did be hidden; none once it cannot be.
    fn waits(&self, since_ms: i64) -> Option<Outcome> {
        let lag_ms = i64::try_from(self.tracker.lag().as_millis()).unwrap_or(i64::MAX);
        let until_ms = since_ms.saturating_add(lag_ms.max(self.settle_ms));
        let why = "asks the tracker again whether it was taken".to_owned();
        (self.ledger.now_ms() < until_ms).then_some(Outcome::Wait(until_ms, why))
    }

    fn leaves(&self, task: &TicketTask) {
        let now_ms = self.ledger.now_ms();
        self.unwritten().insert(task.id, now_ms);
    }

    async fn replace(&self, ticket: &Ticket, is_gone: bool) -> Result<(), StoreError> {
        let mut turn = self.ledger.turn().await;
        let ticket = self.ledger.parts.store.ticket(ticket.id).await?;
        let Some(ticket) = ticket.filter(|ticket| !ticket.is_gone()) else {
            return Ok(());
        };
        turn.replace(ticket, is_gone).await?;
        turn.end(None).await.map(drop)
    }

    /// Whether the tracker asks everyone to wait, and not only those who want something of one
    /// ticket: it asked for another one as well, and took nothing in between.
    fn is_all(&self, ticket: TicketId) -> bool {
        let mut asked = self
            .asked_to_wait
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = asked.replace(ticket);
        before.is_some_and(|before| before != ticket)
    }

    /// Notes what came of a task.
    async fn settle(&self, task: TicketTask, outcome: Outcome) -> Result<(), StoreError> {
        let now_ms = self.ledger.now_ms();
        let progress = &self.ledger.progress;
        let id = task.id;
        let over = |state, note: String, task: TicketTask| TicketTask {
            state,
            note: Some(note),
            settled_ms: Some(now_ms),
            ..task
        };
        let mut reference = None;
        let settled = match outcome {
            Outcome::Done(found, note) => {
                progress.told.fetch_add(1, Ordering::Relaxed);
                let mut asked = self
                    .asked_to_wait
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                *asked = None;
                drop(asked);
                reference = found;
                let task = TicketTask {
                    unsure_since_ms: None,
                    ..task
                };
                over(TaskState::Done, note.to_owned(), task)
            }
            Outcome::Needless(why) => over(TaskState::Skipped, why, task),
            Outcome::Wait(until_ms, why) => {
                let unsure_since_ms = self.unsure_since(&task);
                let task = TicketTask {
                    unsure_since_ms,
                    ..task
                };
                later(task, until_ms, why)
            }
            Outcome::NotAsked(error) => {
                // What was unsure still is.
                let unsure_since_ms = self.unsure_since(&task);
                self.failed(task, error, unsure_since_ms)
            }
            Outcome::Failed(error) => {
                let is_unsure = matches!(
                    error,
                    TrackerError::Later {
                        is_unsure: true,
                        ..
                    }
                );
                self.failed(task, error, is_unsure.then_some(now_ms))
            }
        };
        self.ledger
            .parts
            .store
            .settle_task(settled, reference)
            .await?;
        self.unwritten().remove(&id);
        Ok(())
    }

    /// A task after an attempt that failed: later, or never.
    fn failed(
        &self,
        task: TicketTask,
        error: TrackerError,
        unsure_since_ms: Option<i64>,
    ) -> TicketTask {
        let now_ms = self.ledger.now_ms();
        let progress = &self.ledger.progress;
        progress.failures.fetch_add(1, Ordering::Relaxed);
        let attempts = task.attempts.saturating_add(1);
        let (detail, ticket) = (error.to_string(), task.task.ticket);
        let wait = match error {
            TrackerError::Later { wait, .. } if attempts < self.attempts_max => Some(wait),
            _ => None,
        };
        let task = TicketTask {
            attempts,
            unsure_since_ms,
            ..task
        };
        match wait {
            Some(asked) => {
                let key = task.idempotency_key();
                let wait_ms = self.backoff.wait_ms(attempts, &key, asked);
                if asked.is_some_and(|asked| asked > Duration::ZERO) && self.is_all(ticket) {
                    self.rests_until
                        .fetch_max(now_ms + wait_ms, Ordering::Relaxed);
                }
                later(task, now_ms + wait_ms, detail)
            }
            None => {
                progress.dead.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%ticket, task = task.task.kind.name(), detail, "a task was given up");
                TicketTask {
                    state: TaskState::Dead,
                    note: Some(detail),
                    settled_ms: Some(now_ms),
                    ..task
                }
            }
        }
    }
}

fn later(task: TicketTask, due_ms: i64, why: String) -> TicketTask {
    TicketTask {
        task: NewTask {
            due_ms,
            ..task.task
        },
        note: Some(why),
        ..task
    }
}
