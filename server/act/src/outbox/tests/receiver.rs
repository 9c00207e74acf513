//! A server on the loopback that keeps what it got and misbehaves as told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::memory::lock;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    /// Whether the receiver did what it was asked to, whatever it answered.
    pub(crate) is_done: bool,
}

impl Got {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What the receiver does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Mood {
    Answer(u16, String),
    /// It does what it is asked to and closes without an answer.
    DoAndClose,
    /// It does nothing and never answers.
    Hang,
}

/// A server on the loopback that keeps what it got.
pub(crate) struct Receiver {
    pub(crate) url: String,
    got: Arc<Mutex<Vec<Got>>>,
    _tasks: JoinSet<()>,
}

impl Receiver {
    /// `mood` gives what to do with request number `n` to a path, from 0 on.
    pub(crate) async fn new(mood: impl Fn(u64, &Got) -> Mood + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let (kept, mood, number) = (got.clone(), Arc::new(mood), Arc::new(AtomicU64::new(0)));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (kept, mood, number) = (kept.clone(), mood.clone(), number.clone());
                connections.spawn(async move {
                    serve(stream, |got| {
                        let mood = mood(number.fetch_add(1, Ordering::Relaxed), got);
                        let is_done = match &mood {
                            Mood::Answer(status, _) => *status < 300,
                            Mood::DoAndClose => true,
                            Mood::Hang => false,
                        };
                        let got = Got {
                            is_done,
                            ..got.clone()
                        };
                        lock(&kept).push(got);
                        mood
                    })
                    .await;
                });
            }
        });
        Self {
            url,
            got,
            _tasks: tasks,
        }
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        lock(&self.got).clone()
    }
}

async fn serve(mut stream: TcpStream, handle: impl Fn(&Got) -> Mood) {
    let mut buffer = Vec::new();
    loop {
        let Some((got, used)) = parse(&buffer) else {
            let mut piece = [0; 4096];
            match stream.read(&mut piece).await {
                Ok(0) | Err(_) => return,
                Ok(count) => buffer.extend_from_slice(&piece[..count]),
            }
            continue;
        };
        buffer.drain(..used);
        match handle(&got) {
            Mood::Answer(status, body) => {
                let retry = if status == 429 {
                    "Retry-After: 0\r\n"
                } else {
                    ""
                };
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status} x\r\n{retry}Content-Length: {length}\r\n\r\n");
                if stream.write_all((head + &body).as_bytes()).await.is_err() {
                    return;
                }
            }
            Mood::DoAndClose => return,
            Mood::Hang => tokio::time::sleep(Duration::from_secs(60)).await,
        }
    }
}

/// A whole request at the beginning of some bytes, and its length.
fn parse(bytes: &[u8]) -> Option<(Got, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length");
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    let body = bytes.get(end..end + length)?;
    let got = Got {
        path,
        headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
        is_done: false,
    };
    Some((got, end + length))
}
