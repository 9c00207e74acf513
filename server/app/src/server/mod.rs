//! The running server: every part opened, joined and, in the right order, closed again.

mod alerts;
mod automation;
mod awaited;
mod backup;
mod copilot;
mod duties;
mod engines;
mod follow;
mod foundation;
mod hearing;
mod jobs;
mod leadership;
mod listeners;
mod loops;
mod metrics;
mod notify;
mod served;
mod tenure;
mod tickets;
mod workers;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tocsin_bus::RedisLive;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::own_log::OwnLog;
use crate::telemetry::SpanCounts;
pub(crate) use alerts::{alert_rules, catalogue};
pub(crate) use automation::check_automation;
pub(crate) use awaited::Awaited;
pub(crate) use copilot::copilot_rules;
use duties::ended;
pub(crate) use engines::{Engines, LOG_BUS, METRIC_BUS, READERS};
use foundation::Foundation;
pub(crate) use foundation::sessions;
pub(crate) use listeners::host_name;
pub(crate) use metrics::rules;
use served::Served;
use tenure::Tenure;
pub(crate) use tickets::check_tracker;
use workers::Workers;

/// A running server.
///
/// The order of the end matters: what brings records in or talks to people is told first; the loops
/// of the partitions end once the bus is read to its end (or, where others share it, at once); the
/// writer of alerts, to which all of them send, ends after them, and the API goes last.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    foundation: Arc<Foundation>,
    /// Intake and enrichment: cancelled by `stop`.
    sources: TaskTracker,
    stop_sources: CancellationToken,
    /// The HTTP server and what its requests started.
    api: TaskTracker,
    stop_api: CancellationToken,
    /// The loops of the partitions; none in a process that only serves.
    workers: Option<Workers>,
    /// What one process does for all.
    tenure: Tenure,
}

impl Server {
    /// Starts to listen, opens the engines and joins the parts. What is elsewhere and away is waited
    /// for: until then it is answered what is missing.
    ///
    /// # Errors
    /// Which part could not be opened, and what to do.
    pub(crate) async fn start(
        config: Config,
        own_log: OwnLog,
        spans: Arc<SpanCounts>,
    ) -> anyhow::Result<Self> {
        let config = Arc::new(config);
        let data_dir = foundation::data_dir(&config)?;
        let listen = config.server.listen;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen} (set `server.listen`)"))?;
        let address = listener.local_addr()?;
        let (api, stop_api) = (TaskTracker::new(), CancellationToken::new());
        let awaited = Arc::new(Awaited::patient());
        let waiting = tocsin_api::waiting(&config.api, awaited.told());
        let served = Served::new(&config, waiting, &api, &stop_api);
        api.spawn(served.clone().serve(listener, stop_api.clone()));
        let foundation = Foundation::open(&config, data_dir, &awaited, spans);
        // Boxed, as a future that opens all engines at once is a large one.
        let foundation = Box::pin(foundation).await?;
        let foundation = Arc::new(foundation);
        let reached = (served, address);
        let tenure = Tenure::begin(&config, &foundation, &awaited, reached).await?;
        let server = Self {
            address,
            workers: Workers::start(&config, &foundation, &tenure).await?,
            tenure,
            foundation,
            sources: TaskTracker::new(),
            stop_sources: CancellationToken::new(),
            api,
            stop_api,
        };
        let syslog = server.start_sources(&config, own_log).await;
        let tasks = (&server.api, &server.stop_api);
        backup::listen(
            &server.foundation.backups,
            &server.foundation.data_dir,
            tasks,
        );
        server.foundation.announce(address, &syslog)?;
        Ok(server)
    }

    /// Where the page and the API are.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    async fn start_sources(&self, config: &Config, own_log: OwnLog) -> listeners::Syslog {
        let base = self.foundation.as_ref();
        let cancel = || self.stop_sources.clone();
        if let Some(mut enricher) = base.enricher.lock().take() {
            if base.engines.are_shared {
                enricher = enricher.beside_others(follow::LOOK_EVERY);
            }
            self.sources.spawn(enricher.run(cancel()));
        }
        base.heard.start(&self.sources, &self.stop_sources);
        let classifier = base.classifier.clone();
        self.sources.spawn(alerts::teach(classifier, cancel()));
        if base.engines.are_shared {
            self.sources.spawn(show_to_all(config, base, cancel()));
            self.sources.spawn(base.processes.clone().run(cancel()));
            match base.followed(config) {
                Ok(followed) => drop(self.sources.spawn(followed.run(cancel()))),
                Err(error) => tracing::warn!(%error, "changes of other processes are not seen"),
            }
        }
        if config.ingest.own_log.enabled {
            let run = own_log.run(base.intake.clone(), base.clock.clone(), cancel());
            self.sources.spawn(run);
        }
        listeners::start_metrics(base, config, &self.sources, &self.stop_sources);
        listeners::start_files(base, config, &self.sources, cancel());
        listeners::start_syslog(base, config, &self.sources, cancel()).await
    }

    /// Drains and stops: sources end, the bus is read to its end, everything is written to disk,
    /// and the API goes last. What does not finish within `grace` is safe in the bus.
    pub async fn stop(self, grace: Duration) {
        let deadline = Instant::now() + grace;
        self.stop_sources.cancel();
        let mut in_time = ended(&self.sources, deadline).await;
        in_time &= self.tenure.end_background(deadline).await;
        if let Some(workers) = &self.workers {
            in_time &= workers.end(&self.foundation, deadline).await;
        }
        in_time &= self.tenure.end_writers(deadline).await;
        self.foundation.close_live();
        self.stop_api.cancel();
        in_time &= ended(&self.api, deadline).await;
        self.tenure.give_back().await;
        if in_time {
            tracing::info!("stopped; everything that was accepted is stored");
        } else {
            let engines = &self.foundation.engines;
            let events = engines.bus.usage().events + engines.metric_bus.usage().events;
            tracing::warn!(
                events,
                "stopped before everything was drained; the rest is in the bus and is stored at \
                 the next start"
            );
        }
    }
}

/// Shows what passes here to those who watch elsewhere, until cancelled.
fn show_to_all(
    config: &Config,
    base: &Foundation,
    cancel: CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let (redis, live) = (config.bus.redis.clone(), base.live.clone());
    async move {
        let shown = cancel
            .run_until_cancelled(RedisLive::serve(&redis, live))
            .await;
        if let Some(Err(error)) = shown {
            tracing::warn!(%error, "records that pass here are not seen elsewhere");
        }
    }
}
