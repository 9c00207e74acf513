//! What the store's operations share: the blocks and heads there are, and how parts are read.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hashbrown::{HashMap, HashSet};
use parking_lot::{Mutex, RwLock};
use tocsin_domain::ports::StoreError;
use tocsin_domain::{Offset, TemplateId};

use super::block::codec::Damaged;
use super::block::filter::Filter;
use super::block::meta::{Meta, Summary};
use super::cache::Cache;
use super::config::LogStoreConfig;
use super::dictionary::{Dictionary, decode_template};
use super::engine::Engine;
use super::head::{Head, HeadBatch};
use super::part::{FILTER_PART, META_PART, Part};

/// How often a query begins anew because a block was rewritten under it.
const ATTEMPTS: usize = 10;

/// The kinds of key in the engine; the first byte of every key.
pub(crate) mod kind {
    pub(crate) const SECTION: u8 = b'b';
    pub(crate) const FILTER: u8 = b'f';
    pub(crate) const META: u8 = b'm';
    pub(crate) const POSITION: u8 = b'p';
    pub(crate) const SUMMARY: u8 = b's';
    pub(crate) const TEMPLATE: u8 = b't';
}

/// Why a block could not be read.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Its bytes are not what was written.
    Damaged,
    /// It is not there any more: it was rewritten or removed meanwhile.
    Gone,
    /// The engine refuses.
    Store(StoreError),
}

impl From<Damaged> for Trouble {
    fn from(_: Damaged) -> Self {
        Self::Damaged
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The blocks and heads at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    /// By partition and sequence.
    pub(crate) blocks: Arc<Vec<Arc<Summary>>>,
    /// Batches in memory, by partition in the order they came.
    pub(crate) heads: Vec<Arc<HeadBatch>>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) blocks: Arc<Vec<Arc<Summary>>>,
    pub(crate) heads: HashMap<u16, Head>,
}

/// What the store's operations share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) config: LogStoreConfig,
    pub(crate) dictionary: RwLock<Dictionary>,
    pub(crate) state: RwLock<State>,
    /// What every query asks for stays there: descriptions and words.
    pub(crate) parts: Cache<Part>,
    /// Templates that are on disk.
    pub(crate) written: Mutex<HashSet<TemplateId>>,
    next_block: AtomicU64,
    damaged: Mutex<HashSet<u64>>,
    /// One writer at a time for each partition.
    writers: Mutex<HashMap<u16, Arc<Mutex<()>>>>,
}

/// A block's key of one kind.
pub(crate) fn key(kind: u8, block: u64) -> Vec<u8> {
    let mut key = vec![kind];
    key.extend_from_slice(&block.to_be_bytes());
    key
}

/// The key of a block's section.
pub(crate) fn section_key(block: u64, section: u16) -> Vec<u8> {
    let mut key = key(kind::SECTION, block);
    key.extend_from_slice(&section.to_be_bytes());
    key
}

/// The key of a partition's position.
pub(crate) fn position_key(partition: u16) -> Vec<u8> {
    let mut key = vec![kind::POSITION];
    key.extend_from_slice(&partition.to_be_bytes());
    key
}

/// The key of a template.
pub(crate) fn template_key(id: TemplateId) -> Vec<u8> {
    let mut key = vec![kind::TEMPLATE];
    key.extend_from_slice(&id.0.to_be_bytes());
    key
}

impl Inner {
    pub(crate) fn open(path: &Path, config: LogStoreConfig) -> Result<Self, StoreError> {
        let engine = Engine::open(path, &config)?;
        let mut inner = Self {
            parts: Cache::new(config.cache_bytes_max),
            engine,
            config,
            dictionary: RwLock::default(),
            state: RwLock::default(),
            written: Mutex::default(),
            next_block: AtomicU64::new(0),
            damaged: Mutex::default(),
            writers: Mutex::default(),
        };
        inner.load()?;
        Ok(inner)
    }

    fn load(&mut self) -> Result<(), StoreError> {
        let dictionary = self.dictionary.get_mut();
        for (key, value) in self.engine.scan(&[kind::TEMPLATE])? {
            let id = TemplateId(number_after(&key)?);
            let template = decode_template(id, &value)
                .map_err(|Damaged| StoreError::Corrupt(format!("template {id}")))?;
            dictionary.insert(&Arc::new(template));
            self.written.get_mut().insert(id);
        }
        let mut blocks = Vec::new();
        for (key, value) in self.engine.scan(&[kind::SUMMARY])? {
            let id = number_after(&key)?;
            match Summary::decode(id, &value) {
                Ok(summary) => blocks.push(Arc::new(summary)),
                Err(Damaged) => self.report_damage(id),
            }
            self.next_block.fetch_max(id + 1, Ordering::Relaxed);
        }
        blocks.sort_by_key(|block| (block.partition, block.sequence, block.id));
        let state = self.state.get_mut();
        state.blocks = Arc::new(blocks);
        for (key, value) in self.engine.scan(&[kind::POSITION])? {
            let bytes = (key.get(1..3).and_then(|key| key.try_into().ok()))
                .zip(value.get(..8).and_then(|value| value.try_into().ok()));
            let Some((partition, offset)) = bytes else {
                return Err(StoreError::Corrupt("the position of a partition".into()));
            };
            let head = state
                .heads
                .entry(u16::from_be_bytes(partition))
                .or_default();
            head.durable = Offset(u64::from_be_bytes(offset));
            head.taken = head.durable;
        }
        Ok(())
    }

    /// A number for a new block.
    pub(crate) fn new_block(&self) -> u64 {
        self.next_block.fetch_add(1, Ordering::Relaxed)
    }

    /// The lock that a writer of a partition holds.
    pub(crate) fn writer(&self, partition: u16) -> Arc<Mutex<()>> {
        Arc::clone(self.writers.lock().entry(partition).or_default())
    }

    /// The blocks and heads as they are now.
    pub(crate) fn view(&self) -> View {
        let state = self.state.read();
        let mut partitions: Vec<_> = state.heads.iter().collect();
        partitions.sort_by_key(|(partition, _)| **partition);
        View {
            blocks: Arc::clone(&state.blocks),
            heads: partitions
                .into_iter()
                .flat_map(|(_, head)| head.batches.iter().cloned())
                .collect(),
        }
    }

    /// True if none of the blocks was rewritten or removed. Asked by the writer of their partition.
    pub(crate) fn are_current(&self, blocks: &[Arc<Summary>]) -> bool {
        let current = Arc::clone(&self.state.read().blocks);
        let is_current = |block: &Arc<Summary>| current.iter().any(|known| known.id == block.id);
        blocks.iter().all(is_current)
    }

    /// Runs a query on a view; anew if a block was rewritten under it.
    pub(crate) fn with_view<T>(
        &self,
        mut query: impl FnMut(&View) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        for attempt in 0..ATTEMPTS {
            match query(&self.view()) {
                Ok(value) => return Ok(value),
                // The writer shows what it did a moment after it is done.
                Err(Trouble::Gone) => std::thread::sleep(Duration::from_millis(1 << attempt)),
                Err(Trouble::Damaged) => return Err(StoreError::Corrupt("a block".into())),
                Err(Trouble::Store(error)) => return Err(error),
            }
        }
        Err(StoreError::Corrupt(
            "a block is listed but not there".into(),
        ))
    }

    /// Passes a block over if it is damaged, counting it.
    pub(crate) fn unless_damaged<T>(
        &self,
        block: &Summary,
        read: Result<T, Trouble>,
    ) -> Result<Option<T>, Trouble> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(Trouble::Damaged) => {
                self.report_damage(block.id);
                Ok(None)
            }
            Err(trouble) => Err(trouble),
        }
    }

    fn report_damage(&self, block: u64) {
        if self.damaged.lock().insert(block) {
            tracing::error!(block, "a block of logs is damaged and passed over");
        }
    }

    /// How many blocks were found damaged since the start.
    pub(crate) fn damaged_blocks(&self) -> u64 {
        self.damaged.lock().len() as u64
    }

    /// The description of a block.
    pub(crate) fn meta(&self, block: u64) -> Result<Arc<Meta>, Trouble> {
        let key_in_cache = (block, META_PART);
        if let Some(Part::Meta(meta)) = self.parts.get(key_in_cache).as_deref() {
            return Ok(Arc::clone(meta));
        }
        let bytes = self
            .engine
            .get(&key(kind::META, block))?
            .ok_or(Trouble::Gone)?;
        let meta = Arc::new(Meta::decode(&bytes, &self.dictionary.read())?);
        let part = Arc::new(Part::Meta(Arc::clone(&meta)));
        self.parts.insert(key_in_cache, part, meta.bytes());
        Ok(meta)
    }

    /// The words of a block's variables.
    pub(crate) fn filter(&self, block: u64) -> Result<Arc<Filter>, Trouble> {
        let key_in_cache = (block, FILTER_PART);
        if let Some(Part::Filter(filter)) = self.parts.get(key_in_cache).as_deref() {
            return Ok(Arc::clone(filter));
        }
        let bytes = self
            .engine
            .get(&key(kind::FILTER, block))?
            .ok_or(Trouble::Gone)?;
        let filter = Arc::new(Filter::decode(&bytes)?);
        let part = Arc::new(Part::Filter(Arc::clone(&filter)));
        self.parts.insert(key_in_cache, part, filter.bytes());
        Ok(filter)
    }
}

/// The number behind the kind of a key.
pub(crate) fn number_after(key: &[u8]) -> Result<u64, StoreError> {
    key.get(1..9)
        .and_then(|bytes| bytes.try_into().ok())
        .map(u64::from_be_bytes)
        .ok_or_else(|| StoreError::Corrupt("a key of the wrong length".into()))
}
