//! Brings the writer of the process that leads what the workers found: each thing once, in order.

use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::ports::{AnomalyStore, PredictionStore, SignalBatch, SignalStore, StoreError};
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use super::inbox;

/// How often it is looked whether something new was told.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long to wait after the store failed.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How often what was taken is forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(30);
/// How much is read at once.
const READ_MAX: usize = 1000;
/// Predictions that are looked at when some are new.
const PREDICTIONS_MAX: usize = 10_000;

/// What the reader works with.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "a bundle of ports, which have no Debug"
)]
pub struct ToldParts {
    /// What was told.
    pub store: Arc<dyn SignalStore>,
    /// Anomalies, which are told by their ids.
    pub anomalies: Arc<dyn AnomalyStore>,
    /// Predictions, likewise.
    pub predictions: Arc<dyn PredictionStore>,
}

/// Reads what was told and brings it to the desk, until cancelled.
pub async fn read(parts: ToldParts, desk: Desk, cancel: CancellationToken) {
    let mut position = desk.told_through();
    let mut forgotten = tokio::time::Instant::now();
    loop {
        let wait = match step(&parts, &desk, &mut position).await {
            Ok(READ_MAX..) => Duration::ZERO,
            Ok(_) => LOOK_EVERY,
            Err(error) => {
                tracing::warn!(%error, "what workers found cannot be read; will try again");
                RETRY_AFTER
            }
        };
        if forgotten.elapsed() >= FORGET_EVERY {
            forgotten = tokio::time::Instant::now();
            if let Err(error) = parts.store.forget_told(desk.told_through()).await {
                tracing::warn!(%error, "what workers found could not be forgotten");
            }
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Brings what is new, and says how much that was.
async fn step(parts: &ToldParts, desk: &Desk, position: &mut u64) -> Result<usize, StoreError> {
    let told = parts.store.told_after(*position, READ_MAX).await?;
    let count = told.len();
    for (seq, told) in told {
        let mut signals = Vec::new();
        match told {
            SignalBatch::Lines {
                signals: records, ..
            } => {
                let rules = desk.rules();
                let known = records
                    .into_iter()
                    .filter_map(|one| inbox::signal(one, &rules));
                signals.extend(known);
            }
            SignalBatch::Anomalies { ids, trace } => {
                let mut found = Vec::with_capacity(ids.len());
                for id in ids {
                    found.extend(parts.anomalies.anomaly(id).await?);
                }
                desk.anomalies(found, trace).await;
            }
            SignalBatch::Predictions(_) => {
                let current = parts.predictions.current_predictions(PREDICTIONS_MAX);
                desk.predictions(current.await?).await;
            }
        }
        desk.workers_said(seq, signals).await;
        *position = seq;
    }
    Ok(count)
}
