//! A live tail over a WebSocket, with pause, resume and other words on the way.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::tail::{Tail, TailItem};
use crate::state::ApiState;
use crate::wire::record::Record;

/// The largest message a client may send, in bytes: room for the longest query.
const MESSAGE_BYTES_MAX: usize = 64 << 10;
/// How long a client may take to receive one frame before it counts as gone.
const SEND_WAIT_MAX: Duration = Duration::from_secs(60);

/// What a client may send.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Asked {
    Pause,
    Resume,
    Filter { q: String },
}

/// What a client receives.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Frame {
    Record { record: Box<Record> },
    Skipped { skipped: u64 },
    Ping,
    Error { detail: String },
}

/// Whether the conversation goes on.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Go,
    Gone,
}

/// Upgrades the connection; the tail then runs as a task that the tracker owns.
pub(crate) fn answer(state: &ApiState, upgrade: WebSocketUpgrade, tail: Tail) -> Response {
    let tasks = state.parts().tasks.clone();
    let every = Duration::from_secs(state.parts().config.heartbeat_secs.max(1));
    upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .on_upgrade(move |socket| tasks.track_future(converse(socket, tail, every)))
}

async fn converse(mut socket: WebSocket, mut tail: Tail, every: Duration) {
    let mut heartbeat = interval_at(Instant::now() + every, every);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let shutdown = tail.shutdown();
    let mut is_paused = false;
    loop {
        // While paused the queue fills, and what does not fit is counted as skipped.
        let next = tokio::select! {
            item = tail.next(), if !is_paused => match item {
                Some(item) => send(&mut socket, &frame(item)).await,
                None => break,
            },
            asked = socket.recv() => match asked {
                Some(Ok(message)) => obey(&mut socket, &mut tail, &mut is_paused, message).await,
                Some(Err(_)) | None => Next::Gone,
            },
            _ = heartbeat.tick() => send(&mut socket, &Frame::Ping).await,
            () = shutdown.cancelled() => break,
        };
        if next == Next::Gone {
            return;
        }
    }
    let farewell = CloseFrame {
        code: close_code::AWAY,
        reason: "the server is shutting down".into(),
    };
    // The client may be gone already.
    let _ = tokio::time::timeout(SEND_WAIT_MAX, socket.send(Message::Close(Some(farewell)))).await;
}

fn frame(item: TailItem) -> Frame {
    match item {
        TailItem::Record(record) => Frame::Record { record },
        TailItem::Skipped(skipped) => Frame::Skipped { skipped },
    }
}

async fn obey(
    socket: &mut WebSocket,
    tail: &mut Tail,
    is_paused: &mut bool,
    message: Message,
) -> Next {
    let text = match message {
        Message::Text(text) => text,
        Message::Close(_) => return Next::Gone,
        Message::Ping(_) | Message::Pong(_) => return Next::Go,
        Message::Binary(_) => {
            let detail = "expected a text frame with a JSON object".to_owned();
            return send(socket, &Frame::Error { detail }).await;
        }
    };
    let wrong = match serde_json::from_str(&text) {
        Ok(Asked::Pause) => {
            *is_paused = true;
            None
        }
        Ok(Asked::Resume) => {
            *is_paused = false;
            None
        }
        Ok(Asked::Filter { q }) => tail.ask(q).err().map(|error| error.detail),
        Err(error) => Some(format!("expected pause, resume or filter: {error}")),
    };
    match wrong {
        Some(detail) => send(socket, &Frame::Error { detail }).await,
        None => Next::Go,
    }
}

/// A client that does not take a frame for long holds up nobody, and is let go.
async fn send(socket: &mut WebSocket, frame: &Frame) -> Next {
    let text = serde_json::to_string(frame).unwrap_or_default();
    let sent = tokio::time::timeout(SEND_WAIT_MAX, socket.send(Message::Text(text.into()))).await;
    if matches!(sent, Ok(Ok(()))) {
        Next::Go
    } else {
        Next::Gone
    }
}
