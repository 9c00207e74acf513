//! Measures the metric side from outside, and the real VictoriaMetrics on the same points in turn.
//!
//! `bench_metrics BINARY_OF_TOCSIN [ROUNDS]`: both take the same line protocol over HTTP. Printed
//! are points per CPU second of the server, memory, bytes on disk per point after compaction, and
//! how long a range query of a day over 100 series takes. Without VictoriaMetrics only we run.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;
use tocsin_harness::processes::{self, bytes_below};

/// Fields of a line.
const FIELDS: usize = 10;
/// Lines of a request.
const LINES: usize = 2000;
/// How often the query is asked.
const ASKS: usize = 200;
const STEP_SECS: u64 = 10;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let binary = arguments
        .next()
        .context("usage: bench_metrics BINARY [ROUNDS]")?;
    let rounds: usize = arguments.next().map_or(Ok(3), |rounds| rounds.parse())?;
    let mut out = std::io::stdout().lock();
    // 100,000 series for ten minutes; 1,000 series for a day.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let start_secs = now.as_secs() - 2 * 86_400;
    let wide = Load {
        start_secs,
        hosts: 10_000,
        steps: 60,
    };
    let deep = Load {
        start_secs,
        hosts: 100,
        steps: 8640,
    };
    let mut rates: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        for (place, kind) in [Kind::Tocsin, Kind::VictoriaMetrics]
            .into_iter()
            .enumerate()
        {
            let Some(mut server) = Server::start(kind, &binary)? else {
                continue;
            };
            let sent = server.take(wide)?;
            rates[place].push(sent.points as f64 / sent.cpu_seconds);
            if round == 0 {
                writeln!(
                    out,
                    "{kind:?}: {} points over {} series, {:.0} points per CPU second, {:.0} points per second, peak {:.0} MB",
                    sent.points,
                    wide.hosts * FIELDS,
                    sent.points as f64 / sent.cpu_seconds,
                    sent.points as f64 / sent.seconds,
                    server.status("VmHWM")?,
                )?;
            }
        }
    }
    let medians = rates.map(median);
    if let [Some(ours), Some(theirs)] = medians {
        let ratio = ours / theirs;
        writeln!(
            out,
            "medians of {rounds} in turn: {ours:.0} against {theirs:.0} points per CPU second, ratio {ratio:.2}"
        )?;
    }
    for kind in [Kind::Tocsin, Kind::VictoriaMetrics] {
        let Some(mut server) = Server::start(kind, &binary)? else {
            continue;
        };
        let sent = server.take(deep)?;
        server.settle()?;
        let bytes = server.bytes()? as f64;
        writeln!(
            out,
            "{kind:?}: {} points, {:.3} bytes on disk per point after compaction",
            sent.points,
            bytes / sent.points as f64
        )?;
        let (p50, p99) = server.ask(deep)?;
        writeln!(
            out,
            "{kind:?}: a day of 100 series by minutes: {p50:.1} ms p50, {p99:.1} ms p99"
        )?;
    }
    Ok(())
}

fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

/// How many points of how many series.
#[derive(Debug, Clone, Copy)]
struct Load {
    hosts: usize,
    steps: usize,
    /// The first time of all points, in seconds since the epoch: lately, or retention takes them.
    start_secs: u64,
}

impl Load {
    /// The lines of `hosts` at `step`: gauges with two decimals, counters, and what hardly moves.
    fn body(
        self,
        step: usize,
        hosts: std::ops::Range<usize>,
        body: &mut Vec<u8>,
    ) -> anyhow::Result<()> {
        let at = (self.start_secs + step as u64 * STEP_SECS) * 1000;
        for host in hosts {
            let noise = |field: u64| mix(step as u64 ^ (host as u64) << 24 ^ field << 56);
            let wave = ((step + host * 37) as f64 / 360.0).sin();
            let percent = |field: u64, middle: f64| {
                let jitter = (noise(field) % 200) as f64 / 100.0;
                (middle + 10.0 * wave + jitter).clamp(0.0, 100.0)
            };
            let total = |field: u64, rate: u64| step as u64 * rate + noise(field) % rate;
            writeln!(
                body,
                "host,host=host_{host:05},region=eu cpu_user={:.2},cpu_system={:.2},load={:.2},mem_used={}i,mem_total=17179869184i,net_rx={}i,net_tx={}i,disk_used={}i,requests={}i,up=1 {at}",
                percent(0, 30.0),
                percent(1, 12.0),
                percent(2, 20.0) / 10.0,
                8_000_000_000 + (noise(3) % 1000) * 4096,
                total(4, 150_000),
                total(5, 90_000),
                500_000_000_000 + step as u64 / 30 * 4096,
                total(6, 40),
            )?;
        }
        Ok(())
    }
}

/// SplitMix64's mixing step (Steele et al., 2014).
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tocsin,
    VictoriaMetrics,
}

/// A server under measurement; killed when dropped.
struct Server {
    kind: Kind,
    binary: String,
    child: Child,
    folder: TempDir,
    address: String,
    agent: ureq::Agent,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The command that starts us.
fn tocsin(binary: &str, address: &str, folder: &TempDir) -> Command {
    let mut command = Command::new(binary);
    command
        .arg("serve")
        .env("TOCSIN_SERVER__LISTEN", address)
        .env("TOCSIN_SERVER__DATA_DIR", folder.path().join("data"))
        .env("TOCSIN_INGEST__HOST__ENABLED", "false")
        .env("TOCSIN_INGEST__OWN_LOG__ENABLED", "false")
        .env("TOCSIN_INGEST__SYSLOG__ENABLED", "false")
        .stdin(Stdio::null());
    command
}

/// What taking a load in cost.
struct Sent {
    points: u64,
    seconds: f64,
    cpu_seconds: f64,
}

impl Server {
    fn start(kind: Kind, binary: &str) -> anyhow::Result<Option<Self>> {
        let folder = TempDir::new()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = format!("127.0.0.1:{port}");
        let data = folder.path().join("data");
        let mut command = match kind {
            Kind::Tocsin => tocsin(binary, &address, &folder),
            Kind::VictoriaMetrics => {
                let Ok(program) = tocsin_harness::find_program("victoria-metrics") else {
                    return Ok(None);
                };
                let mut command = Command::new(program);
                command
                    .arg(format!("-storageDataPath={}", data.display()))
                    .arg(format!("-httpListenAddr={address}"))
                    .arg("-retentionPeriod=100y");
                command
            }
        };
        let log = fs::File::create(folder.path().join("log"))?;
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = command
            .spawn()
            .with_context(|| format!("{kind:?} does not start"))?;
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let server = Self {
            kind,
            binary: binary.to_owned(),
            child,
            folder,
            address,
            agent,
        };
        let health = if kind == Kind::Tocsin {
            "/health/live"
        } else {
            "/health"
        };
        server.until("it answers", || Ok(server.get(health).is_ok()))?;
        Ok(Some(server))
    }

    fn until(&self, what: &str, is_so: impl Fn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
        let began = Instant::now();
        while !is_so()? {
            if began.elapsed() > Duration::from_secs(600) {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                bail!("waited in vain until {what}\n{log}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn get(&self, path: &str) -> anyhow::Result<String> {
        let mut answer = self
            .agent
            .get(format!("http://{}{path}", self.address))
            .call()?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        Ok(answer
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_string()?)
    }

    /// Sends a load and waits until it is stored and judged.
    fn take(&mut self, load: Load) -> anyhow::Result<Sent> {
        let cpu_before = self.cpu()?;
        let began = Instant::now();
        let mut body = Vec::new();
        let url = format!(
            "http://{}/api/v2/write?org=o&bucket=b&precision=ms",
            self.address
        );
        // A day of few hosts goes in requests of as many lines as ten minutes of many.
        let steps_each = (LINES / load.hosts).clamp(1, 60);
        for first in (0..load.steps).step_by(steps_each) {
            for host in (0..load.hosts).step_by(LINES) {
                body.clear();
                for step in first..(first + steps_each).min(load.steps) {
                    load.body(step, host..(host + LINES).min(load.hosts), &mut body)?;
                }
                loop {
                    let answer = self.agent.post(&url).send(&body[..])?;
                    match answer.status().as_u16() {
                        204 => break,
                        429 | 503 => std::thread::sleep(Duration::from_millis(50)),
                        status => bail!("{:?} answers {status}", self.kind),
                    }
                }
            }
        }
        let points = (load.hosts * load.steps * FIELDS) as u64;
        self.until("all points are stored", || self.stored(points))?;
        Ok(Sent {
            points,
            seconds: began.elapsed().as_secs_f64(),
            cpu_seconds: self.cpu()? - cpu_before,
        })
    }

    fn stored(&self, points: u64) -> anyhow::Result<bool> {
        let name = match self.kind {
            Kind::Tocsin => "tocsin_points_stored_total ",
            Kind::VictoriaMetrics => "vm_rows_inserted_total{type=\"influx\"} ",
        };
        let text = self.get("/metrics")?;
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let stored: f64 = line.and_then(|number| number.parse().ok()).unwrap_or(0.0);
        Ok(stored as u64 >= points)
    }

    /// Everything to disk, compacted.
    fn settle(&mut self) -> anyhow::Result<()> {
        match self.kind {
            Kind::VictoriaMetrics => {
                self.get("/internal/force_flush")?;
                self.get("/internal/force_merge")?;
                std::thread::sleep(Duration::from_secs(10));
            }
            Kind::Tocsin => {
                // What is left in memory is written at the end of a run.
                let done = Command::new("kill")
                    .arg(self.child.id().to_string())
                    .status()?;
                ensure!(done.success(), "the server cannot be stopped");
                self.child.wait()?;
                self.child = tocsin(&self.binary, &self.address, &self.folder)
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()?;
                self.until("it answers again", || Ok(self.get("/health/live").is_ok()))?;
            }
        }
        Ok(())
    }

    fn bytes(&self) -> anyhow::Result<u64> {
        let data = self.folder.path().join("data");
        match self.kind {
            Kind::Tocsin => bytes_below(&data.join("metrics")),
            Kind::VictoriaMetrics => bytes_below(&data),
        }
    }

    /// A day of 100 series by minutes, asked often.
    fn ask(&self, load: Load) -> anyhow::Result<(f64, f64)> {
        let end = load.start_secs + load.steps as u64 * STEP_SECS;
        let start = end - 86_400;
        let path = format!(
            "/api/v1/query_range?query=host_cpu_user&start={start}&end={end}&step=60&nocache=1"
        );
        let mut times = Vec::with_capacity(ASKS);
        for _ in 0..ASKS {
            let began = Instant::now();
            let answer = self.get(&path)?;
            times.push(began.elapsed().as_secs_f64() * 1e3);
            ensure!(
                answer.matches("\"host\":").count() >= 100,
                "{} series instead of 100: {}",
                answer.matches("\"host\":").count(),
                &answer[..200.min(answer.len())]
            );
        }
        times.sort_by(f64::total_cmp);
        Ok((times[ASKS / 2], times[ASKS * 99 / 100]))
    }

    fn cpu(&self) -> anyhow::Result<f64> {
        processes::cpu_seconds(self.child.id())
    }

    fn status(&self, name: &str) -> anyhow::Result<f64> {
        processes::memory_mb(self.child.id(), name)
    }
}
