//! What all streams share: frames that are written once, and how patient the server is.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use crate::errors::{ApiError, ErrorKind};
use crate::state::ApiState;

/// What a client is told next.
#[derive(Debug)]
pub(crate) enum Told {
    /// Something happened: its number, if it has one, and the text.
    Frame(Option<u64>, Arc<str>),
    /// It cannot go on; says why.
    Failed(&'static str),
}

/// One client's stream.
pub(crate) trait Feed: Send + 'static {
    /// What comes next; none once the server shuts down.
    ///
    /// # Cancel safety
    /// Safe: what is not returned is returned next time.
    fn next(&mut self) -> impl Future<Output = Option<Told>> + Send;

    /// The number through which the client was told everything, for feeds that have numbers.
    fn position(&self) -> Option<u64>;
}

/// How patient the server is with a client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// How often it says that it is alive.
    pub(crate) heartbeat: Duration,
    /// How long a client may take to receive what it is sent.
    pub(crate) send: Duration,
}

impl Patience {
    pub(crate) fn of(state: &ApiState) -> Self {
        let config = &state.parts().config;
        Self {
            heartbeat: Duration::from_secs(config.heartbeat_secs.max(1)),
            send: Duration::from_secs(config.stream_send_secs_max.max(1)),
        }
    }
}

/// Why a client that does not listen is let go.
pub(crate) const TOO_SLOW: &str = "too slow: it did not take what it was sent in time";
/// Why a stream ends when the server does.
pub(crate) const SHUTTING_DOWN: &str = "the server is shutting down";

/// A place among the clients of streams.
pub(crate) fn place(state: &ApiState) -> Result<OwnedSemaphorePermit, ApiError> {
    let busy = |_| {
        ApiError::new(
            ErrorKind::TooManyRequests,
            "too many live streams at a time",
        )
    };
    let places = state.bounds.stream_clients.clone();
    places.try_acquire_owned().map_err(busy)
}

/// `{"type":"hello","seq":…}` and the like: small frames of the stream itself.
pub(crate) fn control(name: &str, position: Option<u64>) -> String {
    match position {
        Some(seq) => format!(r#"{{"type":"{name}","seq":{seq}}}"#),
        None => format!(r#"{{"type":"{name}"}}"#),
    }
}
