//! How fast the metric store takes points, how small it keeps them and how fast it answers.
//!
//! usage: `cargo bench -p tocsin-stores --bench metrics -- [SERIES [HOURS]]`. Points of SERIES made-up
//! series (100,000) over HOURS hours (4) are appended and flushed every 10 minutes of theirs; then
//! 100 of them are asked for. With fewer series and 24 hours the query is that of the aim.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints what it measured, and fails by panicking"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use tocsin_domain::metric::{METRIC_SHARDS, MatchOp, Matcher, MetricBatchBuilder, Selection};
use tocsin_domain::ports::MetricStore;
use tocsin_domain::{BatchId, Labels, MetricKind, Offset, Partition, SeriesId, Timestamp};
use tocsin_stores::metrics::{EmbeddedMetricStore, MetricStoreConfig};

/// When the first point happened.
const FIRST_MS: i64 = 1_780_272_000_000;
/// Milliseconds from point to point.
const STEP_MS: i64 = 10_000;
/// Steps between two flushes.
const FLUSH_STEPS: i64 = 60;
/// Series that one source sends.
const SOURCE_SERIES: usize = 500;
/// How often the query is asked.
const REPEATS: usize = 50;

/// A generator of numbers (SplitMix64), seeded.
#[derive(Debug, Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// About normal, with variance 1: the sum of twelve uniform numbers.
    fn normal(&mut self) -> f64 {
        let sum: f64 = (0..12)
            .map(|_| self.below(1 << 20) as f64 / f64::from(1 << 20))
            .sum();
        sum - 6.0
    }
}

/// What a series is like.
const KINDS: [&str; 8] = [
    "requests_total",
    "bytes_total",
    "cpu_percent",
    "memory_percent",
    "temperature",
    "queue_length",
    "limit",
    "ratio",
];

/// A series that is made up.
#[derive(Debug, Clone)]
struct Made {
    id: SeriesId,
    labels: Labels,
    kind: usize,
    level: f64,
    random: Random,
}

impl Made {
    fn new(number: usize) -> Self {
        let source = number / SOURCE_SERIES;
        let kind = number % KINDS.len();
        let labels = Labels::new([
            ("__name__", KINDS[kind]),
            (
                "instance",
                &format!("10.0.{}.{}:9100", source / 250, source % 250),
            ),
            ("job", "node"),
            (
                "device",
                &format!("dev{}", number % SOURCE_SERIES / KINDS.len()),
            ),
            ("region", ["eu-west-1", "us-east-1"][source % 2]),
        ])
        .unwrap();
        Self {
            id: labels.id(),
            labels,
            kind,
            level: 50.0,
            random: Random(number as u64),
        }
    }

    fn next(&mut self) -> f64 {
        let random = &mut self.random;
        let rounded = |value: f64, scale: f64| (value * scale).round() / scale;
        match self.kind {
            // Steps of a counter: some requests, or bytes in whole packets.
            0 => self.level += random.below(40) as f64,
            1 => self.level += (random.below(90) * 1_448) as f64,
            // A busy level, one of two decimals.
            2 => return rounded(30.0 + 8.0 * random.normal(), 10.0).max(0.0),
            // Slow walks.
            3 => self.level = (self.level + 0.05 * random.normal()).clamp(0.0, 100.0),
            4 => self.level += 0.1 * random.normal(),
            5 => return (random.below(12) * random.below(2)) as f64,
            6 => return 1_024.0,
            // A share that was computed, held for a minute or so.
            _ => {
                if random.below(6) == 0 {
                    self.level = random.below(1_000) as f64 / 997.0;
                }
                return self.level;
            }
        }
        match self.kind {
            3 => rounded(self.level, 100.0),
            4 => rounded(self.level, 10.0),
            _ => self.level,
        }
    }
}

/// The series of one source and shard, which come together.
struct Scrape {
    source: Arc<str>,
    shard: u16,
    series: Vec<Made>,
}

fn scrapes(series: usize) -> Vec<Scrape> {
    let mut scrapes = Vec::new();
    for source in 0..series.div_ceil(SOURCE_SERIES) {
        let numbers = source * SOURCE_SERIES..((source + 1) * SOURCE_SERIES).min(series);
        let made: Vec<Made> = numbers.map(Made::new).collect();
        for shard in 0..METRIC_SHARDS {
            let of_shard = made.iter().filter(|one| one.id.shard() == shard);
            scrapes.push(Scrape {
                source: format!("scrape:{source}").into(),
                shard,
                series: of_shard.cloned().collect(),
            });
        }
    }
    scrapes
}

/// The time that all threads spent on a CPU, so that others on the machine do not count.
fn cpu_time() -> Duration {
    // The kernel adds up a thread's time when it stops.
    std::thread::yield_now();
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let nanos = |task: std::io::Result<std::fs::DirEntry>| -> Option<u64> {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok()
    };
    Duration::from_nanos(tasks.filter_map(nanos).sum())
}

/// As [`cpu_time`], with threads that ended; to 10 ms.
fn cpu_time_of_all() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .filter_map(|one| one.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0u64) * 4096
}

/// What taking points cost.
#[derive(Debug, Default)]
struct Cost {
    /// Of new series.
    first: Duration,
    append: Duration,
    flush: Duration,
    flush_max: Duration,
    points: u64,
}

async fn fill(store: &EmbeddedMetricStore, series: usize, steps: i64, jitter_ms: u64) -> Cost {
    let mut cost = Cost::default();
    let mut scrapes = scrapes(series);
    let before = resident_bytes();
    let mut offset = 0;
    let mut jitter = Random(9);
    for step in 0..steps {
        let mut batches = Vec::with_capacity(scrapes.len());
        for scrape in &mut scrapes {
            let at_ms = FIRST_MS + step * STEP_MS + jitter.below(jitter_ms + 1) as i64;
            let observed = Timestamp::from_millis(at_ms);
            let id = BatchId::new(observed, [1; 10]);
            let mut batch =
                MetricBatchBuilder::new(id, observed, Arc::clone(&scrape.source), scrape.shard);
            for made in &mut scrape.series {
                let known: &[u8] = if step == 0 {
                    made.labels.as_bytes()
                } else {
                    &[]
                };
                let index = batch.series(made.id, MetricKind::Unknown, known);
                batch.point(index, at_ms, made.next());
            }
            cost.points += batch.len() as u64;
            batches.push((Partition(scrape.shard), Arc::new(batch.finish())));
        }
        let start = cpu_time();
        for (partition, batch) in batches {
            offset += 1;
            store
                .append(partition, Offset(offset), batch)
                .await
                .unwrap();
        }
        let spent = cpu_time().saturating_sub(start);
        if step == 0 {
            cost.first = spent;
        } else {
            cost.append += spent;
        }
        if step == FLUSH_STEPS - 1 {
            let more = resident_bytes().saturating_sub(before);
            println!(
                "  resident: {} bytes a series more, before the first flush",
                more / series as u64
            );
        }
        if (step + 1) % FLUSH_STEPS == 0 || step + 1 == steps {
            for partition in 0..METRIC_SHARDS {
                let start = cpu_time();
                store.flush(Partition(partition)).await.unwrap();
                let spent = cpu_time().saturating_sub(start);
                cost.flush += spent;
                cost.flush_max = cost.flush_max.max(spent);
            }
        }
    }
    cost
}

async fn ask(store: &EmbeddedMetricStore, matchers: Vec<Matcher>, hours: i64) {
    let selection = Selection {
        matchers,
        from_ms: FIRST_MS,
        to_ms: FIRST_MS + hours * 3_600_000,
        series_max: 100_000,
        samples_max: 100_000_000,
    };
    let mut times = Vec::new();
    let (mut series, mut samples) = (0, 0);
    let cpu = cpu_time_of_all();
    for _ in 0..REPEATS {
        let start = Instant::now();
        let found = store.select(&selection).await.unwrap();
        times.push(start.elapsed());
        series = found.len();
        samples = found.iter().map(|one| one.samples.len()).sum();
    }
    let cpu = cpu_time_of_all().saturating_sub(cpu) / REPEATS as u32;
    times.sort();
    let (median, last) = (times[REPEATS / 2], times[REPEATS * 99 / 100]);
    println!(
        "  select: {series} series, {samples} points: p50 {:.1} ms, p99 {:.1} ms; of the CPU {:.1} ms, {:.1} ns a point",
        median.as_secs_f64() * 1e3,
        last.as_secs_f64() * 1e3,
        cpu.as_secs_f64() * 1e3,
        cpu.as_nanos() as f64 / samples.max(1) as f64
    );
}

fn equal(name: &str, value: &str) -> Matcher {
    Matcher::new(MatchOp::Equal, name, value).unwrap()
}

async fn measure(series: usize, hours: i64, jitter_ms: u64) {
    println!("{series} series, {hours} h at 10 s, jitter up to {jitter_ms} ms");
    let folder = tempfile::tempdir().unwrap();
    let open = || EmbeddedMetricStore::open(folder.path(), MetricStoreConfig::default()).unwrap();
    let store = open();
    let cost = fill(&store, series, hours * 360, jitter_ms).await;
    let each = |time: Duration| time.as_nanos() as f64 / cost.points as f64;
    println!(
        "  append {:.0} ns a point, {:.1} us a new series; flush {:.0} ns a point (longest {:.2} s)",
        each(cost.append),
        cost.first.as_secs_f64() * 1e6 / series as f64,
        each(cost.flush),
        cost.flush_max.as_secs_f64()
    );
    let before = store.stats().await.unwrap().disk_bytes;
    let end = Timestamp::from_millis(FIRST_MS + (hours + 4) * 3_600_000);
    let start = cpu_time();
    store.retain(end).await.unwrap();
    let spent = cpu_time().saturating_sub(start);
    let stats = store.stats().await.unwrap();
    println!(
        "  disk: {:.3} bytes a point, {:.3} before compaction, which took {:.2} s",
        stats.disk_bytes as f64 / cost.points as f64,
        before as f64 / cost.points as f64,
        spent.as_secs_f64()
    );
    assert_eq!(stats.samples, cost.points);
    drop(store);
    let (start, cpu) = (Instant::now(), cpu_time());
    let store = open();
    println!(
        "  open: {:.2} s, of the CPU {:.2} s",
        start.elapsed().as_secs_f64(),
        cpu_time().saturating_sub(cpu).as_secs_f64()
    );
    // Some 100 far apart, and some of two hosts.
    let devices = (100 * SOURCE_SERIES / series).clamp(1, 60);
    let spread: Vec<String> = (0..devices)
        .map(|at| (at * 60 / devices).to_string())
        .collect();
    let device = format!("dev({})", spread.join("|"));
    let device = Matcher::new(MatchOp::Matches, "device", &device).unwrap();
    ask(
        &store,
        vec![equal("__name__", "bytes_total"), device],
        hours,
    )
    .await;
    let hosts = Matcher::new(MatchOp::Matches, "instance", "10.0.0.[12]:9100").unwrap();
    let device = Matcher::new(MatchOp::Matches, "device", "dev[0-5]?").unwrap();
    ask(&store, vec![hosts, device], hours).await;
}

/// The bytes of each kind of series.
async fn by_kind() {
    for (kind, name) in KINDS.iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedMetricStore::open(folder.path(), MetricStoreConfig::default()).unwrap();
        let mut made: Vec<Made> = (0..)
            .map(Made::new)
            .filter(|one| one.kind == kind)
            .take(400)
            .collect();
        made.retain(|one| one.id.shard() == 0);
        let mut points = 0;
        for step in 0..2_160 {
            let at_ms = FIRST_MS + step * STEP_MS;
            let observed = Timestamp::from_millis(at_ms);
            let id = BatchId::new(observed, [1; 10]);
            let mut batch = MetricBatchBuilder::new(id, observed, "bench".into(), 0);
            for one in &mut made {
                let index = batch.series(one.id, MetricKind::Unknown, one.labels.as_bytes());
                batch.point(index, at_ms, one.next());
                points += 1;
            }
            let batch = Arc::new(batch.finish());
            store
                .append(Partition(0), Offset(step as u64 + 1), batch)
                .await
                .unwrap();
        }
        store.flush(Partition(0)).await.unwrap();
        let end = Timestamp::from_millis(FIRST_MS + 7 * 3_600_000);
        store.retain(end).await.unwrap();
        let bytes = store.stats().await.unwrap().disk_bytes as f64;
        println!(
            "  {name:<16} {:.3} bytes a point",
            bytes / f64::from(points)
        );
    }
}

fn main() {
    let arguments: Vec<usize> = std::env::args()
        .filter_map(|one| one.parse().ok())
        .collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let series = arguments.first().copied().unwrap_or(100_000);
    let hours = arguments.get(1).copied().unwrap_or(4) as i64;
    runtime.block_on(by_kind());
    runtime.block_on(measure(series, hours, 0));
    if arguments.is_empty() {
        runtime.block_on(measure(50_000, 24, 300));
    }
}
