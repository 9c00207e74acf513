//! What a line costs on the bus: appended, read and acknowledged, in CPU time of this process.
//!
//! `cargo bench -p tocsin-bus` prints one row for each size of batch. Lines have 120 bytes; eight
//! callers append to four partitions; a partition is acknowledged every 64k lines, as the log
//! store does. Work of the kernel's own threads is not counted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tocsin_bus::{BusConfig, FjallBus, codec};
use tocsin_domain::batch::{BatchBuilder, NewRecord};
use tocsin_domain::ports::{Bus, BusError};
use tocsin_domain::{BatchId, Event, Offset, Partition, Payload, Severity, Timestamp};

const LINES: usize = 4_000_000;
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
    Event {
        payload: Payload::Logs(builder.finish()),
    }
}

async fn process(bus: &FjallBus, partition: Partition) {
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

async fn append(bus: &FjallBus, events: &[Event], batches: usize) {
    for number in 0..batches {
        let event = events[number % events.len()].clone();
        while let Err(BusError::Full { .. }) = bus.append(vec![event.clone()]).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn measure(lines: usize) -> String {
    let folder = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(error) => return error.to_string(),
    };
    let bus = match FjallBus::open(folder.path(), BusConfig::default()) {
        Ok(bus) => bus,
        Err(error) => return error.to_string(),
    };
    let events: Vec<_> = (0..16)
        .map(|at| batch(&format!("source-{at}"), lines))
        .collect();
    let batches = LINES / lines / CALLERS;
    let (cpu_before, begin) = (cpu(), Instant::now());
    let callers = (0..CALLERS).map(|caller| append(&bus, &events[caller..], batches));
    let appends = async {
        futures_util::future::join_all(callers).await;
        bus.close();
    };
    let parts = [0, 1, 2, 3].map(|partition| process(&bus, Partition(partition)));
    let [a, b, c, d] = parts;
    tokio::join!(appends, a, b, c, d);
    let (spent, wall) = (cpu() - cpu_before, begin.elapsed());
    let total = (batches * CALLERS * lines) as f64;
    format!(
        "{lines:>6} lines a batch: {:>4.0} ns a line, {:>5.2} million lines per CPU second, \
         {:>4.2} million a second; {}",
        spent.as_nanos() as f64 / total,
        total / spent.as_secs_f64() / 1e6,
        total / wall.as_secs_f64() / 1e6,
        memory(),
    )
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

#[expect(clippy::print_stdout, reason = "a benchmark prints its result")]
fn main() -> std::io::Result<()> {
    println!("{}", codec_alone());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()?;
    for lines in [1000, 4000, 8000] {
        println!("{}", runtime.block_on(measure(lines)));
    }
    Ok(())
}
