//! The way of spans to a collector: OTLP over HTTP, by a small blocking client that is traced by
//! nobody. It is called from a thread of its own, so that it may block.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use ureq::Agent;

use crate::config::ConfigError;

/// How long one request may take with everything.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long it may take to reach the collector.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The most bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// What sends spans to an endpoint.
pub(super) fn exporter(
    endpoint: String,
    headers: Vec<(String, String)>,
) -> Result<SpanExporter, ConfigError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .with_timeout(TIMEOUT)
        .with_headers(headers.into_iter().collect())
        .with_http_client(Client::new())
        .build();
    exporter.map_err(|error| ConfigError::Refused(format!("`telemetry.otlp_endpoint`: {error}")))
}

#[derive(Debug)]
struct Client(Agent);

impl Client {
    fn new() -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("Tocsin/", env!("CARGO_PKG_VERSION")))
            .build();
        Self(config.new_agent())
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut response = self.0.run(request.map(|body| body.to_vec()))?;
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        let body = body.read_to_vec()?;
        Ok(response.map(|_| body.into()))
    }
}
