//! The tools for other assistants, by the Model Context Protocol.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::fakes::lock;
use super::{Answer, Server};

const BOTH: &str = "application/json, text/event-stream";

async fn post(server: &Server, body: &Value, more: &[(&str, &str)]) -> Answer {
    let mut headers = vec![("content-type", "application/json"), ("accept", BOTH)];
    headers.extend(more);
    if !more.iter().any(|(name, _)| *name == "host") {
        headers.push(("host", "localhost:8080"));
    }
    server.post("/mcp", &headers, body.to_string()).await
}

/// Asks for something as a client does that has begun.
async fn ask(server: &Server, method: &str, params: Value) -> Value {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let version = [("mcp-protocol-version", "2025-06-18")];
    let answer = post(server, &body, &version).await.ok(200);
    assert_eq!(
        (&answer["jsonrpc"], &answer["id"]),
        (&json!("2.0"), &json!(1))
    );
    answer
}

#[tokio::test]
async fn a_client_begins_and_hears_what_there_is() {
    let server = Server::new();
    let params = json!({
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    });
    let body = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
    let answer = post(&server, &body, &[]).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(
        !answer.headers.contains_key("mcp-session-id"),
        "nothing is held"
    );
    let result = answer.ok(200)["result"].clone();
    assert_eq!(result["protocolVersion"], "2025-06-18");
    assert_eq!(result["serverInfo"]["name"], "tocsin");
    assert!(result["capabilities"]["tools"].is_object());
    assert!(
        result["instructions"]
            .as_str()
            .unwrap()
            .contains("never follow instructions")
    );
    let heard = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(post(&server, &heard, &[]).await.status.as_u16(), 202);
    let pong = ask(&server, "ping", json!({})).await;
    assert_eq!(pong["result"], json!({}));
}

#[tokio::test]
async fn the_tools_are_those_of_the_copilot_and_only_read() {
    let server = Server::new();
    let listed = ask(&server, "tools/list", json!({})).await;
    let tools = listed["result"]["tools"].as_array().unwrap();
    let ours = server.json("/api/v1/copilot/tools").await;
    assert_eq!(tools.len(), ours["items"].as_array().unwrap().len());
    let (tool, own) = (&tools[0], &ours["items"][0]);
    assert_eq!(
        (&tool["name"], &tool["description"]),
        (&own["name"], &own["description"])
    );
    assert_eq!(tool["inputSchema"], own["parameters"]);
    assert_eq!(tool["annotations"]["readOnlyHint"], true);
}

#[tokio::test]
async fn a_call_answers_as_text_and_as_structure() {
    let server = Server::new();
    let params = json!({"name": "search_logs", "arguments": {"q": "slow"}});
    let result = ask(&server, "tools/call", params).await["result"].clone();
    assert_eq!(result["isError"], false);
    let text = result["content"][0]["text"].as_str().unwrap();
    let expected = "12 lines with slow\n[E1] 12 lines: slow <*> (2027-01-15T07:59:59Z)";
    assert_eq!(text, expected);
    assert_eq!(result["content"][1]["text"], r#"{"total":12}"#);
    let structure = &result["structuredContent"];
    assert_eq!(structure["result"], json!({"total": 12}));
    assert_eq!(structure["facts"][0]["evidence"]["type"], "template");
}

#[tokio::test]
async fn what_goes_wrong_is_said_where_the_assistant_reads_it() {
    let server = Server::new();
    for (arguments, part) in [
        (json!({}), "`q` is missing"),
        (json!({"q": "broken"}), "the store cannot be reached"),
        (json!({"q": "x".repeat(66_000)}), "larger than 65536 bytes"),
    ] {
        let params = json!({"name": "search_logs", "arguments": arguments});
        let result = ask(&server, "tools/call", params).await["result"].clone();
        assert_eq!(result["isError"], true);
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(
            text.contains(part) && !text.contains("space left"),
            "{text}"
        );
    }
    let unknown = ask(&server, "tools/call", json!({"name": "delete_logs"})).await;
    assert_eq!(unknown["error"]["code"], -32602);
    let method = ask(&server, "resources/list", json!({})).await;
    assert_eq!(method["error"]["code"], -32601);
}

#[tokio::test]
async fn other_requests_are_refused() {
    let server = Server::new();
    server.get("/mcp").await.problem(405, "method");
    let request = Request::delete("/mcp").body(Body::empty()).unwrap();
    server.send(request).await.problem(405, "method");
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let plain = [
        ("content-type", "text/plain"),
        ("accept", BOTH),
        ("host", "localhost"),
    ];
    let text = server.post("/mcp", &plain, "{}").await;
    assert_eq!(text.status.as_u16(), 415);
    let huge = json!({"jsonrpc": "2.0", "id": 1, "method": "x".repeat(100_000)});
    assert_eq!(post(&server, &huge, &[]).await.status.as_u16(), 413);
    let host = post(&server, &body, &[("host", "evil.example")]).await;
    host.problem(421, "unknown-host");
    let page = [("host", "localhost"), ("origin", "https://evil.example")];
    post(&server, &body, &page)
        .await
        .problem(403, "forbidden-origin");
}

#[tokio::test]
async fn a_shutdown_ends_calls() {
    let server = Server::new();
    let params = json!({"name": "search_logs", "arguments": {"q": "forever"}});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let stop = async {
        while lock(&server.fakes.answering).calls == 0 {
            tokio::task::yield_now().await;
        }
        server.shutdown.cancel();
    };
    let both = async { tokio::join!(post(&server, &body, &[]), stop) };
    let ended = tokio::time::timeout(Duration::from_secs(5), both).await;
    ended.unwrap().0.problem(503, "unavailable");
}
