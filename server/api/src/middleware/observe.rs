//! A request id, a span, an access log line and the metrics of each request.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tocsin_domain::ports::HttpRequest;
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::state::ApiState;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The route of a request that is none.
const UNMATCHED: &str = "unmatched";
/// W3C Trace Context: which span a request follows from.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What is asked at an even pace, by those who watch the server.
const UNTRACED: [&str; 8] = [
    "/-/healthy",
    "/-/ready",
    "/health/live",
    "/health/ready",
    "/healthz",
    "/livez",
    "/metrics",
    "/readyz",
];
/// The longest request id of a client that we repeat, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Observes a request from its head to the head of its answer.
pub(crate) async fn observe(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Response {
    let id = request_id(request.headers());
    let method = method_name(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
    let span = tracing::info_span!(
        "http_request",
        request.id = id.to_str().unwrap_or_default(),
        http.method = method,
        http.route = route,
    );
    let trace = traced(&request, method, route);
    let start = Instant::now();
    let answered = next.run(request).instrument(trace.clone());
    let mut response = answered.instrument(span.clone()).await;
    let took = start.elapsed();
    let status = response.status().as_u16();
    trace.record("http.response.status_code", i64::from(status));
    if status >= 500 {
        trace.record("error.type", status.to_string());
        tocsin_trace::failed(&trace, &format_args!("status {status}"));
    }
    drop(trace);
    let duration_ms = took.as_secs_f64() * 1000.0;
    tracing::debug!(parent: &span, http.status = status, duration_ms, "request answered");
    state.parts().telemetry.request(HttpRequest {
        method,
        route,
        status,
        took,
    });
    response.headers_mut().insert(REQUEST_ID, id);
    response
        .headers_mut()
        .entry("x-content-type-options")
        .or_insert(HeaderValue::from_static("nosniff"));
    response
}

/// The span of a request for traces; it continues the trace of the client. What machines ask again
/// and again is no span of its own, unless the client traces it.
fn traced(request: &Request, method: &'static str, route: &str) -> Span {
    let sent = request.headers().get(TRACEPARENT);
    let sent = sent.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    if sent.is_none() && UNTRACED.contains(&route) {
        return Span::none();
    }
    let route = Some(route).filter(|route| *route != UNMATCHED);
    let span = tracing::info_span!(
        target: tocsin_trace::TARGET,
        "http",
        otel.name = route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}")),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        error.r#type = Empty,
        url.path = request.uri().path(),
    );
    tocsin_trace::child_of(span, sent)
}

/// The client's id if it is a plain one, else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let given = headers.get(REQUEST_ID).filter(|id| {
        let bytes = id.as_bytes();
        !bytes.is_empty()
            && bytes.len() <= REQUEST_ID_BYTES_MAX
            && bytes.iter().all(u8::is_ascii_graphic)
    });
    given.cloned().unwrap_or_else(|| {
        let id = uuid::Uuid::new_v4().to_string();
        HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
    })
}

/// Methods become labels of metrics, so those that clients invent are one.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "OTHER",
    }
}
