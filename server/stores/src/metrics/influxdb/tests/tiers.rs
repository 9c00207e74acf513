//! Points that become intervals: as the embedded store makes them, by tasks in advance, and killed in between.

use std::sync::Arc;

use serde_json::json;
use tocsin_domain::metric::{MatchOp, STALE_BITS};
use tocsin_domain::ports::{MetricStore, SeriesSamples};
use tocsin_domain::{Offset, Partition, Timestamp};

use super::super::position::Floor;
use super::double::Double;
use super::{run, series_of};
use crate::metrics::contract::{Point, START_MS, batch, matcher, selection};
use crate::metrics::{EmbeddedMetricStore, MetricStoreConfig};

const PARTITION: Partition = Partition(0);
const DAY_MS: i64 = 86_400_000;
const SERIES: usize = 4;
const STEPS: i64 = 600;
/// Points that are numbers; the others are markers.
const NUMBERS: u64 = 4 * 600 - 6;

fn day(days: i64) -> Timestamp {
    Timestamp::from_millis(START_MS + days * DAY_MS)
}

/// Two days of counters that begin again, gauges and what is no number, every 5 minutes and some.
fn points() -> Vec<Point> {
    let mut points = Vec::new();
    for (number, labels) in series_of(PARTITION.0, SERIES).into_iter().enumerate() {
        for step in 0..STEPS {
            let at_ms = START_MS + step * 285_000 + number as i64;
            let value = match (number, step % 100) {
                (0, _) => (step % 333) as f64 * 2.5,
                (1, 50) => f64::from_bits(STALE_BITS),
                (2, 7) => f64::INFINITY,
                (2, 8) => f64::NEG_INFINITY,
                (3, _) => -0.1 * (step * step % 71) as f64,
                _ => (step * 7 % 13) as f64 + 0.3,
            };
            points.push((labels.clone(), at_ms, value));
        }
    }
    points
}

async fn fill(store: &dyn MetricStore, offset: u64, points: &[Point]) {
    store
        .append(PARTITION, Offset(offset), batch(points, false))
        .await
        .unwrap();
    store.flush(PARTITION).await.unwrap();
}

async fn all(store: &dyn MetricStore, range_ms: (i64, i64)) -> Vec<SeriesSamples> {
    store
        .select(&selection(Vec::new(), range_ms.0, range_ms.1))
        .await
        .unwrap()
}

/// As text, in which what is no number is equal to itself.
fn shown(series: &[SeriesSamples]) -> Vec<String> {
    let shown = series.iter().map(|one| {
        let bits: Vec<_> = one
            .samples
            .iter()
            .map(|one| (one.at_ms, one.value.to_bits()))
            .collect();
        format!("{} {bits:?} {:?}", one.series.labels, one.buckets)
    });
    shown.collect()
}

#[test]
fn intervals_are_those_of_the_embedded_store() {
    run(async {
        let double = Double::start().await;
        let store = double.store("tocsin").await;
        let folder = tempfile::tempdir().unwrap();
        let embedded =
            EmbeddedMetricStore::open(folder.path(), MetricStoreConfig::default()).unwrap();
        let stores: [&dyn MetricStore; 2] = [&store, &embedded];
        for store in stores {
            fill(store, 1, &points()).await;
        }
        let ranges = [
            (i64::MIN, i64::MAX),
            (START_MS + 3_700_000, START_MS + 90_000_000),
            (START_MS + DAY_MS, START_MS + DAY_MS),
        ];
        // Within the first day, at the end of the second, as hours in part and as a whole, and gone.
        for (round, days) in [2, 31, 32, 34, 181, 183, 190, 731, 800]
            .into_iter()
            .enumerate()
        {
            for step in 0..2 {
                let gone = [
                    store.retain(day(days)).await.unwrap(),
                    embedded.retain(day(days)).await.unwrap(),
                ];
                assert_eq!(gone[0] > 0, gone[1] > 0, "day {days} {step}");
            }
            for range in ranges {
                let (found, expect) = (all(&store, range).await, all(&embedded, range).await);
                assert_eq!(shown(&found), shown(&expect), "day {days}, round {round}");
            }
        }
    });
}

#[test]
fn points_that_come_after_their_interval_was_made_are_in_it() {
    run(async {
        let double = Double::start().await;
        let store = double.store("tocsin").await;
        let one = series_of(PARTITION.0, 1).remove(0);
        let at = |at_ms: i64, value: f64| (one.clone(), START_MS + at_ms, value);
        fill(&store, 1, &[at(0, 1.0), at(1_000, 2.0), at(400_000, 3.0)]).await;
        assert_eq!(store.retain(day(32)).await.unwrap(), 3);
        for (offset, late) in [(2, [at(2_000, 5.0)]), (3, [at(3_000, 0.5)])] {
            fill(&store, offset, &late).await;
            assert_eq!(store.retain(day(32)).await.unwrap(), 1);
            assert_eq!(store.retain(day(32)).await.unwrap(), 0);
        }
        let found = all(&store, (i64::MIN, i64::MAX)).await;
        let buckets = &found[0].buckets;
        assert_eq!(
            (buckets.len(), buckets[0].count, buckets[1].count),
            (2, 4, 1)
        );
        assert_eq!(
            (buckets[0].min, buckets[0].max, buckets[0].sum),
            (0.5, 5.0, 8.5)
        );
        assert!(store.retain(day(190)).await.unwrap() > 0);
        let found = all(&store, (i64::MIN, i64::MAX)).await;
        assert_eq!((found[0].buckets.len(), found[0].buckets[0].count), (1, 5));
    });
}

#[test]
fn ageing_that_was_broken_off_is_done_again_without_harm() {
    run(async {
        for (path, status, skip) in [
            ("/api/v2/write", 0, 0),
            ("/api/v2/write", 500, 1),
            ("/api/v2/write", 0, 1),
            ("/api/v2/delete", 500, 0),
            ("/api/v2/delete", 0, 0),
            ("/api/v2/write", 500, 2),
            ("/api/v2/query", 0, 3),
        ] {
            let double = Double::start().await;
            let store = double.store("tocsin").await;
            fill(&store, 1, &points()).await;
            let more = json!({"skip": skip, "done": true});
            double.fault(path, status, more).await;
            let _broken_off = store.retain(day(40)).await;
            double.ask("calm", json!({})).await;
            let next = double.store("tocsin").await;
            // Whatever was done, every point is there once.
            for store in [&store, &next] {
                is_whole(store, NUMBERS).await;
            }
            next.retain(day(40)).await.unwrap();
            for store in [&store, &next] {
                is_whole(store, NUMBERS).await;
            }
            assert_eq!(
                next.stats().await.unwrap().samples,
                0,
                "{path} {status} {skip}"
            );
        }
    });
}

/// Each point but the markers is there once, by itself or in an interval.
async fn is_whole(store: &dyn MetricStore, count: u64) {
    let found = all(store, (i64::MIN, i64::MAX)).await;
    let mut sum = 0;
    for one in &found {
        sum += one.buckets.iter().map(|bucket| bucket.count).sum::<u64>();
        let numbers = one.samples.iter().filter(|one| !one.value.is_nan());
        sum += numbers.count() as u64;
    }
    assert_eq!(sum, count);
}

#[test]
fn tasks_make_intervals_in_advance_that_stand_in_and_then_give_way() {
    run(async {
        let double = Double::start().await;
        let store = double.store("tocsin").await;
        let points = points();
        fill(&store, 1, &points).await;
        // The tasks run every hour for the two hours before.
        for hour in 1..50 {
            double
                .ask(
                    "tasks",
                    json!({"ns": (START_MS + hour * 3_600_000) * 1_000_000}),
                )
                .await;
        }
        // Nobody made intervals, and the points went: what the tasks kept is what there is.
        double.set_clock(START_MS + 60 * DAY_MS).await;
        double.ask("expire", json!({})).await;
        let floor = Floor {
            at_ms: Some(START_MS + 30 * DAY_MS),
            ..Floor::default()
        };
        store.write_floor("raw", floor).await.unwrap();
        let advance = all(&store, (i64::MIN, i64::MAX)).await;
        double.ask("calm", json!({})).await;
        let made = Double::start().await;
        let exact = made.store("tocsin").await;
        fill(&exact, 1, &points).await;
        // Where tasks ran as well, what retention makes takes the place of theirs.
        for hour in 1..50 {
            made.ask(
                "tasks",
                json!({"ns": (START_MS + hour * 3_600_000) * 1_000_000}),
            )
            .await;
        }
        exact.retain(day(60)).await.unwrap();
        let exact = all(&exact, (i64::MIN, i64::MAX)).await;
        assert_eq!(advance.len(), exact.len());
        for (one, two) in advance.iter().zip(&exact) {
            // An interval of infinities alone is beyond Flux.
            assert!(one.buckets.len() + 20 > two.buckets.len());
            for two in &two.buckets {
                if two.max.is_finite() && two.min.is_finite() {
                    let at = one.buckets.iter().find(|one| one.start_ms == two.start_ms);
                    let one = at.unwrap();
                    assert_eq!(
                        (one.min, one.max, one.count, one.last),
                        (two.min, two.max, two.count, two.last)
                    );
                    assert!((one.sum - two.sum).abs() < 1e-9);
                    assert!(!two.sketch.is_empty() && one.sketch.is_empty());
                }
            }
        }
    });
}

#[test]
fn reads_are_whole_while_points_become_intervals() {
    run(async {
        let double = Double::start().await;
        let (one, two) = (
            double.store("tocsin").await,
            Arc::new(double.store("tocsin").await),
        );
        fill(&one, 1, &points()).await;
        let matchers = vec![matcher(MatchOp::Equal, "__name__", "m")];
        let asked = selection(matchers, START_MS, START_MS + 3 * DAY_MS);
        for days in [31, 33, 190] {
            let gone = async { one.retain(day(days)).await.unwrap() };
            let reads = async {
                loop {
                    assert_eq!(two.select(&asked).await.unwrap().len(), SERIES);
                    is_whole(two.as_ref(), NUMBERS).await;
                }
            };
            tokio::select! {
                gone = gone => assert!(gone > 0),
                () = reads => {}
            }
            is_whole(two.as_ref(), NUMBERS).await;
        }
    });
}
