//! The series of a partition: who has which index, what is known of each, and their pages on disk.
//!
//! An index is handed out once and never again, so blocks may name series by it. Series are written
//! in pages; what they are and the times of their first and last point apart, since only the latter change.

use std::collections::BTreeSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use tocsin_domain::metric::Matcher;
use tocsin_domain::ports::SeriesInfo;
use tocsin_domain::{Labels, MetricKind, SeriesId};

use super::bytes::{Damaged, Read, Reader, put_bytes, put_number, put_signed};
use super::head::Head;
use super::postings::Postings;

/// Series of a page.
const PAGE: u32 = 1024;
/// zstd's level for pages: labels repeat so much that higher levels gain little.
const ZSTD_LEVEL: i32 = 3;
/// The most bytes a page may unfold to.
const PAGE_BYTES_MAX: usize = 256 << 20;
/// The version of pages, their first byte.
const VERSION: u8 = 1;

/// What is known of a series.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) labels: Labels,
    pub(crate) kind: MetricKind,
    pub(crate) source: Arc<str>,
    /// The earliest written point; [`i64::MAX`] before there is one.
    pub(crate) first_ms: i64,
    /// The latest written point; [`i64::MIN`] before there is one.
    pub(crate) last_ms: i64,
}

/// Identities are hashes already.
#[derive(Debug, Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// The pages that are to be written.
#[derive(Debug, Default)]
pub(crate) struct Dirty {
    pub(crate) labels: BTreeSet<u32>,
    pub(crate) ranges: BTreeSet<u32>,
}

impl Dirty {
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.ranges.is_empty()
    }
}

/// The series of a partition.
#[derive(Debug, Default)]
pub(crate) struct Table {
    series: Vec<Option<Series>>,
    ids: HashMap<u64, u32, BuildHasherDefault<IdHasher>>,
    postings: Postings,
    sources: HashSet<Arc<str>>,
    /// Series that were removed, in case they come again without labels.
    removed: HashMap<u64, Series>,
    pub(crate) dirty: Dirty,
}

impl Table {
    /// How many indexes were handed out.
    pub(crate) fn indexes(&self) -> u32 {
        self.series.len() as u32
    }

    /// How many series there are.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn index(&self, id: SeriesId) -> Option<u32> {
        self.ids.get(&id.0).copied()
    }

    pub(crate) fn get(&self, index: u32) -> Option<&Series> {
        self.series.get(index as usize)?.as_ref()
    }

    /// The series with their indexes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Series)> {
        let numbered = self.series.iter().enumerate();
        numbered.filter_map(|(index, series)| Some((index as u32, series.as_ref()?)))
    }

    /// Adds a series and returns its index.
    pub(crate) fn insert(&mut self, labels: Labels, kind: MetricKind, source: &Arc<str>) -> u32 {
        let source = self.sources.get_or_insert_with(source, Arc::clone).clone();
        let index = self.indexes();
        let id = labels.id();
        let series = Series {
            labels,
            kind,
            source,
            first_ms: i64::MAX,
            last_ms: i64::MIN,
        };
        self.removed.remove(&id.0);
        self.place(index, id, series);
        self.dirty.labels.insert(index / PAGE);
        index
    }

    /// True if a series was here and was removed.
    pub(crate) fn is_removed(&self, id: SeriesId) -> bool {
        self.removed.contains_key(&id.0)
    }

    /// Takes a series in again that was removed, if it was, and returns its new index.
    pub(crate) fn insert_removed(&mut self, id: SeriesId) -> Option<u32> {
        let series = self.removed.remove(&id.0)?;
        Some(self.insert(series.labels, series.kind, &series.source))
    }

    fn place(&mut self, index: u32, id: SeriesId, series: Series) {
        if self.series.len() <= index as usize {
            self.series.resize(index as usize + 1, None);
        }
        self.postings.insert(index, &series.labels);
        self.ids.insert(id.0, index);
        self.series[index as usize] = Some(series);
    }

    /// Notes what kind a series is, if its sender says so only now.
    pub(crate) fn set_kind(&mut self, index: u32, kind: MetricKind) {
        let Some(Some(series)) = self.series.get_mut(index as usize) else {
            return;
        };
        if kind != MetricKind::Unknown && series.kind != kind {
            series.kind = kind;
            self.dirty.labels.insert(index / PAGE);
        }
    }

    /// Removes a series.
    pub(crate) fn remove(&mut self, index: u32) {
        let Some(series) = self.series.get_mut(index as usize).and_then(Option::take) else {
            return;
        };
        let id = series.labels.id();
        self.ids.remove(&id.0);
        self.postings.remove(index, &series.labels);
        self.removed.insert(id.0, series);
        self.dirty.labels.insert(index / PAGE);
        self.dirty.ranges.insert(index / PAGE);
    }

    /// Notes the times of points that are about to be written.
    pub(crate) fn see(&mut self, head: &Head) {
        for (index, chain) in head.chains() {
            if let Some(Some(series)) = self.series.get_mut(index as usize) {
                series.first_ms = series.first_ms.min(chain.first_ms);
                series.last_ms = series.last_ms.max(chain.last_ms);
                self.dirty.ranges.insert(index / PAGE);
            }
        }
    }

    /// Notes that a series has points at times that someone else wrote.
    pub(crate) fn widen(&mut self, index: u32, range_ms: (i64, i64)) {
        if let Some(Some(series)) = self.series.get_mut(index as usize) {
            series.first_ms = series.first_ms.min(range_ms.0);
            series.last_ms = series.last_ms.max(range_ms.1);
        }
    }

    /// Notes that what a series is has to be written again.
    pub(crate) fn touch(&mut self, index: u32) {
        self.dirty.labels.insert(index / PAGE);
    }

    /// Notes that nothing before a time is kept any more, for all series.
    pub(crate) fn forget_before(&mut self, cutoff_ms: i64) {
        for (index, series) in self.series.iter_mut().enumerate() {
            if let Some(series) = series
                && series.first_ms < cutoff_ms
                && series.last_ms >= cutoff_ms
            {
                series.first_ms = cutoff_ms;
                self.dirty.ranges.insert(index as u32 / PAGE);
            }
        }
    }

    /// The series that satisfy all matchers, ascending.
    pub(crate) fn matching(&self, matchers: &[Matcher]) -> Vec<u32> {
        let selects = |series: &Series| matchers.iter().all(|one| one.selects(&series.labels));
        match self.postings.candidates(matchers) {
            Some(mut found) => {
                found.retain(|index| self.get(*index).is_some_and(selects));
                found
            }
            None => self
                .iter()
                .filter(|(_, series)| selects(series))
                .map(|(index, _)| index)
                .collect(),
        }
    }

    /// The bytes of a page: what its series are. None if there is none any more.
    pub(crate) fn encode_labels(&self, page: u32) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut previous = page * PAGE;
        let mut sources: Vec<&Arc<str>> = Vec::new();
        for (index, series) in self.page(page) {
            put_number(&mut bytes, u64::from(index - previous));
            previous = index;
            bytes.push(series.kind.code());
            let known = sources.iter().position(|one| **one == series.source);
            put_number(&mut bytes, known.unwrap_or(sources.len()) as u64);
            if known.is_none() {
                sources.push(&series.source);
                put_bytes(&mut bytes, series.source.as_bytes());
            }
            put_bytes(&mut bytes, series.labels.as_bytes());
        }
        fold(&bytes)
    }

    /// The bytes of a page: when its series have points.
    pub(crate) fn encode_ranges(&self, page: u32) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut previous = (page * PAGE, 0i64, 0i64);
        for (index, series) in self.page(page) {
            put_number(&mut bytes, u64::from(index - previous.0));
            put_signed(&mut bytes, series.first_ms.wrapping_sub(previous.1));
            put_signed(&mut bytes, series.last_ms.wrapping_sub(previous.2));
            previous = (index, series.first_ms, series.last_ms);
        }
        fold(&bytes)
    }

    /// The series of a page with their indexes.
    pub(crate) fn page(&self, page: u32) -> impl Iterator<Item = (u32, &Series)> {
        let indexes = page * PAGE..((page + 1) * PAGE).min(self.indexes());
        indexes.filter_map(|index| Some((index, self.get(index)?)))
    }

    /// Takes in what [`Self::encode_labels`] wrote.
    pub(crate) fn decode_labels(&mut self, page: u32, bytes: &[u8]) -> Read<()> {
        let bytes = unfold(bytes)?;
        let mut reader = Reader::new(&bytes);
        let mut index = page * PAGE;
        let mut sources: Vec<Arc<str>> = Vec::new();
        while !reader.rest().is_empty() {
            index += reader.bounded(PAGE as usize)? as u32;
            let kind = MetricKind::from_code(reader.byte()?);
            let source = reader.bounded(sources.len())?;
            if source == sources.len() {
                let name = std::str::from_utf8(reader.bytes()?).map_err(|_| Damaged)?;
                let name = self.sources.get_or_insert_with(name, |name| name.into());
                sources.push(Arc::clone(name));
            }
            let labels = Labels::from_bytes(reader.bytes()?).map_err(|_| Damaged)?;
            let series = Series {
                kind,
                source: Arc::clone(&sources[source]),
                first_ms: i64::MAX,
                last_ms: i64::MIN,
                labels,
            };
            self.place(index, series.labels.id(), series);
        }
        Ok(())
    }

    /// Takes in what [`Self::encode_ranges`] wrote, after the series.
    pub(crate) fn decode_ranges(&mut self, page: u32, bytes: &[u8]) -> Read<()> {
        let bytes = unfold(bytes)?;
        let mut reader = Reader::new(&bytes);
        let mut previous = (page * PAGE, 0i64, 0i64);
        while !reader.rest().is_empty() {
            previous.0 += reader.bounded(PAGE as usize)? as u32;
            previous.1 = previous.1.wrapping_add(reader.signed()?);
            previous.2 = previous.2.wrapping_add(reader.signed()?);
            if let Some(Some(series)) = self.series.get_mut(previous.0 as usize) {
                (series.first_ms, series.last_ms) = (previous.1, previous.2);
            }
        }
        Ok(())
    }

    /// Sees to it that no index below this one is handed out again.
    pub(crate) fn reserve_indexes(&mut self, indexes: u32) {
        if self.series.len() < indexes as usize {
            self.series.resize(indexes as usize, None);
        }
    }
}

impl Series {
    /// What the port says of it; the range is that of written points and those in memory.
    pub(crate) fn info(&self, range_ms: (i64, i64)) -> SeriesInfo {
        SeriesInfo {
            id: self.labels.id(),
            labels: self.labels.clone(),
            kind: self.kind,
            source: Arc::clone(&self.source),
            first_ms: range_ms.0,
            last_ms: range_ms.1,
        }
    }
}

fn fold(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.is_empty() {
        return None;
    }
    let mut out = vec![VERSION];
    put_number(&mut out, bytes.len() as u64);
    out.extend(zstd::bulk::compress(bytes, ZSTD_LEVEL).ok()?);
    Some(out)
}

fn unfold(bytes: &[u8]) -> Read<Vec<u8>> {
    let mut reader = Reader::new(bytes);
    if reader.byte()? != VERSION {
        return Err(Damaged);
    }
    let length = reader.bounded(PAGE_BYTES_MAX)?;
    let unfolded = zstd::bulk::decompress(reader.rest(), length).map_err(|_| Damaged)?;
    if unfolded.len() == length {
        Ok(unfolded)
    } else {
        Err(Damaged)
    }
}
