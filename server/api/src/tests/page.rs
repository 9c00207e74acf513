//! The web page and its files.

use axum::body::Body;
use axum::http::Request;

use super::{Answer, Server};

async fn ask(server: &Server, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    server.send(request.body(Body::empty()).unwrap()).await
}

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

#[tokio::test]
async fn every_view_is_the_page_and_is_guarded() {
    let server = Server::new();
    for path in ["/", "/logs", "/logs/patterns?q=a"] {
        let answer = ask(&server, path, &[BROWSER]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text().as_str()),
            (200, "<!doctype html>")
        );
        assert!(
            answer
                .header("content-security-policy")
                .contains("default-src 'self'")
        );
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-cache");
    }
    ask(&server, "/nothing.js", &[])
        .await
        .problem(404, "not-found");
    ask(&server, "/api/v1/nothing", &[BROWSER])
        .await
        .problem(404, "not-found");
}

#[tokio::test]
async fn files_are_kept_forever_or_asked_for_again() {
    let server = Server::new();
    let answer = ask(&server, "/assets/app-1a2b.js", &[]).await;
    assert_eq!(
        answer.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(answer.header("etag"), "\"e1\"");
    let again = ask(&server, "/", &[BROWSER, ("if-none-match", "\"e1\"")]).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
}

#[tokio::test]
async fn elasticsearch_clients_are_told_a_version_at_the_root() {
    let server = Server::new();
    let json = (
        "accept",
        "application/vnd.elasticsearch+json; compatible-with=9",
    );
    for headers in [
        [json],
        [("user-agent", "elasticsearch-py/9.0 (Python/3.13)")],
    ] {
        let answer = ask(&server, "/", &headers).await;
        assert_eq!(answer.json()["tagline"], "You Know, for Search");
        assert_eq!(answer.header("x-elastic-product"), "Elasticsearch");
    }
    assert_eq!(ask(&server, "/", &[]).await.text(), "<!doctype html>");
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask() {
    let server = Server::new();
    server.fakes.fill(50);
    let answer = ask(
        &server,
        "/api/v1/logs/search",
        &[("accept-encoding", "gzip")],
    )
    .await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert_eq!(
        ask(&server, "/api/v1/logs/search", &[])
            .await
            .header("content-encoding"),
        ""
    );
}
