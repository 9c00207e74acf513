//! Prometheus' remote write, 1.0 and 2.0: `POST /api/v1/write`.
//!
//! Good samples are taken and durable even if others are not; those are answered 400, which senders
//! do not repeat.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tocsin_ingest::decompress::Encoding;
use tocsin_ingest::metrics::remote_write::{self, RemoteWriteVersion};
use tocsin_ingest::metrics::{MetricContext, MetricDecoded};

use super::push_metrics::{Sent, accept, receive_metrics, sentence};
use crate::errors::{ApiError, ErrorKind};
use crate::state::ApiState;

const SAMPLES: HeaderName = HeaderName::from_static("x-prometheus-remote-write-samples-written");
const HISTOGRAMS: HeaderName =
    HeaderName::from_static("x-prometheus-remote-write-histograms-written");
const EXEMPLARS: HeaderName =
    HeaderName::from_static("x-prometheus-remote-write-exemplars-written");

/// Take samples as Prometheus and vmagent send them.
#[utoipa::path(
    post, path = "/api/v1/write", tag = "push",
    request_body(content((String = "application/x-protobuf"))),
    responses(
        (status = 204, description = "All samples are durable"),
        (status = 400, description = "Samples but for those named are durable; not to be sent again",
            body = String, content_type = "text/plain"),
        (status = 415, description = "Another message; 1.0 and 2.0 are known", body = String,
            content_type = "text/plain"),
        (status = "5XX", description = "A sentence; to be sent again", body = String,
            content_type = "text/plain")
    )
)]
pub(crate) async fn push(State(state): State<ApiState>, request: Request) -> Response {
    match take(&state, request).await {
        Ok(decoded) => respond(&decoded),
        Err(error) => refuse(&error),
    }
}

async fn take(state: &ApiState, request: Request) -> Result<MetricDecoded, ApiError> {
    let version = version(request.headers()).ok_or_else(|| {
        let detail = "expected application/x-protobuf of prometheus.WriteRequest or \
                      io.prometheus.write.v2.Request";
        ApiError::new(ErrorKind::UnsupportedMediaType, detail)
    })?;
    let mut sent = Sent::of(request.headers(), "remote_write")?;
    if sent.encoding == Encoding::Identity {
        // The message is in snappy's format whether the header says so or not.
        sent.encoding = Encoding::Snappy;
    }
    let decoder = move |body: &[u8], context: &mut MetricContext<'_>| {
        remote_write::decode(body, version, context)
    };
    let (decoded, _room) = receive_metrics(state, request, sent, decoder).await?;
    let mut decoded = decoded?;
    accept(state, &mut decoded).await?;
    Ok(decoded)
}

/// The message; without a content type it is 1.0.
fn version(headers: &HeaderMap) -> Option<RemoteWriteVersion> {
    match headers.get(header::CONTENT_TYPE) {
        Some(value) => RemoteWriteVersion::from_content_type(value.to_str().ok()?),
        None => Some(RemoteWriteVersion::V1),
    }
}

fn respond(decoded: &MetricDecoded) -> Response {
    let mut response = match decoded.errors.first() {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(first) => {
            let detail = format!(
                "{} of {} samples were not taken; series {}: {}\n",
                decoded.rejected,
                decoded.rejected + decoded.accepted,
                first.item,
                sentence(first)
            );
            (StatusCode::BAD_REQUEST, detail).into_response()
        }
    };
    written(&mut response, decoded.accepted);
    response
}

fn refuse(error: &ApiError) -> Response {
    error.log();
    let mut response = (error.status(), format!("{}\n", error.detail)).into_response();
    if let Some(seconds) = error.retry_after_header() {
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    written(&mut response, 0);
    response
}

/// What 2.0 asks for on every answer; 1.0 does not mind.
fn written(response: &mut Response, samples: usize) {
    let headers = response.headers_mut();
    headers.insert(SAMPLES, HeaderValue::from(samples));
    headers.insert(HISTOGRAMS, HeaderValue::from(0));
    headers.insert(EXEMPLARS, HeaderValue::from(0));
}
