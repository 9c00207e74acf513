//! The loops of the partitions, with what they work with.

use std::sync::Arc;

use anyhow::Context;
use tocsin_domain::ports::SignalStore;
use tocsin_pipeline::aggregate::{AlertInbox, SharedInbox, Telling};
use tocsin_pipeline::metrics::log_watch::LogWatchParts;
use tocsin_pipeline::{Pipeline, PipelineParts, SessionParts};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::alerts::telling;
use super::duties::ended;
use super::engines::Engines;
use super::foundation::{Foundation, sessions};
use super::loops::{Loops, Open, Work};
use super::tenure::Tenure;
use crate::config::Config;

/// The loops of both buses. Those of logs feed those of metrics.
#[derive(Debug)]
pub(super) struct Workers {
    logs: TaskTracker,
    metrics: TaskTracker,
    /// Ends both where partitions come and go.
    stop: CancellationToken,
}

impl Workers {
    /// Starts them, if this process works at all.
    ///
    /// # Errors
    /// Which could not be opened, and why.
    pub(super) async fn start(
        config: &Config,
        base: &Arc<Foundation>,
        tenure: &Tenure,
    ) -> anyhow::Result<Option<Self>> {
        if !config.server.role.works() {
            return Ok(None);
        }
        let workers = Self {
            logs: TaskTracker::new(),
            metrics: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        let engines = &base.engines;
        let (inbox, findings) = if engines.are_shared {
            let signals: Arc<dyn SignalStore> = engines.relational.clone();
            let inbox = Arc::new(SharedInbox::new(base.rules.clone(), signals));
            let findings = telling(&engines.relational, inbox.clone());
            (inbox as Arc<dyn AlertInbox>, Arc::new(findings))
        } else {
            tenure.inbox()
        };
        workers.keep_writing(engines);
        let open = base.metrics.open_loop(config, &findings, &base.clock);
        let metrics = (engines.metric_bus.clone(), "metrics", open);
        let parts = log_parts(config, base, inbox, findings)?;
        let open = open_log_loop(config, base, parts);
        let logs = (engines.bus.clone(), "logs", open);
        for ((bus, name, open), tasks) in [(metrics, &workers.metrics), (logs, &workers.logs)] {
            let loops = Loops::new(bus, name, open, tasks.clone());
            if engines.are_shared {
                tasks.spawn(loops.follow(workers.stop.clone()));
            } else {
                loops.start_all().await?;
            }
        }
        Ok(Some(workers))
    }

    /// Has engines write rows that waited long enough although they are few.
    fn keep_writing(&self, engines: &Engines) {
        let stop = || self.stop.clone();
        if let (Some(clickhouse), stop) = (engines.clickhouse.clone(), stop()) {
            self.logs.spawn(async move {
                stop.run_until_cancelled(clickhouse.keep_writing()).await;
            });
        }
        if let (Some(influxdb), stop) = (engines.influxdb.clone(), stop()) {
            self.metrics.spawn(async move {
                stop.run_until_cancelled(influxdb.keep_writing()).await;
            });
        }
    }

    /// Ends the loops, those of logs first. False if it took longer than until `deadline`.
    pub(super) async fn end(&self, base: &Foundation, deadline: Instant) -> bool {
        // Where the bus is shared, others read what is left.
        self.stop.cancel();
        base.engines.bus.close();
        let logs = ended(&self.logs, deadline).await;
        base.engines.metric_bus.close();
        let metrics = ended(&self.metrics, deadline).await;
        logs && metrics
    }
}

/// What the loops of the partitions of logs work with.
fn log_parts(
    config: &Config,
    base: &Foundation,
    alerts: Arc<dyn AlertInbox>,
    findings: Arc<Telling>,
) -> anyhow::Result<PipelineParts> {
    let (engines, clock) = (&base.engines, &base.clock);
    let (keys, session_config) = sessions(config)?;
    Ok(PipelineParts {
        bus: engines.bus.clone(),
        logs: engines.logs.clone(),
        templates: engines.relational.clone(),
        enrich: base.enrich.clone(),
        live: base.live.clone(),
        watch: LogWatchParts {
            intake: base.intake.clone(),
            anomalies: findings.clone(),
            clock: clock.clone(),
        },
        sessions: SessionParts {
            keys: Arc::new(keys),
            config: session_config,
            store: engines.relational.clone(),
            anomalies: findings,
            clock: clock.clone(),
        },
        classifier: base.classifier.clone(),
        alerts,
    })
}

fn open_log_loop(config: &Config, base: &Foundation, parts: PipelineParts) -> Open {
    let (settings, progress) = (config.pipeline.clone(), base.progress.clone());
    Box::new(move |partition, stop| {
        let opened = Pipeline::open(partition, parts.clone(), settings.clone(), progress.clone());
        Box::pin(async move {
            let pipeline = opened
                .await
                .context("the state of the miner cannot be read")?;
            Ok(Box::pin(pipeline.run(stop)) as Work)
        })
    })
}
