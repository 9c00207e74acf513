//! Reading while points become intervals and intervals hours: nothing is ever missing or there twice.

use std::sync::Arc;

use tocsin_domain::metric::{MatchOp, Selection};
use tocsin_domain::ports::{MetricStore, SeriesSamples};
use tocsin_domain::{Offset, Partition, Timestamp};

use super::super::EmbeddedMetricStore;
use super::super::contract::{Point, START_MS, batch, labels, matcher, selection};
use super::{open, run};

const SERIES: usize = 600;
/// Three hours with a point every minute: two windows of points.
const POINTS: i64 = 180;
const DAY_MS: i64 = 86_400_000;

async fn fill(store: &EmbeddedMetricStore) {
    let mut shards: Vec<Vec<Point>> = vec![Vec::new(); 64];
    for host in 0..SERIES {
        let one = labels("aging", &format!("h{host}"));
        let points = (0..POINTS).map(|at| (one.clone(), START_MS + at * 60_000, at as f64));
        shards[usize::from(one.id().shard())].extend(points);
    }
    for points in shards.iter().filter(|points| !points.is_empty()) {
        let partition = Partition(points[0].0.id().shard());
        let appended = store.append(partition, Offset(1), batch(points, false));
        appended.await.unwrap();
        store.flush(partition).await.unwrap();
    }
}

/// Every series has each of its points once: by itself or in an interval.
fn is_whole(series: &SeriesSamples) -> bool {
    let in_buckets: u64 = series.buckets.iter().map(|bucket| bucket.count).sum();
    let end_ms = series
        .buckets
        .last()
        .map(|last| last.start_ms + last.length_ms);
    let first_ms = series.samples.first().map(|sample| sample.at_ms);
    let is_apart = end_ms
        .zip(first_ms)
        .is_none_or(|(end_ms, first_ms)| end_ms <= first_ms);
    let starts = series.buckets.windows(2);
    let mut pairs = starts.map(|two| two[0].start_ms + two[0].length_ms <= two[1].start_ms);
    is_apart
        && pairs.all(|holds| holds)
        && in_buckets + series.samples.len() as u64 == POINTS as u64
}

fn reads_are_whole(store: &EmbeddedMetricStore, asked: &Selection) {
    let found = run(store.select(asked)).unwrap();
    assert_eq!(found.len(), SERIES);
    let broken = found.iter().filter(|series| !is_whole(series)).count();
    assert_eq!(broken, 0, "series miss points or have them twice");
}

#[test]
fn answers_are_whole_while_points_become_intervals() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path(), 10_000_000));
    run(fill(&store));
    let matchers = vec![matcher(MatchOp::Equal, "__name__", "aging")];
    let asked = selection(matchers, START_MS - DAY_MS, START_MS + DAY_MS);
    reads_are_whole(&store, &asked);
    for days in [32, 190] {
        let now = Timestamp::from_millis(START_MS + days * DAY_MS);
        let ageing = Arc::clone(&store);
        let retaining = std::thread::spawn(move || run(ageing.retain(now)).unwrap());
        while !retaining.is_finished() {
            reads_are_whole(&store, &asked);
        }
        assert!(retaining.join().unwrap() > 0);
        reads_are_whole(&store, &asked);
    }
}
