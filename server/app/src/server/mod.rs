//! The running server: every part opened, joined and, in the right order, closed again.

mod alerts;
mod automation;
mod copilot;
mod listeners;
mod metrics;
mod notify;
mod parts;
mod tickets;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tocsin_domain::Partition;
use tocsin_domain::ports::Bus;
use tocsin_pipeline::{LiveHub, Pipeline};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::housekeeping::{self, KeptDays};
use crate::own_log::OwnLog;
pub(crate) use alerts::{alert_rules, catalogue};
pub(crate) use automation::check_automation;
pub(crate) use copilot::copilot_rules;
pub(crate) use listeners::host_name;
pub(crate) use metrics::rules;
use parts::Parts;
pub(crate) use parts::sessions;
pub(crate) use tickets::check_tracker;

/// A running server.
///
/// Tasks are in two groups, because the order of the end matters: those that bring records in or
/// talk to people are cancelled first; the pipeline ends by itself once the bus is read to its end.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    bus: BusHandle,
    metric_bus: BusHandle,
    live: Arc<LiveHub>,
    /// Intake, housekeeping and enrichment: cancelled by `stop`.
    sources: TaskTracker,
    /// The loops of the partitions of logs.
    pipeline: TaskTracker,
    /// The loops of the partitions of metrics, which those of logs feed.
    metric_pipeline: TaskTracker,
    /// The writer of alerts, to which everything before sends.
    alerts: TaskTracker,
    /// The HTTP server and what its requests started.
    api: TaskTracker,
    stop_sources: CancellationToken,
    stop_alerts: CancellationToken,
    stop_api: CancellationToken,
    _parts: Arc<Parts>,
}

/// The bus, which has no `Debug` of its own behind its port.
struct BusHandle(Arc<dyn Bus>);

impl std::fmt::Debug for BusHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0.usage())
    }
}

impl Server {
    /// Opens the data folder, joins the parts and starts to listen.
    ///
    /// # Errors
    /// Which part could not be opened, and what to do.
    pub(crate) async fn start(config: Config, own_log: OwnLog) -> anyhow::Result<Self> {
        let parts = Arc::new(Parts::open(&config).await?);
        let listen = config.server.listen;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen} (set `server.listen`)"))?;
        let server = Self {
            address: listener.local_addr()?,
            bus: BusHandle(parts.bus.clone()),
            metric_bus: BusHandle(parts.metrics.bus.clone()),
            live: parts.live.clone(),
            sources: TaskTracker::new(),
            pipeline: TaskTracker::new(),
            metric_pipeline: TaskTracker::new(),
            alerts: TaskTracker::new(),
            api: TaskTracker::new(),
            stop_sources: CancellationToken::new(),
            stop_alerts: CancellationToken::new(),
            stop_api: CancellationToken::new(),
            _parts: parts.clone(),
        };
        server.start_pipeline(&parts, &config).await?;
        let syslog = server.start_sources(&parts, &config, own_log).await;
        parts.status.listens(server.address, syslog.udp, syslog.tcp);
        server.start_api(&parts, &config, listener).await?;
        parts.announce(server.address, &syslog)?;
        Ok(server)
    }

    /// Where the page and the API are.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    async fn start_pipeline(&self, parts: &Arc<Parts>, config: &Config) -> anyhow::Result<()> {
        let (metrics, clock) = (&parts.metrics, &parts.clock);
        let writers = (&self.alerts, &self.stop_alerts);
        let background = (&self.sources, &self.stop_sources);
        parts.alerts.start(config, writers, background).await?;
        parts.notify.start(background.0, background.1);
        parts.tickets.start(background.0, background.1);
        parts.automation.start(background.0, background.1);
        parts.copilot.start(background.0, background.1);
        metrics
            .start_loops(config, &parts.alerts.findings, clock, &self.metric_pipeline)
            .await?;
        metrics
            .start_background(config, &parts.alerts.findings, clock, background)
            .await?;
        for partition in (0..parts.bus.partitions()).map(Partition) {
            let pipeline = Pipeline::open(
                partition,
                parts.pipeline.clone(),
                config.pipeline.clone(),
                parts.progress.clone(),
            );
            let pipeline = pipeline
                .await
                .context("the state of the miner cannot be read")?;
            self.pipeline.spawn(pipeline.run());
        }
        if let Some(enricher) = parts.enricher.lock().take() {
            self.sources.spawn(enricher.run(self.stop_sources.clone()));
        }
        Ok(())
    }

    async fn start_sources(
        &self,
        parts: &Arc<Parts>,
        config: &Config,
        own_log: OwnLog,
    ) -> listeners::Syslog {
        let cancel = || self.stop_sources.clone();
        if config.ingest.own_log.enabled {
            let run = own_log.run(parts.intake.clone(), parts.clock.clone(), cancel());
            self.sources.spawn(run);
        }
        let rules = housekeeping::rules(&config.logs.retention);
        let keep = housekeeping::run(parts.logs.clone(), rules, parts.clock.clone(), cancel());
        self.sources.spawn(keep);
        let keep = housekeeping::keep_metrics(
            parts.metrics.store.clone(),
            parts.alerts.store.clone(),
            parts.clock.clone(),
            cancel(),
        );
        self.sources.spawn(keep);
        let kept = KeptDays {
            alerts: config.alerts.kept_days,
            tickets: config.tickets.kept_days,
            runs: config.automation.kept_days,
            copilot: config.copilot.kept_days,
        };
        let (relational, clock) = (parts.relational.clone(), parts.clock.clone());
        let keep = housekeeping::keep_records(relational, kept, clock, cancel());
        self.sources.spawn(keep);
        listeners::start_metrics(parts, config, &self.sources, &self.stop_sources);
        listeners::start_files(parts, config, &self.sources, cancel());
        listeners::start_syslog(parts, config, &self.sources, cancel()).await
    }

    async fn start_api(
        &self,
        parts: &Arc<Parts>,
        config: &Config,
        listener: TcpListener,
    ) -> anyhow::Result<()> {
        parts.copilot.start_keeper(&self.api, &self.stop_api);
        let state = parts.api_state(config, self.api.clone(), self.stop_api.clone())?;
        state
            .close_abandoned_jobs()
            .await
            .context("the register of jobs cannot be read")?;
        let stop = self.stop_api.clone().cancelled_owned();
        // Routes see who asks, and whether it is a proxy that is trusted.
        let service = tocsin_api::router(state).into_make_service_with_connect_info::<SocketAddr>();
        let serve = axum::serve(listener, service).with_graceful_shutdown(stop);
        self.api.spawn(async move {
            if let Err(error) = serve.await {
                tracing::error!(%error, "the HTTP server ended");
            }
        });
        Ok(())
    }

    /// Drains and stops: sources end, the bus is read to its end, everything is written to disk,
    /// and the API goes last. What does not finish within `grace` is safe in the bus.
    pub async fn stop(self, grace: Duration) {
        let deadline = tokio::time::Instant::now() + grace;
        self.stop_sources.cancel();
        self.sources.close();
        let in_time = tokio::time::timeout_at(deadline, self.sources.wait())
            .await
            .is_ok();
        self.bus.0.close();
        self.pipeline.close();
        let drained = tokio::time::timeout_at(deadline, self.pipeline.wait())
            .await
            .is_ok();
        self.metric_bus.0.close();
        self.metric_pipeline.close();
        let measured = tokio::time::timeout_at(deadline, self.metric_pipeline.wait())
            .await
            .is_ok();
        self.stop_alerts.cancel();
        self.alerts.close();
        let told = tokio::time::timeout_at(deadline, self.alerts.wait())
            .await
            .is_ok();
        self.live.close();
        self.stop_api.cancel();
        self.api.close();
        let answered = tokio::time::timeout_at(deadline, self.api.wait())
            .await
            .is_ok();
        if in_time && drained && measured && told && answered {
            tracing::info!("stopped; everything that was accepted is stored");
        } else {
            let left = self.bus.0.usage();
            tracing::warn!(
                events = left.events + self.metric_bus.0.usage().events,
                "stopped before everything was drained; the rest is in the bus and is stored at \
                 the next start"
            );
        }
    }
}
