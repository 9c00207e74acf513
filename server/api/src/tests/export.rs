//! Exports: whole, in order, in constant memory, and no longer than somebody listens.

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt;
use tocsin_domain::Severity;
use tower::ServiceExt;

use super::Server;
use super::fakes::{lock, record};
use crate::ApiConfig;

fn server() -> Server {
    let config = ApiConfig {
        export_page_records: 10,
        reads_max: 1,
        ..ApiConfig::default()
    };
    Server::with(config, tocsin_ingest::Limits::default())
}

#[tokio::test]
async fn ndjson_holds_every_record_oldest_first() {
    let server = server();
    server.fakes.fill(35);
    let answer = server.get("/api/v1/logs/export?format=ndjson").await;
    assert!(
        answer
            .header("content-disposition")
            .starts_with("attachment")
    );
    let text = answer.text();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 35);
    assert_eq!(lines[0]["body"], "disk /dev/sda0 über full");
    assert_eq!(
        server.fakes.searches.load(Ordering::Relaxed),
        4,
        "pages of ten"
    );
    assert_eq!(server.state.bounds.reads.available_permits(), 1);
}

#[tokio::test]
async fn csv_quotes_everything() {
    let server = server();
    lock(&server.fakes.records).push(record(0, Severity::WARN, "=1+1, \"a\"\nb"));
    let text = server
        .get("/api/v1/logs/export?format=csv&q=b")
        .await
        .text();
    let (head, row) = text.split_once("\r\n").unwrap();
    assert!(
        head.starts_with("timestamp,observed,source,host,severity,body,"),
        "{head}"
    );
    assert!(row.contains(",\"=1+1, \"\"a\"\"\nb\","), "{row}");
    assert!(row.contains(",\"{\"\"port\"\":22}\","), "{row}");
    assert!(row.ends_with("\"\r\n"));
    server
        .get("/api/v1/logs/export?format=xls")
        .await
        .problem(400, "bad-request");
    server
        .get("/api/v1/logs/export?format=csv&q=%22")
        .await
        .problem(400, "bad-request");
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_work() {
    let server = server();
    server.fakes.fill(100);
    let request = Request::get("/api/v1/logs/export?format=ndjson")
        .body(Body::empty())
        .unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    let mut pieces = response.into_body().into_data_stream();
    pieces.next().await.unwrap().unwrap();
    drop(pieces);
    assert!(server.fakes.searches.load(Ordering::Relaxed) <= 2);
    assert_eq!(server.state.bounds.reads.available_permits(), 1);
}

#[tokio::test]
async fn a_store_that_fails_on_the_way_breaks_the_transfer_off() {
    let server = server();
    server.fakes.fill(100);
    let request = Request::get("/api/v1/logs/export?format=ndjson")
        .body(Body::empty())
        .unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    let mut pieces = response.into_body().into_data_stream();
    pieces.next().await.unwrap().unwrap();
    *lock(&server.fakes.is_broken) = true;
    assert!(
        pieces.next().await.unwrap().is_err(),
        "a short file must not look whole"
    );
}
