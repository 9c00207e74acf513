//! Rows per CPU second of the isolation forest, one row at a time: 100 trees of 256 samples, with
//! 1, 10 and 50 columns, and the time to train; medians of five rounds. Then the detector of an
//! entity of 30 series, trained on a day of minutes, and the detector of shapes.
//!
//! usage: cargo bench -p tocsin-forest --bench forest

use std::fs;
use std::io::{self, Write};

use tocsin_forest::{
    EntityConfig, EntityDetector, Forest, ForestSettings, Matrix, ShapeDetector, ShapeSettings,
};

/// Rounds of which the median counts.
const ROUNDS: usize = 5;
/// Rows scored in a round, all different.
const ROWS: usize = 500_000;

fn main() -> io::Result<()> {
    let mut out = io::stdout();
    for columns in [1, 10, 50] {
        let train = rows(1, 1_440, columns);
        let test = rows(2, ROWS, columns);
        let (Some(train), Some(test)) = (train, test) else {
            continue;
        };
        let started = cpu_seconds();
        let forest = Forest::train(&train, &ForestSettings::default(), 7);
        let training = cpu_seconds() - started;
        let mut rates: Vec<f64> = (0..ROUNDS).map(|_| rate(&forest, &test)).collect();
        rates.sort_by(f64::total_cmp);
        writeln!(
            out,
            "{columns:2} columns: {:9.0} rows per CPU second (least {:.0}, most {:.0}); trained in {training:.2} s",
            rates[ROUNDS / 2],
            rates[0],
            rates[ROUNDS - 1],
        )?;
    }
    if let (Some(train), Some(test)) = (rows(3, 1_440, 30), rows(4, 50_000, 30)) {
        entity(&train, &test, &mut out)?;
    }
    shape(&mut out)
}

fn entity(train: &Matrix, test: &Matrix, out: &mut impl Write) -> io::Result<()> {
    let started = cpu_seconds();
    let detector = EntityDetector::train(train, 7, &EntityConfig::default());
    let training = cpu_seconds() - started;
    let started = cpu_seconds();
    for row in test.iter() {
        std::hint::black_box(detector.score(std::hint::black_box(row)));
    }
    let rate = test.rows() as f64 / (cpu_seconds() - started).max(0.01);
    let bytes = detector.snapshot().len();
    writeln!(
        out,
        "entity of 30 series: {rate:.0} rows per CPU second; trained in {training:.2} s; snapshot of {bytes} bytes"
    )
}

fn shape(out: &mut impl Write) -> io::Result<()> {
    let Some(points) = rows(5, 100_000, 1) else {
        return Ok(());
    };
    let mut detector = ShapeDetector::new(ShapeSettings::default());
    let started = cpu_seconds();
    for row in points.iter() {
        std::hint::black_box(detector.observe(f64::from(row[0])));
    }
    let rate = points.rows() as f64 / (cpu_seconds() - started).max(0.01);
    writeln!(
        out,
        "shape, 4,096 points of history: {rate:.0} points per CPU second"
    )
}

fn rate(forest: &Forest, rows: &Matrix) -> f64 {
    let started = cpu_seconds();
    for row in rows.iter() {
        std::hint::black_box(forest.score(std::hint::black_box(row)));
    }
    rows.rows() as f64 / (cpu_seconds() - started).max(0.01)
}

/// Sums of four uniform numbers, nearly normal.
fn rows(seed: u64, count: usize, columns: usize) -> Option<Matrix> {
    let mut state = seed;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u32 << 24) as f32
    };
    let values = (0..count * columns)
        .map(|_| (0..4).map(|_| uniform()).sum())
        .collect();
    Matrix::new(values, columns)
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
