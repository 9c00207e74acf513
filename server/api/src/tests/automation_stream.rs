//! A run as it goes on: what changed and what was printed, until its end.

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use serde_json::{Value, json};
use tocsin_domain::automation::{RunId, RunState};
use tower::ServiceExt;

use super::Server;
use super::fakes::automation::run;
use super::fakes::lock;
use super::live::next;
use crate::ApiConfig;

fn keep(server: &Server) -> RunId {
    let run = run(60, "web-1");
    let id = run.run.id;
    lock(&server.fakes.automating).runs.push(run);
    id
}

async fn open(server: &Server, path: String) -> BodyDataStream {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    response.into_body().into_data_stream()
}

fn path(id: RunId) -> String {
    format!("/api/v1/automation/runs/{id}/stream")
}

/// The name and data of the next event that is no heartbeat.
async fn event(events: &mut BodyDataStream) -> Option<(String, Value)> {
    loop {
        let text = next(events).await?;
        if text.starts_with(": ping") {
            continue;
        }
        let part = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().to_owned()
        };
        let data = serde_json::from_str(&part("data: ")).unwrap();
        return Some((part("event: "), data));
    }
}

fn change(server: &Server, state: RunState, printed: &str) {
    let all = &mut *lock(&server.fakes.automating);
    all.runs[0].run.state = state;
    all.output.push_str(printed);
}

#[tokio::test(start_paused = true)]
async fn a_run_is_followed_to_its_end() {
    let server = Server::new();
    let id = keep(&server);
    let mut events = open(&server, path(id)).await;
    let (name, first) = event(&mut events).await.unwrap();
    assert_eq!(name, "run");
    // The same as one gets who asks once.
    let asked = server.json(&format!("/api/v1/automation/runs/{id}")).await;
    assert_eq!(first, asked);

    let before = tokio::time::Instant::now();
    assert_eq!(
        next(&mut events).await.unwrap(),
        ": ping\n\n",
        "nothing changed"
    );
    assert_eq!(before.elapsed().as_secs(), 15);

    change(&server, RunState::Executing, "häuser\n");
    let (name, output) = event(&mut events).await.unwrap();
    assert_eq!(name, "output");
    assert_eq!(output, json!({ "from": 0, "text": "häuser\n", "next": 8 }));
    let (name, data) = event(&mut events).await.unwrap();
    assert_eq!(
        (name.as_str(), &data["state"]),
        ("run", &json!("executing"))
    );
    assert_eq!(data["output_size"], 8);

    change(&server, RunState::Succeeded, "done\n");
    let (name, output) = event(&mut events).await.unwrap();
    let more = json!({ "from": 8, "text": "done\n", "next": 13 });
    assert_eq!((name.as_str(), output), ("output", more));
    let (name, data) = event(&mut events).await.unwrap();
    assert_eq!((name.as_str(), &data["is_final"]), ("run", &json!(true)));
    assert_eq!(next(&mut events).await, None, "the run is over");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_over_is_told_once_from_where_the_client_stopped() {
    let server = Server::new();
    let id = keep(&server);
    change(&server, RunState::Failed, "one\ntwo\n");
    let mut events = open(&server, format!("{}?from=4", path(id))).await;
    let (name, output) = event(&mut events).await.unwrap();
    let rest = json!({ "from": 4, "text": "two\n", "next": 8 });
    assert_eq!((name.as_str(), output), ("output", rest));
    assert_eq!(event(&mut events).await.unwrap().0, "run");
    assert_eq!(event(&mut events).await, None);
    let unknown = "/api/v1/automation/runs/00000000-0000-7000-8000-000000000000/stream";
    server.get(unknown).await.problem(404, "not-found");
    let odd = server.get("/api/v1/automation/runs/x/stream").await;
    assert_eq!(odd.wrong(), "id");
}

#[tokio::test(start_paused = true)]
async fn streams_end_with_the_server_and_are_counted() {
    let config = ApiConfig {
        live_clients_max: 1,
        ..ApiConfig::default()
    };
    let server = Server::with(config, tocsin_ingest::Limits::default());
    let id = keep(&server);
    let mut events = open(&server, path(id)).await;
    assert_eq!(event(&mut events).await.unwrap().0, "run");
    let second = server.get(&path(id)).await;
    second.problem(429, "too-many-requests");
    drop(events);
    let mut events = open(&server, path(id)).await;
    assert_eq!(event(&mut events).await.unwrap().0, "run");
    server.shutdown.cancel();
    let (name, data) = event(&mut events).await.unwrap();
    assert_eq!((name.as_str(), &data["status"]), ("error", &json!(503)));
    assert_eq!(event(&mut events).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_forgotten_meanwhile_ends_the_stream() {
    let server = Server::new();
    let id = keep(&server);
    let mut events = open(&server, path(id)).await;
    assert_eq!(event(&mut events).await.unwrap().0, "run");
    lock(&server.fakes.automating).runs.clear();
    assert_eq!(event(&mut events).await, None);
}
