//! Elasticsearch's `_bulk`, and `GET /` for its clients. Official clients look for a header on
//! every answer; [`mark`] sets it.

use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tocsin_ingest::Context;
use tocsin_ingest::elasticsearch::{self, Bulk};
use tokio::time::Instant;

use super::body::{Pushed, receive};
use super::ui;
use crate::errors::{ApiError, ErrorKind};
use crate::state::ApiState;

/// Marks an answer as Elasticsearch's, or clients of version 8 and later refuse it.
pub(crate) async fn mark(mut response: Response) -> Response {
    let name = HeaderName::from_static("x-elastic-product");
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static("Elasticsearch"));
    response
}

/// Take documents as Elasticsearch's clients send them; also at `/{index}/_bulk`, and by PUT.
#[utoipa::path(
    post, path = "/_bulk", tag = "push",
    request_body(content((String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "One item for each action; those with 201 are durable",
            body = Object, content_type = "application/json"),
        (status = "4XX", description = "An Elasticsearch error", body = Object),
        (status = "5XX", description = "An Elasticsearch error; to be sent again", body = Object)
    )
)]
pub(crate) async fn bulk(
    State(state): State<ApiState>,
    path: RawPathParams,
    request: Request,
) -> Response {
    let index = path.iter().find(|(name, _)| *name == "index");
    let index = index.map(|(_, value)| value.to_owned()).unwrap_or_default();
    match take(&state, request, index).await {
        Ok(answer) => json(StatusCode::OK, answer),
        Err(error) => refuse(error),
    }
}

/// Who is there: the page for browsers, a version for programs that ask for JSON.
pub(crate) async fn root(State(state): State<ApiState>, headers: HeaderMap) -> Response {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let (accept, agent) = (
        text(header::ACCEPT),
        text(header::USER_AGENT).to_ascii_lowercase(),
    );
    let is_client = [
        "elasticsearch",
        "elastic-",
        "opensearch",
        "go-elasticsearch",
    ]
    .iter()
    .any(|name| agent.starts_with(name));
    if !accept.contains("html") && (accept.contains("json") || is_client) {
        return mark(json(StatusCode::OK, elasticsearch::greeting())).await;
    }
    ui::file(&state, "/index.html", &headers)
}

async fn take(state: &ApiState, request: Request, index: String) -> Result<Vec<u8>, ApiError> {
    let begun = Instant::now();
    let pushed = Pushed::of(request.headers(), "es")?;
    let decoder =
        move |body: &[u8], context: &mut Context<'_>| elasticsearch::decode(body, &index, context);
    let (bulk, _room) = receive(state, request, pushed, decoder).await?;
    let mut bulk = bulk?;
    let batches = std::mem::take(&mut bulk.decoded.batches);
    state.parts().intake.accept(batches).await?;
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let answer = state
        .parts()
        .tasks
        .spawn_blocking(move || answer(&bulk, took_ms));
    let failed = |_| ApiError::new(ErrorKind::Internal, "the answer could not be written");
    answer.await.map_err(failed)
}

/// Documents without an id get one that no other has, as clients expect.
fn answer(bulk: &Bulk, took_ms: u64) -> Vec<u8> {
    let unique = uuid::Uuid::new_v4().simple().to_string();
    let mut count = 0;
    let mut id_of = || {
        count += 1;
        format!("{unique}-{count}")
    };
    elasticsearch::answer(bulk, took_ms, &mut id_of)
}

fn refuse(error: ApiError) -> Response {
    error.log();
    let status = error.status();
    let retry_after = error.retry_after_header();
    let mut response = json(
        status,
        elasticsearch::refused(status.as_u16(), &error.detail),
    );
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
