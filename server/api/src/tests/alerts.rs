//! Alerts: listed, shown, counted, acted on and exported.

use serde_json::json;
use tocsin_domain::alert::{AlertId, AlertSeverity, AlertStatus};

use super::Server;
use super::fakes::{alerts, lock};
use crate::ApiConfig;

/// Three alerts, the newest first.
fn server() -> (Server, Vec<AlertId>) {
    let server = Server::new();
    let mut ids = Vec::new();
    for (host, minutes_ago) in [("web-1", 1), ("web-2", 2), ("db-1", 3)] {
        let mut alert = alerts::alert("disk_full", host, minutes_ago);
        if host == "db-1" {
            alert.severity = AlertSeverity::Critical;
            alert.status = AlertStatus::Resolved;
            alert.ends_ms = Some(alert.last_ms);
            alert.assignee = Some("ana".into());
        }
        ids.push(server.fakes.keep(alert));
    }
    (server, ids)
}

#[tokio::test]
async fn an_alert_is_shown_with_all_its_fields_and_what_happened_to_it() {
    let (server, ids) = server();
    let shown = server.json(&format!("/api/v1/alerts/{}", ids[0])).await;
    let fingerprint = shown["fingerprint"].as_str().unwrap();
    assert_eq!(fingerprint.len(), 16);
    let expected = json!({
        "id": ids[0].to_string(),
        "fingerprint": fingerprint,
        "kind": "realtime",
        "severity": "high",
        "status": "new",
        "firing": true,
        "title": "Disk of web-1 is full",
        "rule": "disk_full",
        "labels": { "alertname": "disk_full", "host": "web-1", "team": "db" },
        "annotations": { "runbook_url": "https://runbooks/disk" },
        "starts_at": "2027-01-15T07:59:00Z",
        "ends_at": null,
        "last_at": "2027-01-15T07:59:01Z",
        "count": 3,
        "confidence": 0.75,
        "failure_type": "disk_full",
        "evidence": [{
            "type": "metric", "query": "disk_used", "from": "2027-01-15T07:59:00Z",
            "to": "2027-01-15T08:00:00Z", "value": null,
        }],
        "assignee": null,
        "snoozed_until": null,
        "is_flapping": false,
        "acknowledged_at": null,
        "resolved_at": null,
        "returned_at": [],
        "incident": null,
        "joined_because": null,
        "silenced_by": [],
        "seq": 1,
        "events": [{
            "seq": 1, "alert": ids[0].to_string(), "at": "2027-01-15T07:59:00Z",
            "actor": "system", "kind": "fired",
        }],
    });
    assert_eq!(shown, expected);
    let unknown = "/api/v1/alerts/00000000-0000-7000-8000-000000000000";
    server.get(unknown).await.problem(404, "not-found");
    assert_eq!(server.get("/api/v1/alerts/x").await.wrong(), "id");
}

#[tokio::test]
async fn alerts_are_filtered_and_come_page_by_page() {
    let (server, _) = server();
    let hosts = async |query: &str| {
        let page = server.json(&format!("/api/v1/alerts?{query}")).await;
        let hosts = page["items"].as_array().unwrap().iter();
        let hosts = hosts.map(|item| item["labels"]["host"].as_str().unwrap().to_owned());
        (hosts.collect::<Vec<_>>(), page["next_cursor"].clone())
    };
    let (first, cursor) = hosts("limit=2").await;
    assert_eq!(first, ["web-1", "web-2"]);
    let cursor = cursor.as_str().unwrap();
    let (second, end) = hosts(&format!("limit=2&cursor={cursor}")).await;
    assert_eq!((second, end.is_null()), (vec!["db-1".to_owned()], true));

    for (query, expected) in [
        ("status=new,acknowledged", vec!["web-1", "web-2"]),
        ("severity=critical", vec!["db-1"]),
        ("kind=anomaly,predictive", vec![]),
        (
            "label=host%3D~%22web-.*%22&label=host!%3D%22web-2%22",
            vec!["web-1"],
        ),
        ("q=DISK+db-1", vec!["db-1"]),
        ("rule=other", vec![]),
        ("failure_type=disk_full&firing=false", vec!["db-1"]),
        ("assignee=ana", vec!["db-1"]),
        ("assignee=", vec!["web-1", "web-2"]),
        ("from=now-150s&to=now-90s", vec!["web-2"]),
    ] {
        assert_eq!(hosts(query).await.0, expected, "{query}");
    }
    for (query, field) in [
        ("status=old", "status"),
        ("severity=loud", "severity"),
        ("kind=x", "kind"),
        ("label=team", "label"),
        ("label=team%3D~%22(%22", "label"),
        ("incident=7", "incident"),
        ("from=soon", "from"),
        ("from=now&to=now-1h", "to"),
        ("limit=1001", "limit"),
        ("cursor=!", "cursor"),
    ] {
        let answer = server.get(&format!("/api/v1/alerts?{query}")).await;
        assert_eq!(answer.wrong(), field, "{query}");
    }
    *lock(&server.fakes.is_broken) = true;
    let broken = server.get("/api/v1/alerts").await;
    broken.problem(503, "unavailable");
}

#[tokio::test]
async fn alerts_are_counted_and_people_timed() {
    let (server, _) = server();
    let summary = server.json("/api/v1/alerts/summary?from=now-1h").await;
    let expected = json!({
        "statuses": { "new": 2, "acknowledged": 0, "in_progress": 0, "resolved": 1 },
        "severities": { "critical": 1, "high": 2, "medium": 0, "low": 0 },
        "firing": 2,
        "response": {
            "from": "2027-01-15T07:00:00Z", "to": "2027-01-15T08:00:00Z",
            "mtta_ms": 3_600_000.0, "mttr_ms": null, "acknowledged": 1, "resolved": 0,
        },
    });
    assert_eq!(summary, expected);
    let wrong = server.get("/api/v1/alerts/summary?from=now").await;
    assert_eq!(wrong.wrong(), "from");
}

#[tokio::test]
async fn people_act_on_an_alert_and_it_is_audited() {
    let (server, ids) = server();
    let path = |action: &str| format!("/api/v1/alerts/{}/{action}", ids[0]);
    for (action, body, field, value) in [
        ("acknowledge", json!({}), "status", json!("acknowledged")),
        ("start", json!({}), "status", json!("in_progress")),
        ("assign", json!({"assignee": "bo"}), "assignee", json!("bo")),
        ("assign", json!({"assignee": null}), "assignee", json!(null)),
        (
            "snooze",
            json!({"until": "now+2h"}),
            "snoozed_until",
            json!("2027-01-15T10:00:00Z"),
        ),
        (
            "snooze",
            json!({"until": null}),
            "snoozed_until",
            json!(null),
        ),
        (
            "escalate",
            json!({"severity": "critical"}),
            "severity",
            json!("critical"),
        ),
        (
            "comment",
            json!({"text": "seen that before"}),
            "status",
            json!("in_progress"),
        ),
        ("resolve", json!({}), "status", json!("resolved")),
    ] {
        let alert = server.ask("POST", &path(action), body).await.ok(200);
        assert_eq!(alert[field], value, "{action}");
    }
    let audit = lock(&server.fakes.audit).clone();
    let actions: Vec<&str> = audit.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions[0], "alerts.acknowledge");
    assert_eq!(
        (audit.len(), audit[2].details.as_str()),
        (9, r#"{"assignee":"bo"}"#)
    );
    assert_eq!(audit[0].actor, "anonymous");
    assert_eq!(audit[0].subject, format!("alert:{}", ids[0]));

    let again = server.ask("POST", &path("acknowledge"), json!({})).await;
    again.problem(409, "conflict");
    for (action, body, field) in [
        ("snooze", json!({"until": "now-1h"}), "until"),
        ("escalate", json!({"severity": "bad"}), "severity"),
        ("comment", json!({"text": "  "}), "text"),
        ("comment", json!({"text": "a".repeat(10_001)}), "text"),
        ("assign", json!({"assignee": "a".repeat(201)}), "assignee"),
    ] {
        assert_eq!(server.ask("POST", &path(action), body).await.wrong(), field);
    }
    let odd = server
        .ask("POST", &path("comment"), json!({"words": 1}))
        .await;
    odd.problem(400, "bad-request");
    let plain = server.post(&path("comment"), &[], "{}").await;
    plain.problem(415, "unsupported-media-type");
    let unknown = "/api/v1/alerts/00000000-0000-7000-8000-000000000000/start";
    server
        .post(unknown, &[], "")
        .await
        .problem(404, "not-found");
}

#[tokio::test]
async fn one_bad_id_does_not_keep_the_others() {
    let (server, ids) = server();
    let absent = "00000000-0000-7000-8000-000000000000";
    let given = json!([ids[0].to_string(), "x", absent, ids[2].to_string()]);
    let body = json!({ "ids": given, "action": "acknowledge" });
    let answer = server
        .ask("POST", "/api/v1/alerts/bulk", body)
        .await
        .ok(200);
    assert_eq!(answer["done"], 1);
    let results = answer["items"].as_array().unwrap().iter();
    let results: Vec<_> = results
        .map(|item| (item["id"].clone(), item["result"].clone()))
        .collect();
    let expected = ["done", "invalid", "unknown", "refused"];
    for (at, (id, result)) in results.into_iter().enumerate() {
        assert_eq!((&id, result), (&given[at], json!(expected[at])));
    }
    assert_eq!(answer["items"][0]["alert"]["status"], "acknowledged");
    assert!(
        answer["items"][3]["detail"]
            .as_str()
            .unwrap()
            .contains("resolved already")
    );
    assert_eq!(lock(&server.fakes.audit).len(), 1);

    for (body, field) in [
        (json!({ "ids": [], "action": "start" }), "ids"),
        (json!({ "ids": [absent], "action": "dance" }), "action"),
        (json!({ "ids": [absent], "action": "escalate" }), "severity"),
        (json!({ "ids": [absent], "action": "comment" }), "text"),
    ] {
        assert_eq!(
            server
                .ask("POST", "/api/v1/alerts/bulk", body)
                .await
                .wrong(),
            field
        );
    }
}

#[tokio::test]
async fn alerts_are_exported_in_pages() {
    let config = ApiConfig {
        export_page_records: 2,
        reads_max: 1,
        ..ApiConfig::default()
    };
    let server = Server::with(config, tocsin_ingest::Limits::default());
    for minutes_ago in 1..=5 {
        let host = format!("web-{minutes_ago}");
        server
            .fakes
            .keep(alerts::alert("disk_full", &host, minutes_ago));
    }
    let text = server
        .get("/api/v1/alerts/export?format=ndjson")
        .await
        .text();
    let hosts = text.lines().map(|line| {
        let item: serde_json::Value = serde_json::from_str(line).unwrap();
        item["labels"]["host"].as_str().unwrap().to_owned()
    });
    assert_eq!(
        hosts.collect::<Vec<_>>(),
        ["web-1", "web-2", "web-3", "web-4", "web-5"]
    );
    let csv = server
        .get("/api/v1/alerts/export?format=csv&label=host%3Dweb-4")
        .await;
    assert!(
        csv.header("content-disposition")
            .contains("tocsin-alerts.csv")
    );
    let text = csv.text();
    let (head, row) = text.split_once("\r\n").unwrap();
    assert!(
        head.ends_with(",labels,annotations,fingerprint,id"),
        "{head}"
    );
    assert!(row.starts_with("\"2027-01-15T07:56:00Z\",\"\","), "{row}");
    let wrong = server.get("/api/v1/alerts/export?format=xls").await;
    wrong.problem(400, "bad-request");
    assert_eq!(
        server
            .get("/api/v1/alerts/export?format=csv&kind=x")
            .await
            .wrong(),
        "kind"
    );
}
