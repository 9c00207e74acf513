//! Who asks: believed from a trusted proxy, and kept with what they do.

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use serde_json::json;
use std::net::SocketAddr;

use super::fakes::{alerts, lock};
use super::{Answer, Server, USER};

const ME: &str = "/api/v1/me";

async fn me(server: &Server, user: &str, peer: &str) -> Answer {
    let peer: SocketAddr = peer.parse().unwrap();
    let request = Request::get(ME)
        .header(USER, user)
        .extension(ConnectInfo(peer));
    server.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn the_header_is_believed_from_a_trusted_proxy_only() {
    let server = Server::new();
    let ana = json!({ "name": "ana", "is_known": true });
    let nobody = json!({ "name": "anonymous", "is_known": false });
    assert_eq!(server.json(ME).await, nobody);
    assert_eq!(me(&server, " ana ", "127.0.0.1:9").await.ok(200), ana);
    assert_eq!(
        me(&server, "ana", "[::ffff:127.0.0.1]:9").await.ok(200),
        ana
    );
    for peer in ["127.0.0.2:9", "10.0.0.1:9", "[::1]:9"] {
        assert_eq!(me(&server, "ana", peer).await.ok(200), nobody, "{peer}");
        // What is not believed is not read either.
        assert_eq!(me(&server, "system", peer).await.ok(200), nobody, "{peer}");
    }
    for taken in ["system", "System", "anonymous", " "] {
        let answer = me(&server, taken, "127.0.0.1:9").await;
        assert_eq!(answer.wrong(), USER, "{taken}");
    }
}

#[tokio::test]
async fn nobody_acts_under_a_name_that_is_nobodys() {
    let server = Server::new();
    let stop = "/api/v1/automation/stop";
    let answer = server
        .ask_as("system", "POST", stop, json!({ "reason": "x" }))
        .await;
    assert_eq!(answer.wrong(), USER);
    assert_eq!(lock(&server.fakes.automating).told, Vec::<String>::new());
}

#[tokio::test]
async fn what_people_do_is_kept_under_their_name() {
    let server = Server::new();
    let alert = alerts::alert("disk_full", "web-1", 1);
    server.fakes.keep(alert.clone());
    let path = format!("/api/v1/alerts/{}/acknowledge", alert.id);
    server.ask_as("ana", "POST", &path, json!({})).await.ok(200);
    let silence = json!({
        "matchers": [{ "name": "host", "value": "web-1" }], "ends_at": "now+1h",
    });
    let made = server
        .ask_as("bob", "POST", "/api/v1/silences", silence)
        .await
        .ok(201);
    assert_eq!(made["created_by"], "bob");
    let thread = server
        .ask_as("eve", "POST", "/api/v1/copilot/threads", json!({}))
        .await;
    assert_eq!(thread.ok(201)["user"], "eve");
    let delete = json!({ "q": "disk", "to": "now" });
    server
        .ask_as("joe", "POST", "/api/v1/logs/delete", delete)
        .await
        .ok(202);
    let audit = lock(&server.fakes.audit).clone();
    let by: Vec<(&str, &str)> = audit
        .iter()
        .map(|entry| (entry.actor.as_str(), entry.action.as_str()))
        .collect();
    let expected = [
        ("ana", "alerts.acknowledge"),
        ("bob", "silences.create"),
        ("joe", "logs.delete.requested"),
    ];
    assert_eq!(by[..3], expected);
    server.ask("POST", &path, json!({})).await;
    assert_eq!(lock(&server.fakes.alerting).acted_by, ["ana", "anonymous"]);
}
