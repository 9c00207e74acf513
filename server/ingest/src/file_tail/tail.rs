//! Follows many files: finds them, reads them in turn, keeps those that were rotated away until
//! they are read to their end. Synchronous and without a clock; the driver does.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use tocsin_domain::Timestamp;
use tocsin_domain::ports::FilePosition;

use super::config::{FileTailConfig, StartAt};
use super::discover::{self, Found};
use super::file::{Chunk, TailedFile};
use super::identity::Identity;
use super::status::{FileState, StatusBoard};

/// How long, in nanoseconds, a file that no path leads to is read on: its writer may not have
/// noticed the rotation yet.
const LOST_AFTER: i64 = 10_000_000_000;
/// About how many bytes one round may bring together.
const ROUND_BYTES: u64 = 8 << 20;
/// How many bytes are read at a time.
const READ_BYTES: usize = 256 << 10;
/// After this long, in nanoseconds, without a record a file is said to wait.
const QUIET_AFTER: i64 = 60_000_000_000;

/// All followed files.
#[derive(Debug)]
pub(super) struct Tail {
    config: FileTailConfig,
    host: Arc<str>,
    board: StatusBoard,
    files: BTreeMap<Identity, TailedFile>,
    kept: Vec<FilePosition>,
    /// False until the globs were looked up once.
    discovered: bool,
    /// The file that has the first turn in the next round.
    next: Option<Identity>,
    buffer: Vec<u8>,
}

impl Tail {
    /// `kept` are the positions of the last run.
    pub(super) fn new(
        config: FileTailConfig,
        host: &str,
        board: StatusBoard,
        kept: Vec<FilePosition>,
    ) -> Self {
        Self {
            config,
            host: Arc::from(host),
            board,
            files: BTreeMap::new(),
            kept,
            discovered: false,
            next: None,
            buffer: vec![0; READ_BYTES],
        }
    }

    /// Looks up the globs: follows what is new, notes what is gone. Returns files that are read to
    /// their end and gone, whose positions may be forgotten.
    pub(super) fn discover(&mut self, now: Timestamp) -> Vec<(u64, u64)> {
        let found = discover::find(&self.config, &self.board);
        if !self.discovered {
            self.follow_rotated(&found);
        }
        let start_at = if self.discovered {
            StartAt::Beginning
        } else {
            self.config.start_at
        };
        let mut present: HashMap<Identity, ()> = HashMap::with_capacity(found.len());
        for found in found {
            present.insert(found.identity, ());
            if !self.files.contains_key(&found.identity) {
                self.follow(found, start_at);
            }
        }
        self.discovered = true;
        self.board
            .settle(Timestamp(now.0.saturating_sub(QUIET_AFTER)));
        self.forget_lost(&present, now)
    }

    /// Files that were rotated away since the last run are read to their end first.
    fn follow_rotated(&mut self, found: &[Found]) {
        let missing: Vec<Found> = self
            .kept
            .iter()
            .filter(|kept| !found.iter().any(|found| found.identity.inode == kept.inode))
            .filter_map(|kept| {
                let rotated = discover::find_rotated(kept)?;
                Some(Found {
                    path: rotated.path,
                    identity: rotated.identity,
                })
            })
            .collect();
        for found in missing {
            let original = self.kept.iter().find(|kept| {
                (kept.device, kept.inode) == (found.identity.device, found.identity.inode)
            });
            let original = original.map(|kept| kept.path.clone());
            let identity = found.identity;
            self.follow(found, StartAt::End);
            // Its records are of the source that it was when they were written.
            if let Some(file) = self.files.get_mut(&identity)
                && let Some(original) = original
            {
                file.rename(original);
            }
        }
    }

    fn follow(&mut self, found: Found, start_at: StartAt) {
        let opened = discover::open(&found.path).and_then(|(file, fingerprint)| {
            let place = (&file, found.identity, found.path.as_path());
            let start = discover::start(place, &self.kept, start_at)
                .map_err(|error| discover::explain(&error))?;
            Ok((file, fingerprint, start))
        });
        match opened {
            Ok((file, fingerprint, (offset, mid_line))) => {
                self.board.set(&found.path, FileState::Waiting, "");
                let opened = (file, found.identity, fingerprint);
                let host = self.host.clone();
                let mut file = TailedFile::new(found.path, opened, offset, host, &self.config);
                if mid_line {
                    file.skip_first_line();
                }
                self.files.insert(found.identity, file);
            }
            Err((state, detail)) => self.board.set(&found.path, state, &detail),
        }
    }

    fn forget_lost(&mut self, present: &HashMap<Identity, ()>, now: Timestamp) -> Vec<(u64, u64)> {
        let mut gone = Vec::new();
        self.files.retain(|identity, file| {
            if present.contains_key(identity) {
                file.lost_since = None;
                return true;
            }
            let since = *file.lost_since.get_or_insert(now);
            let waited = now.0.saturating_sub(since.0);
            let keep = waited < LOST_AFTER || !file.is_finished();
            if !keep {
                gone.push((identity.device, identity.inode));
            }
            keep
        });
        gone
    }

    /// The files that are followed.
    pub(super) fn files(&self) -> impl Iterator<Item = (Identity, &Path)> {
        self.files
            .iter()
            .map(|(identity, file)| (*identity, file.path.as_path()))
    }

    /// One round over the files, each in its turn; what it brings is to be accepted before the next.
    pub(super) fn poll(&mut self, now: Timestamp) -> Vec<Chunk> {
        let first = self.next.take();
        let mut order: Vec<Identity> = self.files.keys().copied().collect();
        if let Some(first) = first {
            let start = order.partition_point(|identity| *identity < first);
            order.rotate_left(start);
        }
        let mut chunks = Vec::new();
        let mut bytes = 0;
        for identity in order {
            if bytes >= ROUND_BYTES {
                self.next = Some(identity);
                break;
            }
            let Some(file) = self.files.get_mut(&identity) else {
                continue;
            };
            match file.poll(&self.config, &mut self.buffer, now) {
                Ok(Some(chunk)) => {
                    bytes += chunk.bytes;
                    chunks.push(chunk);
                }
                Ok(None) => {}
                Err(error) => {
                    let (state, detail) = discover::explain(&error);
                    self.board.set(&file.path, state, &detail);
                }
            }
        }
        chunks
    }

    /// To be called once the records of `chunks` were accepted.
    pub(super) fn accepted(&self, chunks: &[Chunk], now: Timestamp) {
        for chunk in chunks {
            let records = chunk.batch.as_ref().map_or(0, |batch| batch.records.len());
            self.board
                .count(&chunk.path, (records as u64, chunk.bytes), now);
        }
    }
}
