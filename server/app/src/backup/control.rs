//! How `tocsin backup` asks the server that has the data folder: a socket in that folder, which only
//! its owner can reach. A line of JSON goes in; lines of progress come out, then one with the outcome.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde::{Deserialize, Serialize};
use tocsin_backup::{AwsSettings, Place, Progress, Watcher};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Backups, Report};

/// The name of the socket in the data folder.
const SOCKET: &str = "control.sock";
/// The most bytes of a request.
const REQUEST_BYTES_MAX: u64 = 64 << 10;
/// How long to wait when nobody can be listened to.
const RETRY_AFTER: Duration = Duration::from_millis(100);
/// Progress that waits for a slow reader; more is left out.
const WAITING_MAX: usize = 64;

/// What is asked for.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    /// Where a backup is to be made.
    backup: String,
    /// What reaches S3, as the asker has it.
    aws: BTreeMap<String, String>,
}

/// What is answered, a line each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    /// It goes on: part, items, records, bytes.
    Progress(String, u64, u64, u64),
    /// It is done.
    Done(Report),
    /// It was not done.
    Failed(String),
}

/// The socket of a data folder.
fn socket(folder: &Path) -> PathBuf {
    folder.join(SOCKET)
}

/// Listens until it is cancelled.
///
/// # Errors
/// If there can be no socket, its path being too long for example.
pub(crate) fn listen(
    folder: &Path,
    backups: Backups,
    tasks: &TaskTracker,
    stop: CancellationToken,
) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = socket(folder);
    // The folder is locked, so whoever left it there is gone.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let answering = tasks.clone();
    tasks.spawn(async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                accepted = listener.accept() => {
                    let Ok((stream, _)) = accepted else {
                        // Out of files, most likely; it passes.
                        tokio::time::sleep(RETRY_AFTER).await;
                        continue;
                    };
                    let (backups, stop) = (backups.clone(), stop.clone());
                    answering.spawn(async move {
                        tokio::select! {
                            () = stop.cancelled() => {}
                            () = answer(stream, &backups) => {}
                        }
                    });
                }
            }
        }
        let _ = std::fs::remove_file(path);
    });
    Ok(())
}

async fn answer(stream: UnixStream, backups: &Backups) {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(reader.take(REQUEST_BYTES_MAX));
    if reader.read_line(&mut line).await.is_err() {
        return;
    }
    let last = match make(&line, backups, &mut writer).await {
        Ok(report) => Answer::Done(report),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "a backup was not made");
            Answer::Failed(format!("{error:#}"))
        }
    };
    let _ = tell(&mut writer, &last).await;
}

async fn make(
    request: &str,
    backups: &Backups,
    writer: &mut OwnedWriteHalf,
) -> anyhow::Result<Report> {
    let request: Request = serde_json::from_str(request).context("the request is not read")?;
    let aws = AwsSettings::of(request.aws)?;
    let place = Place::open(&request.backup, &aws, true)?;
    let (sender, mut progress) = tokio::sync::mpsc::channel::<Progress>(WAITING_MAX);
    let watcher: Watcher = Arc::new(move |now: &Progress| {
        let _ = sender.try_send(now.clone());
    });
    let making = backups.make(place, &watcher);
    tokio::pin!(making);
    loop {
        tokio::select! {
            made = &mut making => return made,
            Some(now) = progress.recv() => {
                let now = Answer::Progress(now.part, now.items, now.records, now.bytes);
                // Whoever asked and went away gets the backup all the same.
                let _ = tell(writer, &now).await;
            }
        }
    }
}

async fn tell(writer: &mut OwnedWriteHalf, answer: &Answer) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    writer.write_all(&line).await
}

/// Asks the server that has a data folder for a backup; none if no server has it.
///
/// # Errors
/// Why it was not made.
pub(crate) async fn ask(
    folder: &Path,
    place: &str,
    watcher: &Watcher,
) -> anyhow::Result<Option<Report>> {
    let Ok(stream) = UnixStream::connect(socket(folder)).await else {
        return Ok(None);
    };
    let (reader, mut writer) = stream.into_split();
    let aws = std::env::vars().filter(|(name, _)| name.starts_with("AWS_"));
    let request = Request {
        backup: place.to_owned(),
        aws: aws.collect(),
    };
    let mut line = serde_json::to_vec(&request)?;
    line.push(b'\n');
    writer.write_all(&line).await?;
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line)? {
            Answer::Progress(part, items, records, bytes) => watcher(&Progress {
                part,
                items,
                records,
                bytes,
            }),
            Answer::Done(report) => return Ok(Some(report)),
            Answer::Failed(why) => return Err(anyhow!(why)),
        }
    }
    bail!("the server went away while it made the backup: ask again")
}
