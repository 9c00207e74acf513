//! A live tail as Server-Sent Events.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use serde_json::json;

use super::tail::{Tail, TailItem};
use crate::state::ApiState;

/// Answers with the events of a tail.
pub(crate) fn answer(state: &ApiState, tail: Tail) -> Response {
    let every = Duration::from_secs(state.parts().config.heartbeat_secs.max(1));
    let heartbeat = KeepAlive::new().interval(every).text("ping");
    let mut response = Sse::new(events(tail)).keep_alive(heartbeat).into_response();
    // Proxies that gather what they pass on would hold the events back.
    let header = HeaderName::from_static("x-accel-buffering");
    response
        .headers_mut()
        .insert(header, HeaderValue::from_static("no"));
    response
}

/// The stream ends with the tail; when the client goes away it is dropped, and the tail with it.
fn events(tail: Tail) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(tail, |mut tail| async move {
        let item = tail.next().await?;
        Some((Ok(event(&item)), tail))
    })
}

/// JSON text holds no line ends, so an event is always one `data` line.
fn event(item: &TailItem) -> Event {
    match item {
        TailItem::Record(record) => Event::default()
            .event("record")
            .id(&record.id)
            .data(serde_json::to_string(record).unwrap_or_default()),
        TailItem::Skipped(skipped) => Event::default()
            .event("skipped")
            .data(json!({ "skipped": skipped }).to_string()),
    }
}
