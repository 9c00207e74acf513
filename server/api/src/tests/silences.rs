//! Silences: made, listed, ended, and tried before.

use serde_json::json;

use super::Server;
use super::fakes::{alerts, lock};

#[tokio::test]
async fn a_silence_is_made_shown_and_ended() {
    let server = Server::new();
    let alert = server.fakes.keep(alerts::alert("disk_full", "web-1", 1));
    let body = json!({
        "matchers": [
            { "name": "team", "value": "db" },
            { "name": "host", "value": "web-.*", "isRegex": true, "is_equal": true },
        ],
        "starts_at": "now-1h", "ends_at": "now+2h", "comment": "migration",
    });
    let made = server.ask("POST", "/api/v1/silences", body).await.ok(201);
    let id = made["id"].as_str().unwrap();
    let expected = json!({
        "id": id,
        "matchers": [
            { "name": "team", "value": "db", "is_regex": false, "is_equal": true },
            { "name": "host", "value": "web-.*", "is_regex": true, "is_equal": true },
        ],
        "starts_at": "2027-01-15T07:00:00Z", "ends_at": "2027-01-15T10:00:00Z",
        "recurrence": null, "created_by": "anonymous", "created_at": "2027-01-15T08:00:00Z",
        "comment": "migration", "expired_at": null, "state": "active",
    });
    assert_eq!(made, expected);
    let path = format!("/api/v1/silences/{id}");
    assert_eq!(server.json(&path).await, expected);
    assert_eq!(
        server.json("/api/v1/silences").await["items"],
        json!([expected])
    );
    let held = server.json(&format!("/api/v1/alerts/{alert}")).await;
    assert_eq!(held["silenced_by"], json!([id]));

    for _ in 0..2 {
        let ended = server.ask("DELETE", &path, json!({})).await.ok(200);
        assert_eq!(ended["state"], "expired");
        assert_eq!(ended["expired_at"], "2027-01-15T08:00:00Z");
    }
    let listed = async |query: &str| {
        let answer = server.json(&format!("/api/v1/silences{query}")).await;
        answer["items"].as_array().unwrap().len()
    };
    assert_eq!(
        (listed("").await, listed("?ended_since=now-30d").await),
        (0, 1)
    );
    let audit = lock(&server.fakes.audit).clone();
    let actions: Vec<&str> = audit.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["silences.create", "silences.expire"]);
    let unknown = "/api/v1/silences/00000000-0000-7000-8000-000000000000";
    server.get(unknown).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_window_that_comes_again_waits_for_its_time() {
    let server = Server::new();
    let body = json!({
        "matchers": [{ "name": "team", "value": "db" }],
        "starts_at": "now-3h", "ends_at": "now-1h", "recurrence": "weekly",
    });
    let made = server.ask("POST", "/api/v1/silences", body).await.ok(201);
    assert_eq!(
        (&made["state"], &made["recurrence"]),
        (&json!("pending"), &json!("weekly"))
    );
}

#[tokio::test]
async fn silences_that_make_no_sense_are_refused() {
    let server = Server::new();
    let db = json!([{ "name": "team", "value": "db" }]);
    for (body, field) in [
        (json!({ "matchers": [], "ends_at": "now+1h" }), "matchers"),
        (
            json!({ "matchers": [{ "name": "a", "value": ".*", "is_regex": true }], "ends_at": "now+1h" }),
            "matchers",
        ),
        (
            json!({ "matchers": [{ "name": "a b", "value": "c" }], "ends_at": "now+1h" }),
            "matchers",
        ),
        (
            json!({ "matchers": [{ "name": "a", "value": "(", "is_regex": true }], "ends_at": "now+1h" }),
            "matchers",
        ),
        (json!({ "matchers": db, "ends_at": "now-1h" }), "ends_at"),
        (
            json!({ "matchers": db, "starts_at": "now-2h", "ends_at": "now-1h" }),
            "ends_at",
        ),
        (
            json!({ "matchers": db, "ends_at": "now+2d", "recurrence": "daily" }),
            "ends_at",
        ),
        (
            json!({ "matchers": db, "ends_at": "now+2h", "recurrence": "yearly" }),
            "recurrence",
        ),
        (
            json!({ "matchers": db, "starts_at": "soon", "ends_at": "now+2h" }),
            "starts_at",
        ),
    ] {
        let answer = server.ask("POST", "/api/v1/silences", body.clone()).await;
        assert_eq!(answer.wrong(), field, "{body}");
    }
    assert!(lock(&server.fakes.audit).is_empty());
}

#[tokio::test]
async fn a_preview_says_how_many_open_alerts_would_be_held() {
    let server = Server::new();
    for minutes_ago in 1..=8 {
        let mut alert = alerts::alert("disk_full", "web-1", minutes_ago);
        if minutes_ago == 8 {
            alert.status = tocsin_domain::alert::AlertStatus::Resolved;
        }
        server.fakes.keep(alert);
    }
    let body = json!({ "matchers": [{ "name": "team", "value": "db" }], "ends_at": "now+1h" });
    let answer = server
        .ask("POST", "/api/v1/silences/preview", body)
        .await
        .ok(200);
    assert_eq!(
        (&answer["alerts"], &answer["is_cut"]),
        (&json!(7), &json!(false))
    );
    assert_eq!(answer["examples"].as_array().unwrap().len(), 5);
    let all = json!({ "matchers": [] });
    assert_eq!(
        server
            .ask("POST", "/api/v1/silences/preview", all)
            .await
            .wrong(),
        "matchers"
    );
}
