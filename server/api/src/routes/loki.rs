//! Loki's push: `POST /loki/api/v1/push`.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tocsin_ingest::Context;
use tocsin_ingest::decompress::Encoding;
use tocsin_ingest::loki::{self, LokiEncoding};

use super::body::{Pushed, receive};
use crate::errors::ApiError;
use crate::state::ApiState;

/// Take log lines as Loki's clients send them.
#[utoipa::path(
    post, path = "/loki/api/v1/push", tag = "push",
    request_body(content((Object = "application/json"), (String = "application/x-protobuf"))),
    responses(
        (status = 204, description = "What could be read is durable"),
        (status = "4XX", description = "A sentence; to be dropped, but for 429", body = String,
            content_type = "text/plain"),
        (status = "5XX", description = "A sentence; to be sent again", body = String,
            content_type = "text/plain")
    )
)]
pub(crate) async fn push(State(state): State<ApiState>, request: Request) -> Response {
    match take(&state, request).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refuse(error),
    }
}

async fn take(state: &ApiState, request: Request) -> Result<(), ApiError> {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let encoding = LokiEncoding::from_content_type(content_type);
    let mut pushed = Pushed::of(request.headers(), "loki")?;
    if encoding == LokiEncoding::Protobuf && pushed.encoding == Encoding::Snappy {
        // The protobuf form is in snappy's format whether the header says so or not.
        pushed.encoding = Encoding::Identity;
    }
    let decoder =
        move |body: &[u8], context: &mut Context<'_>| loki::decode(body, encoding, context);
    let (decoded, _room) = receive(state, request, pushed, decoder).await?;
    let decoded = decoded?;
    if decoded.accepted == 0 && decoded.rejected > 0 {
        return Err(ApiError::all_rejected(decoded.rejected, &decoded.errors));
    }
    Ok(state.parts().intake.accept(decoded.batches).await?)
}

fn refuse(error: ApiError) -> Response {
    error.log();
    let retry_after = error.retry_after_header();
    let mut response = (error.status(), format!("{}\n", error.detail)).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}
