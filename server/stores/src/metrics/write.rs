//! Taking batches into memory, and writing what is in memory to disk.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tocsin_domain::ports::StoreError;
use tocsin_domain::{MetricBatch, Offset, Partition};

use super::block::{BlockWriter, Effort, Points};
use super::engine::Changes;
use super::head::Head;
use super::inner::Inner;
use super::keys::{BlockKey, GROUP, kind, page_key, partition_key};
use super::shard::{Open, Position, Shard, State, window_of};
use super::table::{Dirty, Table};

/// The index of a series whose labels never came.
const UNKNOWN: u32 = u32::MAX;
/// Batches of up to so many points, a quarter of a millisecond, are taken on the caller's thread:
/// handing them to another one takes as long as a hundred points.
const AT_ONCE_POINTS_MAX: usize = 4_096;

impl Inner {
    /// Takes a batch into the head of its partition, unless it was taken before.
    pub(crate) fn append(
        &self,
        partition: Partition,
        offset: Offset,
        batch: &MetricBatch,
    ) -> Result<(), StoreError> {
        let shard = self.shard(partition);
        if self.is_full(&shard.state.read()) {
            let _writing = shard.writer.lock();
            self.write_head(&shard)?;
        }
        self.take(&mut shard.state.write(), offset, batch)
    }

    /// As [`Self::append`], if that takes well under a millisecond and waits for nobody.
    pub(crate) fn append_at_once(
        &self,
        partition: Partition,
        offset: Offset,
        batch: &MetricBatch,
    ) -> Option<Result<(), StoreError>> {
        if batch.len() > AT_ONCE_POINTS_MAX {
            return None;
        }
        let shard = self.shard(partition);
        let mut state = shard.state.try_write()?;
        (!self.is_full(&state)).then(|| self.take(&mut state, offset, batch))
    }

    fn is_full(&self, state: &State) -> bool {
        state.head_samples() as usize >= self.config.head_samples_max
    }

    fn take(
        &self,
        state: &mut State,
        offset: Offset,
        batch: &MetricBatch,
    ) -> Result<(), StoreError> {
        if offset <= state.taken {
            return Ok(());
        }
        self.take_points(state, batch)?;
        state.taken = offset;
        Ok(())
    }

    /// Takes a batch that is not of the bus.
    pub(crate) fn put_in(
        &self,
        partition: Partition,
        batch: &MetricBatch,
    ) -> Result<(), StoreError> {
        let shard = self.shard(partition);
        if self.is_full(&shard.state.read()) {
            let _writing = shard.writer.lock();
            self.write_head(&shard)?;
        }
        self.take_points(&mut shard.state.write(), batch)
    }

    fn take_points(&self, state: &mut State, batch: &MetricBatch) -> Result<(), StoreError> {
        if !batch.validate() {
            let message = "a batch whose points are not of its series";
            return Err(StoreError::Invalid(message.into()));
        }
        let unknown = state.take(batch);
        if unknown > 0 {
            self.unknown_points.fetch_add(unknown, Ordering::Relaxed);
            let source = &batch.source;
            tracing::warn!(%source, unknown, "points of series whose labels never came are dropped");
        }
        Ok(())
    }

    /// Writes the head of a partition, then merges the windows that are over.
    pub(crate) fn flush(&self, partition: Partition) -> Result<Offset, StoreError> {
        let shard = self.shard(partition);
        let _writing = shard.writer.lock();
        let offset = self.write_head(&shard)?;
        let now_ms = shard.state.read().observed_ms;
        // What is merged is written already, so the head is durable whatever comes of it.
        if let Err(error) = self.merge_windows(&shard, now_ms, false) {
            tracing::warn!(%error, "windows of metrics could not be merged and wait");
        }
        Ok(offset)
    }

    /// Writes the head and what else is new. Called by the partition's writer.
    pub(crate) fn write_head(&self, shard: &Shard) -> Result<Offset, StoreError> {
        let (heads, dirty, mut changes, mut position) = {
            let mut state = shard.state.write();
            let state = &mut *state;
            if state.head.samples > 0 {
                state.table.see(&state.head);
                let head = std::mem::take(&mut state.head);
                state.frozen.push(Arc::new(head));
            }
            let is_written = state.frozen.is_empty() && state.table.dirty.is_empty();
            if is_written && state.taken == state.position.durable {
                return Ok(state.taken);
            }
            let dirty = std::mem::take(&mut state.table.dirty);
            let mut changes = Changes::new();
            put_pages(shard.partition, &state.table, &dirty, &mut changes);
            let mut position = state.position.clone();
            position.durable = state.taken;
            position.indexes = state.table.indexes();
            (state.frozen.clone(), dirty, changes, position)
        };
        put_parts(shard.partition, &heads, &mut position, &mut changes);
        changes.insert(partition_key(shard.partition), Some(position.encode()));
        let written = self.engine.blocks().commit(changes);
        let mut state = shard.state.write();
        match written {
            Ok(()) => {
                state.frozen.clear();
                state.position = position;
                Ok(state.position.durable)
            }
            Err(error) => {
                state.table.dirty.labels.extend(dirty.labels);
                state.table.dirty.ranges.extend(dirty.ranges);
                Err(error)
            }
        }
    }
}

impl State {
    /// Takes in the points of a batch; returns how many have no known series.
    pub(crate) fn take(&mut self, batch: &MetricBatch) -> u64 {
        self.observed_ms = self.observed_ms.max(batch.observed.millis());
        let mut indexes = Vec::with_capacity(batch.series.len());
        for entry in &batch.series {
            let index = if let Some(index) = self.table.index(entry.id) {
                self.table.set_kind(index, entry.kind);
                index
            } else if let Some(labels) = batch.labels(entry) {
                self.table.insert(labels, entry.kind, &batch.source)
            } else {
                self.table.insert_removed(entry.id).unwrap_or(UNKNOWN)
            };
            indexes.push(index);
        }
        let mut unknown = 0;
        for (series, at_ms, value) in batch.points() {
            if indexes[series] == UNKNOWN {
                unknown += 1;
            } else {
                self.head.push(indexes[series], at_ms, value);
            }
        }
        unknown
    }
}

/// Adds the pages that changed.
pub(crate) fn put_pages(partition: u16, table: &Table, dirty: &Dirty, changes: &mut Changes) {
    for page in &dirty.labels {
        let key = page_key(kind::SERIES, partition, *page);
        changes.insert(key, table.encode_labels(*page));
    }
    for page in dirty.ranges.union(&dirty.labels) {
        let key = page_key(kind::RANGES, partition, *page);
        changes.insert(key, table.encode_ranges(*page));
    }
}

/// Adds the points of heads as one part for each group and window.
fn put_parts(partition: u16, heads: &[Arc<Head>], position: &mut Position, changes: &mut Changes) {
    if heads.is_empty() {
        return;
    }
    position.sequence += 1;
    let sequence = position.sequence;
    let mut writers: BTreeMap<i64, BlockWriter> = BTreeMap::new();
    let (mut points, mut piece) = (Points::default(), Points::default());
    for group in 0..position.indexes.div_ceil(GROUP) {
        for place in 0..GROUP {
            points.clear();
            for head in heads {
                head.read(group * GROUP + place, (i64::MIN, i64::MAX), &mut points);
            }
            points.settle();
            position.samples += points.len() as u64;
            let mut start = 0;
            while start < points.len() {
                let window = window_of(points.times[start]);
                let length = points.times[start..].partition_point(|at| window_of(*at) == window);
                let end = start + length;
                piece.clear();
                piece.times.extend_from_slice(&points.times[start..end]);
                piece.values.extend_from_slice(&points.values[start..end]);
                let writer = writers.entry(window).or_default();
                writer.add(place as u8, &piece, Effort::Quick);
                start = end;
            }
        }
        for (window, writer) in &mut writers {
            let key = BlockKey {
                kind: kind::RAW,
                partition,
                group,
                window: *window,
                sequence,
            };
            if let Some(block) = writer.finish() {
                changes.insert(key.encode(), Some(block));
            }
        }
    }
    for window in writers.into_keys() {
        let open = position
            .open
            .entry(window)
            .or_insert(Open { parts: 0, sequence });
        open.parts += 1;
        open.sequence = sequence;
    }
}
