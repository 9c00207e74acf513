//! Measures the whole server from outside: intake, memory, disk, visibility, queries, start-up.
//!
//! `bench CORPUS [YARDSTICK [ROUNDS]]` sends the lines of a file as NDJSON to servers of its own and
//! prints what the operating system says of them. With the program of a yardstick, both take the
//! file in turn, ROUNDS times (default 5), and the medians are compared.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tocsin_harness::processes::{self, bytes_below};
use tocsin_harness::sending::send_file;
use tocsin_harness::{TestServer, wait_for};

/// How often each query is asked.
const ASKS: usize = 200;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let corpus = arguments
        .next()
        .context("usage: bench CORPUS [YARDSTICK [ROUNDS]]")?;
    let yardstick = arguments.next();
    let rounds = arguments.next().map_or(Ok(5), |rounds| rounds.parse())?;
    let mut out = std::io::stdout().lock();
    if let Some(yardstick) = yardstick {
        compare(&corpus, &yardstick, rounds, &mut out)?;
    }
    let (mut server, intake) = Intake::run(&corpus)?;
    intake.print(&mut out)?;
    let resting = memory(&server, "VmRSS")?;
    writeln!(out, "idle memory                 {resting:.0} MB")?;
    visibility(&server, &mut out)?;
    queries(&server, &mut out)?;
    tocsin_harness::asking::measure(&server, &mut out)?;
    let idle = wait_for("memory to settle", || {
        let before = memory(&server, "VmRSS").ok()?;
        std::thread::sleep(Duration::from_secs(3));
        let after = memory(&server, "VmRSS").ok()?;
        ((before - after).abs() < 1.0).then_some(after)
    })?;
    writeln!(out, "idle memory after queries   {idle:.0} MB")?;
    server.stop()?;
    let again = Instant::now();
    server.resume()?;
    writeln!(out, "start with the data there   {:.2?}", again.elapsed())?;
    wait_for_records(&server, intake.lines)?;
    Ok(())
}

/// Prints the medians of both, measured in turn.
fn compare(
    corpus: &str,
    yardstick: &str,
    rounds: usize,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..rounds.max(1) {
        let (server, intake) = Intake::run(corpus)?;
        drop(server);
        let ran = Command::new(yardstick).arg(corpus).output()?;
        ensure!(ran.status.success(), "the yardstick failed");
        let printed = String::from_utf8(ran.stdout)?;
        let line = printed.lines().find(|line| line.contains("per CPU second"));
        let rate = line.and_then(|line| line.split_whitespace().last()?.parse::<f64>().ok());
        let rate = rate.context("the yardstick prints no lines per CPU second")?;
        if round == 0 {
            write!(out, "{printed}")?;
        }
        ours.push(intake.per_cpu_second());
        theirs.push(rate);
    }
    ours.sort_by(f64::total_cmp);
    theirs.sort_by(f64::total_cmp);
    let (ours, theirs) = (ours[ours.len() / 2], theirs[theirs.len() / 2]);
    writeln!(
        out,
        "medians of {rounds} in turn: {ours:.0} lines per CPU second, the yardstick {theirs:.0}, ratio {:.2}",
        ours / theirs
    )?;
    Ok(())
}

/// What taking the file in cost.
struct Intake {
    lines: u64,
    bytes: u64,
    cpu_seconds: f64,
    accepted: Duration,
    searchable: Duration,
    disk_bytes: u64,
    peak_mb: f64,
}

impl Intake {
    /// Sends the file to a new server and waits until everything is stored and the bus is drained.
    fn run(corpus: &str) -> anyhow::Result<(TestServer, Self)> {
        let server = TestServer::start_with(&[("TOCSIN_PIPELINE__FLUSH_SECS", "3")])?;
        let started = Instant::now();
        let cpu_before = cpu_seconds(&server)?;
        let (lines, bytes) = send_file(&server, Path::new(corpus), &["bench".into()])?;
        let accepted = started.elapsed();
        wait_for_records(&server, lines)?;
        let searchable = started.elapsed();
        wait_for_flush(&server)?;
        let cpu_seconds = cpu_seconds(&server)? - cpu_before;
        let disk_bytes = wait_for("the disk to settle", || {
            let before = bytes_below(&server.data_dir()).ok()?;
            std::thread::sleep(Duration::from_secs(6));
            let after = bytes_below(&server.data_dir()).ok()?;
            (before == after).then_some(after)
        })?;
        let peak_mb = memory(&server, "VmHWM")?;
        let intake = Self {
            lines,
            bytes,
            cpu_seconds,
            accepted,
            searchable,
            disk_bytes,
            peak_mb,
        };
        Ok((server, intake))
    }

    fn per_cpu_second(&self) -> f64 {
        self.lines as f64 / self.cpu_seconds
    }

    fn print(&self, out: &mut impl Write) -> anyhow::Result<()> {
        let Self { lines, bytes, .. } = *self;
        writeln!(
            out,
            "lines                       {lines} ({:.1} MB)",
            bytes as f64 / 1e6
        )?;
        writeln!(
            out,
            "lines per CPU second        {:.0}",
            self.per_cpu_second()
        )?;
        writeln!(
            out,
            "sustained lines per second  {:.0} (accepted in {:.1?})",
            lines as f64 / self.searchable.as_secs_f64(),
            self.accepted
        )?;
        writeln!(
            out,
            "bytes on disk per raw byte  {:.4}",
            self.disk_bytes as f64 / bytes as f64
        )?;
        writeln!(out, "peak memory                 {:.0} MB", self.peak_mb)?;
        Ok(())
    }
}

fn wait_for_records(server: &TestServer, lines: u64) -> anyhow::Result<()> {
    let records = || server.get("/api/v1/stats").ok()?.1["records"].as_u64();
    loop {
        let before = records();
        let done = wait_for("records", || (records()? >= lines).then_some(()));
        if done.is_ok() {
            return Ok(());
        }
        ensure!(
            records() > before,
            "the server has stopped storing at {before:?} of {lines}"
        );
    }
}

fn wait_for_flush(server: &TestServer) -> anyhow::Result<()> {
    wait_for("everything to be on disk", || {
        let stats = server.get("/api/v1/stats").ok()?.1;
        let drained = stats["head_records"] == 0 && stats["bus"]["events"] == 0;
        drained.then_some(())
    })
}

fn visibility(server: &TestServer, out: &mut impl Write) -> anyhow::Result<()> {
    let mut times = Vec::new();
    for ask in 0..20 {
        let word = format!("visible{ask}needle");
        let pushed = Instant::now();
        server.push("bench-visible", &[&format!("this is {word} now")])?;
        server.wait_for_lines(&word, 1)?;
        times.push(pushed.elapsed());
    }
    times.sort();
    writeln!(
        out,
        "pushed until searchable     {:.1?} p50, {:.1?} max",
        times[10], times[19]
    )?;
    Ok(())
}

/// The kinds of query and the words of each, already encoded for a URL.
const KINDS: [(&str, &[&str]); 5] = [
    ("rare word", &["zq7needle42"]),
    (
        "frequent word",
        &["password", "terminating", "session", "block", "corrected"],
    ),
    (
        "two words",
        &["failed+password", "received+block", "session+opened"],
    ),
    (
        "phrase",
        &[
            "%22invalid+user%22",
            "%22parity+error+corrected%22",
            "%22authentication+failure%22",
        ],
    ),
    (
        "field filter",
        &[
            "severity:error",
            "severity:warn+block",
            "source:bench+password",
        ],
    ),
];

fn queries(server: &TestServer, out: &mut impl Write) -> anyhow::Result<()> {
    let head = "query (p50 / p99, ms)";
    writeln!(
        out,
        "{head:28}{:>12}{:>12}{:>12}  total",
        "count", "histogram", "newest 10"
    )?;
    for (name, words) in KINDS {
        let mut row = Vec::new();
        let mut total = serde_json::Value::Null;
        for route in ["search?limit=0&q=", "histogram?q=", "search?limit=10&q="] {
            let answer = ask(server, |at| format!("{route}{}", words[at % words.len()]))?;
            row.push(answer.0);
            total = answer.1;
        }
        writeln!(
            out,
            "{name:28}{:>12}{:>12}{:>12}  {total}",
            row[0], row[1], row[2]
        )?;
    }
    let questions = [
        "login+was+refused",
        "memory+is+broken",
        "copy+of+the+data+is+missing",
    ];
    let asked = ask(server, |at| {
        format!("search?mode=semantic&limit=10&q={}", questions[at % 3])
    });
    let row = asked.map_or_else(|error| format!("off: {error}"), |answer| answer.0);
    writeln!(out, "semantic                    {row}")?;
    Ok(())
}

/// Asks [`ASKS`] times; the median and the 99th percentile in milliseconds, and the last total.
fn ask(
    server: &TestServer,
    route: impl Fn(usize) -> String,
) -> anyhow::Result<(String, serde_json::Value)> {
    let mut times = Vec::with_capacity(ASKS);
    let mut total = serde_json::Value::Null;
    for at in 0..ASKS {
        let route = format!("/api/v1/logs/{}", route(at));
        let asked = Instant::now();
        let (status, answer) = server.get(&route)?;
        times.push(asked.elapsed().as_secs_f64() * 1e3);
        ensure!(status == 200, "{route}: {answer}");
        total = answer["total"].clone();
    }
    times.sort_by(f64::total_cmp);
    Ok((
        format!("{:.1}/{:.1}", times[ASKS / 2], times[ASKS * 99 / 100]),
        total,
    ))
}

/// Seconds of processor time, user and system, that the server has used.
fn cpu_seconds(server: &TestServer) -> anyhow::Result<f64> {
    processes::cpu_seconds(server.process().context("the server is not running")?)
}

/// A line of the server's `/proc/PID/status` in megabytes.
fn memory(server: &TestServer, name: &str) -> anyhow::Result<f64> {
    processes::memory_mb(server.process().context("the server is not running")?, name)
}
