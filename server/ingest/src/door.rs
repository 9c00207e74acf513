//! What readers and listeners need of the rest of the server: the intake, the time, randomness.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::LogBatch;
use tocsin_domain::ports::BusError;
use tocsin_domain::ports::clock::Clock;
use tocsin_domain::ports::intake::Intake;
use tokio_util::sync::CancellationToken;

/// The longest pause between two attempts to deliver.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How often delivery is tried again once the server is shutting down.
const LAST_ATTEMPTS: u32 = 3;

/// The way from a listener or a reader of files into the server.
#[derive(Clone)]
pub struct Door {
    /// Takes the batches.
    pub intake: Arc<dyn Intake>,
    /// Says when they were received.
    pub clock: Arc<dyn Clock>,
    /// Gives ten random bytes, for the id of each batch.
    pub random: Arc<dyn Fn() -> [u8; 10] + Send + Sync>,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}

/// The batches were not accepted before the server shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{records} records were not accepted before the server shut down")]
pub struct Undelivered {
    /// How many records there were.
    pub records: usize,
}

impl Door {
    /// Hands batches over and waits while the bus is full or away. Once `shutdown` is cancelled it
    /// tries a few times more and gives up.
    ///
    /// # Errors
    /// [`Undelivered`] if the server shut down first; nothing of the call was accepted then.
    ///
    /// # Cancel safety
    /// A dropped call may or may not have been accepted; never partly.
    pub async fn deliver(
        &self,
        batches: Vec<LogBatch>,
        shutdown: &CancellationToken,
    ) -> Result<(), Undelivered> {
        let records = batches.iter().map(|batch| batch.records.len()).sum();
        let mut attempts_left = LAST_ATTEMPTS;
        loop {
            let pause = match self.intake.accept(batches.clone()).await {
                Ok(()) => return Ok(()),
                Err(BusError::Closed) => return Err(Undelivered { records }),
                Err(BusError::Full { retry_after, .. }) => retry_after,
                Err(error) => {
                    tracing::warn!(error = %error, "delivery waits for the bus");
                    Duration::from_secs(1)
                }
            };
            if shutdown.is_cancelled() {
                attempts_left -= 1;
                if attempts_left == 0 {
                    return Err(Undelivered { records });
                }
                tokio::time::sleep(pause.min(Duration::from_millis(500))).await;
            } else {
                let pause = pause.clamp(Duration::from_millis(10), PAUSE_MAX);
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = shutdown.cancelled() => {}
                }
            }
        }
    }
}
