//! What a route shows, put together from several questions to the ports. Handlers call one view;
//! views know no HTTP.

pub(crate) mod alerts_export;
pub(crate) mod audit_export;
pub(crate) mod clusters;
pub(crate) mod copilot_markdown;
pub(crate) mod decisions_export;
pub(crate) mod export;
pub(crate) mod facets;
pub(crate) mod histogram;
pub(crate) mod markdown;
pub(crate) mod pages;
pub(crate) mod search;
pub(crate) mod templates;

use tokio::time::Instant;

/// Milliseconds since `start`, to the microsecond.
pub(crate) fn took_ms(start: Instant) -> f64 {
    (start.elapsed().as_secs_f64() * 1e6).round() / 1e3
}
