//! Deletion: counted first, done as a job, audited before and after.

use serde_json::json;
use tocsin_domain::ports::{Job, JobId, JobStatus};

use super::Server;
use super::fakes::{NOW, lock};

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
    server.tasks.close();
    server.tasks.wait().await;
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
    server.tasks.close();
    server.tasks.wait().await;
    let job = &server.json("/api/v1/jobs").await["items"][0];
    assert_eq!(job["status"], "failed");
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

#[tokio::test]
async fn jobs_that_an_earlier_run_left_behind_are_closed() {
    let server = Server::new();
    for (at, status) in JobStatus::ALL.into_iter().enumerate() {
        lock(&server.fakes.jobs).push(Job {
            id: JobId(at as u128),
            kind: "delete_logs".into(),
            status,
            created_at: NOW,
            finished_at: None,
            parameters: "{}".into(),
            result: None,
            error: None,
        });
    }
    assert_eq!(server.state.close_abandoned_jobs().await.unwrap(), 2);
    let jobs = lock(&server.fakes.jobs).clone();
    assert_eq!(
        jobs.iter()
            .filter(|job| job.status == JobStatus::Failed)
            .count(),
        3
    );
    assert_eq!(lock(&server.fakes.audit)[0].action, "logs.delete.abandoned");
    let page = server.json("/api/v1/jobs?limit=3").await;
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = server
        .json(&format!("/api/v1/jobs?limit=3&cursor={cursor}"))
        .await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
}
