//! Measures what the distributed set-up costs beside the embedded one, and how it grows with workers.
//!
//! `bench_cluster CORPUS [ROUNDS [WORKERS,…]]` sends the lines of a file to one embedded server, then to a process
//! that serves and 1, 2 and 4 (or as many as asked for) that work, over real PostgreSQL and Redis, ClickHouse's engine and the doubles
//! of InfluxDB and Qdrant, in turn.
//! Printed are CPU seconds per million lines of each process, which is of each stage: taking in, the bus,
//! working, the stores. What they use at rest, however many lines come, and once for each kind of line stands
//! by itself. All of them share the cores of this machine, so that lines per second say how much
//! is left over, not how far more machines would go.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use tempfile::NamedTempFile;
use tocsin_harness::cluster::{Cluster, SharedEngines, wait_long};
use tocsin_harness::sending::send_file;
use tocsin_harness::{TestServer, processes};

/// Sources, which lie in different partitions.
const SOURCES: usize = 32;
/// How long one load may take.
const LOAD_WITHIN: Duration = Duration::from_secs(1800);
/// How many processes work in each set-up; none is the embedded one.
const WORKERS: [usize; 4] = [0, 1, 2, 4];
/// Columns: what each process does.
const STAGES: [&str; 8] = [
    "all in one",
    "take in (api)",
    "bus (Redis)",
    "work (workers)",
    "lines (ClickHouse)",
    "rows (PostgreSQL)",
    "points (InfluxDB double)",
    "vectors (Qdrant double)",
];
/// Lines of the first load.
const FIRST: usize = 100_000;
/// Seconds of processor time that a set-up at rest uses in a second, for each process, at most.
const REST_MAX: f64 = 0.06;
/// How long it is looked what is used at rest.
const REST_SEEN: Duration = Duration::from_secs(10);
/// Those of the columns that are Tocsin.
const OURS: [&str; 3] = ["all in one", "take in (api)", "work (workers)"];
/// How long after its start a process teaches itself the catalogue of failures, and some more.
const TAUGHT_AFTER: Duration = Duration::from_secs(33);
/// Settings of every server.
const SETTINGS: [(&str, &str); 1] = [("TOCSIN_PIPELINE__FLUSH_SECS", "3")];

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let corpus = arguments
        .next()
        .context("usage: bench_cluster CORPUS [ROUNDS [WORKERS,…]]")?;
    let rounds: usize = arguments.next().map_or(Ok(3), |rounds| rounds.parse())?;
    let set_ups: Vec<usize> = match arguments.next() {
        Some(asked) => asked.split(',').map(str::parse).collect::<Result<_, _>>()?,
        None => WORKERS.into(),
    };
    let mut out = std::io::stdout().lock();
    let mut measured: BTreeMap<usize, Vec<Cost>> = BTreeMap::new();
    for round in 0..rounds.max(1) {
        for &workers in &set_ups {
            let cost = measure(Path::new(&corpus), workers)?;
            let total = cost.cpu_seconds.values().sum::<f64>();
            writeln!(
                out,
                "round {round}, {workers} workers: {} lines, {total:.1} CPU seconds, {:.1?}",
                cost.lines, cost.took
            )?;
            measured.entry(workers).or_default().push(cost);
        }
    }
    print(&measured, &mut out)
}

/// What a load took.
struct Cost {
    lines: u64,
    took: Duration,
    /// For the first lines, of which each process meets every kind for the first time.
    met: Used,
    /// By stage, without what is used at rest.
    cpu_seconds: Used,
    /// In a second at rest, by stage.
    at_rest: Used,
}

/// CPU seconds by stage.
type Used = BTreeMap<&'static str, f64>;

/// What was used from one moment to another.
fn between(before: &Used, now: &Used) -> Used {
    let used = |(stage, seconds): (&&'static str, &f64)| {
        let before = before.get(stage).copied().unwrap_or(0.0);
        (*stage, seconds - before)
    };
    now.iter().map(used).collect()
}

impl Cost {
    fn per_million(&self, stage: &str) -> f64 {
        self.cpu_seconds.get(stage).copied().unwrap_or(0.0) * 1e6 / self.lines as f64
    }
}

/// A set-up that runs.
struct Setup {
    embedded: Option<TestServer>,
    cluster: Option<Cluster>,
    // Last, so that it ends after those who use it.
    _engines: Option<SharedEngines>,
}

impl Setup {
    fn start(workers: usize) -> anyhow::Result<Self> {
        if workers == 0 {
            return Ok(Self {
                embedded: Some(TestServer::start_with(&SETTINGS)?),
                cluster: None,
                _engines: None,
            });
        }
        let engines = SharedEngines::start()?.with_vectors()?;
        Ok(Self {
            embedded: None,
            cluster: Some(Cluster::start(&engines, (workers, 1), &SETTINGS)?),
            _engines: Some(engines),
        })
    }

    /// The process that takes in.
    fn server(&self) -> anyhow::Result<&TestServer> {
        let api = self.cluster.as_ref().and_then(|one| one.apis.first());
        self.embedded.as_ref().or(api).context("nothing serves")
    }

    /// CPU seconds until now, by stage.
    fn cpu_seconds(&self) -> anyhow::Result<Used> {
        let has = |servers: &[TestServer], id| servers.iter().any(|one| one.process() == Some(id));
        let mut all = Used::new();
        for process in processes::descendants()? {
            let stage = match &self.cluster {
                Some(cluster) if has(&cluster.apis, process.id) => "take in (api)",
                Some(cluster) if has(&cluster.workers, process.id) => "work (workers)",
                _ => stage(&process.command),
            };
            *all.entry(stage).or_default() += process.cpu_seconds;
        }
        Ok(all)
    }

    /// CPU seconds of a second once nothing is left of what a start or a load brings.
    fn at_rest(&self) -> anyhow::Result<Used> {
        let processes = self.cluster.as_ref().map_or(1, |one| one.workers.len() + 1);
        let most = REST_MAX * processes as f64;
        let mut before = self.cpu_seconds()?;
        wait_long("the set-up to be at rest", LOAD_WITHIN, || {
            std::thread::sleep(REST_SEEN);
            let now = self.cpu_seconds().ok()?;
            let mut used = between(&before, &now);
            before = now;
            let seen = REST_SEEN.as_secs_f64();
            used.values_mut().for_each(|seconds| *seconds /= seen);
            (used.values().sum::<f64>() <= most).then_some(used)
        })
    }
}

fn stage(command: &str) -> &'static str {
    let of = [
        ("redis-server", "bus (Redis)"),
        ("clickhouse_front", "lines (ClickHouse)"),
        ("influxdb_double", "points (InfluxDB double)"),
        ("qdrant/double", "vectors (Qdrant double)"),
        ("postgres", "rows (PostgreSQL)"),
    ];
    let found = of.iter().find(|(word, _)| command.contains(word));
    found.map_or("all in one", |(_, stage)| stage)
}

/// Has a set-up meet all kinds of line, and then measures what a line costs.
fn measure(corpus: &Path, workers: usize) -> anyhow::Result<Cost> {
    let setup = Setup::start(workers)?;
    let first = first_lines(corpus)?;
    std::thread::sleep(TAUGHT_AFTER);
    let at_rest = setup.at_rest()?;
    let (_, _, met) = load(&setup, &at_rest, first.path())?;
    let at_rest = setup.at_rest()?;
    let (lines, took, cpu_seconds) = load(&setup, &at_rest, corpus)?;
    Ok(Cost {
        lines,
        took,
        met,
        cpu_seconds,
        at_rest,
    })
}

/// A file of the first lines.
fn first_lines(corpus: &Path) -> anyhow::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    for line in BufReader::new(File::open(corpus)?).split(b'\n').take(FIRST) {
        file.write_all(&line?)?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    Ok(file)
}

/// Sends a file and waits until all of it is stored: its lines, how long that took, and what was used
/// beyond what is used at rest.
fn load(setup: &Setup, at_rest: &Used, file: &Path) -> anyhow::Result<(u64, Duration, Used)> {
    let server = setup.server()?;
    let sources: Vec<String> = (0..SOURCES).map(|one| format!("bench-{one}")).collect();
    let (_, stats) = server.get("/api/v1/stats")?;
    let already = stats["records"].as_u64().context("no records")?;
    let before = setup.cpu_seconds()?;
    let started = Instant::now();
    let (lines, _) = send_file(server, file, &sources)?;
    wait_long("every line to be stored", LOAD_WITHIN, || {
        let stats = server.get("/api/v1/stats").ok()?.1;
        let is_drained = stats["bus"]["events"] == 0 && stats["head_records"] == 0;
        (is_drained && stats["records"].as_u64()? >= already + lines).then_some(())
    })?;
    let took = started.elapsed();
    let mut used = between(&before, &setup.cpu_seconds()?);
    for (stage, seconds) in &mut used {
        let at_rest = at_rest.get(stage).copied().unwrap_or(0.0);
        *seconds = (*seconds - at_rest * took.as_secs_f64()).max(0.0);
    }
    Ok((lines, took, used))
}

/// Prints the medians of the rounds.
fn print(measured: &BTreeMap<usize, Vec<Cost>>, out: &mut impl Write) -> anyhow::Result<()> {
    write!(out, "{:34}", "CPU seconds per million lines")?;
    for workers in measured.keys() {
        let head = match workers {
            0 => "embedded".to_owned(),
            workers => format!("{workers} workers"),
        };
        write!(out, "{head:>12}")?;
    }
    writeln!(out)?;
    let row = |out: &mut dyn Write, name: &str, value: &dyn Fn(&Cost) -> f64| {
        write!(out, "{name:34}")?;
        for costs in measured.values() {
            let mut values: Vec<f64> = costs.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            write!(out, "{:>12.1}", values[values.len() / 2])?;
        }
        writeln!(out)
    };
    for stage in STAGES {
        row(out, stage, &|cost| cost.per_million(stage))?;
    }
    row(out, "ours: take in and work", &|cost| {
        OURS.iter().map(|stage| cost.per_million(stage)).sum()
    })?;
    row(out, "total", &|cost| {
        STAGES.iter().map(|stage| cost.per_million(stage)).sum()
    })?;
    row(out, "once: ours, first lines, seconds", &|cost| {
        let of = |stage: &&str| cost.met.get(stage).copied().unwrap_or(0.0);
        OURS.iter().map(of).sum()
    })?;
    row(out, "at rest: ours, ms of CPU a second", &|cost| {
        let of = |stage: &&str| cost.at_rest.get(stage).copied().unwrap_or(0.0);
        OURS.iter().map(of).sum::<f64>() * 1e3
    })?;
    row(out, "lines per second", &|cost| {
        cost.lines as f64 / cost.took.as_secs_f64()
    })?;
    Ok(())
}
