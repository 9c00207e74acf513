//! Rules of automation: seen, put as text, patched, deleted, tested, replayed, and proposed by hand.

use serde_json::{Value, json};
use tocsin_domain::alert::Alert;

use super::fakes::automation::rule;
use super::fakes::{NOW, alerts, lock};
use super::{Answer, Server};

const RULES: &str = "/api/v1/automation/rules";
const UNKNOWN: &str = "00000000-0000-7000-8000-000000000000";

fn keep(server: &Server, id: &str) {
    let all = &mut lock(&server.fakes.automating).rules;
    all.insert(id.into(), rule(id));
}

fn alert(server: &Server) -> Alert {
    let alert = alerts::alert("disk_full", "web-1", 1);
    server.fakes.keep(alert.clone());
    alert
}

fn told(server: &Server) -> Vec<String> {
    lock(&server.fakes.automating).told.clone()
}

async fn put(server: &Server, id: &str, text: &str, content_type: &str) -> Answer {
    let request = axum::http::Request::put(format!("{RULES}/{id}"));
    let request = match content_type {
        "" => request,
        kind => request.header("content-type", kind),
    };
    let body = axum::body::Body::from(text.to_owned());
    server.send(request.body(body).unwrap()).await
}

#[tokio::test]
async fn rules_are_shown_with_their_record_and_their_text() {
    let server = Server::new();
    keep(&server, "other");
    keep(&server, "clean");
    let all = server.json(RULES).await;
    let ids = all["items"].as_array().unwrap().iter();
    let ids: Vec<&str> = ids.map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["clean", "other"]);
    let approval = json!({
        "required": "when", "when": "risk == 'high'", "two_person": false,
        "stages": [{ "approvers": ["ana"], "count": 1 }], "expires_after_secs": 3600,
    });
    let expected = json!({
        "id": "clean", "name": "Rule clean", "enabled": true, "version": 3,
        "provider": "scripts", "template": "script clean",
        "match": "failure type disk_full; at least 0.8 sure",
        "targets": ["{{ alert.labels.host }}"], "group_by": ["host"], "cooldown_secs": 600,
        "throttle": "once within 1 min", "dry_run": false, "approval": approval,
        "verify": "!alert.firing within 5 min, looked at after 30 s", "rollback": false,
        "risk": { "level": "medium", "reasons": ["old logs are gone"] },
        "record": { "executed": 4, "succeeded": 3, "verified": 2, "failed_in_a_row": 1 },
        "propose_only": false, "yaml": "id: clean\n",
    });
    assert_eq!(server.json(&format!("{RULES}/clean")).await, expected);
    server
        .get(&format!("{RULES}/none"))
        .await
        .problem(404, "not-found");
}

#[tokio::test]
async fn a_rule_is_put_as_people_write_it() {
    let server = Server::new();
    for (text, content_type) in [
        ("match: {}", "application/yaml"),
        ("id: clean\nmatch: {}", "text/plain; charset=utf-8"),
        ("{\"match\": {}}", "application/json"),
        ("match: {}", ""),
    ] {
        let answer = put(&server, "clean", text, content_type).await.ok(200);
        assert_eq!(answer["id"], "clean", "{content_type}");
    }
    assert_eq!(told(&server), ["put clean anonymous"; 4]);
    assert_eq!(server.json(&format!("{RULES}/clean")).await["version"], 5);

    let other = put(&server, "clean", "id: dirty", "application/yaml").await;
    assert_eq!(other.wrong(), "id");
    let wrong = put(&server, "clean", "wrong", "application/yaml").await;
    assert_eq!(wrong.wrong(), "yaml");
    let detail = wrong.json()["detail"].clone();
    assert!(detail.as_str().unwrap().starts_with("line 2: "), "{detail}");
    let broad = put(&server, "broad", "match: {}", "application/yaml").await;
    assert_eq!(broad.wrong(), "yaml");
    let image = put(&server, "clean", "x", "image/png").await;
    image.problem(415, "unsupported-media-type");
    let large = put(
        &server,
        "clean",
        &"x".repeat((256 << 10) + 1),
        "application/yaml",
    )
    .await;
    large.problem(413, "too-large");
    let request = axum::http::Request::put(format!("{RULES}/clean"));
    let body = axum::body::Body::from(&b"\xff\xfe"[..]);
    let odd = server.send(request.body(body).unwrap()).await;
    odd.problem(400, "bad-request");
    assert_eq!(told(&server).len(), 4, "nothing else was put");
}

#[tokio::test]
async fn a_rule_is_switched_and_deleted_and_its_versions_stay() {
    let server = Server::new();
    keep(&server, "clean");
    let path = format!("{RULES}/clean");
    let versions = format!("{path}/versions");
    assert_eq!(server.json(&versions).await, json!({ "items": [] }));
    let patch = json!({ "enabled": false, "dry_run": true, "cooldown_secs": 60 });
    let changed = server
        .ask_as("ana", "PATCH", &path, patch.clone())
        .await
        .ok(200);
    assert_eq!(
        (
            &changed["enabled"],
            &changed["dry_run"],
            &changed["cooldown_secs"]
        ),
        (&json!(false), &json!(true), &json!(60))
    );
    assert_eq!(changed["version"], 4);
    // What it is already is no change.
    let same = server.ask("PATCH", &path, patch).await.ok(200);
    assert_eq!(same["version"], 4);
    for body in [
        json!({}),
        json!({ "name": "x" }),
        json!({ "enabled": "yes" }),
    ] {
        server
            .ask("PATCH", &path, body)
            .await
            .problem(400, "bad-request");
    }
    let long = json!({ "cooldown_secs": 604_801 });
    assert_eq!(
        server.ask("PATCH", &path, long).await.wrong(),
        "cooldown_secs"
    );
    let unknown = server
        .ask(
            "PATCH",
            &format!("{RULES}/none"),
            json!({ "enabled": true }),
        )
        .await;
    unknown.problem(404, "not-found");

    let deleted = server.ask_as("ana", "DELETE", &path, json!({})).await;
    assert_eq!(deleted.status.as_u16(), 204);
    assert_eq!(told(&server), ["put clean ana", "delete clean ana"]);
    server
        .ask("DELETE", &path, json!({}))
        .await
        .problem(404, "not-found");
    let kept = server.json(&versions).await;
    let expected = json!([{ "version": 5, "yaml": null }, { "version": 4, "yaml": "id: clean\n" }]);
    assert_eq!(kept["items"], expected);
    let unknown = server.get(&format!("{RULES}/none/versions")).await;
    unknown.problem(404, "not-found");
}

#[tokio::test]
async fn a_rule_is_tried_on_an_alert_and_on_the_past_without_doing_anything() {
    let server = Server::new();
    keep(&server, "clean");
    let alert = alert(&server);
    let test = format!("{RULES}/test");
    let ask = async |body: Value| server.ask("POST", &test, body).await;
    let id = alert.id.to_string();
    let known = ask(json!({ "rule": "clean", "alert": id })).await.ok(200);
    assert_eq!(known["because"], "Disk of web-1 is full of rule clean");
    assert_eq!(known["action"]["params"]["keep_days"], 7);
    assert_eq!(
        (&known["matches"], &known["problem"]),
        (&json!(true), &Value::Null)
    );
    let draft = ask(json!({ "yaml": "id: draft", "alert": id }))
        .await
        .ok(200);
    assert_eq!(draft["because"], "Disk of web-1 is full of rule draft");
    for (body, field) in [
        (json!({ "alert": id }), "rule"),
        (
            json!({ "rule": "clean", "yaml": "id: x", "alert": id }),
            "rule",
        ),
        (json!({ "yaml": "wrong", "alert": id }), "yaml"),
        (json!({ "rule": "clean", "alert": "x" }), "alert"),
    ] {
        assert_eq!(ask(body).await.wrong(), field);
    }
    for body in [
        json!({ "rule": "none", "alert": id }),
        json!({ "rule": "clean", "alert": UNKNOWN }),
    ] {
        ask(body).await.problem(404, "not-found");
    }

    let path = format!("{RULES}/replay");
    let replay = server
        .ask("POST", &path, json!({ "rule": "clean" }))
        .await
        .ok(200);
    let expected = json!({
        "looked_at": 9, "matched": 4, "held_back": 2, "too_broad": null,
        "runs": [{ "at": "2027-01-15T08:00:00Z", "alert": "00000000-0000-0000-0000-000000000007",
                   "targets": ["web-1"] }],
        "problems": [{ "alert": "00000000-0000-0000-0000-000000000008",
                       "problem": "undefined value" }],
    });
    assert_eq!(replay, expected);
    let week_ms = 7 * 86_400_000;
    let looked = lock(&server.fakes.automating).replayed_ms;
    assert_eq!(looked, Some((NOW.millis() - week_ms, NOW.millis())));
    let asked = json!({ "yaml": "id: draft", "from": "now-2h", "to": "now-1h" });
    server.ask("POST", &path, asked).await.ok(200);
    let looked = lock(&server.fakes.automating).replayed_ms;
    assert_eq!(
        looked,
        Some((NOW.millis() - 7_200_000, NOW.millis() - 3_600_000))
    );
    for (body, field) in [
        (json!({ "rule": "clean", "from": "now" }), "to"),
        (json!({ "rule": "clean", "from": "x" }), "from"),
        (json!({}), "rule"),
    ] {
        assert_eq!(server.ask("POST", &path, body).await.wrong(), field);
    }
    assert_eq!(told(&server), Vec::<String>::new());
    assert_eq!(lock(&server.fakes.automating).runs, []);
}

#[tokio::test]
async fn any_rule_is_proposed_for_any_alert_by_hand() {
    let server = Server::new();
    keep(&server, "clean");
    let alert = alert(&server);
    let path = format!("{RULES}/clean/propose");
    let body = json!({ "alert": alert.id.to_string() });
    let made = server
        .ask_as("ana", "POST", &path, body.clone())
        .await
        .ok(201);
    assert_eq!(
        (&made["proposer"], &made["alert"]),
        (&json!("ana"), &body["alert"])
    );
    assert_eq!(told(&server), ["propose clean ana"]);
    let mut over = alerts::alert("disk_full", "web-2", 1);
    over.ends_ms = Some(NOW.millis());
    server.fakes.keep(over.clone());
    let late = json!({ "alert": over.id.to_string() });
    let late = server
        .ask("POST", &path, late)
        .await
        .problem(409, "conflict");
    assert_eq!(late["detail"], "the alert is over");
    let unknown = server.ask("POST", &path, json!({ "alert": UNKNOWN })).await;
    unknown.problem(404, "not-found");
    let unknown = server
        .ask("POST", &format!("{RULES}/none/propose"), body)
        .await;
    unknown.problem(404, "not-found");
    let odd = server.ask("POST", &path, json!({ "alert": "x" })).await;
    assert_eq!(odd.wrong(), "alert");
}
