//! For tests: an intake that keeps the points, and a door to it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tocsin_domain::metric::{Feedback, Labels, MetricBatch, SeriesId, is_stale};
use tocsin_domain::ports::{BusError, Clock, Intake};
use tocsin_domain::{LogBatch, Timestamp};

use super::{MetricDecoded, MetricDoor, MetricLimits, SeriesRegistry};

/// A point as text: `name{labels}`, its time and `stale` or the value.
pub(super) type Line = (String, i64, String);

#[derive(Default)]
pub(super) struct Kept {
    pub(super) lines: Mutex<Vec<Line>>,
    /// Labels by series, since batches name those of known series only by id.
    labels: Mutex<std::collections::HashMap<SeriesId, Labels>>,
    pub(super) is_full: Mutex<bool>,
}

impl Kept {
    pub(super) fn take(&self, batches: &[MetricBatch]) {
        let mut labels = self.labels.lock().unwrap();
        for batch in batches {
            for entry in &batch.series {
                if let Some(found) = batch.labels(entry) {
                    labels.insert(entry.id, found);
                }
            }
            for (series, at_ms, value) in batch.points() {
                let name = labels[&batch.series[series].id].to_string();
                let value = if is_stale(value) {
                    "stale".into()
                } else {
                    value.to_string()
                };
                self.lines.lock().unwrap().push((name, at_ms, value));
            }
        }
    }

    /// The values of a series, in the order they came.
    pub(super) fn values(&self, series: &str) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        let of = lines.iter().filter(|(name, ..)| name == series);
        of.map(|(.., value)| value.clone()).collect()
    }
}

#[async_trait]
impl Intake for Kept {
    async fn accept(&self, _: Vec<LogBatch>) -> Result<(), BusError> {
        Err(BusError::Closed)
    }

    async fn accept_metrics(&self, batches: Vec<MetricBatch>) -> Result<(), BusError> {
        if *self.is_full.lock().unwrap() {
            return Err(BusError::Full {
                used_bytes: 1,
                limit_bytes: 1,
                retry_after: Duration::from_millis(20),
            });
        }
        self.take(&batches);
        Ok(())
    }

    async fn accept_feedback(&self, _: Feedback) -> Result<(), BusError> {
        Err(BusError::Closed)
    }
}

struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        Timestamp(now.as_nanos() as i64)
    }
}

/// A door to `kept`.
pub(super) fn door(kept: &Arc<Kept>) -> MetricDoor {
    let limits = MetricLimits::default();
    MetricDoor {
        intake: kept.clone(),
        clock: Arc::new(WallClock),
        random: Arc::new(|| [7; 10]),
        registry: Arc::new(SeriesRegistry::new(&limits)),
        limits,
    }
}

/// Takes what came out and confirms it, without an await.
pub(super) fn accept(door: &MetricDoor, kept: &Kept, decoded: &MetricDecoded) {
    assert!(decoded.batches.iter().all(MetricBatch::validate));
    kept.take(&decoded.batches);
    door.registry.confirm(&decoded.claims);
}
