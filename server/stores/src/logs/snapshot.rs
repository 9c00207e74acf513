//! Snapshots of the store: the blocks as they lie on disk, an item each, and what they rest on.
//!
//! A block is never changed, so a backup that has it need not read it again. What is in memory only
//! is not in a snapshot: the bus has it, after the positions that are.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use fjall::Slice;
use tocsin_domain::ParsedBatch;
use tocsin_domain::ports::{
    LogExport, Restoration, Snapshot, SnapshotEntries, SnapshotItem, Snapshots, StoreError,
};

use super::EmbeddedLogStore;
use super::block::codec::Damaged;
use super::block::meta::Summary;
use super::config::LogStoreConfig;
use super::engine::{Engine, View, unavailable};
use super::head::HeadBatch;
use super::inner::{Trouble, key, kind, number_after};
use super::part::BlockReader;
use super::rebuild::batches_of;

/// The form of the items.
const FORM: &str = "log-blocks/1";
/// The item of templates and positions.
const BASE: &str = "base";

#[async_trait]
impl Snapshots for EmbeddedLogStore {
    fn form(&self) -> &'static str {
        FORM
    }

    async fn take(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        // Only the view: whoever takes several stores at once wants it done at once.
        let view = self.off(|inner| Ok(inner.engine.view())).await?;
        Ok(Box::new(BlockSnapshot {
            view: Arc::new(view),
            blocks: None,
        }))
    }
}

/// A block that is to be told.
struct Block {
    id: u64,
    stamp: String,
    rows: u64,
}

impl Block {
    fn of(at: &Slice, value: &Slice) -> Result<Self, StoreError> {
        let id = number_after(at)?;
        let rows = match Summary::decode(id, value) {
            Ok(summary) => u64::from(summary.rows),
            Err(Damaged) => 0,
        };
        // It names the batches within and their times, which no other block of this number has.
        let hash = xxhash_rust::xxh3::xxh3_128(value);
        let stamp = format!("{hash:032x}");
        Ok(Self { id, stamp, rows })
    }
}

#[async_trait]
impl LogExport for EmbeddedLogStore {
    async fn pieces(&self) -> Result<Vec<(u64, u64)>, StoreError> {
        let view = self.off(|inner| Ok(inner.view())).await?;
        let piece = |block: &Arc<Summary>| (block.id, u64::from(block.rows));
        Ok(view.blocks.iter().map(piece).collect())
    }

    async fn batches(&self, piece: u64) -> Result<Vec<ParsedBatch>, StoreError> {
        self.off(move |inner| {
            let view = inner.view();
            let block = view.blocks.iter().find(|block| block.id == piece);
            let corrupt = || StoreError::Corrupt(format!("block {piece}"));
            let block = block.ok_or_else(corrupt)?;
            let read = BlockReader::open(inner, block).and_then(|open| batches_of(&open, &[]));
            let batches = read.map_err(|trouble| match trouble {
                Trouble::Store(error) => error,
                Trouble::Damaged | Trouble::Gone => corrupt(),
            })?;
            let with_ordinals = |batch: HeadBatch| {
                let mut parsed = batch.parsed;
                parsed.batch.ordinals = batch.ordinals;
                parsed
            };
            Ok(batches.into_iter().map(with_ordinals).collect())
        })
        .await
    }
}

struct BlockSnapshot {
    view: Arc<View>,
    /// What is still to be told; none before the first item.
    blocks: Option<std::vec::IntoIter<Block>>,
}

#[async_trait]
impl Snapshot for BlockSnapshot {
    async fn next(
        &mut self,
        known: &BTreeMap<String, String>,
    ) -> Result<Option<SnapshotItem>, StoreError> {
        let Some(blocks) = &mut self.blocks else {
            self.blocks = Some(self.read(blocks).await?.into_iter());
            return Ok(Some(SnapshotItem {
                name: BASE.into(),
                stamp: None,
                entries: Some(self.read(base).await?),
                records: 0,
            }));
        };
        let Some(Block { id, stamp, rows }) = blocks.next() else {
            return Ok(None);
        };
        let name = format!("block/{id:016x}");
        let entries = match known.get(&name) == Some(&stamp) {
            true => None,
            false => Some(self.read(move |view| block(view, id)).await?),
        };
        Ok(Some(SnapshotItem {
            name,
            stamp: Some(stamp),
            entries,
            records: rows,
        }))
    }
}

impl BlockSnapshot {
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&View) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let view = Arc::clone(&self.view);
        let read = tokio::task::spawn_blocking(move || work(&view)).await;
        read.map_err(unavailable)?
    }
}

/// The blocks there are.
fn blocks(view: &View) -> Result<Vec<Block>, StoreError> {
    let summaries = view.scan(&[kind::SUMMARY])?;
    let block = |(at, value): &(Slice, Slice)| Block::of(at, value);
    summaries.iter().map(block).collect()
}

/// Templates and positions.
fn base(view: &View) -> Result<SnapshotEntries, StoreError> {
    let mut entries = Vec::new();
    for kind in [kind::POSITION, kind::TEMPLATE] {
        entries.extend(view.scan(&[kind])?.into_iter().map(owned));
    }
    Ok(entries)
}

/// Everything of a block, in the order of keys.
fn block(view: &View, id: u64) -> Result<SnapshotEntries, StoreError> {
    let sections = view.scan(&key(kind::SECTION, id))?;
    let mut entries: SnapshotEntries = sections.into_iter().map(owned).collect();
    for kind in [kind::FILTER, kind::META, kind::SUMMARY] {
        let at = key(kind, id);
        let value = view.get(&at)?;
        let value = value.ok_or_else(|| StoreError::Corrupt(format!("block {id}")))?;
        entries.push((at, value.to_vec()));
    }
    Ok(entries)
}

fn owned((key, value): (Slice, Slice)) -> (Vec<u8>, Vec<u8>) {
    (key.to_vec(), value.to_vec())
}

/// Puts blocks back into a folder where no store was.
#[derive(Debug)]
pub struct LogRestoration {
    engine: Arc<Engine>,
    is_bus_new: bool,
}

impl LogRestoration {
    /// Begins in a folder of its own. Call it off the async threads. The store is to be opened only
    /// when this is dropped. If the bus is a new one, whose offsets begin again, positions are left
    /// out.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if something is there already, [`StoreError::Unavailable`] if the
    /// folder cannot be used.
    pub fn open(path: &Path, is_bus_new: bool) -> Result<Self, StoreError> {
        let engine = Engine::open(path, &LogStoreConfig::default())?;
        if !engine.keys(&[])?.is_empty() {
            return Err(StoreError::Invalid("the log store is not empty".into()));
        }
        Ok(Self {
            engine: Arc::new(engine),
            is_bus_new,
        })
    }
}

#[async_trait]
impl Restoration for LogRestoration {
    fn reads(&self, form: &str) -> bool {
        form == FORM
    }

    async fn put(&mut self, item: SnapshotItem) -> Result<(), StoreError> {
        let Some(entries) = item.entries else {
            return Err(StoreError::Invalid(format!("`{}` has no body", item.name)));
        };
        let is_left_out = |key: &[u8]| self.is_bus_new && key.first() == Some(&kind::POSITION);
        let changes = entries.into_iter().filter(|(key, _)| !is_left_out(key));
        let changes = changes.map(|(key, value)| (key, Some(value))).collect();
        let engine = Arc::clone(&self.engine);
        let put = tokio::task::spawn_blocking(move || engine.commit(changes)).await;
        put.map_err(unavailable)?
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        // Each item was on disk when it was put in.
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tocsin_domain::ports::log_store::{LogQuery, LogStore, Order};
    use tocsin_domain::{Offset, Partition, TimeRange, Timestamp};

    use super::super::contract::corpus::{Line, batch};
    use super::*;

    fn open(path: &Path) -> EmbeddedLogStore {
        let config = LogStoreConfig {
            head_rows_max: 50,
            ..LogStoreConfig::default()
        };
        EmbeddedLogStore::open(path, config).unwrap()
    }

    async fn fill(store: &EmbeddedLogStore, offsets: std::ops::Range<u64>) {
        for at in offsets {
            let lines: Vec<Line> = (0..20)
                .map(|line| Line {
                    timestamp: Some(Timestamp::from_millis(at as i64 * 1_000 + line)),
                    ..Line::of(&format!("user {line} of {at} came"))
                })
                .collect();
            let parsed = batch(at, "source", &lines);
            store
                .append(Partition(1), Offset(at), parsed)
                .await
                .unwrap();
        }
        store.flush(Partition(1)).await.unwrap();
    }

    async fn items(
        store: &EmbeddedLogStore,
        known: &BTreeMap<String, String>,
    ) -> Vec<SnapshotItem> {
        let mut snapshot = store.take().await.unwrap();
        let mut items = Vec::new();
        while let Some(item) = snapshot.next(known).await.unwrap() {
            items.push(item);
        }
        items
    }

    async fn all(store: &EmbeddedLogStore) -> Vec<tocsin_domain::LogRecord> {
        let query = LogQuery::all(TimeRange::ALL);
        let page = store.search(&query, Order::OldestFirst, None, 10_000).await;
        page.unwrap().records
    }

    #[tokio::test]
    async fn a_snapshot_put_back_is_the_store_as_it_was_at_that_moment() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = open(from.path());
        fill(&store, 1..20).await;
        let before = all(&store).await;
        let mut snapshot = store.take().await.unwrap();
        // Whatever happens then is not in it, and takes nothing from it.
        fill(&store, 20..30).await;
        store.delete(&LogQuery::all(TimeRange::ALL)).await.unwrap();
        let mut restoration = LogRestoration::open(to.path(), false).unwrap();
        assert!(restoration.reads(store.form()));
        while let Some(item) = snapshot.next(&BTreeMap::new()).await.unwrap() {
            restoration.put(item).await.unwrap();
        }
        restoration.finish().await.unwrap();
        drop(restoration);
        let again = open(to.path());
        assert_eq!(all(&again).await, before);
        assert_eq!(again.durable(Partition(1)), Offset(19));
        assert_eq!(again.damaged_blocks(), 0);
        drop(again);
        assert!(LogRestoration::open(to.path(), false).is_err());
    }

    #[tokio::test]
    async fn what_is_taken_out_can_be_put_into_another_store_and_comes_back_the_same() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = open(from.path());
        fill(&store, 1..20).await;
        // Some of a batch are gone, so the places of the others in it have a gap.
        let first = all(&store).await.swap_remove(3);
        let one = LogQuery::all(TimeRange {
            from: first.timestamp,
            to: Timestamp(first.timestamp.0 + 1),
        });
        let gone = store.delete(&one).await.unwrap();
        assert_eq!(gone, 1);
        let other = open(to.path());
        let mut offset = 0;
        for (piece, _) in store.pieces().await.unwrap() {
            for batch in store.batches(piece).await.unwrap() {
                offset += 1;
                let put = other.append(Partition(9), Offset(offset), batch);
                put.await.unwrap();
            }
        }
        assert_eq!(all(&other).await, all(&store).await);
        other.flush(Partition(9)).await.unwrap();
        assert_eq!(all(&other).await, all(&store).await);
    }

    #[tokio::test]
    async fn positions_are_left_out_where_the_bus_is_new() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = open(from.path());
        fill(&store, 1..20).await;
        let mut restoration = LogRestoration::open(to.path(), true).unwrap();
        for item in items(&store, &BTreeMap::new()).await {
            restoration.put(item).await.unwrap();
        }
        drop(restoration);
        let again = open(to.path());
        assert_eq!(again.durable(Partition(1)), Offset(0));
        assert_eq!(all(&again).await, all(&store).await);
    }

    #[tokio::test]
    async fn blocks_that_are_known_are_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        fill(&store, 1..20).await;
        let first = items(&store, &BTreeMap::new()).await;
        let known: BTreeMap<_, _> = first
            .iter()
            .filter_map(|item| Some((item.name.clone(), item.stamp.clone()?)))
            .collect();
        assert_eq!(known.len() + 1, first.len());
        fill(&store, 20..25).await;
        let second = items(&store, &known).await;
        let read: Vec<_> = second
            .iter()
            .filter(|item| item.entries.is_some())
            .collect();
        assert_eq!(second.iter().map(|item| item.records).sum::<u64>(), 480);
        assert_eq!(read.iter().map(|item| item.records).sum::<u64>(), 100);
    }
}
