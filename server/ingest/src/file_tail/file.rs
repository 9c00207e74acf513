//! One followed file: reads what was added, notices that it was truncated or written anew, gives
//! batches and the position that each of them reaches.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use tocsin_domain::ports::FilePosition;
use tocsin_domain::{BatchBuilder, BatchId, Issues, LogBatch, NewRecord, Timestamp};
use xxhash_rust::xxh3::xxh3_128;

use super::config::FileTailConfig;
use super::identity::{Fingerprint, Identity};
use super::status::source_of;
use crate::line;
use crate::lines::{Line, LineSplitter};
use crate::multiline::{Joined, Joiner};
use crate::timestamp::{Learner, Reading};

/// Records of one file and how far they reach.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) path: PathBuf,
    /// None if only bytes without a record (blank lines) were passed over.
    pub(super) batch: Option<LogBatch>,
    pub(super) position: FilePosition,
    /// Bytes of the file that were read for it.
    pub(super) bytes: u64,
}

/// A followed file.
#[derive(Debug)]
pub(super) struct TailedFile {
    pub(super) path: PathBuf,
    pub(super) identity: Identity,
    source: Arc<str>,
    host: Arc<str>,
    file: File,
    fingerprint: Fingerprint,
    /// Where to read on.
    read_at: u64,
    /// Up to where the bytes are in records that were given out.
    given_to: u64,
    splitter: LineSplitter,
    joiner: Joiner,
    learner: Learner,
    /// When bytes came last.
    grew_at: Timestamp,
    /// Since when no path leads to it.
    pub(super) lost_since: Option<Timestamp>,
    /// True if the first line is the end of one that began before the place we start at.
    skips_first: bool,
}

impl TailedFile {
    pub(super) fn new(
        path: PathBuf,
        (file, identity, fingerprint): (File, Identity, Fingerprint),
        offset: u64,
        host: Arc<str>,
        config: &FileTailConfig,
    ) -> Self {
        Self {
            source: source_of(&path),
            path,
            identity,
            host,
            file,
            fingerprint,
            read_at: offset,
            given_to: offset,
            splitter: LineSplitter::new(config.line_bytes_max),
            joiner: Joiner::new(config.multiline, config.line_bytes_max),
            learner: Learner::new(config.zone_offset_minutes.saturating_mul(60)),
            grew_at: Timestamp::MIN,
            lost_since: None,
            skips_first: false,
        }
    }

    /// Gives its records the source of the path that it had before it was rotated.
    pub(super) fn rename(&mut self, original: PathBuf) {
        self.source = source_of(&original);
        self.path = original;
    }

    /// Begins with the first line after the place it starts at.
    pub(super) const fn skip_first_line(&mut self) {
        self.skips_first = true;
    }

    /// Where the file is now.
    pub(super) fn position(&self) -> FilePosition {
        FilePosition {
            path: self.path.clone(),
            device: self.identity.device,
            inode: self.identity.inode,
            fingerprint: self.fingerprint.hash,
            fingerprint_bytes: self.fingerprint.bytes,
            offset: self.given_to,
        }
    }

    /// True if everything in it was read and given out.
    pub(super) fn is_finished(&self) -> bool {
        self.read_at == self.given_to
            && self
                .file
                .metadata()
                .is_ok_and(|metadata| metadata.len() <= self.read_at)
    }

    /// Reads what was added, at most `config.turn_bytes_max`; none if there is nothing to give out.
    /// Within a line longer than a turn a chunk is empty, so that the next turn follows at once.
    pub(super) fn poll(
        &mut self,
        config: &FileTailConfig,
        buffer: &mut [u8],
        now: Timestamp,
    ) -> io::Result<Option<Chunk>> {
        let mut gathering = Gathering::new(self, now);
        let before = self.given_to;
        let size = self.file.metadata()?.len();
        let mut bytes = 0;
        if size < self.read_at || size > self.read_at && !self.fingerprint.holds_for(&self.file)? {
            self.start_over(&mut gathering)?;
        }
        while bytes < config.turn_bytes_max as u64 {
            let read = self.file.read_at(buffer, self.read_at)?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
            self.take(&buffer[..read], &mut gathering);
        }
        if bytes > 0 {
            self.grew_at = now;
            if self.fingerprint.may_grow() {
                self.fingerprint = Fingerprint::of(&self.file)?;
            }
        }
        // At the end of what is there: nobody waits for a line that is whole by itself.
        let is_whole_turn = bytes >= config.turn_bytes_max as u64;
        let is_whole = self.splitter.partial_length() == 0 && !self.joiner.may_go_on();
        if !is_whole_turn && (is_whole || bytes == 0 && self.is_overdue(config, now)) {
            self.flush(&mut gathering);
        }
        let moved = before != self.given_to;
        let batch = gathering.finish();
        Ok((is_whole_turn || moved || batch.is_some()).then(|| Chunk {
            path: self.path.clone(),
            batch,
            position: self.position(),
            bytes,
        }))
    }

    /// True if what waits for more has waited long enough. A clock that jumps back counts as that.
    fn is_overdue(&self, config: &FileTailConfig, now: Timestamp) -> bool {
        let waited = now.0.saturating_sub(self.grew_at.0) / 1_000_000;
        let waits = self.joiner.is_pending() || self.splitter.partial_length() > 0;
        waits && !(0..config.flush_ms as i64).contains(&waited)
    }

    /// The file was truncated, or written anew under the same inode.
    fn start_over(&mut self, gathering: &mut Gathering) -> io::Result<()> {
        self.flush(gathering);
        self.read_at = 0;
        self.given_to = 0;
        self.skips_first = false;
        self.fingerprint = Fingerprint::of(&self.file)?;
        Ok(())
    }

    fn take(&mut self, bytes: &[u8], gathering: &mut Gathering) {
        self.read_at += bytes.len() as u64;
        let Self {
            splitter,
            joiner,
            learner,
            given_to,
            host,
            skips_first,
            ..
        } = self;
        let mut line_start = self.read_at - bytes.len() as u64 - splitter.partial_length();
        splitter.push(bytes, &mut |line: Line<'_>| {
            if std::mem::take(skips_first) {
                line_start += line.length;
                *given_to = line_start;
                return;
            }
            let text = without_zeros(line.bytes);
            let begins = joiner.push((text, line.is_cut), &mut |joined: Joined<'_>| {
                gathering.push(joined, host, learner);
            });
            if begins {
                *given_to = line_start;
            }
            line_start += line.length;
            if !joiner.is_pending() {
                *given_to = line_start;
            }
        });
    }

    /// Gives out what waits for more.
    fn flush(&mut self, gathering: &mut Gathering) {
        let Self {
            splitter,
            joiner,
            learner,
            host,
            ..
        } = self;
        let mut keep = |joined: Joined<'_>| gathering.push(joined, host, learner);
        splitter.flush(&mut |line: Line<'_>| {
            joiner.push((without_zeros(line.bytes), line.is_cut), &mut keep);
        });
        joiner.flush(&mut keep);
        self.given_to = self.read_at;
    }
}

/// Without the zeros that stand before the first line after a `copytruncate` if the writer does not
/// append.
fn without_zeros(line: &[u8]) -> &[u8] {
    if line.first() != Some(&0) {
        return line;
    }
    let text = line.iter().position(|byte| *byte != 0);
    &line[text.unwrap_or(line.len())..]
}

/// The batch that one poll fills.
struct Gathering {
    builder: BatchBuilder,
    now: Timestamp,
}

impl Gathering {
    /// The random part of the batch's id is a hash of the file and the place in it, so that records
    /// which are read again after a crash can be told by their ids.
    fn new(file: &TailedFile, now: Timestamp) -> Self {
        let mut bytes = [0; 40];
        let parts = [
            file.identity.device,
            file.identity.inode,
            file.fingerprint.hash,
            file.fingerprint.bytes,
            file.given_to,
        ];
        for (to, part) in bytes.chunks_exact_mut(8).zip(parts) {
            to.copy_from_slice(&part.to_le_bytes());
        }
        let mut random = [0; 10];
        random.copy_from_slice(&xxh3_128(&bytes).to_le_bytes()[..10]);
        Self {
            builder: BatchBuilder::new(BatchId::new(now, random), now, file.source.clone()),
            now,
        }
    }

    fn push(&mut self, joined: Joined<'_>, host: &str, learner: &mut Learner) {
        let mut issues = Issues::NONE;
        if joined.is_cut {
            issues = issues.with(Issues::TRUNCATED);
        }
        if std::str::from_utf8(joined.bytes).is_err() {
            issues = issues.with(Issues::INVALID_UTF8);
        }
        let unknown = (Reading::Missing, tocsin_domain::Severity::UNSPECIFIED);
        let (timestamp, severity, found) = line::complete(joined.bytes, unknown, learner, self.now);
        // One turn is far below what a batch can hold, so there is always room.
        let _ = self.builder.push(NewRecord {
            body: joined.bytes,
            timestamp,
            severity,
            issues: issues.with(found),
            host,
            ..NewRecord::default()
        });
    }

    fn finish(self) -> Option<LogBatch> {
        (!self.builder.is_empty()).then(|| self.builder.finish())
    }
}
