//! The routes of the system that came before: the same things under their old names.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use serde_json::{Value, json};
use tocsin_domain::ticket::DecisionAction;
use tocsin_domain::{LogBatch, RecordEntry, Severity};
use tower::ServiceExt;

use super::Server;
use super::fakes::tickets::{decision, ticket};
use super::fakes::{alerts, lock};
use super::live::next;

#[tokio::test]
async fn the_state_of_things_is_told_in_the_old_words() {
    let server = Server::new();
    let alert = alerts::alert("disk_full", "web-1", 1);
    server.fakes.keep(alert.clone());
    for action in [
        DecisionAction::Create,
        DecisionAction::Resolve,
        DecisionAction::Skip,
        DecisionAction::Hold,
    ] {
        server.fakes.decide(decision(&alert, action));
    }
    let jira = server.json("/api/jira/status").await;
    assert_eq!(jira["success"], true);
    let data = &jira["data"];
    assert_eq!(data["configured"], true);
    assert_eq!(data["project"], "OPS at jira.example.org");
    assert_eq!(data["message"], "401: the token is not known");
    assert_eq!(
        (&data["healthy"], &data["tracker"]),
        (&json!(false), &json!("jira"))
    );
    let automation = server.json("/api/automation/status").await;
    let expected = json!({
        "enabled": true, "totalProcessed": 3, "ticketsCreated": 1, "ticketsUpdated": 1,
        "skipped": 1, "failed": 0, "lastAction": "hold: it says \"why\"",
    });
    assert_eq!(automation, json!({ "success": true, "data": expected }));
    let watcher = server.json("/api/watcher/status").await;
    let path = "/var/log/syslog";
    let expected = json!({
        "isWatching": true, "watchedFiles": [path], "totalErrors": 1,
        "lastUpdate": "2027-01-15T08:00:00Z",
        "fileStats": { path: { "path": path, "lastLineCount": 3, "status": "waiting" } },
    });
    assert_eq!(watcher["data"], expected);
    let live = server.json("/api/monitoring/live").await;
    assert_eq!(live["data"]["alerts"][0]["id"], alert.id.to_string());
    assert_eq!(live["data"]["decisions"].as_array().unwrap().len(), 4);
    assert_eq!(live["data"]["counts"]["decisions"]["hold"], 1);
}

#[tokio::test]
async fn switches_change_the_settings_and_are_audited_once() {
    let server = Server::new();
    let settings = || lock(&server.fakes.ticketing).settings;
    let post = async |path: &str, body: Value| server.ask("POST", path, body).await;
    let toggle = "/api/automation/toggle";
    let off = post(toggle, json!({ "enabled": false })).await.ok(200);
    assert_eq!(off["message"], "Automation disabled");
    assert_eq!(off["data"]["enabled"], false);
    assert!(!settings().is_enabled);
    post(toggle, json!({ "enabled": false })).await.ok(200);
    post(toggle, json!({})).await.problem(400, "bad-request");
    // Neither needs a body, as in the old system.
    let stop = server.post("/api/watcher/stop", &[], "").await.ok(200);
    assert_eq!(stop["data"]["isWatching"], false);
    assert!(settings().is_paused && !settings().is_enabled);
    let start = post("/api/watcher/start", json!({ "logFilePath": "x" })).await;
    assert_eq!(start.ok(200)["message"], "Log watcher started");
    assert!(!settings().is_paused);
    let audit = lock(&server.fakes.audit).clone();
    assert_eq!(audit.len(), 3);
    assert!(audit.iter().all(|entry| entry.action == "tickets.settings"));
}

#[tokio::test]
async fn demo_events_are_log_lines() {
    let server = Server::new();
    let path = "/api/demo-events";
    let samples = server.json(path).await["data"].clone();
    let samples = samples.as_array().unwrap();
    let sent = server.post(path, &[], "").await.ok(200);
    assert_eq!(
        sent["data"],
        json!({ "accepted": 5, "source": "demo-events" })
    );
    let event = json!({
        "type": "error_detected", "orderId": "o-7", "storeNumber": "S1", "kioskNumber": null,
        "error": { "message": "no price for product 999", "severity": "CRITICAL" },
        "timestamp": "2027-01-15T07:59:00Z", "other": 1,
    });
    server.ask("POST", path, event).await.ok(200);
    let text = json!({ "type": "error_detected", "error": "it broke" });
    server.ask("POST", path, text).await.ok(200);
    let taken = lock(&server.fakes.taken).clone();
    assert!(taken.iter().all(|batch| &*batch.source == "demo-events"));
    let records = taken
        .iter()
        .flat_map(|batch| batch.records.iter().map(move |record| (batch, record)));
    let records: Vec<_> = records.collect();
    let body = |(batch, record): &(&LogBatch, &RecordEntry)| {
        String::from_utf8_lossy(batch.body(record)).into_owned()
    };
    let bodies: Vec<String> = records.iter().map(body).collect();
    let messages = samples.iter().map(|one| one["message"].as_str().unwrap());
    let expected: Vec<&str> = messages
        .chain(["no price for product 999", "it broke"])
        .collect();
    assert_eq!(bodies, expected);
    assert_eq!(records[5].1.severity, Severity::CRITICAL);
    assert_eq!(records[6].1.severity, Severity::ERROR);
    assert!(records[5].1.timestamp < records[6].1.timestamp);
    let odd = server.ask("POST", path, json!({ "type": "odd" })).await;
    assert_eq!(odd.wrong(), "type");
    let silent = json!({ "type": "error_detected", "error": {} });
    assert_eq!(server.ask("POST", path, silent).await.wrong(), "error");
    let plain = server
        .post(path, &[("content-type", "text/plain")], "{}")
        .await;
    plain.problem(415, "unsupported-media-type");
}

async fn stream(server: &Server) -> BodyDataStream {
    let request = Request::get("/api/monitoring/live").header("accept", "text/event-stream");
    let request = request.body(Body::empty()).unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response.into_body().into_data_stream()
}

async fn message(events: &mut BodyDataStream) -> Value {
    let text = next(events).await.unwrap();
    assert!(text.starts_with("event: message\n"), "{text}");
    let data = text.lines().find_map(|line| line.strip_prefix("data: "));
    serde_json::from_str(data.unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_event_source_hears_of_errors_and_tickets() {
    let server = Server::new();
    let alert = alerts::alert("disk_full", "web-1", 1);
    server.fakes.keep(alert.clone());
    server
        .fakes
        .decide(decision(&alert, DecisionAction::Create));
    let mut events = stream(&server).await;
    let hello = next(&mut events).await.unwrap();
    assert!(hello.starts_with("event: hello\n"), "{hello}");
    assert_eq!(message(&mut events).await["type"], "connected");
    server.fakes.tell(1);
    let heard = message(&mut events).await;
    assert_eq!(heard["type"], "error-detected");
    assert_eq!(heard["data"]["errorType"], "disk_full");
    assert_eq!(heard["data"]["severity"], "high");
    let opened = ticket(&alert, "OPS-1");
    let mut update = decision(&alert, DecisionAction::Update);
    update.ticket = Some(opened.id);
    lock(&server.fakes.ticketing).tickets.push(opened);
    server.fakes.decide(decision(&alert, DecisionAction::Skip));
    server.fakes.decide(update);
    let before = tokio::time::Instant::now();
    let heard = message(&mut events).await;
    assert!(before.elapsed() <= Duration::from_secs(1));
    assert_eq!(heard["type"], "ticket-updated", "none from before");
    assert_eq!(heard["data"]["jiraKey"], "OPS-1");
    server.shutdown.cancel();
    let last = next(&mut events).await.unwrap();
    assert!(last.starts_with("event: closed\n"), "{last}");
}
