//! How fast the log store takes lines, how small it keeps them and how fast it answers.
//!
//! usage: `cargo bench -p tocsin-stores --bench logs -- FILE [COPIES [QUESTION [FOLDER]]]`. The lines of
//! FILE are stored COPIES times (each copy later than the one before); without a file, made-up
//! lines are. A QUESTION is the name of the only one to ask; `load` asks none, `all` asks all. The store is
//! kept in FOLDER, if one is given, and only asked the next time.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench prints what it measured, and fails by panicking"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use tocsin_domain::ports::log_store::{LogQuery, LogStore, Order};
use tocsin_domain::query::parse;
use tocsin_domain::{
    BatchBuilder, BatchId, NewRecord, Offset, ParsedBatch, ParsedLine, Partition, Severity, Slot,
    Span, Template, TemplateId, TimeRange, Timestamp, VariableKind,
};
use tocsin_stores::logs::{EmbeddedLogStore, LogStoreConfig};
use tocsin_templates::{Miner, MinerConfig, TemplateIndex};

/// Lines of a batch.
const BATCH_LINES: usize = 4_000;
/// How often each query is asked; the times are of the CPU, so that others do not count.
const REPEATS: usize = 20;
/// When the first line happened, in nanoseconds.
const FIRST_NANOS: i64 = 1_780_272_000_000_000_000;
/// Nanoseconds from line to line.
const LINE_NANOS: i64 = 50_000_000;

/// What is asked, by name; of a third of the time where the name ends with `cut`.
const QUESTIONS: [(&str, &str); 23] = [
    ("rare word", "zq7needle42"),
    ("absent word", "zq7absent42"),
    ("frequent word", "block"),
    ("frequent mixed", "error"),
    ("two words", "password failed"),
    ("phrase", "\"failed password for\""),
    ("phrase var", "\"user unknown\""),
    ("var word", "root"),
    ("var word cut", "root"),
    ("word and var", "failed root"),
    ("negated var", "failed -root"),
    ("prefix", "fail*"),
    ("var prefix", "web*"),
    ("ip", "10.251.73.220"),
    ("ip once", "223.249.205.201"),
    ("ip frequent", "164.29.7.190"),
    ("ip frequent cut", "164.29.7.190"),
    ("block id", "blk_-4662035731034965712"),
    ("rare var word", "webmaster"),
    ("number", "50010"),
    ("field filter", "severity:error"),
    ("field attr", "uid:0"),
    ("field source", "source:file* failed"),
];

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|one| one != "--bench")
        .collect();
    let only = arguments.get(2).map(String::as_str);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let kept = arguments.get(3).map(std::path::PathBuf::from);
    let folder = kept.unwrap_or_else(|| temporary.path().to_owned());
    let config = LogStoreConfig::default();
    if !folder.join("keyspaces").exists() {
        let store = EmbeddedLogStore::open(&folder, config.clone()).unwrap();
        runtime.block_on(store_lines(&store, &arguments));
        drop(store);
        print_parts(&folder);
    }
    if only == Some("load") {
        return;
    }
    let started = Instant::now();
    let store = EmbeddedLogStore::open(&folder, config).unwrap();
    println!("open: {:?}", started.elapsed());
    runtime.block_on(ask(&store, only.filter(|only| *only != "all")));
    println!("memory: {} peak", status("VmHWM"));
}

async fn store_lines(store: &EmbeddedLogStore, arguments: &[String]) {
    let text = match arguments.first() {
        Some(file) => std::fs::read(file).expect("a readable file"),
        None => made_up(),
    };
    let copies: usize = arguments
        .get(1)
        .map_or(1, |text| text.parse().expect("a number"));
    let lines: Vec<&[u8]> = text
        .split(|byte| *byte == b'\n')
        .filter(|one| !one.is_empty())
        .collect();
    load(store, &lines, copies).await;
}

fn made_up() -> Vec<u8> {
    let line = |at: u64| {
        let port = at.wrapping_mul(2_654_435_761) % 60_000;
        format!(
            "Jun  1 00:{:02}:{:02} web sshd[{port}]: Failed password for root from 10.0.{}.{} \
                 port {port} ssh2\n",
            at / 1200 % 60,
            at / 20 % 60,
            at % 200,
            port % 250
        )
    };
    (0..200_000).map(line).collect::<String>().into_bytes()
}

/// What the parts of all blocks take on disk.
fn print_parts(path: &std::path::Path) {
    let database = fjall::Database::builder(path).open().unwrap();
    let keyspace = database
        .keyspace("logs", fjall::KeyspaceCreateOptions::default)
        .unwrap();
    let mut bytes: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for entry in keyspace.iter() {
        let (key, value) = entry.into_inner().unwrap();
        let part = match (key[0], &key[key.len() - 2..]) {
            (b'b', [0, 0]) => "rows",
            (b'b', _) => "columns",
            (b'f', _) => "filters",
            (b'm', _) => "metas",
            _ => "other",
        };
        *bytes.entry(part).or_default() += key.len() + value.len();
    }
    println!("bytes of parts: {bytes:?}");
}

/// One line of `/proc/self/status`.
fn status(key: &str) -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text
        .lines()
        .find(|line| line.starts_with(key))
        .unwrap_or_default();
    line.split_whitespace()
        .skip(1)
        .collect::<Vec<_>>()
        .join(" ")
}

/// CPU time of this process so far, all threads that live.
fn cpu_time() -> Duration {
    // The kernel adds up a thread's time when it stops; without a stop here, what this thread did
    // before would count to what is measured next.
    std::thread::yield_now();
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let nanos = |task: std::fs::DirEntry| -> Option<u64> {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    };
    Duration::from_nanos(tasks.flatten().filter_map(nanos).sum())
}

/// Parses lines into batches with the miner.
struct Parser {
    miner: Miner,
    templates: HashMap<TemplateIndex, Arc<Template>>,
}

impl Parser {
    fn template(&mut self, index: TemplateIndex) -> Arc<Template> {
        let miner = &self.miner;
        let made = self.templates.entry(index).or_insert_with(|| {
            let mined = miner.template(index);
            let slot = |slot: &tocsin_templates::Slot| Slot {
                kind: VariableKind::Any,
                key: slot.key.as_ref().map(|key| Arc::from(&**key)),
            };
            Arc::new(Template {
                id: TemplateId(mined.id),
                parent: None,
                parts: mined.parts.clone(),
                slots: mined.slots.iter().map(slot).collect(),
            })
        });
        Arc::clone(made)
    }

    fn batch(&mut self, number: u64, first: u64, lines: &[&[u8]]) -> ParsedBatch {
        let observed = Timestamp::from_secs(1_790_000_000 + (first / 20) as i64);
        let mut random = [7; 10];
        random[2..].copy_from_slice(&number.to_be_bytes());
        random.rotate_left(4);
        let id = BatchId::new(observed, random);
        let mut builder = BatchBuilder::new(id, observed, Arc::from("file:/var/log/grown.log"));
        let bytes = lines.iter().map(|line| line.len()).sum();
        builder.reserve(lines.len(), bytes);
        let mut parsed = Vec::with_capacity(lines.len());
        let mut variables = Vec::new();
        let mut templates: Vec<Arc<Template>> = Vec::new();
        let mut numbers: HashMap<TemplateIndex, u32> = HashMap::new();
        let mut spans = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let nanos = FIRST_NANOS + (first + at as u64) as i64 * LINE_NANOS;
            let is_exact = (first + at as u64) % 5 == 1;
            let nanos = if is_exact {
                nanos + 123_457
            } else {
                nanos / 1_000_000_000 * 1_000_000_000
            };
            let severity = if memchr_like(line, b"rror") {
                Severity::ERROR
            } else {
                Severity::INFO
            };
            let record = NewRecord {
                body: line,
                timestamp: (at % 5 != 4).then_some(Timestamp(nanos)),
                severity,
                ..NewRecord::default()
            };
            builder.push(record).unwrap();
            spans.clear();
            let index = self.miner.parse(line, &mut spans);
            let template = *numbers.entry(index).or_insert_with(|| {
                templates.push(self.template(index));
                templates.len() as u32 - 1
            });
            parsed.push(ParsedLine {
                template,
                variables: variables.len() as u32,
            });
            variables.extend(spans.iter().map(|(start, end)| Span {
                start: *start,
                end: *end,
            }));
        }
        ParsedBatch {
            batch: builder.finish(),
            lines: parsed,
            variables,
            templates,
        }
    }
}

fn memchr_like(line: &[u8], needle: &[u8]) -> bool {
    line.windows(needle.len()).any(|window| window == needle)
}

async fn load(store: &EmbeddedLogStore, lines: &[&[u8]], copies: usize) {
    let mut parser = Parser {
        miner: Miner::new(MinerConfig::default()),
        templates: HashMap::new(),
    };
    let mut cpu = Duration::ZERO;
    let mut wall = Duration::ZERO;
    let mut number = 0;
    let mut count = 0u64;
    for _ in 0..copies {
        for chunk in lines.chunks(BATCH_LINES) {
            number += 1;
            let batch = parser.batch(number, count, chunk);
            count += chunk.len() as u64;
            let (cpu_before, started) = (cpu_time(), Instant::now());
            store
                .append(Partition(0), Offset(number), batch)
                .await
                .unwrap();
            cpu += cpu_time().saturating_sub(cpu_before);
            wall += started.elapsed();
        }
    }
    let (cpu_before, started) = (cpu_time(), Instant::now());
    store.flush(Partition(0)).await.unwrap();
    cpu += cpu_time().saturating_sub(cpu_before);
    wall += started.elapsed();
    let stats = store.stats().await.unwrap();
    println!(
        "stored {count} lines of {} templates: {:.3} us CPU and {:.3} us wall a line",
        parser.templates.len(),
        cpu.as_secs_f64() * 1e6 / count as f64,
        wall.as_secs_f64() * 1e6 / count as f64,
    );
    println!(
        "{} blocks, {:.4} bytes on disk per raw byte ({} of {})",
        stats.blocks,
        stats.disk_bytes as f64 / stats.raw_bytes as f64,
        stats.disk_bytes,
        stats.raw_bytes,
    );
    println!("memory: {} peak, {} now", status("VmHWM"), status("VmRSS"));
}

async fn ask(store: &EmbeddedLogStore, only: Option<&str>) {
    let stats = store.stats().await.unwrap();
    let source = &stats.sources[0];
    let span = (source.last_seen.0 - source.first_seen.0).max(1);
    // As the page does: the shortest round interval that gives at most 120 buckets.
    let steps = [1i64, 10, 60, 600, 3_600, 86_400, 864_000];
    let interval = steps
        .iter()
        .map(|step| step * 1_000_000_000)
        .find(|step| span / step <= 120);
    let interval = interval.unwrap_or(864_000_000_000_000);
    for (name, text) in QUESTIONS {
        if only.is_some_and(|only| only != name) {
            continue;
        }
        let mut query = LogQuery {
            expression: parse(text).unwrap(),
            ..LogQuery::all(TimeRange::ALL)
        };
        if name.ends_with("cut") {
            // A third of the lines that say when they happened, with ends that cut blocks.
            let third = stats.records as i64 / 3 * LINE_NANOS;
            query.range = TimeRange {
                from: Timestamp(FIRST_NANOS + third),
                to: Timestamp(FIRST_NANOS + third * 2),
            };
        }
        let started = cpu_time();
        let count = store.count(&query).await.unwrap();
        let cold = cpu_time().saturating_sub(started).as_secs_f64() * 1e3;
        print!("{name:>15} {count:>9}  cold {cold:.1}");
        let mut times = Vec::new();
        for _ in 0..REPEATS {
            let started = cpu_time();
            store.count(&query).await.unwrap();
            times.push(cpu_time().saturating_sub(started));
        }
        print_times("count", &mut times);
        for _ in 0..REPEATS {
            let started = cpu_time();
            store.histogram(&query, interval).await.unwrap();
            times.push(cpu_time().saturating_sub(started));
        }
        print_times("histogram", &mut times);
        for _ in 0..REPEATS {
            let started = cpu_time();
            store
                .search(&query, Order::NewestFirst, None, 10)
                .await
                .unwrap();
            times.push(cpu_time().saturating_sub(started));
        }
        print_times("newest", &mut times);
        println!();
    }
}

fn print_times(name: &str, times: &mut Vec<Duration>) {
    let first = times[0];
    times.sort_unstable();
    let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
    print!(
        "  {name} {:.2} {:.2} (first {:.2})",
        millis(times[times.len() / 2]),
        millis(times[times.len() * 99 / 100]),
        millis(first),
    );
    times.clear();
}
