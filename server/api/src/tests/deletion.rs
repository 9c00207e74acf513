//! Deletion: counted first, done as a job, audited before and after.

use serde_json::json;

use super::Server;
use super::fakes::lock;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

#[tokio::test]
async fn a_dry_run_only_counts() {
    let server = Server::new();
    server.fakes.fill(10);
    let body = r#"{"q":"disk","severity":["error"],"dry_run":true}"#;
    let answer = server.post("/api/v1/logs/delete", &JSON, body).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (200, json!({"matches": 5}))
    );
    assert!(lock(&server.fakes.jobs).is_empty() && lock(&server.fakes.audit).is_empty());
}

#[tokio::test]
async fn a_deletion_is_a_job_and_is_audited_before_and_after() {
    let server = Server::new();
    server.fakes.fill(10);
    let body = r#"{"q":"sda3","from":"now-1d","source":["file:*"]}"#;
    let answer = server.post("/api/v1/logs/delete", &JSON, body).await;
    assert_eq!(answer.status.as_u16(), 202, "{}", answer.text());
    let id = answer.json()["job"]["id"].as_str().unwrap().to_owned();
    let job = server.json(&format!("/api/v1/jobs/{id}")).await;
    assert_eq!(job["status"], "succeeded");
    assert_eq!(job["result"], json!({"deleted": 1}));
    assert_eq!(
        job["parameters"]["from"], "2027-01-14T08:00:00Z",
        "as it was when asked"
    );
    assert_eq!(server.json("/api/v1/jobs").await["items"][0]["id"], id);
    let audit = server.json("/api/v1/audit?limit=10").await;
    let mut actions: Vec<_> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    actions.sort_unstable();
    assert_eq!(actions, ["logs.delete.requested", "logs.delete.succeeded"]);
    assert_eq!(audit["items"][0]["subject"], format!("job:{id}"));
    assert_eq!(lock(&server.fakes.records).len(), 9);
}

#[tokio::test]
async fn a_deletion_that_fails_says_so() {
    let server = Server::new();
    *lock(&server.fakes.is_broken) = true;
    server
        .post("/api/v1/logs/delete", &JSON, r#"{"q":"x"}"#)
        .await;
    let job = &server.json("/api/v1/jobs").await["items"][0];
    assert_eq!(job["status"], "dead", "it was tried as often as it may be");
    assert!(job["error"].as_str().is_some());
    assert_eq!(lock(&server.fakes.audit)[1].action, "logs.delete.failed");
}

#[tokio::test]
async fn deleting_everything_must_be_meant() {
    let server = Server::new();
    for body in [
        "{}",
        r#"{"q":""}"#,
        r#"{"dry_run":true}"#,
        r#"{"quarry":"x"}"#,
        "[",
        "7",
    ] {
        let answer = server.post("/api/v1/logs/delete", &JSON, body).await;
        answer.problem(400, "bad-request");
    }
    let answer = server
        .post("/api/v1/logs/delete", &[], r#"{"q":"x"}"#)
        .await;
    answer.problem(415, "unsupported-media-type");
}
