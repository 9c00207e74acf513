//! Jobs: asked for, listed, called off, tried again, removed, and their documents; schedules.

use serde_json::json;
use tocsin_domain::Timestamp;
use tocsin_domain::job::{Ending, Job, JobId, JobStatus};

use super::Server;
use super::fakes::{NOW, lock};

fn job(number: u128, status: JobStatus) -> Job {
    let mut job = Job::new(JobId(number), "re_embed", r#"{"x":1}"#.into(), NOW);
    job.attempts_max = 2;
    let later = Timestamp(NOW.0 + 1_000_000_000);
    match status {
        JobStatus::Queued => {}
        JobStatus::Running => {
            job.claim("w-1", NOW, later);
        }
        JobStatus::Cancelled => job.cancel(later).unwrap(),
        ended => {
            job.claim("w-1", NOW, later);
            let ending = match ended {
                JobStatus::Succeeded => {
                    Ending::Done(r##"{"title":"A day","markdown":"# A day\n"}"##.into())
                }
                _ => Ending::Refused("no model".into()),
            };
            job.finish(1, later, ending);
        }
    }
    job
}

fn path(number: u128, rest: &str) -> String {
    format!("/api/v1/jobs/{}{rest}", JobId(number))
}

#[tokio::test]
async fn jobs_are_listed_by_status_and_kind_without_their_documents() {
    let server = Server::new();
    let all = [
        JobStatus::Queued,
        JobStatus::Running,
        JobStatus::Succeeded,
        JobStatus::Failed,
    ];
    lock(&server.fakes.jobs).extend((1..).zip(all).map(|(number, status)| job(number, status)));
    let page = server
        .json("/api/v1/jobs?status=running,%20succeeded&kind=re_embed")
        .await;
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{page}");
    assert_eq!(items[0]["has_document"], true);
    assert_eq!(items[0]["result"], json!({ "title": "A day" }));
    assert_eq!(items[1]["worker"], "w-1");
    let page = server.json("/api/v1/jobs?limit=3").await;
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = server
        .json(&format!("/api/v1/jobs?limit=3&cursor={cursor}"))
        .await;
    assert_eq!(rest["items"][0]["due_at"], "2027-01-15T08:00:00Z");
    let wrong = server.get("/api/v1/jobs?status=done").await;
    wrong.problem(400, "bad-request");
}

#[tokio::test]
async fn a_document_is_downloaded() {
    let server = Server::new();
    lock(&server.fakes.jobs).extend([job(1, JobStatus::Succeeded), job(2, JobStatus::Queued)]);
    let answer = server.get(&path(1, "/result")).await;
    assert_eq!(answer.text(), "# A day\n");
    let headers = &answer.headers;
    assert_eq!(headers["content-type"], "text/markdown; charset=utf-8");
    let name = headers["content-disposition"].to_str().unwrap();
    assert!(
        name.contains("re_embed-") && name.ends_with(".md\""),
        "{name}"
    );
    server
        .get(&path(2, "/result"))
        .await
        .problem(404, "not-found");
}

#[tokio::test]
async fn what_people_do_with_jobs_is_done_and_audited() {
    let server = Server::new();
    let all = [JobStatus::Queued, JobStatus::Failed, JobStatus::Running];
    lock(&server.fakes.jobs).extend((1..).zip(all).map(|(number, status)| job(number, status)));
    let ask = async |number, action: &str, method: &str| {
        server
            .ask_as("ana", method, &path(number, action), json!({}))
            .await
    };
    let answer = ask(1, "/cancel", "POST").await;
    assert_eq!(answer.json()["status"], "cancelled");
    ask(1, "/cancel", "POST").await.problem(409, "conflict");
    let answer = ask(2, "/retry", "POST").await;
    assert_eq!(answer.json()["status"], "queued");
    assert_eq!(
        ask(3, "/cancel", "POST").await.json()["is_cancel_asked"],
        true
    );
    ask(3, "", "DELETE").await.problem(409, "conflict");
    assert_eq!(ask(1, "", "DELETE").await.status.as_u16(), 204);
    ask(1, "", "DELETE").await.problem(404, "not-found");
    let audit = lock(&server.fakes.audit);
    let told: Vec<_> = audit
        .iter()
        .map(|one| (one.actor.as_str(), one.action.as_str()))
        .collect();
    let actions = ["cancel", "cancel", "retry", "cancel", "discard", "discard"];
    let expected = actions.map(|action| format!("jobs.{action}"));
    assert_eq!(
        told,
        expected
            .iter()
            .map(|one| ("ana", one.as_str()))
            .collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_report_is_asked_for() {
    let server = Server::new();
    let kinds = server.json("/api/v1/jobs/kinds").await;
    assert_eq!(kinds["items"][1]["name"], "generate_report");
    let body = json!({ "kind": "generate_report", "parameters": { "from": "now-1h" } });
    let answer = server.ask("POST", "/api/v1/jobs", body).await;
    assert_eq!(answer.status.as_u16(), 202, "{}", answer.text());
    let parameters = &answer.json()["job"]["parameters"];
    assert_eq!(
        parameters["from"], "2027-01-15T07:00:00Z",
        "as it was when asked"
    );
    for wrong in [
        json!({ "kind": "generate_report", "parameters": { "from": "never" } }),
        json!({ "kind": "generate_report", "parameters": { "form": "now-1h" } }),
        json!({ "kind": "make_coffee" }),
        json!({ "kind": "delete_logs", "parameters": {} }),
        json!({ "kind": "delete_logs", "parameters": { "q": "x", "dry_run": true } }),
    ] {
        let answer = server.ask("POST", "/api/v1/jobs", wrong).await;
        answer.problem(400, "bad-request");
    }
}

#[tokio::test]
async fn schedules_are_paused_and_run() {
    let server = Server::new();
    let all = server.json("/api/v1/jobs/schedules").await;
    assert_eq!(all["items"][0]["next_due"], "2027-01-15T08:30:00Z");
    let ask = async |name: &str, action: &str| {
        let path = format!("/api/v1/jobs/schedules/{name}/{action}");
        server.ask("POST", &path, json!({})).await
    };
    assert_eq!(ask("nightly", "pause").await.json()["is_paused"], true);
    assert_eq!(ask("nightly", "resume").await.json()["is_paused"], false);
    let answer = ask("nightly", "run").await;
    assert_eq!(answer.status.as_u16(), 202, "{}", answer.text());
    ask("weekly", "run").await.problem(404, "not-found");
}
