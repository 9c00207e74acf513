//! What the server says of itself, gathered from its parts.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use tocsin_domain::Timestamp;
use tocsin_domain::ports::server_status::{
    DataSource, DataSourceStatus, Listening, Readiness, SemanticStatus, ServerStats, ServerStatus,
};
use tocsin_domain::ports::{
    AutomationDesk, Bus, Clock, LogStore, MetricStore, StoreError, TemplateStore, VectorStore,
};
use tocsin_ingest::metrics::SeriesRegistry;
use tocsin_ingest::metrics::scrape::{ScrapeBoard, ScrapeState};
use tocsin_pipeline::{MetricProgress, Progress};

use crate::metrics::{self, HttpMetrics};
use crate::sources::{self, Sources};

/// A source that brought a record within so many seconds is being read.
const READING_SECS: i64 = 60;

/// What the status is gathered from.
pub(crate) struct StatusParts {
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) logs: Arc<dyn LogStore>,
    pub(crate) templates: Arc<dyn TemplateStore>,
    pub(crate) vectors: Arc<dyn VectorStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sources: Arc<Sources>,
    pub(crate) metrics: MetricStatus,
    pub(crate) progress: Arc<Progress>,
    pub(crate) http: Arc<HttpMetrics>,
    pub(crate) embedded: Arc<AtomicU64>,
    pub(crate) desk: tocsin_pipeline::aggregate::Desk,
    pub(crate) tickets: Arc<tocsin_act::TicketProgress>,
    pub(crate) automation: Arc<tocsin_act::AutomationEngineDesk>,
    pub(crate) copilot: Arc<tocsin_copilot::CopilotTelemetry>,
    pub(crate) llm: Arc<tocsin_llm::ModelTelemetry>,
    pub(crate) files: tocsin_ingest::file_tail::StatusBoard,
    pub(crate) semantic: SemanticStatus,
    pub(crate) settings: String,
}

/// The metric side of it.
pub(crate) struct MetricStatus {
    pub(crate) sources: Arc<Sources>,
    pub(crate) store: Arc<dyn MetricStore>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) progress: Arc<MetricProgress>,
    pub(crate) registry: Arc<SeriesRegistry>,
    pub(crate) scrape: ScrapeBoard,
}

/// What the server says of itself.
pub(crate) struct Status {
    parts: StatusParts,
    started_at: Timestamp,
    listening: Mutex<Listening>,
}

impl Status {
    /// A status that begins now.
    pub(crate) fn new(parts: StatusParts) -> Self {
        let started_at = parts.clock.now();
        Self {
            parts,
            started_at,
            listening: Mutex::default(),
        }
    }

    /// Says where the server listens, once it does.
    pub(crate) fn listens(
        &self,
        http: SocketAddr,
        syslog_udp: Option<SocketAddr>,
        syslog_tcp: Option<SocketAddr>,
    ) {
        *self.listening.lock() = Listening {
            http: Some(http.to_string()),
            syslog_udp: syslog_udp.map(|address| address.to_string()),
            syslog_tcp: syslog_tcp.map(|address| address.to_string()),
        };
    }

    fn seen_in_this_run(&self, now: Timestamp) -> BTreeMap<String, DataSource> {
        let logs = self.parts.sources.snapshot().into_iter();
        let logs = logs.map(|(name, counts)| (sources::kind(&name), name, counts));
        let points = self.parts.metrics.sources.snapshot().into_iter();
        let points = points.map(|(name, counts)| (sources::metric_kind(&name), name, counts));
        points
            .chain(logs)
            .map(|(kind, name, counts)| {
                let is_recent = now.0 - counts.last_seen.0 < READING_SECS * 1_000_000_000;
                let source = DataSource {
                    name: name.to_string(),
                    kind: kind.into(),
                    status: if is_recent {
                        DataSourceStatus::Reading
                    } else {
                        DataSourceStatus::Waiting
                    },
                    detail: String::new(),
                    records: counts.records,
                    records_per_second: counts.rate(now),
                    last_record_at: Some(counts.last_seen),
                    issues: counts.issues(),
                    first_seen: Some(counts.first_seen),
                };
                (source.name.clone(), source)
            })
            .collect()
    }

    /// Targets are listed also when they brought nothing, above all when they are down.
    fn add_targets(&self, all: &mut BTreeMap<String, DataSource>) {
        for target in self.parts.metrics.scrape.snapshot() {
            let name = target.source.to_string();
            let source = all
                .entry(name.clone())
                .or_insert_with(|| blank(name, "scrape"));
            if target.state == ScrapeState::Down {
                source.status = DataSourceStatus::Error;
                source.detail = format!("{}: {}", target.target, target.detail);
            }
        }
    }

    /// Files are listed also when they brought nothing, above all when they cannot be read.
    fn add_files(&self, all: &mut BTreeMap<String, DataSource>) {
        use tocsin_ingest::file_tail::FileState;
        for file in self.parts.files.snapshot() {
            let name = file.source.to_string();
            let source = all
                .entry(name.clone())
                .or_insert_with(|| blank(name, "file"));
            source.detail = file.detail;
            match file.state {
                FileState::Error => source.status = DataSourceStatus::Error,
                FileState::Reading => source.status = DataSourceStatus::Reading,
                FileState::Waiting => {}
            }
        }
    }
}

fn blank(name: String, kind: &str) -> DataSource {
    DataSource {
        name,
        kind: kind.into(),
        status: DataSourceStatus::Waiting,
        detail: String::new(),
        records: 0,
        records_per_second: 0.0,
        last_record_at: None,
        issues: Vec::new(),
        first_seen: None,
    }
}

#[async_trait]
impl ServerStatus for Status {
    async fn stats(&self) -> Result<ServerStats, StoreError> {
        let parts = &self.parts;
        Ok(ServerStats {
            version: env!("CARGO_PKG_VERSION").into(),
            started_at: self.started_at,
            records_per_second: parts.sources.total().rate(parts.clock.now()),
            memory_bytes: crate::memory::resident_bytes(),
            logs: parts.logs.stats().await?,
            templates: parts.templates.count().await?,
            prototypes_embedded: parts.embedded.load(Ordering::Relaxed),
            metrics: parts.metrics.store.stats().await?,
            points_per_second: parts.metrics.sources.total().rate(parts.clock.now()),
            bus: parts.bus.usage(),
            semantic: parts.semantic.clone(),
            listen: self.listening.lock().clone(),
        })
    }

    async fn data_sources(&self) -> Result<Vec<DataSource>, StoreError> {
        let mut all = self.seen_in_this_run(self.parts.clock.now());
        self.add_files(&mut all);
        self.add_targets(&mut all);
        for kept in self.parts.logs.stats().await?.sources {
            let name = kept.source.to_string();
            let kind = sources::kind(&name);
            let source = all.entry(name.clone()).or_insert_with(|| blank(name, kind));
            source.records = source.records.max(kept.records);
            source.last_record_at = source.last_record_at.or(Some(kept.last_seen));
        }
        Ok(all.into_values().collect())
    }

    async fn readiness(&self) -> Vec<Readiness> {
        let parts = &self.parts;
        let checks = [
            ("logs", parts.logs.stats().await.err()),
            ("metrics", parts.metrics.store.stats().await.err()),
            ("relational", parts.templates.count().await.err()),
            ("vectors", parts.vectors.count().await.err()),
        ];
        let mut all: Vec<_> = checks
            .into_iter()
            .map(|(dependency, error)| Readiness {
                dependency: dependency.into(),
                is_ready: error.is_none(),
                detail: error.map(|error| error.to_string()).unwrap_or_default(),
            })
            .collect();
        let usage = parts.bus.usage();
        let is_full = usage.bytes >= usage.limit_bytes;
        all.push(Readiness {
            dependency: "bus".into(),
            is_ready: !is_full,
            detail: if is_full {
                "the bus is full".into()
            } else {
                String::new()
            },
        });
        all
    }

    fn settings(&self) -> String {
        self.parts.settings.clone()
    }

    fn metrics(&self) -> String {
        let parts = &self.parts;
        metrics::render(&metrics::Snapshot {
            http: &parts.http,
            progress: &parts.progress,
            total: parts.sources.total(),
            bus: parts.bus.usage(),
            metric_bus: parts.metrics.bus.usage(),
            metric_progress: &parts.metrics.progress,
            points: parts.metrics.sources.total().records,
            series: parts.metrics.registry.len() as u64,
            refused_series: parts.metrics.registry.refused_series(),
            embedded: parts.embedded.load(Ordering::Relaxed),
            desk: &parts.desk,
            tickets: &parts.tickets,
            automation: &parts.automation.progress(),
            is_stopped: parts.automation.switches().kill.is_some(),
            copilot: &parts.copilot,
            llm: &parts.llm,
        })
    }
}
