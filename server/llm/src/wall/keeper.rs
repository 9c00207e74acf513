//! The keeper: writes the ledger, one entry after the other, as long as calls are on their way.

use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::ports::{LedgerEntry, ModelLedger};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Wall;
use super::sheet::Written;

/// Waits before an entry that could not be written is tried again.
const WAITS: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

/// Writes the ledger. No call leaves unless one runs.
#[derive(Debug)]
pub struct ModelKeeper {
    work: Option<(Arc<Wall>, mpsc::Receiver<Written>)>,
}

impl ModelKeeper {
    pub(super) const fn idle() -> Self {
        Self { work: None }
    }

    pub(super) const fn new(wall: Arc<Wall>, written: mpsc::Receiver<Written>) -> Self {
        Self {
            work: Some((wall, written)),
        }
    }

    /// For tests that count requests.
    #[cfg(test)]
    pub(super) fn without_probe(self) -> Self {
        self
    }

    /// Runs until `shutdown`, and then until every call that was on its way is written down. No new
    /// one leaves from then on.
    pub async fn run(self, shutdown: CancellationToken) {
        let Some((wall, mut written)) = self.work else {
            return;
        };
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                next = written.recv() => match next {
                    Some(next) => wall.record(next).await,
                    None => return,
                },
            }
        }
        // Places that calls on their way took stay good.
        written.close();
        while let Some(next) = written.recv().await {
            wall.record(next).await;
        }
    }
}

impl Wall {
    async fn record(&self, written: Written) {
        self.telemetry.left(&written.entry);
        let is_durable = record(&*self.parts.ledger, written.entry).await;
        if is_durable {
            drop(written.reservation);
        } else {
            self.telemetry.unrecorded();
            // What was spent counts on, though the ledger does not know.
            written.reservation.keep();
        }
        if let Some(told) = written.told {
            // Whoever waited may be gone.
            let _gone = told.send(is_durable);
        }
    }
}

async fn record(ledger: &dyn ModelLedger, entry: LedgerEntry) -> bool {
    for wait in WAITS {
        match ledger.record(entry.clone()).await {
            Ok(()) => return true,
            Err(error) => tracing::warn!(error = %error, "the ledger of models cannot be written"),
        }
        tokio::time::sleep(wait).await;
    }
    let id = entry.id;
    match ledger.record(entry).await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(error = %error, entry.id = %id, "a call of a model was not written down");
            false
        }
    }
}
