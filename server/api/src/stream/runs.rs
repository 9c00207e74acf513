//! One client's view of a run as it goes on: the run whenever it changed, and what its action prints.
//!
//! The desk is asked twice a second, which is as often as people see a change; nothing is kept for a
//! client but the last that it was told, and it is asked for no faster than the client takes it.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::Event;
use futures_util::{Stream, stream};
use serde::Serialize;
use tocsin_domain::automation::RunId;
use tocsin_domain::ports::{RunDetails, StoreError};
use tokio::sync::OwnedSemaphorePermit;

use super::answer::named;
use super::feed::SHUTTING_DOWN;
use crate::errors::{ApiError, ErrorKind};
use crate::identity::Actor;
use crate::state::ApiState;
use crate::wire::automation_run_details::RunDetailItem;
use crate::wire::automation_runs::OutputAnswer;

/// How often it is looked whether something changed.
const LOOK: Duration = Duration::from_millis(500);

/// One client's view of a run. It ends when the run has, or the server shuts down.
pub(crate) struct RunFeed {
    state: ApiState,
    id: RunId,
    actor: Actor,
    /// The run as it was told last, in JSON.
    told: String,
    /// The byte of the output that comes next.
    next: u64,
    /// What there is to tell, the last first.
    waiting: Vec<Event>,
    /// Whether anything may come after that.
    is_over: bool,
    /// Whether it was looked before.
    has_looked: bool,
    _place: OwnedSemaphorePermit,
}

/// More of an output.
#[derive(Debug, Serialize)]
struct MoreOutput {
    from: u64,
    text: String,
    next: u64,
}

impl RunFeed {
    /// Begins with the output from a byte on; none: there is no such run.
    pub(crate) async fn begin(
        state: &ApiState,
        id: RunId,
        actor: Actor,
        from: u64,
    ) -> Result<Option<Self>, ApiError> {
        let busy = |_| ApiError::new(ErrorKind::TooManyRequests, "too many live tails at a time");
        let places = state.bounds.live_clients.clone();
        let place = places.try_acquire_owned().map_err(busy)?;
        if state.parts().automation.run(id).await?.is_none() {
            return Ok(None);
        }
        Ok(Some(Self {
            state: state.clone(),
            id,
            actor,
            told: String::new(),
            next: from,
            waiting: Vec::new(),
            is_over: false,
            has_looked: false,
            _place: place,
        }))
    }

    /// Sees what changed.
    async fn look(&mut self) -> Result<(), ApiError> {
        let desk = self.state.parts().automation.clone();
        // First the run: all that one that is over printed is there by then.
        let details = desk.run(self.id).await?;
        let Some(details) = details else {
            // It was forgotten meanwhile.
            self.is_over = true;
            return Ok(());
        };
        let output = OutputAnswer::new(self.next, desk.output(self.id, self.next).await?);
        self.is_over = details.run.state.is_final();
        let item = item(&self.state, &details, &self.actor).await?;
        let text = serde_json::to_string(&item).unwrap_or_default();
        // The output first, so that a client sees a run end after all that it printed.
        let changed = (text != self.told).then(|| Event::default().event("run").data(&text));
        self.told = text;
        self.waiting.extend(changed);
        if !output.text.is_empty() {
            let more = MoreOutput {
                from: self.next,
                next: output.next,
                text: output.text,
            };
            self.next = more.next;
            self.waiting.push(named("output", &more));
        }
        Ok(())
    }

    /// What comes next; none once nothing does.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop() {
                return Some(event);
            }
            if self.is_over {
                return None;
            }
            if std::mem::replace(&mut self.has_looked, true) {
                let shutdown = self.state.parts().shutdown.clone();
                tokio::select! {
                    () = shutdown.cancelled() => {
                        self.is_over = true;
                        let error = ApiError::new(ErrorKind::Unavailable, SHUTTING_DOWN);
                        return Some(named("error", &error.problem()));
                    }
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
            if let Err(error) = self.look().await {
                error.log();
                self.is_over = true;
                return Some(named("error", &error.problem()));
            }
        }
    }
}

/// The events of a run.
pub(crate) fn events(feed: RunFeed) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(feed, |mut feed| async move {
        let event = feed.next().await?;
        Some((Ok(event), feed))
    })
}

/// A run as someone sees it.
pub(crate) async fn item(
    state: &ApiState,
    details: &RunDetails,
    actor: &Actor,
) -> Result<RunDetailItem, StoreError> {
    let desk = &state.parts().automation;
    let (_, size) = desk.output(details.run.id, u64::MAX).await?;
    let is_stopped = desk.switches().kill.is_some();
    Ok(RunDetailItem::new(details, actor, is_stopped, size))
}
