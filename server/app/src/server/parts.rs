//! The parts, each opened once and given to those who need it.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use parking_lot::Mutex;
use serde_json::json;
use tocsin_api::{ApiParts, ApiState};
use tocsin_copilot::CopilotParts;
use tocsin_domain::ports::server_status::SemanticStatus;
use tocsin_domain::ports::{
    AuditLog, Bus, Clock, Embedder, Intake, JobStore, LogStore, PositionStore, TemplateStore,
    VectorStore,
};
use tocsin_pipeline::enrich::EnrichParts;
use tocsin_pipeline::metrics::log_watch::LogWatchParts;
use tocsin_pipeline::{
    EnrichQueue, Enricher, LiveHub, PipelineParts, Progress, SessionKeys, SessionParts,
    SessionsConfig,
};
use tocsin_search::{PrototypeSearch, SearchParts};
use tocsin_stores::logs::EmbeddedLogStore;
use tocsin_stores::relational::SqliteStore;
use tocsin_stores::vectors::EdgeVectorStore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::alerts::{AlertParts, AlertSources};
use super::automation::{AutomationSide, AutomationSources};
use super::copilot::{CopilotSide, Model};
use super::listeners::Syslog;
use super::metrics::MetricParts;
use super::notify::NotifyParts;
use super::tickets::TicketSide;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::embedder;
use crate::intake::{BusIntake, IntakeParts};
use crate::metrics::HttpMetrics;
use crate::page::EmbeddedPage;
use crate::sources::Sources;
use crate::status::{Status, StatusParts};

/// Everything that lives as long as the server.
pub(super) struct Parts {
    pub(super) bus: Arc<dyn Bus>,
    pub(super) logs: Arc<dyn LogStore>,
    pub(super) intake: Arc<dyn Intake>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) positions: Arc<dyn PositionStore>,
    pub(super) live: Arc<LiveHub>,
    pub(super) pipeline: PipelineParts,
    pub(super) progress: Arc<Progress>,
    pub(super) enricher: Mutex<Option<Enricher>>,
    pub(super) status: Arc<Status>,
    pub(super) files: tocsin_ingest::file_tail::StatusBoard,
    pub(super) metrics: MetricParts,
    pub(super) alerts: AlertParts,
    pub(super) notify: NotifyParts,
    pub(super) tickets: TicketSide,
    pub(super) automation: AutomationSide,
    pub(super) copilot: CopilotSide,
    pub(super) relational: Arc<SqliteStore>,
    search: Arc<PrototypeSearch>,
    http: Arc<HttpMetrics>,
    // Last, so that the folder is given back after everything in it is closed.
    data_dir: DataDir,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts")
            .field("data_dir", &self.data_dir)
            .finish_non_exhaustive()
    }
}

impl Parts {
    /// Opens everything in the data folder.
    ///
    /// # Errors
    /// Which part could not be opened, and why.
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        let data_dir = data_dir(config)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let loaded = embedder::load(config.model.dir.as_deref());
        let Stores {
            bus,
            logs,
            relational,
            vectors,
        } = Stores::open(config, &data_dir, loaded.embedder.as_ref()).await?;
        let (search, enrich, enricher) = search(&logs, &relational, &vectors, &loaded.embedder);
        let live = Arc::new(LiveHub::new(config.pipeline.live_queue));
        let progress = Arc::<Progress>::default();
        let metrics = MetricParts::open(config, &data_dir).await?;
        let stores = (&logs, &relational, &vectors);
        let alerts = alerts(config, stores, (&metrics, &loaded, &clock)).await?;
        let tickets = TicketSide::open(config, &relational, &alerts, &clock).await?;
        let known = (&metrics, &alerts, &clock);
        let automation = automation(config, &data_dir, (&logs, &relational), known).await?;
        let copilot = copilot(config, (&logs, &relational, &search), known, &automation)?;
        let (sources, http) = (Arc::<Sources>::default(), Arc::<HttpMetrics>::default());
        let files = tocsin_ingest::file_tail::StatusBoard::default();
        let intake = intake(&bus, &sources, &metrics, &clock);
        let status = Status::new(StatusParts {
            bus: bus.clone(),
            logs: logs.clone(),
            templates: relational.clone(),
            vectors,
            clock: clock.clone(),
            sources,
            metrics: metrics.status(),
            progress: progress.clone(),
            http: http.clone(),
            embedded: enricher.embedded(),
            desk: alerts.desk.clone(),
            tickets: tickets.desk.progress(),
            automation: automation.desk.clone(),
            copilot: copilot.service.telemetry(),
            llm: copilot.llm.clone(),
            files: files.clone(),
            semantic: semantic(&loaded),
            settings: serde_json::to_string(config)?,
        });
        let notify = NotifyParts::new(config, &relational, &alerts, &clock)?;
        let (stores, known) = ((&bus, &logs, &relational), (&intake, &alerts, &clock));
        let pipeline = pipeline(stores, (enrich, &live), known, sessions(config)?);
        Ok(Self {
            bus,
            logs,
            intake,
            clock,
            positions: relational.clone(),
            live,
            pipeline,
            progress,
            enricher: Mutex::new(Some(enricher.watched_by(alerts.template_watch()))),
            status: Arc::new(status),
            files,
            metrics,
            notify,
            tickets,
            automation,
            copilot,
            alerts,
            relational,
            search,
            http,
            data_dir,
        })
    }

    /// What the API works with.
    pub(super) fn api_state(
        &self,
        config: &Config,
        tasks: TaskTracker,
        shutdown: CancellationToken,
    ) -> anyhow::Result<ApiState> {
        let jobs: Arc<dyn JobStore> = self.relational.clone();
        let audit: Arc<dyn AuditLog> = self.relational.clone();
        let templates: Arc<dyn TemplateStore> = self.relational.clone();
        Ok(ApiState::new(ApiParts {
            logs: self.logs.clone(),
            templates,
            search: self.search.clone(),
            intake: self.intake.clone(),
            live: self.live.clone(),
            jobs,
            audit,
            metrics: self.metrics.store.clone(),
            engine: self.metrics.engine.clone(),
            insight: self.metrics.insight.clone(),
            anomalies: self.relational.clone(),
            predictions: self.relational.clone(),
            alerts: self.relational.clone(),
            desk: Arc::new(self.alerts.desk.clone()),
            rules: self.alerts.rules.clone(),
            classifier: self.alerts.classifier(),
            subscriptions: self.relational.clone(),
            notifier: self.notify.notifier.clone(),
            tickets: self.relational.clone(),
            ticket_desk: self.tickets.desk.clone(),
            automation: self.automation.desk.clone(),
            copilot: self.copilot.service.clone(),
            threads: self.relational.clone(),
            root_causes: self.relational.clone(),
            changes: self.relational.clone(),
            ledger: self.relational.clone(),
            metric_limits: config.ingest.metric_limits.clone(),
            registry: self.metrics.registry.clone(),
            deltas: self.metrics.deltas.clone(),
            slack: self.automation.take_slack(),
            status: self.status.clone(),
            telemetry: self.http.clone(),
            clock: self.clock.clone(),
            assets: Arc::new(EmbeddedPage),
            config: config.api.clone(),
            identity: config.server.identity()?,
            limits: config.ingest.limits.clone(),
            tasks,
            shutdown,
        }))
    }

    /// Writes where the server listens into the data folder, for those who started it on port 0.
    pub(super) fn announce(&self, http: SocketAddr, syslog: &Syslog) -> anyhow::Result<()> {
        let listening = json!({
            "http": http.to_string(),
            "syslog_udp": syslog.udp.map(|address| address.to_string()),
            "syslog_tcp": syslog.tcp.map(|address| address.to_string()),
        });
        // Renamed into place, so that nobody reads half of it.
        let draft = self.data_dir.join("listening.json.new");
        std::fs::write(&draft, listening.to_string())
            .and_then(|()| std::fs::rename(&draft, self.data_dir.join("listening.json")))
            .context("the data folder cannot be written")
    }
}

/// The one door, in front of both buses.
fn intake(
    logs: &Arc<dyn Bus>,
    log_sources: &Arc<Sources>,
    metrics: &MetricParts,
    clock: &Arc<dyn Clock>,
) -> Arc<dyn Intake> {
    Arc::new(BusIntake::new(IntakeParts {
        logs: logs.clone(),
        metrics: metrics.bus.clone(),
        log_sources: log_sources.clone(),
        metric_sources: metrics.sources.clone(),
        clock: clock.clone(),
    }))
}

/// The alert side, in front of the stores.
async fn alerts(
    config: &Config,
    (logs, relational, vectors): (&Arc<dyn LogStore>, &Arc<SqliteStore>, &Arc<dyn VectorStore>),
    (metrics, loaded, clock): (&MetricParts, &embedder::Loaded, &Arc<dyn Clock>),
) -> anyhow::Result<AlertParts> {
    let sources = AlertSources {
        relational: relational.clone(),
        logs: logs.clone(),
        vectors: vectors.clone(),
        embedder: loaded.embedder.clone(),
        queries: metrics.queries(),
        clock: clock.clone(),
    };
    AlertParts::open(config, sources).await
}

/// The data folder, taken for this server.
fn data_dir(config: &Config) -> anyhow::Result<DataDir> {
    let purpose = format!("tocsin serve on {}", config.server.listen);
    Ok(DataDir::take(&config.server.data_dir, &purpose)?)
}

/// The automation side, in front of the stores.
async fn automation(
    config: &Config,
    data_dir: &DataDir,
    (logs, relational): (&Arc<dyn LogStore>, &Arc<SqliteStore>),
    (metrics, alerts, clock): (&MetricParts, &AlertParts, &Arc<dyn Clock>),
) -> anyhow::Result<AutomationSide> {
    let sources = AutomationSources {
        relational,
        logs,
        metrics: metrics.queries(),
        alerts,
        clock,
    };
    AutomationSide::open(config, data_dir, sources).await
}

/// The copilot over all that an answer may rest on.
fn copilot(
    config: &Config,
    (logs, relational, search): (&Arc<dyn LogStore>, &Arc<SqliteStore>, &Arc<PrototypeSearch>),
    (metrics, alerts, clock): (&MetricParts, &AlertParts, &Arc<dyn Clock>),
    automation: &AutomationSide,
) -> anyhow::Result<CopilotSide> {
    let model = Model::open(config, relational, logs, clock)?;
    let parts = CopilotParts {
        logs: logs.clone(),
        templates: relational.clone(),
        search: search.clone(),
        metrics: metrics.store.clone(),
        queries: metrics.queries(),
        insight: metrics.insight.clone(),
        anomalies: relational.clone(),
        predictions: relational.clone(),
        alerts: relational.clone(),
        desk: Arc::new(alerts.desk.clone()),
        classifier: alerts.classifier(),
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

/// What the loops of the partitions of logs work with.
fn pipeline(
    (bus, logs, relational): (&Arc<dyn Bus>, &Arc<dyn LogStore>, &Arc<SqliteStore>),
    (enrich, live): (EnrichQueue, &Arc<LiveHub>),
    (intake, alerts, clock): (&Arc<dyn Intake>, &AlertParts, &Arc<dyn Clock>),
    (session_keys, session_config): (SessionKeys, SessionsConfig),
) -> PipelineParts {
    PipelineParts {
        bus: bus.clone(),
        logs: logs.clone(),
        templates: relational.clone(),
        enrich,
        live: live.clone(),
        watch: LogWatchParts {
            intake: intake.clone(),
            anomalies: alerts.findings.clone(),
            clock: clock.clone(),
        },
        sessions: SessionParts {
            keys: Arc::new(session_keys),
            config: session_config,
            store: relational.clone(),
            anomalies: alerts.findings.clone(),
            clock: clock.clone(),
        },
        classifier: alerts.classifier(),
        alerts: alerts.desk.clone(),
    }
}

/// How sessions of lines are found and followed.
pub(crate) fn sessions(config: &Config) -> anyhow::Result<(SessionKeys, SessionsConfig)> {
    let config = &config.pipeline.sessions;
    let keys = SessionKeys::new(config).context("`pipeline.sessions`")?;
    Ok((keys, config.clone()))
}

/// Whether search by meaning works, and what to do if not.
fn semantic(loaded: &embedder::Loaded) -> SemanticStatus {
    let model = loaded.embedder.model();
    SemanticStatus {
        model: loaded.remedy.is_none().then(|| model.to_string()),
        remedy: loaded.remedy.clone(),
    }
}

/// Search by meaning, and the stage that feeds it.
fn search(
    logs: &Arc<dyn LogStore>,
    relational: &Arc<SqliteStore>,
    vectors: &Arc<dyn VectorStore>,
    embedder: &Arc<dyn Embedder>,
) -> (Arc<PrototypeSearch>, EnrichQueue, Enricher) {
    let search = Arc::new(PrototypeSearch::new(SearchParts {
        logs: logs.clone(),
        templates: relational.clone(),
        vectors: vectors.clone(),
        embedder: embedder.clone(),
    }));
    let (enrich, enricher) = Enricher::new(EnrichParts {
        templates: relational.clone(),
        vectors: vectors.clone(),
        embedder: embedder.clone(),
        index: search.clone(),
    });
    (search, enrich, enricher)
}

/// The stores and the bus.
struct Stores {
    bus: Arc<dyn Bus>,
    logs: Arc<dyn LogStore>,
    relational: Arc<SqliteStore>,
    vectors: Arc<dyn VectorStore>,
}

impl Stores {
    async fn open(
        config: &Config,
        data_dir: &DataDir,
        embedder: &dyn Embedder,
    ) -> anyhow::Result<Self> {
        let bus = tocsin_bus::FjallBus::open(&data_dir.join("bus"), config.bus.clone());
        let logs = EmbeddedLogStore::open(&data_dir.join("logs"), config.logs.store.clone());
        let relational = SqliteStore::open(&data_dir.join("tocsin.db")).await;
        let path = data_dir.join("vectors");
        let vectors = EdgeVectorStore::open(&path, embedder.model(), embedder.dimensions());
        Ok(Self {
            bus: Arc::new(bus.context("the bus cannot be opened")?),
            logs: Arc::new(logs.context("the log store cannot be opened")?),
            relational: Arc::new(relational.context("the relational store cannot be opened")?),
            vectors: Arc::new(vectors.context("the vector store cannot be opened")?),
        })
    }
}
