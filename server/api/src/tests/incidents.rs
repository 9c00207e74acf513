//! Incidents: listed, shown with their alerts, and acted on.

use serde_json::json;
use tocsin_domain::alert::{AlertId, IncidentId, IncidentStatus};
use tocsin_domain::ports::IncidentAction;

use super::Server;
use super::fakes::{alerts, lock};

/// Two incidents, the newest first; the first has two alerts.
fn server() -> (Server, [IncidentId; 2], AlertId) {
    let server = Server::new();
    let mut first = alerts::alert("disk_full", "web-1", 1);
    let mut second = alerts::alert("slow", "web-1", 1);
    let mut old = alerts::incident(&alerts::alert("down", "db-1", 9));
    old.status = IncidentStatus::Resolved;
    let new = alerts::incident(&first);
    let ids = [new.id, old.id];
    first.incident = Some(new.id);
    second.incident = Some(new.id);
    second.joined_because = Some("the same host within 5 minutes".into());
    let alert = server.fakes.keep(first);
    server.fakes.keep(second);
    lock(&server.fakes.alerting).incidents.extend([new, old]);
    (server, ids, alert)
}

#[tokio::test]
async fn incidents_come_page_by_page_and_with_their_alerts() {
    let (server, ids, alert) = server();
    let page = server.json("/api/v1/incidents?limit=1").await;
    let expected = json!({
        "id": ids[0].to_string(), "title": "Disk of web-1 is full", "is_titled": false,
        "severity": "high", "status": "open", "starts_at": "2027-01-15T07:59:00Z",
        "ends_at": null, "last_joined_at": "2027-01-15T07:59:00Z", "acknowledged_at": null,
        "resolved_at": null, "first": alert.to_string(), "alert_count": 1, "is_pinned": false,
    });
    assert_eq!(page["items"], json!([expected]));
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = server
        .json(&format!("/api/v1/incidents?limit=1&cursor={cursor}"))
        .await;
    assert_eq!(next["items"][0]["id"], ids[1].to_string());
    let done = server.json("/api/v1/incidents?status=resolved").await;
    assert_eq!(done["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        server.get("/api/v1/incidents?status=new").await.wrong(),
        "status"
    );

    let shown = server.json(&format!("/api/v1/incidents/{}", ids[0])).await;
    let alerts = shown["alerts"].as_array().unwrap();
    assert_eq!((alerts.len(), &shown["status"]), (2, &json!("open")));
    let because = alerts.iter().filter(|one| !one["joined_because"].is_null());
    assert_eq!(because.count(), 1);
    let unknown = "/api/v1/incidents/00000000-0000-7000-8000-000000000000";
    server.get(unknown).await.problem(404, "not-found");

    let similar = format!("/api/v1/incidents/{}/similar", ids[0]);
    let found = server.json(&similar).await;
    let first = &found["items"][0];
    assert_eq!(first["incident"]["id"], ids[1].to_string());
    assert_eq!(
        (&first["score"], &first["because"]),
        (&json!(0.75), &json!("both have host db-1"))
    );
    assert_eq!(
        server.get(&format!("{similar}?limit=0")).await.wrong(),
        "limit"
    );
    server
        .get(&format!("{unknown}/similar"))
        .await
        .problem(404, "not-found");
}

#[tokio::test]
async fn people_act_on_an_incident_and_it_is_audited() {
    let (server, ids, alert) = server();
    let path = |action: &str| format!("/api/v1/incidents/{}/{action}", ids[0]);
    let alert_ids = json!({ "alerts": [alert.to_string()] });
    for (action, body, field, value) in [
        ("acknowledge", json!({}), "status", json!("acknowledged")),
        ("resolve", json!({}), "status", json!("resolved")),
        ("reopen", json!({}), "status", json!("open")),
        (
            "merge",
            json!({"incident": ids[1].to_string()}),
            "status",
            json!("open"),
        ),
        ("add", alert_ids.clone(), "alert_count", json!(2)),
        ("pin", json!({}), "is_pinned", json!(true)),
        ("pin", json!({"pinned": false}), "is_pinned", json!(false)),
        (
            "title",
            json!({"title": " A full disk "}),
            "title",
            json!("A full disk"),
        ),
    ] {
        let incident = server.ask("POST", &path(action), body).await.ok(200);
        assert_eq!(incident[field], value, "{action}");
    }
    let acted = lock(&server.fakes.alerting).acted.clone();
    assert_eq!(acted[3], (ids[0], IncidentAction::Merge(ids[1])));
    let audit = lock(&server.fakes.audit).clone();
    assert_eq!(
        (audit.len(), audit[4].action.as_str()),
        (8, "incidents.add")
    );
    assert_eq!(audit[0].subject, format!("incident:{}", ids[0]));

    let whole = server.ask("POST", &path("split"), alert_ids).await;
    whole.problem(400, "bad-request");
    for (action, body, field) in [
        ("merge", json!({"incident": ids[0].to_string()}), "incident"),
        (
            "merge",
            json!({"incident": "00000000-0000-7000-8000-000000000000"}),
            "incident",
        ),
        ("add", json!({"alerts": []}), "alerts"),
        ("split", json!({"alerts": ["x"]}), "alerts"),
        ("title", json!({"title": ""}), "title"),
    ] {
        assert_eq!(server.ask("POST", &path(action), body).await.wrong(), field);
    }
    let unknown = "/api/v1/incidents/00000000-0000-7000-8000-000000000000/resolve";
    server
        .post(unknown, &[], "")
        .await
        .problem(404, "not-found");
}
