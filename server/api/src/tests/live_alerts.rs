//! Streams of alerts: replay without gap or double, filters, slow clients, and the end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use serde_json::{Value, json};
use tocsin_domain::alert::AlertSeverity;
use tower::ServiceExt;

use super::Server;
use super::fakes::{alerts, lock};
use super::live::{Client, listen, next};
use crate::ApiConfig;

fn keep(server: &Server, host: &str) {
    server.fakes.keep(alerts::alert("disk_full", host, 1));
}

async fn sse(server: &Server, query: &str, last: Option<&str>) -> BodyDataStream {
    let mut request = Request::get(format!("/api/v1/live?{query}"));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response.into_body().into_data_stream()
}

/// The name, id and data of an event.
fn parts(event: &str) -> (String, String, Value) {
    let part = |name: &str| {
        let line = event.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().to_owned()
    };
    let data = serde_json::from_str(&part("data: ")).unwrap_or_default();
    (part("event: "), part("id: "), data)
}

#[tokio::test(start_paused = true)]
async fn a_client_that_comes_back_gets_what_it_missed_once() {
    let server = Server::new();
    for host in ["a", "b", "c"] {
        keep(&server, host);
    }
    let mut events = sse(&server, "topics=alerts&after=9", Some("1")).await;
    let hello = next(&mut events).await.unwrap();
    assert_eq!(
        parts(&hello),
        ("hello".into(), "1".into(), json!({ "seq": 1 }))
    );
    // Told while the client still reads what it missed.
    server.fakes.tell(3);
    keep(&server, "d");
    server.fakes.tell(4);
    for (seq, host) in [("2", "b"), ("3", "c"), ("4", "d")] {
        let (name, id, data) = parts(&next(&mut events).await.unwrap());
        assert_eq!((name.as_str(), id.as_str()), ("alert", seq));
        assert_eq!(
            (&data["type"], &data["seq"].to_string()),
            (&json!("alert"), &id)
        );
        assert_eq!(
            (&data["event"]["kind"], &data["alert"]["labels"]["host"]),
            (&json!("fired"), &json!(host))
        );
    }
    let before = tokio::time::Instant::now();
    let ping = next(&mut events).await.unwrap();
    assert!(
        ping.starts_with(": ping\n") && ping.contains("id: 4\n"),
        "{ping}"
    );
    assert_eq!(before.elapsed().as_secs(), 15);
    server.shutdown.cancel();
    let (name, _, data) = parts(&next(&mut events).await.unwrap());
    assert_eq!(
        (name.as_str(), &data["reason"]),
        ("closed", &json!("the server is shutting down"))
    );
    assert_eq!(next(&mut events).await, None);
}

#[tokio::test]
async fn numbers_of_another_life_begin_from_now() {
    let server = Server::new();
    keep(&server, "a");
    let mut events = sse(&server, "after=77", None).await;
    assert_eq!(
        parts(&next(&mut events).await.unwrap()).2,
        json!({ "seq": 1 })
    );
    keep(&server, "b");
    server.fakes.tell(2);
    assert_eq!(parts(&next(&mut events).await.unwrap()).1, "2");
}

#[tokio::test]
async fn only_what_the_filters_leave_is_told() {
    let server = Server::new();
    let mut critical = alerts::alert("disk_full", "web-2", 1);
    critical.severity = AlertSeverity::Critical;
    keep(&server, "web-1");
    server.fakes.keep(critical.clone());
    let query = "severity=critical&status=new&kind=realtime&label=host%3D~%22web-.*%22&after=0";
    let mut events = sse(&server, query, None).await;
    assert_eq!(parts(&next(&mut events).await.unwrap()).0, "hello");
    assert_eq!(parts(&next(&mut events).await.unwrap()).1, "2");
    keep(&server, "web-3");
    server.fakes.keep(critical);
    server.fakes.tell(3);
    server.fakes.tell(4);
    assert_eq!(parts(&next(&mut events).await.unwrap()).1, "4");
    for (query, field) in [
        ("topics=weather", "topics"),
        ("severity=loud", "severity"),
        ("label=x", "label"),
    ] {
        assert_eq!(
            server.get(&format!("/api/v1/live?{query}")).await.wrong(),
            field
        );
    }
    let odd = Request::get("/api/v1/live").header("last-event-id", "x");
    let odd = server.send(odd.body(Body::empty()).unwrap()).await;
    assert_eq!(odd.wrong(), "Last-Event-ID");
    server.get("/ws/alerts").await.problem(400, "bad-request");
}

#[tokio::test]
async fn sockets_share_one_text_and_read_what_they_were_too_slow_for() {
    let server = Server::new();
    let address = listen(&server).await;
    keep(&server, "a");
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = Client::connect(address, "/ws/alerts").await;
        assert_eq!(client.json().await, json!({ "type": "hello", "seq": 1 }));
        clients.push(client);
    }
    keep(&server, "b");
    let change = server.fakes.tell(2);
    for client in &mut clients {
        let (_, text) = client.receive().await;
        assert_eq!(change.frame.get().unwrap().as_bytes(), text);
    }
    for host in ["c", "d", "e"] {
        keep(&server, host);
    }
    server.fakes.say_missed(2);
    server.fakes.tell(5);
    keep(&server, "f");
    server.fakes.tell(6);
    for client in &mut clients {
        for seq in [3, 4, 5, 6] {
            assert_eq!(client.json().await["seq"], seq);
        }
    }
    server.shutdown.cancel();
    let (kind, close) = clients[0].receive().await;
    assert_eq!((kind, &close[..2]), (8, &1001u16.to_be_bytes()[..]));
}

#[tokio::test]
async fn a_store_that_fails_on_the_way_ends_the_stream_with_a_reason() {
    let server = Server::new();
    let address = listen(&server).await;
    let mut client = Client::connect(address, "/ws/alerts").await;
    assert_eq!(client.json().await["type"], "hello");
    *lock(&server.fakes.is_broken) = true;
    server.fakes.say_missed(1);
    let (kind, close) = client.receive().await;
    assert_eq!((kind, &close[..2]), (8, &1011u16.to_be_bytes()[..]));
    assert!(close.ends_with(b"just now"));
    server.get("/api/v1/live").await.problem(503, "unavailable");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_let_go_and_delays_nobody() {
    let config = ApiConfig {
        stream_send_secs_max: 1,
        ..ApiConfig::default()
    };
    let server = Server::with(config, tocsin_ingest::Limits::default());
    let address = listen(&server).await;
    let mut slow = Client::connect(address, "/ws/alerts").await;
    let mut quick = Client::connect(address, "/ws/alerts").await;
    assert_eq!(quick.json().await["type"], "hello");
    let mut alert = alerts::alert("disk_full", "a", 1);
    alert.title = "x".repeat(50_000);
    let is_done = AtomicBool::new(false);
    let read = async {
        let mut slowest = Duration::ZERO;
        while !is_done.load(Ordering::Relaxed) {
            let before = tokio::time::Instant::now();
            quick.json().await;
            slowest = slowest.max(before.elapsed());
        }
        slowest
    };
    let place = server.state.bounds.stream_clients.clone();
    let all = place.available_permits();
    let fill = async {
        // More than the buffers of both ends of the connection hold.
        for seq in 1.. {
            server.fakes.keep(alert.clone());
            server.fakes.tell(seq);
            tokio::time::sleep(Duration::from_millis(2)).await;
            if place.available_permits() > all {
                break;
            }
            assert!(seq < 5000, "the slow client stays");
        }
        is_done.store(true, Ordering::Relaxed);
        let seq = lock(&server.fakes.alerting).events.len() as u64 + 1;
        server.fakes.keep(alert.clone());
        server.fakes.tell(seq);
    };
    let (slowest, ()) = tokio::join!(read, fill);
    assert!(slowest < Duration::from_millis(500), "{slowest:?}");
    // What was on the way is followed by the end.
    let drained = async {
        use tokio::io::AsyncReadExt;
        let mut rest = Vec::new();
        // Reset or not: it ends.
        let _ = slow.0.read_to_end(&mut rest).await;
        rest
    };
    let rest = tokio::time::timeout(Duration::from_secs(5), drained)
        .await
        .unwrap();
    assert!(!rest.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_event_stream_that_nobody_reads_ends_with_the_reason() {
    let server = Server::new();
    let mut events = sse(&server, "", None).await;
    for seq in 1..=40 {
        keep(&server, &format!("web-{seq}"));
        server.fakes.tell(seq);
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    let mut last = String::new();
    while let Some(event) = next(&mut events).await {
        last = event;
    }
    let (name, _, data) = parts(&last);
    assert_eq!(name, "closed");
    assert!(
        data["reason"].as_str().unwrap().starts_with("too slow"),
        "{last}"
    );
}

#[tokio::test]
async fn streams_are_counted_and_given_back() {
    let config = ApiConfig {
        stream_clients_max: 1,
        ..ApiConfig::default()
    };
    let server = Server::with(config, tocsin_ingest::Limits::default());
    let events = sse(&server, "", None).await;
    server
        .get("/api/v1/live")
        .await
        .problem(429, "too-many-requests");
    drop(events);
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(sse(&server, "", None).await);
}

/// Resident memory of this process, in kB.
fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.unwrap().split_whitespace().next();
    number.unwrap().parse().unwrap()
}

#[tokio::test]
#[ignore = "a measurement: both ends are in this process, so it says less than a process of its own"]
async fn idle_sockets_are_cheap() {
    let server = Server::new();
    let address = listen(&server).await;
    let mut clients = Vec::new();
    for round in 0..3 {
        let before = resident_kb();
        for _ in 0..400 {
            let mut client = Client::connect(address, "/ws/alerts?status=new").await;
            assert_eq!(client.json().await["type"], "hello");
            clients.push(client);
        }
        keep(&server, "a");
        server.fakes.tell(round + 1);
        for client in &mut clients {
            client.receive().await;
        }
        let grown = resident_kb() - before;
        eprintln!(
            "{} clients: {} bytes each",
            clients.len(),
            grown * 1024 / 400
        );
    }
}
