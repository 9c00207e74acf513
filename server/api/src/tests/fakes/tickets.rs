//! Tickets in memory, and a desk that decides nothing by itself.

use async_trait::async_trait;
use tocsin_domain::alert::{Alert, AlertId, Fingerprint};
use tocsin_domain::ports::{
    AlertStore, DecisionFilter, StoreError, TicketCommit, TicketCounts, TicketDesk, TicketFilter,
    TicketOutcome, TicketStore, TrackerHealth,
};
use tocsin_domain::ticket::{
    Decision, DecisionAction, DecisionId, NewDecision, TaskId, TaskState, Ticket, TicketComment,
    TicketId, TicketRef, TicketSettings, TicketStatus, TicketTask, TrackerKind,
};

use super::{Fakes, NOW, lock};

#[derive(Default)]
pub(crate) struct TicketFakes {
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) tasks: Vec<TicketTask>,
    pub(crate) comments: Vec<TicketComment>,
    pub(crate) settings: TicketSettings,
}

/// The ticket of an alert.
pub(crate) fn ticket(alert: &Alert, key: &str) -> Ticket {
    Ticket {
        id: TicketId::of(alert.id, alert.seq, alert.starts_ms),
        fingerprint: alert.fingerprint,
        alert: alert.id,
        rule: alert.rule.clone(),
        title: alert.title.clone(),
        description: "It is full.\n\nReally.".into(),
        severity: alert.severity,
        labels: alert.labels.clone(),
        failure_type: alert.failure_type.clone(),
        status: TicketStatus::Open,
        tracker: TrackerKind::Jira,
        reference: Some(TicketRef {
            key: key.into(),
            id: "10001".into(),
            url: format!("https://jira.example.org/browse/{key}"),
        }),
        created_ms: NOW.millis(),
        updated_ms: NOW.millis(),
        resolved_ms: None,
        occurrences: 1,
    }
}

/// A decision about an alert.
pub(crate) fn decision(alert: &Alert, action: DecisionAction) -> NewDecision {
    NewDecision {
        action,
        reason: "it says \"why\"".into(),
        threshold: 0.6,
        ..NewDecision::about(alert, (alert.seq, "fired"), NOW.millis())
    }
}

impl Fakes {
    /// Adds a decision; the number of it.
    pub(crate) fn decide(&self, decided: NewDecision) -> DecisionId {
        let all = &mut lock(&self.ticketing).decisions;
        let id = DecisionId(all.len() as u64 + 1);
        all.push(Decision { id, decided });
        id
    }

    /// Changes a ticket, unless it is as it should be already.
    fn set_status(&self, id: TicketId, status: TicketStatus) -> TicketOutcome {
        let all = &mut lock(&self.ticketing).tickets;
        match all.iter_mut().find(|one| one.id == id) {
            None => TicketOutcome::Unknown,
            Some(one) if one.status == status => {
                TicketOutcome::Refused(format!("it is {} already", status.name()))
            }
            Some(one) => {
                one.status = status;
                one.resolved_ms = (status == TicketStatus::Resolved).then_some(NOW.millis());
                TicketOutcome::Done(Box::new(one.clone()))
            }
        }
    }
}

fn among<T: PartialEq>(list: &[T], one: &T) -> bool {
    list.is_empty() || list.contains(one)
}

fn contains(text: &str, part: Option<&String>) -> bool {
    part.is_none_or(|part| text.to_lowercase().contains(&part.to_lowercase()))
}

#[async_trait]
impl TicketStore for Fakes {
    async fn ticket_settings(&self) -> Result<Option<TicketSettings>, StoreError> {
        Ok(None)
    }
    async fn put_ticket_settings(&self, _: TicketSettings) -> Result<(), StoreError> {
        Ok(())
    }
    async fn ticket_position(&self) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }
    async fn commit_tickets(&self, _: TicketCommit) -> Result<(), StoreError> {
        Ok(())
    }
    async fn ticket_of(
        &self,
        _: TrackerKind,
        fingerprint: Fingerprint,
    ) -> Result<Option<Ticket>, StoreError> {
        let all = lock(&self.ticketing);
        let mut newest = all.tickets.iter().rev();
        Ok(newest.find(|one| one.fingerprint == fingerprint).cloned())
    }
    async fn ticket(&self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        let all = lock(&self.ticketing);
        Ok(all.tickets.iter().find(|one| one.id == id).cloned())
    }
    async fn tickets(
        &self,
        filter: &TicketFilter,
        before: Option<TicketId>,
        limit: usize,
    ) -> Result<Vec<Ticket>, StoreError> {
        let mut all = lock(&self.ticketing).tickets.clone();
        all.retain(|one| {
            let key = one.reference.as_ref().map_or("", |one| &one.key);
            among(&filter.statuses, &one.status)
                && among(&filter.severities, &one.severity)
                && filter.tracker.is_none_or(|kind| one.tracker == kind)
                && filter.alert.is_none_or(|id| one.alert == id)
                && contains(&format!("{}\n{key}", one.title), filter.text.as_ref())
                && before.is_none_or(|before| one.id < before)
        });
        all.sort_by_key(|one| std::cmp::Reverse(one.id));
        all.truncate(limit);
        Ok(all)
    }
    async fn ticket_comments(
        &self,
        id: TicketId,
        _: usize,
    ) -> Result<Vec<TicketComment>, StoreError> {
        let mut all = lock(&self.ticketing).comments.clone();
        all.retain(|one| one.ticket == id);
        Ok(all)
    }
    async fn decisions(
        &self,
        filter: &DecisionFilter,
        before: Option<DecisionId>,
        limit: usize,
    ) -> Result<Vec<Decision>, StoreError> {
        let mut all = lock(&self.ticketing).decisions.clone();
        all.retain(|Decision { id, decided: one }| {
            among(&filter.actions, &one.action)
                && among(&filter.severities, &one.severity)
                && filter.alert.is_none_or(|id| one.alert == id)
                && filter.ticket.is_none_or(|id| one.ticket == Some(id))
                && contains(
                    &format!("{}\n{}", one.title, one.reason),
                    filter.text.as_ref(),
                )
                && filter.from_ms.is_none_or(|from_ms| one.at_ms >= from_ms)
                && filter.to_ms.is_none_or(|to_ms| one.at_ms < to_ms)
                && before.is_none_or(|before| *id < before)
        });
        all.reverse();
        all.truncate(limit);
        Ok(all)
    }
    async fn held_decisions(&self, _: i64, _: usize) -> Result<Vec<Decision>, StoreError> {
        Ok(Vec::new())
    }
    async fn due_tasks(&self, _: i64, _: usize) -> Result<Vec<TicketTask>, StoreError> {
        Ok(Vec::new())
    }
    async fn next_ticket_due_ms(&self, _: i64) -> Result<Option<i64>, StoreError> {
        Ok(None)
    }
    async fn settle_task(&self, _: TicketTask, _: Option<TicketRef>) -> Result<(), StoreError> {
        Ok(())
    }
    async fn tasks_of(&self, ticket: TicketId) -> Result<Vec<TicketTask>, StoreError> {
        let mut all = lock(&self.ticketing).tasks.clone();
        all.retain(|one| one.task.ticket == ticket);
        Ok(all)
    }
    async fn tasks_in(&self, _: TaskState, _: usize) -> Result<Vec<TicketTask>, StoreError> {
        Ok(Vec::new())
    }
    async fn task(&self, id: TaskId) -> Result<Option<TicketTask>, StoreError> {
        let all = lock(&self.ticketing);
        Ok(all.tasks.iter().find(|one| one.id == id).cloned())
    }
    async fn ticket_counts(&self) -> Result<TicketCounts, StoreError> {
        let all = lock(&self.ticketing);
        let of_status = |status| {
            all.tickets
                .iter()
                .filter(|one| one.status == status)
                .count()
        };
        let of_state = |state| all.tasks.iter().filter(|one| one.state == state).count();
        let decided = all.decisions.iter().map(|one| one.decided.action);
        let of_action = |action| decided.clone().filter(|one| *one == action).count();
        let mut counts = TicketCounts {
            open: of_status(TicketStatus::Open) as u64,
            resolved: of_status(TicketStatus::Resolved) as u64,
            ..TicketCounts::default()
        };
        for (slot, state) in counts.tasks.iter_mut().zip(TaskState::ALL) {
            *slot = of_state(*state) as u64;
        }
        for (slot, action) in counts.decisions.iter_mut().zip(DecisionAction::ALL) {
            *slot = of_action(*action) as u64;
        }
        Ok(counts)
    }
    async fn forget_tickets(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[async_trait]
impl TicketDesk for Fakes {
    fn tracker(&self) -> TrackerKind {
        TrackerKind::Jira
    }

    async fn health(&self) -> TrackerHealth {
        TrackerHealth {
            kind: TrackerKind::Jira,
            target: "OPS at jira.example.org".into(),
            is_healthy: false,
            detail: "401: the token is not known".into(),
            took_ms: 12,
        }
    }

    fn settings(&self) -> TicketSettings {
        lock(&self.ticketing).settings
    }

    async fn set_settings(&self, settings: TicketSettings) -> Result<(), StoreError> {
        lock(&self.ticketing).settings = settings;
        Ok(())
    }

    async fn preview(&self, alert: AlertId) -> Result<Option<Decision>, StoreError> {
        let alert = AlertStore::alert(self, alert).await?;
        Ok(alert.map(|alert| Decision {
            id: DecisionId(0),
            decided: decision(&alert, DecisionAction::Create),
        }))
    }

    async fn open(&self, alert: AlertId, _: &str) -> Result<TicketOutcome, StoreError> {
        let Some(alert) = AlertStore::alert(self, alert).await? else {
            return Ok(TicketOutcome::Unknown);
        };
        let opened = ticket(&alert, "OPS-9");
        lock(&self.ticketing).tickets.push(opened.clone());
        Ok(TicketOutcome::Done(Box::new(opened)))
    }

    async fn comment(
        &self,
        ticket: TicketId,
        text: &str,
        actor: &str,
    ) -> Result<TicketOutcome, StoreError> {
        lock(&self.ticketing).comments.push(TicketComment {
            ticket,
            at_ms: NOW.millis(),
            author: actor.into(),
            text: text.into(),
        });
        let found = TicketStore::ticket(self, ticket).await?;
        Ok(found.map_or(TicketOutcome::Unknown, |found| {
            TicketOutcome::Done(Box::new(found))
        }))
    }

    async fn resolve(&self, ticket: TicketId, _: &str) -> Result<TicketOutcome, StoreError> {
        Ok(self.set_status(ticket, TicketStatus::Resolved))
    }

    async fn reopen(&self, ticket: TicketId, _: &str) -> Result<TicketOutcome, StoreError> {
        Ok(self.set_status(ticket, TicketStatus::Open))
    }

    async fn retry(&self, task: TaskId) -> Result<TicketOutcome, StoreError> {
        let all = &mut *lock(&self.ticketing);
        let Some(task) = all.tasks.iter_mut().find(|one| one.id == task) else {
            return Ok(TicketOutcome::Unknown);
        };
        if task.state != TaskState::Dead {
            return Ok(TicketOutcome::Refused("it was not given up".into()));
        }
        task.state = TaskState::Pending;
        let mut found = all.tickets.iter();
        let found = found.find(|one| one.id == task.task.ticket);
        Ok(found.map_or(TicketOutcome::Unknown, |found| {
            TicketOutcome::Done(Box::new(found.clone()))
        }))
    }
}
