//! Whatever the text, the points and the steps: no panic, and a range query is its instants.

#![expect(clippy::unwrap_used, reason = "what a test cannot do ends it")]

mod memory;

use std::sync::Arc;

use proptest::prelude::*;
use tocsin_domain::metric::{STALE_BITS, Sample};
use tocsin_promql::{Engine, EngineConfig, QueryValue, parse_selector};

const PIECES: &[&str] = &[
    "x",
    "y",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "5m",
    "1h",
    ":",
    ",",
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "==",
    "!=",
    ">",
    "<",
    "=~",
    "!~",
    "=",
    "bool",
    "and",
    "or",
    "unless",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "by",
    "without",
    "sum",
    "avg",
    "topk",
    "quantile",
    "count_values",
    "rate",
    "deriv",
    "avg_over_time",
    "absent",
    "histogram_quantile",
    "label_replace",
    "time",
    "vector",
    "scalar",
    "offset",
    "@",
    "start()",
    "1",
    "0",
    "-1",
    "1e308",
    "1e999",
    "NaN",
    "Inf",
    "\"a\"",
    "'(.*'",
    "\"le\"",
    "`b`",
    "\"\\x\"",
    "#",
    "\u{e9}",
    "0x",
    "1e400y",
    "99999999999y",
    "5m5",
    "__name__",
    "\"$1\"",
    "le",
    "sort",
    "clamp",
    "day_of_year",
    "atan2",
    "offset -1w",
    "\\",
];

/// Queries that walk windows or look back, each in its own way.
const WALKS: &[&str] = &[
    "x",
    "x offset 30s",
    "timestamp(x)",
    "rate(x[1m])",
    "increase(x[90s])",
    "delta(x[1m])",
    "irate(x[1m])",
    "idelta(x[1m])",
    "deriv(x[1m])",
    "predict_linear(x[1m], 60)",
    "resets(x[1m])",
    "changes(x[1m])",
    "avg_over_time(x[1m])",
    "sum_over_time(x[1m])",
    "min_over_time(x[1m])",
    "max_over_time(x[1m])",
    "count_over_time(x[1m])",
    "last_over_time(x[1m])",
    "quantile_over_time(0.3, x[1m])",
    "stddev_over_time(x[1m])",
    "present_over_time(x[1m])",
    "absent_over_time(x[1m])",
    "sum_over_time(x[10s] offset 7s)",
    "max_over_time(x[1m] @ 100)",
    "sum(x)",
    "topk(1, x)",
    "x + on(a) group_left sum by (a) (x)",
    "x > 1",
    "-x",
    "absent(x)",
    "avg_over_time(x[1m:7s])",
    "rate(sum(x)[1m:10s])",
    "count_values(\"v\", x)",
    "x unless x > 2",
];

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (0u8..10).prop_map(f64::from),
        4 => -1e3..1e3,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(f64::from_bits(STALE_BITS)),
        1 => Just(1e300),
    ]
}

fn points() -> impl Strategy<Value = Vec<Sample>> {
    prop::collection::vec((1i64..40_000, value()), 0..40).prop_map(|gaps| {
        let mut at_ms = 0;
        let point = |(gap_ms, value)| {
            at_ms += gap_ms;
            Sample { at_ms, value }
        };
        gaps.into_iter().map(point).collect()
    })
}

fn engine(series: Vec<Vec<Sample>>) -> Engine {
    let mut store = memory::MemoryStore::default();
    for (at, samples) in series.into_iter().enumerate() {
        let (a, b) = (format!("{}", at % 2), format!("{at}"));
        store.add(
            &[("__name__", "x"), ("a", a.as_str()), ("b", b.as_str())],
            Vec::new(),
            samples,
        );
    }
    Engine::new(Arc::new(store), EngineConfig::default())
}

fn alike(left: f64, right: f64) -> bool {
    let scale = left.abs().max(right.abs()).max(1.0);
    left == right || (left.is_nan() && right.is_nan()) || (left - right).abs() <= 1e-9 * scale
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let engine = engine(Vec::new());
        let _ = runtime().block_on(engine.instant(&text, 100_000));
        let _ = parse_selector(&text);
    }

    #[test]
    fn no_sequence_of_words_makes_it_panic(
        words in prop::collection::vec(prop::sample::select(PIECES), 1..14),
        spaced in any::<bool>(),
        points in points(),
    ) {
        let text = words.join(if spaced { " " } else { "" });
        let engine = engine(vec![points]);
        let runtime = runtime();
        let _ = runtime.block_on(engine.instant(&text, 100_000));
        let _ = runtime.block_on(engine.range(&text, 0, 100_000, 10_000));
    }

    #[test]
    fn a_range_query_is_its_instants(
        query in prop::sample::select(WALKS),
        series in prop::collection::vec(points(), 1..4),
        start_ms in -60_000i64..300_000,
        step_ms in 1_000i64..120_000,
        steps in 1i64..30,
    ) {
        let engine = engine(series);
        let runtime = runtime();
        let end_ms = start_ms + step_ms * (steps - 1);
        let range = runtime.block_on(engine.range(query, start_ms, end_ms, step_ms));
        let range = range.map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut count = 0;
        for step in 0..steps {
            let at_ms = start_ms + step * step_ms;
            let answer = runtime.block_on(engine.instant(query, at_ms));
            let Ok(QueryValue::Vector(vector)) = answer else {
                return Err(TestCaseError::fail(format!("{answer:?}")));
            };
            for one in vector {
                count += 1;
                let row = range.iter().find(|row| row.labels == one.labels);
                let found = row.and_then(|row| row.samples.iter().find(|s| s.at_ms == at_ms));
                let found = found.map(|sample| sample.value);
                prop_assert!(
                    found.is_some_and(|found| alike(found, one.sample.value)),
                    "{query} of {} at {at_ms}: {found:?}, not {}", one.labels, one.sample.value
                );
            }
        }
        let all: usize = range.iter().map(|row| row.samples.len()).sum();
        prop_assert_eq!(count, all);
    }
}

/// Windows that slide give what each window gives by itself, computed from its points.
#[test]
fn sliding_sums_are_those_of_the_window_alone() {
    let samples: Vec<Sample> = (0..500)
        .map(|at| Sample {
            at_ms: at * 7_000,
            value: ((at * 7_919) % 1_013) as f64 - 500.0,
        })
        .collect();
    let engine = engine(vec![samples.clone()]);
    let runtime = runtime();
    for step_ms in [1_000, 13_000, 60_000, 400_000] {
        for (query, fold) in [
            ("sum_over_time(x[5m])", 0),
            ("min_over_time(x[5m])", 1),
            ("max_over_time(x[5m])", 2),
            ("avg_over_time(x[5m])", 3),
        ] {
            let range = runtime
                .block_on(engine.range(query, 0, 3_500_000, step_ms))
                .unwrap();
            for found in &range[0].samples {
                let inside = found.at_ms - 300_000..=found.at_ms;
                let window = samples
                    .iter()
                    .filter(|sample| inside.contains(&sample.at_ms));
                let values: Vec<f64> = window.map(|sample| sample.value).collect();
                let sum: f64 = values.iter().sum();
                let wanted = [
                    sum,
                    values.iter().copied().fold(f64::INFINITY, f64::min),
                    values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                    sum / values.len() as f64,
                ][fold];
                assert!(alike(found.value, wanted), "{query} at {}", found.at_ms);
            }
        }
    }
}
