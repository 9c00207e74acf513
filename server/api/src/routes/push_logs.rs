//! `POST /api/v1/logs`: our own way in.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use tocsin_ingest::json_lines;

use super::body::{Pushed, receive};
use crate::errors::{ApiError, ErrorKind};
use crate::extract::Query;
use crate::openapi::WriteProblems;
use crate::state::ApiState;
use crate::wire::problem::ProblemItem;
use crate::wire::push::{PushAnswer, PushParams};

/// The longest source or host of the query string, in bytes.
const NAME_BYTES_MAX: usize = 512;

/// What may be sent; all of it is read as JSON. The last is what `curl -d` says unasked.
const CONTENT_TYPES: [&str; 9] = [
    "application/json",
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
    "application/json-lines",
    "application/octet-stream",
    "text/plain",
    "application/x-www-form-urlencoded",
];

/// Take log records: NDJSON or a JSON array, of objects or strings; gzip, zstd, deflate or snappy.
#[utoipa::path(
    post, path = "/api/v1/logs", tag = "push", params(PushParams),
    request_body(
        content((String = "application/x-ndjson"), (Vec<Object> = "application/json")),
        description = "The text is `body`, `message`, `msg`, `log`, `_msg` or `line`; `timestamp`, \
                       `time`, `ts`, `@timestamp` or `_time` says when; `severity` or `level`, \
                       `source`, `host` or `hostname`, `attributes`, `trace_id`, `span_id`; what \
                       is left becomes attributes"
    ),
    responses(
        (status = 200, body = PushAnswer, description = "What was accepted is durable"),
        WriteProblems
    )
)]
pub(crate) async fn push(
    State(state): State<ApiState>,
    Query(params): Query<PushParams>,
    request: Request,
) -> Result<Json<PushAnswer>, ApiError> {
    check_content_type(request.headers())?;
    let pushed = pushed(request.headers(), params)?;
    let (decoded, _room) = receive(&state, request, pushed, json_lines::decode).await?;
    if decoded.accepted == 0 {
        return Err(ApiError::all_rejected(decoded.rejected, &decoded.errors));
    }
    state.parts().intake.accept(decoded.batches).await?;
    Ok(Json(PushAnswer {
        accepted: decoded.accepted,
        rejected: decoded.rejected,
        errors: decoded.errors.iter().map(ProblemItem::from).collect(),
    }))
}

fn pushed(headers: &HeaderMap, params: PushParams) -> Result<Pushed, ApiError> {
    let name = |field: &str, value: Option<String>| match value {
        Some(value) if value.len() > NAME_BYTES_MAX => {
            let expected = format!("at most {NAME_BYTES_MAX} bytes");
            Err(ApiError::field(
                field,
                &expected,
                format!("`{field}` is too long"),
            ))
        }
        value => Ok(value.filter(|value| !value.is_empty())),
    };
    let source = name("source", params.source)?;
    let mut pushed = Pushed::of(headers, source.as_deref().unwrap_or("http"))?;
    pushed.host = name("host", params.host)?.unwrap_or_default();
    Ok(pushed)
}

fn check_content_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let value = value.to_str().unwrap_or_default();
    let kind = value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if CONTENT_TYPES.contains(&kind.as_str()) || kind.ends_with("+json") {
        return Ok(());
    }
    let shown: String = value.chars().take(60).collect();
    let detail = format!(
        "content type `{shown}` is not supported; expected application/x-ndjson or application/json"
    );
    Err(ApiError::new(ErrorKind::UnsupportedMediaType, detail))
}
