//! Speed of range queries over a store in memory: 24 h of 100 series with a point every 10 s, a
//! step of 60 s. The store copies points where a real one decodes them; that is timed by itself
//! and taken off. Times are those of the processor, so that neighbours do not count.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its result and ends where it cannot go on"
)]

#[path = "../tests/memory/mod.rs"]
mod memory;

use std::sync::Arc;

use tocsin_domain::metric::{MatchOp, Matcher, Sample, Selection};
use tocsin_domain::ports::metric_store::MetricStore;
use tocsin_promql::{Engine, EngineConfig};

const START_MS: i64 = 1_700_000_000_000;
const DAY_MS: i64 = 86_400_000;
const SERIES: usize = 100;
const ROUNDS: usize = 21;

const QUERIES: &[&str] = &[
    "x",
    "rate(x[5m])",
    "increase(x[1h])",
    "irate(x[5m])",
    "avg_over_time(x[5m])",
    "sum_over_time(x[1h])",
    "max_over_time(x[1h])",
    "stddev_over_time(x[5m])",
    "quantile_over_time(0.9, x[5m])",
    "stddev_over_time(x[1h])",
    "quantile_over_time(0.9, x[1h])",
    "deriv(x[5m])",
    "predict_linear(x[6h], 86400)",
    "sum(rate(x[5m]))",
    "sum by (group) (rate(x[5m]))",
    "topk(5, rate(x[5m]))",
    "quantile by (group) (0.9, x)",
    "rate(x[5m]) / on(host) x",
    "x > 100",
];

/// How long all threads of this process have had a processor, in ms.
fn cpu_ms() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let nanos = threads.map(|thread| {
        let times = std::fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap();
        times.split(' ').next().unwrap().parse::<f64>().unwrap()
    });
    nanos.sum::<f64>() / 1e6
}

/// The middle of several times, in ms.
fn median(mut times_ms: Vec<f64>) -> f64 {
    times_ms.sort_by(f64::total_cmp);
    times_ms[times_ms.len() / 2]
}

fn store() -> memory::MemoryStore {
    let mut store = memory::MemoryStore::default();
    for at in 0..SERIES {
        let mut total = 0.0;
        let samples = (-360..DAY_MS / 10_000).map(|point| {
            total += ((point * 7 + at as i64) % 13) as f64;
            if point % 5_000 == 4_999 {
                total = 0.0;
            }
            Sample {
                at_ms: START_MS + point * 10_000,
                value: total,
            }
        });
        let (host, group) = (format!("host-{at}"), format!("group-{}", at % 7));
        let labels = [
            ("__name__", "x"),
            ("host", host.as_str()),
            ("group", group.as_str()),
        ];
        store.add(&labels, Vec::new(), samples.collect());
    }
    store
}

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let store: Arc<dyn MetricStore> = Arc::new(store());
    let engine = Engine::new(Arc::clone(&store), EngineConfig::default());
    let loading = |behind_ms: i64| {
        let selection = Selection {
            matchers: vec![Matcher::new(MatchOp::Equal, "__name__", "x").unwrap()],
            from_ms: START_MS - behind_ms,
            to_ms: START_MS + DAY_MS,
            series_max: 1_000,
            samples_max: 10_000_000,
        };
        let times = (0..ROUNDS).map(|_| {
            let from_ms = cpu_ms();
            std::hint::black_box(runtime.block_on(store.select(&selection)).unwrap());
            cpu_ms() - from_ms
        });
        median(times.collect())
    };
    let load_ms = loading(300_000);
    println!("store: {load_ms:.2} ms a selector, taken off below");
    for query in QUERIES {
        let selectors = query.matches('x').count() - query.matches("max").count();
        let times = (0..ROUNDS).map(|_| {
            let from_ms = cpu_ms();
            let answer = engine.range(query, START_MS, START_MS + DAY_MS, 60_000);
            std::hint::black_box(runtime.block_on(answer).unwrap());
            cpu_ms() - from_ms
        });
        let whole_ms = median(times.collect());
        // Overlapping selections of the same series are one.
        let own_ms = whole_ms - load_ms;
        println!("{query:40} {own_ms:7.2} ms ({whole_ms:.2} ms whole, {selectors} selectors)");
    }
}
