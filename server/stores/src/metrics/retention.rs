//! Letting go of what is past its time: points become intervals of 5 minutes, those become hours,
//! and hours go. Then what removed series have left in blocks goes, and series without anything.

use std::sync::atomic::Ordering;

use tocsin_domain::Timestamp;
use tocsin_domain::ports::{Bucket, StoreError};

use super::block::{BlockWriter, Effort};
use super::engine::Changes;
use super::inner::Inner;
use super::keys::{BlockKey, GROUP, kind, partition_key};
use super::merge::Parts;
use super::shard::{Shard, WINDOW_MS, window_of};
use super::tiers::{self, Intervals, Tier};
use super::write::put_pages;

const DAY_MS: i64 = 86_400_000;
/// Bytes of changes that are written together; few in tests, so that there are several writes.
const COMMIT_BYTES: usize = if cfg!(test) { 4 << 10 } else { 8 << 20 };

/// The intervals of one tier of a group that change, window by window.
struct TierWriter<'a> {
    inner: &'a Inner,
    shard: &'a Shard,
    tier: Tier,
    group: u32,
    current: Option<(i64, Intervals)>,
}

impl TierWriter<'_> {
    /// Adds intervals of one window to what is there.
    fn add(
        &mut self,
        place: usize,
        more: Vec<Bucket>,
        changes: &mut Changes,
    ) -> Result<(), StoreError> {
        let mut rest = more.as_slice();
        while let Some(first) = rest.first() {
            let window = self.tier.window_of(first.start_ms);
            let length = rest.partition_point(|one| self.tier.window_of(one.start_ms) == window);
            self.turn_to(window, changes)?;
            if let Some((_, intervals)) = &mut self.current {
                tiers::add_intervals(&mut intervals[place], rest[..length].to_vec());
            }
            rest = &rest[length..];
        }
        Ok(())
    }

    /// Finishes the window at hand, and reads another.
    fn turn_to(&mut self, window: i64, changes: &mut Changes) -> Result<(), StoreError> {
        if self.current.as_ref().is_some_and(|(at, _)| *at == window) {
            return Ok(());
        }
        self.finish(changes);
        let key = self.tier.key(self.shard, self.group, window).encode();
        let block = match changes.get(&key) {
            Some(block) => block.clone(),
            None => self
                .inner
                .engine
                .blocks()
                .get(&key)?
                .map(|block| block.to_vec()),
        };
        let known = block.map(|block| tiers::decode(self.tier, &block));
        let known = match known {
            Some(Ok(known)) => known,
            Some(Err(_)) => {
                self.inner.report_damage(&key);
                vec![Vec::new(); GROUP as usize]
            }
            None => vec![Vec::new(); GROUP as usize],
        };
        self.current = Some((window, known));
        Ok(())
    }

    fn finish(&mut self, changes: &mut Changes) {
        if let Some((window, intervals)) = self.current.take() {
            let key = self.tier.key(self.shard, self.group, window).encode();
            changes.insert(key, tiers::encode(self.tier, &intervals));
        }
    }
}

impl Inner {
    /// Removes what is past its time.
    pub(crate) fn retain(&self, now: Timestamp) -> Result<u64, StoreError> {
        let now_ms = now.millis();
        let mut gone = 0;
        for shard in self.shards() {
            let _writing = shard.writer.lock();
            self.write_head(&shard)?;
            self.merge_windows(&shard, now_ms, true)?;
            let before = |days: u32| now_ms.saturating_sub(i64::from(days) * DAY_MS);
            gone += self.age_points(&shard, window_of(before(self.config.raw_days)))?;
            let five_minute_floor =
                Tier::FiveMinutes.window_of(before(self.config.five_minute_days));
            gone += self.age_intervals(&shard, five_minute_floor)?;
            let hour_floor = Tier::Hour.window_of(before(self.config.hour_days));
            gone += self.drop_hours(&shard, hour_floor)?;
            self.sweep(&shard)?;
            self.forget_series(&shard, hour_floor * Tier::Hour.window_ms())?;
        }
        if gone > 0 || self.stale_bytes.load(Ordering::Relaxed) > 0 {
            self.give_back()?;
        }
        Ok(gone)
    }

    fn groups(shard: &Shard) -> u32 {
        shard.state.read().table.indexes().div_ceil(GROUP)
    }

    fn commit_if_large(&self, changes: &mut Changes) -> Result<(), StoreError> {
        let bytes: usize = changes.values().flatten().map(Vec::len).sum();
        if bytes >= COMMIT_BYTES || changes.len() > 100_000 {
            self.engine.blocks().commit(std::mem::take(changes))?;
        }
        Ok(())
    }

    /// Writes the position together with the last changes.
    fn commit_position(
        &self,
        shard: &Shard,
        mut changes: Changes,
        change: impl FnOnce(&mut super::shard::Position),
    ) -> Result<(), StoreError> {
        let mut position = shard.state.read().position.clone();
        let before = position.clone();
        change(&mut position);
        if changes.is_empty() && position == before {
            return Ok(());
        }
        changes.insert(partition_key(shard.partition), Some(position.encode()));
        self.engine.blocks().commit(changes)?;
        shard.state.write().position = position;
        Ok(())
    }

    /// Makes intervals of the points in windows before `floor`.
    fn age_points(&self, shard: &Shard, floor: i64) -> Result<u64, StoreError> {
        let mut gone = 0;
        let mut changes = Changes::new();
        // From now on readers look for both there; what a group has changes in one write.
        {
            let mut state = shard.state.write();
            let floor_before = state.position.raw_floor.unwrap_or(i64::MIN);
            state.aging.raw_from.get_or_insert(floor_before);
        }
        self.commit_position(shard, Changes::new(), |position| {
            position.raw_floor = position.raw_floor.max(Some(floor));
        })?;
        for group in 0..Self::groups(shard) {
            let [from, to] =
                BlockKey::span(kind::RAW, shard.partition, group, (i64::MIN, floor - 1));
            let keys = self.engine.blocks().keys(&from, &to)?;
            let windows = keys
                .iter()
                .filter_map(|key| Some(BlockKey::decode(key)?.window));
            let mut windows: Vec<i64> = windows.collect();
            windows.dedup();
            gone += self.age_group(shard, group, &windows, &mut changes)?;
            self.commit_if_large(&mut changes)?;
        }
        self.commit_position(shard, changes, |position| {
            position.samples = position.samples.saturating_sub(gone);
            position.open.retain(|window, _| *window >= floor);
        })?;
        shard.state.write().aging.raw_from = None;
        Ok(gone)
    }

    fn age_group(
        &self,
        shard: &Shard,
        group: u32,
        windows: &[i64],
        changes: &mut Changes,
    ) -> Result<u64, StoreError> {
        let Some(first) = windows.first() else {
            return Ok(0);
        };
        let tier = Tier::FiveMinutes;
        let mut writer = TierWriter {
            inner: self,
            shard,
            tier,
            group,
            current: None,
        };
        let mut lasts = self.lasts_before(shard, group, first.saturating_mul(WINDOW_MS))?;
        let mut parts = Parts::default();
        let mut gone = 0;
        for window in windows {
            self.read_parts(shard, group, *window, &mut parts)?;
            gone += parts.settle().0 as u64;
            for (place, points) in parts.series.iter().enumerate() {
                if !points.is_empty() && shard.has(group, place) {
                    let more = tiers::intervals_of(tier, points, &mut lasts[place]);
                    writer.add(place, more, changes)?;
                }
            }
            changes.extend(parts.keys.drain(..).map(|key| (key, None)));
        }
        writer.finish(changes);
        Ok(gone)
    }

    /// The parts of a group within a window; damaged ones have no points.
    fn read_parts(
        &self,
        shard: &Shard,
        group: u32,
        window: i64,
        parts: &mut Parts,
    ) -> Result<(), StoreError> {
        parts.clear();
        let [from, to] = BlockKey::span(kind::RAW, shard.partition, group, (window, window));
        self.engine.blocks().range(&from, &to, |key, block| {
            if parts.add(key, block).is_err() {
                self.report_damage(key);
            }
            Ok(())
        })
    }

    /// The last values of a group's series before a time, of the intervals shortly before it.
    fn lasts_before(
        &self,
        shard: &Shard,
        group: u32,
        at_ms: i64,
    ) -> Result<Vec<Option<f64>>, StoreError> {
        let tier = Tier::FiveMinutes;
        let window = tier.window_of(at_ms);
        let mut lasts = vec![None; GROUP as usize];
        for window in [window.saturating_sub(1), window] {
            let key = tier.key(shard, group, window).encode();
            let Some(block) = self.engine.blocks().get(&key)? else {
                continue;
            };
            let intervals = tiers::decode(tier, &block).unwrap_or_default();
            for (last, buckets) in lasts.iter_mut().zip(&intervals) {
                let before = buckets.partition_point(|one| one.start_ms < at_ms);
                if let Some(bucket) = buckets[..before].last() {
                    *last = Some(bucket.last);
                }
            }
        }
        Ok(lasts)
    }

    /// Makes hours of the intervals of 5 minutes in windows before `floor`.
    fn age_intervals(&self, shard: &Shard, floor: i64) -> Result<u64, StoreError> {
        let mut gone = 0;
        let mut changes = Changes::new();
        {
            let mut state = shard.state.write();
            let floor_before = state.position.five_minute_floor.unwrap_or(i64::MIN);
            state.aging.five_minutes_from.get_or_insert(floor_before);
        }
        self.commit_position(shard, Changes::new(), |position| {
            position.five_minute_floor = position.five_minute_floor.max(Some(floor));
        })?;
        for group in 0..Self::groups(shard) {
            let kind = Tier::FiveMinutes.kind();
            let [from, to] = BlockKey::span(kind, shard.partition, group, (i64::MIN, floor - 1));
            let mut writer = TierWriter {
                inner: self,
                shard,
                tier: Tier::Hour,
                group,
                current: None,
            };
            self.engine.blocks().range(&from, &to, |key, block| {
                changes.insert(key.to_vec(), None);
                let Ok(intervals) = tiers::decode(Tier::FiveMinutes, block) else {
                    self.report_damage(key);
                    return Ok(());
                };
                for (place, buckets) in intervals.iter().enumerate() {
                    gone += buckets.len() as u64;
                    writer.add(place, tiers::coarser(buckets), &mut changes)?;
                }
                Ok(())
            })?;
            writer.finish(&mut changes);
            self.commit_if_large(&mut changes)?;
        }
        self.commit_position(shard, changes, |_| ())?;
        shard.state.write().aging.five_minutes_from = None;
        Ok(gone)
    }

    /// Drops the hours in windows before `floor`.
    fn drop_hours(&self, shard: &Shard, floor: i64) -> Result<u64, StoreError> {
        let mut gone = 0;
        let mut changes = Changes::new();
        for group in 0..Self::groups(shard) {
            let kind = Tier::Hour.kind();
            let [from, to] = BlockKey::span(kind, shard.partition, group, (i64::MIN, floor - 1));
            self.engine.blocks().range(&from, &to, |key, block| {
                let intervals = tiers::decode(Tier::Hour, block).unwrap_or_default();
                gone += intervals.iter().map(Vec::len).sum::<usize>() as u64;
                changes.insert(key.to_vec(), None);
                Ok(())
            })?;
            self.commit_if_large(&mut changes)?;
        }
        if !changes.is_empty() {
            self.engine.blocks().commit(changes)?;
        }
        Ok(gone)
    }

    /// Writes the blocks anew that hold something of removed series.
    fn sweep(&self, shard: &Shard) -> Result<(), StoreError> {
        let littered = shard.state.read().position.littered.clone();
        let mut changes = Changes::new();
        for group in &littered {
            self.sweep_points(shard, *group, &mut changes)?;
            for tier in [Tier::FiveMinutes, Tier::Hour] {
                self.sweep_tier(shard, tier, *group, &mut changes)?;
            }
        }
        self.commit_position(shard, changes, |position| position.littered.clear())
    }

    fn sweep_points(
        &self,
        shard: &Shard,
        group: u32,
        changes: &mut Changes,
    ) -> Result<(), StoreError> {
        let windows = (i64::MIN, i64::MAX);
        let [from, to] = BlockKey::span(kind::RAW, shard.partition, group, windows);
        let (mut parts, mut writer) = (Parts::default(), BlockWriter::default());
        for key in self.engine.blocks().keys(&from, &to)? {
            let Some(block) = self.engine.blocks().get(&key)? else {
                continue;
            };
            parts.clear();
            if parts.add(&key, &block).is_err() {
                self.report_damage(&key);
                continue;
            }
            let mut has_litter = false;
            for (place, points) in parts.series.iter().enumerate() {
                if points.is_empty() {
                    continue;
                }
                if shard.has(group, place) {
                    writer.add(place as u8, points, Effort::Thorough);
                } else {
                    has_litter = true;
                }
            }
            let block = writer.finish();
            if has_litter {
                changes.insert(key, block);
            }
            self.commit_if_large(changes)?;
        }
        Ok(())
    }

    fn sweep_tier(
        &self,
        shard: &Shard,
        tier: Tier,
        group: u32,
        changes: &mut Changes,
    ) -> Result<(), StoreError> {
        let windows = (i64::MIN, i64::MAX);
        let [from, to] = BlockKey::span(tier.kind(), shard.partition, group, windows);
        self.engine.blocks().range(&from, &to, |key, block| {
            let Ok(mut intervals) = tiers::decode(tier, block) else {
                self.report_damage(key);
                return Ok(());
            };
            for (place, buckets) in intervals.iter_mut().enumerate() {
                if !shard.has(group, place) {
                    buckets.clear();
                }
            }
            changes.insert(key.to_vec(), tiers::encode(tier, &intervals));
            Ok(())
        })
    }

    /// Forgets series of which nothing is left.
    fn forget_series(&self, shard: &Shard, cutoff_ms: i64) -> Result<(), StoreError> {
        let mut changes = Changes::new();
        let dirty = {
            let mut state = shard.state.write();
            let ends_before =
                |index: &u32| state.range(*index).is_some_and(|range| range.1 < cutoff_ms);
            let indexes = state.table.iter().map(|(index, _)| index);
            let gone: Vec<u32> = indexes.filter(ends_before).collect();
            for index in gone {
                state.table.remove(index);
            }
            state.table.forget_before(cutoff_ms);
            let dirty = std::mem::take(&mut state.table.dirty);
            put_pages(shard.partition, &state.table, &dirty, &mut changes);
            dirty
        };
        if changes.is_empty() {
            return Ok(());
        }
        self.engine.blocks().commit(changes).inspect_err(|_| {
            let mut state = shard.state.write();
            state.table.dirty.labels.extend(dirty.labels);
            state.table.dirty.ranges.extend(dirty.ranges);
        })
    }
}
