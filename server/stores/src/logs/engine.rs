//! The engine under the blocks: one `fjall` keyspace whose large values lie beside the tree.
//!
//! Every change is one ingestion: a table and a file of values that appear as one or not at all,
//! synced before they do. So a byte of a block is written once, no journal is needed (the bus is
//! the journal), and dropping a block leaves a file of values that no key points to.

use std::collections::BTreeMap;
use std::path::Path;

use fjall::{
    Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, Readable, Slice, Snapshot,
};
use parking_lot::Mutex;
use tocsin_domain::ports::StoreError;

use super::config::LogStoreConfig;

/// Values from this size on lie beside the tree, where compaction of keys does not touch them.
const SEPARATED_BYTES_MIN: u32 = 2 << 10;
/// The engine's table in memory is never used beyond its own needs.
const MEMTABLE_BYTES: u64 = 1 << 20;
/// Files of values with more than this share of dead bytes are rewritten.
const STALE_SHARE_MAX: f32 = 0.25;

/// What is written together: values by key, or nothing to remove the key.
pub(crate) type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The engine under the blocks.
pub(crate) struct Engine {
    database: Database,
    keyspace: Keyspace,
    /// One writer at a time.
    writer: Mutex<()>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

/// The engine refuses.
pub(crate) fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

impl Engine {
    pub(crate) fn open(path: &Path, config: &LogStoreConfig) -> Result<Self, StoreError> {
        let database = Database::builder(path)
            .cache_size(config.engine_cache_bytes_max)
            .worker_threads(1)
            .open()
            .map_err(unavailable)?;
        let options = || {
            KeyspaceCreateOptions::default()
                .max_memtable_size(MEMTABLE_BYTES)
                .with_kv_separation(Some(
                    KvSeparationOptions::default()
                        .compression(fjall::CompressionType::None)
                        .separation_threshold(SEPARATED_BYTES_MIN)
                        .staleness_threshold(STALE_SHARE_MAX),
                ))
        };
        let keyspace = database.keyspace("logs", options).map_err(unavailable)?;
        Ok(Self {
            database,
            keyspace,
            writer: Mutex::new(()),
        })
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Slice>, StoreError> {
        self.keyspace.get(key).map_err(unavailable)
    }

    /// All keys and values that begin with `prefix`, ascending.
    pub(crate) fn scan(&self, prefix: &[u8]) -> Result<Vec<(Slice, Slice)>, StoreError> {
        self.keyspace
            .prefix(prefix)
            .map(|entry| entry.into_inner().map_err(unavailable))
            .collect()
    }

    /// All keys that begin with `prefix`, ascending.
    pub(crate) fn keys(&self, prefix: &[u8]) -> Result<Vec<Slice>, StoreError> {
        self.keyspace
            .prefix(prefix)
            .map(|entry| entry.key().map_err(unavailable))
            .collect()
    }

    /// Writes all changes as one; they are on disk when it returns.
    pub(crate) fn commit(&self, changes: Changes) -> Result<(), StoreError> {
        let _writer = self.writer.lock();
        let mut ingestion = self.keyspace.start_ingestion().map_err(unavailable)?;
        for (key, value) in changes {
            match value {
                Some(value) => ingestion.write(key, value),
                None => ingestion.write_tombstone(key),
            }
            .map_err(unavailable)?;
        }
        ingestion.finish().map_err(unavailable)
    }

    /// What is there now, whatever is written later.
    pub(crate) fn view(&self) -> View {
        View {
            snapshot: self.database.snapshot(),
            keyspace: self.keyspace.clone(),
            _database: self.database.clone(),
        }
    }

    /// Gives the bytes of removed values back to the disk.
    pub(crate) fn compact(&self) -> Result<(), StoreError> {
        let _writer = self.writer.lock();
        self.keyspace.major_compact().map_err(unavailable)
    }

    /// Bytes on disk.
    pub(crate) fn disk_bytes(&self) -> u64 {
        // The journal is not counted: its file has a length but holds next to nothing.
        self.keyspace.disk_space()
    }
}

/// The keys and values of one moment.
pub(crate) struct View {
    // Dropped before what it is of.
    snapshot: Snapshot,
    keyspace: Keyspace,
    _database: Database,
}

impl View {
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Slice>, StoreError> {
        self.snapshot.get(&self.keyspace, key).map_err(unavailable)
    }

    /// All keys and values that begin with `prefix`, ascending.
    pub(crate) fn scan(&self, prefix: &[u8]) -> Result<Vec<(Slice, Slice)>, StoreError> {
        self.snapshot
            .prefix(&self.keyspace, prefix)
            .map(|entry| entry.into_inner().map_err(unavailable))
            .collect()
    }
}
