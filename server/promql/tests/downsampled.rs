//! Queries over times of which only buckets are left.

#![expect(clippy::unwrap_used, reason = "what a test cannot do ends it")]

mod memory;

use std::sync::Arc;

use tocsin_domain::metric::{Sample, sketch};
use tocsin_domain::ports::metric_store::Bucket;
use tocsin_promql::{Engine, EngineConfig};

const HOUR_MS: i64 = 3_600_000;
const FIVE_MINUTES_MS: i64 = 300_000;
/// A point every ten seconds, as the store had it.
const SPACING_MS: i64 = 10_000;

/// What a store keeps of a counter that grows by 1 a point and begins again after 500 points.
fn buckets(from_ms: i64, to_ms: i64, length_ms: i64) -> Vec<Bucket> {
    let starts = (from_ms..to_ms).step_by(length_ms as usize);
    let bucket = |start_ms: i64| {
        let places = start_ms / SPACING_MS..(start_ms + length_ms) / SPACING_MS;
        let values: Vec<f64> = places.clone().map(|at| (at % 500) as f64).collect();
        let mut bins = Vec::new();
        values
            .iter()
            .for_each(|value| sketch::add(&mut bins, *value));
        let grown = places.filter(|at| *at > 0 && at % 500 != 0).count();
        Bucket {
            start_ms,
            length_ms,
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            sum: values.iter().sum(),
            count: values.len() as u64,
            last: values[values.len() - 1],
            increase: grown as f64,
            sketch: bins,
        }
    };
    starts.map(bucket).collect()
}

/// Ten hours: four in hours, four in five minutes, two in points.
fn engine() -> Engine {
    let mut old = buckets(0, 4 * HOUR_MS, HOUR_MS);
    old.extend(buckets(4 * HOUR_MS, 8 * HOUR_MS, FIVE_MINUTES_MS));
    let points = (8 * HOUR_MS / SPACING_MS..10 * HOUR_MS / SPACING_MS).map(|at| Sample {
        at_ms: at * SPACING_MS,
        value: (at % 500) as f64,
    });
    let mut store = memory::MemoryStore::default();
    store.add(&[("__name__", "x")], old, points.collect());
    Engine::new(Arc::new(store), EngineConfig::default())
}

async fn range(query: &str, from_ms: i64, to_ms: i64, step_ms: i64) -> Vec<f64> {
    let found = engine()
        .range(query, from_ms, to_ms, step_ms)
        .await
        .unwrap();
    found.first().map_or(Vec::new(), |one| {
        one.samples.iter().map(|s| s.value).collect()
    })
}

#[tokio::test]
async fn a_selector_reads_the_last_value_of_the_bucket_before() {
    let hours = range("x", HOUR_MS, 4 * HOUR_MS, HOUR_MS / 2).await;
    let last = |hours: i64| ((hours * 360 - 1) % 500) as f64;
    assert_eq!(
        hours,
        [
            last(1),
            last(1),
            last(2),
            last(2),
            last(3),
            last(3),
            last(4)
        ]
    );
    // There is no hole from the first bucket's end to the last point.
    let all = range("x", HOUR_MS, 10 * HOUR_MS, 60_000).await;
    assert_eq!(all.len(), 9 * 60 + 1);
}

#[tokio::test]
async fn rates_of_long_and_short_windows_are_those_of_the_points() {
    for minutes in [120, 60, 30, 5, 1] {
        let query = format!("increase(x[{minutes}m])");
        let grown = range(&query, 2 * HOUR_MS + 60_000, 10 * HOUR_MS, 97_000).await;
        assert_eq!(
            grown.len() as i64,
            (8 * HOUR_MS - 60_000) / 97_000 + 1,
            "{query}"
        );
        for grown in grown {
            // It begins again at 0 now and then, and is 1 short each time.
            let wanted = f64::from(minutes * 6);
            assert!(
                (grown - wanted).abs() <= 2.5,
                "{query}: {grown}, not {wanted}"
            );
        }
    }
}

#[tokio::test]
async fn aggregates_use_what_buckets_keep() {
    let at = 10 * HOUR_MS - SPACING_MS;
    let first = |query: &str| {
        let query = query.to_owned();
        async move { range(&query, at, at, 1_000).await[0] }
    };
    assert_eq!(first("count_over_time(x[10h])").await, 3_600.0);
    assert_eq!(first("max_over_time(x[10h])").await, 499.0);
    assert_eq!(first("min_over_time(x[10h])").await, 0.0);
    let sum: i64 = (0..3_600).map(|at| at % 500).sum();
    assert_eq!(first("sum_over_time(x[10h])").await, sum as f64);
    assert_eq!(first("avg_over_time(x[10h])").await, sum as f64 / 3_600.0);
    let median = first("quantile_over_time(0.5, x[10h])").await;
    assert!((median / 243.0 - 1.0).abs() < 0.02, "{median}");
    assert_eq!(first("quantile_over_time(2, x[10h])").await, f64::INFINITY);
    assert!(first("increase(x[10h])").await > 3_500.0);
    // Functions that need points read the last values.
    assert_eq!(first("changes(x[10h])").await, 4.0 + 48.0 + 720.0 - 1.0);
}
