//! A server of models for tests: it answers what it is told to, byte by byte if need be, and keeps
//! what it received.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A request that was received.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Method and path.
    pub(crate) target: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What happens when the body was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It ends as it should.
    Whole,
    /// Nothing more comes, and the connection stays.
    Stall,
    /// The connection is closed in the middle.
    Abort,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
    /// Bytes that are sent at once.
    pub(crate) piece_bytes: usize,
    pub(crate) ending: Ending,
}

impl Reply {
    pub(crate) fn new(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: String::new(),
            body: body.into(),
            piece_bytes: usize::MAX,
            ending: Ending::Whole,
        }
    }

    pub(crate) fn status(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            ..Self::new(body)
        }
    }

    /// The answer of a file below `tests/recordings`.
    pub(crate) fn recording(name: &str) -> Self {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings/");
        Self::new(std::fs::read(format!("{root}{name}")).unwrap())
    }
}

/// The server. Its tasks end with it.
#[derive(Debug)]
pub(crate) struct Double {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    _tasks: JoinSet<()>,
}

impl Double {
    /// Answers each request by `answer`.
    pub(crate) async fn answering(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        let (answer, kept) = (Arc::new(answer), Arc::clone(&seen));
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, kept) = (Arc::clone(&answer), Arc::clone(&kept));
                connections.spawn(async move {
                    let mut stream = BufReader::new(stream);
                    let Some(request) = receive(&mut stream).await else {
                        return;
                    };
                    kept.lock().push(request.clone());
                    send(stream.get_mut(), &answer(&request)).await;
                });
            }
        });
        Self {
            url,
            seen,
            _tasks: tasks,
        }
    }

    /// Gives one answer after the other; the last one again and again.
    pub(crate) async fn playing(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Mutex<VecDeque<Reply>> = Mutex::new(replies.into_iter().collect());
        Self::answering(move |_| {
            let mut replies = replies.lock();
            match replies.len() {
                1 => replies[0].clone(),
                _ => replies.pop_front().unwrap(),
            }
        })
        .await
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().clone()
    }
}

async fn receive(stream: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let lower = head.to_ascii_lowercase();
    let length = lower
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length = length.map_or(0, |length| length.trim().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let first = head.lines().next()?;
    let (target, _) = first.rsplit_once(' ')?;
    Some(Seen {
        target: target.to_owned(),
        body: String::from_utf8(body).ok()?,
        head,
    })
}

/// Whoever went away is not told.
async fn send(stream: &mut TcpStream, reply: &Reply) {
    let head = format!(
        "HTTP/1.1 {} X\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n{}\r\n",
        reply.status, reply.headers
    );
    if stream.write_all(head.as_bytes()).await.is_err() {
        return;
    }
    for piece in reply.body.chunks(reply.piece_bytes) {
        let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
        if stream.write_all(&chunk).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
    match reply.ending {
        Ending::Whole => {
            let _gone = stream.write_all(b"0\r\n\r\n").await;
            let _gone = stream.shutdown().await;
        }
        Ending::Stall => std::future::pending().await,
        Ending::Abort => {}
    }
}
