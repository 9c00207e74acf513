//! Bodies: read with a bound on each and on all, decoded off the async threads a few at a time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tocsin_domain::Timestamp;
use tocsin_ingest::decompress::{Encoding, decompress};
use tocsin_ingest::{Context, DecodeError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::errors::{ApiError, ErrorKind};
use crate::state::{ApiState, BODY_UNIT_BYTES, random};

/// How much room a body asks for at a time.
const STEP_BYTES: usize = 1 << 20;

/// A body as it was sent, and the room it takes.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) bytes: Bytes,
    pub(crate) room: Room,
}

/// Room for a body among all bodies; given back when dropped.
#[derive(Debug)]
pub(crate) struct Room {
    permit: Option<OwnedSemaphorePermit>,
    bytes: usize,
}

/// What a decoder needs to know beside the bytes.
#[derive(Debug)]
pub(crate) struct Pushed {
    pub(crate) encoding: Encoding,
    pub(crate) source: String,
    pub(crate) host: String,
}

impl Pushed {
    /// Of a request whose records have the source `source` if they name none.
    pub(crate) fn of(headers: &HeaderMap, source: &str) -> Result<Self, ApiError> {
        Ok(Self {
            encoding: encoding(headers)?,
            source: source.to_owned(),
            host: String::new(),
        })
    }
}

/// The encoding that the headers name.
pub(crate) fn encoding(headers: &HeaderMap) -> Result<Encoding, ApiError> {
    let encoding = headers.get(header::CONTENT_ENCODING);
    let encoding = encoding
        .map_or(Ok(""), |value| value.to_str())
        .map_err(|_| {
            ApiError::new(
                ErrorKind::UnsupportedMediaType,
                "the content encoding is not readable",
            )
        })?;
    Ok(Encoding::from_header(encoding)?)
}

/// Reads a whole body. One that comes in one piece is not copied.
pub(crate) async fn collect(
    state: &ApiState,
    headers: &HeaderMap,
    body: Body,
) -> Result<Collected, ApiError> {
    let limit = state.parts().limits.body_bytes_max;
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    let declared = declared
        .and_then(|text| text.parse::<usize>().ok())
        .unwrap_or(0);
    if declared > limit {
        return Err(too_large(limit));
    }
    let wait = Duration::from_secs(state.parts().config.body_secs_max);
    let read = read(state, body.into_data_stream(), declared);
    tokio::time::timeout(wait, read).await.unwrap_or_else(|_| {
        let detail = format!("the body did not arrive within {} s", wait.as_secs());
        Err(ApiError::new(ErrorKind::RequestTimeout, detail))
    })
}

async fn read(
    state: &ApiState,
    mut pieces: BodyDataStream,
    declared: usize,
) -> Result<Collected, ApiError> {
    let limit = state.parts().limits.body_bytes_max;
    let mut room = Room {
        permit: None,
        bytes: 0,
    };
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| {
            ApiError::bad_request(format!("the body ended before it was complete: {error}"))
        })?;
        let size = first.len() + all.len() + piece.len();
        if size > limit {
            return Err(too_large(limit));
        }
        room.grow(state, size).await?;
        if first.is_empty() && all.is_empty() {
            first = piece;
            continue;
        }
        if all.is_empty() {
            all.reserve(declared.max(size));
            all.extend_from_slice(&std::mem::take(&mut first));
        }
        all.extend_from_slice(&piece);
    }
    let bytes = if all.is_empty() { first } else { all.freeze() };
    Ok(Collected { bytes, room })
}

impl Room {
    /// Makes it at least `bytes` large; waits a while for others to leave.
    async fn grow(&mut self, state: &ApiState, bytes: usize) -> Result<(), ApiError> {
        if bytes <= self.bytes {
            return Ok(());
        }
        let limit = state.parts().limits.body_bytes_max;
        let target = bytes.next_multiple_of(STEP_BYTES).min(limit.max(bytes));
        let units = target.div_ceil(BODY_UNIT_BYTES) - self.bytes.div_ceil(BODY_UNIT_BYTES);
        let permit = turn(state, &state.bounds.bodies, units).await?;
        match &mut self.permit {
            Some(held) => held.merge(permit),
            None => self.permit = Some(permit),
        }
        self.bytes = target;
        Ok(())
    }
}

/// Waits a while for `permits` of a bound; says 429 when none come free.
async fn turn(
    state: &ApiState,
    bound: &Arc<Semaphore>,
    permits: usize,
) -> Result<OwnedSemaphorePermit, ApiError> {
    let busy = || {
        ApiError::new(
            ErrorKind::TooManyRequests,
            "too many pushes at a time; slow down",
        )
    };
    let permits = u32::try_from(permits).map_err(|_| busy())?;
    let wait = Duration::from_millis(state.parts().config.push_wait_ms_max);
    let turn = bound.clone().acquire_many_owned(permits);
    match tokio::time::timeout(wait, turn).await {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_)) | Err(_) => Err(busy()),
    }
}

/// Reads and decodes a body. The room it took is to be held until its records are durable.
pub(crate) async fn receive<T: Send + 'static>(
    state: &ApiState,
    request: Request,
    pushed: Pushed,
    decoder: impl FnOnce(&[u8], &mut Context<'_>) -> T + Send + 'static,
) -> Result<(T, Room), ApiError> {
    let encoding = pushed.encoding;
    let work = move |body: &[u8], state: &ApiState, now: Timestamp| {
        let mut random = random;
        let mut context = Context::new(now, &mut random, &state.parts().limits);
        context.source = &pushed.source;
        context.host = &pushed.host;
        decoder(body, &mut context)
    };
    receive_bytes(state, request, encoding, work).await
}

/// Reads a body, undoes its encoding and works on it off the async threads, with the state and the
/// time of receipt. The room it took is to be held until what came of it is durable.
pub(crate) async fn receive_bytes<T: Send + 'static>(
    state: &ApiState,
    request: Request,
    encoding: Encoding,
    work: impl FnOnce(&[u8], &ApiState, Timestamp) -> T + Send + 'static,
) -> Result<(T, Room), ApiError> {
    let (head, body) = request.into_parts();
    let Collected { bytes, room } = collect(state, &head.headers, body).await?;
    let permit = turn(state, &state.bounds.decodes, 1).await?;
    let now = state.now();
    let held = state.clone();
    let work = move || {
        let _permit = permit;
        let body = decompress(&bytes, encoding, &held.parts().limits)?;
        Ok::<T, DecodeError>(work(&body, &held, now))
    };
    match state.parts().tasks.spawn_blocking(work).await {
        Ok(decoded) => Ok((decoded?, room)),
        Err(_) => Err(ApiError::new(
            ErrorKind::Internal,
            "the decoder failed on this body",
        )),
    }
}

fn too_large(limit: usize) -> ApiError {
    let detail = format!("the body is larger than the limit of {limit} bytes; split it");
    ApiError::new(ErrorKind::TooLarge, detail)
}
