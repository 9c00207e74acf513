//! The storage behind the bus: one keyspace of `fjall`, its keys, and what it holds at start.
//!
//! Events lie under `1, partition, offset`, acknowledged offsets under `0 'a', partition`. Events
//! are large and short-lived, so values are kept apart from keys: an event that is acknowledged
//! while it is in memory is never written again, and what had to be written lies in files that
//! are dropped whole. One keyspace for everything lets journals go as soon as it is flushed.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use fjall::config::{CompressionPolicy, FilterPolicy};
use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, LsmError,
    OwnedWriteBatch, PersistMode, Readable, Snapshot,
};

use crate::BusConfig;
use crate::backed::{Key, number};

/// The block cache: queues are read once, so there is nothing to keep.
const CACHE_BYTES: u64 = 1 << 20;
/// The smallest total of journals that fjall accepts; older ones are then dropped soonest.
const JOURNAL_BYTES: u64 = 64 << 20;
/// Values from here on are kept apart from their keys.
const SEPARATE_BYTES: u32 = 4096;
/// Files of values are rewritten only when almost nothing in them is left, which is to say never.
const STALE_RATIO: f32 = 0.95;
/// Files that the engine may keep open.
const FILES_MAX: usize = 64;
/// A database that was just dropped may hold its lock a moment longer.
const LOCK_RETRIES: u32 = 5;

/// Why the storage did not do as asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum EngineError {
    #[error("another process holds the bus at {0}")]
    Locked(String),
    #[error("the storage engine refused")]
    Fjall(#[source] fjall::Error),
    #[error("the storage stopped after a failed write and is not open again yet")]
    Stopped,
}

impl From<fjall::Error> for EngineError {
    fn from(error: fjall::Error) -> Self {
        Self::Fjall(error)
    }
}

/// What was found at start.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The number of partitions the events were spread over.
    pub(super) partitions: Option<u16>,
    /// Acknowledged offsets.
    pub(super) acknowledged: BTreeMap<u16, u64>,
    /// Per partition the first offset, and the sizes from there on; 0 where there is no event.
    pub(super) sizes: BTreeMap<u16, (u64, VecDeque<u32>)>,
}

/// What is to be written as one.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Events to add: partition, offset, bytes.
    pub(super) events: Vec<(u16, u64, Bytes)>,
    /// Events to remove: partition, offset.
    pub(super) removed: Vec<(u16, u64)>,
    /// Acknowledged offsets to keep.
    pub(super) acknowledged: Vec<(u16, u64)>,
    /// The number of partitions to keep.
    pub(super) partitions: Option<u16>,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
            && self.removed.is_empty()
            && self.acknowledged.is_empty()
            && self.partitions.is_none()
    }
}

/// The open database.
pub(super) struct Engine {
    database: Database,
    queue: Keyspace,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    pub(super) fn open(path: &Path, config: &BusConfig) -> Result<Self, EngineError> {
        let mut retries = LOCK_RETRIES;
        loop {
            match Self::try_open(path, config) {
                Err(fjall::Error::Locked) if retries > 0 => {
                    retries -= 1;
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(fjall::Error::Locked) => {
                    return Err(EngineError::Locked(path.display().to_string()));
                }
                opened => return Ok(opened?),
            }
        }
    }

    fn try_open(path: &Path, config: &BusConfig) -> fjall::Result<Self> {
        let database = Database::builder(path)
            .cache_size(CACHE_BYTES)
            .max_cached_files(Some(FILES_MAX))
            .max_journaling_size(JOURNAL_BYTES)
            .manual_journal_persist(true)
            .worker_threads(1)
            .open()?;
        let values = KvSeparationOptions::default()
            .compression(CompressionType::None)
            .separation_threshold(SEPARATE_BYTES)
            .staleness_threshold(STALE_RATIO);
        let queue = database.keyspace("queue", || {
            KeyspaceCreateOptions::default()
                .manual_journal_persist(true)
                .max_memtable_size(config.memory_bytes_max.max(1 << 20))
                .data_block_compression_policy(CompressionPolicy::disabled())
                .index_block_compression_policy(CompressionPolicy::disabled())
                .filter_policy(FilterPolicy::disabled())
                .with_kv_separation(Some(values))
        })?;
        Ok(Self { database, queue })
    }

    /// Reads all keys, and sizes without their values.
    pub(super) fn find(&self) -> Result<Found, EngineError> {
        let mut found = Found::default();
        for guard in self.queue.iter() {
            let key = guard.key()?;
            match Key::read(&key) {
                Some(Key::Partitions) => {
                    let value = self.queue.get(&key)?;
                    found.partitions = value.and_then(|value| number(&value)?.try_into().ok());
                }
                Some(Key::Acknowledged(partition)) => {
                    let value = self.queue.get(&key)?;
                    let offset = value.and_then(|value| number(&value)).unwrap_or(0);
                    found.acknowledged.insert(partition, offset);
                }
                Some(Key::Event(partition, offset)) => {
                    let size = self.queue.size_of(&key)?.unwrap_or(0);
                    let (first, sizes) = found
                        .sizes
                        .entry(partition)
                        .or_insert_with(|| (offset, VecDeque::new()));
                    let index = usize::try_from(offset - *first).unwrap_or(usize::MAX);
                    sizes.resize(index, 0);
                    sizes.push_back(size);
                }
                None => tracing::warn!(key = ?&*key, "the bus holds a key that it does not know"),
            }
        }
        Ok(found)
    }

    /// The bytes of an event, without a copy while it is in memory.
    pub(super) fn get(&self, partition: u16, offset: u64) -> Result<Option<Bytes>, EngineError> {
        let value = self.queue.get(Key::Event(partition, offset).write())?;
        Ok(value.map(Bytes::from))
    }

    /// Writes everything or nothing. With events, returns once they are on disk.
    ///
    /// A failed write leaves the database refusing all others: it must be opened again.
    pub(super) fn commit(&self, changes: &Changes) -> Result<(), EngineError> {
        let mode = if changes.events.is_empty() {
            PersistMode::Buffer
        } else {
            PersistMode::SyncData
        };
        let capacity = changes.events.len() + changes.removed.len() + 8;
        let mut batch =
            OwnedWriteBatch::with_capacity(self.database.clone(), capacity).durability(Some(mode));
        for (partition, offset, bytes) in &changes.events {
            let key = Key::Event(*partition, *offset).write();
            batch.insert(&self.queue, key, bytes.clone());
        }
        for (partition, offset) in &changes.removed {
            batch.remove(&self.queue, Key::Event(*partition, *offset).write());
        }
        for (partition, offset) in &changes.acknowledged {
            let key = Key::Acknowledged(*partition).write();
            batch.insert(&self.queue, key, offset.to_be_bytes());
        }
        if let Some(partitions) = changes.partitions {
            let value = u64::from(partitions).to_be_bytes();
            batch.insert(&self.queue, Key::Partitions.write(), value);
        }
        Ok(batch.commit()?)
    }

    /// What is there now, whatever is written later.
    pub(super) fn view(&self) -> View {
        View {
            snapshot: self.database.snapshot(),
            queue: self.queue.clone(),
            _database: self.database.clone(),
        }
    }

    /// Writes keys and values as they were in a view; they are on disk when it returns.
    pub(super) fn put_back(&self, entries: Vec<(Vec<u8>, Vec<u8>)>) -> Result<(), EngineError> {
        let mut batch = OwnedWriteBatch::with_capacity(self.database.clone(), entries.len())
            .durability(Some(PersistMode::SyncAll));
        for (key, value) in entries {
            batch.insert(&self.queue, key, value);
        }
        Ok(batch.commit()?)
    }

    /// Whether nothing was ever written.
    pub(super) fn is_empty(&self) -> Result<bool, EngineError> {
        Ok(self.queue.is_empty()?)
    }

    /// Waits while the engine is behind with its files.
    ///
    /// The engine would wait by itself, but for ever if its worker has died of a full disk.
    pub(super) fn wait_for_worker(&self) -> Result<(), EngineError> {
        while self.queue.sealed_memtable_count() > 1 || self.queue.l0_table_count() > 16 {
            self.database.persist(PersistMode::Buffer)?;
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Gives back the memory of events that are gone.
    pub(super) fn release_memory(&self) -> Result<(), EngineError> {
        self.queue.rotate_memtable()?;
        Ok(())
    }

    /// Drops the files of events that are gone. Cheap when next to nothing else is there. The
    /// journal stays: the engine begins a new one only when it is full.
    ///
    /// The engine forgets in steps: one pass counts what is gone from each file, the next lets go
    /// of empty ones, and the files go with the last memtable that may have known of them.
    pub(super) fn release_files(&self, partitions: u16) -> Result<(), EngineError> {
        for _ in 0..2 {
            self.queue.major_compact()?;
            let value = u64::from(partitions).to_be_bytes();
            self.queue.insert(Key::Partitions.write(), value)?;
            self.queue.rotate_memtable()?;
        }
        Ok(())
    }
}

/// The keys and values of one moment.
pub(super) struct View {
    // Dropped before what it is of.
    snapshot: Snapshot,
    queue: Keyspace,
    _database: Database,
}

impl View {
    /// All keys, ascending.
    pub(super) fn keys(&self) -> Result<Vec<Vec<u8>>, EngineError> {
        self.snapshot
            .iter(&self.queue)
            .map(|entry| Ok(entry.key()?.to_vec()))
            .collect()
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        let value = self.snapshot.get(&self.queue, key)?;
        Ok(value.map(|value| value.to_vec()))
    }
}

impl EngineError {
    /// True if the bytes are there but wrong, so that asking again is of no use.
    pub(super) fn is_corruption(&self) -> bool {
        match self {
            Self::Fjall(fjall::Error::Storage(error)) => !matches!(error, LsmError::Io(_)),
            Self::Fjall(fjall::Error::Decompress(_) | fjall::Error::InvalidTag(_)) => true,
            _ => false,
        }
    }
}
