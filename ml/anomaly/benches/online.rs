//! Points per CPU second of the always-on detector over 100,000 series in turn, and bytes of state a series.

use std::hint::black_box;
use std::io::Write as _;
use std::mem::size_of;

use tocsin_anomaly::{DetectorConfig, SeriesDetector, SeriesKind};

const SERIES: usize = 100_000;
const ROUNDS: usize = 120;
const INTERVAL_MS: i64 = 10_000;

fn main() {
    let config = DetectorConfig::default();
    let mut detectors: Vec<SeriesDetector> = (0..SERIES)
        .map(|_| SeriesDetector::new(SeriesKind::Gauge))
        .collect();
    // Values are drawn before the clock runs: noise around a level of its own for every series.
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let noise: Vec<f64> = (0..SERIES * 2 + ROUNDS)
        .map(|_| {
            let mut sum = 0.0;
            for _ in 0..4 {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                sum += (seed >> 11) as f64 / (1_u64 << 53) as f64;
            }
            sum
        })
        .collect();
    let mut alarms = 0_usize;
    let mut round = |from: usize, to: usize, detectors: &mut [SeriesDetector]| {
        for round in from..to {
            let at_ms = 1_700_000_000_000 + round as i64 * INTERVAL_MS;
            for (at, detector) in detectors.iter_mut().enumerate() {
                let value = at as f64 + noise[at + round * 37 % SERIES];
                if let Some(verdict) = black_box(detector.observe(at_ms, value, &config)) {
                    alarms += usize::from(verdict.is_alarm());
                }
            }
        }
    };
    round(0, 40, &mut detectors);
    let start = cpu_seconds();
    round(40, ROUNDS, &mut detectors);
    let spent = (cpu_seconds() - start).max(1e-9);
    let points = (SERIES * (ROUNDS - 40)) as f64;
    let mut bytes = Vec::new();
    detectors[0].snapshot(&mut bytes);
    let mut out = std::io::stdout().lock();
    let _ = writeln!(
        out,
        "{:.0} points per CPU second ({:.0} ns each), {} bytes of state a series, {} in a snapshot, {alarms} alarms",
        points / spent,
        1e9 * spent / points,
        size_of::<SeriesDetector>(),
        bytes.len()
    );
}

/// CPU time of this process so far, in seconds (ticks of 10 ms).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
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
