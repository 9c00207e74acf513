//! Random histories against a plain map: appends, flushes, crashes, hand-overs and a network that loses
//! requests and answers.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;
use tocsin_domain::metric::MatchOp;
use tocsin_domain::ports::{MetricStore, StoreError};
use tocsin_domain::{Labels, Offset, Partition, Timestamp};

use super::super::InfluxMetricStore;
use super::double::Double;
use super::{everything, run, series_of};
use crate::metrics::contract::{Point, START_MS, batch, found, matcher, selection};

/// Something that happens.
#[derive(Debug, Clone)]
enum Step {
    /// A batch: for each point the series, the time in seconds, the value.
    Append(Vec<(u8, i64, f64)>),
    Flush,
    /// The process ends without a flush; the bus brings again what was not written.
    Crash,
    /// Another process takes the partition over; the first does not know it yet and writes once more.
    HandOver,
    Delete(u8),
    /// Retention runs, with nothing too old.
    Retain,
    /// So many requests from the next one on fail, some of them after the work was done.
    Trouble(u8, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let value = prop_oneof![
        (0i32..1_000).prop_map(|number| f64::from(number) / 10.0),
        any::<u64>().prop_map(f64::from_bits),
        Just(f64::from_bits(tocsin_domain::metric::STALE_BITS)),
        Just(1.0),
    ];
    // Few times, so that points come twice.
    let at = prop_oneof![3 => 86_400i64..86_420, 1 => 0i64..172_800];
    let points = proptest::collection::vec((0u8..20, at, value), 1..40);
    prop_oneof![
        8 => points.prop_map(Step::Append),
        3 => Just(Step::Flush),
        1 => Just(Step::Crash),
        1 => Just(Step::HandOver),
        1 => (0u8..20).prop_map(Step::Delete),
        1 => Just(Step::Retain),
        2 => (1u8..4, any::<bool>()).prop_map(|(count, done)| Step::Trouble(count, done)),
    ]
}

/// What a store should hold, and what the bus has.
struct Model {
    partition: Partition,
    series: Vec<Labels>,
    points: BTreeMap<(Labels, i64), u64>,
    batches: Vec<Vec<Point>>,
}

/// Tries until the network lets it.
async fn in_time<T>(mut work: impl AsyncFnMut() -> Result<T, StoreError>) -> T {
    for _ in 0..20 {
        match work().await {
            Ok(done) => return done,
            Err(StoreError::Unavailable(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("it stays away");
}

impl Model {
    async fn deliver(&self, store: &InfluxMetricStore, number: usize) {
        let Some(points) = number.checked_sub(1).map(|at| &self.batches[at]) else {
            return;
        };
        let (offset, batch) = (Offset(number as u64), batch(points, false));
        in_time(async || store.append(self.partition, offset, batch.clone()).await).await;
    }

    /// Brings to a store what it has not written.
    async fn deliver_rest(&self, store: &InfluxMetricStore, durable: Offset) {
        for number in durable.0 as usize + 1..=self.batches.len() {
            self.deliver(store, number).await;
        }
    }

    async fn check(&self, store: &InfluxMetricStore) {
        let expect = self.points.iter();
        let expect: Vec<_> = expect
            .map(|((labels, at), bits)| (labels.clone(), *at, *bits))
            .collect();
        assert_eq!(everything(store).await, expect);
        let some = vec![matcher(MatchOp::Matches, "host", "h.*[02468]")];
        let range = (START_MS + 86_000_000, START_MS + 87_000_000);
        let expect: Vec<_> = expect
            .into_iter()
            .filter(|(labels, at, _)| some[0].selects(labels) && range.0 <= *at && *at <= range.1)
            .collect();
        assert_eq!(
            found(store, &selection(some, range.0, range.1)).await,
            expect
        );
    }
}

async fn open(double: &Double, prefix: &str) -> InfluxMetricStore {
    let mut config = double.config(prefix);
    config.batch_lines_max = 50;
    config.tasks = false;
    let keep = crate::metrics::MetricStoreConfig::default();
    in_time(async || InfluxMetricStore::open(config.clone(), keep.clone()).await).await
}

async fn agrees(double: &Double, prefix: &str, steps: Vec<Step>) {
    let mut store = open(double, prefix).await;
    let mut model = Model {
        partition: Partition(2),
        series: series_of(2, 20),
        points: BTreeMap::new(),
        batches: Vec::new(),
    };
    for step in steps {
        match step {
            Step::Append(points) => {
                let points: Vec<Point> = points
                    .into_iter()
                    .map(|(series, at, value)| {
                        let labels = model.series[usize::from(series)].clone();
                        (labels, START_MS + at * 1_000, value)
                    })
                    .collect();
                for (labels, at, value) in &points {
                    model.points.insert((labels.clone(), *at), value.to_bits());
                }
                model.batches.push(points);
                model.deliver(&store, model.batches.len()).await;
            }
            Step::Flush => {
                let offset = in_time(async || store.flush(model.partition).await).await;
                assert_eq!(offset, Offset(model.batches.len() as u64));
            }
            Step::Crash => {
                store = open(double, prefix).await;
                model
                    .deliver_rest(&store, store.durable(model.partition))
                    .await;
            }
            Step::HandOver => {
                let next = open(double, prefix).await;
                let durable = in_time(async || next.reopen(model.partition).await).await;
                let before = std::mem::replace(&mut store, next);
                model.deliver_rest(&store, durable).await;
                in_time(async || before.flush(model.partition).await).await;
                let again = in_time(async || store.reopen(model.partition).await).await;
                model.deliver_rest(&store, again).await;
            }
            Step::Delete(series) => {
                let labels = model.series[usize::from(series)].clone();
                let host = [matcher(MatchOp::Equal, "host", labels.get("host"))];
                in_time(async || store.delete(&host).await).await;
                model.points.retain(|(one, _), _| *one != labels);
            }
            Step::Retain => {
                let now = Timestamp::from_millis(START_MS + 2 * 86_400_000);
                assert_eq!(in_time(async || store.retain(now).await).await, 0);
            }
            Step::Trouble(count, is_done) => {
                let (path, status) = ("/api/v2/write", if is_done { 0 } else { 500 });
                let more = json!({"times": count, "done": is_done});
                double.fault(path, status, more).await;
                continue;
            }
        }
        model.check(&store).await;
    }
    double.ask("calm", json!({})).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1))]
    #[test]
    fn answers_are_those_of_a_plain_map(
        histories in proptest::collection::vec(proptest::collection::vec(step(), 1..16), 8)
    ) {
        run(async {
            let double = Double::start().await;
            for (number, steps) in histories.into_iter().enumerate() {
                agrees(&double, &format!("p{number}"), steps).await;
            }
        });
    }
}
