//! Clients that ask more than they may.

use axum::body::Body;
use axum::http::Request;

use super::fakes::lock;
use super::{Answer, Server, proxied_for};
use crate::ApiConfig;

fn limited(requests_per_minute: u32) -> Server {
    let config = ApiConfig {
        requests_per_minute,
        ..ApiConfig::default()
    };
    Server::with(config, tocsin_ingest::Limits::default())
}

async fn ask(server: &Server, user: &str, path: &str) -> Answer {
    let request = proxied_for(user, Request::get(path));
    server.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_client_beyond_its_limit_is_told_when_to_come_again() {
    let server = limited(2);
    for left in ["1", "0"] {
        let answer = ask(&server, "ana", "/api/v1/me").await;
        assert_eq!(answer.status.as_u16(), 200);
        assert_eq!(answer.header("ratelimit-limit"), "2");
        assert_eq!(answer.header("ratelimit-remaining"), left);
        assert_eq!(answer.header("ratelimit-reset"), "2");
    }
    let refused = ask(&server, "ana", "/api/v1/logs/search").await;
    assert_eq!(refused.header("retry-after"), "3");
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    refused.problem(429, "too-many-requests");
    assert_eq!(*lock(&server.fakes.limited), 1);
    // Another person behind the same proxy is another client.
    assert_eq!(ask(&server, "bob", "/api/v1/me").await.status.as_u16(), 200);
    // Nobody's health, metrics and page are counted.
    for path in [
        "/health/live",
        "/health/ready",
        "/metrics",
        "/",
        "/assets/app-1a2b.js",
    ] {
        let answer = ask(&server, "ana", path).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}");
        assert!(!answer.headers.contains_key("ratelimit-limit"), "{path}");
    }
}

#[tokio::test]
async fn without_a_limit_nobody_is_counted() {
    let server = limited(0);
    let answer = ask(&server, "ana", "/api/v1/me").await;
    assert!(!answer.headers.contains_key("ratelimit-limit"));
    assert!(lock(&server.fakes.counted).is_empty());
}
