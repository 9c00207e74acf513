//! Streams of the newest points of selected series. A selection is read once a second, whatever
//! the number of its clients; those who come or were too slow get the newest point of every series.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, watch};

use super::feed::{Feed, Told, place};
use super::metrics_poll::{Poll, Selected, poll};
use crate::errors::{ApiError, ErrorKind};
use crate::state::ApiState;

/// What is watched: a selector of series, or a query in PromQL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Watched {
    Match(String),
    Query(String),
}

/// What one reading brought.
#[derive(Debug)]
pub(crate) struct Tick {
    /// Counts readings that brought something.
    pub(crate) number: u64,
    /// The frame with what is new.
    pub(crate) news: Arc<str>,
    /// The newest point of every series.
    pub(crate) newest: Vec<Selected>,
    /// They as a frame, written by the first who needs it.
    pub(crate) snapshot: OnceLock<Arc<str>>,
}

/// The selections that somebody watches.
#[derive(Debug, Default)]
pub(crate) struct MetricFeeds {
    open: Mutex<HashMap<Watched, Arc<watch::Sender<Arc<Tick>>>>>,
}

impl MetricFeeds {
    fn open(&self) -> MutexGuard<'_, HashMap<Watched, Arc<watch::Sender<Arc<Tick>>>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, watched: &Watched) -> Option<watch::Receiver<Arc<Tick>>> {
        self.open().get(watched).map(|sender| sender.subscribe())
    }

    /// Ends a selection that nobody watches any more. False if somebody does.
    pub(crate) fn close_if_left(
        &self,
        watched: &Watched,
        sender: &watch::Sender<Arc<Tick>>,
    ) -> bool {
        let mut open = self.open();
        let is_left = sender.receiver_count() == 0;
        if is_left {
            open.remove(watched);
        }
        is_left
    }

    /// How many there are.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.open().len()
    }

    /// Ends a selection for all who watch it.
    pub(crate) fn close(&self, watched: &Watched) {
        self.open().remove(watched);
    }
}

/// One client's stream of points. It ends when the server shuts down.
pub(crate) struct MetricFeed {
    ticks: watch::Receiver<Arc<Tick>>,
    /// The number of the tick that was told last.
    told: Option<u64>,
    _place: OwnedSemaphorePermit,
}

impl MetricFeed {
    /// Begins a stream. What is watched is read once first, so that what is wrong with it is
    /// answered as such.
    pub(crate) async fn begin(state: &ApiState, watched: Watched) -> Result<Self, ApiError> {
        let place = place(state)?;
        let mut ticks = match state.feeds.join(&watched) {
            Some(ticks) => ticks,
            None => Self::open(state, watched).await?,
        };
        ticks.mark_changed();
        Ok(Self {
            ticks,
            told: None,
            _place: place,
        })
    }

    async fn open(
        state: &ApiState,
        watched: Watched,
    ) -> Result<watch::Receiver<Arc<Tick>>, ApiError> {
        let mut reading = Poll::new(watched.clone())?;
        let first = reading.read(state).await?;
        let mut open = state.feeds.open();
        if let Some(sender) = open.get(&watched) {
            // Somebody else was first.
            return Ok(sender.subscribe());
        }
        if open.len() >= state.parts().config.metric_feeds_max {
            let detail = "too many different selections of metrics are watched at a time";
            return Err(ApiError::new(ErrorKind::TooManyRequests, detail));
        }
        let (sender, ticks) = watch::channel(Arc::new(first));
        let sender = Arc::new(sender);
        open.insert(watched, sender.clone());
        drop(open);
        state
            .parts()
            .tasks
            .spawn(poll(state.clone(), reading, sender));
        Ok(ticks)
    }
}

impl Feed for MetricFeed {
    async fn next(&mut self) -> Option<Told> {
        // The sender goes when the server shuts down.
        self.ticks.changed().await.ok()?;
        let tick = self.ticks.borrow_and_update().clone();
        let is_next = self.told.is_some_and(|told| told + 1 == tick.number);
        self.told = Some(tick.number);
        let text = if is_next {
            tick.news.clone()
        } else {
            tick.snapshot().clone()
        };
        Some(Told::Frame(None, text))
    }

    fn position(&self) -> Option<u64> {
        None
    }
}
