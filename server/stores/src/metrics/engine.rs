//! The engine under the blocks: `fjall`, with one keyspace for blocks and one for states.
//!
//! Every change is one ingestion: a table and a file of values that appear as one or not at all,
//! synced before they do. No journal is needed, since the bus is the journal, and a part of a window
//! that was merged leaves a file of values that no key points to, which goes as a whole.

use std::collections::BTreeMap;
use std::path::Path;

use fjall::{
    Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, Readable, Slice, Snapshot,
};
use parking_lot::Mutex;
use tocsin_domain::ports::StoreError;

use super::config::MetricStoreConfig;

/// Values from this size on lie beside the tree, where compaction of keys does not touch them.
const SEPARATED_BYTES_MIN: u32 = 1 << 10;
/// The engine's table in memory is never used beyond its own needs.
const MEMTABLE_BYTES: u64 = 1 << 20;
/// Files of values with more than this share of dead bytes are rewritten.
const STALE_SHARE_MAX: f32 = 0.25;

/// What is written together: values by key, or nothing to remove the key.
pub(crate) type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The engine under the blocks.
pub(crate) struct Engine {
    database: Database,
    blocks: Area,
    states: Area,
}

/// A keyspace with one writer at a time.
pub(crate) struct Area {
    keyspace: Keyspace,
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
    pub(crate) fn open(path: &Path, config: &MetricStoreConfig) -> Result<Self, StoreError> {
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
        let area = |name: &str| -> Result<Area, StoreError> {
            let keyspace = database.keyspace(name, options).map_err(unavailable)?;
            let writer = Mutex::new(());
            Ok(Area { keyspace, writer })
        };
        let (blocks, states) = (area("blocks")?, area("states")?);
        Ok(Self {
            database,
            blocks,
            states,
        })
    }

    /// Where blocks, series and positions are.
    pub(crate) fn blocks(&self) -> &Area {
        &self.blocks
    }

    /// Where states are: they are large and replaced as wholes.
    pub(crate) fn states(&self) -> &Area {
        &self.states
    }

    /// What is there now, in both keyspaces at the same moment, whatever is written later.
    pub(crate) fn view(&self) -> View {
        View {
            snapshot: self.database.snapshot(),
            blocks: self.blocks.keyspace.clone(),
            states: self.states.keyspace.clone(),
            _database: self.database.clone(),
        }
    }

    /// Bytes on disk.
    pub(crate) fn disk_bytes(&self) -> u64 {
        // The journal is not counted: its file has a length but holds next to nothing.
        self.blocks.keyspace.disk_space() + self.states.keyspace.disk_space()
    }
}

impl Area {
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Slice>, StoreError> {
        self.keyspace.get(key).map_err(unavailable)
    }

    /// Calls `each` with the keys and values in `[from, to]`, ascending, as they are at one moment.
    pub(crate) fn range(
        &self,
        from: &[u8],
        to: &[u8],
        mut each: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if from > to {
            return Ok(());
        }
        for entry in self.keyspace.range(from..=to) {
            let (key, value) = entry.into_inner().map_err(unavailable)?;
            each(&key, &value)?;
        }
        Ok(())
    }

    /// The keys in `[from, to]`, ascending.
    pub(crate) fn keys(&self, from: &[u8], to: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        let range = self.keyspace.range(from..=to);
        range
            .map(|entry| Ok(entry.key().map_err(unavailable)?.to_vec()))
            .collect()
    }

    /// All keys and values that begin with `prefix`, ascending.
    pub(crate) fn scan(&self, prefix: &[u8]) -> Result<Vec<(Slice, Slice)>, StoreError> {
        self.keyspace
            .prefix(prefix)
            .map(|entry| entry.into_inner().map_err(unavailable))
            .collect()
    }

    /// Writes all changes as one; they are on disk when it returns.
    pub(crate) fn commit(&self, changes: Changes) -> Result<(), StoreError> {
        self.ingest(
            changes
                .into_iter()
                .map(|(key, value)| (key, value.map(Slice::from))),
        )
    }

    /// Writes changes, whose keys ascend, as one; they are on disk when it returns.
    pub(crate) fn ingest(
        &self,
        changes: impl Iterator<Item = (Vec<u8>, Option<Slice>)>,
    ) -> Result<(), StoreError> {
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

    /// Gives the bytes of removed values back to the disk.
    pub(crate) fn compact(&self) -> Result<(), StoreError> {
        let _writer = self.writer.lock();
        self.keyspace.major_compact().map_err(unavailable)
    }
}

/// The keys and values of one moment.
pub(crate) struct View {
    // Dropped before what it is of.
    snapshot: Snapshot,
    blocks: Keyspace,
    states: Keyspace,
    _database: Database,
}

impl View {
    fn area(&self, is_state: bool) -> &Keyspace {
        match is_state {
            true => &self.states,
            false => &self.blocks,
        }
    }

    pub(crate) fn get(&self, is_state: bool, key: &[u8]) -> Result<Option<Slice>, StoreError> {
        let got = self.snapshot.get(self.area(is_state), key);
        got.map_err(unavailable)
    }

    /// All keys that begin with `prefix`, ascending.
    pub(crate) fn keys(&self, is_state: bool, prefix: &[u8]) -> Result<Vec<Slice>, StoreError> {
        self.snapshot
            .prefix(self.area(is_state), prefix)
            .map(|entry| entry.key().map_err(unavailable))
            .collect()
    }
}
