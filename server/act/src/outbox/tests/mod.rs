//! The outbox against receivers that fail, hang, refuse and forget to answer, and against being
//! stopped anywhere.

pub(crate) mod memory;
mod notes;
pub(crate) mod receiver;
mod resend;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tocsin_domain::alert::{
    Alert, AlertEventKind, AlertKind, AlertSeverity, AlertStatus, Evidence, LabelSet, Silence,
    SilenceId,
};
use tocsin_domain::metric::{
    Direction, FindingId, Labels, MatchOp, Matcher, Prediction, PredictionOutcome, SeriesId,
};
use tocsin_domain::ports::Notifier;
use tocsin_domain::subscription::{
    Channel, DeliveryState, MessageTemplate, News, RateLimit, Secret, Subscription,
};
use tokio_util::sync::CancellationToken;

use super::{Outbox, OutboxConfig};
use memory::*;
use receiver::{Got, Mood, Receiver};

fn ended(alert: &Alert) -> Alert {
    Alert {
        ends_ms: Some(now_ms()),
        status: AlertStatus::Resolved,
        ..alert.clone()
    }
}

/// Lets an outbox run until nothing is pending, dropping it and starting anew after each of the
/// given times, in ms; then it runs on.
async fn run(memory: &Arc<Memory>, stops_ms: &[u64], is_done: impl Fn(&Memory) -> bool) {
    let outbox = || {
        let (config, notifier) = quick();
        Outbox::new(memory.parts(), config, notifier).0
    };
    for stop in stops_ms {
        let run = outbox().run(CancellationToken::new());
        let _ = tokio::time::timeout(Duration::from_millis(*stop), run).await;
    }
    let shutdown = CancellationToken::new();
    let until_done = async {
        let began = tokio::time::Instant::now();
        while !is_done(memory) {
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "it takes too long"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        shutdown.cancel();
    };
    let (ran, ()) = tokio::join!(outbox().run(shutdown.clone()), until_done);
    ran.unwrap();
}

/// Makes the outbox begin before anything happens.
async fn begin(memory: &Arc<Memory>) {
    use tocsin_domain::ports::SubscriptionStore;
    memory.enqueue(0, Vec::new()).await.unwrap();
}

/// A small generator (SplitMix64), so that a failure can be repeated.
fn random(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_missed_or_told_twice_or_out_of_order_whenever_it_stops() {
    let receiver = Receiver::new(|number, _| match random(number) % 20 {
        0..=3 => Mood::Answer(500, "broken".into()),
        4..=6 => Mood::Answer(429, "slow down".into()),
        7 => Mood::Hang,
        8..=9 => Mood::DoAndClose,
        _ => Mood::Answer(200, String::new()),
    })
    .await;
    let memory = Arc::new(Memory::default());
    begin(&memory).await;
    for number in 1..=3 {
        let one = subscription(number, webhook(&receiver, &number.to_string()));
        lock(&memory.subscriptions).push(one);
    }
    let mut expected: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for number in 0..40 {
        let alert = alert("storm", number);
        let fired = memory.happens(&alert, AlertEventKind::Fired);
        memory.happens(&alert, AlertEventKind::Repeated);
        let cleared = memory.happens(&ended(&alert), AlertEventKind::Cleared);
        for path in ["/1", "/2", "/3"] {
            let all = expected.entry(path.into()).or_default();
            all.extend([fired, cleared]);
        }
    }
    let stops: Vec<u64> = (0..25).map(|n| 3 + random(n) % 120).collect();
    run(&memory, &stops, |memory| {
        memory.count(DeliveryState::Sent) == 240
    })
    .await;
    let mut seen = HashSet::new();
    let mut told: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for got in receiver.got().into_iter().filter(|got| got.is_done) {
        let key = got.headers["idempotency-key"].clone();
        let seq = key.rsplit(':').next().unwrap().parse().unwrap();
        // A receiver that knows keys does each once.
        if seen.insert(key) {
            told.entry(got.path).or_default().push(seq);
        }
    }
    assert_eq!(told, expected, "each once and in order");
    assert!(receiver.got().len() > 300, "it did misbehave");
}

#[tokio::test]
async fn what_was_taken_is_never_sent_again() {
    let receiver = Receiver::new(|_, _| Mood::Answer(200, String::new())).await;
    let memory = Arc::new(Memory::default());
    begin(&memory).await;
    lock(&memory.subscriptions).push(subscription(1, webhook(&receiver, "")));
    for number in 0..50 {
        memory.happens(&alert("quiet", number), AlertEventKind::Fired);
    }
    run(&memory, &[], |m| m.count(DeliveryState::Sent) == 50).await;
    run(&memory, &[30], |m| m.count(DeliveryState::Sent) == 50).await;
    assert_eq!(receiver.got().len(), 50);
}

#[tokio::test]
async fn the_body_is_alertmanagers_and_signed() {
    let receiver = Receiver::new(|_, _| Mood::Answer(200, String::new())).await;
    let memory = Arc::new(Memory::default());
    begin(&memory).await;
    lock(&memory.subscriptions).push(subscription(1, webhook(&receiver, "hook")));
    let mut alert = alert("InstanceDown", 1);
    memory.happens(&alert, AlertEventKind::Fired);
    run(&memory, &[], |m| m.count(DeliveryState::Sent) == 1).await;
    alert = ended(&alert);
    memory.happens(&alert, AlertEventKind::Cleared);
    run(&memory, &[], |m| m.count(DeliveryState::Sent) == 2).await;
    let [fired, cleared] = receiver.got().try_into().unwrap();
    let body = fired.json();
    // As recorded from an Alertmanager 0.27.
    let recorded = [
        "alerts",
        "commonAnnotations",
        "commonLabels",
        "externalURL",
        "groupKey",
        "groupLabels",
        "receiver",
        "status",
        "truncatedAlerts",
        "version",
    ];
    let names = |value: &Value| -> Vec<String> {
        let object = value.as_object().unwrap();
        let mut names: Vec<String> = object.keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names(&body), recorded);
    let one = &body["alerts"][0];
    let recorded = [
        "annotations",
        "endsAt",
        "fingerprint",
        "generatorURL",
        "labels",
        "startsAt",
        "status",
    ];
    assert_eq!(names(one), recorded);
    assert_eq!(body["version"], "4");
    assert_eq!(body["truncatedAlerts"], 0);
    assert_eq!(
        (&body["status"], &one["status"]),
        (&json!("firing"), &json!("firing"))
    );
    let labels = json!({ "alertname": "InstanceDown", "host": "web-1", "severity": "high" });
    assert_eq!(one["labels"], labels);
    assert_eq!(body["commonLabels"], labels);
    assert_eq!(one["endsAt"], "0001-01-01T00:00:00Z");
    assert_eq!(one["annotations"]["summary"], "InstanceDown on web-1");
    assert_eq!(one["fingerprint"], alert.fingerprint.to_string());
    assert_eq!(body["externalURL"], "http://tocsin.test");
    let end = cleared.json();
    assert_eq!(end["status"], "resolved");
    assert_ne!(end["alerts"][0]["endsAt"], "0001-01-01T00:00:00Z");
    assert_eq!(end["groupKey"], body["groupKey"], "one thread");
    assert_eq!(end["alerts"][0]["startsAt"], one["startsAt"]);
    use hmac::{Hmac, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"s3cr3t").unwrap();
    mac.update(format!("{}.{}", fired.headers["x-tocsin-timestamp"], fired.body).as_bytes());
    let digits = fired.headers["x-tocsin-signature"]
        .strip_prefix("v1=")
        .unwrap();
    let bytes: Vec<u8> = (0..digits.len() / 2)
        .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    mac.verify_slice(&bytes).unwrap();
}

#[tokio::test]
async fn a_refusal_is_a_dead_letter_and_the_next_goes_on() {
    let receiver = Receiver::new(|number, _| match number {
        0 => Mood::Answer(404, "no such hook".into()),
        _ => Mood::Answer(200, String::new()),
    })
    .await;
    let memory = Arc::new(Memory::default());
    begin(&memory).await;
    lock(&memory.subscriptions).push(subscription(1, webhook(&receiver, "")));
    memory.happens(&alert("a", 1), AlertEventKind::Fired);
    memory.happens(&alert("a", 2), AlertEventKind::Fired);
    run(&memory, &[], |m| m.count(DeliveryState::Sent) == 1).await;
    let dead = lock(&memory.deliveries)[0].clone();
    assert_eq!(dead.state, DeliveryState::Dead);
    assert_eq!(dead.note.as_deref(), Some("404: no such hook"));
}

#[tokio::test]
async fn a_silence_holds_until_it_ends_and_what_ended_meanwhile_is_not_told() {
    let receiver = Receiver::new(|_, _| Mood::Answer(200, String::new())).await;
    let memory = Arc::new(Memory::default());
    begin(&memory).await;
    lock(&memory.subscriptions).push(subscription(1, webhook(&receiver, "")));
    let [held, over] = [alert("held", 1), alert("over", 2)];
    lock(&memory.silences).push(Silence {
        id: SilenceId(1),
        matchers: vec![Matcher::new(MatchOp::Matches, "host", "web-.*").unwrap()],
        starts_ms: 0,
        ends_ms: i64::MAX,
        recurrence: None,
        created_by: "ana".into(),
        created_ms: 0,
        comment: String::new(),
        expired_ms: None,
    });
    memory.happens(&held, AlertEventKind::Fired);
    memory.happens(&over, AlertEventKind::Fired);
    let is_held = |m: &Memory| lock(&m.deliveries).iter().filter(|d| d.was_held).count() == 2;
    run(&memory, &[], is_held).await;
    memory.happens(&ended(&over), AlertEventKind::Cleared);
    lock(&memory.silences)[0].expired_ms = Some(now_ms());
    for one in lock(&memory.deliveries).iter_mut() {
        one.due_ms = now_ms();
    }
    run(&memory, &[], |m| {
        m.count(DeliveryState::Pending) == 0 && lock(&m.deliveries).len() == 3
    })
    .await;
    let told: Vec<Value> = receiver.got().iter().map(|got| got.json()).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["alerts"][0]["labels"]["alertname"], "held");
    assert_eq!(memory.count(DeliveryState::Skipped), 2);
}

#[tokio::test]
async fn a_flood_is_told_in_as_many_messages_as_are_allowed() {
    let receiver = Receiver::new(|_, _| Mood::Answer(200, String::new())).await;
    let memory = Arc::new(Memory::default());
    begin(&memory).await;
    lock(&memory.subscriptions).push(Subscription {
        rate_limit: Some(RateLimit {
            messages: 3,
            window_secs: 3600,
        }),
        ..subscription(1, webhook(&receiver, ""))
    });
    for number in 0..250 {
        memory.happens(&alert("flood", number), AlertEventKind::Fired);
    }
    run(&memory, &[], |m| m.count(DeliveryState::Sent) == 250).await;
    let bodies: Vec<Value> = receiver.got().iter().map(|got| got.json()).collect();
    let sizes: Vec<usize> = bodies
        .iter()
        .map(|body| body["alerts"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [1, 1, 100]);
    assert_eq!(bodies[2]["truncatedAlerts"], 148);
    // The window is full: the next waits.
    memory.happens(&alert("flood", 300), AlertEventKind::Fired);
    let waits = |m: &Memory| {
        let all = lock(&m.deliveries);
        all.len() == 251 && all[250].note.is_some() && all[250].state == DeliveryState::Pending
    };
    run(&memory, &[], waits).await;
    assert_eq!(receiver.got().len(), 3);
}

#[tokio::test]
async fn slack_is_posted_to_once_updated_in_place_and_the_end_is_in_the_thread() {
    let receiver = Receiver::new(|number, got| {
        if number == 0 {
            return Mood::Answer(
                200,
                json!({ "ok": false, "error": "ratelimited" }).to_string(),
            );
        }
        assert_eq!(got.headers["authorization"], "Bearer xoxb-1");
        Mood::Answer(
            200,
            json!({ "ok": true, "channel": "C1", "ts": format!("{number}.5") }).to_string(),
        )
    })
    .await;
    let memory = Arc::new(Memory::default());
    begin(&memory).await;
    let channel = Channel::Slack {
        webhook_url: None,
        token: Some(Secret("xoxb-1".into())),
        channel: Some("#db".into()),
        api_url: Some(receiver.url.clone()),
    };
    lock(&memory.subscriptions).push(subscription(1, channel));
    let mut one = alert("<disk> & co", 1);
    memory.happens(&one, AlertEventKind::Fired);
    one.is_flapping = true;
    memory.happens(&one, AlertEventKind::Flapping);
    let from = one.severity;
    one.severity = AlertSeverity::Critical;
    let to = one.severity;
    memory.happens(&one, AlertEventKind::Escalated { from, to });
    memory.happens(&ended(&one), AlertEventKind::Cleared);
    run(&memory, &[], |m| m.count(DeliveryState::Sent) == 4).await;
    let got = receiver.got();
    let paths: Vec<&str> = got.iter().map(|got| got.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/chat.postMessage",
            "/chat.postMessage",
            "/chat.update",
            "/chat.update",
            "/chat.postMessage",
            "/chat.update",
            "/chat.postMessage",
        ]
    );
    assert_eq!(got[1].json()["channel"], "#db");
    assert!(
        got[1].body.contains("&lt;disk&gt; &amp; co"),
        "{}",
        got[1].body
    );
    for update in [&got[2], &got[3], &got[5]] {
        assert_eq!(
            (&update.json()["channel"], &update.json()["ts"]),
            (&json!("C1"), &json!("1.5"))
        );
    }
    for (reply, is_broadcast) in [(&got[4], true), (&got[6], false)] {
        assert_eq!(reply.json()["thread_ts"], "1.5");
        assert_eq!(reply.json()["reply_broadcast"], is_broadcast);
    }
    assert!(got[6].body.contains("Resolved"));
}

#[tokio::test]
async fn a_pager_has_one_entry_for_each_alert() {
    let receiver = Receiver::new(|_, _| Mood::Answer(202, r#"{"status":"success"}"#.into())).await;
    let memory = Arc::new(Memory::default());
    begin(&memory).await;
    let channel = Channel::PagerDuty {
        routing_key: Some(Secret("R".repeat(32))),
        url: Some(receiver.url.clone()),
    };
    lock(&memory.subscriptions).push(subscription(1, channel));
    let one = alert("down", 1);
    memory.happens(&one, AlertEventKind::Fired);
    memory.happens(&ended(&one), AlertEventKind::Cleared);
    run(&memory, &[], |m| m.count(DeliveryState::Sent) == 2).await;
    let bodies: Vec<Value> = receiver.got().iter().map(|got| got.json()).collect();
    assert_eq!(bodies[0]["event_action"], "trigger");
    assert_eq!(bodies[1]["event_action"], "resolve");
    assert_eq!(bodies[0]["dedup_key"], bodies[1]["dedup_key"]);
    assert_eq!(bodies[0]["payload"]["severity"], "error");
    assert_eq!(bodies[0]["payload"]["source"], "web-1");
    assert_eq!(bodies[0]["routing_key"], "R".repeat(32));
}

#[tokio::test]
async fn a_receiver_that_hangs_keeps_back_nobody_else() {
    let receiver = Receiver::new(|_, got| match got.path.as_str() {
        "/1" => Mood::Hang,
        _ => Mood::Answer(200, String::new()),
    })
    .await;
    let memory = Arc::new(Memory::default());
    begin(&memory).await;
    for number in 1..=2 {
        let one = subscription(number, webhook(&receiver, &number.to_string()));
        lock(&memory.subscriptions).push(one);
    }
    for number in 0..30 {
        memory.happens(&alert("a", number), AlertEventKind::Fired);
    }
    let began = std::time::Instant::now();
    run(&memory, &[], |m| m.count(DeliveryState::Sent) == 30).await;
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_template_is_seen_before_and_a_test_says_what_the_channel_said() {
    let receiver = Receiver::new(|_, _| Mood::Answer(403, "no\nway".into())).await;
    let memory = Arc::new(Memory::default());
    let (config, notifier) = quick();
    let (_, notifier) = Outbox::new(memory.parts(), OutboxConfig { ..config }, notifier);
    let mut one = subscription(1, webhook(&receiver, "test"));
    one.template = MessageTemplate {
        title: Some("{{ alert.severity | upper }} {{ alert.labels.host }}".into()),
        text: Some("{% for a in alerts %}{{ a.title }}: {{ a.url }}\n{% endfor %}".into()),
    };
    notifier.check(&one).unwrap();
    let mut sample = notifier.sample(now_ms());
    sample.labels = LabelSet::new([("host", "db-7")]);
    let preview = notifier.preview(&one, &sample, News::Fired).unwrap();
    assert_eq!(preview.title, "LOW db-7");
    assert!(
        preview.text.starts_with("Disk /data will be full"),
        "{}",
        preview.text
    );
    assert!(preview.body.contains("\"version\": \"4\"") && !preview.body.contains("s3cr3t"));
    let answer = notifier.test(&one).await;
    assert_eq!((answer.is_accepted, answer.status), (false, Some(403)));
    assert_eq!(answer.detail, "403: no way");
    one.template.title = Some("{{ alert.".into());
    assert_eq!(notifier.check(&one).unwrap_err().field, "template.title");
    one.template.title = Some("{% for a in range(1000000000) %}{% endfor %}".into());
    assert_eq!(
        notifier
            .preview(&one, &sample, News::Fired)
            .unwrap_err()
            .field,
        "template.title"
    );
}

/// A prediction whose crossing is so many hours away, and the alert that rests on it.
fn predicted(memory: &Memory, number: u64, hours: i64) -> Alert {
    let (series, now_ms) = (SeriesId(number), now_ms());
    let id = FindingId::new(series, now_ms);
    let crossing = now_ms + hours * 3_600_000 + 60_000;
    lock(&memory.predictions).push(Prediction {
        id,
        series,
        labels: Labels::new([("__name__", "disk_used")]).unwrap(),
        rule: "disk_full".into(),
        query: String::new(),
        made_ms: now_ms,
        threshold: 1.0,
        direction: Direction::Rising,
        horizon_ms: 1,
        current: 0.5,
        probability: 0.9,
        crossing_ms: Some((now_ms, crossing, i64::MAX)),
        point: None,
        is_raised: true,
        explanation: String::new(),
        outcome: PredictionOutcome::Open,
        crossed_ms: None,
    });
    Alert {
        kind: AlertKind::Predictive,
        evidence: vec![Evidence::Prediction {
            id,
            series,
            explanation: "it fills".into(),
        }],
        ..alert("disk_full", number)
    }
}

#[tokio::test]
async fn who_wants_to_know_a_day_ahead_hears_of_nothing_nearer() {
    let receiver = Receiver::new(|_, _| Mood::Answer(200, String::new())).await;
    let memory = Arc::new(Memory::default());
    begin(&memory).await;
    let mut one = subscription(1, webhook(&receiver, ""));
    one.filter.kinds = vec![AlertKind::Predictive];
    one.filter.min_lead_hours = Some(24.0);
    one.filter.min_probability = Some(0.8);
    lock(&memory.subscriptions).push(one);
    let [near, far] = [(1, 23), (2, 24)].map(|(n, hours)| predicted(&memory, n, hours));
    let unsure = Alert {
        confidence: 0.7,
        ..predicted(&memory, 3, 48)
    };
    let unknown = Alert {
        evidence: Vec::new(),
        ..predicted(&memory, 4, 48)
    };
    for alert in [&near, &unsure, &unknown, &alert("other", 5), &far] {
        memory.happens(alert, AlertEventKind::Fired);
    }
    // The end is meant whenever the labels are, and let be by those who heard of no beginning.
    memory.happens(&ended(&near), AlertEventKind::Cleared);
    memory.happens(&ended(&far), AlertEventKind::Cleared);
    run(&memory, &[], |m| {
        m.count(DeliveryState::Sent) == 2 && m.count(DeliveryState::Skipped) == 1
    })
    .await;
    let told: Vec<Value> = receiver.got().iter().map(Got::json).collect();
    for body in &told {
        assert_eq!(body["alerts"][0]["labels"]["host"], "web-2");
    }
    assert_eq!(
        (&told[0]["status"], &told[1]["status"]),
        (&json!("firing"), &json!("resolved"))
    );
}

#[tokio::test]
async fn it_can_run_as_a_task_and_ends_when_it_is_told_to() {
    let memory = Arc::new(Memory::default());
    let (config, notifier) = quick();
    let (outbox, _) = Outbox::new(memory.parts(), config, notifier);
    let shutdown = CancellationToken::new();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(outbox.run(shutdown.clone()));
    shutdown.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(1), tasks.join_next()).await;
    ended.unwrap().unwrap().unwrap().unwrap();
}
