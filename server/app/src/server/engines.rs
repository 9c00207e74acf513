//! Which engine stands behind each port, by the configuration.

use std::sync::Arc;

use anyhow::Context;
use tocsin_backup::rows::SampleRows;
use tocsin_bus::{BusConfig, FjallBus, RedisBus};
use tocsin_domain::metric::METRIC_SHARDS;
use tocsin_domain::ports::{
    Bus, BusError, Embedder, LogStore, MetricStore, Snapshots, StoreError, VectorStore,
};
use tocsin_stores::logs::{ClickHouseLogStore, EmbeddedLogStore};
use tocsin_stores::metrics::EmbeddedMetricStore;
use tocsin_stores::metrics::influxdb::InfluxMetricStore;
use tocsin_stores::relational::RelationalStore;
use tocsin_stores::vectors::{EdgeVectorStore, QdrantVectorStore};

use super::awaited::Awaited;
use crate::backup::{self, Sources};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::data_dir::DataDir;

/// The group of those who read a bus: the loops of the partitions.
pub(crate) const READERS: &str = "pipeline";
/// What the buses are called in Redis.
pub(crate) const LOG_BUS: &str = "logs";
pub(crate) const METRIC_BUS: &str = "metrics";

/// The stores and the buses.
pub(crate) struct Engines {
    pub(super) bus: Arc<dyn Bus>,
    pub(super) metric_bus: Arc<dyn Bus>,
    pub(super) logs: Arc<dyn LogStore>,
    /// The same, if it is ClickHouse, which has to write what waited long enough.
    pub(super) clickhouse: Option<Arc<ClickHouseLogStore>>,
    pub(super) metrics: Arc<dyn MetricStore>,
    /// The same, if it is InfluxDB, which has to write what waited long enough.
    pub(super) influxdb: Option<Arc<InfluxMetricStore>>,
    pub(super) relational: Arc<RelationalStore>,
    pub(super) vectors: Arc<dyn VectorStore>,
    /// Whether other processes work with the same ones.
    pub(super) are_shared: bool,
}

impl Engines {
    /// Opens those that are configured, the embedded ones in the data folder; and all of them once more
    /// as backups take them. One elsewhere that is away is waited for.
    ///
    /// # Errors
    /// Which one could not be opened, and why.
    pub(crate) async fn open(
        config: &Config,
        data_dir: &DataDir,
        embedder: &dyn Embedder,
        awaited: &Awaited,
    ) -> anyhow::Result<(Self, Sources)> {
        let (logs, metrics, relational, vectors, (bus, metric_bus)) = tokio::try_join!(
            awaited.until("logs", async || LogEngine::open(config, data_dir).await),
            awaited.until("metrics", async || {
                MetricEngine::open(config, data_dir).await
            }),
            awaited.until("relational", async || {
                let opened = config.relational.open(&data_dir.join("tocsin.db")).await;
                opened.context("the relational store cannot be opened")
            }),
            awaited.until("vectors", async || {
                let opened = vectors(config, data_dir, embedder);
                opened.context("the vector store cannot be opened")
            }),
            awaited.until("bus", async || buses(config, data_dir).await),
        )?;
        let relational = Arc::new(relational);
        let model = (embedder.model(), embedder.dimensions());
        let sources = Sources {
            stores: vec![
                (backup::RELATIONAL, relational.clone()),
                (backup::LOGS, logs.backed.clone()),
                (backup::METRICS, metrics.backed.clone()),
            ],
            buses: vec![
                (backup::BUS, bus.bus.clone(), bus.backed.clone()),
                (
                    backup::METRIC_BUS,
                    metric_bus.bus.clone(),
                    metric_bus.backed.clone(),
                ),
            ],
            rest: backup::folder::rest(vectors.clone(), model, data_dir),
            leases: backup::folder::leases(config, &relational)?,
        };
        let engines = Self {
            bus: bus.bus,
            metric_bus: metric_bus.bus,
            clickhouse: logs.clickhouse,
            logs: logs.store,
            influxdb: metrics.influxdb,
            metrics: metrics.store,
            relational,
            vectors,
            are_shared: config.bus.redis.is_set(),
        };
        Ok((engines, sources))
    }
}

/// The log store that is configured.
struct LogEngine {
    store: Arc<dyn LogStore>,
    clickhouse: Option<Arc<ClickHouseLogStore>>,
    backed: Arc<dyn Snapshots>,
}

impl LogEngine {
    async fn open(config: &Config, data_dir: &DataDir) -> anyhow::Result<Self> {
        let settings = &config.logs.clickhouse;
        if settings.is_set() {
            let opened = ClickHouseLogStore::open(settings.clone()).await;
            let store = Arc::new(opened.context("ClickHouse cannot be used for logs")?);
            return Ok(Self {
                store: store.clone(),
                clickhouse: Some(store.clone()),
                backed: store,
            });
        }
        let opened = EmbeddedLogStore::open(&data_dir.join("logs"), config.logs.store.clone());
        let store = Arc::new(opened.context("the log store cannot be opened")?);
        Ok(Self {
            store: store.clone(),
            clickhouse: None,
            backed: store,
        })
    }
}

/// The metric store that is configured.
struct MetricEngine {
    store: Arc<dyn MetricStore>,
    influxdb: Option<Arc<InfluxMetricStore>>,
    backed: Arc<dyn Snapshots>,
}

impl MetricEngine {
    async fn open(config: &Config, data_dir: &DataDir) -> anyhow::Result<Self> {
        let (settings, kept) = (&config.metrics.influxdb, config.metrics.store.clone());
        if settings.is_chosen() {
            let opened = InfluxMetricStore::open(settings.clone(), kept).await;
            let store = Arc::new(opened.context("InfluxDB cannot be used for metrics")?);
            return Ok(Self {
                store: store.clone(),
                backed: Arc::new(SampleRows::with_states(store.clone(), &backup::STATES)),
                influxdb: Some(store),
            });
        }
        let opened = EmbeddedMetricStore::open(&data_dir.join("metrics"), kept);
        let store = Arc::new(opened.context("the metric store cannot be opened")?);
        Ok(Self {
            store: store.clone(),
            influxdb: None,
            backed: store,
        })
    }
}

/// The vector store that is configured, for the vectors of the embedder's model.
fn vectors(
    config: &Config,
    data_dir: &DataDir,
    embedder: &dyn Embedder,
) -> Result<Arc<dyn VectorStore>, StoreError> {
    let (model, dimensions) = (embedder.model(), embedder.dimensions());
    let qdrant = &config.vectors.qdrant;
    if qdrant.is_set() {
        let store = QdrantVectorStore::open(qdrant, model, dimensions, Arc::new(SystemClock))?;
        return Ok(Arc::new(store));
    }
    let path = data_dir.join("vectors");
    Ok(Arc::new(EdgeVectorStore::open(&path, model, dimensions)?))
}

/// A bus that is open.
struct OpenBus {
    bus: Arc<dyn Bus>,
    backed: Arc<dyn Snapshots>,
}

/// The bus that is configured: on Redis under a name, or in a folder.
async fn bus(
    config: &BusConfig,
    data_dir: &DataDir,
    (name, folder): (&str, &str),
) -> Result<OpenBus, BusError> {
    if config.redis.is_set() {
        let bus = Arc::new(RedisBus::open(config, name, READERS).await?);
        return Ok(OpenBus {
            bus: bus.clone(),
            backed: bus,
        });
    }
    let bus = Arc::new(FjallBus::open(&data_dir.join(folder), config.clone())?);
    Ok(OpenBus {
        bus: bus.clone(),
        backed: bus,
    })
}

/// The bus of log lines, and that of metrics.
async fn buses(config: &Config, data_dir: &DataDir) -> anyhow::Result<(OpenBus, OpenBus)> {
    let logs = bus(&config.bus, data_dir, (LOG_BUS, "bus")).await;
    let logs = logs.context("the bus cannot be opened")?;
    let metrics = bus_of_metrics(config, data_dir).await;
    Ok((
        logs,
        metrics.context("the bus of metrics cannot be opened")?,
    ))
}

/// The bus of metrics has a partition for each shard of series.
async fn bus_of_metrics(config: &Config, data_dir: &DataDir) -> Result<OpenBus, BusError> {
    let config = BusConfig {
        partitions: METRIC_SHARDS,
        ..config.bus.clone()
    };
    bus(&config, data_dir, (METRIC_BUS, "bus-metrics")).await
}
