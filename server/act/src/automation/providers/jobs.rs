//! Programs that are run for a run: begun at most once, known again after a crash, and stopped with
//! everything they started.
//!
//! Each has a folder under its key. `began` is made before the program is started and never twice;
//! `pid` says which process it is, by number and start time; `out` has what it prints, also while
//! no server looks; `result` says how it ended. A program does not end with the server. One that
//! ended while there was no server, or of which it is not known whether it was started, is lost:
//! it is never started again.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::automation::provider::{Begun, CallError, Certainty, Status};

/// The most bytes that a program may print before it is stopped.
const OUT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The most bytes of output that are given at a time.
const PIECE_BYTES: u64 = 64 * 1024;
/// How long a program that was asked to stop has before it is killed.
const KILL_AFTER: Duration = Duration::from_secs(5);
/// How often it is looked how much a program printed.
const LOOK: Duration = Duration::from_secs(1);

/// A program with everything it is given. No shell reads any of it.
#[derive(Debug, Clone)]
pub(in crate::automation) struct Program {
    pub(super) path: PathBuf,
    pub(super) args: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) folder: PathBuf,
}

impl Program {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(&self.args)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .process_group(0);
        command
    }

    /// Runs it to its end, and gives its exit code and what it printed, errors after the rest; at most
    /// 1 MiB of each.
    ///
    /// # Errors
    /// Why it could not be run, or that it took too long.
    ///
    /// # Cancel safety
    /// Safe: the program is killed.
    pub(super) async fn finish(&self, within: Duration) -> Result<(i32, String), String> {
        let name = self.path.display();
        let mut command = self.command();
        let command = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .map_err(|error| format!("{name}: {error}"))?;
        let group = child.id();
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let ended = async {
            let (out, err) = tokio::join!(capped(out), capped(err));
            (child.wait().await, out, err)
        };
        match tokio::time::timeout(within, ended).await {
            Ok((Ok(status), out, err)) => {
                let text = [out, err].concat();
                let text = String::from_utf8_lossy(&text).into_owned();
                Ok((status.code().unwrap_or(-1), text))
            }
            Ok((Err(error), _, _)) => Err(format!("{name}: {error}")),
            Err(_) => {
                if let Some(group) = group {
                    signal(group, Signal::KILL);
                }
                Err(format!("{name} took longer than {} s", within.as_secs()))
            }
        }
    }
}

/// What a program prints, up to a bound; the rest is read and dropped, so that it goes on.
async fn capped(from: Option<impl tokio::io::AsyncRead + Unpin>) -> Vec<u8> {
    use tokio::io::AsyncReadExt as _;
    const BYTES_MAX: usize = 1024 * 1024;
    let mut all = Vec::new();
    let Some(mut from) = from else { return all };
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let room = BYTES_MAX.saturating_sub(all.len());
        all.extend_from_slice(piece.get(..length.min(room)).unwrap_or_default());
    }
    all
}

/// The programs of a provider.
#[derive(Debug)]
pub(in crate::automation) struct Jobs {
    folder: PathBuf,
    /// Those that this server waits for.
    mine: Arc<Mutex<HashSet<String>>>,
    waiting: Mutex<JoinSet<()>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Jobs {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            mine: Arc::default(),
            waiting: Mutex::default(),
        }
    }

    /// The folder of a key, made if it is not there; nobody else may look into it.
    pub(super) fn folder(&self, key: &str) -> std::io::Result<PathBuf> {
        let folder = self.folder.join(key);
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        Ok(folder)
    }

    /// Starts a program. A key that was begun is never begun again.
    pub(super) fn begin(&self, key: &str, program: &Program) -> Result<Begun, CallError> {
        let not_now = |error: std::io::Error| CallError {
            detail: format!("the folder of the run cannot be written: {error}"),
            certainty: Certainty::NotNow,
        };
        let folder = self.folder(key).map_err(not_now)?;
        if folder.join("cancel").exists() {
            return Err(CallError::never("it was called off"));
        }
        let out = open_new(&folder.join("out"), false).map_err(not_now)?;
        let errors = out.try_clone().map_err(not_now)?;
        match open_new(&folder.join("began"), true) {
            Ok(began) => began.sync_all().map_err(not_now)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(CallError {
                    detail: "it was begun before".into(),
                    certainty: Certainty::Unsure,
                });
            }
            Err(error) => return Err(not_now(error)),
        }
        lock(&self.mine).insert(key.to_owned());
        let mut command = program.command();
        match command.stdout(out).stderr(errors).spawn() {
            Ok(child) => {
                let number = child.id().unwrap_or_default();
                let process = format!("{number} {}", start_time(number).unwrap_or_default());
                if let Err(error) = put(&folder.join("pid"), &process) {
                    tracing::error!(%key, %error, "the process of a run cannot be written down");
                }
                self.wait_for(key.to_owned(), folder, child);
                Ok(Begun {
                    handle: format!("process {number}"),
                    over: None,
                })
            }
            Err(error) => {
                lock(&self.mine).remove(key);
                let detail = format!("{}: {error}", program.path.display());
                drop(put(&folder.join("result"), &format!("failed {detail}")));
                Err(CallError::never(detail))
            }
        }
    }

    fn wait_for(&self, key: String, folder: PathBuf, mut child: Child) {
        let mine = self.mine.clone();
        let mut waiting = lock(&self.waiting);
        while waiting.try_join_next().is_some() {}
        waiting.spawn(async move {
            let result = loop {
                tokio::select! {
                    ended = child.wait() => break said(ended, &folder),
                    () = tokio::time::sleep(LOOK) => {}
                }
                let printed = folder.join("out").metadata().map_or(0, |about| about.len());
                if printed > OUT_BYTES_MAX
                    && let Some(number) = child.id()
                {
                    signal(number, Signal::KILL);
                    drop(child.wait().await);
                    break format!("failed it printed over {OUT_BYTES_MAX} bytes");
                }
            };
            if let Err(error) = put(&folder.join("result"), &result) {
                tracing::error!(%key, %error, "the result of a run cannot be written");
            }
            lock(&mine).remove(&key);
        });
    }

    /// How it goes.
    ///
    /// # Errors
    /// Why that cannot be read.
    pub(super) fn status(&self, key: &str) -> Result<Status, String> {
        let folder = self.folder.join(key);
        let is_mine = lock(&self.mine).contains(key);
        let unread = |error: std::io::Error| format!("the folder of the run: {error}");
        match std::fs::read_to_string(folder.join("result")) {
            Ok(result) => return Ok(status_of(&result)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(unread(error)),
        }
        if !folder.join("began").try_exists().map_err(unread)? {
            return Ok(Status::Unknown);
        }
        if is_mine || process_of(&folder).is_some() {
            return Ok(Status::Running);
        }
        Ok(Status::Lost(
            "the server was not there when it ended".into(),
        ))
    }

    /// Asks a program and all that it started to stop; the second time, after a while, it is killed.
    ///
    /// # Errors
    /// Why that cannot be done.
    pub(super) fn cancel(&self, key: &str) -> Result<(), String> {
        let folder = self.folder(key).map_err(|error| error.to_string())?;
        let note = folder.join("cancel");
        let asked = note.metadata().and_then(|about| about.modified());
        let is_late = asked.is_ok_and(|at| {
            SystemTime::now()
                .duration_since(at)
                .is_ok_and(|since| since >= KILL_AFTER)
        });
        if !note.exists() {
            put(&note, "").map_err(|error| error.to_string())?;
        }
        if let Some(number) = process_of(&folder) {
            signal(number, if is_late { Signal::KILL } else { Signal::TERM });
        }
        Ok(())
    }

    /// What a file of the folder has from a byte on, and the byte after it. A byte that is no text
    /// becomes `?`, so that bytes are counted alike everywhere.
    pub(super) fn read(&self, key: &str, file: &str, from: u64) -> Result<(String, u64), String> {
        let opened = File::open(self.folder.join(key).join(file));
        let mut file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok((String::new(), from)),
            Err(error) => return Err(error.to_string()),
        };
        file.seek(SeekFrom::Start(from))
            .map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        let read = file.take(PIECE_BYTES).read_to_end(&mut bytes);
        read.map_err(|error| error.to_string())?;
        let text = text_of(&bytes);
        let end = from + text.len() as u64;
        Ok((text, end))
    }

    /// The last lines of what was printed.
    pub(super) fn tail(&self, key: &str, file: &str) -> String {
        let length = self
            .folder
            .join(key)
            .join(file)
            .metadata()
            .map_or(0, |about| about.len());
        let tail = self.read(key, file, length.saturating_sub(2000));
        let tail = tail.map(|(text, _)| text).unwrap_or_default();
        let mut lines: Vec<&str> = tail
            .lines()
            .rev()
            .filter(|line| !line.trim().is_empty())
            .collect();
        lines.truncate(5);
        lines.reverse();
        lines.join("\n")
    }
}

fn text_of(mut bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    while !bytes.is_empty() {
        match std::str::from_utf8(bytes) {
            Ok(rest) => {
                text.push_str(rest);
                break;
            }
            Err(error) => {
                let (good, rest) = bytes.split_at(error.valid_up_to());
                text.push_str(std::str::from_utf8(good).unwrap_or_default());
                // The beginning of a character whose rest is still to come.
                let Some(odd) = error.error_len() else { break };
                text.extend(std::iter::repeat_n('?', odd));
                bytes = rest.get(odd..).unwrap_or_default();
            }
        }
    }
    text
}

fn open_new(path: &Path, only_new: bool) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .append(true)
        .create(true)
        .create_new(only_new)
        .mode(0o600)
        .open(path)
}

/// Writes a file as a whole.
pub(super) fn put(path: &Path, text: &str) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

/// When a process was started, in ticks since the machine was; none: there is none.
fn start_time(number: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name, in parentheses, may have anything in it.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    // A process that ended and was not waited for is none.
    match fields.next()? {
        "Z" | "X" => None,
        _ => fields.nth(18)?.parse().ok(),
    }
}

/// The number of the process of a folder, if it still is that process.
fn process_of(folder: &Path) -> Option<u32> {
    let text = std::fs::read_to_string(folder.join("pid")).ok()?;
    let (number, started) = text.split_once(' ')?;
    let number = number.parse().ok()?;
    (start_time(number)? == started.parse::<u64>().ok()?).then_some(number)
}

/// Sends a signal to a process and all that it started.
fn signal(number: u32, signal: Signal) {
    let group = i32::try_from(number).ok().and_then(Pid::from_raw);
    if let Some(group) = group
        && let Err(error) = kill_process_group(group, signal)
    {
        tracing::debug!(number, %error, "a process is gone already");
    }
}

/// How a program ended, for its `result`.
fn said(ended: std::io::Result<ExitStatus>, folder: &Path) -> String {
    let was_stopped = folder.join("cancel").exists();
    match ended {
        Ok(status) if status.success() => "succeeded exit code 0".to_owned(),
        Ok(_) if was_stopped => "cancelled it was stopped".to_owned(),
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => format!("failed exit code {code}"),
            (None, Some(signal)) => format!("failed ended by signal {signal}"),
            (None, None) => "failed".to_owned(),
        },
        Err(error) => format!("lost {error}"),
    }
}

fn status_of(result: &str) -> Status {
    let (word, detail) = result.split_once(' ').unwrap_or((result, ""));
    let detail = detail.to_owned();
    match word {
        "succeeded" => Status::Succeeded(detail),
        "cancelled" => Status::Cancelled(detail),
        "failed" => Status::Failed(detail),
        _ => Status::Lost(detail),
    }
}
