//! Splunk's HTTP event collector. Tokens are not looked at while there is no authentication.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tocsin_ingest::Context;
use tocsin_ingest::splunk::{self, HecCode, HecDecoded};

use super::body::{Pushed, receive};
use crate::errors::{ApiError, ErrorKind};
use crate::extract::Query;
use crate::state::ApiState;
use crate::wire::push::HecParams;

/// Take events as Splunk's clients send them.
#[utoipa::path(
    post, path = "/services/collector/event", tag = "push",
    request_body(content((Object = "application/json"))),
    responses(
        (status = 200, description = "Success; all events are durable", body = Object),
        (status = 400, description = "Events before the one named are durable", body = Object),
        (status = 503, description = "To be sent again", body = Object)
    )
)]
pub(crate) async fn events(State(state): State<ApiState>, request: Request) -> Response {
    let decoder = |body: &[u8], context: &mut Context<'_>| splunk::decode_events(body, context);
    respond(take(&state, request, decoder).await)
}

/// Take plain lines; `host`, `source`, `sourcetype` and `index` say where from.
#[utoipa::path(
    post, path = "/services/collector/raw", tag = "push", params(HecParams),
    request_body(content((String = "text/plain"))),
    responses(
        (status = 200, description = "Success; all lines are durable", body = Object),
        (status = 400, description = "There is no line", body = Object),
        (status = 503, description = "To be sent again", body = Object)
    )
)]
pub(crate) async fn raw(
    State(state): State<ApiState>,
    Query(params): Query<HecParams>,
    request: Request,
) -> Response {
    let decoder = move |body: &[u8], context: &mut Context<'_>| {
        let given = [
            ("host", &params.host),
            ("source", &params.source),
            ("sourcetype", &params.sourcetype),
            ("index", &params.index),
        ];
        let given = given.map(|(name, value)| (name, value.as_deref().unwrap_or_default()));
        splunk::decode_raw(body, &given, context)
    };
    respond(take(&state, request, decoder).await)
}

/// Whether events can be taken.
#[utoipa::path(
    get, path = "/services/collector/health", tag = "push",
    responses((status = 200, description = "HEC is healthy", body = Object))
)]
pub(crate) async fn health() -> Response {
    let (_, _, status) = HecCode::Healthy.describe();
    json(status, splunk::answer(HecCode::Healthy, None))
}

/// Good events are taken and durable even if others are not.
async fn take(
    state: &ApiState,
    request: Request,
    decoder: impl FnOnce(&[u8], &mut Context<'_>) -> HecDecoded + Send + 'static,
) -> Result<HecDecoded, ApiError> {
    let pushed = Pushed::of(request.headers(), "splunk")?;
    let (mut decoded, _room) = receive(state, request, pushed, decoder).await?;
    let batches = std::mem::take(&mut decoded.decoded.batches);
    state.parts().intake.accept(batches).await?;
    Ok(decoded)
}

fn respond(taken: Result<HecDecoded, ApiError>) -> Response {
    let error = match taken {
        Ok(decoded) => {
            let (_, _, status) = decoded.code.describe();
            return json(status, decoded.answer());
        }
        Err(error) => error,
    };
    error.log();
    // Clients know the statuses of the codes; only what is too large has a status of its own.
    let (code, status) = match error.kind {
        ErrorKind::TooLarge => (HecCode::InvalidFormat, 413),
        ErrorKind::BadRequest | ErrorKind::UnsupportedMediaType => (HecCode::InvalidFormat, 400),
        _ => (HecCode::Busy, 503),
    };
    let mut response = json(status, splunk::answer(code, None));
    if let Some(seconds) = error.retry_after_header() {
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

fn json(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
