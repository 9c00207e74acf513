//! Live tails: events, frames, bounds and the end.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures_util::StreamExt;
use tocsin_domain::Severity;
use tocsin_domain::ports::LiveItem;
use tower::ServiceExt;

use super::Server;
use super::fakes::{lock, record};
use crate::ApiConfig;

async fn tail(server: &Server, query: &str) -> BodyDataStream {
    let request = Request::get(format!("/api/v1/logs/tail?{query}"))
        .body(Body::empty())
        .unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response.into_body().into_data_stream()
}

pub(super) async fn next(events: &mut BodyDataStream) -> Option<String> {
    let piece = events.next().await?.unwrap();
    Some(String::from_utf8(piece.to_vec()).unwrap())
}

async fn emit(server: &Server, item: LiveItem) {
    let senders = lock(&server.fakes.live).clone();
    for sender in senders {
        // Those who left do not matter.
        let _ = sender.send(item.clone()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn events_are_framed_and_filtered_and_the_heart_beats() {
    let server = Server::new();
    let mut events = tail(&server, "q=disk&severity=error").await;
    let quiet = record(1, Severity::INFO, "disk ok");
    emit(&server, LiveItem::Record(Arc::new(quiet))).await;
    let loud = record(2, Severity::ERROR, "disk\r\nfull");
    emit(&server, LiveItem::Record(Arc::new(loud))).await;
    let event = next(&mut events).await.unwrap();
    assert!(event.starts_with("event: record\nid: "), "{event}");
    assert!(event.ends_with("}\n\n"), "{event}");
    let data = event
        .lines()
        .find_map(|line| line.strip_prefix("data: "))
        .unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["body"], "disk\r\nfull");
    assert_eq!(data["highlights"], serde_json::json!([[0, 4]]));
    emit(&server, LiveItem::Skipped(7)).await;
    assert_eq!(
        next(&mut events).await.unwrap(),
        "event: skipped\ndata: {\"skipped\":7}\n\n"
    );
    let before = tokio::time::Instant::now();
    assert_eq!(next(&mut events).await.unwrap(), ": ping\n\n");
    assert_eq!(before.elapsed().as_secs(), 15);
    server.shutdown.cancel();
    assert_eq!(next(&mut events).await, None, "the server shuts down");
}

#[tokio::test]
async fn tails_are_counted_and_given_back() {
    let config = ApiConfig {
        live_clients_max: 1,
        ..ApiConfig::default()
    };
    let server = Server::with(config, tocsin_ingest::Limits::default());
    let events = tail(&server, "").await;
    server
        .get("/api/v1/logs/tail")
        .await
        .problem(429, "too-many-requests");
    drop(events);
    drop(tail(&server, "").await);
    server
        .get("/api/v1/logs/tail?q=%22")
        .await
        .problem(400, "bad-request");
    server.get("/ws/logs").await.problem(400, "bad-request");
}

/// Serves on a port of its own.
pub(super) async fn listen(server: &Server) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = server.router.clone();
    server
        .tasks
        .spawn(async move { axum::serve(listener, router).await });
    address
}

/// A WebSocket client that knows just enough: text frames below 64 KiB.
pub(super) struct Client(pub(super) tokio::net::TcpStream);

impl Client {
    pub(super) async fn connect(address: std::net::SocketAddr, path: &str) -> Self {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\n\
             connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
        assert!(
            answer.starts_with(b"HTTP/1.1 101"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
        Self(stream)
    }

    async fn send(&mut self, text: &str) {
        use tokio::io::AsyncWriteExt;
        // A mask of zeros leaves the text as it is.
        let head = [0x81, 0x80 | text.len() as u8, 0, 0, 0, 0];
        self.0
            .write_all(&[&head, text.as_bytes()].concat())
            .await
            .unwrap();
    }

    pub(super) async fn receive(&mut self) -> (u8, Vec<u8>) {
        use tokio::io::AsyncReadExt;
        let read = async {
            let kind = self.0.read_u8().await.unwrap();
            let length = match self.0.read_u8().await.unwrap() {
                126 => usize::from(self.0.read_u16().await.unwrap()),
                short => usize::from(short),
            };
            let mut text = vec![0; length];
            self.0.read_exact(&mut text).await.unwrap();
            (kind & 0x0f, text)
        };
        tokio::time::timeout(Duration::from_secs(5), read)
            .await
            .unwrap()
    }

    pub(super) async fn json(&mut self) -> serde_json::Value {
        let (kind, text) = self.receive().await;
        assert_eq!(kind, 1);
        serde_json::from_slice(&text).unwrap()
    }
}

#[tokio::test]
async fn a_websocket_pauses_resumes_and_looks_for_other_words() {
    let server = Server::new();
    let address = listen(&server).await;
    for path in ["/ws/logs?q=disk", "/api/v1/logs/tail?q=disk"] {
        lock(&server.fakes.live).clear();
        let mut client = Client::connect(address, path).await;
        let line = |at, body: &str| LiveItem::Record(Arc::new(record(at, Severity::INFO, body)));
        emit(&server, line(1, "disk one")).await;
        let frame = client.json().await;
        assert_eq!(
            (&frame["type"], &frame["record"]["body"]),
            (&"record".into(), &"disk one".into())
        );
        client.send(r#"{"type":"dance"}"#).await;
        assert_eq!(client.json().await["type"], "error");
        client.send(r#"{"type":"pause"}"#).await;
        client.send(r#"{"type":"filter","q":"\"x"}"#).await;
        assert_eq!(
            client.json().await["type"],
            "error",
            "an unbalanced quote; pause was heard"
        );
        emit(&server, line(2, "disk two")).await;
        emit(&server, LiveItem::Skipped(3)).await;
        client.send(r#"{"type":"resume"}"#).await;
        assert_eq!(client.json().await["record"]["body"], "disk two");
        assert_eq!(client.json().await["skipped"], 3);
        client.send(r#"{"type":"filter","q":"fan"}"#).await;
        client.send(r#"{"type":"dance"}"#).await;
        assert_eq!(client.json().await["type"], "error", "the filter was heard");
        emit(&server, line(3, "disk three")).await;
        emit(&server, line(4, "fan four")).await;
        assert_eq!(client.json().await["record"]["body"], "fan four");
        emit(&server, LiveItem::Skipped(2)).await;
        assert_eq!(
            client.json().await["skipped"],
            5,
            "skipped counts over filters"
        );
        if path.starts_with("/api") {
            server.shutdown.cancel();
            assert_eq!(client.receive().await.0, 8, "a close frame");
        }
    }
}
