//! Metric points as rows, an hour of a shard after the other.
//!
//! What is older than points are kept for has become intervals in the store, which a port gives but
//! does not take. An interval goes into another store as one point at its end: the last value of a
//! counter, the mean of everything else. A backup has positions and states of stages before the points:
//! points are read later than the positions, so that none at or below them is missing, and a point that
//! comes from the bus once more is the same point.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::metric::{
    METRIC_SHARDS, MatchOp, Matcher, MetricBatchBuilder, NAME_LABEL, Selection,
};
use tocsin_domain::ports::{
    MetricStore, Restoration, SeriesSamples, Snapshot, SnapshotEntries, SnapshotItem, Snapshots,
    StoreError,
};
use tocsin_domain::{BatchId, Labels, MetricKind, Offset, Partition, Sample, Timestamp};

use super::odd;

/// The form of the items.
const FORM: &str = "metric-samples/1";
/// The length of a window in ms: at 10,000 series and a point in 15 s it has 2.4 million points.
const WINDOW_MS: i64 = 3_600_000;
/// Series of an item.
const SERIES_MAX: usize = 500;
/// Everything there is.
const ALL: usize = usize::MAX;

/// The item of the positions.
const POSITIONS: &str = "positions";
/// How the names of items of states begin.
const STATE: &str = "state/";

/// A metric store whose points are the rows.
pub struct SampleRows {
    store: Arc<dyn MetricStore>,
    /// The states that go with the points; none if positions do not either.
    states: Option<&'static [&'static str]>,
}

impl std::fmt::Debug for SampleRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SampleRows").finish_non_exhaustive()
    }
}

impl SampleRows {
    /// The points of a store.
    #[must_use]
    pub fn new(store: Arc<dyn MetricStore>) -> Self {
        let states = None;
        Self { store, states }
    }

    /// The points of a store with its positions on the bus, and states of stages by their names.
    #[must_use]
    pub fn with_states(store: Arc<dyn MetricStore>, states: &'static [&'static str]) -> Self {
        let states = Some(states);
        Self { store, states }
    }

    /// What is told before the points.
    async fn heads(&self) -> Result<Vec<SnapshotItem>, StoreError> {
        let Some(names) = self.states else {
            return Ok(Vec::new());
        };
        let positions = self.store.positions().await?.into_iter();
        let position = |(partition, offset): (Partition, Offset)| {
            (
                partition.0.to_le_bytes().into(),
                offset.0.to_le_bytes().into(),
            )
        };
        let mut heads = vec![SnapshotItem {
            name: POSITIONS.into(),
            stamp: None,
            entries: Some(positions.map(position).collect()),
            records: 0,
        }];
        for partition in (0..METRIC_SHARDS).map(Partition) {
            for name in names {
                let Some((offset, state)) = self.store.load_state(partition, name).await? else {
                    continue;
                };
                let key = partition.0.to_le_bytes().into();
                let value = [offset.0.to_le_bytes().as_slice(), &state].concat();
                heads.push(SnapshotItem {
                    name: format!("{STATE}{}/{name}", partition.0),
                    stamp: None,
                    entries: Some(vec![(key, value)]),
                    records: 0,
                });
            }
        }
        Ok(heads)
    }
}

#[async_trait]
impl Snapshots for SampleRows {
    fn form(&self) -> &'static str {
        FORM
    }

    async fn take(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(Box::new(SampleSnapshot {
            store: self.store.clone(),
            windows: None,
            items: self.heads().await?.into_iter(),
        }))
    }
}

/// Every series has a name.
fn any() -> Result<Matcher, StoreError> {
    let any = Matcher::new(MatchOp::NotEqual, NAME_LABEL, "");
    any.map_err(|error| StoreError::Invalid(error.to_string()))
}

struct SampleSnapshot {
    store: Arc<dyn MetricStore>,
    /// The windows that are left; none before the first.
    windows: Option<std::collections::btree_set::IntoIter<i64>>,
    /// The rest of the window that is being told.
    items: std::vec::IntoIter<SnapshotItem>,
}

#[async_trait]
impl Snapshot for SampleSnapshot {
    async fn next(
        &mut self,
        _known: &BTreeMap<String, String>,
    ) -> Result<Option<SnapshotItem>, StoreError> {
        loop {
            if let Some(item) = self.items.next() {
                return Ok(Some(item));
            }
            let windows = match &mut self.windows {
                Some(windows) => windows,
                None => {
                    let windows = windows(&*self.store).await?.into_iter();
                    self.windows.insert(windows)
                }
            };
            let Some(window) = windows.next() else {
                return Ok(None);
            };
            let selection = Selection {
                matchers: vec![any()?],
                from_ms: window * WINDOW_MS,
                to_ms: window * WINDOW_MS + WINDOW_MS - 1,
                series_max: ALL,
                samples_max: ALL,
            };
            let found = self.store.select(&selection).await?;
            self.items = items(window, &found).into_iter();
        }
    }
}

/// The windows that a series reaches over.
async fn windows(store: &dyn MetricStore) -> Result<BTreeSet<i64>, StoreError> {
    let all = (i64::MIN, i64::MAX);
    let series = store.series(&[any()?], all, ALL).await?;
    let window = |at_ms: i64| at_ms.div_euclid(WINDOW_MS);
    let ranges: BTreeSet<(i64, i64)> = series
        .iter()
        .map(|info| (window(info.first_ms), window(info.last_ms)))
        .collect();
    Ok(ranges
        .into_iter()
        .flat_map(|(first, last)| first..=last)
        .collect())
}

/// The items of a window: series of a shard together.
fn items(window: i64, found: &[SeriesSamples]) -> Vec<SnapshotItem> {
    let from_ms = window * WINDOW_MS;
    let mut items = Vec::new();
    for shard in 0..METRIC_SHARDS {
        let of_shard: Vec<(&SeriesSamples, Vec<Sample>)> = found
            .iter()
            .filter(|series| series.series.labels.id().shard() == shard)
            .map(|series| (series, samples(series, from_ms)))
            .filter(|(_, samples)| !samples.is_empty())
            .collect();
        for (at, series) in of_shard.chunks(SERIES_MAX).enumerate() {
            items.push(SnapshotItem {
                name: format!("{window:010}/{shard}/{at:04}"),
                stamp: None,
                entries: Some(series.iter().map(entry).collect()),
                records: series.iter().map(|(_, samples)| samples.len() as u64).sum(),
            });
        }
    }
    items
}

/// The points of a window. An interval is told where it ends, so that an hour is told once also if it
/// reaches into the window from before.
fn samples(series: &SeriesSamples, from_ms: i64) -> Vec<Sample> {
    let is_counter = series.series.kind == MetricKind::Counter;
    let buckets = series.buckets.iter().map(|bucket| Sample {
        at_ms: bucket.start_ms + bucket.length_ms - 1,
        value: if is_counter {
            bucket.last
        } else {
            bucket.mean()
        },
    });
    let ended = buckets.filter(|one| (from_ms..from_ms + WINDOW_MS).contains(&one.at_ms));
    ended.chain(series.samples.iter().copied()).collect()
}

fn entry((series, samples): &(&SeriesSamples, Vec<Sample>)) -> (Vec<u8>, Vec<u8>) {
    let info = &series.series;
    let mut value = vec![info.kind.code()];
    value.extend_from_slice(&(info.source.len() as u32).to_le_bytes());
    value.extend_from_slice(info.source.as_bytes());
    for sample in samples {
        value.extend_from_slice(&sample.at_ms.to_le_bytes());
        value.extend_from_slice(&sample.value.to_bits().to_le_bytes());
    }
    (info.labels.as_bytes().to_vec(), value)
}

/// A series that was read back.
struct Read {
    labels: Labels,
    kind: MetricKind,
    source: Arc<str>,
    samples: Vec<Sample>,
}

fn read(key: &[u8], value: &[u8]) -> Option<Read> {
    let labels = Labels::from_bytes(key).ok()?;
    let (kind, rest) = value.split_first()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (source, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let (points, rest) = rest.as_chunks::<16>();
    let sample = |bytes: &[u8; 16]| {
        let (at, value) = bytes.split_first_chunk::<8>()?;
        Some(Sample {
            at_ms: i64::from_le_bytes(*at),
            value: f64::from_bits(u64::from_le_bytes(value.try_into().ok()?)),
        })
    };
    rest.is_empty().then_some(())?;
    Some(Read {
        labels,
        kind: MetricKind::from_code(*kind),
        source: std::str::from_utf8(source).ok()?.into(),
        samples: points.iter().map(sample).collect::<Option<_>>()?,
    })
}

/// Puts points into a metric store that nobody works with; what was put in before may come again. With
/// the positions of a backup it goes on where that was.
pub struct SampleRestoration {
    store: Arc<dyn MetricStore>,
    positions: Vec<(Partition, Offset)>,
}

impl std::fmt::Debug for SampleRestoration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SampleRestoration({:?})", self.positions)
    }
}

impl SampleRestoration {
    /// Begins with a store.
    #[must_use]
    pub fn new(store: Arc<dyn MetricStore>) -> Self {
        let positions = Vec::new();
        Self { store, positions }
    }

    async fn put_in(&self, shard: u16, series: &[Read]) -> Result<(), StoreError> {
        // A batch is of one source.
        let mut by_source: BTreeMap<&Arc<str>, Vec<&Read>> = BTreeMap::new();
        for one in series.iter().filter(|one| one.labels.id().shard() == shard) {
            by_source.entry(&one.source).or_default().push(one);
        }
        for (source, series) in by_source {
            let latest = series.iter().flat_map(|one| one.samples.last());
            let latest = latest.map(|sample| sample.at_ms).max().unwrap_or(0);
            let mut builder = batch(shard, source, Timestamp::from_millis(latest));
            for one in series {
                let index = builder.series(one.labels.id(), one.kind, one.labels.as_bytes());
                for sample in &one.samples {
                    builder.point(index, sample.at_ms, sample.value);
                }
            }
            let batch = Arc::new(builder.finish());
            self.store.put_in(Partition(shard), batch).await?;
        }
        Ok(())
    }

    async fn put_state(&self, name: &str, entries: &SnapshotEntries) -> Result<(), StoreError> {
        let (_, state) = name.split_once('/').ok_or_else(|| odd(name))?;
        let [(partition, value)] = entries.as_slice() else {
            return Err(odd(name));
        };
        let (offset, bytes) = value.split_first_chunk().ok_or_else(|| odd(name))?;
        let partition = number(partition).ok_or_else(|| odd(name))?;
        let offset = Offset(u64::from_le_bytes(*offset));
        let saved = self
            .store
            .save_state(partition, state, offset, bytes.to_vec());
        saved.await
    }
}

fn batch(shard: u16, source: &Arc<str>, observed: Timestamp) -> MetricBatchBuilder {
    let id = BatchId::new(observed, [0; 10]);
    MetricBatchBuilder::new(id, observed, source.clone(), shard)
}

fn number(partition: &[u8]) -> Option<Partition> {
    let bytes = partition.try_into().ok()?;
    Some(Partition(u16::from_le_bytes(bytes)))
}

fn position((partition, offset): &(Vec<u8>, Vec<u8>)) -> Option<(Partition, Offset)> {
    let offset = offset.as_slice().try_into().ok()?;
    Some((number(partition)?, Offset(u64::from_le_bytes(offset))))
}

#[async_trait]
impl Restoration for SampleRestoration {
    fn reads(&self, form: &str) -> bool {
        form == FORM
    }

    async fn put(&mut self, item: SnapshotItem) -> Result<(), StoreError> {
        let entries: SnapshotEntries = item.entries.ok_or_else(|| odd(&item.name))?;
        if item.name == POSITIONS {
            let positions: Option<_> = entries.iter().map(position).collect();
            self.positions = positions.ok_or_else(|| odd(POSITIONS))?;
            return Ok(());
        }
        if let Some(state) = item.name.strip_prefix(STATE) {
            return self.put_state(state, &entries).await;
        }
        let series = entries.iter().map(|(key, value)| read(key, value));
        let series: Option<Vec<Read>> = series.collect();
        let series = series.ok_or_else(|| odd(&item.name))?;
        for shard in 0..METRIC_SHARDS {
            self.put_in(shard, &series).await?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        for shard in 0..METRIC_SHARDS {
            self.store.flush(Partition(shard)).await?;
        }
        // Last: a position says that everything through it is there.
        for (partition, offset) in &self.positions {
            let nothing = batch(partition.0, &"".into(), Timestamp(0)).finish();
            let put = self.store.append(*partition, *offset, Arc::new(nothing));
            put.await?;
            self.store.flush(*partition).await?;
        }
        Ok(())
    }
}
