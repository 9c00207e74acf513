//! The embedded log store as the port sees it: every operation runs off the async threads.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{
    Context, Cursor, Histogram, LogQuery, LogStats, LogStore, Order, Page, Retention,
    TemplateCount, ValueDistribution,
};
use tocsin_domain::{LogRecord, Offset, ParsedBatch, Partition, RecordId, TemplateId, Timestamp};

use super::config::LogStoreConfig;
use super::engine::unavailable;
use super::inner::Inner;

/// Every log line in template-native blocks, within this process. Must be used within a tokio
/// runtime, whose blocking threads do the work.
#[derive(Debug, Clone)]
pub struct EmbeddedLogStore {
    inner: Arc<Inner>,
}

impl EmbeddedLogStore {
    /// Opens the store in a folder of its own, or makes one there. Call it off the async threads.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the folder cannot be used, another process having it for
    /// example; [`StoreError::Corrupt`] if what names and positions say cannot be read.
    pub fn open(path: &Path, config: LogStoreConfig) -> Result<Self, StoreError> {
        let inner = Arc::new(Inner::open(path, config)?);
        Ok(Self { inner })
    }

    /// How many blocks were found damaged, and passed over by queries, since the store was opened.
    #[must_use]
    pub fn damaged_blocks(&self) -> u64 {
        self.inner.damaged_blocks()
    }

    #[cfg(test)]
    pub(crate) fn engine_of_tests(&self) -> &super::engine::Engine {
        &self.inner.engine
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
impl LogStore for EmbeddedLogStore {
    async fn append(
        &self,
        partition: Partition,
        offset: Offset,
        batch: ParsedBatch,
    ) -> Result<(), StoreError> {
        self.off(move |inner| inner.append(partition, offset, batch))
            .await
    }

    async fn flush(&self, partition: Partition) -> Result<Offset, StoreError> {
        self.off(move |inner| inner.flush(partition)).await
    }

    fn durable(&self, partition: Partition) -> Offset {
        let state = self.inner.state.read();
        state
            .heads
            .get(&partition.0)
            .map_or(Offset(0), |head| head.durable)
    }

    async fn search(
        &self,
        query: &LogQuery,
        order: Order,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let query = query.clone();
        self.off(move |inner| inner.search(&query, order, after, limit))
            .await
    }

    async fn count(&self, query: &LogQuery) -> Result<u64, StoreError> {
        let query = query.clone();
        self.off(move |inner| inner.count(&query)).await
    }

    async fn histogram(&self, query: &LogQuery, interval: i64) -> Result<Histogram, StoreError> {
        let query = query.clone();
        self.off(move |inner| inner.histogram(&query, interval))
            .await
    }

    async fn template_counts(&self, query: &LogQuery) -> Result<Vec<TemplateCount>, StoreError> {
        let query = query.clone();
        self.off(move |inner| inner.template_counts(&query)).await
    }

    async fn distributions(
        &self,
        template: TemplateId,
        query: &LogQuery,
    ) -> Result<Vec<ValueDistribution>, StoreError> {
        let query = query.clone();
        self.off(move |inner| inner.distributions(template, &query))
            .await
    }

    async fn get(&self, id: RecordId) -> Result<Option<LogRecord>, StoreError> {
        self.off(move |inner| inner.record(id)).await
    }

    async fn context(
        &self,
        id: RecordId,
        before: usize,
        after: usize,
    ) -> Result<Option<Context>, StoreError> {
        self.off(move |inner| inner.context(id, before, after))
            .await
    }

    async fn delete(&self, query: &LogQuery) -> Result<u64, StoreError> {
        let query = query.clone();
        self.off(move |inner| inner.delete_for_good(&query)).await
    }

    async fn retain(&self, rules: &[Retention], now: Timestamp) -> Result<u64, StoreError> {
        let rules = rules.to_vec();
        self.off(move |inner| inner.retain(&rules, now)).await
    }

    async fn stats(&self) -> Result<LogStats, StoreError> {
        self.off(|inner| Ok(inner.stats())).await
    }
}
