//! Processes and engines that are killed at random while lines and points come in: what was accepted
//! must be there exactly once, and so must every alert, ticket and message about it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::{Cluster, SharedEngines, wait_long};
use crate::TestServer;
use crate::trackers::JiraDouble;
use crate::webhook::WebhookDouble;

/// Lines of one push.
const LINES: u64 = 50;
/// Sources of lines, which lie in different partitions; each alert is of one of them.
const SOURCES: u64 = 8;
/// Series of points.
const SERIES: u64 = 20;
/// How long everything may take to come to rest.
const REST_WITHIN: Duration = Duration::from_secs(300);

/// How long, and how bad.
#[derive(Debug, Clone, Copy)]
pub struct ChaosPlan {
    /// Processes that work, and processes that serve.
    pub processes: (usize, usize),
    /// How long lines and points are sent.
    pub length: Duration,
    /// How often something is killed.
    pub every: Duration,
    /// How many causes the lines of each source are of: each is one alert.
    pub causes: u64,
    /// Where the random numbers begin.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChaosResult {
    /// Kills of processes, of PostgreSQL and of Redis.
    pub kills: (u32, u32, u32),
    /// Lines whose push was answered.
    pub accepted: u64,
    /// Lines whose push has no answer: they may be there or not.
    pub unknown: u64,
    /// Accepted lines that are not there.
    pub lines_missing: u64,
    /// Lines that are there more than once.
    pub lines_double: u64,
    /// Points whose push was answered.
    pub points: u64,
    /// Accepted points that are not there.
    pub points_missing: u64,
    /// The longest that a partition had nobody, as the holders' leases tell, in ms.
    pub unowned_ms: u64,
    /// Alerts beyond one for each cause of a source, or fewer (negative).
    pub alerts_beyond: i64,
    /// Lines that the alerts count beyond those that are there, or fewer (negative).
    pub counted_beyond: i64,
    /// Tickets beyond one for each cause of a source, or fewer (negative).
    pub tickets_beyond: i64,
    /// First messages beyond one for each cause of a source, or fewer (negative).
    pub messages_beyond: i64,
    /// What did not come to rest in time.
    pub late: Vec<String>,
}

impl ChaosResult {
    /// Whether everything was there exactly once, and no partition was without an owner for longer
    /// than `unowned`.
    #[must_use]
    pub fn is_whole(&self, unowned: Duration) -> bool {
        let nothing = self.lines_missing + self.lines_double + self.points_missing == 0;
        let beyond = [
            self.alerts_beyond,
            self.counted_beyond,
            self.tickets_beyond,
            self.messages_beyond,
        ];
        nothing
            && beyond == [0; 4]
            && self.late.is_empty()
            && Duration::from_millis(self.unowned_ms) <= unowned
    }
}

/// Numbers that look random (SplitMix64, Steele et al. 2014).
fn random(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What was sent, and what became of it.
#[derive(Debug, Default)]
struct Sent {
    /// The numbers of lines that were accepted.
    lines: Mutex<Vec<u64>>,
    unknown: AtomicU64,
    /// Seconds of the points that were accepted.
    points: Mutex<Vec<i64>>,
    stop: AtomicBool,
}

/// Addresses of those that serve, as they are now.
type Addresses = Arc<Mutex<Vec<String>>>;

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the plan over running engines.
///
/// # Errors
/// If a process does not come up, or nothing comes to rest.
pub fn run(engines: &mut SharedEngines, plan: ChaosPlan) -> anyhow::Result<ChaosResult> {
    let (jira, webhook) = (JiraDouble::start()?, WebhookDouble::start()?);
    let url = jira.url();
    let settings = [
        ("TOCSIN_TICKETS__TRACKER", "jira"),
        ("TOCSIN_TICKETS__JIRA__URL", &url),
        ("TOCSIN_TICKETS__JIRA__EMAIL", JiraDouble::EMAIL),
        ("TOCSIN_TICKETS__JIRA__API_TOKEN", JiraDouble::TOKEN),
        ("TOCSIN_TICKETS__JIRA__PROJECT", JiraDouble::PROJECT),
        ("TOCSIN_TICKETS__JIRA__LAG_SECS", "1"),
        ("TOCSIN_TICKETS__RETRY_SECS_MAX", "2"),
        ("TOCSIN_NOTIFY__RETRY_SECS_MAX", "2"),
        ("TOCSIN_PIPELINE__FLUSH_SECS", "1"),
    ];
    let mut cluster = Cluster::start(engines, plan.processes, &settings)?;
    subscribe(&cluster.apis[0], &webhook.url())?;
    let sent = Arc::<Sent>::default();
    let addresses: Addresses = Arc::new(Mutex::new(served_at(&cluster)));
    let senders = [
        sender(&sent, &addresses, plan, send_lines),
        sender(&sent, &addresses, plan, send_points),
    ];
    let mut result = ChaosResult::default();
    let watched = watch_partitions(engines, &sent);
    let done = disturb(engines, &mut cluster, plan, (&addresses, &mut result));
    sent.stop.store(true, Ordering::Release);
    for sender in senders {
        sender
            .join()
            .map_err(|_| anyhow::anyhow!("a sender panicked"))?;
    }
    let unowned = watched.join();
    result.unowned_ms = unowned.map_err(|_| anyhow::anyhow!("the watch panicked"))?;
    done?;
    judge(&cluster, plan, (&jira, &webhook, &sent), result)
}

fn served_at(cluster: &Cluster) -> Vec<String> {
    let each = cluster.apis.iter();
    each.map(|api| api.address().to_owned()).collect()
}

fn subscribe(server: &TestServer, url: &str) -> anyhow::Result<()> {
    let subscription = json!({ "name": "chaos", "channel": { "type": "webhook", "url": url } });
    let json = [("Content-Type", "application/json")];
    let body = subscription.to_string();
    let (status, answer) = server.post("/api/v1/subscriptions", &json, body.as_bytes())?;
    ensure!(status == 201, "{status}: {answer}");
    Ok(())
}

fn sender(
    sent: &Arc<Sent>,
    addresses: &Addresses,
    plan: ChaosPlan,
    send: impl Fn(&ureq::Agent, &Sent, &Addresses, ChaosPlan) + Send + 'static,
) -> std::thread::JoinHandle<()> {
    let (sent, addresses) = (sent.clone(), addresses.clone());
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into();
    std::thread::spawn(move || send(&agent, &sent, &addresses, plan))
}

/// What became of a push.
enum Answer {
    Accepted,
    Refused,
    Unknown,
}

fn push(agent: &ureq::Agent, url: &str, kind: &str, body: &str) -> Answer {
    let sent = agent
        .post(url)
        .header("Content-Type", kind)
        .send(body.as_bytes());
    match sent.map(|answer| answer.status().as_u16()) {
        Ok(200..=299) => Answer::Accepted,
        // Said by the server itself: nothing of it was taken.
        Ok(_) => Answer::Refused,
        Err(ureq::Error::ConnectionFailed | ureq::Error::HostNotFound) => Answer::Refused,
        Err(ureq::Error::Io(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            Answer::Refused
        }
        Err(_) => Answer::Unknown,
    }
}

fn address(addresses: &Addresses, number: u64) -> String {
    let addresses = lock(addresses);
    addresses[usize::try_from(number).unwrap_or(0) % addresses.len()].clone()
}

fn send_lines(agent: &ureq::Agent, sent: &Sent, addresses: &Addresses, plan: ChaosPlan) {
    let mut number = 0;
    while !sent.stop.load(Ordering::Acquire) {
        let lines = number * LINES..(number + 1) * LINES;
        let line = |line: u64| {
            let cause = line % plan.causes;
            let part = cause % 10;
            let body = format!("order {line} failed: part {part} is broken");
            json!({ "body": body, "severity": "fatal", "host": format!("s{cause}") }).to_string()
        };
        let body: Vec<String> = lines.clone().map(line).collect();
        let source = format!("chaos-{}", number % SOURCES);
        let url = format!(
            "http://{}/api/v1/logs?source={source}",
            address(addresses, number)
        );
        match push(agent, &url, "application/x-ndjson", &body.join("\n")) {
            Answer::Accepted => lock(&sent.lines).extend(lines),
            Answer::Unknown => drop(sent.unknown.fetch_add(LINES, Ordering::Relaxed)),
            Answer::Refused => {}
        }
        number += 1;
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn send_points(agent: &ureq::Agent, sent: &Sent, addresses: &Addresses, _: ChaosPlan) {
    let mut number = 0;
    while !sent.stop.load(Ordering::Acquire) {
        let second = now_secs();
        let point = |series| format!("chaos,series=s{series} value={second} {second}");
        let body: Vec<String> = (0..SERIES).map(point).collect();
        let at = address(addresses, number);
        let url = format!("http://{at}/api/v2/write?precision=s");
        if matches!(
            push(agent, &url, "text/plain", &body.join("\n")),
            Answer::Accepted
        ) {
            lock(&sent.points).push(second);
        }
        number += 1;
        std::thread::sleep(Duration::from_millis(1000));
    }
}

fn now_secs() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0))
}

/// Kills something again and again, and brings it back.
fn disturb(
    engines: &mut SharedEngines,
    cluster: &mut Cluster,
    plan: ChaosPlan,
    (addresses, result): (&Addresses, &mut ChaosResult),
) -> anyhow::Result<()> {
    let begun = Instant::now();
    let processes = (plan.processes.0 + plan.processes.1) as u64;
    for round in 1u32.. {
        // The moments of the kills are the input, not a wait for something.
        let next = begun + plan.every * round;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        if begun.elapsed() >= plan.length {
            break;
        }
        match random(plan.seed ^ u64::from(round)) % (processes + 2) {
            0 => {
                result.kills.1 += 1;
                engines.postgres.crash()?;
                engines.postgres.resume()?;
            }
            1 => {
                result.kills.2 += 1;
                engines.redis.kill()?;
                engines.redis.restart()?;
            }
            one => {
                result.kills.0 += 1;
                cluster.kill(usize::try_from(one - 2)?)?;
                *lock(addresses) = served_at(cluster);
            }
        }
    }
    Ok(())
}

/// Watches the leases of the partitions; gives the longest time that one of them had no holder.
fn watch_partitions(engines: &SharedEngines, sent: &Arc<Sent>) -> std::thread::JoinHandle<u64> {
    let (watch, sent) = (engines.leases(), sent.clone());
    std::thread::spawn(move || {
        let mut free_since: BTreeMap<u16, Instant> = BTreeMap::new();
        let mut longest = Duration::ZERO;
        while !sent.stop.load(Ordering::Acquire) {
            // While Redis itself is away nobody can say; the time counts on for those that were free.
            if let Ok(leases) = watch.look() {
                let now = Instant::now();
                for (partition, is_held) in leases {
                    if is_held {
                        free_since.remove(&partition);
                    } else {
                        let since = *free_since.entry(partition).or_insert(now);
                        longest = longest.max(now - since);
                    }
                }
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        u64::try_from(longest.as_millis()).unwrap_or(u64::MAX)
    })
}

/// Waits until all is at rest, and compares.
fn judge(
    cluster: &Cluster,
    plan: ChaosPlan,
    (jira, webhook, sent): (&JiraDouble, &WebhookDouble, &Sent),
    mut result: ChaosResult,
) -> anyhow::Result<ChaosResult> {
    cluster.wait_for_leader()?;
    let api = &cluster.apis[0];
    let accepted = lock(&sent.lines).clone();
    result.accepted = accepted.len() as u64;
    result.unknown = sent.unknown.load(Ordering::Relaxed);
    let mut last = BTreeMap::new();
    let rest = wait_long("every line to be there", REST_WITHIN, || {
        last = lines(api).ok()?;
        accepted
            .iter()
            .all(|line| last.contains_key(line))
            .then_some(())
    });
    result
        .late
        .extend(rest.err().map(|error| error.to_string()));
    result.lines_missing = accepted
        .iter()
        .filter(|one| !last.contains_key(*one))
        .count() as u64;
    result.lines_double = last.values().filter(|times| **times > 1).count() as u64;
    let points = lock(&sent.points).clone();
    result.points = points.len() as u64 * SERIES;
    result.points_missing = points_missing(api, &points)?;
    let there = i64::try_from(last.len())?;
    let expected = plan.causes * SOURCES;
    let mut alerts = Vec::new();
    let told = wait_long("alerts, tickets and messages", REST_WITHIN, || {
        alerts = items(api, "/api/v1/alerts?limit=1000").ok()?;
        alerts.retain(|one| {
            one["labels"]["host"]
                .as_str()
                .is_some_and(|host| host.starts_with('s'))
        });
        let is_counted = counted(&alerts) >= there;
        let is_told = first_messages(webhook) >= expected;
        let has_tickets = jira.issues().len() as u64 >= expected;
        (is_counted && is_told && has_tickets).then_some(())
    });
    result
        .late
        .extend(told.err().map(|error| error.to_string()));
    let beyond = |found: u64| found.cast_signed() - expected.cast_signed();
    result.alerts_beyond = beyond(alerts.len() as u64);
    result.counted_beyond = counted(&alerts) - there;
    result.tickets_beyond = beyond(jira.issues().len() as u64);
    result.messages_beyond = beyond(first_messages(webhook));
    Ok(result)
}

/// The lines `order NUMBER … is broken` that are there, by their numbers, and how often each is.
///
/// # Errors
/// If the server does not answer, or a line has no number.
pub fn lines(api: &TestServer) -> anyhow::Result<BTreeMap<u64, u32>> {
    let (status, text) = api.get_text("/api/v1/logs/export?format=ndjson&q=%22is+broken%22")?;
    ensure!(status == 200, "{status}: {text}");
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line)?;
        let body = line["body"].as_str().unwrap_or_default();
        let number = body
            .split_whitespace()
            .nth(1)
            .context("a line without number")?;
        *found.entry(number.parse()?).or_default() += 1;
    }
    Ok(found)
}

/// How many of the points of these seconds are not there, over all series.
fn points_missing(api: &TestServer, seconds: &[i64]) -> anyhow::Result<u64> {
    let (Some(first), Some(last)) = (seconds.iter().min(), seconds.iter().max()) else {
        return Ok(0);
    };
    let mut missing = u64::MAX;
    let look = || {
        let mut there: BTreeMap<String, std::collections::BTreeSet<i64>> = BTreeMap::new();
        // The API answers with at most 11,000 points of a series.
        let mut from = *first;
        while from <= *last {
            let to = (from + 10_000).min(*last);
            // A point of its own second alone: no older one stands in for it.
            let query = "last_over_time(chaos_value%5B1s%5D)";
            let route = format!("/api/v1/query_range?query={query}&start={from}&end={to}&step=1");
            let (_, answer) = api.get(&route).ok()?;
            for series in answer["data"]["result"].as_array()? {
                let name = series["metric"]["series"].as_str()?.to_owned();
                for value in series["values"].as_array()? {
                    let at = value[0].as_f64()? as i64;
                    if value[1].as_str()? == at.to_string() {
                        there.entry(name.clone()).or_default().insert(at);
                    }
                }
            }
            from = to + 1;
        }
        let found: u64 = there
            .values()
            .map(|have| seconds.iter().filter(|at| have.contains(at)).count() as u64)
            .sum();
        missing = seconds.len() as u64 * SERIES - found;
        (missing == 0).then_some(())
    };
    // What is missing in the end is told by its number.
    drop(wait_long("every point to be there", REST_WITHIN, look));
    Ok(missing)
}

fn items(api: &TestServer, route: &str) -> anyhow::Result<Vec<Value>> {
    let (status, answer) = api.get(route)?;
    let items = answer["items"].as_array().cloned();
    items.with_context(|| format!("{route}: {status}"))
}

/// How many lines alerts count.
fn counted(alerts: &[Value]) -> i64 {
    alerts.iter().filter_map(|one| one["count"].as_i64()).sum()
}

/// How many messages told that an alert began.
fn first_messages(webhook: &WebhookDouble) -> u64 {
    let messages = webhook.messages();
    let alerts = messages
        .values()
        .filter_map(|body| body["alerts"].as_array());
    let firing = alerts.flatten().filter(|alert| alert["status"] == "firing");
    firing.count() as u64
}
