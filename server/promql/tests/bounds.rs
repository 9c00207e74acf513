//! What a query may not do: read too much, take too long, go on when nobody waits.

#![expect(clippy::unwrap_used, reason = "what a test cannot do ends it")]

mod memory;

use std::sync::Arc;

use tocsin_domain::metric::Sample;
use tocsin_promql::{Engine, EngineConfig, ErrorKind, QueryError, QueryValue};

fn store(series: usize, points: i64) -> Arc<memory::MemoryStore> {
    let mut store = memory::MemoryStore::default();
    for at in 0..series {
        let samples = (0..points).map(|point| Sample {
            at_ms: point * 1_000,
            value: (point * 7 % 31) as f64,
        });
        let host = at.to_string();
        store.add(
            &[("__name__", "x"), ("host", host.as_str())],
            Vec::new(),
            samples.collect(),
        );
    }
    Arc::new(store)
}

fn engine(config: EngineConfig) -> Engine {
    Engine::new(store(4, 1_000), config)
}

async fn refusal(config: EngineConfig, query: &str) -> (ErrorKind, String) {
    let error = engine(config)
        .range(query, 0, 900_000, 1_000)
        .await
        .unwrap_err();
    (error.kind(), error.to_string())
}

#[tokio::test]
async fn what_reads_too_much_is_evaluated_part_by_part() {
    let query = "sum(rate(x[1m])) + sum(x offset 100s) + count(x @ end())";
    let whole = engine(EngineConfig::default())
        .range(query, 0, 900_000, 10_000)
        .await
        .unwrap();
    for samples_max in [3_000, 3_500, 5_000, 6_000] {
        let few = EngineConfig {
            samples_max,
            raw_ms: i64::MAX,
            ..EngineConfig::default()
        };
        let parts = engine(few).range(query, 0, 900_000, 10_000).await;
        assert_eq!(parts.as_ref(), Ok(&whole), "{samples_max}");
    }
}

#[tokio::test]
async fn what_still_reads_too_much_is_refused() {
    let few = EngineConfig {
        samples_max: 3_000,
        ..EngineConfig::default()
    };
    for query in [
        "sum(sum_over_time(x[900s]))",
        "x",
        "count_over_time(vector(1)[10000s:1s])",
    ] {
        let (kind, message) = refusal(few, query).await;
        assert_eq!(kind, ErrorKind::Execution, "{query}");
        assert!(message.contains("too many samples"), "{message}");
    }
}

#[tokio::test]
async fn what_selects_too_many_series_is_refused() {
    let few = EngineConfig {
        series_max: 3,
        ..EngineConfig::default()
    };
    assert_eq!(refusal(few, "x").await.0, ErrorKind::Execution);
    assert!(engine(few).instant("x{host!=\"3\"}", 10_000).await.is_ok());
}

#[tokio::test]
async fn what_takes_too_long_is_ended() {
    let hasty = EngineConfig {
        timeout_secs: Some(0),
        ..EngineConfig::default()
    };
    let error = engine(hasty)
        .range("x", 0, 900_000, 1_000)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error),
        (ErrorKind::Timeout, QueryError::Timeout)
    );
}

#[tokio::test]
async fn nothing_goes_on_when_nobody_waits() {
    let store = store(10, 10_000);
    let engine = Engine::new(Arc::clone(&store) as _, EngineConfig::default());
    let slow = "stddev_over_time(x[1h])";
    let waiting = engine.range(slow, 0, 10_000_000, 1_000);
    // Begun, and dropped at once.
    tokio::select! {
        biased;
        _ = waiting => panic!("it cannot end before it was waited for"),
        () = std::future::ready(()) => {}
    }
    // The runtime waits for the evaluation at the end of the test, and would for long.
    let value = engine.instant("count(x)", 9_000_000).await.unwrap();
    assert!(matches!(value, QueryValue::Vector(found) if found[0].sample.value == 10.0));
}

#[tokio::test]
async fn the_kinds_are_named_as_in_the_http_interface() {
    let engine = engine(EngineConfig::default());
    let kind = |query: &'static str| {
        let engine = engine.clone();
        async move { engine.instant(query, 0).await.unwrap_err().kind().name() }
    };
    assert_eq!(kind("x{").await, "bad_data");
    assert_eq!(kind("first_over_time(x[1m])").await, "bad_data");
    assert_eq!(kind("x + on() x").await, "execution");
}
