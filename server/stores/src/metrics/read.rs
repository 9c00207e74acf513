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

/// From so many series on partitions are read at the same time, each by a thread of its own.
const SERIES_APART_MIN: usize = 16;

/// Room for the points of so many windows is made at once.
const WINDOWS_RESERVED_MAX: i64 = 32;

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
    /// True if its group has points on disk that will become intervals.
    is_aging: bool,
}

impl Wanted {
    fn push_block(&mut self, times: &[i64], values: &[f64], range_ms: (i64, i64)) {
        let from = times.partition_point(|at| *at < range_ms.0);
        let to = times.partition_point(|at| *at <= range_ms.1);
        let Some(first) = times.get(from).filter(|_| from < to) else {
            return;
        };
        if self.samples.is_empty() {
            let last_ms = range_ms.1.min(self.info.last_ms);
            let windows = window_of(last_ms).saturating_sub(window_of(*first)) + 1;
            // Later windows are likely as full as this one; growing would copy all points so far.
            self.samples
                .reserve((to - from) * windows.clamp(1, WINDOWS_RESERVED_MAX) as usize);
        }
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
        let shards = self.shards();
        // What is in memory is read first: what is written meanwhile is then found twice, not never.
        let asked: Vec<Asked<'_>> = shards
            .iter()
            .map(|shard| Asked::new(shard, selection))
            .collect();
        let series: usize = asked.iter().map(|one| one.wanted.len()).sum();
        if series > selection.series_max {
            return Err(beyond("series", selection.series_max));
        }
        let mut found = Vec::with_capacity(series);
        if series < SERIES_APART_MIN {
            for asked in asked {
                found.extend(self.answer(asked, selection)?);
            }
        } else {
            let answers: Vec<_> = std::thread::scope(|scope| {
                let answer = |asked| scope.spawn(move || self.answer(asked, selection));
                let running: Vec<_> = asked.into_iter().map(answer).collect();
                running.into_iter().map(|one| one.join()).collect()
            });
            for answer in answers {
                let stopped = || StoreError::Invalid("reading metrics stopped".into());
                found.extend(answer.map_err(|_| stopped())??);
            }
        }
        let size = |one: &SeriesSamples| one.samples.len() + one.buckets.len();
        if found.iter().map(size).sum::<usize>() > selection.samples_max {
            return Err(beyond("points", selection.samples_max));
        }
        found.sort_by(|one, two| one.series.labels.cmp(&two.series.labels));
        Ok(found)
    }

    /// The answer of one partition.
    fn answer(
        &self,
        mut asked: Asked<'_>,
        selection: &Selection,
    ) -> Result<Vec<SeriesSamples>, StoreError> {
        loop {
            let (shard, floor) = (asked.shard, asked.floor);
            let found = self.answer_once(asked, selection)?;
            // Where points began to become intervals meanwhile, some may have been seen in neither.
            if shard.state.read().position.raw_floor == floor {
                return Ok(found);
            }
            asked = Asked::new(shard, selection);
        }
    }

    fn answer_once(
        &self,
        asked: Asked<'_>,
        selection: &Selection,
    ) -> Result<Vec<SeriesSamples>, StoreError> {
        let (from_ms, to_ms) = (selection.from_ms, selection.to_ms);
        let (shard, raw_from_ms) = (asked.shard, asked.raw_from_ms);
        let mut wanted = asked.wanted;
        let aging_ms = (asked.aging_from_ms.max(from_ms), to_ms);
        self.gather(shard, &mut wanted, aging_ms, (asked.floor, selection))?;
        let indexes: Vec<u32> = wanted.iter().map(|one| one.index).collect();
        let buckets = if raw_from_ms > from_ms {
            self.buckets(shard, &indexes, (from_ms, to_ms.min(raw_from_ms - 1)))?
        } else {
            vec![Vec::new(); indexes.len()]
        };
        let mut found = Vec::with_capacity(wanted.len());
        for (mut wanted, mut buckets) in wanted.into_iter().zip(buckets) {
            if wanted.is_aging {
                // Its points were read; if they became intervals since, these say the same again.
                let before = buckets.partition_point(|one| one.start_ms < asked.aging_from_ms);
                buckets.truncate(before);
            }
            wanted.settle();
            if !wanted.samples.is_empty() || !buckets.is_empty() {
                found.push(SeriesSamples {
                    series: Arc::new(wanted.info),
                    buckets,
                    samples: wanted.samples,
                });
            }
        }
        Ok(found)
    }

    /// Reads the points of series, whose indexes ascend, from blocks.
    fn gather(
        &self,
        shard: &Shard,
        wanted: &mut [Wanted],
        range_ms: (i64, i64),
        (floor, selection): (Option<i64>, &Selection),
    ) -> Result<(), StoreError> {
        if range_ms.0 > range_ms.1 {
            return Ok(());
        }
        let windows = (window_of(range_ms.0), window_of(range_ms.1));
        let mut reader = BlockReader::default();
        let mut values = Vec::new();
        let mut total = 0;
        for wanted in wanted.chunk_by_mut(|one, two| one.index / GROUP == two.index / GROUP) {
            let group = wanted[0].index / GROUP;
            let [from, to] = BlockKey::span(kind::RAW, shard.partition, group, windows);
            self.engine.blocks().range(&from, &to, |key, block| {
                let window = BlockKey::decode(key).map(|key| key.window);
                if window < floor && !wanted[0].is_aging {
                    wanted.iter_mut().for_each(|one| one.is_aging = true);
                }
                let read = read_block(&mut reader, block, wanted, range_ms, &mut values);
                total += read.unwrap_or_else(|Damaged| {
                    self.report_damage(key);
                    0
                });
                // Some points may be there twice until parts are merged.
                if total / 2 > selection.samples_max {
                    return Err(beyond("points", selection.samples_max));
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

/// What is asked of a partition.
#[derive(Debug)]
struct Asked<'a> {
    shard: &'a Shard,
    /// The first window whose points are kept one by one.
    floor: Option<i64>,
    /// From when on points of the selection are kept one by one.
    raw_from_ms: i64,
    /// From when on there may be points that have not become intervals yet.
    aging_from_ms: i64,
    wanted: Vec<Wanted>,
}

impl<'a> Asked<'a> {
    fn new(shard: &'a Shard, selection: &Selection) -> Self {
        let state = shard.state.read();
        let from_ms = selection.from_ms;
        let floor = state.position.raw_floor;
        let raw_from_ms = floor.map_or(from_ms, |floor| from_ms.max(floor * WINDOW_MS));
        let aging_from = state.aging.raw_from;
        Self {
            shard,
            floor,
            raw_from_ms,
            aging_from_ms: aging_from.map_or(raw_from_ms, |from| from.saturating_mul(WINDOW_MS)),
            wanted: wanted(&state, selection, raw_from_ms),
        }
    }
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
            is_aging: false,
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
