//! Snapshots of the bus: the events that wait, and how far the others were acknowledged.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::ports::{
    Restoration, Snapshot, SnapshotEntries, SnapshotItem, Snapshots, StoreError,
};

use super::FjallBus;
use super::engine::{Engine, EngineError, View};
use crate::BusConfig;
use crate::backed::{EVENTS_MAX, FORM};

#[async_trait]
impl Snapshots for FjallBus {
    fn form(&self) -> &'static str {
        FORM
    }

    async fn take(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        let shared = Arc::clone(&self.shared);
        let take = move || {
            let engine = shared.engine.read();
            let engine = engine.as_ref().ok_or(EngineError::Stopped)?;
            // Only the view: whoever takes several stores at once wants it done at once.
            Ok(EventSnapshot {
                view: Arc::new(engine.view()),
                keys: None,
                told: 0,
            })
        };
        let taken = tokio::task::spawn_blocking(take).await;
        let taken = taken.map_err(unavailable)?;
        Ok(Box::new(taken.map_err(unavailable::<EngineError>)?))
    }
}

struct EventSnapshot {
    view: Arc<View>,
    /// All keys; none before the first item.
    keys: Option<Vec<Vec<u8>>>,
    /// How many keys were told.
    told: usize,
}

#[async_trait]
impl Snapshot for EventSnapshot {
    async fn next(
        &mut self,
        _known: &BTreeMap<String, String>,
    ) -> Result<Option<SnapshotItem>, StoreError> {
        let keys = match &mut self.keys {
            Some(keys) => keys,
            None => {
                let view = Arc::clone(&self.view);
                let keys = tokio::task::spawn_blocking(move || view.keys()).await;
                let keys = keys.map_err(unavailable)?.map_err(unavailable)?;
                self.keys.insert(keys)
            }
        };
        let end = keys.len().min(self.told + EVENTS_MAX);
        if self.told == end {
            return Ok(None);
        }
        let name = format!("{:08}", self.told);
        let keys = keys[self.told..end].to_vec();
        self.told = end;
        let view = Arc::clone(&self.view);
        let read = tokio::task::spawn_blocking(move || read(&view, keys)).await;
        let entries = read.map_err(unavailable)?.map_err(unavailable)?;
        Ok(Some(SnapshotItem {
            name,
            stamp: None,
            records: entries.len() as u64,
            entries: Some(entries),
        }))
    }
}

fn read(view: &View, keys: Vec<Vec<u8>>) -> Result<SnapshotEntries, EngineError> {
    let mut entries = Vec::with_capacity(keys.len());
    for key in keys {
        if let Some(value) = view.get(&key)? {
            entries.push((key, value));
        }
    }
    Ok(entries)
}

/// Puts events back into a folder where no bus was.
#[derive(Debug)]
pub struct BusRestoration {
    engine: Arc<Engine>,
}

impl BusRestoration {
    /// Begins in a folder of its own. Call it off the async threads. The bus is to be opened only
    /// when this is dropped.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if something is there already, [`StoreError::Unavailable`] if the
    /// folder cannot be used.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let engine = Engine::open(path, &BusConfig::default()).map_err(unavailable)?;
        if !engine.is_empty().map_err(unavailable)? {
            return Err(StoreError::Invalid("the bus is not empty".into()));
        }
        let engine = Arc::new(engine);
        Ok(Self { engine })
    }
}

#[async_trait]
impl Restoration for BusRestoration {
    fn reads(&self, form: &str) -> bool {
        form == FORM
    }

    async fn put(&mut self, item: SnapshotItem) -> Result<(), StoreError> {
        let Some(entries) = item.entries else {
            return Err(StoreError::Invalid(format!("`{}` has no body", item.name)));
        };
        let engine = Arc::clone(&self.engine);
        let put = tokio::task::spawn_blocking(move || engine.put_back(entries)).await;
        put.map_err(unavailable)?.map_err(unavailable)
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        // Each item was on disk when it was put in.
        Ok(())
    }
}

fn unavailable<E: std::error::Error + Send + Sync + 'static>(error: E) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

#[cfg(test)]
mod tests {
    use tocsin_domain::metric::{Feedback, SeriesId, Verdict};
    use tocsin_domain::ports::Bus;
    use tocsin_domain::{Event, Offset, Partition, Payload};

    use super::*;

    fn event(series: u64) -> Event {
        let feedback = Feedback {
            series: SeriesId(series),
            verdict: Verdict::Missed,
            at_ms: 1_000,
        };
        Payload::Feedback(feedback).into()
    }

    async fn offsets(bus: &FjallBus) -> Vec<(u16, u64)> {
        let mut found = Vec::new();
        for partition in 0..bus.partitions() {
            let mut after = bus.acknowledged(Partition(partition));
            while let Ok(Ok(deliveries)) = tokio::time::timeout(
                std::time::Duration::from_millis(50),
                bus.read(Partition(partition), after, 1 << 20),
            )
            .await
            {
                for delivery in deliveries {
                    after = delivery.offset;
                    found.push((partition, after.0));
                }
            }
        }
        found
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn events_that_wait_come_back_at_their_offsets() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let bus = FjallBus::open(from.path(), BusConfig::default()).unwrap();
        for series in 0..200 {
            bus.append(vec![event(series << 48)]).await.unwrap();
        }
        bus.acknowledge(Partition(1), Offset(7)).await.unwrap();
        let waiting = offsets(&bus).await;
        let mut snapshot = bus.take().await.unwrap();
        bus.append(vec![event(1)]).await.unwrap();
        bus.acknowledge(Partition(0), Offset(40)).await.unwrap();
        let mut restoration = BusRestoration::open(to.path()).unwrap();
        while let Some(item) = snapshot.next(&BTreeMap::new()).await.unwrap() {
            restoration.put(item).await.unwrap();
        }
        restoration.finish().await.unwrap();
        drop(restoration);
        let again = FjallBus::open(to.path(), BusConfig::default()).unwrap();
        assert!((193..=200).contains(&again.usage().events));
        // What was acknowledged in memory may not have been on disk yet.
        let first = (1, again.acknowledged(Partition(1)).0 + 1);
        let kept: Vec<_> = offsets(&again).await;
        assert!(kept.contains(&first) && waiting.iter().all(|at| kept.contains(at)));
        drop(again);
        assert!(BusRestoration::open(to.path()).is_err());
    }
}
