//! Throughput of the miner beside the `logdrain` crate with its IP, hexadecimal and number masks: one thread, learning
//! online, the same lines in turn, medians of five, in lines per second of CPU time.
//!
//! usage: cargo bench -p tocsin-templates --bench miner -- FILE

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use logdrain::{DrainConfig, DrainTree, RegexReplacer};
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
