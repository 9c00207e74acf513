//! Runs the fuzz targets on damaged copies of recorded samples, the same ones each time.
//!
//! `FUZZ_CASES=1000000 cargo test --release -p tocsin-ingest --test fuzz` runs longer. With a
//! nightly compiler `cargo fuzz run <target>` in `server/ingest` is guided by coverage.

use std::path::Path;
use std::{fs, io};

#[path = "../../fuzz/targets.rs"]
mod targets;

/// How many cases of each target run by default; all together take a few seconds.
const CASES: usize = 1500;

/// Texts that decoders look for.
const TOKENS: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    "\\u0000",
    ":",
    ",",
    "\n",
    "\r\n",
    "\0",
    "<13>",
    "<191>1 ",
    " - ",
    "99999999999999999999",
    "-1",
    "1e308",
    "\u{feff}",
    "\u{fffd}",
    "{\"index\":{}}",
    "null",
    "\x7f",
    "2026-02-30T25:61:61Z",
];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound.max(1)
    }
}

/// Damages a sample in one to eight places.
fn damage(sample: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for _ in 0..=random.below(8) {
        let at = random.below(bytes.len() + 1);
        let end = (at + 1 + random.below(20)).min(bytes.len());
        match random.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = random.below(256) as u8,
            2 if at < end => {
                bytes.drain(at..end);
            }
            3 if at < end => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            4 => bytes.truncate(at),
            5 => {
                let from = random.below(other.len());
                bytes.splice(at..at, other[from..].iter().copied().take(50));
            }
            _ => {
                let token = TOKENS[random.below(TOKENS.len())];
                bytes.splice(at..at, token.bytes());
            }
        }
    }
    bytes
}

/// The recorded samples of a protocol, in a fixed order.
fn samples(name: &str) -> io::Result<Vec<Vec<u8>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let entries: Vec<_> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    let mut paths: Vec<_> = entries.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    paths.iter().map(fs::read).collect()
}

fn cases() -> usize {
    let wanted = std::env::var_os("FUZZ_CASES").and_then(|text| text.into_string().ok());
    wanted.and_then(|text| text.parse().ok()).unwrap_or(CASES)
}

fn run(samples: &[Vec<u8>], target: fn(&[u8])) {
    let mut random = Random(42);
    for sample in samples {
        target(sample);
    }
    for case in 0..cases() {
        let sample = &samples[case % samples.len()];
        let other = &samples[random.below(samples.len())];
        let bytes = damage(sample, other, &mut random);
        let outcome = std::panic::catch_unwind(|| target(&bytes));
        assert!(outcome.is_ok(), "case {case}: {}", bytes.escape_ascii());
    }
}

#[test]
fn json_lines() {
    run(&samples("json_lines").unwrap(), targets::json_lines);
}

#[test]
fn otlp_protobuf() {
    run(&samples("otlp_protobuf").unwrap(), targets::otlp_protobuf);
}

#[test]
fn otlp_json() {
    run(&samples("otlp_json").unwrap(), targets::otlp_json);
}

#[test]
fn loki_json() {
    run(&samples("loki_json").unwrap(), targets::loki_json);
}

/// Damaged before it is compressed, or hardly anything gets through.
#[test]
fn loki_protobuf() {
    // The wire format of streams, entries and labels is near enough to that of OTLP's resources.
    run(&samples("otlp_protobuf").unwrap(), |bytes| {
        let compressed = snap::raw::Encoder::new().compress_vec(bytes).unwrap();
        targets::loki_protobuf(&compressed);
        targets::loki_protobuf(bytes);
    });
}

#[test]
fn elasticsearch() {
    run(&samples("elasticsearch").unwrap(), targets::elasticsearch);
}

#[test]
fn splunk() {
    run(&samples("splunk").unwrap(), targets::splunk);
}

#[test]
fn syslog() {
    run(&samples("syslog").unwrap(), targets::syslog);
}

#[test]
fn lines() {
    run(&samples("lines").unwrap(), targets::lines);
}

#[test]
fn decompress() {
    let text = samples("lines").unwrap().concat();
    let compressed = [
        zstd::encode_all(text.as_slice(), 1).unwrap(),
        snap::raw::Encoder::new().compress_vec(&text).unwrap(),
    ];
    run(&compressed, targets::decompress_all);
}

#[test]
fn otlp_metrics_protobuf() {
    run(
        &samples("otlp_metrics_protobuf").unwrap(),
        targets::otlp_metrics_protobuf,
    );
}

#[test]
fn otlp_metrics_json() {
    run(
        &samples("otlp_metrics_json").unwrap(),
        targets::otlp_metrics_json,
    );
}

#[test]
fn exposition() {
    run(&samples("exposition").unwrap(), targets::exposition);
}

#[test]
fn influx() {
    run(&samples("influx").unwrap(), targets::influx);
}

#[test]
fn telegraf() {
    run(&samples("telegraf").unwrap(), targets::telegraf);
}

#[test]
fn remote_write() {
    run(&samples("remote_write").unwrap(), targets::remote_write);
}
