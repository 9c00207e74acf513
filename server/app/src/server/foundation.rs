//! What lives as long as the process: engines, and what reads and feeds them.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use parking_lot::{Mutex, RwLock};
use serde_json::json;
use tocsin_api::Limits;
use tocsin_bus::{EmbeddingCounts, LocalRates, RedisBoard, RedisLive, RedisRates};
use tocsin_domain::Timestamp;
use tocsin_domain::ports::server_status::{Listening, ProcessInfo, SemanticStatus};
use tocsin_domain::ports::{Clock, Embedder, Intake, LiveLogs, RateLimiter};
use tocsin_pipeline::alert_rules::{RuleSet, service};
use tocsin_pipeline::classify::{ClassifyParts, RuleClassifier};
use tocsin_pipeline::enrich::EnrichParts;
use tocsin_pipeline::{EnrichQueue, Enricher, LiveHub, Progress, SessionKeys, SessionsConfig};
use tocsin_search::{PrototypeSearch, SearchParts};

use super::alerts::{alert_rules, catalogue};
use super::awaited::Awaited;
use super::engines::Engines;
use super::follow::Followed;
use super::hearing::Heard;
use super::listeners::{Syslog, host_name};
use super::metrics::MetricParts;
use crate::backup::{self, Backups};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::data_sources::DataSources;
use crate::embedder;
use crate::intake::{BusIntake, IntakeParts};
use crate::metrics::HttpMetrics;
use crate::processes::Processes;
use crate::sources::Sources;
use crate::telemetry::SpanCounts;

/// What lives as long as the process.
pub(super) struct Foundation {
    pub(super) engines: Engines,
    pub(super) backups: Backups,
    pub(super) intake: Arc<dyn Intake>,
    pub(super) clock: Arc<dyn Clock>,
    /// Where records are shown as they pass here.
    pub(super) live: Arc<LiveHub>,
    /// What people watch where several processes work: the records of all of them.
    pub(super) live_of_all: Option<Arc<RedisLive>>,
    pub(super) progress: Arc<Progress>,
    pub(super) enrich: EnrichQueue,
    pub(super) enricher: Mutex<Option<Enricher>>,
    pub(super) embedder: Arc<dyn Embedder>,
    pub(super) embedded: Arc<std::sync::atomic::AtomicU64>,
    pub(super) files: tocsin_ingest::file_tail::StatusBoard,
    pub(super) sources: Arc<Sources>,
    /// This process and the others.
    pub(super) processes: Arc<Processes>,
    pub(super) metrics: MetricParts,
    /// Whether what comes in is read.
    pub(super) heard: Heard,
    /// The alert rules at work.
    pub(super) rules: Arc<RwLock<Arc<RuleSet>>>,
    pub(super) classifier: Arc<RuleClassifier>,
    pub(super) search: Arc<PrototypeSearch>,
    pub(super) semantic: SemanticStatus,
    /// Where vectors of texts came from.
    pub(super) embeddings: Arc<EmbeddingCounts>,
    /// Names of machines that are cut out of what models elsewhere are sent.
    pub(super) hosts: Arc<RwLock<Vec<String>>>,
    pub(super) http: Arc<HttpMetrics>,
    /// What became of jobs in this process.
    pub(super) jobs: Arc<tocsin_jobs::JobTelemetry>,
    /// What became of the spans of this process.
    pub(super) spans: Arc<SpanCounts>,
    /// Who counts the requests of clients.
    rates: Arc<dyn RateLimiter>,
    pub(super) started_at: Timestamp,
    pub(super) listening: Arc<Mutex<Listening>>,
    // Last, so that the folder is given back after everything in it is closed.
    pub(super) data_dir: DataDir,
}

impl std::fmt::Debug for Foundation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Foundation")
            .field("data_dir", &self.data_dir)
            .finish_non_exhaustive()
    }
}

impl Foundation {
    /// Opens what is configured, the embedded engines in the data folder. What is elsewhere and away
    /// is waited for.
    ///
    /// # Errors
    /// Which part could not be opened, and why.
    pub(super) async fn open(
        config: &Config,
        data_dir: DataDir,
        awaited: &Awaited,
        spans: Arc<SpanCounts>,
    ) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let loaded = awaited.until("embeddings", async || embedder::open(config).await);
        let loaded = loaded.await?.shared(&config.bus.redis)?;
        let opened = Engines::open(config, &data_dir, &*loaded.embedder, awaited);
        let (engines, backed) = Box::pin(opened).await?;
        let backups = Backups::new(backed, data_dir.path(), config).await?;
        let (search, enrich, enricher) = search(&engines, &loaded.embedder);
        let metrics = awaited.until("metrics", async || {
            MetricParts::open(config, &engines).await
        });
        let metrics = metrics.await?;
        let classifier = async || classifier(config, &engines, &loaded.embedder).await;
        let classifier = awaited.until("relational", classifier).await?;
        let rules = async || rules(config, &engines).await;
        let rules = awaited.until("relational", rules).await?;
        let sources = Arc::<Sources>::default();
        let files = tocsin_ingest::file_tail::StatusBoard::default();
        let seen = DataSources {
            logs: sources.clone(),
            points: metrics.sources.clone(),
            files: files.clone(),
            scrape: metrics.scrape.clone(),
        };
        let intake = IntakeParts {
            logs: engines.bus.clone(),
            metrics: engines.metric_bus.clone(),
            log_sources: sources.clone(),
            metric_sources: metrics.sources.clone(),
            clock: clock.clone(),
            system: config.bus.system(),
        };
        Ok(Self {
            intake: Arc::new(BusIntake::new(intake)),
            live: Arc::new(LiveHub::new(config.pipeline.live_queue)),
            live_of_all: live_of_all(config)?,
            progress: Arc::default(),
            enrich,
            embedder: loaded.embedder.clone(),
            embedded: enricher.embedded(),
            enricher: Mutex::new(Some(enricher.watched_by(classifier.clone()))),
            files,
            sources,
            processes: Arc::new(processes(config, seen, &clock)?),
            metrics,
            heard: Heard::of(&engines),
            rules: Arc::new(RwLock::new(Arc::new(rules))),
            classifier,
            search,
            semantic: semantic(&loaded),
            embeddings: loaded.shared.clone(),
            hosts: loaded.hosts,
            http: Arc::default(),
            jobs: Arc::default(),
            spans,
            rates: rates(config)?,
            started_at: clock.now(),
            listening: Arc::default(),
            engines,
            backups,
            clock,
            data_dir,
        })
    }

    /// What people watch as it passes.
    pub(super) fn watched(&self) -> Arc<dyn LiveLogs> {
        match &self.live_of_all {
            Some(all) => all.clone(),
            None => self.live.clone(),
        }
    }

    /// How many requests a client may make.
    pub(super) fn client_limits(&self, config: &Config) -> anyhow::Result<Option<Limits>> {
        let identity = config.server.identity()?;
        let (most, rates) = (config.api.requests_per_minute, self.rates.clone());
        Ok(Limits::new(most, rates, identity, self.http.clone()))
    }

    /// Ends what is watched.
    pub(super) fn close_live(&self) {
        self.live.close();
        if let Some(all) = &self.live_of_all {
            all.close();
        }
    }

    /// What other processes change and this one takes up.
    pub(super) fn followed(&self, config: &Config) -> anyhow::Result<Followed> {
        Ok(Followed {
            file: alert_rules(config)?,
            changes: self.engines.relational.clone(),
            rules: self.rules.clone(),
        })
    }

    /// Says where the server listens, to people and, in the data folder, to those who started it on
    /// port 0.
    pub(super) fn announce(&self, http: SocketAddr, syslog: &Syslog) -> anyhow::Result<()> {
        let text = |address: SocketAddr| address.to_string();
        let listening = Listening {
            http: Some(http.to_string()),
            syslog_udp: syslog.udp.map(text),
            syslog_tcp: syslog.tcp.map(text),
        };
        let told = json!({
            "http": listening.http,
            "syslog_udp": listening.syslog_udp,
            "syslog_tcp": listening.syslog_tcp,
        });
        *self.listening.lock() = listening;
        // Renamed into place, so that nobody reads half of it.
        let draft = self.data_dir.join("listening.json.new");
        std::fs::write(&draft, told.to_string())
            .and_then(|()| std::fs::rename(&draft, self.data_dir.join("listening.json")))
            .context("the data folder cannot be written")
    }
}

/// This process, and the others where there are several.
fn processes(
    config: &Config,
    sources: DataSources,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Processes> {
    let redis = &config.bus.redis;
    let board = redis.is_set().then(|| RedisBoard::open(redis)).transpose();
    let own = ProcessInfo {
        name: format!("{}/{}", host_name(), std::process::id()),
        role: config.server.role.name().to_owned(),
        started_at: clock.now(),
        ..ProcessInfo::default()
    };
    let board = board.context("the board of processes")?;
    Ok(Processes::new(board, sources, own, clock.clone()))
}

/// The rules that types of failure are recognised by.
async fn classifier(
    config: &Config,
    engines: &Engines,
    embedder: &Arc<dyn Embedder>,
) -> anyhow::Result<Arc<RuleClassifier>> {
    let parts = ClassifyParts {
        store: engines.relational.clone(),
        vectors: engines.vectors.clone(),
        embedder: embedder.clone(),
    };
    let classifier = RuleClassifier::open(catalogue(config)?, parts).await;
    Ok(Arc::new(
        classifier.context("the classification rules cannot be read")?,
    ))
}

/// The alert rules of the file, and what people changed.
async fn rules(config: &Config, engines: &Engines) -> anyhow::Result<RuleSet> {
    let rules = service::load(alert_rules(config)?, engines.relational.as_ref()).await;
    rules.context("the alert rules cannot be read")
}

/// Who counts the requests of clients: all processes together, where there are several.
fn rates(config: &Config) -> anyhow::Result<Arc<dyn RateLimiter>> {
    let redis = &config.bus.redis;
    if redis.is_set() {
        let rates = RedisRates::open(redis).context("the requests of clients")?;
        return Ok(Arc::new(rates));
    }
    Ok(Arc::new(LocalRates::default()))
}

/// The records of all processes, where there are several.
fn live_of_all(config: &Config) -> anyhow::Result<Option<Arc<RedisLive>>> {
    let redis = &config.bus.redis;
    if !redis.is_set() {
        return Ok(None);
    }
    let live = RedisLive::open(redis, config.pipeline.live_queue);
    Ok(Some(Arc::new(live.context("live records")?)))
}

/// The data folder, taken for this server.
pub(super) fn data_dir(config: &Config) -> anyhow::Result<DataDir> {
    let purpose = format!("tocsin serve on {}", config.server.listen);
    let folder = DataDir::take(&config.server.data_dir, &purpose)?;
    anyhow::ensure!(
        !folder.join(backup::restoration::UNFINISHED).exists(),
        "a backup was begun to be restored into `{}` and is not complete: run `tocsin restore` again",
        config.server.data_dir.display()
    );
    Ok(folder)
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
    engines: &Engines,
    embedder: &Arc<dyn Embedder>,
) -> (Arc<PrototypeSearch>, EnrichQueue, Enricher) {
    let search = Arc::new(PrototypeSearch::new(SearchParts {
        logs: engines.logs.clone(),
        templates: engines.relational.clone(),
        vectors: engines.vectors.clone(),
        embedder: embedder.clone(),
    }));
    let (enrich, enricher) = Enricher::new(EnrichParts {
        templates: engines.relational.clone(),
        vectors: engines.vectors.clone(),
        embedder: embedder.clone(),
        index: search.clone(),
    });
    (search, enrich, enricher)
}
