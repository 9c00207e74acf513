//! One client's live tail, whatever it is spoken over.

use std::sync::Arc;

use tocsin_domain::ports::{LiveItem, LiveSubscription};
use tocsin_domain::query::Expression;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::errors::{ApiError, ErrorKind};
use crate::state::ApiState;
use crate::wire::filter::FilterParams;
use crate::wire::record::Record;

/// What the client hears next.
#[derive(Debug)]
pub(crate) enum TailItem {
    Record(Box<Record>),
    /// How many records this client has missed since it began.
    Skipped(u64),
}

/// One client's live tail. It ends when the server shuts down.
pub(crate) struct Tail {
    state: ApiState,
    filter: FilterParams,
    words: Expression,
    subscription: Box<dyn LiveSubscription>,
    /// Skipped by this subscription, and by those before it.
    skipped: u64,
    skipped_before: u64,
    shutdown: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Tail {
    /// Begins a tail, if there is room for another client.
    pub(crate) fn begin(state: &ApiState, filter: &FilterParams) -> Result<Self, ApiError> {
        let (expression, words) = filter.live(state.now())?;
        let busy = |_| ApiError::new(ErrorKind::TooManyRequests, "too many live tails at a time");
        let place = state
            .bounds
            .live_clients
            .clone()
            .try_acquire_owned()
            .map_err(busy)?;
        Ok(Self {
            subscription: state.parts().live.subscribe(expression),
            state: state.clone(),
            filter: filter.clone(),
            words,
            skipped: 0,
            skipped_before: 0,
            shutdown: state.parts().shutdown.clone(),
            _place: place,
        })
    }

    /// Looks for other words from now on; the other filters stay.
    pub(crate) fn ask(&mut self, q: String) -> Result<(), ApiError> {
        let filter = FilterParams {
            q: Some(q),
            ..self.filter.clone()
        };
        let (expression, words) = filter.live(self.state.now())?;
        self.subscription = self.state.parts().live.subscribe(expression);
        self.filter = filter;
        self.words = words;
        self.skipped_before += std::mem::take(&mut self.skipped);
        Ok(())
    }

    /// What comes next; none once the server shuts down.
    ///
    /// # Cancel safety
    /// Safe, as the subscription is.
    pub(crate) async fn next(&mut self) -> Option<TailItem> {
        let item = tokio::select! {
            biased;
            () = self.shutdown.cancelled() => return None,
            item = self.subscription.next() => item?,
        };
        Some(match item {
            LiveItem::Record(record) => {
                let record = Arc::unwrap_or_clone(record);
                TailItem::Record(Box::new(Record::found(record, &self.words, None)))
            }
            LiveItem::Skipped(skipped) => {
                self.skipped = skipped;
                TailItem::Skipped(self.skipped_before + skipped)
            }
        })
    }

    /// Cancelled once the server shuts down.
    pub(crate) fn shutdown(&self) -> CancellationToken {
        self.shutdown.clone()
    }
}
