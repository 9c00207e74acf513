//! A batch of metric points of one source and one shard, as it travels.
//!
//! Points are columns. A series is named once a batch, and its labels travel only until an earlier
//! batch that was accepted has carried them: the same series come again every few seconds.

use std::sync::Arc;

use bytes::Bytes;

use super::labels::{Labels, SeriesId};
use super::{METRIC_SHARDS, MetricKind};
use crate::batch::Span;
use crate::id::BatchId;
use crate::time::Timestamp;

/// A series of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesEntry {
    /// Who it is.
    pub id: SeriesId,
    /// What its numbers mean.
    pub kind: MetricKind,
    /// Its labels in the arena, in canonical form; empty if an earlier batch had them.
    pub labels: Span,
}

/// Points of one source whose series all have the same [`SeriesId::shard`].
#[derive(Debug, Clone, PartialEq)]
pub struct MetricBatch {
    /// Who the batch is.
    pub id: BatchId,
    /// When it was received.
    pub observed: Timestamp,
    /// Who sent it, such as `otlp` or `scrape:node`; bounds on series count per source.
    pub source: Arc<str>,
    /// The shard of all its series.
    pub shard: u16,
    /// The labels of new series.
    pub arena: Bytes,
    /// The series, each once.
    pub series: Vec<SeriesEntry>,
    /// For each point the index of its series.
    pub points_series: Vec<u32>,
    /// For each point its time in milliseconds since the Unix epoch.
    pub points_at_ms: Vec<i64>,
    /// For each point its value.
    pub points_value: Vec<f64>,
}

impl MetricBatch {
    /// How many points it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.points_value.len()
    }

    /// True if it has no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points_value.is_empty()
    }

    /// The labels of a series of this batch, if it carries them.
    #[must_use]
    pub fn labels(&self, entry: &SeriesEntry) -> Option<Labels> {
        if entry.labels.is_empty() {
            return None;
        }
        Labels::from_bytes(entry.labels.of(&self.arena)).ok()
    }

    /// The points in the order they came: index of the series, time in ms, value.
    pub fn points(&self) -> impl Iterator<Item = (usize, i64, f64)> + '_ {
        let times = self.points_at_ms.iter().zip(&self.points_value);
        let series = self.points_series.iter().zip(times);
        series.map(|(series, (at, value))| (*series as usize, *at, *value))
    }

    /// Checks every span, index and column, for batches that came from bytes.
    #[must_use]
    pub fn validate(&self) -> bool {
        let inside = |span: Span| span.start <= span.end && span.end as usize <= self.arena.len();
        self.points_at_ms.len() == self.len()
            && self.points_series.len() == self.len()
            && self.shard < METRIC_SHARDS
            && self.series.iter().all(|entry| inside(entry.labels))
            && self
                .points_series
                .iter()
                .all(|index| (*index as usize) < self.series.len())
    }
}

/// Builds a [`MetricBatch`]. The caller sees to it that a series is added once and that all are
/// of the batch's shard.
#[derive(Debug)]
pub struct MetricBatchBuilder {
    batch: MetricBatch,
    arena: Vec<u8>,
}

impl MetricBatchBuilder {
    /// Starts an empty batch.
    #[must_use]
    pub fn new(id: BatchId, observed: Timestamp, source: Arc<str>, shard: u16) -> Self {
        let batch = MetricBatch {
            id,
            observed,
            source,
            shard,
            arena: Bytes::new(),
            series: Vec::new(),
            points_series: Vec::new(),
            points_at_ms: Vec::new(),
            points_value: Vec::new(),
        };
        Self {
            batch,
            arena: Vec::new(),
        }
    }

    /// Makes room for `points` more points.
    pub fn reserve(&mut self, points: usize) {
        self.batch.points_series.reserve(points);
        self.batch.points_at_ms.reserve(points);
        self.batch.points_value.reserve(points);
    }

    /// Adds a series and returns its index; `canonical` are the labels, empty if an earlier
    /// accepted batch carried them.
    pub fn series(&mut self, id: SeriesId, kind: MetricKind, canonical: &[u8]) -> u32 {
        debug_assert_eq!(id.shard(), self.batch.shard);
        let start = self.arena.len() as u32;
        self.arena.extend_from_slice(canonical);
        let labels = Span {
            start,
            end: self.arena.len() as u32,
        };
        self.batch.series.push(SeriesEntry { id, kind, labels });
        (self.batch.series.len() - 1) as u32
    }

    /// Adds a point of the series with an index that [`Self::series`] returned.
    pub fn point(&mut self, series: u32, at_ms: i64, value: f64) {
        self.batch.points_series.push(series);
        self.batch.points_at_ms.push(at_ms);
        self.batch.points_value.push(value);
    }

    /// How many points it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// True if it holds no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// Bytes of labels it holds.
    #[must_use]
    pub fn label_bytes(&self) -> usize {
        self.arena.len()
    }

    /// The finished batch.
    #[must_use]
    pub fn finish(mut self) -> MetricBatch {
        self.batch.arena = Bytes::from(self.arena);
        self.batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_come_back_as_they_were_put_in() {
        let labels = Labels::new([("__name__", "up"), ("job", "node")]).unwrap();
        let (id, now) = (labels.id(), Timestamp::from_secs(1));
        let mut builder =
            MetricBatchBuilder::new(BatchId::new(now, [1; 10]), now, "test".into(), id.shard());
        let known = builder.series(id, MetricKind::Gauge, labels.as_bytes());
        builder.point(known, 5, 1.0);
        builder.point(known, 6, f64::NAN);
        let batch = builder.finish();
        assert!(batch.validate());
        assert_eq!(batch.labels(&batch.series[0]), Some(labels));
        let points: Vec<_> = batch.points().map(|(s, at, _)| (s, at)).collect();
        assert_eq!(points, [(0, 5), (0, 6)]);
    }
}
