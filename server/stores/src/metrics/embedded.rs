//! The embedded metric store as the port sees it: what touches the disk runs off the async threads.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::metric::{Matcher, Selection};
use tocsin_domain::ports::{MetricStats, MetricStore, SeriesInfo, SeriesSamples, StoreError};
use tocsin_domain::{MetricBatch, Offset, Partition, SeriesId, Timestamp};

use super::config::MetricStoreConfig;
use super::engine::unavailable;
use super::inner::Inner;

/// Every point in compressed blocks, within this process. Must be used within a tokio runtime,
/// whose blocking threads do the work.
#[derive(Debug, Clone)]
pub struct EmbeddedMetricStore {
    inner: Arc<Inner>,
}

impl EmbeddedMetricStore {
    /// The engine itself, for tests that look at what is on disk.
    #[cfg(test)]
    pub(crate) fn engine_of_tests(&self) -> &super::engine::Engine {
        &self.inner.engine
    }

    /// Opens the store in a folder of its own, or makes one there. Call it off the async threads.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the folder cannot be used, another process having it for
    /// example; [`StoreError::Corrupt`] if what series and positions say cannot be read.
    pub fn open(path: &Path, config: MetricStoreConfig) -> Result<Self, StoreError> {
        let inner = Arc::new(Inner::open(path, config)?);
        Ok(Self { inner })
    }

    /// How many blocks were found damaged, and passed over by queries, since the store was opened.
    #[must_use]
    pub fn damaged_blocks(&self) -> u64 {
        self.inner.damaged_blocks()
    }

    /// How many points were dropped since the store was opened because the labels of their series
    /// never came.
    #[must_use]
    pub fn unknown_series_points(&self) -> u64 {
        let count = &self.inner.unknown_points;
        count.load(std::sync::atomic::Ordering::Relaxed)
    }

    pub(super) async fn off<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(result) => result,
            Err(error) => Err(unavailable(error)),
        }
    }
}

#[async_trait]
impl MetricStore for EmbeddedMetricStore {
    async fn append(
        &self,
        partition: Partition,
        offset: Offset,
        batch: Arc<MetricBatch>,
    ) -> Result<(), StoreError> {
        if let Some(done) = self.inner.append_at_once(partition, offset, &batch) {
            return done;
        }
        self.off(move |inner| inner.append(partition, offset, &batch))
            .await
    }

    async fn put_in(
        &self,
        partition: Partition,
        batch: Arc<MetricBatch>,
    ) -> Result<(), StoreError> {
        self.off(move |inner| inner.put_in(partition, &batch)).await
    }

    async fn flush(&self, partition: Partition) -> Result<Offset, StoreError> {
        self.off(move |inner| inner.flush(partition)).await
    }

    fn durable(&self, partition: Partition) -> Offset {
        self.inner.durable(partition)
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<SeriesSamples>, StoreError> {
        let selection = selection.clone();
        self.off(move |inner| inner.select(&selection)).await
    }

    async fn series(
        &self,
        matchers: &[Matcher],
        range_ms: (i64, i64),
        limit: usize,
    ) -> Result<Vec<Arc<SeriesInfo>>, StoreError> {
        let matchers = matchers.to_vec();
        self.off(move |inner| Ok(inner.series(&matchers, range_ms, limit)))
            .await
    }

    async fn describe(&self, ids: &[SeriesId]) -> Result<Vec<Option<Arc<SeriesInfo>>>, StoreError> {
        // It asks memory only; no lock is held while the disk works but when series are removed.
        let ids = ids.to_vec();
        self.off(move |inner| Ok(inner.describe(&ids))).await
    }

    async fn retain(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.off(move |inner| inner.retain(now)).await
    }

    async fn delete(&self, matchers: &[Matcher]) -> Result<u64, StoreError> {
        let matchers = matchers.to_vec();
        self.off(move |inner| inner.delete(&matchers)).await
    }

    async fn save_state(
        &self,
        partition: Partition,
        name: &str,
        offset: Offset,
        state: Vec<u8>,
    ) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.off(move |inner| inner.save_state((partition, &name), offset, &state))
            .await
    }

    async fn load_state(
        &self,
        partition: Partition,
        name: &str,
    ) -> Result<Option<(Offset, Vec<u8>)>, StoreError> {
        let name = name.to_owned();
        self.off(move |inner| inner.load_state(partition, &name))
            .await
    }

    async fn stats(&self) -> Result<MetricStats, StoreError> {
        self.off(Inner::stats).await
    }
}
