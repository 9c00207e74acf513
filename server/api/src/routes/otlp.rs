//! OTLP/HTTP: `POST /v1/logs` and `POST /v1/metrics`, answered in the encoding of the request.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tocsin_ingest::Context;
use tocsin_ingest::metrics::{self, MetricContext};
use tocsin_ingest::otlp::{self, Answer, OtlpEncoding, Status};

use super::body::{Pushed, receive};
use super::push_metrics::{Sent, accept, receive_metrics};
use crate::errors::{ApiError, ErrorKind};
use crate::state::ApiState;

/// Take log records as OpenTelemetry sends them.
#[utoipa::path(
    post, path = "/v1/logs", tag = "push",
    request_body(content((String = "application/x-protobuf"), (Object = "application/json"))),
    responses(
        (status = 200, description = "An ExportLogsServiceResponse; what was accepted is durable"),
        (status = "4XX", description = "A google.rpc.Status; to be dropped, but for 429"),
        (status = "5XX", description = "A google.rpc.Status; to be sent again")
    )
)]
pub(crate) async fn push(State(state): State<ApiState>, request: Request) -> Response {
    let Some(encoding) = encoding(request.headers()) else {
        let detail = "expected application/x-protobuf or application/json";
        let error = ApiError::new(ErrorKind::UnsupportedMediaType, detail);
        return refuse(error, OtlpEncoding::Json);
    };
    match take(&state, request, encoding).await {
        Ok(answer) => respond(StatusCode::OK, answer),
        Err(error) => refuse(error, encoding),
    }
}

/// Take metrics as OpenTelemetry sends them.
#[utoipa::path(
    post, path = "/v1/metrics", tag = "push",
    request_body(content((String = "application/x-protobuf"), (Object = "application/json"))),
    responses(
        (status = 200, description = "An ExportMetricsServiceResponse; what was accepted is durable"),
        (status = "4XX", description = "A google.rpc.Status; to be dropped, but for 429"),
        (status = "5XX", description = "A google.rpc.Status; to be sent again")
    )
)]
pub(crate) async fn push_metrics(State(state): State<ApiState>, request: Request) -> Response {
    let Some(encoding) = encoding(request.headers()) else {
        let detail = "expected application/x-protobuf or application/json";
        let error = ApiError::new(ErrorKind::UnsupportedMediaType, detail);
        return refuse(error, OtlpEncoding::Json);
    };
    match take_metrics(&state, request, encoding).await {
        Ok(answer) => respond(StatusCode::OK, answer),
        Err(error) => refuse(error, encoding),
    }
}

async fn take_metrics(
    state: &ApiState,
    request: Request,
    encoding: OtlpEncoding,
) -> Result<Answer, ApiError> {
    let sent = Sent::of(request.headers(), "otlp")?;
    let deltas = state.parts().deltas.clone();
    let decoder = move |body: &[u8], context: &mut MetricContext<'_>| {
        metrics::otlp::decode(body, encoding, &deltas, context)
    };
    let (decoded, _room) = receive_metrics(state, request, sent, decoder).await?;
    let mut decoded = decoded?;
    accept(state, &mut decoded).await?;
    Ok(metrics::otlp::accepted(&decoded, encoding))
}

fn encoding(headers: &HeaderMap) -> Option<OtlpEncoding> {
    OtlpEncoding::from_content_type(headers.get(header::CONTENT_TYPE)?.to_str().ok()?)
}

async fn take(
    state: &ApiState,
    request: Request,
    encoding: OtlpEncoding,
) -> Result<Answer, ApiError> {
    let pushed = Pushed::of(request.headers(), "otlp")?;
    let decoder =
        move |body: &[u8], context: &mut Context<'_>| otlp::decode(body, encoding, context);
    let (decoded, _room) = receive(state, request, pushed, decoder).await?;
    let mut decoded = decoded?;
    state
        .parts()
        .intake
        .accept(std::mem::take(&mut decoded.batches))
        .await?;
    Ok(otlp::accepted(&decoded, encoding))
}

fn refuse(error: ApiError, encoding: OtlpEncoding) -> Response {
    error.log();
    let code = match error.kind {
        ErrorKind::UnsupportedMediaType => Status::Unimplemented,
        ErrorKind::TooLarge | ErrorKind::TooManyRequests => Status::ResourceExhausted,
        ErrorKind::Unavailable | ErrorKind::Internal | ErrorKind::RequestTimeout => {
            Status::Unavailable
        }
        _ => Status::InvalidArgument,
    };
    let mut response = respond(error.status(), otlp::refused(code, &error.detail, encoding));
    if let Some(seconds) = error.retry_after_header() {
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

fn respond(status: StatusCode, answer: Answer) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, answer.content_type)],
        answer.body,
    )
        .into_response()
}
