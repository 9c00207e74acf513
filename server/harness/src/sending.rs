//! Sends a file of lines to a server, as fast as it takes them.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::TestServer;

/// Requests under way at a time.
const SENDERS: usize = 2;
/// Bytes of one request.
const REQUEST_BYTES: usize = 2 << 20;

/// Sends the lines of a file as NDJSON, each request to the next of `sources`; returns how many lines
/// there are, and their bytes without line ends.
///
/// # Errors
/// If the file cannot be read.
pub fn send_file(
    server: &TestServer,
    file: &Path,
    sources: &[String],
) -> anyhow::Result<(u64, u64)> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(file)?);
    let (sender, receiver) = sync_channel::<(usize, Vec<u8>)>(SENDERS);
    let receiver = Mutex::new(receiver);
    let (mut lines, mut bytes) = (0, 0);
    std::thread::scope(|scope| -> anyhow::Result<()> {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                let next = || {
                    let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
                    receiver.recv().ok()
                };
                while let Some((number, body)) = next() {
                    post(server, &sources[number % sources.len()], &body);
                }
            });
        }
        let (mut body, mut line, mut number) = (Vec::new(), Vec::new(), 0);
        while reader.read_until(b'\n', &mut line)? > 0 {
            if line.last() == Some(&b'\n') {
                line.pop();
            }
            lines += 1;
            bytes += line.len() as u64;
            body.extend_from_slice(b"{\"body\":");
            serde_json::to_writer(&mut body, &String::from_utf8_lossy(&line))?;
            body.extend_from_slice(b"}\n");
            line.clear();
            if body.len() >= REQUEST_BYTES {
                sender.send((number, std::mem::take(&mut body)))?;
                number += 1;
            }
        }
        sender.send((number, body))?;
        drop(sender);
        Ok(())
    })?;
    Ok((lines, bytes))
}

/// Posts until the server takes it: 429 and 503 say that it is full for the moment.
fn post(server: &TestServer, source: &str, body: &[u8]) {
    let ndjson = [("Content-Type", "application/x-ndjson")];
    let route = format!("/api/v1/logs?source={source}");
    while !matches!(server.post(&route, &ndjson, body), Ok((200, _))) {
        std::thread::sleep(Duration::from_millis(50));
    }
}
