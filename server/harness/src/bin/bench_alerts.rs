//! Measures the alert side from outside: how long it takes from a line appended to a followed file to
//! the change at a live client, with a thousand rules and other lines passing, and what becomes of a
//! storm.
//!
//! `bench_alerts BINARY_OF_TOCSIN [EVENTS] [STORM_LINES]`: EVENTS lines of as many causes, one every 5
//! ms, beside 20,000 lines a second of an ordinary log; then STORM_LINES lines of 200 causes as fast as
//! they are taken. Printed are p50, p99 and the largest latency, and the number of alerts, incidents and
//! lines counted.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;
use tocsin_harness::wait_for;

/// Rules that are loaded, the one that fires among them.
const RULES: usize = 1000;
/// Lines a second beside those that are measured.
const BACKGROUND: usize = 20_000;
/// Between two lines that are measured.
const PACE: Duration = Duration::from_millis(5);
/// Causes of the storm.
const CAUSES: u64 = 200;
/// Lines of one push of the storm.
const LINES: u64 = 2000;

/// When each line was written and when its change was heard.
type Times = Arc<Mutex<HashMap<String, Instant>>>;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let binary = arguments
        .next()
        .context("usage: bench_alerts BINARY [EVENTS] [STORM_LINES]")?;
    let events: usize = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    let storm: u64 = arguments
        .next()
        .map_or(Ok(1_000_000), |text| text.parse())?;
    let mut out = std::io::stdout().lock();
    let folder = tempfile::tempdir()?;
    let server = Server::start(&binary, folder.path())?;
    let heard = server.listen()?;
    let mut latencies = server.measure(events, &heard)?;
    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize];
    writeln!(
        out,
        "{} lines of {events}, {RULES} rules, {BACKGROUND} other lines a second: \
         from the file to the client p50 {:.1} ms, p99 {:.1} ms, largest {:.1} ms",
        latencies.len(),
        at(0.5).as_secs_f64() * 1e3,
        at(0.99).as_secs_f64() * 1e3,
        at(1.0).as_secs_f64() * 1e3,
    )?;
    let (seconds, alerts, incidents, counted) = server.storm(storm)?;
    writeln!(
        out,
        "a storm of {storm} lines of {CAUSES} causes: taken in {seconds:.1} s, {alerts} alerts, \
         {incidents} incidents, {counted} lines counted"
    )?;
    Ok(())
}

/// A running server; killed when it is dropped.
struct Server {
    child: Child,
    url: String,
    followed: std::path::PathBuf,
    ordinary: std::path::PathBuf,
}

impl Server {
    fn start(binary: &str, folder: &Path) -> anyhow::Result<Self> {
        let followed = folder.join("measured.log");
        let ordinary = folder.join("ordinary.log");
        File::create(&followed)?;
        File::create(&ordinary)?;
        let rules = folder.join("alerts.yml");
        std::fs::write(&rules, rules_text())?;
        let config = folder.join("tocsin.toml");
        let paths = format!("{:?}, {:?}", followed, ordinary);
        std::fs::write(
            &config,
            format!(
                "[server]\nlisten = \"127.0.0.1:0\"\ndata_dir = {:?}\n[alerts]\nrules = {rules:?}\n\
                 [ingest.host]\nenabled = false\n[ingest.files]\npaths = [{paths}]\n",
                folder.join("data"),
            ),
        )?;
        let child = Command::new(binary)
            .args(["serve", "--config"])
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(File::create(folder.join("server.log"))?)
            .spawn()
            .context("the server cannot be started")?;
        let listening = folder.join("data/listening.json");
        let address = wait_for("the server to listen", || {
            let text = std::fs::read_to_string(&listening).ok()?;
            let json: Value = serde_json::from_str(&text).ok()?;
            json["http"].as_str().map(str::to_owned)
        });
        let log = || std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
        Ok(Self {
            child,
            url: address.with_context(log)?,
            followed,
            ordinary,
        })
    }

    /// Notes when the first change of each host's alert comes.
    fn listen(&self) -> anyhow::Result<Times> {
        let mut stream = TcpStream::connect(&self.url)?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET /api/v1/live?topics=alerts HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n",
            self.url
        );
        stream.write_all(request.as_bytes())?;
        let heard = Times::default();
        let noted = heard.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let now = Instant::now();
                if let Some(place) = line.find("\"unit\":\"m")
                    && let Some(host) = line[place + 8..].split('"').next()
                {
                    let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                    noted.entry(host.to_owned()).or_insert(now);
                }
            }
        });
        Ok(heard)
    }

    /// Appends the lines, and says how long each took.
    fn measure(&self, events: usize, heard: &Times) -> anyhow::Result<Vec<Duration>> {
        let stop = Arc::new(AtomicBool::new(false));
        let background = self.background(stop.clone())?;
        let mut file = OpenOptions::new().append(true).open(&self.followed)?;
        let mut written = Vec::with_capacity(events);
        let begun = Instant::now();
        for event in 0..events {
            let due = begun + PACE * event as u32;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let line = format!("level=error unit=m{event} msg=\"the pump lost its pressure\"\n");
            written.push((format!("m{event}"), Instant::now()));
            file.write_all(line.as_bytes())?;
        }
        let all = wait_for("all changes", || {
            let heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            (heard.len() >= events).then(|| heard.clone())
        });
        stop.store(true, Ordering::Relaxed);
        drop(background.join());
        let heard = match all {
            Ok(all) => all,
            Err(_) => heard.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        let took = written
            .iter()
            .filter_map(|(host, at)| Some(heard.get(host)?.duration_since(*at)));
        let took: Vec<Duration> = took.collect();
        ensure!(!took.is_empty(), "no change came");
        Ok(took)
    }

    fn background(&self, stop: Arc<AtomicBool>) -> anyhow::Result<std::thread::JoinHandle<()>> {
        let mut file = OpenOptions::new().append(true).open(&self.ordinary)?;
        Ok(std::thread::spawn(move || {
            let mut number = 0u64;
            while !stop.load(Ordering::Relaxed) {
                let begun = Instant::now();
                let mut lines = String::with_capacity(1 << 17);
                for _ in 0..BACKGROUND / 50 {
                    number += 1;
                    lines.push_str(&format!(
                        "order {number} of customer {} was shipped after {} ms\n",
                        number % 997,
                        number % 41
                    ));
                }
                if file.write_all(lines.as_bytes()).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(20).saturating_sub(begun.elapsed()));
            }
        }))
    }

    fn get(&self, route: &str) -> anyhow::Result<Value> {
        let mut answer = ureq::get(format!("http://{}{route}", self.url)).call()?;
        Ok(serde_json::from_str(&answer.body_mut().read_to_string()?)?)
    }

    /// Sends the storm and waits until every line is counted; gives seconds, alerts, incidents and
    /// lines.
    fn storm(&self, lines: u64) -> anyhow::Result<(f64, usize, usize, u64)> {
        let begun = Instant::now();
        let mut sent = 0;
        while sent < lines {
            let mut body = String::new();
            for line in sent..(sent + LINES).min(lines) {
                let cause = line % CAUSES;
                body.push_str(&format!("{{\"body\":\"order {line} failed: part {} is broken\",\"severity\":\"fatal\",\"host\":\"s{cause}\"}}\n", cause % 10));
            }
            let url = format!("http://{}/api/v1/logs?source=storm", self.url);
            match ureq::post(&url)
                .header("Content-Type", "application/x-ndjson")
                .send(body.as_bytes())
            {
                Ok(_) => sent += LINES,
                // It asks to come back later.
                Err(ureq::Error::StatusCode(429 | 503)) => {
                    std::thread::sleep(Duration::from_millis(50))
                }
                Err(error) => return Err(error.into()),
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        let mut last = (0, 0);
        let counted = wait_for("every line to be counted", || {
            let answer = self
                .get("/api/v1/alerts?limit=1000&label=source%3D%22storm%22")
                .ok()?;
            let items = answer["items"].as_array()?;
            let counted = items.iter().filter_map(|one| one["count"].as_u64()).sum();
            last = (items.len(), counted);
            (counted >= lines).then_some(last)
        });
        let (alerts, counted) = counted.unwrap_or(last);
        let incidents = self.get("/api/v1/incidents?limit=1000")?;
        let incidents = incidents["items"].as_array().map_or(0, Vec::len);
        Ok((seconds, alerts, incidents, counted))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn rules_text() -> String {
    let mut text = "alerts:\n  - { id: pump, on: log, when: 'template.contains(\"lost its pressure\")', group_by: [unit], severity: medium }\n\
        \x20 - { id: storm, on: log, when: 'severity_number >= 21 && source == \"storm\"', group_by: [source, host], severity: medium }\n"
        .to_owned();
    for number in 2..RULES {
        text.push_str(&format!(
            "  - {{ id: rule{number}, on: log, when: 'severity_number >= 17 && host == \"h{number}\" && body.contains(\"x{number}\")', group_by: [host] }}\n"
        ));
    }
    text
}
