//! Prints templates per CPU second of both encoders and how close they come to the reference.
//!
//! `cargo bench -p tocsin-embedding [-- --lines FILE]` with the model in `TOCSIN_MODEL_DIR` or
//! its default place. CPU time is that of the whole process, so extra threads do not flatter.

#![expect(clippy::print_stdout, reason = "a bench prints its result")]

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;
use std::{env, fs};

use tocsin_embedding::{Embedder, Precision, Vector};

/// Templates measured when no file is given.
const TEMPLATES: [&str; 8] = [
    "Accepted password for <*> from <*> port <*> ssh2",
    "Received block <*> of size <*> from <*>",
    "authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=<*> user=root",
    "Out of memory: Killed process <*> (<*>) total-vm:<*>kB, anon-rss:<*>kB, file-rss:<*>kB",
    "Connection closed by <*> [preauth]",
    "TaskAttempt <*> transitioned from state RUNNING to SUCCEEDED, event type is TA_DONE",
    "upstream timed out (<*>: Connection timed out) while reading response header from upstream",
    "<*>: NIC Link is Up <*> Mbps Full Duplex",
];
/// Texts measured at least.
const TEXTS_MIN: usize = 400;
/// Runs of which the best counts; the exact encoder is slow and runs once.
const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(dir) = model_dir().filter(|dir| dir.join("model.safetensors").exists()) else {
        println!("no model: run scripts/fetch-model.sh first; nothing measured");
        return Ok(());
    };
    let lines = lines()?;
    let texts: Vec<&str> = lines.iter().map(String::as_str).collect();
    let before_bytes = resident_bytes();
    let start = Instant::now();
    let quantised = Embedder::load(&dir)?;
    let load_ms = start.elapsed().as_millis();
    println!(
        "load: {load_ms} ms, resident +{} MB",
        (resident_bytes() - before_bytes) >> 20
    );
    let exact = Embedder::load_with(&dir, Precision::Exact)?;
    let reference = measure("exact", &exact, &texts, 1)?;
    let vectors = measure("quantised", &quantised, &texts, RUNS)?;
    let mut cosines: Vec<f32> = vectors
        .iter()
        .zip(&reference)
        .map(|(a, b)| cosine(a, b))
        .collect();
    cosines.sort_by(f32::total_cmp);
    let mean = cosines.iter().sum::<f32>() / cosines.len() as f32;
    println!(
        "cosine quantised to exact: mean {mean:.5}, least {:.5}",
        cosines[0]
    );
    let start = Instant::now();
    for text in &texts {
        quantised.embed(&[text])?;
    }
    let each_ms = start.elapsed().as_secs_f64() * 1e3 / texts.len() as f64;
    println!(
        "one text alone: {each_ms:.2} ms; resident {} MB",
        resident_bytes() >> 20
    );
    Ok(())
}

fn measure(
    name: &str,
    embedder: &Embedder,
    texts: &[&str],
    runs: usize,
) -> Result<Vec<Vector>, Box<dyn Error>> {
    let mut vectors = Vec::new();
    let mut best = f64::INFINITY;
    for _ in 0..runs {
        let before = cpu_seconds();
        vectors = embedder.embed(texts)?;
        best = best.min(cpu_seconds() - before);
    }
    println!(
        "{name}: {:.0} templates per CPU second",
        texts.len() as f64 / best
    );
    Ok(vectors)
}

fn model_dir() -> Option<PathBuf> {
    let given = env::var_os("TOCSIN_MODEL_DIR").map(PathBuf::from);
    given.or_else(|| {
        env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/tocsin/all-MiniLM-L6-v2"))
    })
}

fn lines() -> Result<Vec<String>, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().collect();
    let file = arguments
        .iter()
        .position(|a| a == "--lines")
        .and_then(|at| arguments.get(at + 1));
    let lines: Vec<String> = match file {
        Some(file) => fs::read_to_string(file)?
            .lines()
            .map(str::to_owned)
            .collect(),
        None => TEMPLATES
            .iter()
            .map(|&template| template.to_owned())
            .collect(),
    };
    let repeats = TEXTS_MIN.div_ceil(lines.len().max(1));
    let count = lines.len() * repeats;
    Ok(lines.into_iter().cycle().take(count).collect())
}

fn cosine(a: &Vector, b: &Vector) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Resident memory of this process; 0 where there is no `/proc`.
fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok())
        .unwrap_or(0)
        * 4096
}

/// CPU seconds this process has used, from `/proc` at nanosecond resolution.
fn cpu_seconds() -> f64 {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else {
        return 0.0;
    };
    let nanoseconds: u64 = tasks
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|stat| stat.split(' ').next()?.parse::<u64>().ok())
        .sum();
    nanoseconds as f64 / 1e9
}
