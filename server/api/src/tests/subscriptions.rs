//! Subscriptions: kept, changed, tried; their deliveries seen and sent again.

use serde_json::{Value, json};
use tocsin_domain::alert::{AlertId, Fingerprint};
use tocsin_domain::subscription::{
    Channel, Delivery, DeliveryId, DeliveryState, NewDelivery, News, SubscriptionId,
};

use super::Server;
use super::fakes::{alerts, lock};

const PATH: &str = "/api/v1/subscriptions";

fn slack() -> Value {
    json!({
        "name": "db, a day ahead",
        "filter": {
            "kinds": ["predictive"], "min_lead_hours": 24.0, "min_probability": 0.8,
            "matchers": [{ "name": "team", "value": "db" }],
        },
        "channel": { "type": "slack", "token": "xoxb-secret", "channel": "#db" },
        "quiet_hours": { "from": "22:00", "to": "7:05", "utc_offset_minutes": 60 },
        "rate_limit": { "messages": 10, "window_secs": 600 },
        "template": { "text": "{{ alert.summary }}" },
    })
}

fn webhook() -> Value {
    json!({
        "name": "all", "channel": { "type": "webhook", "url": "https://a/", "secret": "s3cr3t" },
    })
}

#[tokio::test]
async fn a_subscription_lives_and_its_secrets_are_never_shown() {
    let server = Server::new();
    let made = server.ask("POST", PATH, slack()).await.ok(201);
    let id = made["id"].as_str().unwrap();
    let expected = json!({
        "id": id, "name": "db, a day ahead", "enabled": true, "version": 1,
        "filter": {
            "matchers": [{ "name": "team", "value": "db", "is_regex": false, "is_equal": true }],
            "kinds": ["predictive"], "severities": [], "min_probability": 0.8,
            "min_lead_hours": 24.0,
        },
        "channel": { "type": "slack", "channel": "#db", "secrets_set": ["token"] },
        "quiet_hours": { "from": "22:00", "to": "07:05", "utc_offset_minutes": 60 },
        "digest_secs": null, "rate_limit": { "messages": 10, "window_secs": 600 },
        "template": { "title": null, "text": "{{ alert.summary }}" },
        "created_at": "2027-01-15T08:00:00Z", "updated_at": "2027-01-15T08:00:00Z",
    });
    assert_eq!(made, expected);
    let path = format!("{PATH}/{id}");
    assert_eq!(server.json(&path).await, expected);
    assert_eq!(server.json(PATH).await["items"], json!([expected]));

    // What was shown can be put back: the secret stays.
    let mut changed = made.clone();
    changed["name"] = json!("db");
    let put = server.ask("PUT", &path, changed.clone()).await.ok(200);
    assert_eq!((&put["name"], &put["version"]), (&json!("db"), &json!(2)));
    assert_eq!(put["channel"]["secrets_set"], json!(["token"]));
    let kept = lock(&server.fakes.telling).subscriptions[0].channel.clone();
    assert!(matches!(&kept, Channel::Slack { token: Some(t), .. } if t.0 == "xoxb-secret"));
    let late = server.ask("PUT", &path, changed.clone()).await;
    late.problem(409, "conflict");
    // It does not follow to another place.
    changed["version"] = json!(2);
    changed["channel"]["api_url"] = json!("https://evil.example/");
    let moved = server.ask("PUT", &path, changed).await;
    assert_eq!(moved.wrong(), "channel.token");

    for (action, is_enabled) in [("disable", false), ("disable", false), ("enable", true)] {
        let switch = format!("{path}/{action}");
        let answer = server.ask("POST", &switch, json!({})).await;
        assert_eq!(answer.ok(200)["enabled"], is_enabled);
    }
    let gone = server.ask("DELETE", &path, json!({})).await;
    assert_eq!(gone.status.as_u16(), 204);
    server.get(&path).await.problem(404, "not-found");
    let audit = lock(&server.fakes.audit).clone();
    let actions: Vec<&str> = audit.iter().map(|entry| &*entry.action).collect();
    let expected = ["create", "replace", "disable", "enable", "delete"];
    assert_eq!(
        actions,
        expected.map(|action| format!("subscriptions.{action}"))
    );
    let leaks = audit.iter().any(|entry| entry.details.contains("secret\""));
    assert!(!leaks && !audit.iter().any(|entry| entry.details.contains("xoxb")));
}

#[tokio::test]
async fn what_cannot_be_is_named_by_its_field() {
    let server = Server::new();
    let wrong = async |pointer: &str, value: Value| {
        let mut body = webhook();
        body["filter"] = json!({});
        body["template"] = json!({});
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        server.ask("POST", PATH, body).await.wrong()
    };
    let quiet = |from: &str| json!({ "from": from, "to": "07:00" });
    let cases = [
        ("/name", json!(" "), "name"),
        ("/channel/type", json!("pigeon"), "channel.type"),
        ("/channel/url", json!("ftp://a"), "channel.url"),
        ("/channel/url", json!("https://a b/"), "channel.url"),
        ("/filter/kinds", json!(["odd"]), "filter.kinds"),
        ("/filter/severities", json!(["odd"]), "filter.severities"),
        (
            "/filter/min_probability",
            json!(1.5),
            "filter.min_probability",
        ),
        ("/filter/min_lead_hours", json!(-1), "filter.min_lead_hours"),
        (
            "/filter/matchers",
            json!([{ "name": "a b", "value": "" }]),
            "filter.matchers",
        ),
        ("/quiet_hours", quiet("25:00"), "quiet_hours.from"),
        ("/quiet_hours", quiet("07:00"), "quiet_hours"),
        ("/digest_secs", json!(5), "digest_secs"),
        (
            "/rate_limit",
            json!({ "messages": 0, "window_secs": 1 }),
            "rate_limit.messages",
        ),
        ("/template/text", json!("x".repeat(10_001)), "template"),
    ];
    for (pointer, value, field) in cases {
        assert_eq!(wrong(pointer, value).await, field, "{pointer}");
    }
    let pager = json!({
        "name": "p", "channel": { "type": "pagerduty", "routing_key": "k" }, "digest_secs": 60,
    });
    assert_eq!(server.ask("POST", PATH, pager).await.wrong(), "digest_secs");
    let unknown = format!("{PATH}/00000000-0000-7000-8000-000000000000");
    server.get(&unknown).await.problem(404, "not-found");
    assert_eq!(server.get(&format!("{PATH}/x")).await.wrong(), "id");
}

#[tokio::test]
async fn a_message_is_seen_and_tried_before_anyone_gets_it() {
    let server = Server::new();
    let path = format!("{PATH}/preview");
    let mut body = webhook();
    body["template"] = json!({ "text": "hello" });
    let asked = json!({ "subscription": body, "news": "cleared" });
    let seen = server.ask("POST", &path, asked).await.ok(200);
    let expected = json!({
        "title": "cleared of sample", "text": "hello", "body": { "version": "4" },
    });
    assert_eq!(seen, expected);
    let alert = server.fakes.keep(alerts::alert("disk_full", "web-1", 1));
    let asked = json!({ "subscription": webhook(), "alert": alert.to_string() });
    let seen = server.ask("POST", &path, asked).await.ok(200);
    assert_eq!(seen["title"], "fired of disk_full");
    let asked = json!({ "subscription": webhook(), "news": "odd" });
    assert_eq!(server.ask("POST", &path, asked).await.wrong(), "news");
    assert_eq!(
        server.json(PATH).await["items"],
        json!([]),
        "nothing is kept"
    );

    let made = server.ask("POST", PATH, webhook()).await.ok(201);
    let path = format!("{PATH}/{}/test", made["id"].as_str().unwrap());
    let said = server.ask("POST", &path, json!({})).await.ok(200);
    let expected = json!({
        "is_accepted": false, "status": 404, "detail": "404: no_service", "took_ms": 12,
    });
    assert_eq!(said, expected);
}

fn deliveries(to: SubscriptionId) -> Vec<Delivery> {
    let states = [
        DeliveryState::Sent,
        DeliveryState::Dead,
        DeliveryState::Pending,
    ];
    let one = |(number, state): (u64, DeliveryState)| Delivery {
        id: DeliveryId(number),
        state,
        attempts: 3,
        message: Some(DeliveryId(number)),
        note: Some("500: broken".into()),
        settled_ms: (state != DeliveryState::Pending).then_some(1_800_000_000_000),
        ..NewDelivery {
            subscription: to,
            alert: AlertId::of(Fingerprint(number), 1000),
            event_seq: 10 + number,
            news: News::Fired,
            at_ms: 1_799_999_999_000,
            due_ms: 1_800_000_001_000,
        }
        .into()
    };
    (1..).zip(states).map(one).collect()
}

#[tokio::test]
async fn dead_letters_are_seen_and_sent_again() {
    let server = Server::new();
    let made = server.ask("POST", PATH, webhook()).await.ok(201);
    let id = made["id"].as_str().unwrap().to_owned();
    let mut all = deliveries(id.parse().unwrap());
    all.extend(
        deliveries(SubscriptionId(7))
            .into_iter()
            .map(|one| Delivery {
                id: DeliveryId(one.id.0 + 10),
                ..one
            }),
    );
    lock(&server.fakes.telling).deliveries = all;
    let numbers = async |path: &str| -> Vec<u64> {
        let items = server.json(path).await["items"].clone();
        let items = items.as_array().unwrap().clone();
        items
            .iter()
            .map(|one| one["id"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(numbers("/api/v1/deliveries").await, [13, 12, 11, 3, 2, 1]);
    assert_eq!(numbers("/api/v1/deliveries?state=dead").await, [12, 2]);
    assert_eq!(
        numbers("/api/v1/deliveries?state=dead,sent&limit=3").await,
        [12, 11, 2]
    );
    let own = format!("{PATH}/{id}/deliveries?limit=2");
    assert_eq!(numbers(&own).await, [3, 2]);
    let cursor = server.json(&own).await["next_cursor"].clone();
    let next = format!("{own}&cursor={}", cursor.as_str().unwrap());
    assert_eq!(numbers(&next).await, [1]);
    let of_one = format!("/api/v1/deliveries?subscription={id}&state=sent");
    assert_eq!(numbers(&of_one).await, [1]);
    assert_eq!(
        server.get("/api/v1/deliveries?state=odd").await.wrong(),
        "state"
    );

    let alert = AlertId::of(Fingerprint(2), 1000);
    let expected = json!({
        "id": 2, "subscription": id, "alert": alert.to_string(), "event_seq": 12, "news": "fired",
        "at": "2027-01-15T07:59:59Z", "state": "dead", "attempts": 3, "due_at": null, "message": 2,
        "idempotency_key": format!("{id}:{alert}:12"), "note": "500: broken",
        "settled_at": "2027-01-15T08:00:00Z",
    });
    let path = format!("/api/v1/deliveries?alert={alert}&subscription={id}");
    assert_eq!(server.json(&path).await["items"], json!([expected]));

    let wakes = lock(&server.fakes.telling).wakes;
    let again = server.ask("POST", "/api/v1/deliveries/2/redeliver", json!({}));
    let again = again.await.ok(200);
    assert_eq!(
        (&again["state"], &again["attempts"]),
        (&json!("pending"), &json!(0))
    );
    assert_eq!(again["due_at"], "2027-01-15T08:00:00Z");
    assert_eq!(again["idempotency_key"], expected["idempotency_key"]);
    assert_eq!(lock(&server.fakes.telling).wakes, wakes + 1);
    let pending = server.ask("POST", "/api/v1/deliveries/2/redeliver", json!({}));
    pending.await.problem(409, "conflict");
    let unknown = server.ask("POST", "/api/v1/deliveries/99/redeliver", json!({}));
    unknown.await.problem(404, "not-found");
    let odd = server.ask("POST", "/api/v1/deliveries/x/redeliver", json!({}));
    assert_eq!(odd.await.wrong(), "id");
}
