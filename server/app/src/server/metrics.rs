//! The metric side of the server: its bus, store, detectors and forecasts, opened and joined.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use tocsin_bus::{BusConfig, FjallBus};
use tocsin_domain::Partition;
use tocsin_domain::metric::{METRIC_SHARDS, MatchOp, Matcher, NAME_LABEL};
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
use tocsin_pipeline::predict::{CapacityRule, PredictParts, parse_rules};
use tocsin_pipeline::{
    DetectStage, MetricPipeline, MetricPipelineParts, MetricProgress, Predictor,
};
use tocsin_promql::{Engine, EngineConfig, QueryError};
use tocsin_stores::metrics::EmbeddedMetricStore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::data_dir::DataDir;
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
}

impl MetricParts {
    /// Opens the metric side in the data folder.
    pub(super) async fn open(config: &Config, data_dir: &DataDir) -> anyhow::Result<Self> {
        let rules = rules(config)?;
        let bus_config = BusConfig {
            partitions: METRIC_SHARDS,
            ..config.bus.clone()
        };
        let bus = FjallBus::open(&data_dir.join("bus-metrics"), bus_config);
        let store_config = config.metrics.store.clone();
        let store = EmbeddedMetricStore::open(&data_dir.join("metrics"), store_config);
        let store: Arc<dyn MetricStore> =
            Arc::new(store.context("the metric store cannot be opened")?);
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
            bus: Arc::new(bus.context("the bus of metrics cannot be opened")?),
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
            scrape: self.scrape.clone(),
        }
    }

    /// Starts the loops of the partitions, which end once the bus is read to its end.
    pub(super) async fn start_loops(
        &self,
        config: &Config,
        findings: &Arc<Telling>,
        clock: &Arc<dyn Clock>,
        tasks: &TaskTracker,
    ) -> anyhow::Result<()> {
        for partition in (0..self.bus.partitions()).map(Partition) {
            let parts = MetricPipelineParts {
                bus: self.bus.clone(),
                metrics: self.store.clone(),
                anomalies: findings.clone(),
                clock: clock.clone(),
            };
            let settings = config.metrics.pipeline.clone();
            let opened = MetricPipeline::open(partition, parts, settings, self.progress.clone());
            let pipeline = opened
                .await
                .context("the detectors' state cannot be read")?;
            tasks.spawn(pipeline.run());
        }
        Ok(())
    }

    /// Starts what works in the background until it is cancelled.
    pub(super) async fn start_background(
        &self,
        config: &Config,
        findings: &Arc<Telling>,
        clock: &Arc<dyn Clock>,
        (tasks, cancel): (&TaskTracker, &CancellationToken),
    ) -> anyhow::Result<()> {
        let parts = PredictParts {
            queries: self.queries(),
            predictions: findings.clone(),
            clock: clock.clone(),
        };
        let every = Duration::from_secs(config.metrics.pipeline.predict_secs.max(1));
        let predictor = Predictor::open(parts, self.rules.clone(), every).await;
        let predictor = predictor.context("the scorecards cannot be read")?;
        tasks.spawn(predictor.run(cancel.clone()));
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
            QueryError::Store(_) => StoreError::Unavailable(Box::new(error)),
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
