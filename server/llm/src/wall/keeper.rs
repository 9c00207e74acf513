//! The keeper: writes the ledger, one entry after the other, as long as calls are on their way, and
//! finds out what the model can do.

use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::ports::{LedgerEntry, ModelLedger};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Wall;
use super::sheet::Written;

/// Waits before an entry that could not be written is tried again.
const WAITS: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

/// Writes the ledger and finds out what the model can do. No call leaves unless one runs.
#[derive(Debug)]
pub struct ModelKeeper {
    work: Option<(Arc<Wall>, mpsc::Receiver<Written>)>,
    probes: bool,
}

impl ModelKeeper {
    pub(super) const fn idle() -> Self {
        Self {
            work: None,
            probes: false,
        }
    }

    pub(super) const fn new(wall: Arc<Wall>, written: mpsc::Receiver<Written>) -> Self {
        Self {
            work: Some((wall, written)),
            probes: true,
        }
    }

    /// For tests that count requests.
    #[cfg(test)]
    pub(super) fn without_probe(self) -> Self {
        Self {
            probes: false,
            ..self
        }
    }

    /// Runs until `shutdown`, and then until every call that was on its way is written down. No new
    /// one leaves from then on.
    pub async fn run(self, shutdown: CancellationToken) {
        let Some((wall, mut written)) = self.work else {
            return;
        };
        // The probe's own calls are written down here as well, so both go on side by side.
        let mut probe = self.probes.then(|| {
            let wall = Arc::clone(&wall);
            Box::pin(async move { wall.find_grade().await })
        });
        loop {
            let found = async {
                match &mut probe {
                    Some(probe) => probe.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = found => probe = None,
                next = written.recv() => match next {
                    Some(next) => wall.record(next).await,
                    None => return,
                },
            }
        }
        drop(probe);
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
