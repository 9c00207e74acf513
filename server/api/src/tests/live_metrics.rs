//! Streams of points: read once for all, the newest first, then what is new.

use std::time::Duration;

use serde_json::json;
use tocsin_domain::Sample;

use super::Server;
use super::fakes::{NOW, lock, metrics};
use super::live::{Client, listen};
use crate::ApiConfig;

#[tokio::test]
async fn clients_get_the_newest_points_and_then_what_is_new() {
    let server = Server::new();
    let all = [
        metrics::series("cpu", "web-1"),
        metrics::series("load", "web-1"),
    ];
    lock(&server.fakes.series).extend(all);
    let address = listen(&server).await;
    let path = "/ws/metrics?match=cpu";
    let mut clients = [
        Client::connect(address, path).await,
        Client::connect(address, path).await,
    ];
    let first = json!({
        "type": "points", "snapshot": true,
        "items": [{
            "labels": { "__name__": "cpu", "host": "web-1" },
            "at": [NOW.millis()], "value": [60.0],
        }],
    });
    for client in &mut clients {
        assert_eq!(client.json().await["type"], "hello");
        assert_eq!(client.json().await, first);
    }
    lock(&server.fakes.series)[0].samples.extend([
        Sample {
            at_ms: NOW.millis() + 1000,
            value: 7.0,
        },
        Sample {
            at_ms: NOW.millis() + 2000,
            value: f64::NAN,
        },
    ]);
    for client in &mut clients {
        let news = client.json().await;
        assert_eq!(
            (&news["snapshot"], &news["items"][0]["value"]),
            (&json!(false), &json!([7.0, null]))
        );
    }
    // Whoever comes later begins with the newest.
    let mut late = Client::connect(address, path).await;
    assert_eq!(late.json().await["type"], "hello");
    let newest = late.json().await;
    assert_eq!(
        (&newest["snapshot"], &newest["items"][0]["at"]),
        (&json!(true), &json!([NOW.millis() + 2000]))
    );
    drop((clients, late));
    let ended = async {
        while server.state.feeds.count() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), ended)
        .await
        .expect("nobody watches any more");
}

#[tokio::test]
async fn a_query_is_watched_like_a_series() {
    let server = Server::new();
    lock(&server.fakes.series).push(metrics::series("cpu", "web-1"));
    let address = listen(&server).await;
    let mut client = Client::connect(address, "/ws/metrics?q=sum(cpu)*2").await;
    assert_eq!(client.json().await["type"], "hello");
    let frame = client.json().await;
    assert_eq!(
        frame["items"],
        json!([{ "labels": {}, "at": [NOW.millis()], "value": [120.0] }])
    );
    server.shutdown.cancel();
    assert_eq!(client.receive().await.0, 8, "a close frame");
}

/// What the server says instead of an upgrade.
async fn refused(server: &Server, path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = listen(server).await;
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = vec![0; 4096];
    let length = stream.read(&mut text).await.unwrap();
    String::from_utf8_lossy(&text[..length]).into_owned()
}

#[tokio::test]
async fn what_cannot_be_watched_is_refused_at_once() {
    let config = ApiConfig {
        metric_feeds_max: 1,
        ..ApiConfig::default()
    };
    let server = Server::with(config, tocsin_ingest::Limits::default());
    for (path, status) in [
        ("/ws/metrics", "400"),
        ("/ws/metrics?match=cpu&q=cpu", "400"),
        ("/ws/metrics?match=cpu%7B", "400"),
        ("/ws/metrics?q=sum(", "400"),
        ("/ws/metrics?q=cpu%5B5m%5D", "400"),
    ] {
        let answer = refused(&server, path).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{path}: {answer}"
        );
    }
    let address = listen(&server).await;
    let _one = Client::connect(address, "/ws/metrics?match=cpu").await;
    let answer = refused(&server, "/ws/metrics?match=load").await;
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
}
