//! The log store on ClickHouse as the port sees it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{
    Context, Cursor, Histogram, LogQuery, LogStats, LogStore, Order, Page, Retention,
    TemplateCount, ValueDistribution,
};
use tocsin_domain::{LogRecord, Offset, ParsedBatch, Partition, RecordId, TemplateId, Timestamp};

use super::config::ClickHouseLogsConfig;
use super::inner::Inner;

/// How often it is looked whether rows have waited long enough.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Every log line in ClickHouse. Any number of processes may read; a partition is written by the
/// process that took it last.
#[derive(Debug, Clone)]
pub struct ClickHouseLogStore {
    pub(super) inner: Arc<Inner>,
}

impl ClickHouseLogStore {
    /// Reaches the server and makes the tables, or brings them to the newest version.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if the configuration makes no sense, or the server or its tables are
    /// of a version that is not understood; [`StoreError::Unavailable`] if the server is away or
    /// refuses.
    pub async fn open(config: ClickHouseLogsConfig) -> Result<Self, StoreError> {
        let inner = Arc::new(Inner::open(config).await?);
        Ok(Self { inner })
    }

    /// Writes rows that have waited long enough, for ever: without it a few lines of a quiet source
    /// wait until the next batch, question or flush of this process. Whoever runs it ends it by
    /// dropping it.
    pub async fn keep_writing(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.inner.write_due().await;
        }
    }
}

#[async_trait]
impl LogStore for ClickHouseLogStore {
    async fn append(
        &self,
        partition: Partition,
        offset: Offset,
        batch: ParsedBatch,
    ) -> Result<(), StoreError> {
        self.inner.append(partition, offset, batch).await
    }

    async fn flush(&self, partition: Partition) -> Result<Offset, StoreError> {
        self.inner.flush(partition).await
    }

    fn durable(&self, partition: Partition) -> Offset {
        self.inner.durable(partition)
    }

    async fn reopen(&self, partition: Partition) -> Result<Offset, StoreError> {
        self.inner.reopen(partition).await
    }

    async fn search(
        &self,
        query: &LogQuery,
        order: Order,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.inner.search(query, order, after, limit).await
    }

    async fn count(&self, query: &LogQuery) -> Result<u64, StoreError> {
        self.inner.count(query).await
    }

    async fn histogram(&self, query: &LogQuery, interval: i64) -> Result<Histogram, StoreError> {
        self.inner.histogram(query, interval).await
    }

    async fn template_counts(&self, query: &LogQuery) -> Result<Vec<TemplateCount>, StoreError> {
        self.inner.template_counts(query).await
    }

    async fn distributions(
        &self,
        template: TemplateId,
        query: &LogQuery,
    ) -> Result<Vec<ValueDistribution>, StoreError> {
        self.inner.distributions(template, query).await
    }

    async fn get(&self, id: RecordId) -> Result<Option<LogRecord>, StoreError> {
        self.inner.get(id).await
    }

    async fn context(
        &self,
        id: RecordId,
        before: usize,
        after: usize,
    ) -> Result<Option<Context>, StoreError> {
        self.inner.context(id, before, after).await
    }

    async fn delete(&self, query: &LogQuery) -> Result<u64, StoreError> {
        self.inner.delete(query).await
    }

    async fn retain(&self, rules: &[Retention], now: Timestamp) -> Result<u64, StoreError> {
        self.inner.retain(rules, now).await
    }

    async fn stats(&self) -> Result<LogStats, StoreError> {
        self.inner.stats().await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.inner.connection.check().await
    }
}

#[cfg(test)]
impl ClickHouseLogStore {
    /// Carries out a statement of a test.
    pub(super) async fn execute(&self, sql: &str) {
        self.inner.connection.execute(sql).await.unwrap();
    }
}
