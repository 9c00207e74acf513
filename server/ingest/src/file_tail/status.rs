//! What the reader of files says of each file, for the page of data sources.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tocsin_domain::Timestamp;

/// What a followed file is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// Lines came within the last minute, or are being read.
    Reading,
    /// All is well, but there is nothing new.
    Waiting,
    /// It cannot be read; the detail says why.
    Error,
}

/// One file, or one configured path that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStatus {
    /// The path by which it was found.
    pub path: PathBuf,
    /// The source of its records: `file:<path>`.
    pub source: Arc<str>,
    /// What it is doing.
    pub state: FileState,
    /// A sentence on the state; empty if there is nothing to say.
    pub detail: String,
    /// Records accepted since the start.
    pub records: u64,
    /// Bytes of the file that were read since the start.
    pub bytes: u64,
    /// When the last record was accepted.
    pub last_record_at: Option<Timestamp>,
}

/// The status of every file; a handle to share.
#[derive(Debug, Clone, Default)]
pub struct StatusBoard {
    files: Arc<Mutex<BTreeMap<PathBuf, FileStatus>>>,
}

impl StatusBoard {
    /// Every file by path.
    #[must_use]
    pub fn snapshot(&self) -> Vec<FileStatus> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.values().cloned().collect()
    }

    pub(super) fn set(&self, path: &Path, state: FileState, detail: &str) {
        self.update(path, |status| {
            status.state = state;
            if status.detail != detail {
                detail.clone_into(&mut status.detail);
            }
        });
    }

    pub(super) fn count(&self, path: &Path, (records, bytes): (u64, u64), now: Timestamp) {
        self.update(path, |status| {
            status.records += records;
            status.bytes += bytes;
            if records > 0 {
                status.last_record_at = Some(now);
                status.state = FileState::Reading;
                status.detail.clear();
            }
        });
    }

    /// Forgets the paths that are not wanted any more.
    pub(super) fn retain(&self, is_wanted: impl Fn(&Path) -> bool) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|path, _| is_wanted(path));
    }

    /// Files from which nothing came since `since` wait.
    pub(super) fn settle(&self, since: Timestamp) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        for status in files.values_mut() {
            if status.state == FileState::Reading
                && status.last_record_at.is_none_or(|at| at < since)
            {
                status.state = FileState::Waiting;
            }
        }
    }

    fn update(&self, path: &Path, change: impl FnOnce(&mut FileStatus)) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(status) = files.get_mut(path) {
            change(status);
            return;
        }
        let mut status = FileStatus {
            path: path.to_path_buf(),
            source: source_of(path),
            state: FileState::Waiting,
            detail: String::new(),
            records: 0,
            bytes: 0,
            last_record_at: None,
        };
        change(&mut status);
        files.insert(path.to_path_buf(), status);
    }
}

/// The source of the records of a file.
pub(super) fn source_of(path: &Path) -> Arc<str> {
    Arc::from(format!("file:{}", path.display()))
}
