//! The log store as a list of records.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use tocsin_domain::ports::log_store::{
    BandCounts, Context, Cursor, Histogram, LogQuery, LogStats, Order, Page, Retention,
    SourceStats, TemplateCount, ValueDistribution,
};
use tocsin_domain::ports::{LogStore, StoreError};
use tocsin_domain::{LogRecord, Offset, ParsedBatch, Partition, RecordId, TemplateId, Timestamp};

use super::{Fakes, lock, template};

#[async_trait]
impl LogStore for Fakes {
    async fn append(&self, _: Partition, _: Offset, _: ParsedBatch) -> Result<(), StoreError> {
        Ok(())
    }

    async fn flush(&self, _: Partition) -> Result<Offset, StoreError> {
        Ok(Offset(0))
    }

    fn durable(&self, _: Partition) -> Offset {
        Offset(0)
    }

    async fn search(
        &self,
        query: &LogQuery,
        order: Order,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.searches.fetch_add(1, Ordering::Relaxed);
        let mut all = self.selected(query)?;
        let key = |record: &LogRecord| (record.timestamp, record.id);
        all.sort_by_key(key);
        if order == Order::NewestFirst {
            all.reverse();
        }
        if let Some(after) = after {
            let last = (after.timestamp, after.id);
            let at = all.iter().position(|record| key(record) == last);
            all.drain(..=at.ok_or_else(|| StoreError::Invalid("no such cursor".into()))?);
        }
        let is_last = all.len() <= limit;
        all.truncate(limit);
        let next = all.last().filter(|_| !is_last);
        let next = next.map(|last| Cursor {
            timestamp: last.timestamp,
            id: last.id,
        });
        Ok(Page { records: all, next })
    }

    async fn count(&self, query: &LogQuery) -> Result<u64, StoreError> {
        Ok(self.selected(query)?.len() as u64)
    }

    async fn histogram(&self, query: &LogQuery, interval: i64) -> Result<Histogram, StoreError> {
        let mut buckets: std::collections::BTreeMap<Timestamp, BandCounts> = Default::default();
        for record in self.selected(query)? {
            let at = record.timestamp.nanos();
            let counts = buckets
                .entry(Timestamp(at - at.rem_euclid(interval)))
                .or_default();
            counts[record.severity.band()] += 1;
        }
        Ok(Histogram {
            interval,
            buckets: buckets.into_iter().collect(),
        })
    }

    async fn template_counts(&self, query: &LogQuery) -> Result<Vec<TemplateCount>, StoreError> {
        let all = self.selected(query)?;
        let (Some(first), Some(last)) = (all.first(), all.last()) else {
            return Ok(Vec::new());
        };
        Ok(vec![TemplateCount {
            template: template().id,
            counts: Self::counts(&all),
            first_seen: first.timestamp,
            last_seen: last.timestamp,
        }])
    }

    async fn distributions(
        &self,
        _: TemplateId,
        query: &LogQuery,
    ) -> Result<Vec<ValueDistribution>, StoreError> {
        Ok(vec![ValueDistribution {
            slot: 0,
            total: self.selected(query)?.len() as u64,
            distinct: 1,
            top: vec![("/dev/sda0".into(), 1)],
            numeric: Some((1.0, 2.0, 3.0)),
        }])
    }

    async fn get(&self, id: RecordId) -> Result<Option<LogRecord>, StoreError> {
        Ok(lock(&self.records)
            .iter()
            .find(|record| record.id == id)
            .cloned())
    }

    async fn context(
        &self,
        id: RecordId,
        before: usize,
        after: usize,
    ) -> Result<Option<Context>, StoreError> {
        let all = lock(&self.records);
        let Some(at) = all.iter().position(|record| record.id == id) else {
            return Ok(None);
        };
        Ok(Some(Context {
            before: all[at.saturating_sub(before)..at].to_vec(),
            line: all[at].clone(),
            after: all[at + 1..].iter().take(after).cloned().collect(),
        }))
    }

    async fn delete(&self, query: &LogQuery) -> Result<u64, StoreError> {
        let gone = self.selected(query)?;
        lock(&self.records).retain(|record| !gone.contains(record));
        Ok(gone.len() as u64)
    }

    async fn retain(&self, _: &[Retention], _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn stats(&self) -> Result<LogStats, StoreError> {
        let records = lock(&self.records).len() as u64;
        let sources = vec![SourceStats {
            source: Arc::from("file:/var/log/syslog"),
            records,
            first_seen: Timestamp::MIN,
            last_seen: Timestamp::MAX,
            hosts: vec![Arc::from("web-01"), Arc::from("")],
        }];
        Ok(LogStats {
            records,
            sources,
            ..LogStats::default()
        })
    }
}
