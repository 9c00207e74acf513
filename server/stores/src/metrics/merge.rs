//! Merging the parts of a window, once it is over, into one block for each group.
//!
//! A group's parts are replaced in one change, so a kill between two groups leaves a window of
//! which some groups are merged; merging it again changes nothing.

use std::sync::atomic::Ordering;

use tocsin_domain::ports::StoreError;

use super::block::{BlockReader, BlockWriter, Effort, Points};
use super::bytes::Read;
use super::engine::Changes;
use super::inner::Inner;
use super::keys::{BlockKey, GROUP, kind, partition_key};
use super::shard::{Shard, WINDOW_MS};

/// So many parts are merged although the window goes on.
const PARTS_MAX: u32 = 24;
/// Bytes of merged blocks that are written together.
const COMMIT_BYTES: usize = 8 << 20;
/// Dead bytes that are worth giving back at once.
const STALE_BYTES_MIN: u64 = 64 << 20;

/// The parts of a group within a window.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) keys: Vec<Vec<u8>>,
    bytes: u64,
    /// The points by place, later parts later.
    pub(crate) series: Vec<Points>,
    values: Vec<f64>,
    reader: BlockReader,
}

impl Parts {
    pub(crate) fn clear(&mut self) {
        self.keys.clear();
        self.bytes = 0;
        self.series.resize(GROUP as usize, Points::default());
        self.series.iter_mut().for_each(Points::clear);
    }

    pub(crate) fn add(&mut self, key: &[u8], block: &[u8]) -> Read<()> {
        self.keys.push(key.to_vec());
        self.bytes += block.len() as u64;
        self.reader.open(block)?;
        for at in 0..self.reader.entries.len() {
            let entry = self.reader.entries[at];
            self.values.clear();
            let times = self.reader.read(block, entry, &mut self.values)?;
            if let Some(points) = self.series.get_mut(usize::from(entry.place)) {
                points.times.extend_from_slice(times);
                points.values.extend_from_slice(&self.values);
            }
        }
        Ok(())
    }

    /// Puts every series in order and returns how many points there were and are.
    pub(crate) fn settle(&mut self) -> (usize, usize) {
        let before = self.series.iter().map(Points::len).sum();
        self.series.iter_mut().for_each(Points::settle);
        (before, self.series.iter().map(Points::len).sum())
    }
}

impl Inner {
    /// Merges windows that ended before `now_ms` and had no new part in the last write, or all that
    /// ended if `all`. Called by the partition's writer.
    pub(crate) fn merge_windows(
        &self,
        shard: &Shard,
        now_ms: i64,
        all: bool,
    ) -> Result<(), StoreError> {
        let windows: Vec<i64> = {
            let state = shard.state.read();
            let position = &state.position;
            let is_due = |(window, open): &(&i64, &super::shard::Open)| {
                let is_over = (*window + 1).saturating_mul(WINDOW_MS) <= now_ms;
                let is_quiet = open.sequence < position.sequence;
                is_over && (is_quiet || all) || open.parts >= PARTS_MAX
            };
            let due = position.open.iter().filter(is_due);
            due.map(|(window, _)| *window).collect()
        };
        for window in windows {
            self.merge_window(shard, window)?;
        }
        if self.stale_bytes.load(Ordering::Relaxed)
            > STALE_BYTES_MIN.max(self.engine.disk_bytes() / 4)
        {
            self.give_back()?;
        }
        Ok(())
    }

    /// Gives the bytes of replaced blocks back to the disk.
    pub(crate) fn give_back(&self) -> Result<(), StoreError> {
        self.stale_bytes.store(0, Ordering::Relaxed);
        self.engine.blocks().compact()
    }

    fn merge_window(&self, shard: &Shard, window: i64) -> Result<(), StoreError> {
        let groups = shard.state.read().table.indexes().div_ceil(GROUP);
        let (mut parts, mut writer) = (Parts::default(), BlockWriter::default());
        let mut changes = Changes::new();
        let (mut bytes, mut doubled) = (0, 0);
        for group in 0..groups {
            parts.clear();
            let [from, to] = BlockKey::span(kind::RAW, shard.partition, group, (window, window));
            let mut is_damaged = false;
            self.engine.blocks().range(&from, &to, |key, block| {
                if parts.add(key, block).is_err() {
                    self.report_damage(key);
                    is_damaged = true;
                }
                Ok(())
            })?;
            if is_damaged || parts.keys.is_empty() {
                continue;
            }
            let (before, after) = parts.settle();
            doubled += before - after;
            bytes += self.put_merged(shard, group, (&mut parts, &mut writer), &mut changes);
            if bytes >= COMMIT_BYTES {
                self.engine.blocks().commit(std::mem::take(&mut changes))?;
                bytes = 0;
            }
        }
        let mut position = shard.state.read().position.clone();
        position.open.remove(&window);
        position.samples = position.samples.saturating_sub(doubled as u64);
        changes.insert(partition_key(shard.partition), Some(position.encode()));
        self.engine.blocks().commit(changes)?;
        shard.state.write().position = position;
        Ok(())
    }

    /// Adds the change from a group's parts to one block, and returns its length.
    fn put_merged(
        &self,
        shard: &Shard,
        group: u32,
        (parts, writer): (&mut Parts, &mut BlockWriter),
        changes: &mut Changes,
    ) -> usize {
        for (place, points) in parts.series.iter().enumerate() {
            if !points.is_empty() && shard.has(group, place) {
                writer.add(place as u8, points, Effort::Thorough);
            }
        }
        self.stale_bytes.fetch_add(parts.bytes, Ordering::Relaxed);
        // The block takes the place of the last part; the others go.
        let block = writer.finish();
        let length = block.as_ref().map_or(0, Vec::len);
        let last = parts.keys.pop();
        changes.extend(parts.keys.drain(..).map(|key| (key, None)));
        changes.extend(last.map(|key| (key, block)));
        length
    }
}
