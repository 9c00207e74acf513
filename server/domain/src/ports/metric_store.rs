//! The metric store: every point, by series and time.

use std::sync::Arc;

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::event::{Offset, Partition};
use crate::metric::{
    Labels, METRIC_SHARDS, Matcher, MetricBatch, MetricKind, Sample, Selection, SeriesId, sketch,
};
use crate::time::Timestamp;

/// What is known of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesInfo {
    /// Who it is.
    pub id: SeriesId,
    /// Its name and labels.
    pub labels: Labels,
    /// What its numbers mean.
    pub kind: MetricKind,
    /// Who sent it.
    pub source: Arc<str>,
    /// The earliest point that is kept, in ms.
    pub first_ms: i64,
    /// The latest point, in ms.
    pub last_ms: i64,
}

/// What is kept of an interval once its points are too old to be kept one by one.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// The first millisecond of the interval.
    pub start_ms: i64,
    /// Its length in ms: 300,000 or 3,600,000.
    pub length_ms: i64,
    /// The least value.
    pub min: f64,
    /// The greatest value.
    pub max: f64,
    /// The sum of all values.
    pub sum: f64,
    /// How many values there were, at least 1.
    pub count: u64,
    /// The last value, so that counters can be read on.
    pub last: f64,
    /// By how much a counter grew within it, resets counted as Prometheus does; the step from the
    /// value before the interval belongs to it, so increases of neighbours add up.
    pub increase: f64,
    /// A sketch of the values, as [`sketch`] has it. See [`Bucket::quantile`].
    pub sketch: Vec<(i32, u32)>,
}

impl Bucket {
    /// The mean of the values.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }

    /// The value at quantile `q` in `[0, 1]`, within 1 %; none if `q` is elsewhere.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        sketch::quantile(&self.sketch, q).map(|value| value.clamp(self.min, self.max))
    }
}

/// The points of one series. Where raw points are no longer kept there are buckets, the coarser
/// the older; they end before the first point.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesSamples {
    /// Whose they are.
    pub series: Arc<SeriesInfo>,
    /// Older times, in order of time.
    pub buckets: Vec<Bucket>,
    /// Points in order of time, one for a millisecond; stale markers among them.
    pub samples: Vec<Sample>,
}

/// What the store holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetricStats {
    /// Series known.
    pub series: u64,
    /// Points kept one by one.
    pub samples: u64,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Points in memory only (the bus still has them).
    pub head_samples: u64,
    /// Series per source.
    pub sources: Vec<(Arc<str>, u64)>,
}

/// Every point, by series and time. A point is readable once [`MetricStore::append`] returns.
#[async_trait]
pub trait MetricStore: Send + Sync {
    /// Takes a batch into the head of its partition; durable only after [`MetricStore::flush`].
    /// A batch at or below the partition's position is passed over. Points may come in any order;
    /// of two points of a series with the same time the one that came last holds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when a full head could not be written; the batch is not taken.
    async fn append(
        &self,
        partition: Partition,
        offset: Offset,
        batch: Arc<MetricBatch>,
    ) -> Result<(), StoreError>;

    /// Takes a batch that is not of the bus: what another store held. The position stays where it is;
    /// durable after [`MetricStore::flush`]. To be called by whoever has the partition.
    ///
    /// # Errors
    /// As [`MetricStore::append`]; [`StoreError::Invalid`] if this store takes nothing so.
    async fn put_in(
        &self,
        partition: Partition,
        batch: Arc<MetricBatch>,
    ) -> Result<(), StoreError> {
        let (points, of) = (batch.len(), partition.0);
        let message = format!("this store takes no points of another: {points} of partition {of}");
        Err(StoreError::Invalid(message))
    }

    /// How far the partitions are durable, whoever wrote them. A store of several processes is asked.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn positions(&self) -> Result<Vec<(Partition, Offset)>, StoreError> {
        let shards = (0..METRIC_SHARDS).map(Partition);
        Ok(shards.map(|shard| (shard, self.durable(shard))).collect())
    }

    /// Writes the head of a partition to disk, points and position as one, and returns the offset
    /// through which everything is durable.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; the head stays in memory.
    async fn flush(&self, partition: Partition) -> Result<Offset, StoreError>;

    /// The offset through which everything of a partition is durable; reading resumes after it.
    fn durable(&self, partition: Partition) -> Offset;

    /// Forgets what memory holds of a partition, what was appended and not flushed with it, and
    /// reads its position again: another process may have worked on it meanwhile. Returns what
    /// [`MetricStore::durable`] says from then on. To be called before a partition that was just
    /// got hold of is worked on, and by nobody else while it is. A store that has its data for
    /// itself alone has nothing to read again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; the partition is then as it was.
    async fn reopen(&self, partition: Partition) -> Result<Offset, StoreError> {
        Ok(self.durable(partition))
    }

    /// The points of the selected series within the range; series without any are left out.
    /// Series are in the order of their labels.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] beyond a bound of the selection.
    async fn select(&self, selection: &Selection) -> Result<Vec<SeriesSamples>, StoreError>;

    /// The series that satisfy all matchers and have a point within `[from_ms, to_ms]`, in the
    /// order of their labels, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn series(
        &self,
        matchers: &[Matcher],
        range_ms: (i64, i64),
        limit: usize,
    ) -> Result<Vec<Arc<SeriesInfo>>, StoreError>;

    /// What is known of these series, in the order asked; none for the unknown.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn describe(&self, ids: &[SeriesId]) -> Result<Vec<Option<Arc<SeriesInfo>>>, StoreError>;

    /// Drops what is past its retention and returns how many points and buckets went. Series of
    /// which nothing is left are forgotten.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn retain(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Removes the selected series with all their points, and returns how many series went.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn delete(&self, matchers: &[Matcher]) -> Result<u64, StoreError>;

    /// Keeps the state of a stage for a partition: everything through `offset` is in it. Durable
    /// on return; replaces the state of that name.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn save_state(
        &self,
        partition: Partition,
        name: &str,
        offset: Offset,
        state: Vec<u8>,
    ) -> Result<(), StoreError>;

    /// The state that was last kept under a name.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn load_state(
        &self,
        partition: Partition,
        name: &str,
    ) -> Result<Option<(Offset, Vec<u8>)>, StoreError>;

    /// What the store holds.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn stats(&self) -> Result<MetricStats, StoreError>;

    /// Asks whether the storage can be reached, at next to no cost.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it cannot.
    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
