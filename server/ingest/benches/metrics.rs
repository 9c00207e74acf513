//! CPU nanoseconds per point of the decoders of metrics, with 100,000 series known.
//!
//! usage: `cargo bench -p tocsin-ingest --bench metrics`

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{self, Write};

use tocsin_domain::Timestamp;
use tocsin_ingest::metrics::influx::{self, InfluxOptions};
use tocsin_ingest::metrics::{MetricContext, MetricDecoded, MetricLimits, SeriesRegistry};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
/// Series all told.
const SERIES: usize = 100_000;
/// Lines of one request.
const LINES: usize = 5000;
/// How often each series has a point while the time is taken.
const ROUNDS: usize = 20;

const FIELDS: [&str; 10] = [
    "usage_user",
    "usage_system",
    "usage_idle",
    "usage_nice",
    "usage_iowait",
    "usage_irq",
    "usage_softirq",
    "usage_steal",
    "usage_guest",
    "usage_guest_nice",
];

fn main() -> io::Result<()> {
    report("line protocol, 10 fields", &bodies(10), ROUNDS)?;
    report("line protocol, 1 field", &bodies(1), ROUNDS)
}

/// One point of each series, `fields` in a line.
fn bodies(fields: usize) -> Vec<Vec<u8>> {
    let mut seed = 1u64;
    let mut text = String::new();
    let mut bodies = Vec::new();
    let lines = SERIES / fields;
    for line in 0..lines {
        let _ = write!(text, "cpu,host=host_{line},region=eu ");
        for (index, field) in FIELDS.iter().take(fields).enumerate() {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let comma = if index > 0 { "," } else { "" };
            let _ = write!(
                text,
                "{comma}{field}={:.1}",
                (seed >> 40) as f64 / 167_772.0
            );
        }
        text.push_str(" 1700000000000000000\n");
        if (line + 1) % LINES == 0 || line + 1 == lines {
            bodies.push(std::mem::take(&mut text).into_bytes());
        }
    }
    bodies
}

fn decode(registry: &SeriesRegistry, body: &[u8]) -> MetricDecoded {
    let mut random = || [7; 10];
    let limits = MetricLimits::default();
    let mut context = MetricContext {
        now: NOW,
        random: &mut random,
        limits: &limits,
        registry,
        source: "influx",
    };
    influx::decode(body, &InfluxOptions::default(), &mut context)
}

fn report(name: &str, bodies: &[Vec<u8>], rounds: usize) -> io::Result<()> {
    let registry = SeriesRegistry::new(&MetricLimits::default());
    let round = |rounds: usize| -> io::Result<f64> {
        let (start, mut points) = (cpu_nanos()?, 0);
        for _ in 0..rounds {
            for body in bodies {
                let decoded = black_box(decode(&registry, body));
                registry.confirm(&decoded.claims);
                points += decoded.accepted;
            }
        }
        Ok((cpu_nanos()? - start) / points as f64)
    };
    let (new, known) = (round(1)?, round(1)?);
    let mut best = f64::MAX;
    for _ in 0..5 {
        best = best.min(round(rounds / 5)?);
    }
    writeln!(
        io::stdout(),
        "{name}: {best:.0} ns a point; new series {new:.0} ns, first time confirmed {known:.0} ns"
    )
}

/// CPU time of this thread: the first number of Linux' `schedstat` is nanoseconds on a CPU.
fn cpu_nanos() -> io::Result<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let first = text.split(' ').next().unwrap_or_default();
    first.parse().map_err(io::Error::other)
}
