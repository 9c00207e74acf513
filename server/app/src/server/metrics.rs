//! The metric side of the server: its bus, store, detectors and forecasts, opened and joined.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use parking_lot::Mutex;
use tocsin_domain::metric::{MatchOp, Matcher, NAME_LABEL};
use tocsin_domain::ports::metric_insight::{MetricInsight, QuerySeries};
use tocsin_domain::ports::{Bus, Clock, MetricQueries, MetricStore, StoreError};
use tocsin_ingest::metrics::SeriesRegistry;
use tocsin_ingest::metrics::otlp::DeltaTotals;
use tocsin_ingest::metrics::scrape::ScrapeBoard;
use tocsin_pipeline::aggregate::Telling;
use tocsin_pipeline::metrics::entities::EntityWatch;
use tocsin_pipeline::metrics::episode::WatchParts;
use tocsin_pipeline::metrics::insight::Insight;
use tocsin_pipeline::metrics::shapes::{ShapeConfig, ShapeWatch};
use tocsin_pipeline::predict::{CapacityRule, PredictParts, ReForecast, parse_rules};
use tocsin_pipeline::{
    DetectStage, MetricPipeline, MetricPipelineParts, MetricProgress, Predictor,
};
use tocsin_promql::{Engine, EngineConfig, QueryError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::engines::Engines;
use super::loops::{Open, Work};
use crate::config::Config;
use crate::sources::Sources;
use crate::status::MetricStatus;

/// The rules that are shipped.
const RULES: &str = include_str!("../../../../rules/detection.yml");
/// Series that are known at the start at most; more are learned as they come.
const SEEDED_MAX: usize = 10_000_000;
/// A day in ms.
const DAY_MS: i64 = 86_400_000;

/// The metric side.
pub(super) struct MetricParts {
    pub(super) bus: Arc<dyn Bus>,
    pub(super) store: Arc<dyn MetricStore>,
    pub(super) engine: Engine,
    pub(super) insight: Arc<dyn MetricInsight>,
    pub(super) registry: Arc<SeriesRegistry>,
    pub(super) deltas: Arc<DeltaTotals>,
    pub(super) scrape: ScrapeBoard,
    pub(super) progress: Arc<MetricProgress>,
    pub(super) sources: Arc<Sources>,
    rules: Vec<CapacityRule>,
    predictor: Mutex<Option<Predictor>>,
}

impl MetricParts {
    /// Joins the metric side over its bus and its store.
    pub(super) async fn open(config: &Config, engines: &Engines) -> anyhow::Result<Self> {
        let rules = rules(config)?;
        let store = engines.metrics.clone();
        let registry = SeriesRegistry::new(&config.ingest.metric_limits);
        let any = Matcher::new(MatchOp::NotEqual, NAME_LABEL, "")?;
        let known = store
            .series(&[any], (i64::MIN, i64::MAX), SEEDED_MAX)
            .await?;
        let now = crate::clock::SystemClock.now();
        registry.seed(now, known.iter().map(|info| (info.id, &*info.source)));
        let engine = EngineConfig {
            // A day less than is kept: retention runs hourly, and buckets overlap meanwhile.
            raw_ms: i64::from(config.metrics.store.raw_days.saturating_sub(1)) * DAY_MS,
            ..EngineConfig::default()
        };
        let detector = DetectStage::new(config.metrics.pipeline.detect.clone());
        Ok(Self {
            bus: engines.metric_bus.clone(),
            engine: Engine::new(store.clone(), engine),
            insight: Arc::new(Insight::new(
                store.clone(),
                detector.detector_config().clone(),
            )),
            store,
            registry: Arc::new(registry),
            deltas: Arc::new(DeltaTotals::new(
                config.ingest.metric_limits.series_per_source_max,
            )),
            scrape: ScrapeBoard::default(),
            progress: Arc::default(),
            sources: Arc::default(),
            rules,
            predictor: Mutex::default(),
        })
    }

    /// What the status is gathered from.
    pub(super) fn status(&self) -> MetricStatus {
        MetricStatus {
            sources: self.sources.clone(),
            store: self.store.clone(),
            bus: self.bus.clone(),
            progress: self.progress.clone(),
            registry: self.registry.clone(),
        }
    }

    /// How the loop of a partition is opened, whose findings go where they are told to.
    pub(super) fn open_loop(
        &self,
        config: &Config,
        findings: &Arc<Telling>,
        clock: &Arc<dyn Clock>,
    ) -> Open {
        let parts = MetricPipelineParts {
            bus: self.bus.clone(),
            metrics: self.store.clone(),
            anomalies: findings.clone(),
            clock: clock.clone(),
        };
        let (settings, progress) = (config.metrics.pipeline.clone(), self.progress.clone());
        Box::new(move |partition, stop| {
            let opened =
                MetricPipeline::open(partition, parts.clone(), settings.clone(), progress.clone());
            Box::pin(async move {
                let pipeline = opened
                    .await
                    .context("the detectors' state cannot be read")?;
                Ok(Box::pin(pipeline.run(stop)) as Work)
            })
        })
    }

    /// Opens what looks ahead, and gives who has it look when somebody asks.
    pub(super) async fn open_predictor(
        &self,
        config: &Config,
        findings: &Arc<Telling>,
        clock: &Arc<dyn Clock>,
    ) -> anyhow::Result<ReForecast> {
        let parts = PredictParts {
            queries: self.queries(),
            predictions: findings.clone(),
            clock: clock.clone(),
        };
        let every = Duration::from_secs(config.metrics.pipeline.predict_secs.max(1));
        let predictor = Predictor::open(parts, self.rules.clone(), every).await;
        let mut predictor = predictor.context("the scorecards cannot be read")?;
        let handler = predictor.on_demand();
        *self.predictor.lock() = Some(predictor);
        Ok(handler)
    }

    /// Starts what works in the background until it is cancelled.
    pub(super) async fn start_background(
        &self,
        config: &Config,
        findings: &Arc<Telling>,
        clock: &Arc<dyn Clock>,
        (tasks, cancel): (&TaskTracker, &CancellationToken),
    ) -> anyhow::Result<()> {
        if let Some(predictor) = self.predictor.lock().take() {
            tasks.spawn(predictor.run(cancel.clone()));
        }
        let parts = WatchParts {
            metrics: self.store.clone(),
            anomalies: findings.clone(),
            clock: clock.clone(),
        };
        self.start_watches(config, parts, tasks, cancel).await
    }

    /// Starts the watches over hosts and over shapes.
    async fn start_watches(
        &self,
        config: &Config,
        parts: WatchParts,
        tasks: &TaskTracker,
        cancel: &CancellationToken,
    ) -> anyhow::Result<()> {
        let pipeline = &config.metrics.pipeline;
        if pipeline.entities {
            let watch = EntityWatch::open(parts.clone()).await;
            let watch = watch.context("the anomalies of hosts cannot be read")?;
            tasks.spawn(watch.run(cancel.clone()));
        }
        if pipeline.shape_series_max > 0 {
            let settings = ShapeConfig {
                series_max: pipeline.shape_series_max,
                false_alarms_per_month: pipeline.detect.false_alarms_per_month,
            };
            let watch = ShapeWatch::open(parts, settings, self.progress.clone()).await;
            let watch = watch.context("the anomalies of shapes cannot be read")?;
            tasks.spawn(watch.run(cancel.clone()));
        }
        Ok(())
    }

    /// Queries as rules ask them.
    pub(super) fn queries(&self) -> Arc<dyn MetricQueries> {
        Arc::new(EngineQueries(self.engine.clone()))
    }
}

/// The rules of the file that is configured, or the shipped ones.
pub(crate) fn rules(config: &Config) -> anyhow::Result<Vec<CapacityRule>> {
    let Some(path) = &config.metrics.rules else {
        return parse_rules(RULES).context("the shipped rules cannot be read");
    };
    let shown = path.display();
    let text = std::fs::read_to_string(path);
    let text = text.with_context(|| format!("`metrics.rules`: {shown} cannot be read"))?;
    parse_rules(&text).with_context(|| format!("`metrics.rules`: {shown}"))
}

/// Queries as rules ask them.
struct EngineQueries(Engine);

#[async_trait]
impl MetricQueries for EngineQueries {
    async fn range(
        &self,
        query: &str,
        (start_ms, end_ms): (i64, i64),
        step_ms: i64,
    ) -> Result<Vec<QuerySeries>, StoreError> {
        let found = self.0.range(query, start_ms, end_ms, step_ms).await;
        let found = found.map_err(|error| match error {
            QueryError::Store(_) | QueryError::Unavailable(_) => {
                StoreError::Unavailable(Box::new(error))
            }
            error => StoreError::Invalid(error.to_string()),
        })?;
        let series = found.into_iter().map(|series| {
            let labels = series.labels.iter();
            let own = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
            QuerySeries {
                labels: own.collect(),
                samples: series.samples,
            }
        });
        Ok(series.collect())
    }
}
