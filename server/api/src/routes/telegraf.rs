//! Telegraf's `outputs.http`: `POST` or `PUT /webhooks/telegraf`, with its JSON or line protocol.
//!
//! Telegraf sends all again that is not answered 2xx, so metrics that can never be taken are 2xx as
//! long as others were; the answer says what was dropped.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tocsin_ingest::metrics::{MetricContext, influx, telegraf};

use super::influx::options;
use super::push_metrics::{Sent, accept, receive_metrics};
use crate::errors::ApiError;
use crate::extract::Query;
use crate::openapi::WriteProblems;
use crate::state::ApiState;
use crate::wire::problem::ProblemItem;
use crate::wire::push::{InfluxParams, PushAnswer};

/// Take metrics as Telegraf sends them.
#[utoipa::path(
    post, path = "/webhooks/telegraf", tag = "push", params(InfluxParams),
    request_body(content((Object = "application/json"), (String = "text/plain"))),
    responses(
        (status = 200, body = PushAnswer, description = "What was accepted is durable"),
        (status = 204, description = "All metrics are durable"),
        WriteProblems
    )
)]
pub(crate) async fn push(
    State(state): State<ApiState>,
    Query(params): Query<InfluxParams>,
    request: Request,
) -> Result<Response, ApiError> {
    let options = options(params)?;
    let sent = Sent::of(request.headers(), "telegraf")?;
    let says_json = is_json(request.headers());
    let decoder = move |body: &[u8], context: &mut MetricContext<'_>| {
        // The header is set by hand in Telegraf's configuration, so often it is not.
        let first = body.trim_ascii_start().first();
        if says_json || matches!(first, Some(b'{' | b'[')) {
            telegraf::decode(body, &options, context)
        } else {
            influx::decode(body, &options, context)
        }
    };
    let (mut decoded, _room) = receive_metrics(&state, request, sent, decoder).await?;
    if decoded.accepted == 0 && decoded.rejected > 0 {
        return Err(ApiError::all_rejected(decoded.rejected, &decoded.errors));
    }
    accept(&state, &mut decoded).await?;
    if decoded.rejected == 0 {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let answer = PushAnswer {
        accepted: decoded.accepted,
        rejected: decoded.rejected,
        errors: decoded.errors.iter().map(ProblemItem::from).collect(),
    };
    Ok(Json(answer).into_response())
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"))
}
