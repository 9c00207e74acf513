//! The ledger: the one place where tickets are written. Everyone who decides takes turns, so that
//! each sees what the one before did.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use tocsin_domain::alert::{Alert, Fingerprint, Silence};
use tocsin_domain::ports::{StoreError, TicketCommit};
use tocsin_domain::ticket::{
    DecisionAction, NewDecision, Ticket, TicketRef, TicketSettings, TicketStatus, TrackerKind,
};
use tokio::sync::{Mutex, MutexGuard, Notify};

use super::change::{self, By, Change, Ground};
use super::decide::{Kind, Occasion, Situation, decide};
use super::{TicketParts, words};
use crate::spans;

/// The name under which the server itself acts.
pub(super) const SYSTEM: &str = "system";

/// What was decided and told since the start.
#[derive(Debug, Default)]
pub struct TicketProgress {
    /// Decisions, in the order of [`DecisionAction::ALL`].
    pub decisions: [AtomicU64; 6],
    /// Tasks that the tracker took.
    pub told: AtomicU64,
    /// Attempts that failed.
    pub failures: AtomicU64,
    /// Tasks that were given up.
    pub dead: AtomicU64,
}

impl TicketProgress {
    fn count(&self, decisions: &[NewDecision]) {
        for (action, count) in DecisionAction::ALL.iter().zip(&self.decisions) {
            let made = decisions.iter().filter(|one| one.action == *action).count();
            count.fetch_add(made as u64, Ordering::Relaxed);
        }
    }
}

pub(super) struct Ledger {
    pub(super) parts: TicketParts,
    pub(super) tracker: TrackerKind,
    pub(super) base_url: Arc<str>,
    pub(super) progress: Arc<TicketProgress>,
    /// That the settings changed.
    pub(super) changed: Notify,
    /// That there is something to tell.
    pub(super) wake: Notify,
    settings: RwLock<TicketSettings>,
    turn: Mutex<()>,
    numbered: AtomicI64,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").finish_non_exhaustive()
    }
}

impl Ledger {
    pub(super) fn new(
        parts: TicketParts,
        tracker: TrackerKind,
        base_url: Arc<str>,
        settings: TicketSettings,
    ) -> Self {
        Self {
            parts,
            tracker,
            base_url,
            progress: Arc::default(),
            changed: Notify::new(),
            wake: Notify::new(),
            settings: RwLock::new(settings),
            turn: Mutex::new(()),
            numbered: AtomicI64::new(0),
        }
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.parts.clock.now().millis()
    }

    pub(super) fn settings(&self) -> TicketSettings {
        *self.settings.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the settings. Durable on return.
    pub(super) async fn set_settings(&self, settings: TicketSettings) -> Result<(), StoreError> {
        let check = settings.check();
        check.map_err(|error| StoreError::Invalid(error.to_string()))?;
        let _turn = self.turn.lock().await;
        self.parts.store.put_ticket_settings(settings).await?;
        let mut current = self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = settings;
        drop(current);
        self.changed.notify_one();
        Ok(())
    }

    /// A number for something that follows from no event: the time in µs, and never twice. It is
    /// larger than that of any event, and small enough for a number of JSON.
    pub(super) fn number(&self) -> u64 {
        let now = self.parts.clock.now().0 / 1000;
        let next = |last: i64| Some(now.max(last + 1));
        let last = self
            .numbered
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        let number = now.max(last.unwrap_or_default() + 1);
        u64::try_from(number).unwrap_or_default()
    }

    /// Waits for one's turn.
    pub(super) async fn turn(&self) -> Turn<'_> {
        Turn {
            ledger: self,
            silences: None,
            commit: TicketCommit::default(),
            known: HashMap::new(),
            spans: Vec::new(),
            _guard: self.turn.lock().await,
        }
    }
}

/// What is decided together and kept at once.
pub(super) struct Turn<'a> {
    ledger: &'a Ledger,
    silences: Option<Vec<Silence>>,
    commit: TicketCommit,
    /// The newest tickets, as they are after what was decided in this turn.
    known: HashMap<Fingerprint, Option<Ticket>>,
    /// The spans of what was decided, which end once it was kept.
    spans: Vec<tracing::Span>,
    _guard: MutexGuard<'a, ()>,
}

impl Turn<'_> {
    /// The newest ticket of a fingerprint.
    pub(super) async fn ticket(
        &mut self,
        print: Fingerprint,
    ) -> Result<Option<Ticket>, StoreError> {
        if let Some(known) = self.known.get(&print) {
            return Ok(known.clone());
        }
        let store = &self.ledger.parts.store;
        let found = store.ticket_of(self.ledger.tracker, print).await?;
        self.known.insert(print, found.clone());
        Ok(found)
    }

    /// Decides about what happened to an alert.
    pub(super) async fn decide(
        &mut self,
        occasion: Occasion,
        alert: &Alert,
    ) -> Result<(), StoreError> {
        let ticket = self.ticket(alert.fingerprint).await?;
        let desk = &self.ledger.parts.desk;
        let silences = self.silences.get_or_insert_with(|| desk.silences());
        let settings = self.ledger.settings();
        let situation = Situation {
            settings: &settings,
            alert,
            ticket: ticket.as_ref(),
            silences,
            now_ms: self.ledger.now_ms(),
        };
        if let Some(decision) = decide(occasion, situation) {
            self.follow(decision, occasion, (alert, ticket.as_ref()), SYSTEM);
        }
        Ok(())
    }

    /// Takes a decision with all that follows from it. Returns the ticket that it changed.
    pub(super) fn follow(
        &mut self,
        mut decision: NewDecision,
        occasion: Occasion,
        (alert, ticket): (&Alert, Option<&Ticket>),
        actor: &str,
    ) -> Option<Ticket> {
        let by = By {
            actor,
            seq: occasion.seq,
            now_ms: decision.at_ms,
        };
        let ground = Ground {
            alert,
            ticket,
            tracker: self.ledger.tracker,
            base_url: &self.ledger.base_url,
        };
        let change = change::follow(&mut decision, occasion, ground);
        let ticket = change.map(|change| self.change(change, by));
        if let Some(ticket) = &ticket {
            let span = spans::decide_ticket(&decision, alert);
            spans::made(&span, "tocsin.ticket.id", &ticket.id);
            self.spans.push(span);
        }
        self.commit.decisions.push(decision);
        ticket
    }

    /// Takes a decision of which nothing follows by itself.
    pub(super) fn note(&mut self, decision: NewDecision) {
        self.commit.decisions.push(decision);
    }

    /// Takes a change. Returns the ticket as it is then.
    pub(super) fn change(&mut self, change: Change, by: By<'_>) -> Ticket {
        let ticket = change.ticket.clone();
        if ticket.tracker == self.ledger.tracker {
            self.known.insert(ticket.fingerprint, Some(ticket.clone()));
        }
        change.record(by, &mut self.commit);
        ticket
    }

    /// Opens a ticket in place of one that the tracker has no longer or does not open again, if
    /// that one is open and its alert goes on. `is_gone`: nothing is told to the old one any more.
    pub(super) async fn replace(
        &mut self,
        ticket: Ticket,
        is_gone: bool,
    ) -> Result<Option<Ticket>, StoreError> {
        let now_ms = self.ledger.now_ms();
        let key = words::key(&ticket);
        let is_open = ticket.status == TicketStatus::Open;
        let old = Ticket {
            status: TicketStatus::Resolved,
            resolved_ms: ticket.resolved_ms.or(Some(now_ms)),
            updated_ms: now_ms,
            reference: match is_gone {
                true => Some(TicketRef::gone()),
                false => ticket.reference.clone(),
            },
            ..ticket
        };
        let newest = self.ticket(old.fingerprint).await?;
        let is_newest = newest.is_some_and(|newest| newest.id == old.id);
        let by = By {
            actor: SYSTEM,
            seq: self.ledger.number(),
            now_ms,
        };
        let told = Vec::new();
        let old = self.change(Change { ticket: old, told }, by);
        let alert = self.ledger.parts.alerts.alert(old.alert).await?;
        let alert = alert.filter(|alert| alert.is_firing() && is_open && is_newest);
        let (Some(alert), true) = (alert, self.ledger.settings().is_enabled) else {
            return Ok(None);
        };
        let occasion = Occasion {
            seq: by.seq,
            kind: Kind::Fired,
            at_ms: now_ms,
            was_held: false,
        };
        let what = match is_gone {
            true => "is not in the tracker any more",
            false => "cannot be opened again",
        };
        let decision = NewDecision {
            action: DecisionAction::Create,
            reason: format!("{key} {what}, and the alert goes on"),
            threshold: self.ledger.settings().thresholds.of(alert.severity),
            ..NewDecision::about(&alert, (by.seq, "replaced"), now_ms)
        };
        Ok(self.follow(decision, occasion, (&alert, Some(&old)), SYSTEM))
    }

    /// Keeps everything, with how far events were taken. Says whether there was anything.
    pub(super) async fn end(mut self, position: Option<u64>) -> Result<bool, StoreError> {
        let commit = std::mem::take(&mut self.commit);
        let is_empty = commit.decisions.is_empty()
            && commit.tickets.is_empty()
            && commit.tasks.is_empty()
            && commit.comments.is_empty();
        if is_empty && position.is_none() {
            return Ok(false);
        }
        let decisions = commit.decisions.clone();
        let is_told = !commit.tasks.is_empty();
        let commit = TicketCommit { position, ..commit };
        let kept = self.ledger.parts.store.commit_tickets(commit).await;
        let spans = self.spans.iter();
        spans.for_each(|span| tocsin_trace::note(span, &kept));
        kept?;
        self.ledger.progress.count(&decisions);
        if is_told {
            self.ledger.wake.notify_one();
        }
        Ok(!is_empty)
    }
}
