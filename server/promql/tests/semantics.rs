//! What queries mean, case by case: the files in `semantics/` say which points there are, what
//! is asked and what has to come out. The cases follow the meaning of Prometheus' own tests.
//!
//! `load STEP` lists series with values from time 0, `NxM` being N repeated M times after itself
//! and `N+DxM` M further steps of D; `_` is no point. `instant TIME QUERY`, `range FROM TO STEP
//! QUERY` and `fail … : part of the message`; expected lines follow. `ordered` compares the order.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test cannot do ends it"
)]

mod memory;

use std::sync::Arc;

use tocsin_domain::metric::{STALE_BITS, Sample};
use tocsin_promql::{Engine, EngineConfig, QueryError, QueryValue, RangeSeries, parse_selector};

type Line = (String, Vec<(i64, f64)>);

fn time_ms(text: &str) -> i64 {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let number: i64 = text[..text.len() - unit.len()].parse().unwrap();
    number
        * match unit {
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => panic!("`{text}` is no time"),
        }
}

fn number(text: &str) -> f64 {
    match text {
        "stale" => f64::from_bits(STALE_BITS),
        text => text
            .parse()
            .unwrap_or_else(|_| panic!("`{text}` is no value")),
    }
}

/// The values of one word of a series.
fn expand(word: &str, out: &mut Vec<Option<f64>>) {
    if let Some(times) = word.strip_prefix("_x") {
        out.resize(out.len() + times.parse::<usize>().unwrap(), None);
    } else if word == "_" {
        out.push(None);
    } else if let Some((start, times)) = word.split_once('x') {
        let times: u32 = times.parse().unwrap();
        let (start, step) = start.split_once('+').unwrap_or((start, "0"));
        out.extend((0..=times).map(|at| Some(number(start) + number(step) * f64::from(at))));
    } else {
        out.push(Some(number(word)));
    }
}

/// Labels in the order of their names, written alike for what is expected and what came.
fn labels(text: &str) -> String {
    if text == "{}" {
        return String::new();
    }
    let mut pairs: Vec<String> = parse_selector(text)
        .unwrap()
        .iter()
        .map(|matcher| format!("{}={}", matcher.name, matcher.value))
        .collect();
    pairs.sort();
    pairs.join(",")
}

/// Splits a line into labels and words; labels may hold spaces in quotes.
fn split(line: &str) -> (&str, Vec<&str>) {
    let end = match (line.find('{'), line.find(' ')) {
        (Some(open), Some(space)) if open < space => line.find('}').unwrap() + 1,
        (Some(_), None) => line.len(),
        (_, Some(space)) => space,
        (None, None) => line.len(),
    };
    (&line[..end], line[end..].split_whitespace().collect())
}

fn series(found: Vec<RangeSeries>) -> Vec<Line> {
    let line = |one: RangeSeries| {
        let pairs: Vec<String> = one
            .labels
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (
            pairs.join(","),
            one.samples
                .iter()
                .map(|sample| (sample.at_ms, sample.value))
                .collect(),
        )
    };
    found.into_iter().map(line).collect()
}

/// One case: a command and the lines that follow it.
struct Case<'a> {
    command: &'a str,
    expected: &'a [&'a str],
}

struct Asked {
    answer: Result<Vec<Line>, QueryError>,
    times: Vec<i64>,
}

async fn ask(engine: &Engine, words: &[&str], query: &str) -> Asked {
    if words[0] == "range" {
        let [from, to, step] = [words[1], words[2], words[3]].map(time_ms);
        let answer = engine.range(query, from, to, step).await.map(series);
        let times = if step > 0 {
            (from..=to).step_by(step as usize).collect()
        } else {
            vec![]
        };
        return Asked { answer, times };
    }
    let at_ms = time_ms(words[1]);
    let answer = engine.instant(query, at_ms).await.map(|value| match value {
        QueryValue::Scalar(sample) => vec![("scalar".into(), vec![(at_ms, sample.value)])],
        QueryValue::Str(_, text) => vec![(format!("{text:?}"), vec![])],
        QueryValue::Matrix(found) => series(found),
        QueryValue::Vector(found) => series(
            found
                .into_iter()
                .map(|one| RangeSeries {
                    labels: one.labels,
                    samples: vec![one.sample],
                })
                .collect(),
        ),
    });
    Asked {
        answer,
        times: vec![at_ms],
    }
}

fn expected(line: &str, times: &[i64]) -> Line {
    if line.starts_with('"') {
        return (line.into(), vec![]);
    }
    if !line.contains(' ') {
        return ("scalar".into(), vec![(times[0], number(line))]);
    }
    let (text, words) = split(line);
    if words[0].starts_with('@') {
        let points = words
            .chunks(2)
            .map(|pair| (time_ms(&pair[0][1..]), number(pair[1])));
        return (labels(text), points.collect());
    }
    let there = times.iter().zip(words).filter(|(_, word)| *word != "_");
    (
        labels(text),
        there.map(|(at, word)| (*at, number(word))).collect(),
    )
}

fn alike(left: &Line, right: &Line) -> bool {
    let close = |(left_at, left): &(i64, f64), (right_at, right): &(i64, f64)| {
        let scale = left.abs().max(right.abs());
        left_at == right_at
            && (left == right
                || left.is_nan() && right.is_nan()
                || (left - right).abs() <= 1e-9 * scale)
    };
    left.0 == right.0
        && left.1.len() == right.1.len()
        && left
            .1
            .iter()
            .zip(&right.1)
            .all(|(left, right)| close(left, right))
}

async fn check(engine: &Engine, case: &Case<'_>) -> Option<String> {
    let fails = case.command.strip_prefix("fail ");
    let ordered = case.command.strip_prefix("ordered ");
    let command = fails.or(ordered).unwrap_or(case.command);
    let arguments = if command.starts_with("range") { 4 } else { 2 };
    let (command, message) = match (fails, command.rsplit_once(" : ")) {
        (Some(_), Some((command, message))) => (command, message),
        _ => (command, ""),
    };
    let mut words: Vec<&str> = command.splitn(arguments + 1, ' ').collect();
    let query = words.pop().unwrap();
    let Asked { answer, times } = ask(engine, &words, query).await;
    match (answer, fails) {
        (Err(error), Some(_)) if error.to_string().contains(message) => None,
        (Ok(_), Some(_)) => Some("there is an answer".into()),
        (Err(error), _) => Some(error.to_string()),
        (Ok(mut ours), None) => {
            let mut wanted: Vec<Line> = case
                .expected
                .iter()
                .map(|line| expected(line, &times))
                .collect();
            if ordered.is_none() {
                ours.sort_by(|left, right| left.0.cmp(&right.0));
                wanted.sort_by(|left, right| left.0.cmp(&right.0));
            }
            let same = ours.len() == wanted.len()
                && ours
                    .iter()
                    .zip(&wanted)
                    .all(|(ours, wanted)| alike(ours, wanted));
            (!same).then(|| format!("\n    {ours:?}, not\n    {wanted:?}"))
        }
    }
}

fn load(store: &mut memory::MemoryStore, step: &str, lines: &[&str]) {
    let step_ms = time_ms(step);
    for line in lines {
        let (text, words) = split(line);
        let matchers = parse_selector(text).unwrap();
        let pairs: Vec<(&str, &str)> = matchers
            .iter()
            .map(|matcher| (matcher.name.as_str(), matcher.value.as_str()))
            .collect();
        let mut values = Vec::new();
        words.iter().for_each(|word| expand(word, &mut values));
        let points = values.iter().enumerate().filter_map(|(at, value)| {
            value.map(|value| Sample {
                at_ms: at as i64 * step_ms,
                value,
            })
        });
        store.add(&pairs, Vec::new(), points.collect());
    }
}

async fn run(text: &str) {
    let mut lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .peekable();
    let mut engine = Engine::new(
        Arc::new(memory::MemoryStore::default()),
        EngineConfig::default(),
    );
    let (mut wrong, mut asked) = (Vec::new(), 0);
    while let Some(command) = lines.next() {
        let mut follow = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with(' ')) {
            follow.push(line.trim());
        }
        if let Some(step) = command.strip_prefix("load ") {
            let mut store = memory::MemoryStore::default();
            load(&mut store, step, &follow);
            engine = Engine::new(Arc::new(store), EngineConfig::default());
        } else if command != "clear" {
            asked += 1;
            let case = Case {
                command,
                expected: &follow,
            };
            if let Some(difference) = check(&engine, &case).await {
                wrong.push(format!("{command}\n  {difference}"));
            }
        }
    }
    assert!(
        asked > 0 && wrong.is_empty(),
        "of {asked}:\n{}",
        wrong.join("\n")
    );
}

#[tokio::test]
async fn selectors_find_series_and_times() {
    run(include_str!("semantics/selectors.test")).await;
}

#[tokio::test]
async fn markers_and_silence_end_series() {
    run(include_str!("semantics/staleness.test")).await;
}

#[tokio::test]
async fn functions_compute_what_prometheus_does() {
    run(include_str!("semantics/functions.test")).await;
}

#[tokio::test]
async fn operators_match_series_by_labels() {
    run(include_str!("semantics/operators.test")).await;
}

#[tokio::test]
async fn aggregations_group_by_labels() {
    run(include_str!("semantics/aggregations.test")).await;
}

#[tokio::test]
async fn quantiles_are_estimated_from_histograms() {
    run(include_str!("semantics/histograms.test")).await;
}
