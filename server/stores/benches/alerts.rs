//! How fast the relational store finds, counts and changes alerts when it has a million of them.
//!
//! usage: `cargo bench -p tocsin-stores --bench alerts -- [ALERTS [FOLDER]]`. ALERTS made-up alerts
//! (1,000,000) of 20 rules are kept, 5 % of them not resolved; with a FOLDER they are kept for the
//! next run. Then each question is asked many times and the times are printed.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints what it measured, and fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tocsin_domain::alert::{
    Alert, AlertEvent, AlertEventKind, AlertId, AlertKind, AlertSeverity, AlertStatus, Evidence,
    LabelSet,
};
use tocsin_domain::metric::{MatchOp, Matcher};
use tocsin_domain::ports::{AlertCommit, AlertFilter, AlertStore};
use tocsin_domain::{RecordId, TemplateId};
use tocsin_stores::relational::RelationalStore as Store;

/// When the first alert began: a month of them, in ms.
const FIRST_MS: i64 = 1_780_272_000_000;
/// How long they took to come.
const SPAN_MS: i64 = 30 * 86_400_000;
/// How many alerts one commit of the filling has.
const CHUNK: u64 = 2000;
/// How often a question is asked.
const REPEATS: usize = 100;
/// How many commits the storm has.
const STORM_COMMITS: usize = 300;
/// How many causes the storm has.
const STORM_CAUSES: u64 = 200;

/// A generator of numbers (SplitMix64), seeded.
#[derive(Debug, Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn of<'a>(&mut self, names: &[&'a str]) -> &'a str {
        names[usize::try_from(self.below(names.len() as u64)).unwrap()]
    }
}

const RULES: [&str; 20] = [
    "disk-full",
    "disk-fills",
    "memory-leak",
    "cpu-saturated",
    "error-rate",
    "new-template",
    "latency-high",
    "queue-long",
    "target-down",
    "certificate-expires",
    "pricing-error",
    "payment-timeout",
    "replica-lag",
    "deadlocks",
    "oom-killed",
    "pod-restarts",
    "login-failures",
    "backup-missing",
    "clock-skew",
    "cache-misses",
];
const TEAMS: [&str; 8] = [
    "db", "web", "shop", "payments", "search", "platform", "data", "mobile",
];
const SERVICES: [&str; 12] = [
    "checkout",
    "cart",
    "catalog",
    "gateway",
    "stripe",
    "mailer",
    "auth",
    "orders",
    "inventory",
    "search",
    "ledger",
    "reports",
];

/// The alert of a number among `alerts`; those that are not resolved lie anywhere, mostly late.
#[expect(clippy::too_many_lines, reason = "one alert, field by field")]
fn made(number: u64, alerts: u64) -> Alert {
    let mut random = Random(number);
    let rule = random.below(20);
    let name = RULES[usize::try_from(rule).unwrap()];
    let host = format!("web-{:04}", random.below(2000));
    let team = random.of(&TEAMS);
    let mut pairs = vec![("alertname", name.to_owned()), ("team", team.to_owned())];
    // Each rule has labels of its own: hosts, devices, services, pods.
    match rule % 4 {
        0 => pairs.extend([
            ("host", host.clone()),
            ("device", format!("sd{}", random.below(6))),
        ]),
        1 => pairs.extend([
            ("service_name", random.of(&SERVICES).to_owned()),
            ("region", random.of(&["eu-1", "eu-2", "us-1"]).to_owned()),
        ]),
        2 => pairs.extend([
            ("host", host.clone()),
            ("service_name", random.of(&SERVICES).to_owned()),
            ("env", random.of(&["prod", "stage"]).to_owned()),
        ]),
        _ => pairs.push((
            "source",
            format!("file:/var/log/app-{}.log", random.below(500)),
        )),
    }
    let labels = LabelSet::new(pairs);
    let starts_ms =
        FIRST_MS + i64::try_from(number * u64::try_from(SPAN_MS).unwrap() / alerts).unwrap();
    let status = match random.below(100) {
        0..2 => AlertStatus::New,
        2..4 => AlertStatus::Acknowledged,
        4 => AlertStatus::InProgress,
        _ => AlertStatus::Resolved,
    };
    let severity = AlertSeverity::ALL[match random.below(100) {
        0..5 => 3,
        5..25 => 2,
        25..60 => 1,
        _ => 0,
    }];
    let is_resolved = status == AlertStatus::Resolved;
    let how = random.of(&["too slow", "too many", "unusual"]);
    let what = format!("{name}: {how} on {host}");
    Alert {
        id: AlertId::of(labels.fingerprint(), starts_ms),
        fingerprint: labels.fingerprint(),
        kind: AlertKind::ALL[usize::try_from(rule % 3).unwrap()],
        severity,
        status,
        title: if number == alerts / 3 {
            "the quorum of zookeeper is lost".into()
        } else {
            what
        },
        rule: name.to_owned(),
        annotations: LabelSet::new([("summary", format!("{name} since {starts_ms}"))]),
        labels,
        starts_ms,
        ends_ms: is_resolved.then_some(starts_ms + 600_000),
        last_ms: starts_ms + 500_000,
        count: random.below(1000),
        confidence: 0.9,
        failure_type: rule.is_multiple_of(2).then(|| name.replace('-', "_")),
        evidence: evidence(&mut random),
        assignee: random
            .of(&["", "", "", "ana", "ben"])
            .parse()
            .ok()
            .filter(|who: &String| !who.is_empty()),
        snoozed_until_ms: None,
        is_flapping: false,
        acknowledged_ms: (status != AlertStatus::New).then_some(starts_ms + 60_000),
        resolved_ms: is_resolved.then_some(starts_ms + 600_000),
        returns_ms: Vec::new(),
        incident: None,
        joined_because: None,
        trace: None,
        seq: 0,
    }
}

fn evidence(random: &mut Random) -> Vec<Evidence> {
    let line = "2026-06-01T10:00:00Z ERROR gateway stripe: ETIMEDOUT after 30000 ms";
    vec![
        Evidence::Template {
            id: TemplateId(random.next()),
            count: random.below(100),
            text: "ERROR gateway <*>: ETIMEDOUT after <*> ms".into(),
        },
        Evidence::Record {
            id: RecordId::from_bits(u128::from(random.next())),
            body: line.into(),
        },
    ]
}

fn fired(alert: &Alert, kind: AlertEventKind) -> AlertEvent {
    AlertEvent {
        seq: 0,
        alert: alert.id,
        at_ms: alert.starts_ms,
        actor: "system".into(),
        kind,
    }
}

async fn fill(store: &Store, alerts: u64) {
    let start = Instant::now();
    for from in (0..alerts).step_by(usize::try_from(CHUNK).unwrap()) {
        let made: Vec<Alert> = (from..(from + CHUNK).min(alerts))
            .map(|number| made(number, alerts))
            .collect();
        let events = made
            .iter()
            .map(|alert| fired(alert, AlertEventKind::Fired))
            .collect();
        let commit = AlertCommit {
            alerts: made,
            events,
            ..AlertCommit::default()
        };
        store.commit(commit).await.unwrap();
    }
    println!("{alerts} alerts kept in {:.1?}", start.elapsed());
}

fn report(name: &str, found: usize, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{name:<44} {found:>5} found  p50 {:>8.2} ms  p99 {:>8.2} ms  max {:>8.2} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

fn matching(op: MatchOp, name: &str, value: &str) -> AlertFilter {
    AlertFilter {
        matchers: vec![Matcher::new(op, name, value).unwrap()],
        ..AlertFilter::default()
    }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn questions() -> Vec<(&'static str, AlertFilter)> {
    let filter = AlertFilter::default;
    let with = |set: fn(&mut AlertFilter)| {
        let mut filter = filter();
        set(&mut filter);
        filter
    };
    let text = |text: &str| AlertFilter {
        text: Some(text.into()),
        ..filter()
    };
    let late = FIRST_MS + SPAN_MS / 2;
    let and = |mut filter: AlertFilter, set: fn(&mut AlertFilter)| {
        set(&mut filter);
        filter
    };
    let open: fn(&mut AlertFilter) = |f| {
        f.statuses = vec![
            AlertStatus::New,
            AlertStatus::Acknowledged,
            AlertStatus::InProgress,
        ];
    };
    let critical: fn(&mut AlertFilter) = |f| f.severities = vec![AlertSeverity::Critical];
    vec![
        ("newest", filter()),
        (
            "status: resolved",
            with(|f| f.statuses = vec![AlertStatus::Resolved]),
        ),
        ("status: not resolved", with(open)),
        (
            "severity critical, kind predictive",
            with(|f| {
                f.severities = vec![AlertSeverity::Critical];
                f.kinds = vec![AlertKind::Predictive];
            }),
        ),
        ("firing", with(|f| f.is_firing = Some(true))),
        (
            "firing and resolved (none)",
            with(|f| {
                f.is_firing = Some(true);
                f.statuses = vec![AlertStatus::Resolved];
            }),
        ),
        (
            "label host=web-0042",
            matching(MatchOp::Equal, "host", "web-0042"),
        ),
        ("label team=db", matching(MatchOp::Equal, "team", "db")),
        (
            "label team=db, open, critical",
            and(and(matching(MatchOp::Equal, "team", "db"), open), critical),
        ),
        (
            "label team=db, env=prod, device (none)",
            AlertFilter {
                matchers: [("team", "db"), ("env", "prod"), ("device", "sd1")]
                    .map(|(name, value)| Matcher::new(MatchOp::Equal, name, value).unwrap())
                    .to_vec(),
                ..filter()
            },
        ),
        (
            "label host=~web-00.*",
            matching(MatchOp::Matches, "host", "web-00.*"),
        ),
        (
            "label host=~web-00.*, open",
            and(matching(MatchOp::Matches, "host", "web-00.*"), open),
        ),
        (
            "label host=~.*7, critical",
            and(matching(MatchOp::Matches, "host", ".*7"), critical),
        ),
        (
            "label host!~web-.*",
            matching(MatchOp::MatchesNot, "host", "web-.*"),
        ),
        (
            "label team!=db, open",
            and(matching(MatchOp::NotEqual, "team", "db"), open),
        ),
        ("text: slow web", text("slow web")),
        (
            "text: payment-timeout unusual web-1234",
            text("payment-timeout unusual web-1234"),
        ),
        (
            "text: deadlocks, open, critical",
            and(and(text("deadlocks"), open), critical),
        ),
        ("text, rare: zookeeper", text("zookeeper")),
        ("text, nowhere: kafka", text("kafka")),
        ("text, short: db", text("db")),
        ("text, short, nowhere: qq", text("qq")),
        (
            "time range",
            AlertFilter {
                from_ms: Some(late),
                to_ms: Some(late + 3_600_000),
                ..filter()
            },
        ),
        (
            "time range, critical",
            and(
                AlertFilter {
                    from_ms: Some(late),
                    to_ms: Some(late + 3_600_000),
                    ..filter()
                },
                critical,
            ),
        ),
        ("rule", with(|f| f.rule = Some("oom-killed".into()))),
        (
            "rule, open",
            and(with(|f| f.rule = Some("oom-killed".into())), open),
        ),
        (
            "failure type",
            with(|f| f.failure_type = Some("oom_killed".into())),
        ),
        ("assignee ana", with(|f| f.assignee = Some("ana".into()))),
        (
            "assignee ana, open",
            and(with(|f| f.assignee = Some("ana".into())), open),
        ),
        (
            "assignee nobody, open",
            and(with(|f| f.assignee = Some(String::new())), open),
        ),
    ]
}

async fn ask(store: &Store) {
    for (name, filter) in questions() {
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..REPEATS {
            let start = Instant::now();
            found = store.alerts(&filter, None, 50).await.unwrap().len();
            times.push(start.elapsed());
            if times.iter().sum::<Duration>() > Duration::from_secs(4) {
                break;
            }
        }
        report(name, found, times);
    }
    let mut times = Vec::new();
    for _ in 0..REPEATS {
        let start = Instant::now();
        store.alert_counts().await.unwrap();
        times.push(start.elapsed());
    }
    report("counts", 1, times);
    let mut times = Vec::new();
    for _ in 0..20 {
        let start = Instant::now();
        store
            .response_times(FIRST_MS, FIRST_MS + SPAN_MS)
            .await
            .unwrap();
        times.push(start.elapsed());
    }
    report("response times of everything", 1, times);
}

/// One status changes, of alerts anywhere.
async fn change(store: &Store, alerts: u64) {
    let mut random = Random(11);
    let mut times = Vec::new();
    for _ in 0..3 * REPEATS {
        let mut alert = made(random.below(alerts), alerts);
        alert.status = AlertStatus::ALL[usize::try_from(random.below(4)).unwrap()];
        let commit = AlertCommit {
            events: vec![fired(&alert, AlertEventKind::Acknowledged)],
            alerts: vec![alert],
            ..AlertCommit::default()
        };
        let start = Instant::now();
        store.commit(commit).await.unwrap();
        times.push(start.elapsed());
    }
    report("change of one status", 1, times);
}

/// The same causes fire again and again.
async fn storm(store: &Store) {
    let mut causes: Vec<Alert> = (0..STORM_CAUSES)
        .map(|number| made(number, 10_000_000))
        .collect();
    for events in [STORM_CAUSES, 0] {
        let mut times = Vec::new();
        for _ in 0..STORM_COMMITS {
            for cause in &mut causes {
                cause.count += 16;
                cause.last_ms += 5;
                cause.evidence.rotate_left(1);
            }
            let kept = causes.iter().take(usize::try_from(events).unwrap());
            let commit = AlertCommit {
                events: kept
                    .map(|alert| fired(alert, AlertEventKind::Repeated))
                    .collect(),
                alerts: causes.clone(),
                ..AlertCommit::default()
            };
            let start = Instant::now();
            store.commit(commit).await.unwrap();
            times.push(start.elapsed());
        }
        report(
            &format!("storm: 200 alerts, {events} events a commit"),
            1,
            times,
        );
    }
}

fn bytes(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum()
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|one| !one.starts_with("--"));
    let alerts: u64 = arguments
        .next()
        .map_or(1_000_000, |count| count.parse().unwrap());
    let made_here = tempfile::tempdir().unwrap();
    let folder = arguments
        .next()
        .map_or_else(|| made_here.path().to_owned(), PathBuf::from);
    let store = Store::open_sqlite(&folder.join("tocsin.db")).await.unwrap();
    if store.last_seq().await.unwrap() < alerts {
        fill(&store, alerts).await;
    }
    println!("{} MB", bytes(&folder) / 1_000_000);
    ask(&store).await;
    change(&store, alerts).await;
    storm(&store).await;
    store.close().await;
}
