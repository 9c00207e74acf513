//! From events to decisions: reads what happened to alerts in order and decides about each, and
//! looks again at what is held back.

use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::ports::{AlertListener, Heard, StoreError};
use tocsin_domain::ticket::{Decision, DecisionAction, NewDecision};
use tokio_util::sync::CancellationToken;

use super::decide::{Kind, Occasion};
use super::ledger::Ledger;

/// How many events are read at once, and how many held decisions are looked at.
const PAGE: usize = 500;
/// How long nothing may be heard before the store is asked, and how long an error is waited out.
const ROUND: Duration = Duration::from_secs(1);
const AFTER_ERROR: Duration = Duration::from_secs(1);
/// How often held decisions are looked at, in ms.
const HELD_MS: i64 = 1000;
/// How many events may pass by that do not matter here before how far they were read is kept.
/// After a crash they are passed by once more.
const UNKEPT_MAX: u64 = 1000;

pub(super) struct Reader {
    ledger: Arc<Ledger>,
    listener: Box<dyn AlertListener>,
    position: u64,
    kept: u64,
    held_ms: i64,
}

impl Reader {
    /// Goes on where it stopped; at the very first, with what happens from now on.
    pub(super) async fn open(ledger: Arc<Ledger>) -> Result<Self, StoreError> {
        // Listening begins before the store is read, so that nothing falls between.
        let listener = ledger.parts.desk.listen();
        let position = match ledger.parts.store.ticket_position().await? {
            Some(position) => position,
            None => {
                let last = ledger.parts.alerts.last_seq().await?;
                ledger.turn().await.end(Some(last)).await?;
                last
            }
        };
        Ok(Self {
            ledger,
            listener,
            position,
            kept: position,
            held_ms: 0,
        })
    }

    pub(super) async fn run(&mut self, shutdown: &CancellationToken) {
        let mut is_open = true;
        while !shutdown.is_cancelled() {
            let wait = match self.round(shutdown).await {
                Ok(()) => ROUND,
                Err(error) => {
                    tracing::warn!(%error, "events of alerts cannot be taken for tickets");
                    AFTER_ERROR
                }
            };
            let (position, ledger) = (self.position, self.ledger.clone());
            let heard = async {
                loop {
                    match self.listener.next().await {
                        // A change that was read from the store already.
                        Some(Heard::Change(change)) if change.event.seq <= position => {}
                        other => return other.is_some(),
                    }
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = ledger.changed.notified() => {}
                still = heard, if is_open => is_open = still,
                () = tokio::time::sleep(wait) => {}
            }
        }
        if self.position > self.kept {
            let turn = self.ledger.turn().await;
            if let Err(error) = turn.end(Some(self.position)).await {
                tracing::warn!(%error, "how far events were read for tickets is not kept");
            }
        }
    }

    async fn round(&mut self, shutdown: &CancellationToken) -> Result<(), StoreError> {
        while !shutdown.is_cancelled() && !self.ledger.settings().is_paused {
            if !self.step().await? {
                break;
            }
        }
        let now_ms = self.ledger.now_ms();
        if now_ms - self.held_ms >= HELD_MS || now_ms < self.held_ms {
            self.held_ms = now_ms;
            while !shutdown.is_cancelled()
                && !self.ledger.settings().is_paused
                && self.look_again().await?
            {}
        }
        Ok(())
    }

    /// Decides about one page of events; false if there is none.
    async fn step(&mut self) -> Result<bool, StoreError> {
        let alerts = &self.ledger.parts.alerts;
        let events = alerts.events_after(self.position, PAGE).await?;
        let Some(last) = events.last().map(|event| event.seq) else {
            return Ok(false);
        };
        let mut turn = self.ledger.turn().await;
        let mut is_any = false;
        for event in events {
            let Some(kind) = Kind::of(&event.kind) else {
                continue;
            };
            is_any = true;
            // An alert that was forgotten meanwhile ended long ago.
            let Some(alert) = alerts.alert(event.alert).await? else {
                continue;
            };
            let occasion = Occasion {
                seq: event.seq,
                kind,
                at_ms: event.at_ms,
                was_held: false,
            };
            turn.decide(occasion, &alert).await?;
        }
        if is_any || last - self.kept >= UNKEPT_MAX {
            turn.end(Some(last)).await?;
            self.kept = last;
        }
        self.position = last;
        Ok(true)
    }

    /// Decides again about what is held back and due; false if nothing is.
    async fn look_again(&mut self) -> Result<bool, StoreError> {
        let parts = &self.ledger.parts;
        let due = parts.store.held_decisions(self.ledger.now_ms(), PAGE);
        let due = due.await?;
        if due.is_empty() {
            return Ok(false);
        }
        let mut turn = self.ledger.turn().await;
        for Decision { decided, .. } in due {
            let kind = Kind::named(&decided.event);
            let alert = parts.alerts.alert(decided.alert).await?;
            let (Some(kind), Some(alert)) = (kind, alert) else {
                turn.note(NewDecision {
                    action: DecisionAction::Skip,
                    reason: "the alert was forgotten while it was held back".into(),
                    at_ms: self.ledger.now_ms(),
                    due_ms: None,
                    ..decided
                });
                continue;
            };
            let occasion = Occasion {
                seq: decided.event_seq,
                kind,
                at_ms: decided.at_ms,
                was_held: true,
            };
            turn.decide(occasion, &alert).await?;
        }
        turn.end(None).await
    }
}
