//! What the store's operations share: the partitions, the engine, and how both are opened.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use tocsin_domain::ports::{MetricStats, SeriesInfo, StoreError};
use tocsin_domain::{Offset, Partition, SeriesId};

use super::bytes::Damaged;
use super::config::MetricStoreConfig;
use super::engine::Engine;
use super::keys::{kind, page_of};
use super::shard::{Position, Shard};

/// What the store's operations share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) config: MetricStoreConfig,
    shards: RwLock<BTreeMap<u16, Arc<Shard>>>,
    /// Points of series whose labels never came.
    pub(crate) unknown_points: AtomicU64,
    damaged: AtomicU64,
    /// Bytes of blocks that were replaced since the disk was last given back.
    pub(crate) stale_bytes: AtomicU64,
}

impl Inner {
    pub(crate) fn open(path: &Path, config: MetricStoreConfig) -> Result<Self, StoreError> {
        let inner = Self {
            engine: Engine::open(path, &config)?,
            config,
            shards: RwLock::default(),
            unknown_points: AtomicU64::new(0),
            damaged: AtomicU64::new(0),
            stale_bytes: AtomicU64::new(0),
        };
        inner.load()?;
        Ok(inner)
    }

    fn load(&self) -> Result<(), StoreError> {
        let blocks = self.engine.blocks();
        let corrupt = |what: &str| StoreError::Corrupt(format!("{what} of the metric store"));
        let place = |key: &[u8]| page_of(key).ok_or_else(|| corrupt("a key"));
        for (key, value) in blocks.scan(&[kind::SERIES])? {
            let (partition, page) = place(&key)?;
            let shard = self.shard(Partition(partition));
            let table = &mut shard.state.write().table;
            let read = table.decode_labels(page, &value);
            read.map_err(|Damaged| corrupt("a page of series"))?;
        }
        for (key, value) in blocks.scan(&[kind::RANGES])? {
            let (partition, page) = place(&key)?;
            let shard = self.shard(Partition(partition));
            let table = &mut shard.state.write().table;
            let read = table.decode_ranges(page, &value);
            read.map_err(|Damaged| corrupt("a page of times"))?;
        }
        for (key, value) in blocks.scan(&[kind::PARTITION])? {
            let partition = key.get(1..3).and_then(|bytes| bytes.try_into().ok());
            let partition = partition.ok_or_else(|| corrupt("a key"))?;
            let position = Position::decode(&value)
                .map_err(|Damaged| corrupt("the position of a partition"))?;
            let shard = self.shard(Partition(u16::from_be_bytes(partition)));
            let mut state = shard.state.write();
            state.taken = position.durable;
            state.table.reserve_indexes(position.indexes);
            state.position = position;
        }
        Ok(())
    }

    /// A partition; a new one if nothing is known of it.
    pub(crate) fn shard(&self, partition: Partition) -> Arc<Shard> {
        if let Some(shard) = self.shards.read().get(&partition.0) {
            return Arc::clone(shard);
        }
        let mut shards = self.shards.write();
        let shard = shards
            .entry(partition.0)
            .or_insert_with(|| Arc::new(Shard::new(partition.0)));
        Arc::clone(shard)
    }

    /// All partitions.
    pub(crate) fn shards(&self) -> Vec<Arc<Shard>> {
        self.shards.read().values().cloned().collect()
    }

    pub(crate) fn durable(&self, partition: Partition) -> Offset {
        let shards = self.shards.read();
        let shard = shards.get(&partition.0);
        shard.map_or(Offset(0), |shard| shard.state.read().position.durable)
    }

    /// Counts a block that cannot be read.
    pub(crate) fn report_damage(&self, key: &[u8]) {
        self.damaged.fetch_add(1, Ordering::Relaxed);
        tracing::error!(?key, "a block of metrics is damaged and passed over");
    }

    pub(crate) fn damaged_blocks(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    pub(crate) fn describe(&self, ids: &[SeriesId]) -> Vec<Option<Arc<SeriesInfo>>> {
        let mut found = vec![None; ids.len()];
        for shard in self.shards() {
            let state = shard.state.read();
            for (id, out) in ids.iter().zip(&mut found) {
                let Some(index) = state.table.index(*id) else {
                    continue;
                };
                // A series may be known a moment before its first point.
                let range = state.range(index).unwrap_or((i64::MAX, i64::MIN));
                let series = state.table.get(index);
                *out = series.map(|series| Arc::new(series.info(range)));
            }
        }
        found
    }

    pub(crate) fn stats(&self) -> Result<MetricStats, StoreError> {
        let mut stats = MetricStats {
            disk_bytes: self.engine.disk_bytes(),
            ..MetricStats::default()
        };
        let mut sources: BTreeMap<Arc<str>, u64> = BTreeMap::new();
        for shard in self.shards() {
            let state = shard.state.read();
            stats.series += state.table.len() as u64;
            stats.head_samples += state.head_samples();
            stats.samples += state.position.samples + state.head_samples();
            for (_, series) in state.table.iter() {
                *sources.entry(Arc::clone(&series.source)).or_default() += 1;
            }
        }
        stats.sources = sources.into_iter().collect();
        Ok(stats)
    }
}
