//! Measures live clients: what an idle one costs, and how long an alert takes to reach thousands.
//!
//! `bench_clients BINARY_OF_TOCSIN [CLIENTS] [ALERTS_A_SECOND] [SECONDS]`: connects CLIENTS clients to
//! `/ws/alerts`, all of which hear every alert, then pushes lines that each become an alert. Printed
//! are the memory of an idle client, and p50, p99 and the largest time from the push to the arrival, as
//! every hundredth client has it. One more client never reads: it must be let go without being felt.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;
use tocsin_harness::{processes, wait_for};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Every how many clients one notes when messages come; the others only read them.
const NOTING: usize = 100;
/// Clients that connect at the same time.
const CONNECTING: usize = 200;

/// Arrivals: which alert, and when.
type Arrivals = Arc<Mutex<Vec<(u32, Instant)>>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: bench_clients BINARY [CLIENTS] [ALERTS_A_SECOND] [SECONDS]";
    let binary = arguments.next().context(usage)?;
    let mut number = |otherwise: u32| arguments.next().map_or(Ok(otherwise), |n| n.parse());
    let (clients, rate, seconds) = (number(10_000)?, number(100)?, number(20)?);
    let folder = tempfile::tempdir()?;
    let server = Server::start(&binary, folder.path())?;
    let before = server.memory()?;
    let arrivals = Arrivals::default();
    let silent = connect(&server.url).await?;
    let mut readers = JoinSet::new();
    for first in (0..clients).step_by(CONNECTING) {
        let mut joining = JoinSet::new();
        for client in first..(first + CONNECTING as u32).min(clients) {
            let url = server.url.clone();
            joining.spawn(async move { anyhow::Ok((client, connect(&url).await?)) });
        }
        while let Some(joined) = joining.join_next().await {
            let (client, stream) = joined??;
            let noting = (client as usize)
                .is_multiple_of(NOTING)
                .then(|| arrivals.clone());
            readers.spawn(read(stream, noting));
        }
    }
    let idle = server.memory()?.saturating_sub(before) as f64 / f64::from(clients);
    let sent = push(&server.url, rate, rate * seconds).await?;
    let expected = sent.len() * (clients as usize).div_ceil(NOTING);
    let deadline = Instant::now() + Duration::from_secs(60);
    while lock(&arrivals).len() < expected && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(silent);
    let mut took: Vec<Duration> = lock(&arrivals)
        .iter()
        .filter_map(|(alert, at)| Some(at.duration_since(*sent.get(alert)?)))
        .collect();
    took.sort_unstable();
    ensure!(!took.is_empty(), "nothing arrived");
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    writeln!(
        std::io::stdout().lock(),
        "{clients} clients, {rate} alerts a second for {seconds} s: an idle client {:.1} kB; \
         {} of {expected} arrivals, p50 {:.1} ms, p99 {:.1} ms, largest {:.1} ms",
        idle / 1e3,
        took.len(),
        at(0.5),
        at(0.99),
        at(1.0),
    )?;
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a WebSocket.
async fn connect(url: &str) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(url).await?;
    let request = format!(
        "GET /ws/alerts HTTP/1.1\r\nHost: {url}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    ensure!(
        head.starts_with(b"HTTP/1.1 101"),
        "no WebSocket: {}",
        String::from_utf8_lossy(&head)
    );
    Ok(stream)
}

/// Reads what comes; notes which alerts began.
async fn read(mut stream: TcpStream, noting: Option<Arrivals>) {
    const MARK: &[u8] = b"\"unit\":\"m";
    let mut buffer = vec![0; if noting.is_some() { 1 << 16 } else { 1 << 13 }];
    let (mut kept, mut seen) = (0, HashSet::new());
    while let Ok(count @ 1..) = stream.read(&mut buffer[kept..]).await {
        let Some(arrivals) = &noting else { continue };
        let now = Instant::now();
        let mut text = &buffer[..kept + count];
        while let Some(at) = text.windows(MARK.len()).position(|part| part == MARK) {
            let digits = text[at + MARK.len()..]
                .iter()
                .take_while(|b| b.is_ascii_digit());
            let digits: Vec<u8> = digits.copied().collect();
            let end = at + MARK.len() + digits.len();
            if end >= text.len() {
                text = &text[at..];
                break;
            }
            if let Ok(alert) = String::from_utf8_lossy(&digits).parse()
                && seen.insert(alert)
            {
                lock(arrivals).push((alert, now));
            }
            text = &text[end..];
        }
        // A mark may be cut in two.
        let rest = text.len().min(MARK.len() + 10);
        let end = kept + count;
        buffer.copy_within(end - rest..end, 0);
        kept = rest;
    }
}

/// Pushes lines at an even pace; gives when each was sent.
async fn push(url: &str, rate: u32, count: u32) -> anyhow::Result<HashMap<u32, Instant>> {
    let stream = TcpStream::connect(url).await?;
    stream.set_nodelay(true)?;
    let (mut answers, mut requests) = stream.into_split();
    let mut drain = JoinSet::new();
    drain.spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok(1..) = answers.read(&mut buffer).await {}
    });
    let mut sent = HashMap::new();
    let begun = Instant::now();
    for alert in 0..count {
        let due = begun + Duration::from_secs(1) / rate * alert;
        tokio::time::sleep_until(due.into()).await;
        let body = format!(
            "{{\"body\":\"level=error unit=m{alert} msg=\\\"the pump lost its pressure\\\"\"}}\n"
        );
        let request = format!(
            "POST /api/v1/logs?source=pumps HTTP/1.1\r\nHost: {url}\r\n\
             Content-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        sent.insert(alert, Instant::now());
        requests.write_all(request.as_bytes()).await?;
    }
    Ok(sent)
}

/// A running server; killed when it is dropped.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(binary: &str, folder: &Path) -> anyhow::Result<Self> {
        let rules = folder.join("alerts.yml");
        let rule = "alerts:\n  - { id: pump, on: log, when: 'template.contains(\"lost its pressure\")', group_by: [unit], severity: medium }\n";
        std::fs::write(&rules, rule)?;
        let config = folder.join("tocsin.toml");
        let data = folder.join("data");
        std::fs::write(
            &config,
            format!(
                "[server]\nlisten = \"127.0.0.1:0\"\ndata_dir = {data:?}\n\
                 [alerts]\nrules = {rules:?}\n[ingest.host]\nenabled = false\n"
            ),
        )?;
        let child = Command::new(binary)
            .args(["serve", "--config"])
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(File::create(folder.join("server.log"))?)
            .spawn()
            .context("the server cannot be started")?;
        let url = wait_for("the server to listen", || {
            let text = std::fs::read_to_string(data.join("listening.json")).ok()?;
            let json: Value = serde_json::from_str(&text).ok()?;
            json["http"].as_str().map(str::to_owned)
        })?;
        Ok(Self { child, url })
    }

    /// Its memory, in bytes.
    fn memory(&self) -> anyhow::Result<u64> {
        Ok((processes::memory_mb(self.child.id(), "VmRSS:")? * 1048576.0) as u64)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
