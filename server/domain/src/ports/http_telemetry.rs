//! HTTP telemetry: what became of each request, for the metrics.

use std::time::Duration;

/// A request that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpRequest<'a> {
    /// The method, such as `GET`.
    pub method: &'a str,
    /// The route's pattern, such as `/api/v1/logs/{id}`; never the path, so that there are few.
    pub route: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// From the request's head to the answer's head.
    pub took: Duration,
}

/// Counts requests and measures how long they take.
pub trait HttpTelemetry: Send + Sync {
    /// Notes one request; must return at once.
    fn request(&self, request: HttpRequest<'_>);

    /// Notes one that was refused because its client made too many; must return at once.
    fn limited(&self) {}
}
