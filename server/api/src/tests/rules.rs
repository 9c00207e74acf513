//! Alert rules and rules of the catalogue: kept, tried, explained.

use serde_json::{Value, json};

use super::Server;
use super::fakes::lock;

fn rule() -> Value {
    json!({
        "id": "many_errors", "about": "too many errors", "on": "log", "when": "severity == 'error'",
        "count": 5, "window": "10m", "group_by": ["host"], "severity": "high",
        "labels": { "team": "db" },
    })
}

#[tokio::test]
async fn an_alert_rule_lives_and_everything_is_audited() {
    let server = Server::new();
    let made = server
        .ask("POST", "/api/v1/alert-rules", rule())
        .await
        .ok(201);
    let expected = json!({
        "id": "many_errors", "about": "too many errors", "enabled": true, "on": "log",
        "when": "severity == 'error'", "count": 5, "window": "10m", "group_by": ["host"],
        "for": "0s", "keep_firing_for": "15m", "severity": "high", "labels": { "team": "db" },
        "annotations": {}, "version": 1,
    });
    assert_eq!(made, expected);
    assert_eq!(
        server.json("/api/v1/alert-rules").await["items"],
        json!([expected])
    );
    let again = server.ask("POST", "/api/v1/alert-rules", rule()).await;
    again.problem(409, "conflict");

    let path = "/api/v1/alert-rules/many_errors";
    let mut changed = made.clone();
    changed["count"] = json!(9);
    changed["window"] = json!(90);
    let put = server.ask("PUT", path, changed.clone()).await.ok(200);
    assert_eq!(
        (&put["count"], &put["window"], &put["version"]),
        (&json!(9), &json!("90s"), &json!(2))
    );
    let late = server.ask("PUT", path, changed).await;
    late.problem(409, "conflict");
    let mut other = rule();
    other["id"] = json!("other");
    assert_eq!(server.ask("PUT", path, other.clone()).await.wrong(), "id");
    let absent = server.ask("PUT", "/api/v1/alert-rules/other", other).await;
    absent.problem(404, "not-found");

    let off = server
        .post(&format!("{path}/disable"), &[], "")
        .await
        .ok(200);
    assert_eq!(off["enabled"], false);
    let on = server
        .post(&format!("{path}/enable"), &[], "")
        .await
        .ok(200);
    assert_eq!(server.json(path).await, on);
    let gone = server.ask("DELETE", path, json!({})).await;
    assert_eq!(gone.status.as_u16(), 204);
    server.get(path).await.problem(404, "not-found");
    let audit = lock(&server.fakes.audit).clone();
    let actions = audit
        .iter()
        .map(|entry| entry.action.trim_start_matches("alert_rules."));
    let actions: Vec<&str> = actions.collect();
    assert_eq!(
        actions,
        ["create", "replace", "disable", "enable", "delete"]
    );
}

#[tokio::test]
async fn a_rule_that_cannot_be_is_refused_by_its_field() {
    let server = Server::new();
    for (field, value) in [
        ("id", json!("Many Errors")),
        ("when", json!("(")),
        ("window", json!("2d")),
        ("count", json!(0)),
        ("query", json!("up")),
        ("severity", json!("bad")),
        ("labels", json!({ "a b": "c" })),
        ("for", json!("2d")),
    ] {
        let mut rule = rule();
        rule[field] = value;
        let answer = server
            .ask("POST", "/api/v1/alert-rules", rule.clone())
            .await;
        assert_eq!(answer.wrong(), field);
        let test = json!({ "rule": rule });
        if field != "when" {
            let answer = server.ask("POST", "/api/v1/alert-rules/test", test).await;
            assert_eq!(answer.wrong(), field);
        }
    }
    for (field, value) in [
        ("on", json!("logs")),
        ("window", json!("soon")),
        ("odd", json!(1)),
    ] {
        let mut rule = rule();
        rule[field] = value;
        let answer = server.ask("POST", "/api/v1/alert-rules", rule).await;
        answer.problem(400, "bad-request");
    }
}

#[tokio::test]
async fn a_rule_is_tried_on_the_past() {
    let server = Server::new();
    server
        .ask("POST", "/api/v1/alert-rules", rule())
        .await
        .ok(201);
    let mut nameless = rule();
    nameless.as_object_mut().unwrap().remove("id");
    let body = json!({ "rule": nameless, "from": "now-1h" });
    let answer = server
        .ask("POST", "/api/v1/alert-rules/test", body)
        .await
        .ok(200);
    let expected = json!({
        "from": "2027-01-15T07:00:00Z", "to": "2027-01-15T08:00:00Z",
        "alerts": [{
            "starts_at": "2027-01-15T07:00:00Z", "ends_at": "2027-01-15T08:00:00Z",
            "labels": { "alertname": "untitled" }, "count": 2, "title": "Too many",
        }],
        "looked_at": 100, "held": 7, "cut": null,
    });
    assert_eq!(answer, expected);
    let path = "/api/v1/alert-rules/many_errors/test";
    let answer = server.ask("POST", path, json!({})).await.ok(200);
    assert_eq!(answer["from"], "2027-01-14T08:00:00Z");
    let wrong = json!({ "from": "now", "to": "now-1h" });
    assert_eq!(server.ask("POST", path, wrong).await.wrong(), "from");
    let absent = server
        .ask("POST", "/api/v1/alert-rules/x/test", json!({}))
        .await;
    absent.problem(404, "not-found");
}

#[tokio::test]
async fn a_rule_says_why_and_why_not() {
    let server = Server::new();
    server
        .ask("POST", "/api/v1/alert-rules", rule())
        .await
        .ok(201);
    for way in ["why", "why-not"] {
        let path = format!("/api/v1/alert-rules/many_errors/{way}");
        let answer = server.json(&format!("{path}?at=now-5m")).await;
        let expected = json!({
            "rule": "many_errors", "at": "2027-01-15T07:55:00Z", "evaluation": "pending",
            "detail": "it held, but not often enough",
            "groups": [{
                "labels": { "host": "web-1" }, "evaluation": "pending", "detail": "3 of 5 lines",
            }],
            "suppressed_by": [],
        });
        assert_eq!(answer, expected);
        assert_eq!(server.get(&format!("{path}?at=x")).await.wrong(), "at");
    }
    let absent = server.get("/api/v1/alert-rules/x/why").await;
    absent.problem(404, "not-found");
}

#[tokio::test]
async fn a_rule_of_the_catalogue_lives_and_judges_lines() {
    let server = Server::new();
    let form = json!({
        "id": "full", "pattern": "full", "failure_type": "disk_full", "severity": "high",
        "confidence": 0.8,
    });
    let list = "/api/v1/classification-rules";
    let made = server.ask("POST", list, form.clone()).await.ok(201);
    let expected = json!({
        "id": "full", "pattern": "full", "failure_type": "disk_full", "severity": "high",
        "confidence": 0.8, "enabled": true, "examples": [], "counterexamples": [], "version": 1,
    });
    assert_eq!(made, expected);
    assert_eq!(server.json(list).await["items"], json!([expected]));
    server
        .ask("POST", list, form.clone())
        .await
        .problem(409, "conflict");
    let path = "/api/v1/classification-rules/full";
    let off = server
        .post(&format!("{path}/disable"), &[], "")
        .await
        .ok(200);
    assert_eq!(off["enabled"], false);

    let line = json!({ "line": "\u{fc}ber full", "severity": "error" });
    let answer = server
        .ask("POST", &format!("{list}/test"), line)
        .await
        .ok(200);
    let expected = json!({
        "rules": [{ "rule": "full", "found": [5, 9], "text": "full", "enabled": false }],
        "classification": {
            "failure_type": "disk_full", "severity": "high", "confidence": 0.9,
            "because": "the rule says so",
        },
    });
    assert_eq!(answer, expected);
    let odd = json!({ "line": "x", "severity": "loud" });
    assert_eq!(
        server
            .ask("POST", &format!("{list}/test"), odd)
            .await
            .wrong(),
        "severity"
    );

    for (field, value) in [
        ("pattern", json!("(")),
        ("confidence", json!(1.5)),
        ("severity", json!("bad")),
        ("failure_type", json!("")),
        ("id", json!("other")),
    ] {
        let mut changed = form.clone();
        changed[field] = value;
        assert_eq!(server.ask("PUT", path, changed).await.wrong(), field);
    }
    server.ask("PUT", path, form).await.ok(200);
    let gone = server.ask("DELETE", path, json!({})).await;
    assert_eq!(gone.status.as_u16(), 204);
    server.get(path).await.problem(404, "not-found");
    assert_eq!(
        lock(&server.fakes.audit)[0].action,
        "classification_rules.create"
    );
}
