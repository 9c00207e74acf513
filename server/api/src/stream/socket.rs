//! A stream over a WebSocket. Frames that are ready are written together; a client that does not
//! take them in time is closed with the reason, and holds up nobody meanwhile.
//!
//! Ten thousand clients must be cheap, so buffers are small: tungstenite's own are 128 KiB each.

use std::sync::Arc;
use std::time::Duration;

use axum::Error;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{FutureExt, SinkExt};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_util::sync::CancellationToken;

use super::feed::{Feed, Patience, SHUTTING_DOWN, TOO_SLOW, Told, control};
use crate::state::ApiState;

/// The largest message a client may send, in bytes: it has nothing to say.
const MESSAGE_BYTES_MAX: usize = 4 << 10;
/// Room for what a client sends, in bytes; grows for a longer message.
const READ_BUFFER_BYTES: usize = 512;
/// How much is gathered before it is written, in bytes.
const WRITE_BUFFER_BYTES: usize = 4 << 10;
/// How many frames are written before the client is looked at again.
const BURST_MAX: usize = 64;
/// How long a client that is let go may take to hear why.
const FAREWELL_WAIT: Duration = Duration::from_secs(1);

/// Why a conversation ends.
#[derive(Debug)]
enum Farewell {
    /// The client left.
    Gone,
    /// It is left, with a close code and a reason.
    Say(u16, &'static str),
}

/// What came of writing.
#[derive(Debug)]
enum Wrote {
    All,
    /// All that there was before the feed failed; says why.
    Failed(&'static str),
    /// All that there will be.
    End,
}

/// Upgrades the connection; the stream then runs as a task that the tracker owns.
pub(crate) fn answer<F: Feed>(state: &ApiState, upgrade: WebSocketUpgrade, feed: F) -> Response {
    let tasks = state.parts().tasks.clone();
    let shutdown = state.parts().shutdown.clone();
    let patience = Patience::of(state);
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(MESSAGE_BYTES_MAX)
        .on_upgrade(move |socket| tasks.track_future(converse(socket, feed, patience, shutdown)))
}

async fn converse<F: Feed>(
    mut socket: WebSocket,
    mut feed: F,
    patience: Patience,
    shutdown: CancellationToken,
) {
    let farewell = tokio::select! {
        biased;
        () = shutdown.cancelled() => Farewell::Say(close_code::AWAY, SHUTTING_DOWN),
        farewell = talk(&mut socket, &mut feed, patience) => farewell,
    };
    if let Farewell::Say(code, reason) = farewell {
        let reason = Utf8Bytes::from_static(reason);
        let close = Message::Close(Some(CloseFrame { code, reason }));
        // The client may be gone already.
        let _ = timeout(FAREWELL_WAIT, socket.send(close)).await;
    }
}

/// Goes on until the client leaves, or must be left.
async fn talk<F: Feed>(socket: &mut WebSocket, feed: &mut F, patience: Patience) -> Farewell {
    let every = patience.heartbeat;
    let mut heartbeat = interval_at(Instant::now() + every, every);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut next = Some(Told::Frame(None, control("hello", feed.position()).into()));
    loop {
        if let Some(told) = next.take() {
            match timeout(patience.send, write(socket, feed, told)).await {
                Ok(Ok(Wrote::All)) => {}
                Ok(Ok(Wrote::Failed(reason))) => return Farewell::Say(close_code::ERROR, reason),
                Ok(Ok(Wrote::End)) => return Farewell::Say(close_code::AWAY, SHUTTING_DOWN),
                Ok(Err(_)) => return Farewell::Gone,
                Err(_) => return Farewell::Say(close_code::AGAIN, TOO_SLOW),
            }
        }
        tokio::select! {
            told = feed.next() => match told {
                Some(told) => next = Some(told),
                None => return Farewell::Say(close_code::AWAY, SHUTTING_DOWN),
            },
            heard = socket.recv() => match heard {
                // Pings are answered where they are read; there is nothing else to say.
                Some(Ok(message)) if !matches!(message, Message::Close(_)) => {}
                _ => return Farewell::Gone,
            },
            _ = heartbeat.tick() => {
                next = Some(Told::Frame(None, control("ping", feed.position()).into()));
            }
        }
    }
}

/// Writes what is told, and with it what else is ready. The more there is to do, the more goes
/// into one write.
async fn write<F: Feed>(socket: &mut WebSocket, feed: &mut F, first: Told) -> Result<Wrote, Error> {
    let mut told = first;
    let mut wrote = Wrote::All;
    for _ in 0..BURST_MAX {
        match told {
            Told::Frame(_, text) => socket.feed(Message::Text(shared(text))).await?,
            Told::Failed(reason) => {
                wrote = Wrote::Failed(reason);
                break;
            }
        }
        told = match feed.next().now_or_never() {
            Some(Some(next)) => next,
            Some(None) => {
                wrote = Wrote::End;
                break;
            }
            None => break,
        };
    }
    socket.flush().await?;
    Ok(wrote)
}

/// A text that all clients share, as it is.
fn shared(text: Arc<str>) -> Utf8Bytes {
    struct Shared(Arc<str>);

    impl AsRef<[u8]> for Shared {
        fn as_ref(&self) -> &[u8] {
            self.0.as_bytes()
        }
    }
    Utf8Bytes::try_from(Bytes::from_owner(Shared(text))).unwrap_or(Utf8Bytes::from_static(""))
}
