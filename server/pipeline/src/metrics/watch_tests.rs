//! The watches in the background over stores in memory and a clock that is turned by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use tocsin_domain::metric::{
    Anomaly, Band, FindingId, Matcher, MetricBatch, NAME_LABEL, Selection, Verdict,
};
use tocsin_domain::ports::{
    AnomalyFilter, AnomalyStore, Clock, MetricStats, MetricStore, SeriesInfo, SeriesSamples,
    StoreError,
};
use tocsin_domain::{Labels, MetricKind, Offset, Partition, Sample, SeriesId, Timestamp};

use super::entities::EntityWatch;
use super::episode::WatchParts;
use super::rows::ROW_MS;
use super::shapes::{ShapeConfig, ShapeWatch};

const DAY: i64 = 1440;
/// The row of the store's first point: a midnight.
const BEGIN: i64 = 28_400_000 / DAY * DAY;

/// What a series has in a row.
type Value = Box<dyn Fn(i64) -> Option<f64> + Send + Sync>;

/// Series as functions of the row, one point in the middle of each.
struct Series(Vec<(Arc<SeriesInfo>, Value)>);

fn nowhere<T>() -> Result<T, StoreError> {
    Err(StoreError::Invalid("not of this store".into()))
}

#[async_trait]
impl MetricStore for Series {
    async fn append(&self, _: Partition, _: Offset, _: Arc<MetricBatch>) -> Result<(), StoreError> {
        nowhere()
    }
    async fn flush(&self, _: Partition) -> Result<Offset, StoreError> {
        nowhere()
    }
    fn durable(&self, _: Partition) -> Offset {
        Offset(0)
    }
    async fn select(&self, selection: &Selection) -> Result<Vec<SeriesSamples>, StoreError> {
        let chosen = self.0.iter().filter(|(info, _)| {
            let mut matchers = selection.matchers.iter();
            matchers.all(|matcher| matcher.selects(&info.labels))
        });
        let found = chosen.map(|(info, value)| {
            let rows = selection.from_ms.div_euclid(ROW_MS)..=selection.to_ms.div_euclid(ROW_MS);
            let samples = rows.filter_map(|row| {
                let at_ms = row * ROW_MS + ROW_MS / 2;
                let value = value(row - BEGIN).filter(|_| row >= BEGIN)?;
                Some(Sample { at_ms, value })
            });
            SeriesSamples {
                series: info.clone(),
                buckets: Vec::new(),
                samples: samples.collect(),
            }
        });
        Ok(found.filter(|one| !one.samples.is_empty()).collect())
    }
    async fn series(
        &self,
        matchers: &[Matcher],
        (from_ms, to_ms): (i64, i64),
        limit: usize,
    ) -> Result<Vec<Arc<SeriesInfo>>, StoreError> {
        let selection = Selection {
            matchers: matchers.to_vec(),
            from_ms,
            to_ms,
            series_max: limit,
            samples_max: usize::MAX,
        };
        let found = self.select(&selection).await?;
        Ok(found
            .into_iter()
            .map(|one| one.series)
            .take(limit)
            .collect())
    }
    async fn describe(&self, ids: &[SeriesId]) -> Result<Vec<Option<Arc<SeriesInfo>>>, StoreError> {
        let find = |id: &SeriesId| self.0.iter().find(|(info, _)| info.id == *id);
        let known = ids.iter().map(|id| find(id).map(|(info, _)| info.clone()));
        Ok(known.collect())
    }
    async fn retain(&self, _: Timestamp) -> Result<u64, StoreError> {
        nowhere()
    }
    async fn delete(&self, _: &[Matcher]) -> Result<u64, StoreError> {
        nowhere()
    }
    async fn save_state(
        &self,
        _: Partition,
        _: &str,
        _: Offset,
        _: Vec<u8>,
    ) -> Result<(), StoreError> {
        nowhere()
    }
    async fn load_state(
        &self,
        _: Partition,
        _: &str,
    ) -> Result<Option<(Offset, Vec<u8>)>, StoreError> {
        nowhere()
    }
    async fn stats(&self) -> Result<MetricStats, StoreError> {
        nowhere()
    }
}

#[derive(Default)]
struct Findings(Mutex<Vec<Anomaly>>);

#[async_trait]
impl AnomalyStore for Findings {
    async fn record_anomalies(&self, anomalies: Vec<Anomaly>) -> Result<(), StoreError> {
        let mut kept = self.0.lock();
        for anomaly in anomalies {
            kept.retain(|one| one.id != anomaly.id);
            kept.push(anomaly);
        }
        Ok(())
    }
    async fn anomalies(
        &self,
        filter: &AnomalyFilter,
        _: Option<FindingId>,
        limit: usize,
    ) -> Result<Vec<Anomaly>, StoreError> {
        let kept = self.0.lock();
        let found = kept.iter().filter(|one| {
            let detector = filter.detector.as_ref();
            detector.is_none_or(|name| *name == one.detector)
                && filter.series.is_none_or(|series| series == one.series)
                && filter
                    .from_ms
                    .is_none_or(|from| one.ended_ms.is_none_or(|end| end >= from))
                && !(filter.is_open && one.ended_ms.is_some())
        });
        Ok(found.take(limit).cloned().collect())
    }
    async fn anomaly(&self, _: FindingId) -> Result<Option<Anomaly>, StoreError> {
        nowhere()
    }
    async fn set_feedback(&self, _: FindingId, _: Verdict) -> Result<bool, StoreError> {
        nowhere()
    }
    async fn forget_anomalies(&self, _: i64) -> Result<u64, StoreError> {
        nowhere()
    }
}

struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed) * 1_000_000)
    }
}

struct Bench {
    parts: WatchParts,
    findings: Arc<Findings>,
    clock: Arc<Hands>,
}

impl Bench {
    fn new(series: Vec<(Labels, Value)>) -> Self {
        let series = series.into_iter().map(|(labels, value)| {
            let info = SeriesInfo {
                id: labels.id(),
                labels,
                kind: MetricKind::Gauge,
                source: "test".into(),
                first_ms: 0,
                last_ms: 0,
            };
            (Arc::new(info), value)
        });
        let findings = Arc::<Findings>::default();
        let clock = Arc::new(Hands(AtomicI64::new(0)));
        let parts = WatchParts {
            metrics: Arc::new(Series(series.collect())),
            anomalies: findings.clone(),
            clock: clock.clone(),
        };
        Self {
            parts,
            findings,
            clock,
        }
    }

    /// Turns the clock to 20 s after the beginning of a row.
    fn turn_to(&self, row: i64) {
        let at_ms = (BEGIN + row) * ROW_MS + 20_000;
        self.clock.0.store(at_ms, Ordering::Relaxed);
    }

    /// Begin and end of what a detector told, as rows.
    fn told(&self, detector: &str) -> Vec<(i64, Option<i64>)> {
        let kept = self.findings.0.lock();
        let own = kept.iter().filter(|one| one.detector == detector);
        let row = |ms: i64| ms / ROW_MS - BEGIN;
        own.map(|one| (row(one.started_ms), one.ended_ms.map(row)))
            .collect()
    }

    async fn shapes(&self, rows: std::ops::Range<i64>) {
        self.turn_to(rows.start);
        let config = ShapeConfig {
            series_max: 10,
            false_alarms_per_month: 1.0,
        };
        let watch = ShapeWatch::open(self.parts.clone(), config, Arc::default());
        let mut watch = watch.await.unwrap();
        for row in rows {
            self.turn_to(row);
            watch.turn().await.unwrap();
        }
    }

    async fn hosts(&self, rows: std::ops::Range<i64>) {
        self.turn_to(rows.start);
        let mut watch = EntityWatch::open(self.parts.clone()).await.unwrap();
        for row in rows {
            self.turn_to(row);
            watch.turn().await.unwrap();
        }
    }
}

fn labels(name: &str) -> Labels {
    Labels::new([(NAME_LABEL, name), ("host", "web-1")]).unwrap()
}

/// A number in `[0, 1)` that looks random.
fn noise(row: i64, seed: u64) -> f64 {
    let mixed = (row as u64 ^ (seed << 40)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed ^ (mixed >> 29)) >> 11) as f64 / (1u64 << 53) as f64
}

/// The row at which the odd stretch begins.
const ODD: i64 = 7 * DAY + 40;

/// A job each hour; its level moved on the fourth day; for 100 rows a job each half hour.
fn jobs(row: i64) -> Option<f64> {
    let every = if (ODD..ODD + 100).contains(&row) {
        30
    } else {
        60
    };
    let level = if row < 7 * DAY / 2 { 60.0 } else { 5.0 };
    let job = if row % every < 5 { 20.0 } else { 0.0 };
    Some(level + job + noise(row, 1))
}

fn anomaly(labels: Labels, detector: &str, row: i64) -> Anomaly {
    let at_ms = (BEGIN + row) * ROW_MS;
    Anomaly {
        id: FindingId::new(labels.id(), at_ms),
        series: labels.id(),
        labels,
        detector: detector.into(),
        score: 0.95,
        observed: 1.0,
        expected: Band {
            yhat: 0.0,
            yhat_lower: 0.0,
            yhat_upper: 0.0,
        },
        started_ms: at_ms,
        ended_ms: None,
        explanation: String::new(),
        feedback: None,
    }
}

#[tokio::test]
async fn an_odd_stretch_is_one_anomaly_although_the_level_moved_days_before() {
    let bench = Bench::new(vec![(labels("jobs"), Box::new(jobs))]);
    bench.shapes(7 * DAY..7 * DAY + 260).await;
    let told = bench.told("shape");
    assert_eq!(told.len(), 1, "{told:?}");
    let (began, ended) = told[0];
    assert!(
        (ODD..ODD + 100).contains(&began) && ended.unwrap() > began,
        "{told:?}"
    );
    let kept = bench.findings.0.lock();
    assert!(
        kept[0].score >= 0.9 && kept[0].expected.yhat < 30.0,
        "{:?}",
        kept[0]
    );
}

#[tokio::test]
async fn what_the_always_on_detectors_told_is_not_told_again() {
    let bench = Bench::new(vec![(labels("jobs"), Box::new(jobs))]);
    bench
        .findings
        .0
        .lock()
        .push(anomaly(labels("jobs"), "jump", ODD));
    bench.shapes(7 * DAY..7 * DAY + 260).await;
    assert_eq!(bench.told("shape"), []);
}

#[tokio::test]
async fn an_anomaly_of_a_shape_that_was_open_at_the_stop_ends_after_the_start() {
    let usual = |row: i64| Some(noise(row, 1) + if row % 60 < 5 { 20.0 } else { 0.0 });
    // One series goes on, one has ended, one is no longer known.
    let bench = Bench::new(vec![
        (labels("jobs"), Box::new(usual)),
        (
            labels("ended"),
            Box::new(move |row| usual(row).filter(|_| row < DAY)),
        ),
    ]);
    let open = ["jobs", "ended", "forgotten"].map(|name| anomaly(labels(name), "shape", 6 * DAY));
    bench.findings.0.lock().extend(open);
    bench.shapes(7 * DAY..7 * DAY + 10).await;
    let told = bench.told("shape");
    assert!(told.iter().all(|(_, ended)| ended.is_some()), "{told:?}");
}

#[tokio::test]
async fn an_anomaly_of_a_host_that_was_open_at_the_stop_ends_after_the_start() {
    let column = |seed: u64| -> Value { Box::new(move |row| Some(noise(row, seed))) };
    let bench = Bench::new(vec![
        (labels("load"), column(1)),
        (labels("memory"), column(2)),
    ]);
    for host in ["web-1", "gone"] {
        let pairs = [(NAME_LABEL, super::entities::NAME), ("host", host)];
        let open = anomaly(Labels::new(pairs).unwrap(), "multivariate", DAY - 30);
        bench.findings.0.lock().push(open);
    }
    bench.hosts(DAY..DAY + 10).await;
    let told = bench.told("multivariate");
    assert!(
        told.len() == 2 && told.iter().all(|(_, ended)| ended.is_some()),
        "{told:?}"
    );
}
