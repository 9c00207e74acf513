//! Throughput of the miner beside the `logdrain` crate with its IP, hexadecimal and number masks:
//! one thread, learning online, the same lines in turn, medians of five, in lines per second of CPU
//! time.
//!
//! usage: cargo bench -p tocsin-templates --bench miner -- FILE

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use logdrain::{Mask, builtin_masks};
use tocsin_templates::{Miner, MinerConfig};

/// Rounds of which the median counts.
const ROUNDS: usize = 5;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let mut out = io::stdout();
    let Some(path) = arguments.next() else {
        let _ = writeln!(out, "no file given: skipped");
        return ExitCode::SUCCESS;
    };
    match fs::read(&path) {
        Ok(bytes) => {
            let _ = run(&bytes, &mut out);
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(out, "{path}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
    let lines: Vec<&[u8]> = bytes
        .split(|b| *b == b'\n')
        .filter(|l| !l.is_empty())
        .collect();
    let text = String::from_utf8_lossy(bytes);
    let text: Vec<&str> = text.split('\n').filter(|l| !l.is_empty()).collect();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (rate, templates) = tocsin(&lines);
        writeln!(
            out,
            "round {round}: tocsin   {rate:9.0} lines per CPU second, {templates} templates"
        )?;
        ours.push(rate);
        let (rate, templates) = drain(&text);
        writeln!(
            out,
            "round {round}: logdrain {rate:9.0} lines per CPU second, {templates} templates"
        )?;
        theirs.push(rate);
    }
    let (a, b) = (median(&mut ours), median(&mut theirs));
    writeln!(
        out,
        "median:  tocsin {a:.0}, logdrain {b:.0}, ratio {:.2}",
        a / b
    )
}

fn tocsin(lines: &[&[u8]]) -> (f64, usize) {
    let mut miner = Miner::new(MinerConfig::default());
    let mut variables = Vec::new();
    let start = cpu_seconds();
    for batch in lines.chunks(8192) {
        for line in batch {
            std::hint::black_box(miner.parse(line, &mut variables));
            std::hint::black_box(&variables);
        }
        std::hint::black_box(miner.take_new());
    }
    (
        lines.len() as f64 / (cpu_seconds() - start).max(0.01),
        miner.template_count(),
    )
}

fn drain(lines: &[&str]) -> (f64, usize) {
    let masks = [
        Some(builtin_masks::ipv4()),
        Mask::new(r"\b0x[0-9a-fA-F]+\b", "<hex>").ok(),
        Mask::new(r"\b\d+\b", "<num>").ok(),
    ];
    let builder = logdrain::Miner::builder().masks(masks.into_iter().flatten());
    let Ok(miner) = builder.build() else {
        return (f64::NAN, 0);
    };
    let start = cpu_seconds();
    for line in lines {
        std::hint::black_box(miner.add(line));
    }
    (
        lines.len() as f64 / (cpu_seconds() - start).max(0.01),
        miner.len(),
    )
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// CPU time of this process so far, in seconds (ticks of 10 ms).
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .filter_map(|f| f.parse::<u64>().ok())
        .sum();
    ticks as f64 / 100.0
}
