//! A data folder without a server, opened to be moved elsewhere; and what goes with every set-up.

use std::sync::Arc;

use anyhow::Context;
use tocsin_backup::Files;
use tocsin_backup::rows::PointRows;
use tocsin_bus::{BusConfig, FjallBus};
use tocsin_domain::metric::METRIC_SHARDS;
use tocsin_domain::ports::{LeaseStore, VectorStore};
use tocsin_stores::logs::EmbeddedLogStore;
use tocsin_stores::metrics::EmbeddedMetricStore;
use tocsin_stores::relational::{RelationalEngine, RelationalStore};
use tocsin_stores::vectors::EdgeVectorStore;

use super::{BUS, FILES, LOGS, METRIC_BUS, METRICS, VECTORS};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::embedder;

/// The stores of a data folder that no server has.
#[derive(Debug)]
pub(crate) struct Embedded {
    pub(crate) bus: Arc<FjallBus>,
    pub(crate) metric_bus: Arc<FjallBus>,
    pub(crate) logs: Arc<EmbeddedLogStore>,
    pub(crate) metrics: Arc<EmbeddedMetricStore>,
    pub(crate) relational: Arc<RelationalStore>,
    pub(crate) vectors: Arc<EdgeVectorStore>,
    /// Of which model the vectors are.
    pub(crate) model: (String, usize),
}

impl Embedded {
    /// Opens them.
    ///
    /// # Errors
    /// Which one cannot be opened.
    pub(crate) async fn open(folder: &DataDir, config: &Config) -> anyhow::Result<Self> {
        let embedder = embedder::open(config).await?.embedder;
        let model = (embedder.model().to_owned(), embedder.dimensions());
        let metric_config = BusConfig {
            partitions: METRIC_SHARDS,
            ..config.bus.clone()
        };
        let bus = FjallBus::open(&folder.join(BUS), config.bus.clone());
        let metric_bus = FjallBus::open(&folder.join(METRIC_BUS), metric_config);
        let logs = EmbeddedLogStore::open(&folder.join(LOGS), config.logs.store.clone());
        let store = config.metrics.store.clone();
        let metrics = EmbeddedMetricStore::open(&folder.join(METRICS), store);
        let relational = RelationalStore::open_sqlite(&folder.join("tocsin.db")).await;
        let vectors = EdgeVectorStore::open(&folder.join(VECTORS), &model.0, model.1);
        Ok(Self {
            bus: Arc::new(bus.context("the bus cannot be opened")?),
            metric_bus: Arc::new(metric_bus.context("the bus of metrics cannot be opened")?),
            logs: Arc::new(logs.context("the log store cannot be opened")?),
            metrics: Arc::new(metrics.context("the metric store cannot be opened")?),
            relational: Arc::new(relational.context("the relational store cannot be opened")?),
            vectors: Arc::new(vectors.context("the vector store cannot be opened")?),
            model,
        })
    }
}

/// The parts that rest on the stores.
pub(crate) fn rest(
    vectors: Arc<dyn VectorStore>,
    (model, dimensions): (&str, usize),
    folder: &DataDir,
) -> Vec<super::Source> {
    let points = PointRows::new(vectors, model, dimensions);
    let files = Files::new(folder.join(FILES));
    vec![(VECTORS, Arc::new(points)), (FILES, Arc::new(files))]
}

/// What decides who makes a backup: the database, where processes share one.
///
/// # Errors
/// If the address of the database cannot be read.
pub(crate) fn leases(
    config: &Config,
    relational: &Arc<RelationalStore>,
) -> anyhow::Result<Option<Arc<dyn LeaseStore>>> {
    let is_shared = matches!(config.relational.engine()?, RelationalEngine::Postgres(_));
    Ok(is_shared.then(|| relational.clone() as Arc<dyn LeaseStore>))
}
