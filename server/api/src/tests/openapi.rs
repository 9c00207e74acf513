//! The OpenAPI document is committed, so that a change of the contract is seen in review.

use axum::body::Body;
use axum::http::Request;

use super::Server;

const SNAPSHOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

#[tokio::test]
async fn the_committed_document_is_the_served_one() {
    let served = Server::new().json("/api/v1/openapi.json").await;
    let text = format!("{}\n", serde_json::to_string_pretty(&served).unwrap());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(SNAPSHOT, &text).unwrap();
    }
    let committed = std::fs::read_to_string(SNAPSHOT).unwrap();
    // By meaning: the order of members depends on features that other crates switch on.
    let committed: serde_json::Value = serde_json::from_str(&committed).unwrap();
    assert!(
        committed == served,
        "run `UPDATE_OPENAPI=1 cargo test -p tocsin-api openapi`"
    );
    assert_eq!(served["openapi"], "3.1.0");
}

#[tokio::test]
async fn every_documented_path_is_routed() {
    let server = Server::new();
    let document = server.json("/api/v1/openapi.json").await;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let concrete = path.replace("{id}", "x").replace("{template}", "x");
        for method in operations.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            let request = Request::builder().method(method.as_str()).uri(&concrete);
            let request = request.header("x-check", "1").body(Body::empty()).unwrap();
            let answer = tokio::time::timeout(
                std::time::Duration::from_millis(200),
                tower::ServiceExt::oneshot(server.router.clone(), request),
            );
            let status = answer.await.unwrap().unwrap().status().as_u16();
            assert_ne!(status, 405, "{method} {path}");
            let requests = super::fakes::lock(&server.fakes.requests).clone();
            let counted = requests.last().unwrap();
            assert_eq!(
                counted.0,
                format!("{method} {path}"),
                "the fallback answered"
            );
        }
    }
}
