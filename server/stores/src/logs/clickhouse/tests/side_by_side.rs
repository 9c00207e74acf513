//! Real logs in both stores: the same answers, and what each costs.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tocsin_domain::ports::log_store::{LogStore, Order};
use tocsin_domain::{Offset, ParsedBatch, Partition, Timestamp};

use super::super::super::contract::corpus::{Line, batch};
use super::super::super::contract::query;
use super::super::super::{EmbeddedLogStore, LogStoreConfig};
use super::super::ClickHouseLogStore;
use super::front::Front;
use super::{number_of, run};

const QUESTIONS: [&str; 12] = [
    "",
    "error",
    "failed password",
    "\"failed password for\"",
    "block -terminating",
    "fail*",
    "10.251.73.220",
    "uid:0",
    "source:linux* failed",
    "severity:>=warn OR port:>1000",
    "zq7absent42",
    "rhost:*",
];

/// The lines of the corpora as batches, each corpus a source, `copies` times.
fn real_logs(copies: usize) -> Option<Vec<ParsedBatch>> {
    let folder = std::env::var_os("TOCSIN_DATA").map(|data| PathBuf::from(data).join("parsing"));
    let Some(folders) = folder.and_then(|folder| std::fs::read_dir(folder).ok()) else {
        eprintln!("SKIPPED: the corpora are not there (TOCSIN_DATA)");
        return None;
    };
    let mut names: Vec<String> = folders
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let mut batches = Vec::new();
    let mut at = 0;
    for _ in 0..copies {
        for name in &names {
            let root = PathBuf::from(std::env::var_os("TOCSIN_DATA").unwrap()).join("parsing");
            let text = std::fs::read(root.join(name).join(format!("{name}_2k.log"))).unwrap();
            let lines: Vec<Line> = text
                .split(|byte| *byte == b'\n')
                .map(|body| {
                    at += 1;
                    Line {
                        body: body.to_vec(),
                        timestamp: Some(Timestamp::from_millis(1_780_272_000_000 + at * 50)),
                        ..Line::of("")
                    }
                })
                .collect();
            batches.push(batch(
                batches.len() as u64 + 1,
                &name.to_ascii_lowercase(),
                &lines,
            ));
        }
    }
    Some(batches)
}

async fn store(store: &dyn LogStore, batches: &[ParsedBatch]) -> Duration {
    let started = Instant::now();
    for (at, parsed) in batches.iter().enumerate() {
        let offset = Offset(at as u64 + 1);
        store
            .append(Partition(0), offset, parsed.clone())
            .await
            .unwrap();
    }
    store.flush(Partition(0)).await.unwrap();
    started.elapsed()
}

#[test]
fn real_logs_get_the_same_answers_as_in_the_embedded_store() {
    let copies = number_of("TOCSIN_CLICKHOUSE_COPIES").unwrap_or(1);
    let (Some(front), Some(batches)) = (Front::start(), real_logs(copies)) else {
        return;
    };
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let embedded = EmbeddedLogStore::open(folder.path(), LogStoreConfig::default()).unwrap();
        let clickhouse = ClickHouseLogStore::open(front.config("d")).await.unwrap();
        for (name, one) in [
            ("embedded", &embedded as &dyn LogStore),
            ("clickhouse", &clickhouse),
        ] {
            let took = store(one, &batches).await;
            let stats = one.stats().await.unwrap();
            eprintln!(
                "{name}: {} lines, {:.0} lines/s, {:.1} bytes a line of {:.1}",
                stats.records,
                stats.records as f64 / took.as_secs_f64(),
                stats.disk_bytes as f64 / stats.records as f64,
                stats.raw_bytes as f64 / stats.records as f64,
            );
        }
        for text in QUESTIONS {
            let query = query(text);
            let mut took = Vec::new();
            let mut answers = Vec::new();
            for one in [&embedded as &dyn LogStore, &clickhouse] {
                let started = Instant::now();
                let count = one.count(&query).await.unwrap();
                let counted = started.elapsed();
                let page = one
                    .search(&query, Order::NewestFirst, None, 50)
                    .await
                    .unwrap();
                took.push((counted, started.elapsed() - counted));
                let templates = one.template_counts(&query).await.unwrap();
                let histogram = one.histogram(&query, 60_000_000_000).await.unwrap();
                let distribution = match templates.first() {
                    Some(first) => one.distributions(first.template, &query).await.unwrap(),
                    None => Vec::new(),
                };
                answers.push((count, page, templates, histogram, distribution));
            }
            assert!(answers[0] == answers[1], "{text}");
            eprintln!(
                "{text:32} {:8} records, count and page: {took:?}",
                answers[0].0
            );
        }
    });
}
