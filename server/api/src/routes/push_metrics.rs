//! What all ways in for metrics share: decoding with the registry of series, and the order of
//! acceptance and confirmation.

use axum::extract::Request;
use axum::http::HeaderMap;
use tocsin_domain::Timestamp;
use tocsin_ingest::ItemError;
use tocsin_ingest::decompress::Encoding;
use tocsin_ingest::metrics::{MetricContext, MetricDecoded};

use super::body::{Room, encoding, receive_bytes};
use crate::errors::ApiError;
use crate::state::{ApiState, random};

/// What a decoder of metrics needs to know beside the bytes.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) encoding: Encoding,
    pub(crate) source: &'static str,
}

impl Sent {
    /// Of a request whose points have the source `source`.
    pub(crate) fn of(headers: &HeaderMap, source: &'static str) -> Result<Self, ApiError> {
        Ok(Self {
            encoding: encoding(headers)?,
            source,
        })
    }
}

/// Reads and decodes a body of metrics. The room it took is to be held until its points are
/// durable.
pub(crate) async fn receive_metrics<T: Send + 'static>(
    state: &ApiState,
    request: Request,
    sent: Sent,
    decoder: impl FnOnce(&[u8], &mut MetricContext<'_>) -> T + Send + 'static,
) -> Result<(T, Room), ApiError> {
    let work = move |body: &[u8], state: &ApiState, now: Timestamp| {
        let mut random = random;
        let mut context = MetricContext {
            now,
            random: &mut random,
            limits: &state.parts().metric_limits,
            registry: &state.parts().registry,
            source: sent.source,
        };
        decoder(body, &mut context)
    };
    receive_bytes(state, request, sent.encoding, work).await
}

/// Hands the batches to the intake; only then are the labels in them known to be durable.
pub(crate) async fn accept(state: &ApiState, decoded: &mut MetricDecoded) -> Result<(), ApiError> {
    let batches = std::mem::take(&mut decoded.batches);
    state.parts().intake.accept_metrics(batches).await?;
    state.parts().registry.confirm(&decoded.claims);
    Ok(())
}

/// One sentence on a point that was not taken.
pub(crate) fn sentence(error: &ItemError) -> String {
    if error.detail.starts_with("unable to parse") {
        error.detail.clone()
    } else {
        format!("{}; expected {}", error.detail, error.expected)
    }
}
