//! A storm of lines of many causes, with kills, and receivers that fail: what must come of it is one
//! alert, one ticket and one message for each cause.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::trackers::JiraDouble;
use crate::web::{Mood, Reply};
use crate::webhook::WebhookDouble;
use crate::{TestServer, wait_for};

const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];
/// Lines of one push.
const LINES: u64 = 2000;

/// How hard it blows.
#[derive(Debug, Clone, Copy)]
pub struct StormPlan {
    /// How many causes there are; every line is of one of them.
    pub causes: u64,
    /// How many lines are sent at least.
    pub lines: u64,
    /// How often the server is killed meanwhile.
    pub kills: u32,
    /// Whether the receivers fail, hang, and answer that they are busy.
    pub fails: bool,
    /// Where the random numbers begin.
    pub seed: u64,
}

/// What came of a storm.
#[derive(Debug, Clone)]
pub struct StormResult {
    /// Lines whose push was answered.
    pub accepted: u64,
    /// Seconds until all lines were accepted.
    pub seconds: f64,
    /// Seconds more until tickets and messages were all out.
    pub drained: f64,
    /// Alerts.
    pub alerts: usize,
    /// Lines that they count.
    pub counted: u64,
    /// Incidents.
    pub incidents: usize,
    /// Issues in Jira.
    pub tickets: usize,
    /// Requests that Jira saw.
    pub ticket_requests: usize,
    /// Messages at the webhook that differ by their key.
    pub messages: usize,
    /// Causes without a ticket, and with several.
    pub tickets_missing: usize,
    /// Tickets beyond the first of a cause.
    pub tickets_double: usize,
    /// Comments with the same key on one ticket.
    pub comments_double: usize,
    /// Causes of which no message told that they began.
    pub messages_missing: usize,
    /// Messages about the beginning of a cause beyond the first, with another key.
    pub messages_double: usize,
}

/// Numbers that look random (SplitMix64, Steele et al. 2014).
fn random(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Two of five requests go wrong, in every way there is.
fn mood(seed: u64, number: u64) -> Mood {
    match random(seed ^ number) % 100 {
        0..10 => Mood::Answer(Reply::empty(503)),
        10..20 => Mood::Answer(Reply::empty(429).with("Retry-After", 1)),
        20..26 => Mood::DoAndDrop,
        26..32 => Mood::Drop,
        32..36 => Mood::DoAndHang,
        36..40 => Mood::Hang,
        _ => Mood::Obey,
    }
}

/// Starts a server with a Jira and a webhook, lets the storm pass, and counts.
///
/// # Errors
/// If the server does not come up, or does not get done with it.
pub fn run(plan: StormPlan) -> anyhow::Result<StormResult> {
    let (jira, webhook) = (JiraDouble::start()?, WebhookDouble::start()?);
    if plan.fails {
        jira.configure(|settings| settings.lag = Duration::from_millis(500));
        jira.set_mood(move |number, _| mood(plan.seed, number));
        webhook.set_mood(move |number, _| mood(plan.seed ^ 0xff00, number));
    }
    let url = jira.url();
    let mut server = TestServer::start_with(&[
        ("TOCSIN_TICKETS__TRACKER", "jira"),
        ("TOCSIN_TICKETS__JIRA__URL", &url),
        ("TOCSIN_TICKETS__JIRA__EMAIL", JiraDouble::EMAIL),
        ("TOCSIN_TICKETS__JIRA__API_TOKEN", JiraDouble::TOKEN),
        ("TOCSIN_TICKETS__JIRA__PROJECT", JiraDouble::PROJECT),
        ("TOCSIN_TICKETS__JIRA__LAG_SECS", "1"),
        ("TOCSIN_TICKETS__TIMEOUT_MS", "1000"),
        ("TOCSIN_TICKETS__RETRY_SECS_MAX", "2"),
        ("TOCSIN_NOTIFY__RETRY_SECS_MAX", "2"),
        ("TOCSIN_NOTIFY__ATTEMPTS_MAX", "1000"),
        ("TOCSIN_NOTIFY__TIMEOUT_MS", "1000"),
        ("TOCSIN_PIPELINE__FLUSH_SECS", "2"),
    ])?;
    subscribe(&server, &webhook.url())?;
    let begun = Instant::now();
    let accepted = blow(&mut server, plan)?;
    let seconds = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    drain(&server).with_context(|| server.log())?;
    let drained = begun.elapsed().as_secs_f64();
    count(
        &server,
        plan,
        (&jira, &webhook),
        (accepted, seconds, drained),
    )
}

fn subscribe(server: &TestServer, url: &str) -> anyhow::Result<()> {
    let subscription = json!({ "name": "storm", "channel": { "type": "webhook", "url": url } });
    let body = subscription.to_string();
    let (status, answer) = server.post("/api/v1/subscriptions", JSON, body.as_bytes())?;
    ensure!(status == 201, "{status}: {answer}");
    Ok(())
}

/// Sends the lines; kills the server at random moments and starts it again. Gives how many lines
/// were accepted.
fn blow(server: &mut TestServer, plan: StormPlan) -> anyhow::Result<u64> {
    let each = plan.lines / u64::from(plan.kills + 1);
    let mut accepted = 0;
    for part in 0..=plan.kills {
        let stop = Arc::new(AtomicBool::new(false));
        let sender = {
            let (url, stop) = (server.url("/api/v1/logs?source=storm"), stop.clone());
            std::thread::spawn(move || send(&url, (accepted, each, plan.causes), &stop))
        };
        if part < plan.kills {
            // The moment of the kill is the input, not a wait for something.
            let wait = 50 + random(plan.seed ^ u64::from(part)) % 900;
            std::thread::sleep(Duration::from_millis(wait));
            server.kill()?;
            stop.store(true, Ordering::Relaxed);
        }
        let taken = sender.join();
        accepted += taken.map_err(|_| anyhow::anyhow!("the sender panicked"))?;
        if part < plan.kills {
            server.resume()?;
        }
    }
    Ok(accepted)
}

/// Pushes lines until `most` are accepted or the server goes; gives how many were.
fn send(url: &str, (from, most, causes): (u64, u64, u64), stop: &AtomicBool) -> u64 {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into();
    let mut accepted = 0;
    while accepted < most && !stop.load(Ordering::Relaxed) {
        let mut body = String::new();
        for line in from + accepted..from + (accepted + LINES).min(most) {
            let cause = line % causes;
            body.push_str(&format!(
                "{{\"body\":\"order {line} failed: part {} is broken\",\"severity\":\"fatal\",\"host\":\"s{cause}\"}}\n",
                cause % 10
            ));
        }
        let answer = agent
            .post(url)
            .header("Content-Type", "application/x-ndjson")
            .send(body.as_bytes());
        match answer.map(|answer| answer.status().as_u16()) {
            Ok(200..=299) => accepted = (accepted + LINES).min(most),
            // It asks to come back later.
            Ok(429 | 503) => std::thread::sleep(Duration::from_millis(20)),
            _ => break,
        }
    }
    accepted
}

/// Waits until nothing is to be told any more.
fn drain(server: &TestServer) -> anyhow::Result<()> {
    let is_done = || -> Option<bool> {
        let pending = "/api/v1/deliveries?state=pending&limit=1";
        let (_, deliveries) = server.get(pending).ok()?;
        let (_, tickets) = server.get("/api/v1/tickets/status").ok()?;
        let waiting = tickets["counts"]["tasks"]["pending"].as_u64()?;
        Some(deliveries["items"].as_array()?.is_empty() && waiting == 0)
    };
    let begun = Instant::now();
    // What fails two times of five needs several attempts, with growing waits between.
    while begun.elapsed() < Duration::from_secs(1200) {
        if is_done() == Some(true) {
            return Ok(());
        }
        // The status asks the tracker, so it is not asked for at every moment.
        std::thread::sleep(Duration::from_millis(500));
    }
    anyhow::bail!("not everything was told in time")
}

fn count(
    server: &TestServer,
    plan: StormPlan,
    (jira, webhook): (&JiraDouble, &WebhookDouble),
    (accepted, seconds, drained): (u64, f64, f64),
) -> anyhow::Result<StormResult> {
    let items = |route: &str| -> anyhow::Result<Vec<Value>> {
        let (status, answer) = server.get(route)?;
        let items = answer["items"].as_array().cloned();
        items.with_context(|| format!("{route}: {status}"))
    };
    let alerts = wait_for("the lines to be counted", || {
        let all = items("/api/v1/alerts?limit=1000&label=source%3D%22storm%22").ok()?;
        (lines_of(&all) >= accepted).then_some(all)
    })?;
    let mut tickets: BTreeMap<String, usize> = BTreeMap::new();
    let mut comments_double = 0;
    for issue in jira.issues() {
        *tickets.entry(cause_in(&issue.description())).or_default() += 1;
        let texts: BTreeSet<String> = issue.comments.iter().map(Value::to_string).collect();
        comments_double += issue.comments.len() - texts.len();
    }
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for body in webhook.messages().values() {
        for alert in body["alerts"].as_array().into_iter().flatten() {
            if alert["status"] == "firing" {
                let host = alert["labels"]["host"].as_str().unwrap_or_default();
                *told.entry(host.to_owned()).or_default() += 1;
            }
        }
    }
    let hosts: Vec<String> = (0..plan.causes).map(|cause| format!("s{cause}")).collect();
    let missing = |found: &BTreeMap<String, usize>| {
        hosts
            .iter()
            .filter(|host| !found.contains_key(*host))
            .count()
    };
    let double = |found: &BTreeMap<String, usize>| found.values().map(|n| n - 1).sum();
    Ok(StormResult {
        accepted,
        seconds,
        drained,
        counted: lines_of(&alerts),
        alerts: alerts.len(),
        incidents: items("/api/v1/incidents?limit=1000")?.len(),
        tickets: jira.issues().len(),
        ticket_requests: jira.requests().len(),
        messages: webhook.messages().len(),
        tickets_missing: missing(&tickets),
        tickets_double: double(&tickets),
        comments_double,
        messages_missing: missing(&told),
        messages_double: double(&told),
    })
}

fn lines_of(alerts: &[Value]) -> u64 {
    alerts.iter().filter_map(|one| one["count"].as_u64()).sum()
}

/// The host that a ticket names.
fn cause_in(description: &str) -> String {
    let after = description.split("host").nth(1).unwrap_or_default();
    let word = after.trim_start_matches(|c: char| !c.is_alphanumeric());
    word.chars().take_while(|c| c.is_alphanumeric()).collect()
}
