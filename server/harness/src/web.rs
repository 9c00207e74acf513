//! A small HTTP server on the loopback for doubles of web services. It answers a request by a
//! function, and misbehaves as it is told: it fails, hangs, or does what it was asked to and hangs up.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use anyhow::Context;
use serde_json::Value;

/// The most bytes of a request.
const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// In capital letters.
    pub method: String,
    /// Without the query, as it was sent.
    pub path: String,
    /// Names and values of the query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// By their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// As text.
    pub body: String,
}

impl Request {
    /// The parts of the path, decoded.
    pub(crate) fn parts(&self) -> Vec<String> {
        let parts = self.path.split('/').filter(|part| !part.is_empty());
        parts.map(|part| decoded(part, false)).collect()
    }

    /// A value of the query.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A header.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers, beside those about the body.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

impl Reply {
    /// An answer with a body of JSON.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_string(),
        }
    }

    /// An answer without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }
}

/// What becomes of a request.
#[derive(Debug, Clone)]
pub enum Mood {
    /// It is done and answered.
    Obey,
    /// It is not done, and this is answered.
    Answer(Reply),
    /// It is done, and the connection closed without an answer.
    DoAndDrop,
    /// It is not done, and the connection closed without an answer.
    Drop,
    /// It is done, and not answered until the client goes.
    DoAndHang,
    /// It is not done, and not answered until the client goes.
    Hang,
}

type MoodOf = dyn Fn(u64, &Request) -> Mood + Send + Sync;
type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

struct Shared {
    is_stopped: AtomicBool,
    count: AtomicU64,
    mood: Mutex<Arc<MoodOf>>,
    seen: Mutex<Vec<Request>>,
    handler: Box<Handler>,
}

/// A server. It ends when it is dropped.
pub(crate) struct Web {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Web").field(&self.address).finish()
    }
}

/// What is behind a mutex, whoever panicked with it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Web {
    /// Starts a server on a free port of the loopback.
    pub(crate) fn start(
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            is_stopped: AtomicBool::new(false),
            count: AtomicU64::new(0),
            mood: Mutex::new(Arc::new(|_, _| Mood::Obey)),
            seen: Mutex::default(),
            handler: Box::new(handler),
        });
        let own = shared.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if own.is_stopped.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let shared = own.clone();
                // It ends with its connection, which the client closes.
                std::thread::spawn(move || serve(&shared, stream));
            }
        });
        Ok(Self {
            address,
            shared,
            thread: Some(thread),
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What becomes of request number `n`, from 0 on.
    pub(crate) fn set_mood(&self, mood: impl Fn(u64, &Request) -> Mood + Send + Sync + 'static) {
        self.shared.count.store(0, Ordering::Relaxed);
        *lock(&self.shared.mood) = Arc::new(mood);
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        lock(&self.shared.seen).clone()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::Relaxed);
        // The loop wakes by a connection.
        let _woken = TcpStream::connect(self.address);
        let _ended = self.thread.take().map(JoinHandle::join);
    }
}

fn serve(shared: &Shared, mut stream: TcpStream) {
    let Some(request) = read(&mut stream) else {
        return;
    };
    let number = shared.count.fetch_add(1, Ordering::Relaxed);
    let mood = lock(&shared.mood).clone();
    lock(&shared.seen).push(request.clone());
    let reply = match mood(number, &request) {
        Mood::Obey => (shared.handler)(&request),
        Mood::Answer(reply) => reply,
        Mood::DoAndDrop => {
            (shared.handler)(&request);
            return;
        }
        Mood::Drop => return,
        mood @ (Mood::DoAndHang | Mood::Hang) => {
            if matches!(mood, Mood::DoAndHang) {
                (shared.handler)(&request);
            }
            // Until the client goes.
            let _gone = stream.read(&mut [0]);
            return;
        }
    };
    let mut head = format!("HTTP/1.1 {} Double\r\nConnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if reply.status != 204 {
        let length = reply.body.len();
        let is_type = |(name, _): &(String, String)| name.eq_ignore_ascii_case("content-type");
        if !reply.headers.iter().any(is_type) {
            head.push_str("Content-Type: application/json;charset=UTF-8\r\n");
        }
        head.push_str(&format!("Content-Length: {length}\r\n"));
    }
    head.push_str("\r\n");
    // A client that went has no need of the rest.
    let _sent = stream.write_all((head + &reply.body).as_bytes());
}

/// Reads a whole request; none if the client went before.
fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut buffer = Vec::new();
    loop {
        if let Some(request) = parse(&buffer) {
            return Some(request);
        }
        let mut piece = [0; 8192];
        let count = stream.read(&mut piece).ok()?;
        if count == 0 || buffer.len() > REQUEST_BYTES_MAX {
            return None;
        }
        buffer.extend_from_slice(&piece[..count]);
    }
}

fn parse(bytes: &[u8]) -> Option<Request> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?, first.next()?);
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length");
    let length: usize = length.map_or(Some(0), |length| length.parse().ok())?;
    let body = bytes.get(end..end + length)?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Some(Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: form(query),
        headers,
        body: String::from_utf8_lossy(body).into_owned(),
    })
}

/// Names and values of a query, or of a form, decoded.
pub(crate) fn form(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name, true), decoded(value, true)))
        .collect()
}

fn decoded(text: &str, is_query: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next(), rest.next()];
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(digits[0]), digit(digits[1]));
                let value = high.zip(low).map_or(63, |(high, low)| high * 16 + low);
                bytes.push(u8::try_from(value).unwrap_or(b'?'));
            }
            b'+' if is_query => bytes.push(b' '),
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The bytes of a text in base64 (RFC 4648), as Basic authentication has them.
pub(crate) fn base64(text: &str) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut all = String::new();
    for three in text.as_bytes().chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let is_there = at <= three.len();
            let sign = SIGNS[(bits >> (18 - 6 * at) & 63) as usize];
            all.push(if is_there { char::from(sign) } else { '=' });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text), expected);
        }
    }

    #[test]
    fn a_request_is_parsed_once_it_is_whole() {
        let text = "POST /a%20b/c?x=1+2%3D&y HTTP/1.1\r\nContent-Length: 2\r\nA: b\r\n\r\nhi";
        assert!(parse(&text.as_bytes()[..text.len() - 1]).is_none());
        let request = parse(text.as_bytes()).unwrap();
        assert_eq!(request.parts(), ["a b", "c"]);
        assert_eq!(request.query("x"), Some("1 2="));
        assert_eq!((request.header("a"), &*request.body), ("b", "hi"));
    }
}
