//! Events per CPU second of the tracker: a thousand sessions at a time, one in a hundred strange.
//!
//! usage: cargo bench -p tocsin-sequence --bench sequence

use std::fs;
use std::io::{self, Write};

use tocsin_sequence::{Config, Tracker};

const EVENTS: usize = 3_000_000;
const OPEN: usize = 1_000;
const TURN: [u64; 19] = [
    5, 5, 22, 5, 11, 9, 11, 9, 11, 9, 26, 26, 26, 23, 23, 23, 21, 21, 21,
];

fn main() -> io::Result<()> {
    let mut tracker = Tracker::new(Config::default());
    let mut said = Vec::new();
    let mut strange = 0usize;
    let mut at: Vec<(u64, usize)> = (0..OPEN as u64).map(|key| (key, 0)).collect();
    let started = cpu_seconds();
    for i in 0..EVENTS {
        let slot = i % OPEN;
        let (key, step) = at[slot];
        let template = session(key).nth(step);
        match template {
            Some(template) => {
                tracker.observe(key, template, (i / 20) as i64, &mut said);
                at[slot].1 += 1;
            }
            None => {
                tracker.close(key, &mut said);
                at[slot] = (key + OPEN as u64, 0);
            }
        }
        strange += said.drain(..).filter(|o| o.verdict.is_anomalous).count();
    }
    let rate = EVENTS as f64 / (cpu_seconds() - started).max(0.01);
    writeln!(
        io::stdout(),
        "{rate:.0} events per CPU second, {} sessions learned, {strange} told, snapshot of {} bytes",
        tracker.model().sessions(),
        tracker.snapshot().len()
    )
}

/// A write, read back and checked a number of times; one in a hundred has an event of its own.
fn session(key: u64) -> impl Iterator<Item = u64> {
    let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let loops = (mixed % 7) as usize * ((mixed >> 8) % 3) as usize;
    let own = (key % 100 == 99).then_some(1_000 + key);
    TURN[..13]
        .iter()
        .copied()
        .chain(std::iter::repeat_n(4, loops))
        .chain(own)
        .chain(TURN[13..].iter().copied())
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
