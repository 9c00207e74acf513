//! The embedded metric store against its contract, and against a plain map of random points.

mod aging;
mod crash;
mod fixture;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use tocsin_domain::metric::MatchOp;
use tocsin_domain::ports::{MetricStore, StoreError};
use tocsin_domain::{Labels, Offset, Partition, Timestamp};

use super::contract::{Point, START_MS, batch, found, holds, labels, matcher, selection};
use super::{EmbeddedMetricStore, MetricStoreConfig};

fn open(path: &Path, head_samples_max: usize) -> EmbeddedMetricStore {
    let config = MetricStoreConfig {
        head_samples_max,
        ..MetricStoreConfig::default()
    };
    EmbeddedMetricStore::open(path, config).unwrap()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(work)
}

#[test]
fn holds_the_contract_of_metric_stores() {
    let folder = tempfile::tempdir().unwrap();
    run(holds(Arc::new(open(folder.path(), 1_000_000))));
}

#[test]
fn only_one_may_have_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let _store = open(folder.path(), 10);
    let second = EmbeddedMetricStore::open(folder.path(), MetricStoreConfig::default());
    assert!(matches!(second, Err(StoreError::Unavailable(_))));
}

#[test]
fn points_without_a_known_series_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), 10);
    run(async {
        let points = [(labels("m", "a"), START_MS, 1.0)];
        let partition = Partition(points[0].0.id().shard());
        let appended = store.append(partition, Offset(1), batch(&points, true));
        appended.await.unwrap();
        assert_eq!(store.unknown_series_points(), 1);
        assert_eq!(store.stats().await.unwrap().series, 0);
    });
}

#[test]
fn a_full_head_is_written_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), 100);
    run(async {
        let one = labels("m", "a");
        let partition = Partition(one.id().shard());
        for at in 0..10i64 {
            let points: Vec<Point> = (0..40)
                .map(|step| (one.clone(), START_MS + at * 40 + step, 1.0))
                .collect();
            let appended = store.append(partition, Offset(at as u64 + 1), batch(&points, at > 0));
            appended.await.unwrap();
        }
        assert_eq!(store.durable(partition), Offset(9));
        assert_eq!(store.stats().await.unwrap().head_samples, 40);
        let everything = selection(Vec::new(), i64::MIN, i64::MAX);
        assert_eq!(found(&store, &everything).await.len(), 400);
    });
}

/// Something that happens to a store.
#[derive(Debug, Clone)]
enum Step {
    /// A batch: for each point the series, the time in seconds, the value.
    Append(Vec<(u8, i64, f64)>),
    /// The batch before once more.
    Redeliver,
    Flush,
    /// The process ends without a flush; the bus brings again what was not written.
    Crash,
    Delete(u8),
    /// Retention runs, with nothing too old.
    Retain,
}

fn step() -> impl Strategy<Value = Step> {
    let value = prop_oneof![
        (0i32..1_000).prop_map(|number| f64::from(number) / 10.0),
        any::<u64>().prop_map(f64::from_bits),
        Just(1.0),
    ];
    // Within two days, most of them within an hour.
    let at = prop_oneof![3 => 86_400i64..90_000, 1 => 0i64..172_800];
    let points = proptest::collection::vec((0u8..40, at, value), 1..60);
    prop_oneof![
        8 => points.prop_map(Step::Append),
        1 => Just(Step::Redeliver),
        3 => Just(Step::Flush),
        1 => Just(Step::Crash),
        1 => (0u8..40).prop_map(Step::Delete),
        1 => Just(Step::Retain),
    ]
}

/// What a store should hold, and what the bus has.
struct Model {
    partition: Partition,
    series: Vec<Labels>,
    points: BTreeMap<(Labels, i64), u64>,
    batches: Vec<Vec<Point>>,
}

impl Model {
    fn new() -> Self {
        let hosts = (0..).map(|host| labels("m", &format!("h{host}")));
        let series: Vec<Labels> = hosts.filter(|one| one.id().shard() == 2).take(40).collect();
        Self {
            partition: Partition(2),
            series,
            points: BTreeMap::new(),
            batches: Vec::new(),
        }
    }

    async fn append(&mut self, store: &EmbeddedMetricStore, points: Vec<Point>) {
        for (labels, at, value) in &points {
            self.points.insert((labels.clone(), *at), value.to_bits());
        }
        self.batches.push(points);
        self.deliver(store, self.batches.len()).await;
    }

    async fn deliver(&self, store: &EmbeddedMetricStore, number: usize) {
        let Some(points) = number.checked_sub(1).map(|at| &self.batches[at]) else {
            return;
        };
        let offset = Offset(number as u64);
        let appended = store.append(self.partition, offset, batch(points, false));
        appended.await.unwrap();
    }

    async fn check(&self, store: &EmbeddedMetricStore) {
        let everything = selection(Vec::new(), i64::MIN, i64::MAX);
        let mut expect: Vec<_> = self.points.iter().collect();
        expect.sort();
        let expect: Vec<_> = expect
            .into_iter()
            .map(|((labels, at), bits)| (labels.clone(), *at, *bits))
            .collect();
        assert_eq!(found(store, &everything).await, expect);
        let some = vec![matcher(MatchOp::Matches, "host", "h.*[02468]")];
        let range = (START_MS + 86_000_000, START_MS + 88_000_000);
        let expect: Vec<_> = expect
            .into_iter()
            .filter(|(labels, at, _)| some[0].selects(labels) && range.0 <= *at && *at <= range.1)
            .collect();
        let some = selection(some, range.0, range.1);
        assert_eq!(found(store, &some).await, expect);
    }
}

async fn agrees(steps: Vec<Step>) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path(), 500);
    let mut model = Model::new();
    for step in steps {
        match step {
            Step::Append(points) => {
                let points = points.into_iter().map(|(series, at, value)| {
                    let labels = model.series[usize::from(series)].clone();
                    (labels, START_MS + at * 1_000, value)
                });
                let points = points.collect();
                model.append(&store, points).await;
            }
            Step::Redeliver => model.deliver(&store, model.batches.len()).await,
            Step::Flush => {
                let offset = store.flush(model.partition).await.unwrap();
                assert_eq!(offset, Offset(model.batches.len() as u64));
            }
            Step::Crash => {
                drop(store);
                store = open(folder.path(), 500);
                let durable = store.durable(model.partition).0 as usize;
                for number in durable..=model.batches.len() {
                    model.deliver(&store, number).await;
                }
            }
            Step::Delete(series) => {
                let labels = model.series[usize::from(series)].clone();
                let host = matcher(MatchOp::Equal, "host", labels.get("host"));
                let gone = store.delete(&[host]).await.unwrap();
                let known = model.points.keys().any(|(one, _)| *one == labels);
                assert_eq!(gone, u64::from(known));
                model.points.retain(|(one, _), _| *one != labels);
            }
            Step::Retain => {
                let now = Timestamp::from_millis(START_MS + 2 * 86_400_000);
                assert_eq!(store.retain(now).await.unwrap(), 0);
            }
        }
        model.check(&store).await;
    }
    assert_eq!(store.damaged_blocks(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn answers_are_those_of_a_plain_map(steps in proptest::collection::vec(step(), 1..24)) {
        run(agrees(steps));
    }
}
