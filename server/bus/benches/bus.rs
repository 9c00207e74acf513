//! What a line costs on the bus: appended, read and acknowledged, in CPU time of this process.
//!
//! `cargo bench -p tocsin-bus` prints one row for each size of batch, of the embedded bus and then
//! of the one on Redis, with what Redis itself spent. Lines have 120 bytes; eight callers append to
//! four partitions; a partition is acknowledged every 64k lines, as the log store does. Work of the
//! kernel's own threads is not counted.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tocsin_bus::contract::{RedisServer, hold_all};
use tocsin_bus::{BusConfig, FjallBus, RedisBus, RedisUrl, codec};
use tocsin_domain::batch::{BatchBuilder, NewRecord};
use tocsin_domain::ports::{Bus, BusError};
use tocsin_domain::{BatchId, Event, Offset, Partition, Payload, Severity, Timestamp};

const LINES: usize = 4_000_000;
/// Lines through Redis, which keeps all of them in a file until it rewrites it.
const REDIS_LINES: usize = 1_000_000;
const HEAD_LINES: usize = 65_536;
const CALLERS: usize = 8;

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn batch(source: &str, lines: usize) -> Event {
    let observed = Timestamp::from_secs(1_700_000_000);
    let id = BatchId::new(observed, [3; 10]);
    let mut builder = BatchBuilder::new(id, observed, Arc::from(source));
    for line in 0..lines {
        let text = format!(
            "sshd[{}]: Failed password for root from 10.0.0.{}",
            line * 7,
            line % 200
        );
        let body = format!("{text:.<width$}", width = 100 + line % 41);
        let record = NewRecord {
            body: body.as_bytes(),
            timestamp: Some(Timestamp(observed.0 + line as i64 * 50_000_000)),
            severity: Severity::INFO,
            host: "web-01",
            ..NewRecord::default()
        };
        if builder.push(record).is_err() {
            break;
        }
    }
    Payload::Logs(builder.finish()).into()
}

async fn process(bus: &impl Bus, partition: Partition) {
    let (mut after, mut in_head) = (Offset(0), 0);
    while let Ok(read) = bus.read(partition, after, 1 << 20).await {
        for delivery in read {
            let Payload::Logs(batch) = &delivery.event.payload else {
                continue;
            };
            in_head += batch.records.len();
            after = delivery.offset;
        }
        if in_head >= HEAD_LINES {
            in_head = 0;
            let _ = bus.acknowledge(partition, after).await;
        }
    }
    let _ = bus.acknowledge(partition, after).await;
}

async fn append(bus: &impl Bus, events: &[Event], batches: usize) {
    for number in 0..batches {
        let event = events[number % events.len()].clone();
        while let Err(BusError::Full { .. }) = bus.append(vec![event.clone()]).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// What a run took.
struct Spent {
    cpu: Duration,
    wall: Duration,
    lines: f64,
}

impl Spent {
    fn ns_a_line(&self) -> f64 {
        self.cpu.as_nanos() as f64 / self.lines
    }

    fn row(&self) -> String {
        format!(
            "{:>4.0} ns a line, {:>5.2} million lines per CPU second, {:>4.2} million a second",
            self.ns_a_line(),
            self.lines / self.cpu.as_secs_f64() / 1e6,
            self.lines / self.wall.as_secs_f64() / 1e6,
        )
    }
}

async fn drive(bus: &impl Bus, lines: usize, total: usize) -> Spent {
    let events: Vec<_> = (0..16)
        .map(|at| batch(&format!("source-{at}"), lines))
        .collect();
    let batches = total / lines / CALLERS;
    let (cpu_before, begin) = (cpu(), Instant::now());
    let callers = (0..CALLERS).map(|caller| append(bus, &events[caller..], batches));
    let appends = async {
        futures_util::future::join_all(callers).await;
        bus.close();
    };
    let parts = [0, 1, 2, 3].map(|partition| process(bus, Partition(partition)));
    let [a, b, c, d] = parts;
    tokio::join!(appends, a, b, c, d);
    Spent {
        cpu: cpu() - cpu_before,
        wall: begin.elapsed(),
        lines: (batches * CALLERS * lines) as f64,
    }
}

async fn embedded(lines: usize) -> Result<Spent, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let bus = FjallBus::open(folder.path(), BusConfig::default())?;
    let spent = drive(&bus, lines, LINES).await;
    println!(
        "{lines:>6} lines a batch, embedded: {}; {}",
        spent.row(),
        memory()
    );
    Ok(spent)
}

async fn on_redis(
    lines: usize,
    fsync: &str,
    beside: &Spent,
) -> Result<(), Box<dyn std::error::Error>> {
    let Some(server) = RedisServer::start(&["--appendfsync", fsync])? else {
        println!("SKIPPED: `redis-server` is not installed");
        return Ok(());
    };
    let mut config = BusConfig::default();
    config.redis.url = RedisUrl::new(server.url());
    let bus = RedisBus::open(&config, "logs", "pipeline").await?;
    hold_all(&bus).await;
    let before = redis_cpu(&server).await?;
    let spent = drive(&bus, lines, REDIS_LINES).await;
    let theirs = redis_cpu(&server).await? - before;
    println!(
        "{lines:>6} lines a batch, {fsync:>8}: {}, {:.1} times the embedded one; Redis itself {:.0} ns a line",
        spent.row(),
        spent.ns_a_line() / beside.ns_a_line(),
        theirs * 1e9 / spent.lines,
    );
    Ok(())
}

/// Seconds of processor time that a Redis has spent.
async fn redis_cpu(server: &RedisServer) -> Result<f64, Box<dyn std::error::Error>> {
    let client = redis::Client::open(server.url())?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let mut info = redis::cmd("INFO");
    let text: String = info.arg("cpu").query_async(&mut connection).await?;
    let seconds = text
        .lines()
        .filter(|line| line.starts_with("used_cpu_sys:") || line.starts_with("used_cpu_user:"))
        .filter_map(|line| line.split(':').nth(1)?.trim().parse::<f64>().ok());
    Ok(seconds.sum())
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = status
        .lines()
        .filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"));
    lines.collect::<Vec<_>>().join(" ").replace('\t', "")
}

fn codec_alone() -> String {
    let event = batch("source", 4000);
    let rounds = 500;
    let begin = cpu();
    let Ok(bytes) = codec::encode(&event) else {
        return String::new();
    };
    for _ in 0..rounds {
        std::hint::black_box(codec::encode(&event).ok());
    }
    let encoded = cpu();
    for _ in 0..rounds {
        std::hint::black_box(codec::decode(&bytes).ok());
    }
    let lines = f64::from(rounds) * 4000.0;
    let each = |spent: Duration| spent.as_nanos() as f64 / lines;
    let size = (bytes.len() - codec::least_bytes(&event)) as f64 / 4000.0;
    format!(
        "codec alone: encode {:.1} ns, decode {:.1} ns a line, {size:.1} bytes beside the text",
        each(encoded - begin),
        each(cpu() - encoded)
    )
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{}", codec_alone());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    for lines in [1000, 4000, 8000] {
        let beside = runtime.block_on(embedded(lines))?;
        for fsync in ["always", "everysec"] {
            runtime.block_on(on_redis(lines, fsync, &beside))?;
        }
    }
    Ok(())
}
