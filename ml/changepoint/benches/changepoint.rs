//! CPU milliseconds to cut 10,000 points into levels and into slopes, with no change and with ten.
//!
//! usage: cargo bench -p tocsin-changepoint --bench changepoint

use std::fs;
use std::io::{self, Write};

use tocsin_changepoint::{Settings, Shape, segment};

const POINTS: usize = 10_000;
const ROUNDS: usize = 40;

fn main() -> io::Result<()> {
    let mut out = io::stdout();
    for changes in [0, 10] {
        let values = series(changes);
        for shape in [Shape::Level, Shape::Slope] {
            let started = cpu_seconds();
            let mut found = 0;
            for _ in 0..ROUNDS {
                found = segment(std::hint::black_box(&values), &Settings::new(shape))
                    .segments
                    .len();
            }
            let millis = (cpu_seconds() - started) * 1e3 / ROUNDS as f64;
            writeln!(
                out,
                "{shape:?}, {changes} changes: {millis:.1} ms, {found} segments"
            )?;
        }
    }
    Ok(())
}

/// Nearly normal noise with level shifts of six standard deviations.
fn series(changes: usize) -> Vec<f64> {
    let mut state = 1u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1u64 << 24) as f64
    };
    let level = |i: usize| 3.5 * ((i * (changes + 1) / POINTS) % 2) as f64;
    (0..POINTS)
        .map(|i| level(i) + (0..4).map(|_| uniform()).sum::<f64>())
        .collect()
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
