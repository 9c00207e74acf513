//! `tocsin ingest`: sends files to a running server.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use super::remote::{self, Remote};

/// Bytes of lines that travel in one request.
const REQUEST_BYTES: usize = 4 << 20;
/// How often a request is tried while the server is full.
const TRIES_MAX: u32 = 60;

/// Send files to a running server, with progress and a summary.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Files to send, .gz and .zst too; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Name of the source [default: file:FILE, or stdin]
    #[arg(long)]
    source: Option<String>,
    /// Name of the machine that the lines come from
    #[arg(long)]
    host: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Default)]
struct Summary {
    lines: u64,
    bytes: u64,
    rejected: u64,
    failed: Vec<String>,
}

/// Sends every file; one that cannot be read does not keep the others from being sent.
///
/// # Errors
/// If no server answers, or a file could not be sent.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let started = Instant::now();
    let bar = progress(&arguments.files);
    let mut summary = Summary::default();
    for path in &arguments.files {
        if let Err(error) = send_file(arguments, path, &bar, &mut summary) {
            summary
                .failed
                .push(format!("{}: {error:#}", path.display()));
        }
    }
    bar.finish_and_clear();
    let seconds = started.elapsed().as_secs_f64().max(1e-3);
    let rate = summary.lines as f64 / seconds;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} lines ({:.1} MB) from {} files in {seconds:.1} s: {rate:.0} lines/s, {} rejected",
        summary.lines,
        summary.bytes as f64 / 1e6,
        arguments.files.len() - summary.failed.len(),
        summary.rejected,
    )?;
    if !summary.failed.is_empty() {
        bail!(
            "{} of {} files failed:\n  {}",
            summary.failed.len(),
            arguments.files.len(),
            summary.failed.join("\n  ")
        );
    }
    Ok(())
}

/// A bar over the bytes of all files, or a counter if standard input is among them.
fn progress(files: &[PathBuf]) -> ProgressBar {
    let sizes: Option<u64> = files
        .iter()
        .map(|path| path.metadata().ok().map(|data| data.len()))
        .sum();
    let bar = ProgressBar::with_draw_target(sizes, ProgressDrawTarget::stderr());
    let template = match sizes {
        Some(_) => "{bar:32} {bytes}/{total_bytes} {bytes_per_sec} {eta} {msg}",
        None => "{spinner} {bytes} {bytes_per_sec} {elapsed} {msg}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    if !io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    bar
}

fn send_file(
    arguments: &Arguments,
    path: &Path,
    bar: &ProgressBar,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let is_stdin = path == Path::new("-");
    if !is_stdin && path.is_dir() {
        bail!("is a folder: name the files in it");
    }
    let default = if is_stdin {
        "stdin".into()
    } else {
        format!("file:{}", path.display())
    };
    let source = arguments.source.clone().unwrap_or(default);
    let reader: Box<dyn Read> = if is_stdin {
        Box::new(io::stdin().lock())
    } else {
        Box::new(bar.wrap_read(File::open(path).context("cannot be opened")?))
    };
    let mut lines = tocsin_ingest::import::lines(reader).context("cannot be read")?;
    let agent = Remote::agent();
    let mut body = Vec::with_capacity(REQUEST_BYTES + (1 << 20));
    loop {
        body.clear();
        let mut count = 0;
        while body.len() < REQUEST_BYTES {
            let Some(line) = lines.next_line().context("cannot be read on")? else {
                break;
            };
            serde_json::to_writer(&mut body, &String::from_utf8_lossy(line.bytes()))?;
            body.push(b'\n');
            count += 1;
            summary.bytes += line.bytes().len() as u64 + 1;
        }
        if count == 0 {
            return Ok(());
        }
        let answer = send(arguments, &agent, &source, &body)?;
        summary.lines += answer["accepted"].as_u64().unwrap_or(count);
        summary.rejected += answer["rejected"].as_u64().unwrap_or(0);
        bar.set_message(format!("{} lines", summary.lines));
    }
}

/// Sends one body; waits and tries again while the server is full.
fn send(
    arguments: &Arguments,
    agent: &ureq::Agent,
    source: &str,
    body: &[u8],
) -> anyhow::Result<Value> {
    for _ in 0..TRIES_MAX {
        let mut request = agent
            .post(arguments.remote.url("/api/v1/logs"))
            .query("source", source)
            .header("Content-Type", "application/x-ndjson");
        if let Some(host) = &arguments.host {
            request = request.query("host", host);
        }
        let answer = arguments.remote.reached(request.send(body))?;
        if !matches!(answer.status().as_u16(), 429 | 503) {
            return Ok(serde_json::from_str(&remote::body(answer)?)?);
        }
        let wait = answer
            .headers()
            .get("retry-after")
            .and_then(|v| v.to_str().ok()?.parse().ok());
        thread::sleep(Duration::from_secs(wait.unwrap_or(1)));
    }
    bail!("the server is still full after {TRIES_MAX} tries")
}
