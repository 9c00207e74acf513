//! The store on InfluxDB against its contract, and against what only a shared engine has: other
//! processes, refusals, and being away. The engine is a double; its witness is the official client.

mod double;
mod handover;
mod lines;
mod model;
mod refusals;
mod tiers;
mod victoria;

use std::sync::Arc;

use serde_json::json;

use self::double::{Double, witness};
use super::super::contract::{Point, START_MS, batch, found, holds, labels, selection};
use tocsin_domain::ports::MetricStore;
use tocsin_domain::{Labels, Offset, Partition};

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work)
}

/// Series of one partition.
fn series_of(partition: u16, count: usize) -> Vec<Labels> {
    let hosts = (0..).map(|host| labels("m", &format!("h{host}")));
    hosts
        .filter(|one| one.id().shard() == partition)
        .take(count)
        .collect()
}

/// Everything that a store finds.
async fn everything(store: &dyn MetricStore) -> Vec<(Labels, i64, u64)> {
    found(store, &selection(Vec::new(), i64::MIN, i64::MAX)).await
}

/// Points as a store gives them.
fn expected<'a>(points: impl IntoIterator<Item = &'a Point>) -> Vec<(Labels, i64, u64)> {
    let mut found = std::collections::BTreeMap::new();
    for (labels, at_ms, value) in points {
        found.insert((labels.clone(), *at_ms), value.to_bits());
    }
    let found = found.into_iter();
    found
        .map(|((labels, at_ms), bits)| (labels, at_ms, bits))
        .collect()
}

#[test]
fn holds_the_contract_of_metric_stores() {
    run(async {
        let double = Double::start().await;
        holds(Arc::new(double.store("tocsin").await)).await;
    });
}

#[test]
fn holds_the_contract_with_small_compressed_requests() {
    run(async {
        let double = Double::start().await;
        let mut config = double.config("small");
        config.batch_lines_max = 300;
        config.gzip = true;
        let keep = crate::metrics::MetricStoreConfig::default();
        let store = super::InfluxMetricStore::open(config, keep).await.unwrap();
        double.ask("body", json!({"max": 20_000})).await;
        // A state's piece is one line and longer than that.
        double.ask("body", json!({"max": 90_000})).await;
        holds(Arc::new(store)).await;
    });
}

#[test]
fn the_official_client_reads_what_was_written_and_writes_beside_it() {
    run(async {
        let double = Double::start().await;
        let store = double.store("tocsin").await;
        let one = Labels::new([("__name__", "cpu"), ("host", "a b"), ("path", "C:\\x,y=z")]);
        let one = one.unwrap();
        let partition = Partition(one.id().shard());
        let points = [
            (one.clone(), START_MS, 0.5),
            (one.clone(), START_MS + 1, f64::INFINITY),
        ];
        store
            .append(partition, Offset(1), batch(&points, false))
            .await
            .unwrap();
        store.flush(partition).await.unwrap();
        let (id, start) = (one.id().to_string(), START_MS.to_string());
        if witness("influxdb_witness.py", &[&double.url, "admin", &id, &start]) {
            assert_eq!(everything(&store).await, expected(&points));
        }
    });
}
