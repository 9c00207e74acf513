//! Measures the alert side from outside: how long it takes from a line appended to a followed file to
//! the change at a live client, and to the requests for its ticket, with a thousand rules and other
//! lines passing.
//!
//! `bench_alerts BINARY_OF_TOCSIN [EVENTS] [PACE_MS]`: EVENTS lines of as many causes, one every PACE_MS
//! (20), beside 20,000 lines a second of an ordinary log. Jira has nothing and takes everything. Printed are p50, p99
//! and the largest latency of the change, of the first request (the search for a ticket that is open) and
//! of the one that opens the ticket.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;
use tocsin_harness::trackers::JiraDouble;
use tocsin_harness::wait_for;
use tocsin_harness::web::{Mood, Reply};

/// Rules that are loaded, the one that fires among them.
const RULES: usize = 1000;
/// Lines a second beside those that are measured.
const BACKGROUND: usize = 20_000;
/// When something of each cause was seen first.
type Times = Arc<Mutex<HashMap<String, Instant>>>;

/// What is seen of the causes.
#[derive(Clone, Default)]
struct Seen {
    /// The change at the client.
    heard: Times,
    /// The fingerprints of the alerts, by which searches name them.
    units: Arc<Mutex<HashMap<String, String>>>,
    /// Searches, by fingerprint.
    searched: Times,
    /// Requests that open a ticket.
    opened: Times,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let binary = arguments
        .next()
        .context("usage: bench_alerts BINARY [EVENTS] [PACE_MS]")?;
    let events: usize = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    let pace = Duration::from_millis(arguments.next().map_or(Ok(20), |text| text.parse())?);
    let folder = tempfile::tempdir()?;
    let seen = Seen::default();
    let jira = jira(&seen)?;
    let server = Server::start(&binary, folder.path(), &jira.url())?;
    server.listen(&seen)?;
    let written = server.measure((events, pace), &seen)?;
    let searched: HashMap<String, Instant> = {
        let units = lock(&seen.units);
        let each = lock(&seen.searched);
        let named = each
            .iter()
            .filter_map(|(print, at)| Some((units.get(print)?.clone(), *at)));
        named.collect()
    };
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{events} lines, one every {pace:?}, {RULES} rules, {BACKGROUND} other lines a second; from the \
         file to"
    )?;
    let stations = [
        ("the change at a client", lock(&seen.heard).clone()),
        ("the search for its ticket", searched),
        ("the request that opens it", lock(&seen.opened).clone()),
    ];
    for (station, times) in stations {
        let took = written
            .iter()
            .filter_map(|(unit, at)| Some(times.get(unit)?.duration_since(*at)));
        let mut took: Vec<Duration> = took.collect();
        took.sort_unstable();
        ensure!(!took.is_empty(), "{station}: nothing came");
        let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        writeln!(
            out,
            "  {station}: {} of them, p50 {:.1} ms, p99 {:.1} ms, largest {:.1} ms",
            took.len(),
            at(0.5),
            at(0.99),
            at(1.0),
        )?;
    }
    Ok(())
}

/// The text between a mark and the next quotation mark.
fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let at = text.find(mark)? + mark.len();
    text.get(at..)?.split(['"', '\\']).next()
}

/// A Jira that has nothing, takes everything at once, and notes when it is asked for what.
fn jira(seen: &Seen) -> anyhow::Result<JiraDouble> {
    let jira = JiraDouble::start()?;
    let seen = seen.clone();
    jira.set_mood(move |number, request| {
        let now = Instant::now();
        if request.path.ends_with("/search/jql") {
            if let Some(print) = after(&request.body, "tocsin-") {
                let print = print.to_owned();
                lock(&seen.searched).entry(print).or_insert(now);
            }
            let nothing = serde_json::json!({ "issues": [], "isLast": true });
            return Mood::Answer(Reply::json(200, &nothing));
        }
        if request.method == "POST" && request.path.ends_with("/issue") {
            let digits = |text: &str| -> String {
                text.chars()
                    .take_while(char::is_ascii_alphanumeric)
                    .collect()
            };
            if let Some(at) = request.body.find("unit=") {
                let unit = digits(request.body.get(at + 5..).unwrap_or_default());
                lock(&seen.opened).entry(unit).or_insert(now);
            }
            let (id, key) = (number.to_string(), format!("OPS-{number}"));
            let made = serde_json::json!({ "id": id, "key": key, "self": "" });
            return Mood::Answer(Reply::json(201, &made));
        }
        Mood::Obey
    });
    Ok(jira)
}

/// A running server; killed when it is dropped.
struct Server {
    child: Child,
    url: String,
    followed: std::path::PathBuf,
    ordinary: std::path::PathBuf,
}

impl Server {
    fn start(binary: &str, folder: &Path, jira: &str) -> anyhow::Result<Self> {
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
                 [ingest.host]\nenabled = false\n[ingest.files]\npaths = [{paths}]\n\
                 [tickets]\ntracker = \"jira\"\nthresholds = {{ medium = 0.0 }}\n\
                 [tickets.jira]\nurl = {jira:?}\nemail = {:?}\napi_token = {:?}\nproject = {:?}\n",
                folder.join("data"),
                JiraDouble::EMAIL,
                JiraDouble::TOKEN,
                JiraDouble::PROJECT,
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

    /// Notes when the first change of each cause comes, and its fingerprint.
    fn listen(&self, seen: &Seen) -> anyhow::Result<()> {
        let mut stream = TcpStream::connect(&self.url)?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET /api/v1/live?topics=alerts HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n",
            self.url
        );
        stream.write_all(request.as_bytes())?;
        let seen = seen.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let now = Instant::now();
                let Some(unit) = after(&line, "\"unit\":\"") else {
                    continue;
                };
                lock(&seen.heard).entry(unit.to_owned()).or_insert(now);
                if let Some(print) = after(&line, "\"fingerprint\":\"") {
                    lock(&seen.units).insert(print.to_owned(), unit.to_owned());
                }
            }
        });
        Ok(())
    }

    /// Appends the lines; gives when each was written.
    fn measure(
        &self,
        (events, pace): (usize, Duration),
        seen: &Seen,
    ) -> anyhow::Result<Vec<(String, Instant)>> {
        let stop = Arc::new(AtomicBool::new(false));
        let background = self.background(stop.clone())?;
        let mut file = OpenOptions::new().append(true).open(&self.followed)?;
        let mut written = Vec::with_capacity(events);
        let begun = Instant::now();
        for event in 0..events {
            let due = begun + pace * event as u32;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let line = format!("level=error unit=m{event} msg=\"the pump lost its pressure\"\n");
            written.push((format!("m{event}"), Instant::now()));
            file.write_all(line.as_bytes())?;
        }
        // What does not come in time is missing from the numbers.
        let _all = wait_for("all changes and tickets", || {
            let is_all = lock(&seen.heard).len() >= events && lock(&seen.opened).len() >= events;
            is_all.then_some(())
        });
        stop.store(true, Ordering::Relaxed);
        drop(background.join());
        Ok(written)
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
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn rules_text() -> String {
    let mut text = "alerts:\n  - { id: pump, on: log, when: 'template.contains(\"lost its pressure\")', group_by: [unit], severity: medium }\n"
        .to_owned();
    for number in 1..RULES {
        text.push_str(&format!(
            "  - {{ id: rule{number}, on: log, when: 'severity_number >= 17 && host == \"h{number}\" && body.contains(\"x{number}\")', group_by: [host] }}\n"
        ));
    }
    text
}
