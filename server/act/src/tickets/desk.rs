//! What people do about tickets: it goes the same way as what is decided about events.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use tocsin_domain::alert::{Alert, AlertAction, AlertId};
use tocsin_domain::ports::{StoreError, TicketDesk, TicketOutcome, TrackerHealth};
use tocsin_domain::ticket::{
    Decision, DecisionAction, DecisionId, NewDecision, TaskId, TaskKind, TaskState, Ticket,
    TicketId, TicketSettings, TicketStatus, TicketTask, TrackerKind,
};

use super::change::{self, By, Change};
use super::decide::{Kind, Occasion, Situation, by_hand, decide};
use super::ledger::Ledger;
use super::tracker::Tracker;
use super::words;

/// The desk of tickets.
pub struct Desk {
    pub(super) ledger: Arc<Ledger>,
    /// None: the built-in one.
    pub(super) tracker: Option<Arc<dyn Tracker>>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

impl Desk {
    /// What was decided and told since the start.
    #[must_use]
    pub fn progress(&self) -> Arc<super::TicketProgress> {
        self.ledger.progress.clone()
    }

    fn by<'a>(&self, actor: &'a str) -> By<'a> {
        By {
            actor,
            seq: self.ledger.number(),
            now_ms: self.ledger.now_ms(),
        }
    }

    /// A ticket about which something can be done.
    async fn ticket(&self, id: TicketId) -> Result<Result<Ticket, TicketOutcome>, StoreError> {
        let Some(ticket) = self.ledger.parts.store.ticket(id).await? else {
            return Ok(Err(TicketOutcome::Unknown));
        };
        let refused = |why: String| Ok(Err(TicketOutcome::Refused(why)));
        if ticket.is_gone() {
            return refused("the tracker has the ticket no longer".into());
        }
        if ticket.tracker != TrackerKind::BuiltIn && ticket.tracker != self.ledger.tracker {
            let tracker = ticket.tracker.name();
            return refused(format!(
                "the ticket is in {tracker}, which is not configured"
            ));
        }
        Ok(Ok(ticket))
    }

    async fn done(&self, id: TicketId) -> Result<TicketOutcome, StoreError> {
        let ticket = self.ledger.parts.store.ticket(id).await?;
        Ok(ticket.map_or(TicketOutcome::Unknown, |ticket| {
            TicketOutcome::Done(Box::new(ticket))
        }))
    }

    /// A decision about a ticket that someone made.
    async fn decision(&self, ticket: &Ticket, by: By<'_>) -> Result<NewDecision, StoreError> {
        let alert = self.ledger.parts.alerts.alert(ticket.alert).await?;
        let thresholds = self.ledger.settings().thresholds;
        Ok(NewDecision {
            alert: ticket.alert,
            event_seq: by.seq,
            event: Kind::Asked.name().to_owned(),
            at_ms: by.now_ms,
            due_ms: None,
            action: DecisionAction::Skip,
            reason: String::new(),
            title: ticket.title.clone(),
            rule: ticket.rule.clone(),
            failure_type: ticket.failure_type.clone(),
            severity: ticket.severity,
            confidence: alert.map_or(0.0, |alert| alert.confidence),
            threshold: thresholds.of(ticket.severity),
            ticket: Some(ticket.id),
        })
    }

    async fn open_for(&self, alert: &Alert, actor: &str) -> Result<Option<TicketId>, StoreError> {
        let mut turn = self.ledger.turn().await;
        let by = self.by(actor);
        let ticket = turn.ticket(alert.fingerprint).await?;
        let settings = self.ledger.settings();
        let (action, why) = by_hand(&settings, alert, ticket.as_ref(), by.now_ms);
        let decision = NewDecision {
            action,
            reason: format!("{actor} asked for it; {why}"),
            threshold: settings.thresholds.of(alert.severity),
            ticket: ticket.as_ref().map(|ticket| ticket.id),
            ..NewDecision::about(alert, (by.seq, Kind::Asked.name()), by.now_ms)
        };
        let occasion = Occasion {
            seq: by.seq,
            kind: Kind::Asked,
            at_ms: by.now_ms,
            was_held: false,
        };
        let changed = turn.follow(decision, occasion, (alert, ticket.as_ref()), actor);
        turn.end(None).await?;
        Ok(changed.map(|ticket| ticket.id))
    }
}

#[async_trait]
impl TicketDesk for Desk {
    fn tracker(&self) -> TrackerKind {
        self.ledger.tracker
    }

    async fn health(&self) -> TrackerHealth {
        let Some(tracker) = &self.tracker else {
            return TrackerHealth {
                kind: TrackerKind::BuiltIn,
                target: "Tocsin".into(),
                is_healthy: true,
                detail: "tickets are kept in Tocsin itself".into(),
                took_ms: 0,
            };
        };
        let began = Instant::now();
        let checked = tracker.check().await;
        TrackerHealth {
            kind: tracker.kind(),
            target: tracker.target(),
            is_healthy: checked.is_ok(),
            detail: checked.unwrap_or_else(|error| error.to_string()),
            took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn settings(&self) -> TicketSettings {
        self.ledger.settings()
    }

    async fn set_settings(&self, settings: TicketSettings) -> Result<(), StoreError> {
        self.ledger.set_settings(settings).await
    }

    async fn preview(&self, alert: AlertId) -> Result<Option<Decision>, StoreError> {
        let parts = &self.ledger.parts;
        let Some(alert) = parts.alerts.alert(alert).await? else {
            return Ok(None);
        };
        let found = parts
            .store
            .ticket_of(self.ledger.tracker, alert.fingerprint);
        let ticket = found.await?;
        let now_ms = self.ledger.now_ms();
        let occasion = Occasion {
            seq: alert.seq,
            kind: Kind::Fired,
            at_ms: now_ms,
            was_held: false,
        };
        let situation = Situation {
            settings: &self.ledger.settings(),
            alert: &alert,
            ticket: ticket.as_ref(),
            silences: &parts.desk.silences(),
            now_ms,
        };
        let decided = decide(occasion, situation);
        let id = DecisionId(0);
        Ok(decided.map(|decided| Decision { id, decided }))
    }

    async fn open(&self, alert: AlertId, actor: &str) -> Result<TicketOutcome, StoreError> {
        let Some(alert) = self.ledger.parts.alerts.alert(alert).await? else {
            return Ok(TicketOutcome::Unknown);
        };
        match self.open_for(&alert, actor).await? {
            Some(id) => self.done(id).await,
            None => Ok(TicketOutcome::Unknown),
        }
    }

    async fn comment(
        &self,
        ticket: TicketId,
        text: &str,
        actor: &str,
    ) -> Result<TicketOutcome, StoreError> {
        let most = AlertAction::COMMENT_MAX;
        if text.trim().is_empty() || text.chars().count() > most {
            let why = format!("expected a text of 1 to {most} characters");
            return Ok(TicketOutcome::Refused(why));
        }
        let mut turn = self.ledger.turn().await;
        let ticket = match self.ticket(ticket).await? {
            Ok(ticket) => ticket,
            Err(outcome) => return Ok(outcome),
        };
        let by = self.by(actor);
        let said = match ticket.tracker {
            TrackerKind::BuiltIn => text.trim().to_owned(),
            _ => words::said(actor, text),
        };
        let told = vec![(TaskKind::Comment, said)];
        let ticket = Ticket {
            updated_ms: by.now_ms,
            ..ticket
        };
        let ticket = turn.change(Change { ticket, told }, by);
        turn.end(None).await?;
        self.done(ticket.id).await
    }

    async fn resolve(&self, ticket: TicketId, actor: &str) -> Result<TicketOutcome, StoreError> {
        let mut turn = self.ledger.turn().await;
        let ticket = match self.ticket(ticket).await? {
            Ok(ticket) => ticket,
            Err(outcome) => return Ok(outcome),
        };
        if ticket.status == TicketStatus::Resolved {
            return Ok(TicketOutcome::Refused("it is resolved already".into()));
        }
        let by = self.by(actor);
        let why = format!("{actor} resolved it");
        turn.note(NewDecision {
            action: DecisionAction::Resolve,
            reason: why.clone(),
            ..self.decision(&ticket, by).await?
        });
        let news = format!("{why} in Tocsin.");
        let ticket = turn.change(change::resolved(ticket, by.now_ms, why, news), by);
        turn.end(None).await?;
        self.done(ticket.id).await
    }

    async fn reopen(&self, ticket: TicketId, actor: &str) -> Result<TicketOutcome, StoreError> {
        let mut turn = self.ledger.turn().await;
        let ticket = match self.ticket(ticket).await? {
            Ok(ticket) => ticket,
            Err(outcome) => return Ok(outcome),
        };
        if ticket.status == TicketStatus::Open {
            return Ok(TicketOutcome::Refused("it is open".into()));
        }
        let store = &self.ledger.parts.store;
        let newest = store.ticket_of(ticket.tracker, ticket.fingerprint).await?;
        if let Some(newest) = newest.filter(|newest| newest.id != ticket.id) {
            let key = words::key(&newest);
            let why = format!("{key} is newer and about the same: go on with that one");
            return Ok(TicketOutcome::Refused(why));
        }
        let by = self.by(actor);
        let why = format!("{actor} opened it again");
        turn.note(NewDecision {
            action: DecisionAction::Reopen,
            reason: why.clone(),
            ..self.decision(&ticket, by).await?
        });
        let news = format!("{why} in Tocsin.");
        let ticket = Ticket {
            updated_ms: by.now_ms,
            ..ticket
        };
        let ticket = turn.change(change::reopened(ticket, why, news), by);
        turn.end(None).await?;
        self.done(ticket.id).await
    }

    async fn retry(&self, task: TaskId) -> Result<TicketOutcome, StoreError> {
        let store = &self.ledger.parts.store;
        let Some(task) = store.task(task).await? else {
            return Ok(TicketOutcome::Unknown);
        };
        if task.state != TaskState::Dead {
            let why = format!("it was not given up: it is {}", task.state.name());
            return Ok(TicketOutcome::Refused(why));
        }
        let ticket = task.task.ticket;
        let mut task = TicketTask {
            state: TaskState::Pending,
            attempts: 0,
            settled_ms: None,
            note: Some("tried once more".into()),
            ..task
        };
        task.task.due_ms = self.ledger.now_ms();
        store.settle_task(task, None).await?;
        self.ledger.wake.notify_one();
        self.done(ticket).await
    }
}
