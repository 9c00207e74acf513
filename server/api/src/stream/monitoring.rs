//! What the system that came before told its page: errors that were detected, tickets that were
//! created or updated. `/ws/alerts` and `/api/v1/live` tell more, with numbers to go on from.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tocsin_domain::alert::{AlertChange, AlertEventKind};
use tocsin_domain::ports::{AlertListener, DecisionFilter, Heard, StoreError};
use tocsin_domain::ticket::{Decision, DecisionAction, DecisionId};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::feed::{Feed, Told, place};
use crate::errors::ApiError;
use crate::routes::tickets_decisions::items;
use crate::state::ApiState;
use crate::wire::series::at;
use crate::wire::ticket_decisions::DecisionItem;

/// How often decisions are looked for: nobody tells of them.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The most decisions that are told at a time; older ones are in the list of decisions.
const LOOK_MAX: usize = 100;

/// One client's stream. It ends when the server shuts down.
pub(crate) struct MonitoringFeed {
    state: ApiState,
    listener: Box<dyn AlertListener>,
    looks: Interval,
    /// The newest decision that was seen.
    newest: DecisionId,
    queue: VecDeque<Arc<str>>,
    _place: OwnedSemaphorePermit,
}

impl MonitoringFeed {
    /// Begins a stream with what happens from now on.
    pub(crate) async fn begin(state: &ApiState) -> Result<Self, ApiError> {
        let place = place(state)?;
        let listener = state.parts().desk.listen();
        let store = &state.parts().tickets;
        let newest = store.decisions(&DecisionFilter::default(), None, 1).await?;
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let connected = json!({
            "type": "connected", "message": "Monitoring stream started",
            "timestamp": at(state.now().millis()),
        });
        Ok(Self {
            state: state.clone(),
            listener,
            looks,
            newest: newest.first().map_or(DecisionId(0), |one| one.id),
            queue: VecDeque::from([connected.to_string().into()]),
            _place: place,
        })
    }

    /// Queues the decisions above the newest that was seen. Nothing is changed before everything
    /// is read, so that it can be given up on the way.
    async fn look(&mut self) -> Result<(), StoreError> {
        let store = &self.state.parts().tickets;
        let all = DecisionFilter::default();
        let mut page = store.decisions(&all, None, 1).await?;
        if page.first().is_none_or(|one| one.id <= self.newest) {
            return Ok(());
        }
        page = store.decisions(&all, None, LOOK_MAX).await?;
        page.retain(|one| one.id > self.newest);
        let shown = items(&self.state, &page).await?;
        if let Some(newest) = page.first() {
            self.newest = newest.id;
        }
        let frames = page.iter().zip(&shown).rev();
        let frames = frames.filter_map(|(decision, item)| ticket_frame(decision, item));
        self.queue.extend(frames);
        Ok(())
    }
}

impl Feed for MonitoringFeed {
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(text) = self.queue.pop_front() {
                return Some(Told::Frame(None, text));
            }
            tokio::select! {
                biased;
                heard = self.listener.next() => {
                    // What was missed is in the lists of alerts.
                    if let Heard::Change(change) = heard? {
                        self.queue.extend(error_frame(&change));
                    }
                    continue;
                }
                _ = self.looks.tick() => {}
            }
            if let Err(error) = self.look().await {
                ApiError::from(error).log();
                return Some(Told::Failed("the store of tickets cannot be read just now"));
            }
        }
    }

    fn position(&self) -> Option<u64> {
        None
    }
}

fn frame(name: &str, data: &Value) -> Arc<str> {
    json!({ "type": name, "data": data }).to_string().into()
}

/// An alert that began, or came back.
fn error_frame(change: &AlertChange) -> Option<Arc<str>> {
    let is_new = matches!(
        change.event.kind,
        AlertEventKind::Fired | AlertEventKind::Returned
    );
    let alert = &change.alert;
    let kind = alert.failure_type.as_ref().unwrap_or(&alert.rule);
    let data = json!({
        "alert": alert.id.to_string(), "severity": alert.severity.name(), "errorType": kind,
        "message": alert.title, "timestamp": at(change.event.at_ms),
    });
    is_new.then(|| frame("error-detected", &data))
}

/// A decision that changed a ticket.
fn ticket_frame(decision: &Decision, item: &DecisionItem) -> Option<Arc<str>> {
    let name = match decision.decided.action {
        DecisionAction::Create => "ticket-created",
        DecisionAction::Update | DecisionAction::Reopen | DecisionAction::Resolve => {
            "ticket-updated"
        }
        DecisionAction::Skip | DecisionAction::Hold => return None,
    };
    let decided = &item.decided;
    let data = json!({
        "decision": decided.action, "reason": decided.reason, "severity": decided.severity,
        "mlConfidence": decided.confidence, "threshold": decided.threshold,
        "jiraKey": item.ticket_key, "ticket": decided.ticket, "alert": decided.alert,
        "message": decided.title, "timestamp": decided.at,
    });
    Some(frame(name, &data))
}
