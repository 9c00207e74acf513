//! A stream as Server-Sent Events. The id of an event is its number, so that a client that comes
//! back says in `Last-Event-ID` where it stopped; heartbeats carry the number too, for those whose
//! filters let little pass.
//!
//! A task of its own reads the feed, since nobody asks for more while a client takes nothing: it
//! gives up on such a client, which then finds `closed` with the reason as its last event.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use serde_json::json;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_util::sync::CancellationToken;

use super::feed::{Feed, Patience, SHUTTING_DOWN, TOO_SLOW, Told};
use crate::state::ApiState;

/// How many events wait for a client at most.
const QUEUE: usize = 16;

/// What the answer is made of.
#[derive(Debug)]
enum Sent {
    Hello(Option<u64>),
    Told(Option<u64>, Arc<str>),
    Ping(Option<u64>),
}

/// Answers with the events of a feed, each under `name`.
pub(crate) fn answer<F: Feed>(state: &ApiState, name: &'static str, feed: F) -> Response {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let reason = Arc::new(OnceLock::new());
    let pump = Pump {
        feed,
        sender,
        patience: Patience::of(state),
        shutdown: state.parts().shutdown.clone(),
    };
    let said = reason.clone();
    state.parts().tasks.spawn(async move {
        // Nobody else sets it.
        let _ = said.set(pump.run().await);
    });
    let mut response = Sse::new(events(name, receiver, reason)).into_response();
    // Proxies that gather what they pass on would hold the events back.
    let header = HeaderName::from_static("x-accel-buffering");
    let no = HeaderValue::from_static("no");
    response.headers_mut().insert(header, no);
    response
}

/// Moves what a feed tells to a client.
struct Pump<F> {
    feed: F,
    sender: Sender<Sent>,
    patience: Patience,
    shutdown: CancellationToken,
}

impl<F: Feed> Pump<F> {
    /// Goes on until it has a reason to end.
    async fn run(mut self) -> &'static str {
        let every = self.patience.heartbeat;
        let mut heartbeat = interval_at(Instant::now() + every, every);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut next = Sent::Hello(self.feed.position());
        loop {
            match timeout(self.patience.send, self.sender.send(next)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return "the client left",
                Err(_) => return TOO_SLOW,
            }
            next = tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return SHUTTING_DOWN,
                () = self.sender.closed() => return "the client left",
                told = self.feed.next() => match told {
                    Some(Told::Frame(seq, text)) => Sent::Told(seq, text),
                    Some(Told::Failed(reason)) => return reason,
                    None => return SHUTTING_DOWN,
                },
                _ = heartbeat.tick() => Sent::Ping(self.feed.position()),
            };
        }
    }
}

/// The stream ends with the pump; when the client goes away it is dropped, and the pump ends.
fn events(
    name: &'static str,
    receiver: Receiver<Sent>,
    reason: Arc<OnceLock<&'static str>>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(Some(receiver), move |receiver| {
        let reason = reason.clone();
        async move {
            let mut receiver = receiver?;
            match receiver.recv().await {
                Some(sent) => Some((Ok(event(name, sent)), Some(receiver))),
                None => {
                    let reason = reason.get().copied().unwrap_or(SHUTTING_DOWN);
                    let last = Event::default().event("closed");
                    Some((Ok(last.data(json!({ "reason": reason }).to_string())), None))
                }
            }
        }
    })
}

/// JSON text holds no line ends, so an event is always one `data` line.
fn event(name: &str, sent: Sent) -> Event {
    let numbered = |event: Event, seq: Option<u64>| match seq {
        Some(seq) => event.id(seq.to_string()),
        None => event,
    };
    match sent {
        Sent::Hello(seq) => {
            let event = numbered(Event::default().event("hello"), seq);
            event.data(json!({ "seq": seq }).to_string())
        }
        Sent::Told(seq, text) => numbered(Event::default().event(name), seq).data(&*text),
        Sent::Ping(seq) => numbered(Event::default().comment("ping"), seq),
    }
}
