//! Reading in a file that lies on the server: a job, so that it goes on after a restart.
//!
//! Only files of the folder that is configured can be read, whatever a name says. What a chunk becomes
//! depends on the job and the chunk alone, so one that is delivered again after a crash has the same ids.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tocsin_domain::Timestamp;
use tocsin_domain::job::{Job, Progress};
use tocsin_domain::ports::{JobError, JobHandler, JobRun};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::decoded::{Context, Decoded};
use crate::door::Door;
use crate::import;
use crate::json_lines;
use crate::limits::Limits;

/// Bytes of text that are decoded and delivered at a time.
const CHUNK_BYTES: usize = 4 << 20;
/// The most bytes of names.
const NAME_BYTES_MAX: usize = 512;

/// What a file is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// Lines of text; those that continue one are joined to it.
    #[default]
    Lines,
    /// A JSON object or string a line, as `/api/v1/logs` takes them.
    Ndjson,
}

/// Which file, and whose lines they are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Its path within the folder; plain, gzip or zstd.
    file: String,
    /// The source of records that name none. Default: `file:` and the path.
    #[serde(default)]
    source: Option<String>,
    /// The host of records that name none.
    #[serde(default)]
    host: Option<String>,
    /// `lines` or `ndjson`. Default lines.
    #[serde(default)]
    format: Format,
}

impl Wanted {
    fn read(parameters: &str) -> Result<Self, String> {
        let wanted: Self = serde_json::from_str(parameters).map_err(|error| error.to_string())?;
        let path = Path::new(&wanted.file);
        let is_within = path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if wanted.file.is_empty() || !is_within {
            return Err("`file`: expected a path within the folder, without `..`".to_owned());
        }
        for (field, name) in [("source", &wanted.source), ("host", &wanted.host)] {
            let length = name.as_ref().map_or(0, String::len);
            if length > NAME_BYTES_MAX {
                return Err(format!(
                    "`{field}`: expected at most {NAME_BYTES_MAX} bytes"
                ));
            }
        }
        Ok(wanted)
    }

    fn source(&self) -> String {
        let given = self.source.clone().filter(|name| !name.is_empty());
        given.unwrap_or_else(|| format!("file:{}", self.file))
    }
}

/// Does the jobs that read files in.
pub struct ProcessData {
    folder: Option<PathBuf>,
    door: Door,
    limits: Limits,
}

impl fmt::Debug for ProcessData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessData")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// Some records of a file.
struct Chunk {
    /// As `/api/v1/logs` takes them.
    body: Vec<u8>,
    /// How many lines, or joined lines.
    lines: u64,
    /// How far the file was read, in its own bytes.
    position: u64,
}

impl ProcessData {
    /// A handler for the files of a folder; none: no file can be read in.
    #[must_use]
    pub fn new(folder: Option<PathBuf>, door: Door, limits: Limits) -> Self {
        Self {
            folder,
            door,
            limits,
        }
    }

    /// Opens the file, if it is one and truly lies in the folder; with its size in bytes.
    fn open(&self, wanted: &Wanted) -> Result<(File, u64), JobError> {
        let Some(folder) = &self.folder else {
            return Err(JobError::Refused(NO_FOLDER.to_owned()));
        };
        let shown = folder.display();
        let folder = folder
            .canonicalize()
            .map_err(|error| JobError::Failed(format!("`jobs.import_dir` {shown}: {error}")))?;
        let refused = |why: String| JobError::Refused(format!("`file` {}: {why}", wanted.file));
        let path = folder.join(&wanted.file).canonicalize();
        let path = path.map_err(|error| refused(error.to_string()))?;
        if !path.starts_with(&folder) {
            return Err(refused("it is a link that leads out of the folder".into()));
        }
        let file = File::open(&path).map_err(|error| refused(error.to_string()))?;
        let data = file
            .metadata()
            .map_err(|error| refused(error.to_string()))?;
        if !data.is_file() {
            return Err(refused("it is not a file".into()));
        }
        Ok((file, data.len()))
    }

    /// What a chunk becomes.
    fn decode(&self, job: &Job, wanted: &Wanted, number: u64, chunk: &Chunk) -> Decoded {
        let mut batch = 0_u64;
        let mut random = || {
            batch += 1;
            let mut seed = job.id.0.to_le_bytes().to_vec();
            seed.extend(number.to_le_bytes());
            seed.extend(batch.to_le_bytes());
            let hash = xxhash_rust::xxh3::xxh3_128(&seed).to_le_bytes();
            let mut bytes = [0; 10];
            bytes.copy_from_slice(&hash[..10]);
            bytes
        };
        let (source, host) = (wanted.source(), wanted.host.clone().unwrap_or_default());
        let mut context = Context::new(job.created_at, &mut random, &self.limits);
        context.source = &source;
        context.host = &host;
        json_lines::decode(&chunk.body, &mut context)
    }

    /// Hands records over, and waits while the bus is full; told to stop, it tries a little longer.
    async fn deliver(&self, decoded: Decoded, run: &dyn JobRun) -> Result<(), JobError> {
        let stop = CancellationToken::new();
        let delivery = self.door.deliver(decoded.batches, &stop);
        tokio::pin!(delivery);
        let delivered = tokio::select! {
            delivered = &mut delivery => delivered,
            () = run.stopped() => {
                stop.cancel();
                delivery.await
            }
        };
        delivered.map_err(|_| JobError::Stopped)
    }
}

const NO_FOLDER: &str = "no folder to read from is configured: set `jobs.import_dir`";

/// Reads a file on a thread of its own, which ends when nobody takes its chunks any more.
fn chunks(
    file: File,
    format: Format,
    skipped: u64,
) -> (mpsc::Receiver<io::Result<Chunk>>, Arc<AtomicU64>) {
    let (sender, receiver) = mpsc::channel(1);
    let position = Arc::new(AtomicU64::new(0));
    let counted = Counted {
        file,
        position: position.clone(),
    };
    let read = position.clone();
    tokio::task::spawn_blocking(move || {
        if let Err(error) = read_all(counted, (format, skipped), &read, &sender) {
            let _ = sender.blocking_send(Err(error));
        }
    });
    (receiver, position)
}

fn read_all(
    file: Counted,
    (format, skipped): (Format, u64),
    position: &AtomicU64,
    sender: &mpsc::Sender<io::Result<Chunk>>,
) -> io::Result<()> {
    let mut lines = import::lines(file)?;
    for _ in 0..skipped {
        if lines.next_line()?.is_none() {
            return Ok(());
        }
        if sender.is_closed() {
            return Ok(());
        }
    }
    loop {
        let (mut body, mut count) = (Vec::with_capacity(CHUNK_BYTES + (64 << 10)), 0);
        while body.len() < CHUNK_BYTES {
            let Some(line) = lines.next_line()? else {
                break;
            };
            match format {
                Format::Lines => {
                    serde_json::to_writer(&mut body, &String::from_utf8_lossy(line.bytes()))?;
                }
                Format::Ndjson => body.extend_from_slice(line.bytes()),
            }
            body.push(b'\n');
            count += 1;
        }
        if count == 0 {
            return Ok(());
        }
        let chunk = Chunk {
            body,
            lines: count,
            position: position.load(Ordering::Relaxed),
        };
        if sender.blocking_send(Ok(chunk)).is_err() {
            return Ok(());
        }
    }
}

/// Counts what was read of a file.
struct Counted {
    file: File,
    position: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.position.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

/// Where the next attempt goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// Lines that were delivered.
    lines: u64,
    /// Chunks that were delivered.
    chunks: u64,
    accepted: u64,
    rejected: u64,
}

#[async_trait]
impl JobHandler for ProcessData {
    fn kind(&self) -> &'static str {
        "process_data"
    }

    fn about(&self) -> &'static str {
        "Reads in a file that lies in the server's import folder: plain, gzip or zstd."
    }

    fn example(&self) -> String {
        let example =
            serde_json::json!({ "file": "app.log.gz", "source": "app", "format": "lines" });
        example.to_string()
    }

    fn check(&self, parameters: &str, _: Timestamp) -> Result<String, String> {
        let wanted = Wanted::read(parameters)?;
        if self.folder.is_none() {
            return Err(NO_FOLDER.to_owned());
        }
        serde_json::to_string(&wanted).map_err(|error| error.to_string())
    }

    async fn run(&self, run: &dyn JobRun) -> Result<String, JobError> {
        let job = run.job();
        let wanted = Wanted::read(&job.parameters).map_err(JobError::Refused)?;
        let mark = job.checkpoint.as_deref();
        let mut mark: Mark = mark
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let (file, size) = self.open(&wanted)?;
        let (mut chunks, position) = chunks(file, wanted.format, mark.lines);
        let far = |position: u64| Progress::of(position.min(size), size, "bytes");
        loop {
            run.progress(far(position.load(Ordering::Relaxed)));
            let chunk = tokio::select! {
                () = run.stopped() => return Err(JobError::Stopped),
                chunk = chunks.recv() => chunk,
            };
            let chunk = match chunk {
                Some(Ok(chunk)) => chunk,
                Some(Err(error)) => {
                    let text = format!("`file` {}: {error}", wanted.file);
                    return Err(JobError::Refused(text));
                }
                None => break,
            };
            let decoded = self.decode(job, &wanted, mark.chunks, &chunk);
            let (accepted, rejected) = (decoded.accepted as u64, decoded.rejected as u64);
            self.deliver(decoded, run).await?;
            mark.lines += chunk.lines;
            mark.chunks += 1;
            mark.accepted += accepted;
            mark.rejected += rejected;
            run.progress(far(chunk.position));
            let text = serde_json::to_string(&mark);
            let text = text.map_err(|error| JobError::Failed(error.to_string()))?;
            run.checkpoint(text).await?;
        }
        let result = serde_json::json!({
            "accepted": mark.accepted, "rejected": mark.rejected, "bytes": size,
        });
        Ok(result.to_string())
    }
}

#[cfg(test)]
mod tests;
