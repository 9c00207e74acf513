//! What clients get wrong, and what goes wrong behind the API.

use axum::body::Body;
use axum::http::Request;

use super::Server;
use super::fakes::lock;
use crate::ApiConfig;

#[tokio::test]
async fn an_unbalanced_quote_is_found_where_it_stands() {
    let server = Server::new();
    let answer = server.get("/api/v1/logs/search?q=disk+%22full").await;
    let problem = answer.problem(400, "bad-request");
    assert_eq!(problem["errors"][0]["field"], "q");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("at character 5"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_query_beyond_ten_kilobytes_is_refused() {
    let server = Server::new();
    let q = "a".repeat(20_000);
    for mode in ["text", "semantic", "hybrid"] {
        let answer = server
            .get(&format!("/api/v1/logs/search?mode={mode}&q={q}"))
            .await;
        assert_eq!(
            answer.problem(400, "bad-request")["errors"][0]["field"],
            "q"
        );
    }
    let body = format!(r#"{{"q":"{}","dry_run":true}}"#, "a".repeat(100_000));
    let json = [("content-type", "application/json")];
    server
        .post("/api/v1/logs/delete", &json, body)
        .await
        .problem(400, "bad-request");
}

#[tokio::test]
async fn parameters_that_make_no_sense_are_named() {
    let server = Server::new();
    for query in [
        "limit=1001",
        "limit=-1",
        "limit=ten",
        "mode=psychic",
        "order=random",
        "cursor=!",
        "from=yesterday",
        "from=now&to=now-1h",
        "severity=loud",
        "template=xyz",
        "q=%22",
        "q=(",
        "source=a&source=b",
    ] {
        let answer = server.get(&format!("/api/v1/logs/search?{query}")).await;
        answer.problem(400, "bad-request");
    }
    server
        .get("/api/v1/logs/%ff")
        .await
        .problem(400, "bad-request");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let server = Server::new();
    server
        .get("/api/v1/nothing")
        .await
        .problem(404, "not-found");
    server
        .get("/metrics/nothing")
        .await
        .problem(404, "not-found");
    server
        .post("/nothing", &[], "")
        .await
        .problem(404, "not-found");
    let answer = server.post("/api/v1/stats", &[], "").await;
    answer.problem(405, "method");
    assert!(answer.header("allow").contains("GET"));
}

#[tokio::test]
async fn a_store_that_is_away_is_a_503_without_its_secrets() {
    let server = Server::new();
    *lock(&server.fakes.is_broken) = true;
    let answer = server.get("/api/v1/logs/search").await;
    let problem = answer.problem(503, "unavailable");
    assert!(!problem["detail"].as_str().unwrap().contains("space left"));
    assert_eq!(answer.header("retry-after"), "5");
}

#[tokio::test]
async fn a_panic_costs_one_request() {
    let server = Server::new();
    server.get("/panic.js").await.problem(500, "internal");
    assert_eq!(server.get("/health/live").await.status.as_u16(), 200);
}

#[tokio::test]
async fn request_ids_are_repeated_or_made() {
    let server = Server::new();
    let with = |id: &str| {
        Request::get("/livez")
            .header("x-request-id", id)
            .body(Body::empty())
            .unwrap()
    };
    assert_eq!(
        server.send(with("abc-1")).await.header("x-request-id"),
        "abc-1"
    );
    assert_ne!(server.send(with("a b")).await.header("x-request-id"), "a b");
    let made = server.get("/api/v1/nothing").await;
    assert_eq!(made.header("x-request-id").len(), 36);
}

#[tokio::test]
async fn foreign_hosts_and_pages_are_refused() {
    let server = Server::new();
    let request = |host: &str| {
        Request::get("/api/v1/stats")
            .header("host", host)
            .body(Body::empty())
            .unwrap()
    };
    server
        .send(request("evil.example"))
        .await
        .problem(421, "unknown-host");
    assert_eq!(
        server.send(request("localhost:8080")).await.status.as_u16(),
        200
    );
    let config = ApiConfig {
        check_host: false,
        ..ApiConfig::default()
    };
    let open = Server::with(config, tocsin_ingest::Limits::default());
    assert_eq!(
        open.send(request("evil.example")).await.status.as_u16(),
        200
    );
    let page = [("host", "localhost"), ("origin", "https://evil.example")];
    server
        .post("/api/v1/logs", &page, "{}")
        .await
        .problem(403, "forbidden-origin");
}

#[tokio::test]
async fn reads_beyond_the_bound_are_told_to_slow_down() {
    let config = ApiConfig {
        reads_max: 1,
        ..ApiConfig::default()
    };
    let server = Server::with(config, tocsin_ingest::Limits::default());
    let held = server
        .state
        .bounds
        .reads
        .clone()
        .try_acquire_owned()
        .unwrap();
    let answer = server.get("/api/v1/stats").await;
    answer.problem(429, "too-many-requests");
    assert_eq!(answer.header("retry-after"), "1");
    drop(held);
    assert_eq!(server.get("/api/v1/stats").await.status.as_u16(), 200);
}
