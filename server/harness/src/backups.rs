//! Load under a backup, the commands that make and restore one, and whether everything came back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::{TestServer, binary, wait_for};

/// Lines in one request.
const LINES: u64 = 200;
/// Series of one request of points, a point each.
pub const SERIES: u64 = 50;

/// Runs another command of the program on a data folder, with settings as a server has them.
///
/// # Errors
/// If it cannot be run.
pub fn tocsin(
    data_dir: &Path,
    settings: &[(&str, &str)],
    arguments: &[&str],
) -> anyhow::Result<Output> {
    let output = Command::new(binary()?)
        .args(arguments)
        .current_dir(data_dir.parent().context("a folder")?)
        .envs(settings.iter().copied())
        .env("TOCSIN_SERVER__DATA_DIR", data_dir)
        .output()?;
    Ok(output)
}

/// What a command said that did its work.
///
/// # Errors
/// What it said if it did not.
pub fn done(output: &Output) -> anyhow::Result<String> {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{said}\n{wrong}");
    Ok(said)
}

/// Sees to it that a command refused, and why.
///
/// # Errors
/// If it did not, or for another reason.
pub fn refused(output: &Output, why: &str) -> anyhow::Result<()> {
    let wrong = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success() && wrong.contains(why), "{wrong}");
    Ok(())
}

/// What a backup said: the bytes of all it needs, and those it wrote, in MB.
#[must_use]
pub fn megabytes(said: &str) -> Option<(f64, f64)> {
    let last = said.lines().last()?;
    let mut numbers = last
        .split(" MB")
        .filter_map(|part| part.rsplit(' ').next()?.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

/// What a backup said: the objects it needs, and those it wrote.
#[must_use]
pub fn objects(said: &str) -> Option<(u64, u64)> {
    let of_parts = said.lines().filter(|line| line.ends_with(" records"));
    let of_part = |line: &str| line.split_whitespace().nth(1)?.parse::<u64>().ok();
    let all = of_parts.filter_map(of_part).sum();
    let (new, _) = said.split_once(" new objects")?;
    Some((all, new.rsplit(' ').next()?.parse().ok()?))
}

/// Orders and points from 0 on that were accepted, sent one request after the other.
#[derive(Debug, Default)]
pub struct Sent {
    lines: AtomicU64,
    points: AtomicU64,
    stop: AtomicBool,
    /// Why a sender ended.
    ends: Mutex<Vec<String>>,
    /// Between two requests of a sender.
    pause: Duration,
}

/// What was accepted at a moment: orders, and points of each series.
pub type Accepted = (u64, u64);

impl Sent {
    /// Nothing yet; each sender will rest so long after a request, for engines that share its machine.
    #[must_use]
    pub fn with_pause(pause: Duration) -> Self {
        Self {
            pause,
            ..Self::default()
        }
    }

    /// Begins to send to a server, points from a time on, until [`Self::stop`].
    #[must_use]
    pub fn start(self: &Arc<Self>, url: &str, base_ms: u64) -> [JoinHandle<()>; 2] {
        [true, false].map(|is_lines| {
            let (sent, url) = (self.clone(), url.to_owned());
            std::thread::spawn(move || match is_lines {
                true => sent.send_lines(&url, &agent()),
                false => sent.send_points(&url, &agent(), base_ms),
            })
        })
    }

    /// Has the senders end.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// What was accepted so far.
    #[must_use]
    pub fn accepted(&self) -> Accepted {
        let of = |count: &AtomicU64| count.load(Ordering::Acquire);
        (of(&self.lines), of(&self.points))
    }

    /// Why senders ended before they were stopped, or because the server went first.
    #[must_use]
    pub fn ends(&self) -> Vec<String> {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.clone()
    }

    fn end(&self, why: String) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.push(why);
    }

    fn send_lines(&self, url: &str, agent: &ureq::Agent) {
        while !self.stop.load(Ordering::Relaxed) {
            let first = self.lines.load(Ordering::Relaxed);
            let line = |at: u64| {
                let (customer, ms) = (at % 7, at % 91);
                format!("{{\"body\":\"order {at} of customer {customer} failed after {ms} ms\"}}\n")
            };
            let body: String = (first..first + LINES).map(line).collect();
            let route = format!("{url}/api/v1/logs?source=load-{}", first / LINES % 5);
            let ndjson = "application/x-ndjson";
            let request = agent.post(route).header("Content-Type", ndjson);
            match request.send(body.as_bytes()) {
                Ok(answer) if answer.status() == 200 => {
                    self.lines.store(first + LINES, Ordering::Release);
                    std::thread::sleep(self.pause);
                }
                Ok(_) => std::thread::yield_now(),
                Err(error) => return self.end(format!("lines after {first}: {error}")),
            }
        }
    }

    fn send_points(&self, url: &str, agent: &ureq::Agent, base_ms: u64) {
        while !self.stop.load(Ordering::Relaxed) {
            let request = self.points.load(Ordering::Relaxed);
            let at = base_ms + request;
            let line = |series| format!("load,series=s{series} n={request} {at}\n");
            let body: String = (0..SERIES).map(line).collect();
            let route = format!("{url}/api/v2/write?bucket=b&precision=ms");
            match agent.post(route).send(body.as_bytes()) {
                Ok(answer) if answer.status() == 204 => {
                    self.points.store(request + 1, Ordering::Release);
                    std::thread::sleep(self.pause);
                }
                Ok(_) => std::thread::yield_now(),
                Err(error) => return self.end(format!("points after {request}: {error}")),
            }
        }
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into()
}

/// Ids of what a list holds, as far as it does not change while load is under way.
fn ids(server: &TestServer, route: &str, id: &str) -> anyhow::Result<BTreeSet<String>> {
    let (status, answer) = server.get(route)?;
    let items = answer["items"].as_array().cloned();
    let items = items.with_context(|| format!("{route}: {status}: {answer}"))?;
    let ids = items.iter().filter_map(|item| item[id].as_str());
    Ok(ids.map(str::to_owned).collect())
}

/// Ids by what they are of.
pub type Kept = BTreeMap<&'static str, BTreeSet<String>>;

/// What must be equal afterwards, besides lines and points.
///
/// # Errors
/// If there are no alerts, templates or tickets yet.
pub fn kept(server: &TestServer) -> anyhow::Result<Kept> {
    let alerts = ids(server, "/api/v1/alerts?limit=100", "id")?;
    let templates = ids(server, "/api/v1/logs/templates?limit=100", "template")?;
    let tickets = ids(server, "/api/v1/tickets?limit=100", "id")?;
    let runs = ids(server, "/api/v1/automation/runs?limit=100", "id")?;
    let subscriptions = ids(server, "/api/v1/subscriptions?limit=100", "id")?;
    ensure!(!alerts.is_empty() && !templates.is_empty() && !tickets.is_empty());
    Ok(BTreeMap::from([
        ("alerts", alerts),
        ("templates", templates),
        ("tickets", tickets),
        ("runs", runs),
        ("subscriptions", subscriptions),
    ]))
}

/// Sees to it that what was accepted is there, each line exactly once; `others` lines are there, too.
///
/// # Errors
/// What is missing or double.
pub fn there(
    server: &TestServer,
    (lines, points): Accepted,
    others: u64,
    base_ms: u64,
) -> anyhow::Result<()> {
    let mut stats = Value::Null;
    let stored = wait_for("the rest of the bus to be stored", || {
        stats = server.get("/api/v1/stats").ok()?.1;
        (stats["records"].as_u64()? >= lines + others).then_some(())
    });
    stored.with_context(|| format!("{lines} and {others} lines: {stats:#}"))?;
    let export = server
        .get_text("/api/v1/logs/export?format=ndjson&q=customer")?
        .1;
    let mut found: BTreeMap<u64, u32> = BTreeMap::new();
    for line in export.lines() {
        let record: Value = serde_json::from_str(line)?;
        let body = record["body"].as_str().unwrap_or_default();
        let order = body.split(' ').nth(1).and_then(|word| word.parse().ok());
        *found.entry(order.context("another line")?).or_default() += 1;
    }
    let twice = found.values().filter(|times| **times > 1).count();
    let lost = (0..lines)
        .filter(|order| !found.contains_key(order))
        .count();
    ensure!(
        twice == 0 && lost == 0,
        "{twice} twice, {lost} of {lines} lost"
    );
    let route = |at: u64| {
        format!(
            "/api/v1/query?query=count_over_time(load_n%5B{}ms%5D)&time={}",
            points,
            (base_ms + at) as f64 / 1e3
        )
    };
    let mut counted = Value::Null;
    let whole = wait_for("every point", || {
        counted = server.get(&route(points.checked_sub(1)?)).ok()?.1;
        let series = counted["data"]["result"].as_array()?;
        let of = |one: &Value| one["value"][1].as_str()?.parse::<u64>().ok();
        let is_whole = |one: &Value| of(one).is_some_and(|count| count >= points - 1);
        (series.len() as u64 == SERIES && series.iter().all(is_whole)).then_some(())
    });
    whole.with_context(|| format!("{points} of each: {counted:#}"))
}
