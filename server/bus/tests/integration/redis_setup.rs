//! What is said of a Redis that is not as it should be: passwords, memory, durability, TLS.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tocsin_bus::contract::{RedisServer, event, hold_all};
use tocsin_bus::{BusConfig, RedisBus, RedisUrl};
use tocsin_domain::ports::Bus;
use tocsin_domain::{Offset, Partition};

use super::redis_contract::{config, redis};

fn with(server: &RedisServer, url: &str) -> BusConfig {
    let mut config = config(server);
    config.redis.url = RedisUrl::new(url.into());
    config
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

async fn refused(config: &BusConfig) -> String {
    let opened = RedisBus::open(config, "logs", "pipeline").await;
    chain(&opened.unwrap_err())
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_asked_for_and_never_shown() {
    let Some(server) = redis(&["--requirepass", "s3cret"]) else {
        return;
    };
    let host = format!("127.0.0.1:{}", server.port());
    let why = refused(&with(&server, &format!("redis://{host}"))).await;
    assert!(why.contains("asks for a password"), "{why}");
    let why = refused(&with(&server, &format!("redis://:wr0ng@{host}"))).await;
    assert!(
        why.contains("does not accept the user or password"),
        "{why}"
    );
    assert!(!why.contains("wr0ng"), "{why}");
    let why = refused(&with(&server, &format!("redis://:s3cret@{host}/99"))).await;
    assert!(why.contains("database number"), "{why}");
    let config = with(&server, &format!("redis://:s3cret@{host}/3"));
    let bus = RedisBus::open(&config, "logs", "pipeline").await.unwrap();
    bus.append(vec![event("a", 1, 1)]).await.unwrap();
}

/// What the guide says a user of its own needs.
const RIGHTS: &str = "~{tocsin:* &{tocsin:* +@read +@write +@stream +@scripting +@pubsub \
                      +@connection -@dangerous +time +info +config|get";

#[tokio::test(flavor = "multi_thread")]
async fn a_user_needs_no_more_than_the_guide_says() {
    let user = format!("user tocsin on >pw {RIGHTS}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.acl");
    let lines =
        format!("user default on nopass ~* &* +@all\n{user}\nuser other on >pw ~x* +@all\n");
    std::fs::write(&file, lines).unwrap();
    let Some(server) = redis(&["--aclfile", &file.display().to_string()]) else {
        return;
    };
    let host = format!("127.0.0.1:{}", server.port());
    let config = with(&server, &format!("redis://tocsin:pw@{host}"));
    let bus = RedisBus::open(&config, "logs", "pipeline").await.unwrap();
    hold_all(&bus).await;
    bus.append(vec![event("a", 1, 1)]).await.unwrap();
    let partition = bus.partition_of("a");
    assert_eq!(bus.read(partition, Offset(0), 1).await.unwrap().len(), 1);
    bus.acknowledge(partition, Offset(1)).await.unwrap();
    bus.release(partition).await.unwrap();
    let why = refused(&with(&server, &format!("redis://other:pw@{host}"))).await;
    assert!(why.contains("may not do this"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_without_memory_refuses_appends_and_lets_the_rest_go_on() {
    let Some(server) = redis(&["--maxmemory", "6mb"]) else {
        return;
    };
    let bus = RedisBus::open(&config(&server), "logs", "pipeline")
        .await
        .unwrap();
    hold_all(&bus).await;
    let mut accepted = 0;
    let why = loop {
        match bus.append(vec![event("a", accepted, 500)]).await {
            Ok(()) => accepted += 1,
            Err(error) => break chain(&error),
        }
    };
    assert!(why.contains("`maxmemory`"), "{why}");
    let partition = bus.partition_of("a");
    let read = bus.read(partition, Offset(0), 64 << 20).await.unwrap();
    assert!(!read.is_empty());
    bus.balance().await.unwrap();
    bus.acknowledge(partition, Offset(accepted)).await.unwrap();
    assert_eq!((bus.usage().events, bus.usage().bytes), (0, 0));
    bus.append(vec![event("a", 0, 500)]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_would_lose_events_is_refused_where_durability_is_required() {
    let Some(server) = redis(&["--appendonly", "no"]) else {
        return;
    };
    let mut config = config(&server);
    RedisBus::open(&config, "logs", "pipeline").await.unwrap();
    config.redis.require_durable = true;
    let why = refused(&config).await;
    assert!(why.contains("`appendonly no`"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_where_nothing_listens_is_said_to_be_so() {
    let Some(mut server) = redis(&[]) else { return };
    server.kill().unwrap();
    let why = refused(&config(&server)).await;
    assert!(why.contains("Redis cannot be reached"), "{why}");
}

fn openssl(folder: &Path, arguments: &str) {
    let outcome = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        outcome.status.success(),
        "{}",
        String::from_utf8_lossy(&outcome.stderr)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_spoken_and_the_certificate_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    openssl(
        folder.path(),
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test-ca",
    );
    openssl(
        folder.path(),
        "req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN=localhost",
    );
    std::fs::write(at("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").unwrap();
    openssl(
        folder.path(),
        "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem \
         -days 2 -extfile names"
            .replace("         ", "")
            .as_str(),
    );
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let (key, cert) = (at("key.pem"), at("cert.pem"));
    let arguments = [
        "--tls-port",
        &port.to_string(),
        "--tls-key-file",
        &key,
        "--tls-cert-file",
        &cert,
        "--tls-auth-clients",
        "no",
    ];
    let Some(server) = redis(&arguments) else {
        return;
    };
    let mut config = with(&server, &format!("rediss://localhost:{port}"));
    let why = refused(&config).await;
    assert!(
        why.contains("cannot be reached") && why.contains("ertificate"),
        "{why}"
    );
    config.redis.ca_file = Some(at("ca.pem").into());
    let bus = RedisBus::open(&config, "logs", "pipeline").await.unwrap();
    hold_all(&bus).await;
    let waiting = Arc::new(bus);
    let partition = waiting.partition_of("a");
    let reader = waiting.clone();
    let read = async move { reader.read(partition, Offset(0), 1 << 20).await };
    let append = async { waiting.append(vec![event("a", 1, 3000)]).await };
    let both = async { tokio::join!(read, append) };
    let (read, appended) = tokio::time::timeout(Duration::from_secs(10), both)
        .await
        .unwrap();
    appended.unwrap();
    assert_eq!(read.unwrap()[0].event, event("a", 1, 3000));
    assert_ne!(partition, Partition(u16::MAX));
}
