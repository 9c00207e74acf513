//! Tickets seen, opened and changed by hand; decisions seen and exported; settings.

use serde_json::{Value, json};
use tocsin_domain::alert::{Alert, AlertSeverity};
use tocsin_domain::ticket::{
    DecisionAction, NewTask, TaskId, TaskKind, TaskState, TicketId, TicketTask,
};

use super::Server;
use super::fakes::tickets::{decision, ticket};
use super::fakes::{NOW, alerts, lock};

const PATH: &str = "/api/v1/tickets";

/// A ticket of an alert, with a task that was given up.
fn opened(server: &Server, host: &str, key: &str) -> (Alert, TicketId) {
    let alert = alerts::alert("disk_full", host, i64::from(host.as_bytes()[4]));
    server.fakes.keep(alert.clone());
    let ticket = ticket(&alert, key);
    let id = ticket.id;
    let all = &mut *lock(&server.fakes.ticketing);
    all.tickets.push(ticket);
    all.tasks.push(TicketTask {
        id: TaskId(all.tasks.len() as u64 + 1),
        task: NewTask {
            ticket: id,
            event_seq: 1,
            kind: TaskKind::Create,
            text: "It is full.".into(),
            due_ms: NOW.millis(),
        },
        state: TaskState::Dead,
        attempts: 3,
        unsure_since_ms: None,
        note: Some("400: no such project".into()),
        settled_ms: Some(NOW.millis()),
    });
    (alert, id)
}

fn keys(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item["key"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn tickets_are_found_page_by_page() {
    let server = Server::new();
    let (alert, id) = opened(&server, "web-1", "OPS-1");
    opened(&server, "web-0", "OPS-2");
    let page = server.json(&format!("{PATH}?limit=1")).await;
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = server
        .json(&format!("{PATH}?limit=1&cursor={cursor}"))
        .await;
    assert_eq!((keys(&page), keys(&rest)), (vec!["OPS-2"], vec!["OPS-1"]));
    for (asked, found) in [
        ("status=open&severity=high,low&tracker=jira", 2),
        ("status=resolved", 0),
        ("tracker=built_in", 0),
        ("q=ops-2", 1),
        (&format!("alert={}", alert.id), 1),
    ] {
        let page = server.json(&format!("{PATH}?{asked}")).await;
        assert_eq!(page["items"].as_array().unwrap().len(), found, "{asked}");
    }
    for field in ["status", "severity", "tracker", "alert", "cursor"] {
        let answer = server.get(&format!("{PATH}?{field}=odd")).await;
        assert_eq!(answer.wrong(), field);
    }
    let item = &rest["items"][0];
    assert_eq!(item["id"], id.to_string());
    assert_eq!(item["url"], "https://jira.example.org/browse/OPS-1");
    assert_eq!(item["created_at"], "2027-01-15T08:00:00Z");
    assert_eq!(item["labels"]["team"], "db");
}

#[tokio::test]
async fn one_ticket_shows_everything_about_it() {
    let server = Server::new();
    let (alert, id) = opened(&server, "web-1", "OPS-1");
    let mut decided = decision(&alert, DecisionAction::Create);
    decided.ticket = Some(id);
    server.fakes.decide(decided);
    server.fakes.decide(decision(&alert, DecisionAction::Skip));
    let path = format!("{PATH}/{id}");
    let said = json!({ "text": " I look at it. " });
    let answer = server.ask("POST", &format!("{path}/comment"), said).await;
    assert_eq!(answer.ok(200)["key"], "OPS-1");
    let all = server.json(&path).await;
    assert_eq!(all["key"], "OPS-1");
    assert_eq!(all["description"], "It is full.\n\nReally.");
    let task = json!({
        "id": 1, "kind": "create", "state": "dead", "text": "It is full.", "attempts": 3,
        "due_at": "2027-01-15T08:00:00Z", "unsure_since": null,
        "note": "400: no such project", "settled_at": "2027-01-15T08:00:00Z",
    });
    assert_eq!(all["tasks"], json!([task]));
    let comment = json!({
        "at": "2027-01-15T08:00:00Z", "author": "anonymous", "text": "I look at it.",
    });
    assert_eq!(all["comments"], json!([comment]));
    assert_eq!(all["decisions"].as_array().unwrap().len(), 1);
    assert_eq!(all["decisions"][0]["ticket_key"], "OPS-1");
    let unknown = format!("{PATH}/00000000-0000-7000-8000-000000000000");
    server.get(&unknown).await.problem(404, "not-found");
    assert_eq!(server.get(&format!("{PATH}/x")).await.wrong(), "id");
}

#[tokio::test]
async fn what_people_do_is_done_once_and_audited() {
    let server = Server::new();
    let alert = alerts::alert("disk_full", "web-1", 1);
    server.fakes.keep(alert.clone());
    let asked = json!({ "alert": alert.id.to_string() });
    let made = server.ask("POST", PATH, asked).await.ok(200);
    assert_eq!(made["key"], "OPS-9");
    let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
    let act = async |action: &str| {
        server
            .ask("POST", &format!("{path}/{action}"), json!({}))
            .await
    };
    let done = act("resolve").await.ok(200);
    assert_eq!(done["status"], "resolved");
    assert_eq!(done["resolved_at"], "2027-01-15T08:00:00Z");
    act("resolve").await.problem(409, "conflict");
    assert_eq!(act("reopen").await.ok(200)["status"], "open");

    let (_, other) = opened(&server, "web-2", "OPS-2");
    let retry = format!("{PATH}/tasks/1/retry");
    let again = server.ask("POST", &retry, json!({})).await.ok(200);
    assert_eq!(again["id"], other.to_string());
    let twice = server.ask("POST", &retry, json!({})).await;
    twice.problem(409, "conflict");
    let unknown = server
        .ask("POST", &format!("{PATH}/tasks/9/retry"), json!({}))
        .await;
    unknown.problem(404, "not-found");
    let odd = server
        .ask("POST", &format!("{PATH}/tasks/x/retry"), json!({}))
        .await;
    assert_eq!(odd.wrong(), "id");
    let empty = server
        .ask("POST", &format!("{path}/comment"), json!({ "text": " " }))
        .await;
    assert_eq!(empty.wrong(), "text");
    let odd = server.ask("POST", PATH, json!({ "alert": "x" }));
    assert_eq!(odd.await.wrong(), "alert");
    let gone = "00000000-0000-7000-8000-000000000000";
    let unknown = server.ask("POST", PATH, json!({ "alert": gone }));
    unknown.await.problem(404, "not-found");
    let unknown = server
        .ask("POST", &format!("{PATH}/{gone}/resolve"), json!({}))
        .await;
    unknown.problem(404, "not-found");

    let audit = lock(&server.fakes.audit).clone();
    let actions: Vec<&str> = audit.iter().map(|entry| &*entry.action).collect();
    let expected = ["open", "resolve", "resolve", "reopen", "retry", "retry"];
    assert_eq!(actions, expected.map(|action| format!("tickets.{action}")));
    assert_eq!(audit[0].subject, format!("alert:{}", alert.id));
    assert_eq!(audit[4].subject, "task:1");
}

#[tokio::test]
async fn decisions_are_found_by_what_was_decided_about_what() {
    let server = Server::new();
    let (alert, id) = opened(&server, "web-1", "OPS-1");
    let mut create = decision(&alert, DecisionAction::Create);
    create.ticket = Some(id);
    server.fakes.decide(create);
    let mut skip = decision(&alert, DecisionAction::Skip);
    skip.severity = AlertSeverity::Low;
    skip.confidence = f64::NAN;
    skip.at_ms -= 60_000;
    server.fakes.decide(skip);
    let path = format!("{PATH}/decisions");
    let found = async |asked: &str| -> Vec<Value> {
        let page = server.json(&format!("{path}?{asked}")).await;
        page["items"].as_array().unwrap().clone()
    };
    let numbers = async |asked: &str| -> Vec<u64> {
        let items = found(asked).await;
        items
            .iter()
            .map(|one| one["id"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(numbers("").await, [2, 1]);
    assert_eq!(numbers("action=create,hold").await, [1]);
    assert_eq!(numbers("severity=low").await, [2]);
    assert_eq!(
        numbers(&format!("ticket={id}&alert={}", alert.id)).await,
        [1]
    );
    assert_eq!(numbers("q=WHY").await, [2, 1]);
    assert_eq!(numbers("from=2027-01-15T08:00:00Z").await, [1]);
    assert_eq!(numbers("to=2027-01-15T08:00:00Z").await, [2]);
    let page = server.json(&format!("{path}?limit=1")).await;
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(numbers(&format!("limit=1&cursor={cursor}")).await, [1]);
    let expected = json!({
        "id": 1, "ticket_key": "OPS-1", "alert": alert.id.to_string(), "event": "fired",
        "at": "2027-01-15T08:00:00Z", "due_at": null, "action": "create",
        "reason": "it says \"why\"", "title": "Disk of web-1 is full", "rule": "disk_full",
        "failure_type": "disk_full", "severity": "high", "confidence": 0.75, "threshold": 0.6,
        "ticket": id.to_string(),
    });
    assert_eq!(
        found("action=create").await,
        std::slice::from_ref(&expected)
    );
    for field in ["action", "severity", "alert", "ticket", "from", "cursor"] {
        let answer = server.get(&format!("{path}?{field}=odd")).await;
        assert_eq!(answer.wrong(), field);
    }
    let csv = server.get(&format!("{path}/export?format=csv")).await;
    assert!(
        csv.header("content-disposition")
            .contains("tocsin-decisions.csv")
    );
    let text = csv.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("at,action,reason,severity,"));
    let row = "\"2027-01-15T08:00:00Z\",\"create\",\"it says \"\"why\"\"\",\"high\",\"0.75\",";
    assert!(lines[2].starts_with(row), "{text}");
    let export = format!("{path}/export?format=ndjson&action=create");
    let text = server.get(&export).await.text();
    let ndjson: Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!(ndjson, expected);

    let preview = format!("/api/v1/alerts/{}/ticket-preview", alert.id);
    let preview = server.json(&preview).await;
    assert_eq!(preview["action"], "create");
    let unknown = "/api/v1/alerts/00000000-0000-7000-8000-000000000000/ticket-preview";
    server.get(unknown).await.problem(404, "not-found");
}

#[tokio::test]
async fn exports_of_many_pages_are_whole() {
    let config = crate::ApiConfig {
        export_page_records: 10,
        reads_max: 1,
        ..crate::ApiConfig::default()
    };
    let server = Server::with(config, tocsin_ingest::Limits::default());
    let alert = alerts::alert("disk_full", "web-1", 1);
    for _ in 0..35 {
        server.fakes.decide(decision(&alert, DecisionAction::Skip));
    }
    let path = format!("{PATH}/decisions/export?format=ndjson");
    let text = server.get(&path).await.text();
    let ids = text.lines().map(|line| {
        let item: Value = serde_json::from_str(line).unwrap();
        item["id"].as_u64().unwrap()
    });
    assert!(ids.eq((1..=35).rev()), "{text}");
    assert_eq!(server.state.bounds.reads.available_permits(), 1);
}

#[tokio::test]
async fn settings_are_changed_as_a_whole_and_status_shows_them() {
    let server = Server::new();
    let path = format!("{PATH}/settings");
    let mut settings = server.json(&path).await;
    let expected = json!({
        "enabled": true, "paused": false, "resolves": true, "reopen_hours": 72.0,
        "thresholds": { "critical": 0.0, "high": 0.6, "medium": 0.75, "low": 0.9 },
    });
    assert_eq!(settings, expected);
    settings["thresholds"]["low"] = json!(2.0);
    settings["enabled"] = json!(false);
    let put = server.ask("PUT", &path, settings.clone()).await.ok(200);
    assert_eq!(put, settings);
    for (pointer, value, field) in [
        ("/thresholds/high", json!(-0.1), "thresholds.high"),
        ("/reopen_hours", json!(9000), "reopen_hours"),
    ] {
        let mut wrong = settings.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        assert_eq!(server.ask("PUT", &path, wrong).await.wrong(), field);
    }
    let part = server.ask("PUT", &path, json!({ "enabled": true })).await;
    part.problem(400, "bad-request");
    opened(&server, "web-1", "OPS-1");
    let status = server.json(&format!("{PATH}/status")).await;
    let tracker = json!({
        "kind": "jira", "target": "OPS at jira.example.org", "is_healthy": false,
        "detail": "401: the token is not known", "took_ms": 12,
    });
    let counts = json!({
        "open": 1, "resolved": 0, "tasks": { "pending": 0, "done": 0, "skipped": 0, "dead": 1 },
        "decisions": {
            "create": 0, "update": 0, "reopen": 0, "resolve": 0, "skip": 0, "hold": 0,
        },
    });
    let expected = json!({ "tracker": tracker, "counts": counts, "settings": settings });
    assert_eq!(status, expected);
    let audit = lock(&server.fakes.audit).clone();
    assert_eq!(audit.len(), 1);
    assert_eq!(audit[0].action, "tickets.settings");
    assert!(audit[0].details.contains("\"enabled\":false"));
}
