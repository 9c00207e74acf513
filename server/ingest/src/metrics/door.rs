//! What collectors of metrics need of the rest of the server: the intake, the registry of series,
//! the bounds, the time, randomness.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::ports::BusError;
use tocsin_domain::ports::clock::Clock;
use tocsin_domain::ports::intake::Intake;
use tokio_util::sync::CancellationToken;

use super::{MetricCollector, MetricContext, MetricDecoded, MetricLimits, SeriesRegistry};
use crate::door::Undelivered;

/// The longest pause between two attempts to deliver.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// The way from a collector of metrics into the server.
#[derive(Clone)]
pub struct MetricDoor {
    /// Takes the batches.
    pub intake: Arc<dyn Intake>,
    /// Says when they were received.
    pub clock: Arc<dyn Clock>,
    /// Gives ten random bytes, for the id of each batch.
    pub random: Arc<dyn Fn() -> [u8; 10] + Send + Sync>,
    /// The series known so far; the same for all ways in.
    pub registry: Arc<SeriesRegistry>,
    /// The bounds.
    pub limits: MetricLimits,
}

impl fmt::Debug for MetricDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricDoor")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl MetricDoor {
    /// Gathers the points that `fill` gives to a collector of `source`, received now.
    pub fn gather(
        &self,
        source: &str,
        fill: impl FnOnce(&mut MetricCollector<'_>),
    ) -> MetricDecoded {
        let mut random = || (self.random)();
        let mut context = MetricContext {
            now: self.clock.now(),
            random: &mut random,
            limits: &self.limits,
            registry: &self.registry,
            source,
        };
        let mut collector = MetricCollector::new(&mut context);
        fill(&mut collector);
        collector.finish()
    }

    /// Hands the points over and waits while the bus is full or away, then confirms their series.
    ///
    /// # Errors
    /// [`Undelivered`] if the server shut down first; nothing of the call was accepted then.
    ///
    /// # Cancel safety
    /// A dropped call may or may not have been accepted; never partly.
    pub async fn deliver(
        &self,
        decoded: MetricDecoded,
        shutdown: &CancellationToken,
    ) -> Result<(), Undelivered> {
        let records = decoded.accepted;
        if records == 0 {
            return Ok(());
        }
        loop {
            let pause = match self.intake.accept_metrics(decoded.batches.clone()).await {
                Ok(()) => {
                    self.registry.confirm(&decoded.claims);
                    return Ok(());
                }
                Err(BusError::Closed) => return Err(Undelivered { records }),
                Err(BusError::Full { retry_after, .. }) => retry_after,
                Err(error) => {
                    tracing::warn!(error = %error, "points wait for the bus");
                    Duration::from_secs(1)
                }
            };
            let pause = pause.clamp(Duration::from_millis(10), PAUSE_MAX);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // Points of a moment are not worth holding up the shutdown.
                () = shutdown.cancelled() => return Err(Undelivered { records }),
            }
        }
    }
}
