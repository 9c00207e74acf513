//! The side that keeps tickets: the engine, opened and started.

use std::sync::Arc;

use anyhow::Context;
use parking_lot::Mutex;
use tocsin_act::{TicketEngine, TicketEngineConfig, TicketEngineDesk, TicketParts};
use tocsin_domain::ports::Clock;
use tocsin_stores::relational::RelationalStore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::alerts::AlertParts;
use crate::clock::SystemClock;
use crate::config::Config;

/// The engine and the desk that the API asks.
pub(super) struct TicketSide {
    pub(super) desk: Arc<TicketEngineDesk>,
    engine: Mutex<Option<TicketEngine>>,
}

impl TicketSide {
    /// Joins the parts.
    pub(super) async fn open(
        config: &Config,
        relational: &Arc<RelationalStore>,
        alerts: &AlertParts,
        clock: &Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let parts = TicketParts {
            store: relational.clone(),
            alerts: relational.clone(),
            desk: Arc::new(alerts.desk.clone()),
            clock: clock.clone(),
        };
        let opened = TicketEngine::open(parts, engine(config)).await;
        let (engine, desk) = opened.context("tickets cannot be kept")?;
        Ok(Self {
            desk,
            engine: Mutex::new(Some(engine)),
        })
    }

    /// Starts to decide and to tell, until it is cancelled.
    pub(super) fn start(&self, tasks: &TaskTracker, cancel: &CancellationToken) {
        if let Some(engine) = self.engine.lock().take() {
            let run = engine.run(cancel.clone());
            tasks.spawn(async move {
                if let Err(error) = run.await {
                    tracing::error!(%error, "no alert gets a ticket until the next start");
                }
            });
        }
    }
}

fn engine(config: &Config) -> TicketEngineConfig {
    let listens = || format!("http://{}", config.server.listen);
    TicketEngineConfig {
        base_url: config.notify.public_url.clone().unwrap_or_else(listens),
        tracker: config.tickets.tracker(),
        http: config.tickets.http(),
        settings: config.tickets.settings(),
        attempts_max: config.tickets.attempts_max,
        backoff_most_ms: config.tickets.retry_secs_max.max(1).saturating_mul(1000),
        ..TicketEngineConfig::default()
    }
}

/// Whether the tracker that is configured can be.
pub(crate) fn check_tracker(config: &Config) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    engine(config).check(&clock).map_err(anyhow::Error::from)
}
