//! What the server says of itself, gathered from its parts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use tocsin_bus::EmbeddingCounts;
use tocsin_domain::Timestamp;
use tocsin_domain::ports::server_status::{
    Listening, Readiness, SemanticStatus, ServerStats, ServerStatus, SourceList,
};
use tocsin_domain::ports::{
    AutomationDesk, Bus, EngineError, LogStore, MetricStore, TemplateStore, VectorStore,
};
use tocsin_ingest::metrics::SeriesRegistry;
use tocsin_pipeline::{MetricProgress, Progress};

use crate::data_sources::blank;
use crate::metrics::{self, HttpMetrics};
use crate::processes::Processes;
use crate::sources::{self, Sources};

/// How long something that is depended on has to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// What the status is gathered from.
pub(crate) struct StatusParts {
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) logs: Arc<dyn LogStore>,
    pub(crate) templates: Arc<dyn TemplateStore>,
    pub(crate) vectors: Arc<dyn VectorStore>,
    pub(crate) started_at: Timestamp,
    pub(crate) listening: Arc<Mutex<Listening>>,
    pub(crate) sources: Arc<Sources>,
    pub(crate) metrics: MetricStatus,
    pub(crate) progress: Arc<Progress>,
    pub(crate) http: Arc<HttpMetrics>,
    pub(crate) embedded: Arc<AtomicU64>,
    pub(crate) embeddings: Arc<EmbeddingCounts>,
    pub(crate) desk: tocsin_pipeline::aggregate::Desk,
    pub(crate) tickets: Arc<tocsin_act::TicketProgress>,
    pub(crate) automation: Arc<tocsin_act::AutomationEngineDesk>,
    pub(crate) copilot: Arc<tocsin_copilot::CopilotTelemetry>,
    pub(crate) llm: Arc<tocsin_llm::ModelTelemetry>,
    pub(crate) jobs: Arc<tocsin_jobs::JobTelemetry>,
    /// Backups.
    pub(crate) backups: Arc<crate::backup::Counts>,
    pub(crate) processes: Arc<Processes>,
    /// Traces.
    pub(crate) spans: Arc<crate::telemetry::SpanCounts>,
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
}

/// What the server says of itself.
pub(crate) struct Status {
    parts: StatusParts,
}

impl Status {
    /// A status over its parts.
    pub(crate) const fn new(parts: StatusParts) -> Self {
        Self { parts }
    }
}

/// What a question came to, or that it takes too long.
async fn answers<T>(asked: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    match tokio::time::timeout(ANSWER_WITHIN, asked).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {ANSWER_WITHIN:?}")),
    }
}

fn readiness(dependency: &str, answer: Result<(), String>) -> Readiness {
    Readiness {
        dependency: dependency.into(),
        is_ready: answer.is_ok(),
        detail: answer.err().unwrap_or_default(),
    }
}

/// The stores that could not be asked.
#[derive(Default)]
struct Missing(Vec<Readiness>);

impl Missing {
    /// What a store said, or none and a word about it.
    fn or_none<T>(&mut self, store: &str, answer: Result<T, String>) -> Option<T> {
        match answer {
            Ok(said) => Some(said),
            Err(why) => {
                self.0.push(readiness(store, Err(why)));
                None
            }
        }
    }
}

/// An error, with the engine behind it if there is one.
fn of(error: &(dyn std::error::Error + 'static)) -> String {
    match EngineError::behind(error) {
        Some(engine) => format!("{error}: {engine}"),
        None => error.to_string(),
    }
}

async fn bus_has_room(bus: &dyn Bus) -> Result<(), String> {
    bus.check().await.map_err(|error| of(&error))?;
    let usage = bus.usage();
    if usage.bytes >= usage.limit_bytes {
        return Err("the bus is full".into());
    }
    Ok(())
}

#[async_trait]
impl ServerStatus for Status {
    async fn stats(&self) -> ServerStats {
        let parts = &self.parts;
        let processes = parts.processes.all();
        let (logs, metrics, templates) = tokio::join!(
            answers(async { parts.logs.stats().await.map_err(|error| of(&error)) }),
            answers(async {
                let stats = parts.metrics.store.stats().await;
                stats.map_err(|error| of(&error))
            }),
            answers(async {
                let count = parts.templates.count().await;
                count.map_err(|error| of(&error))
            }),
        );
        let mut missing = Missing::default();
        ServerStats {
            version: env!("CARGO_PKG_VERSION").into(),
            started_at: parts.started_at,
            records_per_second: processes.iter().map(|one| one.records_per_second).sum(),
            memory_bytes: crate::memory::resident_bytes(),
            logs: missing.or_none("logs", logs),
            templates: missing.or_none("relational", templates),
            prototypes_embedded: parts.embedded.load(Ordering::Relaxed),
            metrics: missing.or_none("metrics", metrics),
            points_per_second: processes.iter().map(|one| one.points_per_second).sum(),
            processes,
            bus: parts.bus.usage(),
            semantic: parts.semantic.clone(),
            listen: parts.listening.lock().clone(),
            missing: missing.0,
        }
    }

    async fn data_sources(&self) -> SourceList {
        let mut all = self.parts.processes.sources();
        let mut missing = Missing::default();
        let kept = answers(async {
            let stats = self.parts.logs.stats().await;
            stats.map_err(|error| of(&error))
        });
        let kept = missing.or_none("logs", kept.await).unwrap_or_default();
        for kept in kept.sources {
            let name = kept.source.to_string();
            let kind = sources::kind(&name);
            let source = all.entry(name.clone()).or_insert_with(|| blank(name, kind));
            source.records = source.records.max(kept.records);
            source.last_record_at = source.last_record_at.or(Some(kept.last_seen));
        }
        SourceList {
            sources: all.into_values().collect(),
            missing: missing.0,
        }
    }

    async fn readiness(&self) -> Vec<Readiness> {
        let parts = &self.parts;
        let (logs, metrics, relational, vectors, bus) = tokio::join!(
            answers(async { parts.logs.check().await.map_err(|error| of(&error)) }),
            answers(async {
                let checked = parts.metrics.store.check().await;
                checked.map_err(|error| of(&error))
            }),
            answers(async {
                let counted = parts.templates.count().await;
                counted.map(drop).map_err(|error| of(&error))
            }),
            answers(async {
                let counted = parts.vectors.count().await;
                counted.map(drop).map_err(|error| of(&error))
            }),
            answers(async { bus_has_room(parts.bus.as_ref()).await }),
        );
        let all = [
            ("logs", logs),
            ("metrics", metrics),
            ("relational", relational),
            ("vectors", vectors),
            ("bus", bus),
        ];
        let ready = |(name, answer): (&str, _)| readiness(name, answer);
        all.into_iter().map(ready).collect()
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
            embeddings: &parts.embeddings,
            desk: &parts.desk,
            tickets: &parts.tickets,
            automation: &parts.automation.progress(),
            is_stopped: parts.automation.switches().kill.is_some(),
            copilot: &parts.copilot,
            llm: &parts.llm,
            jobs: &parts.jobs,
            backups: &parts.backups,
            spans: &parts.spans,
        })
    }
}
