//! What InfluxDB refuses, and what is said then.

use std::error::Error;
use std::time::Instant;

use serde_json::json;
use tocsin_domain::ports::{MetricStore, StoreError};
use tocsin_domain::{Labels, Offset, Partition};

use super::super::{InfluxConfig, InfluxMetricStore, InfluxToken};
use super::double::Double;
use super::{everything, expected, run, series_of};
use crate::metrics::MetricStoreConfig;
use crate::metrics::contract::{Point, START_MS, batch, selection};

const PARTITION: Partition = Partition(3);

async fn open(config: InfluxConfig) -> Result<InfluxMetricStore, StoreError> {
    InfluxMetricStore::open(config, MetricStoreConfig::default()).await
}

/// An error with its cause.
fn words(error: &StoreError) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    words
}

fn points(count: usize) -> Vec<Point> {
    let series = series_of(PARTITION.0, count);
    let points = series.into_iter().map(|one| (one, START_MS, 1.5));
    points.collect()
}

async fn append(
    store: &InfluxMetricStore,
    offset: u64,
    points: &[Point],
) -> Result<(), StoreError> {
    store
        .append(PARTITION, Offset(offset), batch(points, false))
        .await
}

#[test]
fn tokens_need_no_more_than_the_buckets() {
    run(async {
        let double = Double::start().await;
        double
            .ask("token", json!({"token": "none", "scopes": []}))
            .await;
        let scoped = |prefix: &str, token: &str| InfluxConfig {
            token: InfluxToken::new(token.into()),
            ..double.config(prefix)
        };
        let refused = open(scoped("tocsin", "unknown")).await.unwrap_err();
        assert!(
            words(&refused).contains("does not know the token"),
            "{}",
            words(&refused)
        );
        let refused = open(scoped("tocsin", "none")).await.unwrap_err();
        let StoreError::Invalid(said) = refused else {
            panic!("{refused}");
        };
        assert!(
            said.contains("`tocsin_raw`") && said.contains("retention of 37 days"),
            "{said}"
        );
        // Someone with all permissions makes the buckets.
        open(double.config("tocsin")).await.unwrap();
        let names = ["tocsin_raw", "tocsin_5m", "tocsin_1h", "tocsin_state"];
        let mut scopes: Vec<_> = names
            .iter()
            .map(|name| ("read", "buckets", *name))
            .collect();
        scopes.extend(names[..3].iter().map(|name| ("write", "buckets", *name)));
        double
            .ask("token", json!({"token": "most", "scopes": scopes}))
            .await;
        let StoreError::Invalid(said) = open(scoped("tocsin", "most")).await.unwrap_err() else {
            panic!("it may not write the states");
        };
        assert!(
            said.contains("may not write the bucket `tocsin_state`"),
            "{said}"
        );
        assert!(!said.contains("most"), "{said}");
        scopes.push(("write", "buckets", "tocsin_state"));
        double
            .ask("token", json!({"token": "enough", "scopes": scopes}))
            .await;
        let store = open(scoped("tocsin", "enough")).await.unwrap();
        append(&store, 1, &points(3)).await.unwrap();
        store.flush(PARTITION).await.unwrap();
        assert_eq!(everything(&store).await, expected(&points(3)));
        let write_only: Vec<_> = names
            .iter()
            .map(|name| ("write", "buckets", *name))
            .collect();
        double
            .ask("token", json!({"token": "blind", "scopes": write_only}))
            .await;
        assert!(open(scoped("tocsin", "blind")).await.is_err());
    });
}

#[test]
fn buckets_have_the_retention_that_is_configured() {
    run(async {
        let double = Double::start().await;
        open(double.config("tocsin")).await.unwrap();
        let days = |state: &serde_json::Value, name: &str| {
            state["buckets"][name].as_u64().unwrap() / 86_400
        };
        let state = double.ask("calm", json!({})).await;
        assert_eq!(
            (days(&state, "tocsin_raw"), days(&state, "tocsin_5m")),
            (37, 187)
        );
        assert_eq!(
            (days(&state, "tocsin_1h"), days(&state, "tocsin_state")),
            (737, 0)
        );
        let keep = MetricStoreConfig {
            raw_days: 10,
            ..MetricStoreConfig::default()
        };
        InfluxMetricStore::open(double.config("tocsin"), keep)
            .await
            .unwrap();
        let state = double.ask("calm", json!({})).await;
        assert_eq!(days(&state, "tocsin_raw"), 17);
        let names: Vec<_> = state["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["name"].clone())
            .collect();
        assert_eq!(names, ["tocsin_5m", "tocsin_1h"]);
    });
}

#[test]
fn while_it_is_away_points_wait_and_then_go_on() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("points");
        let double = Double::start_at(0, Some(&file));
        let (url, config) = (double.url.clone(), double.config("tocsin"));
        let away = InfluxConfig {
            url: "http://127.0.0.1:1".into(),
            ..config.clone()
        };
        assert!(matches!(open(away).await, Err(StoreError::Unavailable(_))));
        let keep = MetricStoreConfig {
            head_samples_max: 30,
            ..MetricStoreConfig::default()
        };
        let store = InfluxMetricStore::open(config, keep).await.unwrap();
        let now_ms = i64::try_from(
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .as_millis(),
        )
        .unwrap();
        let at = |step: i64| -> Vec<Point> {
            points(10)
                .into_iter()
                .map(|(labels, ..)| (labels, now_ms + step, step as f64))
                .collect()
        };
        append(&store, 1, &at(0)).await.unwrap();
        store.flush(PARTITION).await.unwrap();
        drop(double);
        for step in 1..4 {
            append(&store, 1 + step, &at(step as i64)).await.unwrap();
        }
        // Memory is full: the bus has to keep what comes.
        let refused = append(&store, 5, &at(4)).await;
        assert!(
            matches!(refused, Err(StoreError::Unavailable(_))),
            "{refused:?}"
        );
        assert!(store.flush(PARTITION).await.is_err());
        let everything_there = selection(Vec::new(), i64::MIN, i64::MAX);
        assert!(store.select(&everything_there).await.is_err());
        let described = store.describe(&[points(1)[0].0.id()]).await.unwrap();
        assert!(described[0].is_some(), "memory answers by itself");
        let port: u16 = url.rsplit(':').next().unwrap().parse().unwrap();
        let _again = Double::start_at(port, Some(&file));
        append(&store, 5, &at(4)).await.unwrap();
        assert_eq!(store.flush(PARTITION).await.unwrap(), Offset(5));
        let all: Vec<Point> = (0..5).flat_map(at).collect();
        assert_eq!(everything(&store).await, expected(&all));
    });
}

#[test]
fn who_asks_to_be_let_alone_is() {
    run(async {
        let double = Double::start().await;
        let store = double.store("tocsin").await;
        append(&store, 1, &points(2)).await.unwrap();
        double
            .fault("/api/v2/write", 429, json!({"retry_after": 1}))
            .await;
        let begun = Instant::now();
        let refused = store.flush(PARTITION).await.unwrap_err();
        assert!(
            words(&refused).contains("asks to wait 1 s"),
            "{}",
            words(&refused)
        );
        let writes = async || double.ask("calm", json!({})).await["writes"].as_u64();
        let before = writes().await;
        let refused = store.flush(PARTITION).await.unwrap_err();
        assert!(words(&refused).contains("asks to wait"));
        if begun.elapsed().as_millis() < 900 {
            assert_eq!(writes().await, before, "nothing was sent");
        }
        while store.flush(PARTITION).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert!(begun.elapsed().as_millis() >= 950);
        assert_eq!(everything(&store).await, expected(&points(2)));
    });
}

#[test]
fn points_that_are_never_taken_are_counted_and_cost_no_others() {
    run(async {
        let double = Double::start().await;
        let store = double.store("tocsin").await;
        let mut all = points(30);
        // Older than the bucket keeps, beyond its years, and a measurement that someone else has as text.
        all.push((all[0].0.clone(), START_MS - 100 * 86_400_000, 1.0));
        all.push((all[1].0.clone(), i64::MAX / 2, 1.0));
        append(&store, 1, &all).await.unwrap();
        assert_eq!(store.flush(PARTITION).await.unwrap(), Offset(1));
        assert_eq!(store.dropped_points(), 2);
        assert_eq!(everything(&store).await, expected(&points(30)));
        // One line by itself is too long.
        double.ask("body", json!({"max": 2_000})).await;
        let long = (0..).find_map(|number| {
            let value = format!("{number}{}", "x".repeat(3_000));
            let labels = Labels::new([("__name__", "m"), ("long", value.as_str())]).ok()?;
            (labels.id().shard() == PARTITION.0).then_some(labels)
        });
        let mut more: Vec<Point> = points(30)
            .into_iter()
            .map(|(one, at, _)| (one, at + 1, 2.0))
            .collect();
        more.push((long.unwrap(), START_MS, 1.0));
        append(&store, 2, &more).await.unwrap();
        // Its row in the catalogue is too long as well.
        assert_eq!(store.flush(PARTITION).await.unwrap(), Offset(2));
        assert_eq!(store.dropped_points(), 4);
        more.pop();
        assert_eq!(
            everything(&store).await,
            expected(points(30).iter().chain(&more))
        );
    });
}

#[test]
fn an_error_in_the_middle_of_an_answer_is_one() {
    run(async {
        let double = Double::start().await;
        let store = double.store("tocsin").await;
        append(&store, 1, &points(30)).await.unwrap();
        store.flush(PARTITION).await.unwrap();
        let everything_there = selection(Vec::new(), i64::MIN, i64::MAX);
        for (status, more) in [
            (200, json!({"fail_after": 7, "times": 9})),
            (500, json!({"times": 9})),
            (0, json!({"times": 9})),
            (401, json!({"times": 9, "message": "unauthorized access"})),
            (404, json!({"times": 9, "message": "could not find bucket"})),
        ] {
            double.fault("/api/v2/query", status, more).await;
            let refused = store.select(&everything_there).await.unwrap_err();
            assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
            double.ask("calm", json!({})).await;
        }
        assert_eq!(everything(&store).await, expected(&points(30)));
    });
}
