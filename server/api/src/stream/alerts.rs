//! One client's stream of what happens to alerts, with what it missed before.
//!
//! It listens first, then reads what the store has above the client's number, then goes over to
//! what it hears; what it heard and had read already is dropped. So there is neither a gap nor a
//! double. A client that was too slow to hear everything reads what it missed in the same way.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tocsin_domain::alert::{Alert, AlertEvent};
use tocsin_domain::ports::{AlertFilter, AlertListener, Heard, StoreError};
use tokio::sync::OwnedSemaphorePermit;

use super::feed::{Feed, Told, place};
use crate::errors::ApiError;
use crate::state::ApiState;
use crate::wire::alert_filter::passes;
use crate::wire::alerts::AlertFrame;

/// How many events are read at a time.
const PAGE: usize = 200;

/// One client's stream of alerts. It ends when the server shuts down.
pub(crate) struct AlertFeed {
    state: ApiState,
    filter: AlertFilter,
    listener: Box<dyn AlertListener>,
    /// The newest event that was read or heard.
    seq: u64,
    /// Whether the store has more than was read.
    is_behind: bool,
    /// What was read and not yet told.
    queue: VecDeque<(AlertEvent, Arc<Alert>)>,
    _place: OwnedSemaphorePermit,
}

impl AlertFeed {
    /// Begins a stream after an event; without one, or after one that is not there yet (the
    /// numbers began anew), from now on.
    pub(crate) async fn begin(
        state: &ApiState,
        filter: AlertFilter,
        after: Option<u64>,
    ) -> Result<Self, ApiError> {
        let place = place(state)?;
        let newest = state.parts().alerts.last_seq().await?;
        Ok(Self {
            listener: state.parts().desk.listen(),
            state: state.clone(),
            filter,
            seq: after.filter(|after| *after <= newest).unwrap_or(newest),
            is_behind: true,
            queue: VecDeque::new(),
            _place: place,
        })
    }

    /// Reads a page of what the store has. Nothing is changed before everything is read, so that
    /// it can be given up on the way.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        let store = &self.state.parts().alerts;
        let page = store.events_after(self.seq, PAGE).await?;
        let mut alerts = HashMap::new();
        for event in &page {
            if let Entry::Vacant(place) = alerts.entry(event.alert) {
                // As it is now: what it was after each event is not kept.
                place.insert(store.alert(event.alert).await?.map(Arc::new));
            }
        }
        self.is_behind = page.len() == PAGE;
        self.seq = page
            .last()
            .map_or(self.seq, |event| event.seq.max(self.seq));
        let filter = &self.filter;
        self.queue.extend(page.into_iter().filter_map(|event| {
            // An alert that was forgotten meanwhile is of no interest any more.
            let alert = alerts.get(&event.alert)?.clone()?;
            passes(filter, &alert).then_some((event, alert))
        }));
        Ok(())
    }

    /// What was read, one by one.
    fn read(&mut self) -> Option<Told> {
        let (event, alert) = self.queue.pop_front()?;
        if self.queue.is_empty() {
            // An idle client holds no room for a page.
            self.queue = VecDeque::new();
        }
        let silences = self.state.parts().desk.silences();
        let text = AlertFrame::text(&event, &alert, &silences);
        Some(Told::Frame(Some(event.seq), text.into()))
    }
}

impl Feed for AlertFeed {
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(told) = self.read() {
                return Some(told);
            }
            if self.is_behind {
                if let Err(error) = self.catch_up().await {
                    ApiError::from(error).log();
                    return Some(Told::Failed("the store of alerts cannot be read just now"));
                }
                continue;
            }
            match self.listener.next().await? {
                Heard::Missed(_) => self.is_behind = true,
                Heard::Change(change) if change.event.seq > self.seq => {
                    self.seq = change.event.seq;
                    if passes(&self.filter, &change.alert) {
                        let silences = || self.state.parts().desk.silences();
                        let text = AlertFrame::shared(&change, silences);
                        return Some(Told::Frame(Some(self.seq), text));
                    }
                }
                // It was read before it was heard.
                Heard::Change(_) => {}
            }
        }
    }

    fn position(&self) -> Option<u64> {
        let next = self.queue.front();
        Some(next.map_or(self.seq, |(event, _)| event.seq.saturating_sub(1)))
    }
}
