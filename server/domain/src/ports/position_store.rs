//! The position store: how far each followed file has been read, kept over restarts.

use std::path::PathBuf;

use async_trait::async_trait;

use super::log_store::StoreError;

/// How far a file has been read.
///
/// A file is the same file while its device, inode and first bytes are; its name may change by
/// rotation. An inode alone is not enough: it is used again for another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePosition {
    /// Where it was seen last.
    pub path: PathBuf,
    /// The device it lies on.
    pub device: u64,
    /// Its inode there.
    pub inode: u64,
    /// A hash of its first bytes.
    pub fingerprint: u64,
    /// How many first bytes the hash covers; fewer than usual while the file is short.
    pub fingerprint_bytes: u64,
    /// Bytes from the start whose lines are safe on the bus.
    pub offset: u64,
}

/// How far each followed file has been read. A file is named by its device and inode.
#[async_trait]
pub trait PositionStore: Send + Sync {
    /// All positions, in no order.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn load_positions(&self) -> Result<Vec<FilePosition>, StoreError>;

    /// Keeps these positions, each in place of the one of the same file, all or none; the others
    /// stay. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn save_positions(&self, positions: Vec<FilePosition>) -> Result<(), StoreError>;

    /// Forgets files (device and inode) that are gone; unknown ones are passed over.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn forget_positions(&self, files: Vec<(u64, u64)>) -> Result<(), StoreError>;
}
