//! The store of tickets in memory. What is in it stays when an engine is dropped.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tocsin_domain::alert::{AlertId, Fingerprint};
use tocsin_domain::ports::*;
use tocsin_domain::ticket::*;

use crate::outbox::tests::memory::lock;

#[derive(Default)]
pub(super) struct Store {
    kept: Arc<Mutex<Kept>>,
    is_killed: AtomicBool,
}

#[derive(Default, Clone)]
pub(super) struct Kept {
    pub(super) settings: Option<TicketSettings>,
    pub(super) position: Option<u64>,
    pub(super) tickets: Vec<Ticket>,
    pub(super) decisions: Vec<Decision>,
    pub(super) tasks: Vec<TicketTask>,
    pub(super) comments: Vec<TicketComment>,
    last_decision: u64,
    last_key: u64,
    pub(super) commits: usize,
}

impl Kept {
    fn newest(&self, tracker: TrackerKind, print: Fingerprint) -> Option<&Ticket> {
        let same = self.tickets.iter();
        same.filter(|one| one.tracker == tracker && one.fingerprint == print)
            .max_by_key(|one| one.id)
    }

    fn decide(&mut self, new: NewDecision) {
        let key = (new.alert, new.event_seq);
        let same = |one: &Decision| (one.decided.alert, one.decided.event_seq) == key;
        let at = self.decisions.iter().position(same);
        if let Some(at) = at {
            if self.decisions[at].decided.action != DecisionAction::Hold {
                return;
            }
            self.decisions.remove(at);
        }
        self.last_decision += 1;
        self.decisions.push(Decision {
            id: DecisionId(self.last_decision),
            decided: new,
        });
    }

    fn keep(&mut self, mut ticket: Ticket) {
        let at = self.tickets.iter().position(|one| one.id == ticket.id);
        let known = at.and_then(|at| self.tickets[at].reference.clone());
        ticket.reference = ticket.reference.or(known);
        if ticket.reference.is_none() && ticket.tracker == TrackerKind::BuiltIn {
            self.last_key += 1;
            ticket.reference = Some(TicketRef {
                key: format!("T-{}", self.last_key),
                id: String::new(),
                url: String::new(),
            });
        }
        match at {
            Some(at) => self.tickets[at] = ticket,
            None => self.tickets.push(ticket),
        }
    }

    fn add(&mut self, task: NewTask) {
        let key = |one: &NewTask| (one.ticket, one.event_seq, one.kind);
        let is_known = self.tasks.iter().any(|one| key(&one.task) == key(&task));
        let has_ticket = self.tickets.iter().any(|one| one.id == task.ticket);
        if is_known || !has_ticket {
            return;
        }
        self.tasks.push(TicketTask {
            id: TaskId(self.tasks.len() as u64 + 1),
            task,
            state: TaskState::Pending,
            attempts: 0,
            unsure_since_ms: None,
            note: None,
            settled_ms: None,
        });
    }

    /// What must hold after every commit, whatever happens.
    fn check(&self) {
        let mut open = BTreeSet::new();
        for one in &self.tickets {
            let is_open = one.status == TicketStatus::Open;
            assert_eq!(is_open, one.resolved_ms.is_none(), "{one:?}");
            assert!(
                !is_open || open.insert((one.tracker, one.fingerprint)),
                "two open tickets about the same"
            );
        }
    }

    pub(super) fn count(&self, state: TaskState) -> usize {
        self.tasks.iter().filter(|one| one.state == state).count()
    }
}

impl Store {
    /// The same store as another process has it.
    pub(super) fn again(&self) -> Arc<Self> {
        Arc::new(Self {
            kept: self.kept.clone(),
            is_killed: AtomicBool::new(false),
        })
    }

    /// Nothing is written by this process any more.
    pub(super) fn kill(&self) {
        let _kept = lock(&self.kept);
        self.is_killed.store(true, Ordering::SeqCst);
    }

    fn check_alive(&self) -> Result<(), StoreError> {
        match self.is_killed.load(Ordering::SeqCst) {
            true => Err(StoreError::Invalid("killed".into())),
            false => Ok(()),
        }
    }

    pub(super) fn kept(&self) -> Kept {
        lock(&self.kept).clone()
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        change(&mut lock(&self.kept))
    }
}

#[async_trait]
impl TicketStore for Store {
    async fn ticket_settings(&self) -> Result<Option<TicketSettings>, StoreError> {
        Ok(lock(&self.kept).settings)
    }
    async fn put_ticket_settings(&self, settings: TicketSettings) -> Result<(), StoreError> {
        lock(&self.kept).settings = Some(settings);
        Ok(())
    }
    async fn ticket_position(&self) -> Result<Option<u64>, StoreError> {
        Ok(lock(&self.kept).position)
    }
    async fn commit_tickets(&self, commit: TicketCommit) -> Result<(), StoreError> {
        let mut kept = lock(&self.kept);
        self.check_alive()?;
        kept.commits += 1;
        kept.position = kept.position.max(commit.position);
        for one in commit.decisions {
            assert_eq!(one.action == DecisionAction::Hold, one.due_ms.is_some());
            kept.decide(one);
        }
        for one in commit.tickets {
            kept.keep(one);
        }
        for one in commit.tasks {
            kept.add(one);
        }
        kept.comments.extend(commit.comments);
        kept.check();
        Ok(())
    }
    async fn ticket_of(
        &self,
        tracker: TrackerKind,
        print: Fingerprint,
    ) -> Result<Option<Ticket>, StoreError> {
        Ok(lock(&self.kept).newest(tracker, print).cloned())
    }
    async fn ticket(&self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        let kept = lock(&self.kept);
        Ok(kept.tickets.iter().find(|one| one.id == id).cloned())
    }
    async fn tickets(
        &self,
        filter: &TicketFilter,
        _: Option<TicketId>,
        limit: usize,
    ) -> Result<Vec<Ticket>, StoreError> {
        let kept = lock(&self.kept);
        let print = |alert: AlertId| {
            let of = kept.tickets.iter().find(|one| one.alert == alert);
            of.map(|one| one.fingerprint)
        };
        let print = filter.alert.map(print);
        let same = kept.tickets.iter().filter(|one| {
            filter.tracker.is_none_or(|tracker| one.tracker == tracker)
                && print.is_none_or(|print| Some(one.fingerprint) == print)
        });
        Ok(same.rev().take(limit).cloned().collect())
    }
    async fn ticket_comments(
        &self,
        id: TicketId,
        _: usize,
    ) -> Result<Vec<TicketComment>, StoreError> {
        let kept = lock(&self.kept);
        let of = kept.comments.iter().filter(|one| one.ticket == id);
        Ok(of.cloned().collect())
    }
    async fn decisions(
        &self,
        _: &DecisionFilter,
        _: Option<DecisionId>,
        _: usize,
    ) -> Result<Vec<Decision>, StoreError> {
        Ok(lock(&self.kept).decisions.clone())
    }
    async fn held_decisions(&self, now_ms: i64, limit: usize) -> Result<Vec<Decision>, StoreError> {
        let kept = lock(&self.kept);
        let held = kept.decisions.iter().filter(|one| {
            one.decided.action == DecisionAction::Hold
                && one.decided.due_ms.is_some_and(|due| due <= now_ms)
        });
        Ok(held.take(limit).cloned().collect())
    }
    async fn due_tasks(&self, now_ms: i64, limit: usize) -> Result<Vec<TicketTask>, StoreError> {
        let kept = lock(&self.kept);
        let mut seen = BTreeSet::new();
        let holds = |one: &&TicketTask| match one.state {
            TaskState::Pending => true,
            TaskState::Dead => one.task.kind != TaskKind::Comment,
            TaskState::Done | TaskState::Skipped => false,
        };
        let heads = kept.tasks.iter().filter(holds);
        let heads = heads.filter(|one| seen.insert(one.task.ticket));
        let due = heads.filter(|one| one.state == TaskState::Pending && one.task.due_ms <= now_ms);
        let mut due: Vec<_> = due.cloned().collect();
        due.sort_by_key(|one| (one.task.due_ms, one.id));
        due.truncate(limit);
        Ok(due)
    }
    async fn next_ticket_due_ms(&self, now_ms: i64) -> Result<Option<i64>, StoreError> {
        let kept = lock(&self.kept);
        let pending = kept
            .tasks
            .iter()
            .filter(|one| one.state == TaskState::Pending);
        let due = pending.map(|one| one.task.due_ms);
        Ok(due.filter(|due| *due > now_ms).min())
    }
    async fn settle_task(
        &self,
        task: TicketTask,
        reference: Option<TicketRef>,
    ) -> Result<(), StoreError> {
        let mut kept = lock(&self.kept);
        self.check_alive()?;
        if let Some(reference) = reference {
            let of = kept
                .tickets
                .iter_mut()
                .find(|one| one.id == task.task.ticket);
            of.unwrap().reference = Some(reference);
        }
        let known = kept.tasks.iter_mut().find(|one| one.id == task.id).unwrap();
        let is_over = matches!(known.state, TaskState::Done | TaskState::Skipped);
        assert!(!is_over, "settled twice: {known:?}");
        *known = task;
        Ok(())
    }
    async fn tasks_of(&self, ticket: TicketId) -> Result<Vec<TicketTask>, StoreError> {
        let kept = lock(&self.kept);
        let of = kept.tasks.iter().filter(|one| one.task.ticket == ticket);
        Ok(of.cloned().collect())
    }
    async fn tasks_in(
        &self,
        state: TaskState,
        limit: usize,
    ) -> Result<Vec<TicketTask>, StoreError> {
        let kept = lock(&self.kept);
        let of = kept.tasks.iter().rev().filter(|one| one.state == state);
        Ok(of.take(limit).cloned().collect())
    }
    async fn task(&self, id: TaskId) -> Result<Option<TicketTask>, StoreError> {
        let kept = lock(&self.kept);
        Ok(kept.tasks.iter().find(|one| one.id == id).cloned())
    }
    async fn ticket_counts(&self) -> Result<TicketCounts, StoreError> {
        Ok(TicketCounts::default())
    }
    async fn forget_tickets(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }
}
