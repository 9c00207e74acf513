//! Answering queries: which series are meant, and their points from disk and memory as one.

use std::sync::Arc;

use tocsin_domain::Sample;
use tocsin_domain::metric::{Matcher, Selection};
use tocsin_domain::ports::{SeriesInfo, SeriesSamples, StoreError};

use super::block::{BlockReader, Points};
use super::bytes::{Damaged, Read};
use super::inner::Inner;
use super::keys::{BlockKey, GROUP, kind};
use super::shard::{Shard, State, WINDOW_MS, window_of};

/// A series of a selection, while its points are gathered.
#[derive(Debug)]
struct Wanted {
    index: u32,
    info: SeriesInfo,
    /// Points from disk.
    samples: Vec<Sample>,
    /// True as long as their times ascend.
    is_sorted: bool,
    /// Points in memory, in the order they came.
    recent: Points,
}

impl Wanted {
    fn push_block(&mut self, times: &[i64], values: &[f64], range_ms: (i64, i64)) {
        let from = times.partition_point(|at| *at < range_ms.0);
        let to = times.partition_point(|at| *at <= range_ms.1);
        let Some(first) = times.get(from).filter(|_| from < to) else {
            return;
        };
        self.is_sorted &= self.samples.last().is_none_or(|last| last.at_ms < *first);
        let pairs = times[from..to].iter().zip(&values[from..to]);
        self.samples.extend(pairs.map(|(at_ms, value)| Sample {
            at_ms: *at_ms,
            value: *value,
        }));
    }

    /// All points in order of time; of those with the same time the one that came last.
    fn settle(&mut self) {
        let recent = self.recent.times.iter().zip(&self.recent.values);
        for (at_ms, value) in recent {
            self.is_sorted &= self.samples.last().is_none_or(|last| last.at_ms < *at_ms);
            self.samples.push(Sample {
                at_ms: *at_ms,
                value: *value,
            });
        }
        if !self.is_sorted {
            self.samples.sort_by_key(|sample| sample.at_ms);
            // Keeps the first of a run, so the last has to be moved there.
            self.samples.dedup_by(|later, kept| {
                let is_same = later.at_ms == kept.at_ms;
                if is_same {
                    *kept = *later;
                }
                is_same
            });
        }
    }
}

fn beyond(what: &str, max: usize) -> StoreError {
    StoreError::Invalid(format!("the selection has over {max} {what}"))
}

impl Inner {
    /// The points of the selected series.
    pub(crate) fn select(&self, selection: &Selection) -> Result<Vec<SeriesSamples>, StoreError> {
        let mut found = Vec::new();
        let mut budget = Budget {
            series: selection.series_max,
            samples: selection.samples_max,
        };
        for shard in self.shards() {
            self.select_shard(&shard, selection, &mut budget, &mut found)?;
        }
        found.sort_by(|one, two| one.series.labels.cmp(&two.series.labels));
        Ok(found)
    }

    fn select_shard(
        &self,
        shard: &Shard,
        selection: &Selection,
        budget: &mut Budget,
        found: &mut Vec<SeriesSamples>,
    ) -> Result<(), StoreError> {
        let (from_ms, to_ms) = (selection.from_ms, selection.to_ms);
        // What is in memory is read first: what is written meanwhile is then found twice, not never.
        let (mut wanted, raw_from_ms) = {
            let state = shard.state.read();
            let floor = state.position.raw_floor;
            let raw_from_ms = floor.map_or(from_ms, |floor| from_ms.max(floor * WINDOW_MS));
            (wanted(&state, selection, raw_from_ms), raw_from_ms)
        };
        let series = budget.series.checked_sub(wanted.len());
        budget.series = series.ok_or_else(|| beyond("series", selection.series_max))?;
        let is_beyond = || beyond("points", selection.samples_max);
        self.gather(shard, &mut wanted, (raw_from_ms, to_ms), budget.samples)?;
        let indexes: Vec<u32> = wanted.iter().map(|one| one.index).collect();
        let buckets = if raw_from_ms > from_ms {
            self.buckets(shard, &indexes, (from_ms, to_ms.min(raw_from_ms - 1)))?
        } else {
            vec![Vec::new(); indexes.len()]
        };
        for (mut wanted, buckets) in wanted.into_iter().zip(buckets) {
            wanted.settle();
            let count = wanted.samples.len() + buckets.len();
            budget.samples = budget.samples.checked_sub(count).ok_or_else(is_beyond)?;
            if count > 0 {
                found.push(SeriesSamples {
                    series: Arc::new(wanted.info),
                    buckets,
                    samples: wanted.samples,
                });
            }
        }
        Ok(())
    }

    /// Reads the points of series, whose indexes ascend, from blocks.
    fn gather(
        &self,
        shard: &Shard,
        wanted: &mut [Wanted],
        range_ms: (i64, i64),
        samples_max: usize,
    ) -> Result<(), StoreError> {
        let windows = (window_of(range_ms.0), window_of(range_ms.1));
        let mut reader = BlockReader::default();
        let mut values = Vec::new();
        let mut total = 0;
        for wanted in wanted.chunk_by_mut(|one, two| one.index / GROUP == two.index / GROUP) {
            let group = wanted[0].index / GROUP;
            let [from, to] = BlockKey::span(kind::RAW, shard.partition, group, windows);
            self.engine.blocks().range(&from, &to, |key, block| {
                let read = read_block(&mut reader, block, wanted, range_ms, &mut values);
                total += read.unwrap_or_else(|Damaged| {
                    self.report_damage(key);
                    0
                });
                // Some points may be there twice until parts are merged.
                if total / 2 > samples_max {
                    return Err(beyond("points", samples_max));
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// The series that satisfy all matchers and have a point within the range.
    pub(crate) fn series(
        &self,
        matchers: &[Matcher],
        range_ms: (i64, i64),
        limit: usize,
    ) -> Vec<Arc<SeriesInfo>> {
        let mut found = Vec::new();
        for shard in self.shards() {
            let state = shard.state.read();
            for index in state.table.matching(matchers) {
                let range = state
                    .range(index)
                    .filter(|range| overlaps(*range, range_ms));
                if let Some((range, series)) = range.zip(state.table.get(index)) {
                    found.push(series.info(range));
                }
            }
        }
        found.sort_by(|one, two| one.labels.cmp(&two.labels));
        found.truncate(limit);
        found.into_iter().map(Arc::new).collect()
    }
}

/// What a selection may still take.
#[derive(Debug)]
struct Budget {
    series: usize,
    samples: usize,
}

fn overlaps(one: (i64, i64), two: (i64, i64)) -> bool {
    one.0 <= two.1 && two.0 <= one.1
}

/// The selected series that have a point in the range, with what is in memory of them.
fn wanted(state: &State, selection: &Selection, raw_from_ms: i64) -> Vec<Wanted> {
    let range_ms = (selection.from_ms, selection.to_ms);
    let mut found = Vec::new();
    for index in state.table.matching(&selection.matchers) {
        let range = state
            .range(index)
            .filter(|range| overlaps(*range, range_ms));
        let Some((range, series)) = range.zip(state.table.get(index)) else {
            continue;
        };
        let mut recent = Points::default();
        state.read_heads(index, (raw_from_ms, selection.to_ms), &mut recent);
        found.push(Wanted {
            index,
            info: series.info(range),
            samples: Vec::new(),
            is_sorted: true,
            recent,
        });
    }
    found
}

/// Reads what a block has of some series of its group; returns how many points it decoded.
fn read_block(
    reader: &mut BlockReader,
    block: &[u8],
    wanted: &mut [Wanted],
    range_ms: (i64, i64),
    values: &mut Vec<f64>,
) -> Read<usize> {
    reader.open(block)?;
    let mut total = 0;
    for at in 0..reader.entries.len() {
        let entry = reader.entries[at];
        let place = u32::from(entry.place);
        let Ok(found) = wanted.binary_search_by_key(&place, |one| one.index % GROUP) else {
            continue;
        };
        values.clear();
        let times = reader.read(block, entry, values)?;
        wanted[found].push_block(times, values, range_ms);
        total += values.len();
    }
    Ok(total)
}
