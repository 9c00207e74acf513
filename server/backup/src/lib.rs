//! Backups: what the stores hold at one moment, written down in a folder or in S3, and put back.
//!
//! A [`Repository`] is a place with `objects/`, each named by the hash of what it holds, and
//! `snapshots/`, a manifest each. An object that is there is not written again, so a backup costs
//! what is new; a manifest is written last, so a backup that broke off is none. [`backup`] writes
//! the parts that it is given, [`restore`] verifies a snapshot and gives its items to restorations,
//! [`migrate`](mod@migrate) leads the items of one store into another. [`rows`] has the forms that do
//! not know the engine: log lines, points and vectors as the ports give and take them.
//!
//! Not here: which parts there are, when a backup is made, and what of the stores is a snapshot:
//! that is each store's own.

mod backup;
mod config;
mod error;
mod files;
mod manifest;
pub mod migrate;
mod object;
mod place;
mod repository;
mod restore;
pub mod rows;
#[cfg(test)]
mod tests;

pub use backup::{Backup, Part, Written};
pub use config::BackupConfig;
pub use error::BackupError;
pub use files::{FileRestoration, Files};
pub use manifest::{Item, Manifest, Mark, PartManifest};
pub use place::{AwsSettings, Place};
pub use repository::{Pruned, Repository, Verified};
pub use restore::{Restored, restore};

/// What is told while a backup, a restoration or a migration is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The part that is at work.
    pub part: String,
    /// Items of the part that are done.
    pub items: u64,
    /// Records of the part that are done.
    pub records: u64,
    /// Bytes that were written, or read, so far; of all parts.
    pub bytes: u64,
}

/// Is told of progress; must not wait.
pub type Watcher = std::sync::Arc<dyn Fn(&Progress) + Send + Sync>;

/// A hash of a text, as hexadecimal digits.
#[must_use]
pub fn fingerprint(text: &str) -> String {
    object::hash(text.as_bytes())
}
