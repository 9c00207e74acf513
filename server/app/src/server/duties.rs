//! What one process does for all: it writes alerts, tickets and runs, tells people, looks ahead,
//! and lets go of what is old. Opened anew each time that a process begins to lead, since another may
//! have done all that before.

use std::sync::Arc;

use anyhow::Context;
use tocsin_api::{ApiParts, ApiState, Limits};
use tocsin_copilot::CopilotParts;
use tocsin_domain::ports::SignalStore;
use tocsin_pipeline::aggregate::told::{self, ToldParts};
use tocsin_pipeline::enrich::EnrichParts;
use tocsin_stores::relational::RelationalStore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::alerts::AlertParts;
use super::automation::{AutomationSide, AutomationSources};
use super::backup;
use super::copilot::{CopilotSide, Model};
use super::foundation::Foundation;
use super::jobs::{JobShare, JobSide, JobSources};
use super::notify::NotifyParts;
use super::tickets::TicketSide;
use crate::config::Config;
use crate::page::EmbeddedPage;
use crate::status::{Status, StatusParts};

/// What is done for all, and what people ask of it.
pub(super) struct Duties {
    foundation: Arc<Foundation>,
    /// The relational store, as whoever leads may write it.
    relational: Arc<RelationalStore>,
    pub(super) alerts: AlertParts,
    notify: NotifyParts,
    tickets: TicketSide,
    automation: AutomationSide,
    copilot: CopilotSide,
    jobs: JobSide,
    status: Arc<Status>,
}

/// The tasks of one that leads. Those that send to the writer of alerts end before it.
pub(super) struct Term {
    background: TaskTracker,
    writers: TaskTracker,
    stop_background: CancellationToken,
    stop_writers: CancellationToken,
}

impl Duties {
    /// Takes up where whoever led before stopped. Nothing is done until [`Duties::start`].
    ///
    /// # Errors
    /// What cannot be read, and why.
    pub(super) async fn open(
        config: &Config,
        foundation: &Arc<Foundation>,
        relational: Arc<RelationalStore>,
    ) -> anyhow::Result<Self> {
        let (engines, clock) = (&foundation.engines, &foundation.clock);
        let alerts = AlertParts::open(config, foundation, &relational).await?;
        let tickets = TicketSide::open(config, &relational, &alerts, clock).await?;
        let sources = AutomationSources {
            relational: &relational,
            logs: &engines.logs,
            metrics: foundation.metrics.queries(),
            alerts: &alerts,
            clock,
        };
        let automation = AutomationSide::open(config, &foundation.data_dir, sources).await?;
        let copilot = copilot(config, foundation, &relational, (&alerts, &automation))?;
        let notify = NotifyParts::new(config, &relational, &alerts, clock)?;
        let known = (&alerts, &notify, &copilot);
        let jobs = jobs(config, foundation, &relational, known).await?;
        let status = Status::new(StatusParts {
            bus: engines.bus.clone(),
            logs: engines.logs.clone(),
            templates: relational.clone(),
            vectors: engines.vectors.clone(),
            started_at: foundation.started_at,
            listening: foundation.listening.clone(),
            sources: foundation.sources.clone(),
            metrics: foundation.metrics.status(),
            progress: foundation.progress.clone(),
            http: foundation.http.clone(),
            embedded: foundation.embedded.clone(),
            embeddings: foundation.embeddings.clone(),
            desk: alerts.desk.clone(),
            tickets: tickets.desk.progress(),
            automation: automation.desk.clone(),
            jobs: foundation.jobs.clone(),
            copilot: copilot.service.telemetry(),
            llm: copilot.llm.clone(),
            backups: foundation.backups.counts(),
            processes: foundation.processes.clone(),
            spans: foundation.spans.clone(),
            semantic: foundation.semantic.clone(),
            settings: serde_json::to_string(config)?,
        });
        Ok(Self {
            notify,
            foundation: foundation.clone(),
            relational,
            alerts,
            tickets,
            automation,
            copilot,
            jobs,
            status: Arc::new(status),
        })
    }

    /// Begins to lead: from now on this process does what one does for all.
    ///
    /// # Errors
    /// What cannot be read, and why.
    pub(super) async fn start(&self, config: &Config) -> anyhow::Result<Term> {
        let term = Term::new();
        let background = (&term.background, &term.stop_background);
        let writers = (&term.writers, &term.stop_writers);
        self.alerts.start(config, writers, background).await?;
        self.notify.start(background.0, background.1);
        self.tickets.start(background.0, background.1);
        self.automation.start(background.0, background.1);
        self.copilot.start(background.0, background.1);
        let (metrics, clock) = (&self.foundation.metrics, &self.foundation.clock);
        metrics
            .start_background(config, &self.alerts.findings, clock, background)
            .await?;
        let share = match self.foundation.engines.are_shared {
            true => JobShare::OfLeader,
            false => JobShare::All,
        };
        self.jobs.start(share, background.0, background.1);
        backup::keep_making(&self.foundation.backups, &config.backup, background);
        Ok(term)
    }

    /// Does what slow work any process may do, until it is cancelled, whoever leads.
    pub(super) fn share_jobs(&self, tasks: &TaskTracker, cancel: &CancellationToken) {
        self.jobs.start(JobShare::OfAny, tasks, cancel);
    }

    /// Brings the writer of alerts what workers found, in a process that leads several.
    pub(super) fn hear_workers(&self, term: &Term) {
        let store: Arc<dyn SignalStore> = self.relational.clone();
        let parts = ToldParts {
            store,
            anomalies: self.relational.clone(),
            predictions: self.relational.clone(),
        };
        let read = told::read(
            parts,
            self.alerts.desk.clone(),
            term.stop_background.clone(),
        );
        term.background.spawn(read);
    }

    /// Starts what the answers of the copilot need, until it is cancelled.
    pub(super) fn start_answers(&self, tasks: &TaskTracker, cancel: &CancellationToken) {
        self.copilot.start_keeper(tasks, cancel);
    }

    /// How many requests a client may make.
    pub(super) fn client_limits(&self, config: &Config) -> anyhow::Result<Option<Limits>> {
        self.foundation.client_limits(config)
    }

    /// What the API works with. Streams end when `shutdown` is cancelled.
    pub(super) fn api_state(
        &self,
        config: &Config,
        (tasks, shutdown): (TaskTracker, CancellationToken),
    ) -> anyhow::Result<ApiState> {
        let (base, relational) = (&self.foundation, &self.relational);
        Ok(ApiState::new(ApiParts {
            logs: base.engines.logs.clone(),
            templates: relational.clone(),
            search: base.search.clone(),
            intake: base.intake.clone(),
            live: base.watched(),
            jobs: relational.clone(),
            job_desk: self.jobs.desk.clone(),
            audit: relational.clone(),
            metrics: base.engines.metrics.clone(),
            engine: base.metrics.engine.clone(),
            insight: base.metrics.insight.clone(),
            anomalies: relational.clone(),
            predictions: Arc::new(relational.for_lists()),
            alerts: relational.clone(),
            desk: Arc::new(self.alerts.desk.clone()),
            rules: self.alerts.rules.clone(),
            classifier: base.classifier.clone(),
            subscriptions: relational.clone(),
            notifier: self.notify.notifier.clone(),
            tickets: relational.clone(),
            ticket_desk: self.tickets.desk.clone(),
            automation: self.automation.desk.clone(),
            copilot: self.copilot.service.clone(),
            threads: relational.clone(),
            root_causes: relational.clone(),
            changes: relational.clone(),
            ledger: relational.clone(),
            metric_limits: config.ingest.metric_limits.clone(),
            registry: base.metrics.registry.clone(),
            deltas: base.metrics.deltas.clone(),
            slack: self.automation.take_slack(),
            status: self.status.clone(),
            telemetry: base.http.clone(),
            clock: base.clock.clone(),
            assets: Arc::new(EmbeddedPage),
            config: config.api.clone(),
            identity: config.server.identity()?,
            client_limits: self.client_limits(config)?,
            limits: config.ingest.limits.clone(),
            tasks,
            shutdown,
        }))
    }
}

impl Term {
    fn new() -> Self {
        Self {
            background: TaskTracker::new(),
            writers: TaskTracker::new(),
            stop_background: CancellationToken::new(),
            stop_writers: CancellationToken::new(),
        }
    }

    /// Ends what sends to the writer, and waits for it. False if it took longer than until
    /// `deadline`.
    pub(super) async fn end_background(&self, deadline: tokio::time::Instant) -> bool {
        self.stop_background.cancel();
        ended(&self.background, deadline).await
    }

    /// Ends the writer, and waits for it. False if it took longer than until `deadline`.
    pub(super) async fn end_writers(&self, deadline: tokio::time::Instant) -> bool {
        self.stop_writers.cancel();
        ended(&self.writers, deadline).await
    }
}

impl Drop for Term {
    /// Whatever went wrong, nobody goes on leading.
    fn drop(&mut self) {
        self.stop_background.cancel();
        self.stop_writers.cancel();
    }
}

/// Waits for all tasks. False if it took longer than until `deadline`.
pub(super) async fn ended(tasks: &TaskTracker, deadline: tokio::time::Instant) -> bool {
    tasks.close();
    tokio::time::timeout_at(deadline, tasks.wait())
        .await
        .is_ok()
}

/// The copilot over all that an answer may rest on.
fn copilot(
    config: &Config,
    base: &Foundation,
    relational: &Arc<RelationalStore>,
    (alerts, automation): (&AlertParts, &AutomationSide),
) -> anyhow::Result<CopilotSide> {
    let (engines, clock) = (&base.engines, &base.clock);
    let model = Model::open(config, relational, &engines.logs, (clock, &base.hosts))?;
    let parts = CopilotParts {
        logs: engines.logs.clone(),
        templates: relational.clone(),
        search: base.search.clone(),
        metrics: engines.metrics.clone(),
        queries: base.metrics.queries(),
        insight: base.metrics.insight.clone(),
        anomalies: relational.clone(),
        predictions: relational.clone(),
        alerts: relational.clone(),
        desk: Arc::new(alerts.desk.clone()),
        classifier: base.classifier.clone(),
        changes: relational.clone(),
        automation: automation.desk.clone(),
        root_causes: relational.clone(),
        threads: relational.clone(),
        model: model.language_model(),
        clock: clock.clone(),
        random: crate::clock::random,
    };
    CopilotSide::open(config, parts, model)
}

/// The queue of slow work, whose handlers know all the others.
async fn jobs(
    config: &Config,
    base: &Foundation,
    relational: &Arc<RelationalStore>,
    (alerts, notify, copilot): (&AlertParts, &NotifyParts, &CopilotSide),
) -> anyhow::Result<JobSide> {
    let (engines, clock) = (&base.engines, &base.clock);
    let forecast = base.metrics.open_predictor(config, &alerts.findings, clock);
    let sources = JobSources {
        logs: &engines.logs,
        relational,
        metrics: &engines.metrics,
        copilot: copilot.service.clone(),
        intake: &base.intake,
        enrich: EnrichParts {
            templates: relational.clone(),
            vectors: engines.vectors.clone(),
            embedder: base.embedder.clone(),
            index: base.search.clone(),
        },
        watch: base.classifier.clone(),
        forecast: forecast.await?,
        resend: notify.take_resend(),
        backups: base.backups.clone(),
        telemetry: &base.jobs,
        clock,
    };
    JobSide::open(config, sources).context("`jobs`")
}
