//! The metric store on InfluxDB 2.
//!
//! A point's way: `write` takes a batch into the head of its partition (`part`), where this process can read
//! it, and writes what waits as `line`s every second; a flush writes the position too. Which series there
//! are stands in the `catalogue`, which every process has in memory. A query's way: memory says which series
//! are meant, `flux` asks InfluxDB for their points, `csv` reads its answer. `retention` makes `intervals`
//! of what is past its time; `tasks` of InfluxDB make them in advance. Engines' answers are never trusted to be whole:
//! an error in their middle is an error.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use parking_lot::RwLock;
use tocsin_domain::metric::{Matcher, Selection};
use tocsin_domain::ports::{MetricStats, MetricStore, SeriesInfo, SeriesSamples, StoreError};
use tocsin_domain::{MetricBatch, Offset, Partition, SeriesId, Timestamp};

mod catalogue;
mod config;
mod csv;
mod failure;
mod flux;
mod intervals;
mod line;
mod part;
mod position;
mod read;
mod removal;
mod retention;
mod setup;
mod states;
mod stats;
mod tasks;
#[cfg(test)]
mod tests;
mod wire;
mod write;

pub use config::{InfluxConfig, InfluxToken};

use super::MetricStoreConfig;
use part::Part;
use position::Floors;
use setup::Buckets;
use wire::Wire;

/// Every point in InfluxDB 2, which several processes share. Whoever works on a partition calls
/// [`MetricStore::reopen`] first.
#[derive(Debug)]
pub struct InfluxMetricStore {
    wire: Wire,
    config: InfluxConfig,
    keep: MetricStoreConfig,
    buckets: Buckets,
    parts: RwLock<BTreeMap<u16, Arc<Part>>>,
    seen: tokio::sync::Mutex<catalogue::Seen>,
    floors: RwLock<Floors>,
    /// Held while something becomes coarser.
    retaining: tokio::sync::Mutex<()>,
    unknown_points: AtomicU64,
    dropped_points: AtomicU64,
}

impl InfluxMetricStore {
    /// Connects to InfluxDB, sees to it that the buckets are there and the token may use them, and reads
    /// which series there are. How long points are kept `keep` says, as for the embedded store.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if InfluxDB is away; [`StoreError::Invalid`] if the configuration, the
    /// token or a bucket is not as it has to be, with what is missing.
    pub async fn open(config: InfluxConfig, keep: MetricStoreConfig) -> Result<Self, StoreError> {
        config.check().map_err(StoreError::Invalid)?;
        let wire = Wire::new(&config)?;
        let buckets = setup::prepare(&wire, &config, &keep).await?;
        let store = Self {
            wire,
            config,
            keep,
            buckets,
            parts: RwLock::default(),
            seen: tokio::sync::Mutex::default(),
            floors: RwLock::default(),
            retaining: tokio::sync::Mutex::default(),
            unknown_points: AtomicU64::new(0),
            dropped_points: AtomicU64::new(0),
        };
        store.load_catalogue().await?;
        store.load_positions().await?;
        store.load_floors().await?;
        Ok(store)
    }

    /// How many points were dropped because the labels of their series never came.
    #[must_use]
    pub fn unknown_series_points(&self) -> u64 {
        self.unknown_points.load(Ordering::Relaxed)
    }

    /// How many points were dropped because InfluxDB does not take them: older than a bucket keeps, or of
    /// another type than others wrote there.
    #[must_use]
    pub fn dropped_points(&self) -> u64 {
        self.dropped_points.load(Ordering::Relaxed)
    }

    /// A partition; a new one if nothing is known of it.
    fn part(&self, partition: u16) -> Arc<Part> {
        if let Some(part) = self.parts.read().get(&partition) {
            return Arc::clone(part);
        }
        let mut parts = self.parts.write();
        let part = parts
            .entry(partition)
            .or_insert_with(|| Arc::new(Part::new(partition)));
        Arc::clone(part)
    }

    /// All partitions.
    fn parts(&self) -> Vec<Arc<Part>> {
        self.parts.read().values().cloned().collect()
    }
}

#[async_trait]
impl MetricStore for InfluxMetricStore {
    async fn append(
        &self,
        partition: Partition,
        offset: Offset,
        batch: Arc<MetricBatch>,
    ) -> Result<(), StoreError> {
        self.take_points(partition, Some(offset), &batch).await
    }

    async fn put_in(
        &self,
        partition: Partition,
        batch: Arc<MetricBatch>,
    ) -> Result<(), StoreError> {
        self.take_points(partition, None, &batch).await
    }

    async fn positions(&self) -> Result<Vec<(Partition, Offset)>, StoreError> {
        self.written_positions().await
    }

    async fn flush(&self, partition: Partition) -> Result<Offset, StoreError> {
        self.flush_part(&self.part(partition.0)).await
    }

    fn durable(&self, partition: Partition) -> Offset {
        let parts = self.parts.read();
        let part = parts.get(&partition.0);
        part.map_or(Offset(0), |part| part.state.read().position.durable)
    }

    async fn reopen(&self, partition: Partition) -> Result<Offset, StoreError> {
        let part = self.part(partition.0);
        let mut keys = part.writer.lock().await;
        let fresh = Part::new(partition.0);
        self.load_series(&fresh).await?;
        self.load_position(&fresh).await?;
        keys.clear();
        part.replace(&fresh);
        let durable = part.state.read().position.durable;
        Ok(durable)
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<SeriesSamples>, StoreError> {
        self.selected(selection).await
    }

    async fn series(
        &self,
        matchers: &[Matcher],
        range_ms: (i64, i64),
        limit: usize,
    ) -> Result<Vec<Arc<SeriesInfo>>, StoreError> {
        self.refresh_if_there().await;
        Ok(self.matching(matchers, range_ms, limit))
    }

    async fn describe(&self, ids: &[SeriesId]) -> Result<Vec<Option<Arc<SeriesInfo>>>, StoreError> {
        let known = self.known(ids);
        let is_ours = |id: &SeriesId| self.part(id.shard()).is_at_work();
        if known.iter().all(Option::is_some) && ids.iter().all(is_ours) {
            return Ok(known);
        }
        self.refresh_if_there().await;
        Ok(self.known(ids))
    }

    async fn retain(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.let_go(now).await
    }

    async fn delete(&self, matchers: &[Matcher]) -> Result<u64, StoreError> {
        self.remove(matchers).await
    }

    async fn save_state(
        &self,
        partition: Partition,
        name: &str,
        offset: Offset,
        state: Vec<u8>,
    ) -> Result<(), StoreError> {
        self.keep_state((partition.0, name), offset, state).await
    }

    async fn load_state(
        &self,
        partition: Partition,
        name: &str,
    ) -> Result<Option<(Offset, Vec<u8>)>, StoreError> {
        self.kept_state(partition.0, name).await
    }

    async fn stats(&self) -> Result<MetricStats, StoreError> {
        self.counted().await
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(setup::check(&self.wire, &self.buckets).await?)
    }
}
