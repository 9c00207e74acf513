//! A metric store in memory that answers `select`, for tests and the bench: series in, points out.

use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::event::{Offset, Partition};
use tocsin_domain::metric::{
    Labels, Matcher, MetricBatch, MetricKind, Sample, Selection, SeriesId,
};
use tocsin_domain::ports::log_store::StoreError;
use tocsin_domain::ports::metric_store::{
    Bucket, MetricStats, MetricStore, SeriesInfo, SeriesSamples,
};
use tocsin_domain::time::Timestamp;

/// Series with all their points.
#[derive(Default)]
pub(crate) struct MemoryStore {
    series: Vec<SeriesSamples>,
}

impl MemoryStore {
    /// Adds a series, its older points as buckets; both have to be in order of time.
    #[expect(clippy::expect_used, reason = "labels are those of a test")]
    pub(crate) fn add(
        &mut self,
        labels: &[(&str, &str)],
        buckets: Vec<Bucket>,
        samples: Vec<Sample>,
    ) {
        let labels = Labels::new(labels.iter().copied()).expect("labels that can be");
        let info = SeriesInfo {
            id: labels.id(),
            labels,
            kind: MetricKind::Unknown,
            source: "test".into(),
            first_ms: samples.first().map_or(0, |sample| sample.at_ms),
            last_ms: samples.last().map_or(0, |sample| sample.at_ms),
        };
        self.series.push(SeriesSamples {
            series: Arc::new(info),
            buckets,
            samples,
        });
        self.series
            .sort_by(|left, right| left.series.labels.cmp(&right.series.labels));
    }
}

fn unused<T>() -> Result<T, StoreError> {
    Err(StoreError::Invalid("not in this store".into()))
}

#[async_trait]
impl MetricStore for MemoryStore {
    async fn select(&self, selection: &Selection) -> Result<Vec<SeriesSamples>, StoreError> {
        let mut found = Vec::new();
        let mut read = 0;
        for one in &self.series {
            if !selection
                .matchers
                .iter()
                .all(|matcher| matcher.selects(&one.series.labels))
            {
                continue;
            }
            let all = &one.samples;
            let first = all.partition_point(|sample| sample.at_ms < selection.from_ms);
            let past = all.partition_point(|sample| sample.at_ms <= selection.to_ms);
            let samples = all[first..past.max(first)].to_vec();
            let overlaps = |bucket: &&Bucket| {
                bucket.start_ms + bucket.length_ms > selection.from_ms
                    && bucket.start_ms <= selection.to_ms
            };
            let buckets: Vec<Bucket> = one.buckets.iter().filter(overlaps).cloned().collect();
            read += samples.len() + buckets.len();
            if samples.is_empty() && buckets.is_empty() {
                continue;
            }
            if read > selection.samples_max {
                return Err(StoreError::Invalid("too many samples".into()));
            }
            found.push(SeriesSamples {
                series: Arc::clone(&one.series),
                buckets,
                samples,
            });
        }
        if found.len() > selection.series_max {
            return Err(StoreError::Invalid("too many series".into()));
        }
        Ok(found)
    }

    async fn append(&self, _: Partition, _: Offset, _: Arc<MetricBatch>) -> Result<(), StoreError> {
        unused()
    }

    async fn flush(&self, _: Partition) -> Result<Offset, StoreError> {
        unused()
    }

    fn durable(&self, _: Partition) -> Offset {
        Offset(0)
    }

    async fn series(
        &self,
        _: &[Matcher],
        _: (i64, i64),
        _: usize,
    ) -> Result<Vec<Arc<SeriesInfo>>, StoreError> {
        unused()
    }

    async fn describe(&self, _: &[SeriesId]) -> Result<Vec<Option<Arc<SeriesInfo>>>, StoreError> {
        unused()
    }

    async fn retain(&self, _: Timestamp) -> Result<u64, StoreError> {
        unused()
    }

    async fn delete(&self, _: &[Matcher]) -> Result<u64, StoreError> {
        unused()
    }

    async fn save_state(
        &self,
        _: Partition,
        _: &str,
        _: Offset,
        _: Vec<u8>,
    ) -> Result<(), StoreError> {
        unused()
    }

    async fn load_state(
        &self,
        _: Partition,
        _: &str,
    ) -> Result<Option<(Offset, Vec<u8>)>, StoreError> {
        unused()
    }

    async fn stats(&self) -> Result<MetricStats, StoreError> {
        unused()
    }
}
