//! From one store into another, over the ports, and whether both hold the same afterwards.
//!
//! What is put in has partitions of its own and offsets counted from 1, in an order that is the same
//! each time; the store's own positions say how far it came, so a move that broke off is begun again
//! and goes on where it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use tocsin_domain::metric::{METRIC_SHARDS, MatchOp, Matcher, NAME_LABEL, Selection};
use tocsin_domain::ports::log_store::{Cursor, LogQuery, LogStats, Order};
use tocsin_domain::ports::{
    LogExport, LogStore, MetricStore, Restoration, Snapshots, StoreError, VectorStore,
};
use tocsin_domain::{LogRecord, Offset, Partition, TimeRange, Timestamp};

use crate::rows::IMPORT_PARTITION;
use crate::{BackupError, Progress, Watcher};

/// A day in nanoseconds.
const DAY: i64 = 86_400_000_000_000;
/// Records that are compared byte by byte, of each day.
const SAMPLE_RECORDS: usize = 500;
/// Batches between two flushes.
const FLUSH_EVERY: u64 = 256;
/// Differences that are told one by one.
const DIFFERENCES_MAX: usize = 20;

/// Leads the items of a store into another.
///
/// # Errors
/// [`BackupError::Refused`] if the one does not read the other's form; [`BackupError::Store`].
pub async fn pipe(
    part: &str,
    from: &dyn Snapshots,
    into: &mut dyn Restoration,
    watcher: &Watcher,
) -> Result<u64, BackupError> {
    if !into.reads(from.form()) {
        let message = format!("the part `{part}` cannot be read there: `{}`", from.form());
        return Err(BackupError::Refused(message));
    }
    let failed = |error| BackupError::store(part)(error);
    let mut snapshot = from.take().await.map_err(failed)?;
    let nothing = BTreeMap::new();
    let (mut items, mut records, mut bytes) = (0, 0, 0);
    while let Some(item) = snapshot.next(&nothing).await.map_err(failed)? {
        items += 1;
        records += item.records;
        let entries = item.entries.iter().flatten();
        bytes += entries
            .map(|(key, value)| key.len() + value.len())
            .sum::<usize>() as u64;
        into.put(item).await.map_err(failed)?;
        watcher(&Progress {
            part: part.to_owned(),
            items,
            records,
            bytes,
        });
    }
    into.finish().await.map_err(failed)?;
    Ok(records)
}

/// Puts every line of a store into another, in the order in which they came.
///
/// # Errors
/// [`BackupError::Store`].
pub async fn logs(
    from: &dyn LogExport,
    into: &dyn LogStore,
    watcher: &Watcher,
) -> Result<u64, BackupError> {
    let failed = |error| BackupError::store("logs")(error);
    let partition = Partition(IMPORT_PARTITION);
    let done = into.reopen(partition).await.map_err(failed)?;
    let (mut offset, mut records, mut unflushed) = (0, 0, 0);
    for (at, (piece, rows)) in from.pieces().await.map_err(failed)?.into_iter().enumerate() {
        for batch in from.batches(piece).await.map_err(failed)? {
            offset += 1;
            if offset <= done.0 {
                continue;
            }
            let put = into.append(partition, Offset(offset), batch).await;
            put.map_err(failed)?;
            unflushed += 1;
            if unflushed == FLUSH_EVERY {
                into.flush(partition).await.map_err(failed)?;
                unflushed = 0;
            }
        }
        records += rows;
        watcher(&Progress {
            part: "logs".into(),
            items: at as u64 + 1,
            records,
            bytes: 0,
        });
    }
    into.flush(partition).await.map_err(failed)?;
    Ok(records)
}

/// Puts the states of stages into another store, as they are where nothing of the bus was taken yet.
///
/// # Errors
/// [`BackupError::Store`].
pub async fn states(
    from: &dyn MetricStore,
    into: &dyn MetricStore,
    names: &[&str],
) -> Result<u64, BackupError> {
    let failed = |error| BackupError::store("states")(error);
    let mut moved = 0;
    for partition in (0..METRIC_SHARDS).map(Partition) {
        for name in names {
            let state = from.load_state(partition, name).await.map_err(failed)?;
            if let Some((_, state)) = state {
                let saved = into.save_state(partition, name, Offset(0), state).await;
                saved.map_err(failed)?;
                moved += 1;
            }
        }
    }
    Ok(moved)
}

/// What two stores have of the same things.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// What is compared, how many there are here, and how many there.
    pub counts: Vec<(String, u64, u64)>,
    /// Things that were compared one by one, byte by byte.
    pub samples: u64,
    /// Differences in words, the first of them.
    pub differences: Vec<String>,
}

impl Comparison {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differences.is_empty()
    }

    fn count(&mut self, what: String, here: u64, there: u64) {
        if here != there {
            self.differ(format!("{what}: {here} here, {there} there"));
        }
        self.counts.push((what, here, there));
    }

    fn differ(&mut self, difference: String) {
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(difference);
        }
    }
}

/// Compares two log stores: records of each source, of each template on each day, and some hundred
/// records of each day byte by byte.
///
/// # Errors
/// [`BackupError::Store`].
pub async fn compare_logs(
    one: &dyn LogStore,
    two: &dyn LogStore,
) -> Result<Comparison, BackupError> {
    let compared = compare_lines(one, two).await;
    compared.map_err(BackupError::store("logs"))
}

async fn compare_lines(one: &dyn LogStore, two: &dyn LogStore) -> Result<Comparison, StoreError> {
    let mut comparison = Comparison::default();
    let by_source = |stats: LogStats| -> BTreeMap<Arc<str>, u64> {
        let sources = stats.sources.into_iter();
        sources
            .map(|source| (source.source, source.records))
            .collect()
    };
    let (here, there) = (by_source(one.stats().await?), by_source(two.stats().await?));
    for source in here
        .keys()
        .chain(there.keys().filter(|name| !here.contains_key(*name)))
    {
        let of = |all: &BTreeMap<Arc<str>, u64>| all.get(source).copied().unwrap_or(0);
        comparison.count(format!("records of `{source}`"), of(&here), of(&there));
    }
    let everything = LogQuery::all(TimeRange::ALL);
    let days = one.histogram(&everything, DAY).await?;
    let other_days = two.histogram(&everything, DAY).await?;
    if days != other_days {
        comparison.differ("records by day and severity are not the same".into());
    }
    for (start, _) in days.buckets {
        let range = TimeRange {
            from: start,
            to: Timestamp(start.0.saturating_add(DAY)),
        };
        let query = LogQuery::all(range);
        let (mut here, mut there) = (
            one.template_counts(&query).await?,
            two.template_counts(&query).await?,
        );
        here.sort_by_key(|count| count.template);
        there.sort_by_key(|count| count.template);
        if here != there {
            comparison.differ(format!(
                "templates of the day at {} s differ",
                start.0 / 1_000_000_000
            ));
        }
        comparison.samples += compare_day((one, two), &query, &mut comparison.differences).await?;
    }
    Ok(comparison)
}

/// Compares records from several places of a day.
async fn compare_day(
    (one, two): (&dyn LogStore, &dyn LogStore),
    query: &LogQuery,
    differences: &mut Vec<String>,
) -> Result<u64, StoreError> {
    let mut compared = 0;
    // From five times of the day, a fifth from each, so that not only its first lines are seen.
    for part in 0..5 {
        let at = Timestamp(query.range.from.0.saturating_add(DAY / 5 * part));
        let after = (part > 0).then(|| Cursor {
            timestamp: at,
            id: tocsin_domain::RecordId::from_bits(0),
        });
        let limit = SAMPLE_RECORDS / 5;
        let here = one.search(query, Order::OldestFirst, after, limit).await?;
        let there = two.search(query, Order::OldestFirst, after, limit).await?;
        compared += here.records.len() as u64;
        let pairs = here.records.iter().zip(&there.records);
        let differing = pairs.filter(|(one, two)| !is_same(one, two)).count();
        if differing > 0 || here.records.len() != there.records.len() {
            let example = here
                .records
                .first()
                .map_or(String::new(), |one| one.id.to_string());
            let more = differences.len() < DIFFERENCES_MAX;
            more.then(|| differences.push(format!("{differing} records near {example} differ")));
        }
    }
    Ok(compared)
}

/// Equal to the bit, also where a number is none.
fn is_same(one: &LogRecord, two: &LogRecord) -> bool {
    one == two || format!("{one:?}") == format!("{two:?}")
}

/// Compares two metric stores: series, and every point of the newest day of each hundredth series.
///
/// # Errors
/// [`BackupError::Store`].
pub async fn compare_metrics(
    one: &dyn MetricStore,
    two: &dyn MetricStore,
) -> Result<Comparison, BackupError> {
    let compared = compare_points(one, two).await;
    compared.map_err(BackupError::store("metrics"))
}

async fn compare_points(
    one: &dyn MetricStore,
    two: &dyn MetricStore,
) -> Result<Comparison, StoreError> {
    let mut comparison = Comparison::default();
    let invalid =
        |error: tocsin_domain::metric::MatcherError| StoreError::Invalid(error.to_string());
    let any = Matcher::new(MatchOp::NotEqual, NAME_LABEL, "").map_err(invalid)?;
    let all = (i64::MIN, i64::MAX);
    let here = one
        .series(std::slice::from_ref(&any), all, usize::MAX)
        .await?;
    let there = two.series(&[any], all, usize::MAX).await?;
    comparison.count("series".into(), here.len() as u64, there.len() as u64);
    let step = (here.len() / 100).max(1);
    for info in here.iter().step_by(step) {
        let matcher = |(name, value): (&str, &str)| Matcher::new(MatchOp::Equal, name, value);
        let matchers = info.labels.iter().map(matcher);
        let selection = Selection {
            matchers: matchers.collect::<Result<_, _>>().map_err(invalid)?,
            from_ms: info.last_ms - 86_400_000,
            to_ms: info.last_ms,
            series_max: usize::MAX,
            samples_max: usize::MAX,
        };
        let of = |found: Vec<tocsin_domain::ports::SeriesSamples>| {
            let mut mine = found.into_iter().filter(|one| one.series.id == info.id);
            let samples = mine.next().map(|one| one.samples).unwrap_or_default();
            let bits = samples
                .into_iter()
                .map(|one| (one.at_ms, one.value.to_bits()));
            bits.collect::<Vec<_>>()
        };
        let (here, there) = (
            of(one.select(&selection).await?),
            of(two.select(&selection).await?),
        );
        comparison.samples += here.len() as u64;
        if here != there {
            let (here, there) = (here.len(), there.len());
            comparison.differ(format!(
                "points of {:?}: {here} here, {there} there",
                info.labels
            ));
        }
    }
    Ok(comparison)
}

/// Compares how many points two vector stores have.
///
/// # Errors
/// [`BackupError::Store`].
pub async fn compare_vectors(
    one: &dyn VectorStore,
    two: &dyn VectorStore,
) -> Result<Comparison, BackupError> {
    let mut comparison = Comparison::default();
    let here = one.count().await.map_err(BackupError::store("vectors"))?;
    let there = two.count().await.map_err(BackupError::store("vectors"))?;
    comparison.count("vectors".into(), here, there);
    Ok(comparison)
}

/// Compares the rows of two relational stores, every one of them: by table how many there are, and
/// whether they are equal. Tables whose names are given are passed over.
///
/// # Errors
/// [`BackupError::Store`].
pub async fn compare_rows(
    one: &dyn Snapshots,
    two: &dyn Snapshots,
    passed_over: &[&str],
) -> Result<Comparison, BackupError> {
    let here = tables(one, passed_over).await;
    let here = here.map_err(BackupError::store("relational"))?;
    let there = tables(two, passed_over).await;
    let there = there.map_err(BackupError::store("relational"))?;
    let mut comparison = Comparison::default();
    for (table, (rows, hash)) in &here {
        let (others, other_hash) = there.get(table).cloned().unwrap_or_default();
        comparison.count(format!("rows of `{table}`"), *rows, others);
        comparison.samples += rows;
        if *rows == others && *hash != other_hash {
            comparison.differ(format!("rows of `{table}` are not the same"));
        }
    }
    Ok(comparison)
}

/// By table, how many rows there are and the sum of their hashes: engines order texts differently.
async fn tables(
    store: &dyn Snapshots,
    passed_over: &[&str],
) -> Result<BTreeMap<String, (u64, u128)>, StoreError> {
    let mut snapshot = store.take().await?;
    let mut tables: BTreeMap<String, (u64, u128)> = BTreeMap::new();
    while let Some(item) = snapshot.next(&BTreeMap::new()).await? {
        let Some((table, _)) = item.name.split_once('/') else {
            continue;
        };
        if passed_over.contains(&table) {
            continue;
        }
        let (rows, sum) = tables.entry(table.to_owned()).or_default();
        *rows += item.records;
        // What has a key is said of the rows.
        let entries = item.entries.iter().flatten();
        for (_, row) in entries.filter(|(key, _)| key.is_empty()) {
            *sum = sum.wrapping_add(crate::object::number(row));
        }
    }
    Ok(tables)
}
