//! Snapshots of the store: blocks as they lie on disk, an item for what a partition has of some
//! windows, and what they rest on.
//!
//! A block is never changed and its key says which write it came with, so windows whose keys are
//! those of an earlier snapshot need not be read again. What is in memory only is not in a snapshot:
//! the bus has it, after the positions that are.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::Offset;
use tocsin_domain::ports::{
    Restoration, Snapshot, SnapshotEntries, SnapshotItem, Snapshots, StoreError,
};

use super::EmbeddedMetricStore;
use super::config::MetricStoreConfig;
use super::engine::{Changes, Engine, View, unavailable};
use super::keys::{BlockKey, kind, page_of};
use super::shard::Position;
use super::states;

/// The form of the items.
const FORM: &str = "metric-blocks/1";
/// Items whose names begin so are of the keyspace of states.
const STATES: &str = "states/";
/// Keys of an item; a block of 32 series and 2 hours has some 16 KB.
const KEYS_MAX: usize = 512;
/// Pages of series or times of an item.
const PAGES: u32 = 64;
/// Pieces of states of an item: they have 1 MB each.
const PIECES: usize = 8;

#[async_trait]
impl Snapshots for EmbeddedMetricStore {
    fn form(&self) -> &'static str {
        FORM
    }

    async fn take(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        // Only the view: whoever takes several stores at once wants it done at once.
        let view = self.off(|inner| Ok(inner.engine.view())).await?;
        Ok(Box::new(MetricSnapshot {
            view: Arc::new(view),
            items: None,
        }))
    }
}

/// An item that is to be told.
struct Listed {
    name: String,
    is_stamped: bool,
    keys: Vec<Vec<u8>>,
}

/// Everything that is to be told.
fn list(view: &View) -> Result<Vec<Listed>, StoreError> {
    let mut items = base_items(view)?;
    items.extend(block_items(view)?);
    items.extend(state_items(view)?);
    Ok(items)
}

/// Positions, and what series there are.
fn base_items(view: &View) -> Result<Vec<Listed>, StoreError> {
    let mut items: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for kind in [kind::PARTITION, kind::RANGES, kind::SERIES] {
        for key in view.keys(false, &[kind])? {
            let name = match kind {
                kind::PARTITION => "partitions".to_owned(),
                _ => {
                    let (partition, page) = page_of(&key).ok_or_else(odd_key)?;
                    format!("pages/{}/{partition}/{:08}", char::from(kind), page / PAGES)
                }
            };
            items.entry(name).or_default().push(key.to_vec());
        }
    }
    let listed = |(name, keys)| Listed {
        name,
        is_stamped: false,
        keys,
    };
    Ok(items.into_iter().map(listed).collect())
}

/// Blocks, by partition and window.
fn block_items(view: &View) -> Result<Vec<Listed>, StoreError> {
    let mut items = Vec::new();
    for kind in [kind::RAW, kind::FIVE_MINUTES, kind::HOUR] {
        let keys = view.keys(false, &[kind])?;
        let decode = |key: &fjall::Slice| BlockKey::decode(key).ok_or_else(odd_key);
        let mut keys: Vec<BlockKey> = keys.iter().map(decode).collect::<Result<_, _>>()?;
        keys.sort_by_key(|key| (key.partition, key.window, key.group, key.sequence));
        for window in keys.chunk_by(|a, b| (a.partition, a.window) == (b.partition, b.window)) {
            for (at, part) in window.chunks(KEYS_MAX).enumerate() {
                let BlockKey {
                    partition, window, ..
                } = part[0];
                items.push(Listed {
                    name: format!("blocks/{}/{partition}/{window}/{at}", char::from(kind)),
                    is_stamped: true,
                    keys: part.iter().map(|key| key.encode()).collect(),
                });
            }
        }
    }
    Ok(items)
}

/// The states of stages: headers first.
fn state_items(view: &View) -> Result<Vec<Listed>, StoreError> {
    let keys = view.keys(true, &[])?;
    let parts = keys.chunks(PIECES).enumerate();
    let listed = |(at, keys): (usize, &[fjall::Slice])| Listed {
        name: format!("{STATES}{at:06}"),
        is_stamped: false,
        keys: keys.iter().map(|key| key.to_vec()).collect(),
    };
    Ok(parts.map(listed).collect())
}

fn odd_key() -> StoreError {
    StoreError::Corrupt("a key of the metric store".into())
}

impl Listed {
    /// A hash of the keys, which say which writes the values came with.
    fn stamp(&self) -> Option<String> {
        let all = || self.keys.concat();
        let hash = self.is_stamped.then(|| xxhash_rust::xxh3::xxh3_128(&all()));
        hash.map(|hash| format!("{hash:032x}"))
    }

    fn read(&self, view: &View) -> Result<SnapshotEntries, StoreError> {
        let is_state = self.name.starts_with(STATES);
        let read = |key: &Vec<u8>| {
            let value = view.get(is_state, key)?.ok_or_else(odd_key)?;
            Ok((key.clone(), value.to_vec()))
        };
        self.keys.iter().map(read).collect()
    }
}

struct MetricSnapshot {
    view: Arc<View>,
    /// What is still to be told; none before the first item.
    items: Option<std::vec::IntoIter<Listed>>,
}

#[async_trait]
impl Snapshot for MetricSnapshot {
    async fn next(
        &mut self,
        known: &BTreeMap<String, String>,
    ) -> Result<Option<SnapshotItem>, StoreError> {
        let items = match &mut self.items {
            Some(items) => items,
            None => {
                let view = Arc::clone(&self.view);
                let listed = tokio::task::spawn_blocking(move || list(&view)).await;
                self.items.insert(listed.map_err(unavailable)??.into_iter())
            }
        };
        let Some(listed) = items.next() else {
            return Ok(None);
        };
        let (name, stamp) = (listed.name.clone(), listed.stamp());
        let records = listed.keys.len() as u64;
        let entries = match stamp.is_some() && known.get(&name) == stamp.as_ref() {
            true => None,
            false => {
                let view = Arc::clone(&self.view);
                let read = tokio::task::spawn_blocking(move || listed.read(&view)).await;
                Some(read.map_err(unavailable)??)
            }
        };
        Ok(Some(SnapshotItem {
            name,
            stamp,
            entries,
            records,
        }))
    }
}

/// Puts blocks and states back into a folder where no store was.
#[derive(Debug)]
pub struct MetricRestoration {
    engine: Arc<Engine>,
    is_bus_new: bool,
}

impl MetricRestoration {
    /// Begins in a folder of its own. Call it off the async threads. The store is to be opened only
    /// when this is dropped. If the bus is a new one, whose offsets begin again, positions are set
    /// to its beginning.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if something is there already, [`StoreError::Unavailable`] if the
    /// folder cannot be used.
    pub fn open(path: &Path, is_bus_new: bool) -> Result<Self, StoreError> {
        let engine = Engine::open(path, &MetricStoreConfig::default())?;
        if !engine.blocks().scan(&[])?.is_empty() || !engine.states().scan(&[])?.is_empty() {
            return Err(StoreError::Invalid("the metric store is not empty".into()));
        }
        Ok(Self {
            engine: Arc::new(engine),
            is_bus_new,
        })
    }
}

#[async_trait]
impl Restoration for MetricRestoration {
    fn reads(&self, form: &str) -> bool {
        form == FORM
    }

    async fn put(&mut self, item: SnapshotItem) -> Result<(), StoreError> {
        let Some(entries) = item.entries else {
            return Err(StoreError::Invalid(format!("`{}` has no body", item.name)));
        };
        let is_state = item.name.starts_with(STATES);
        let is_begun = self.is_bus_new;
        let value = |(key, value): (Vec<u8>, Vec<u8>)| {
            let value = match is_begun {
                true => at_the_beginning(is_state, &key, value)?,
                false => value,
            };
            Ok((key, Some(value)))
        };
        let changes: Changes = entries
            .into_iter()
            .map(value)
            .collect::<Result<_, StoreError>>()?;
        let engine = Arc::clone(&self.engine);
        let put = tokio::task::spawn_blocking(move || match is_state {
            true => engine.states().commit(changes),
            false => engine.blocks().commit(changes),
        });
        put.await.map_err(unavailable)?
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        // Each item was on disk when it was put in.
        Ok(())
    }
}

/// A value as it is where nothing of the bus was taken yet.
fn at_the_beginning(is_state: bool, key: &[u8], value: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    let corrupt = |_| StoreError::Corrupt("a position of the metric store".into());
    match (is_state, key.first()) {
        (false, Some(&kind::PARTITION)) => {
            let position = Position::decode(&value).map_err(corrupt)?;
            let durable = Offset(0);
            Ok(Position {
                durable,
                ..position
            }
            .encode())
        }
        (true, Some(&states::HEADER)) => states::at_the_beginning(&value).map_err(corrupt),
        _ => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use tocsin_domain::Partition;
    use tocsin_domain::ports::MetricStore;

    use super::super::contract::{Point, START_MS, batch, found, labels, selection};
    use super::*;

    fn open(path: &Path) -> EmbeddedMetricStore {
        EmbeddedMetricStore::open(path, MetricStoreConfig::default()).unwrap()
    }

    /// A point of each of 100 series at a time, in hours.
    async fn fill(store: &EmbeddedMetricStore, offset: u64, hour: i64) {
        for shard in 0..4 {
            let points = (0..100).map(|at| labels("load", &format!("host-{at}")));
            let points: Vec<Point> = points
                .filter(|labels| labels.id().shard() == shard)
                .map(|labels| (labels, START_MS + hour * 3_600_000, hour as f64))
                .collect();
            let batch = batch(&points, false);
            let appended = store.append(Partition(shard), Offset(offset), batch);
            appended.await.unwrap();
            store.flush(Partition(shard)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_snapshot_put_back_is_the_store_as_it_was_at_that_moment() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = open(from.path());
        for at in 0..10 {
            fill(&store, at + 1, at as i64).await;
        }
        let state = vec![7; 3 << 20];
        let saved = store.save_state(Partition(2), "detect", Offset(9), state.clone());
        saved.await.unwrap();
        let everything = selection(Vec::new(), i64::MIN, i64::MAX);
        let before = found(&store, &everything).await;
        let mut snapshot = store.take().await.unwrap();
        fill(&store, 11, 11).await;
        store.delete(&[]).await.unwrap();
        let saved = store.save_state(Partition(2), "detect", Offset(10), Vec::new());
        saved.await.unwrap();
        let mut restoration = MetricRestoration::open(to.path(), false).unwrap();
        while let Some(item) = snapshot.next(&BTreeMap::new()).await.unwrap() {
            restoration.put(item).await.unwrap();
        }
        restoration.finish().await.unwrap();
        drop(restoration);
        let again = open(to.path());
        assert!(before.len() == 1_000 && found(&again, &everything).await == before);
        assert_eq!(again.durable(Partition(3)), Offset(10));
        let kept = again.load_state(Partition(2), "detect").await.unwrap();
        assert!(kept == Some((Offset(9), state)));
        drop(again);
        // Where the bus is new, everything is there but how far it was read.
        let fresh = tempfile::tempdir().unwrap();
        let mut restoration = MetricRestoration::open(fresh.path(), true).unwrap();
        let old = open(to.path());
        let mut snapshot = old.take().await.unwrap();
        while let Some(item) = snapshot.next(&BTreeMap::new()).await.unwrap() {
            restoration.put(item).await.unwrap();
        }
        drop(restoration);
        let fresh = open(fresh.path());
        assert!(found(&fresh, &everything).await == before);
        assert_eq!(fresh.durable(Partition(3)), Offset(0));
        let kept = fresh.load_state(Partition(2), "detect").await.unwrap();
        assert_eq!(
            kept.map(|(offset, state)| (offset, state.len())),
            Some((Offset(0), 3 << 20))
        );
        drop((snapshot, old));
        assert!(MetricRestoration::open(to.path(), false).is_err());
    }

    #[tokio::test]
    async fn windows_that_are_known_are_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        for at in 0..10 {
            fill(&store, at + 1, at as i64).await;
        }
        let mut known = BTreeMap::new();
        for round in 0..2 {
            let mut snapshot = store.take().await.unwrap();
            let mut read = 0;
            while let Some(item) = snapshot.next(&known.clone()).await.unwrap() {
                if let Some(stamp) = item.stamp {
                    read += u64::from(item.entries.is_some());
                    known.insert(item.name, stamp);
                }
            }
            // The hours before are merged once the next window begins, so they are new as well.
            let most = if round == 0 { 5 * 4 } else { 2 * 4 };
            assert!(read > 0 && read <= most, "round {round}: {read}");
            fill(&store, 11, 10).await;
        }
    }
}
