//! Where `tocsin migrate` moves to. A store that the configuration leaves embedded lies in its data
//! folder and gets what is there as it lies on disk; an engine gets it over its port.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use tocsin_backup::Watcher;
use tocsin_backup::migrate::{self, pipe};
use tocsin_backup::rows::{SampleRestoration, SampleRows};
use tocsin_domain::ports::{LogStore, MetricStore, VectorStore};
use tocsin_stores::logs::{ClickHouseLogStore, EmbeddedLogStore, LogRestoration};
use tocsin_stores::metrics::influxdb::InfluxMetricStore;
use tocsin_stores::metrics::{EmbeddedMetricStore, MetricRestoration};
use tocsin_stores::relational::RelationalStore;
use tocsin_stores::vectors::{EdgeVectorStore, QdrantVectorStore};

use crate::backup::{FILES, LOGS, METRICS, VECTORS};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::embedder;

/// The stores of the new set-up.
pub(super) struct Target {
    /// The log store, if it is an engine.
    logs: Option<Arc<dyn LogStore>>,
    /// The metric store, if it is an engine.
    metrics: Option<Arc<dyn MetricStore>>,
    /// The relational store, open: it may be empty, or of this very move.
    pub(super) relational: RelationalStore,
    /// The vector store.
    pub(super) vectors: Option<Arc<dyn VectorStore>>,
    /// Of which model its vectors are.
    pub(super) model: (String, usize),
    /// Where programs that are run keep what they keep.
    pub(super) files: Option<PathBuf>,
    config: Config,
    folder: DataDir,
}

impl Target {
    /// Opens what the configuration names.
    ///
    /// # Errors
    /// Which store cannot be opened.
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        let folder = DataDir::take(&config.server.data_dir, "tocsin migrate")?;
        let embedder = embedder::open(config).await?.embedder;
        let model = (embedder.model().to_owned(), embedder.dimensions());
        let relational = config.relational.open(&folder.join("tocsin.db")).await;
        Ok(Self {
            logs: logs(config).await?,
            metrics: metrics(config).await?,
            relational: relational.context("the relational store cannot be opened")?,
            vectors: Some(vectors(config, &folder, &model)?),
            model,
            files: Some(folder.join(FILES)),
            config: config.clone(),
            folder,
        })
    }

    /// Moves lines.
    ///
    /// # Errors
    /// Why not.
    pub(super) async fn move_logs(
        &self,
        from: &EmbeddedLogStore,
        watcher: &Watcher,
    ) -> anyhow::Result<()> {
        match &self.logs {
            Some(engine) => migrate::logs(from, &**engine, watcher).await?,
            None => {
                let mut into = LogRestoration::open(&self.folder.join(LOGS), true)?;
                pipe(LOGS, from, &mut into, watcher).await?
            }
        };
        Ok(())
    }

    /// Moves points and the states of stages.
    ///
    /// # Errors
    /// Why not.
    pub(super) async fn move_metrics(
        &self,
        from: &EmbeddedMetricStore,
        states: &[&str],
        watcher: &Watcher,
    ) -> anyhow::Result<()> {
        match &self.metrics {
            Some(engine) => {
                let mut into = SampleRestoration::new(engine.clone());
                let rows = SampleRows::new(Arc::new(from.clone()));
                pipe(METRICS, &rows, &mut into, watcher).await?;
                migrate::states(from, &**engine, states).await?;
            }
            None => {
                let mut into = MetricRestoration::open(&self.folder.join(METRICS), true)?;
                pipe(METRICS, from, &mut into, watcher).await?;
            }
        }
        Ok(())
    }

    /// The log store.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub(super) fn logs(&self) -> anyhow::Result<Arc<dyn LogStore>> {
        if let Some(engine) = &self.logs {
            return Ok(engine.clone());
        }
        let path = self.folder.join(LOGS);
        let store = EmbeddedLogStore::open(&path, self.config.logs.store.clone());
        Ok(Arc::new(store.context("the log store cannot be opened")?))
    }

    /// The metric store.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub(super) fn metrics(&self) -> anyhow::Result<Arc<dyn MetricStore>> {
        if let Some(engine) = &self.metrics {
            return Ok(engine.clone());
        }
        let path = self.folder.join(METRICS);
        let store = EmbeddedMetricStore::open(&path, self.config.metrics.store.clone());
        Ok(Arc::new(
            store.context("the metric store cannot be opened")?,
        ))
    }
}

async fn logs(config: &Config) -> anyhow::Result<Option<Arc<dyn LogStore>>> {
    let settings = &config.logs.clickhouse;
    if !settings.is_set() {
        return Ok(None);
    }
    let opened = ClickHouseLogStore::open(settings.clone()).await;
    Ok(Some(Arc::new(
        opened.context("ClickHouse cannot be used for logs")?,
    )))
}

async fn metrics(config: &Config) -> anyhow::Result<Option<Arc<dyn MetricStore>>> {
    let settings = &config.metrics.influxdb;
    if !settings.is_chosen() {
        return Ok(None);
    }
    let opened = InfluxMetricStore::open(settings.clone(), config.metrics.store.clone()).await;
    Ok(Some(Arc::new(
        opened.context("InfluxDB cannot be used for metrics")?,
    )))
}

fn vectors(
    config: &Config,
    folder: &DataDir,
    (model, dimensions): &(String, usize),
) -> anyhow::Result<Arc<dyn VectorStore>> {
    let qdrant = &config.vectors.qdrant;
    if qdrant.is_set() {
        let store = QdrantVectorStore::open(qdrant, model, *dimensions, Arc::new(SystemClock));
        return Ok(Arc::new(
            store.context("Qdrant cannot be used for vectors")?,
        ));
    }
    let store = EdgeVectorStore::open(&folder.join(VECTORS), model, *dimensions);
    Ok(Arc::new(
        store.context("the vector store cannot be opened")?,
    ))
}
