//! What stops everything, when nothing begins, where actions are carried out, and who did what.

use serde_json::{Value, json};
use tocsin_domain::Timestamp;
use tocsin_domain::ports::{AuditEntry, AuditId};

use super::Server;
use super::fakes::{NOW, lock};

fn told(server: &Server) -> Vec<String> {
    lock(&server.fakes.automating).told.clone()
}

#[tokio::test]
async fn everything_is_stopped_and_goes_on_again() {
    let server = Server::new();
    let safety = server.json("/api/v1/automation/safety").await;
    let budget = json!({
        "global": { "runs_max": 20, "window_secs": 3600 },
        "provider": { "runs_max": 10, "window_secs": 3600 },
        "rule": { "runs_max": 5, "window_secs": 3600 },
        "targets_max": 10, "waiting_max": 200, "failed_verifications_max": 3,
        "match_percent_max": 20,
    });
    assert_eq!(
        safety,
        json!({ "budget": budget, "kill": null, "freezes": [] })
    );
    let stop = "/api/v1/automation/stop";
    let stopped = server
        .ask_as("ana", "POST", stop, json!({ "reason": "fire" }))
        .await
        .ok(200);
    let kill = json!({ "by": "ana", "at": "2027-01-15T08:00:00Z", "reason": "fire" });
    assert_eq!(stopped["kill"], kill);
    let resumed = server
        .ask("POST", "/api/v1/automation/resume", json!({}))
        .await
        .ok(200);
    assert_eq!(resumed["kill"], Value::Null);
    assert_eq!(told(&server), ["stop ana fire", "allow anonymous"]);
    let long = json!({ "reason": "x".repeat(2001) });
    assert_eq!(server.ask("POST", stop, long).await.wrong(), "reason");
    let plain = server
        .post(stop, &[("content-type", "text/plain")], "{}")
        .await;
    plain.problem(415, "unsupported-media-type");
}

#[tokio::test]
async fn freezes_are_set_whole_and_come_back_as_they_are() {
    let server = Server::new();
    let path = "/api/v1/automation/freezes";
    let night = json!({
        "reason": " night ", "starts_at": "2027-01-14T22:00:00Z",
        "ends_at": "2027-01-15T09:00:00Z", "recurrence": "daily",
    });
    let set = json!({ "freezes": [night, { "reason": "release", "ends_at": "now+2h" }] });
    let safety = server.ask("PUT", path, set).await.ok(200);
    let shown = json!([
        { "reason": "night", "starts_at": "2027-01-14T22:00:00Z",
          "ends_at": "2027-01-15T09:00:00Z", "recurrence": "daily", "is_active": true },
        { "reason": "release", "starts_at": "2027-01-15T08:00:00Z",
          "ends_at": "2027-01-15T10:00:00Z", "recurrence": null, "is_active": true },
    ]);
    assert_eq!(safety["freezes"], shown);
    // What is shown can be put back.
    let again = server
        .ask("PUT", path, json!({ "freezes": shown }))
        .await
        .ok(200);
    assert_eq!(again["freezes"], shown);
    let wrong = |form: Value| json!({ "freezes": [form] });
    for (form, field) in [
        (
            json!({ "reason": "", "ends_at": "now+1h" }),
            "freezes.reason",
        ),
        (
            json!({ "reason": "x".repeat(201), "ends_at": "now+1h" }),
            "freezes.reason",
        ),
        (
            json!({ "reason": "x", "ends_at": "now" }),
            "freezes.ends_at",
        ),
        (
            json!({ "reason": "x", "ends_at": "soon" }),
            "freezes.ends_at",
        ),
        (
            json!({ "reason": "x", "ends_at": "now+1h", "starts_at": "y" }),
            "freezes.starts_at",
        ),
        (
            json!({ "reason": "x", "ends_at": "now+25h", "recurrence": "daily" }),
            "freezes.ends_at",
        ),
        (
            json!({ "reason": "x", "ends_at": "now+1h", "recurrence": "yearly" }),
            "freezes.recurrence",
        ),
    ] {
        assert_eq!(
            server.ask("PUT", path, wrong(form.clone())).await.wrong(),
            field,
            "{form}"
        );
    }
    let many = vec![json!({ "reason": "x", "ends_at": "now+1h" }); 101];
    let many = server.ask("PUT", path, json!({ "freezes": many })).await;
    assert_eq!(many.wrong(), "freezes");
    assert_eq!(told(&server), ["freeze anonymous", "freeze anonymous"]);
}

#[tokio::test]
async fn providers_say_how_they_are() {
    let server = Server::new();
    let scripts = json!({
        "name": "scripts", "kind": "script", "healthy": false,
        "detail": "clean is not owned by root", "took_ms": 3,
        "checked_at": "2027-01-15T08:00:00Z",
    });
    let path = "/api/v1/automation/providers";
    assert_eq!(server.json(path).await, json!({ "items": [scripts] }));
    let checked = server
        .ask("POST", &format!("{path}/scripts/check"), json!({}))
        .await;
    assert_eq!(checked.ok(200), scripts);
    let unknown = server
        .ask("POST", &format!("{path}/tower/check"), json!({}))
        .await;
    unknown.problem(404, "not-found");
}

#[tokio::test]
async fn the_audit_of_automation_is_its_own_and_is_exported() {
    let server = Server::new();
    let entry = |number: i64, action: &str| {
        let at = Timestamp::from_millis(NOW.millis() - 60_000 + number * 1000);
        AuditEntry {
            id: AuditId::new(at, [0; 10]),
            at,
            actor: "ana".into(),
            action: action.into(),
            subject: format!("run:{number}"),
            details: r#"{"detail":"it's \"so\""}"#.into(),
        }
    };
    let actions = [
        "automation.run.approved",
        "silences.create",
        "automation.run.told",
    ];
    let entries = (0..)
        .zip(actions)
        .map(|(number, action)| entry(number, action));
    lock(&server.fakes.audit).extend(entries);
    let path = "/api/v1/automation/audit";
    let first = server.json(&format!("{path}?limit=1")).await;
    assert_eq!(first["items"][0]["action"], "automation.run.told");
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = server
        .json(&format!("{path}?limit=2&cursor={cursor}"))
        .await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    assert_eq!(rest["items"][0]["subject"], "run:0");
    assert_eq!(
        server.json("/api/v1/audit").await["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );

    let csv = server.get(&format!("{path}/export?format=csv")).await;
    let lines: Vec<String> = csv.text().lines().map(str::to_owned).collect();
    assert_eq!(lines[0], "at,actor,action,subject,details,id");
    assert_eq!(lines.len(), 3);
    let begin = "\"2027-01-15T07:59:02Z\",\"ana\",\"automation.run.told\",\"run:2\",\
                 \"{\"\"detail\"\":\"\"it's \\\"\"so\\\"\"\"\"}\"";
    assert!(lines[1].starts_with(begin), "{}", lines[1]);
    assert_eq!(
        csv.header("content-disposition"),
        "attachment; filename=\"tocsin-automation-audit.csv\""
    );
    let from = format!("{path}/export?format=ndjson&from=2027-01-15T07:59:01Z&to=now");
    let text = server.get(&from).await.text();
    assert_eq!(text.lines().count(), 1);
    let line: Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!(line["details"]["detail"], "it's \"so\"");
    for (asked, field) in [
        ("from=x", "from"),
        ("from=now&to=now-1h", "to"),
        ("to=x", "to"),
    ] {
        let answer = server
            .get(&format!("{path}/export?format=csv&{asked}"))
            .await;
        assert_eq!(answer.wrong(), field);
    }
    let odd = server.get(&format!("{path}/export?format=pdf")).await;
    odd.problem(400, "bad-request");
}
