//! Snapshots of the bus while others work on it.
//!
//! Acknowledgements never rest there, so what waits is held first: nothing is let go of until it was
//! read, however far the readers come meanwhile. A hold ends by itself if nobody reads any more.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tocsin_domain::ports::{
    BusError, Snapshot, SnapshotEntries, SnapshotItem, Snapshots, StoreError,
};

use super::scripts::Answer;
use super::trouble::unavailable;
use super::{RedisBus, Shared};
use crate::backed::{EVENTS_MAX, FORM, Key};

/// How long a hold lasts without anybody who reads: the views of the stores are taken meanwhile.
const HELD_FOR: Duration = Duration::from_secs(120);

/// Others took longer than a hold lasts, or another backup began after this one ended.
#[derive(Debug, thiserror::Error)]
#[error("what waited on the bus is not held for this backup any more: begin it again")]
struct Over;

/// What is held of a partition: everything after the first offset, through the second.
#[derive(Debug, Clone, Copy)]
struct Held {
    partition: u16,
    after: u64,
    through: u64,
}

#[async_trait]
impl Snapshots for RedisBus {
    fn form(&self) -> &'static str {
        FORM
    }

    async fn hold(&self) -> Result<bool, StoreError> {
        self.shared.hold(true).await.map_err(refused)?;
        Ok(true)
    }

    async fn take(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        let held = self.shared.hold(false).await.map_err(refused)?;
        Ok(Box::new(EventSnapshot {
            shared: Arc::clone(&self.shared),
            head: Some(head(&held)),
            held: held.into(),
            told: 0,
        }))
    }
}

/// How many partitions there are, and from where on each is read.
fn head(held: &[Held]) -> SnapshotEntries {
    let value = |number: u64| number.to_be_bytes().to_vec();
    let acknowledged = |one: &Held| {
        let key = Key::Acknowledged(one.partition);
        (key.write(), value(one.after))
    };
    let mut entries: SnapshotEntries = held.iter().map(acknowledged).collect();
    entries.push((Key::Partitions.write(), value(held.len() as u64)));
    entries
}

struct EventSnapshot {
    shared: Arc<Shared>,
    head: Option<SnapshotEntries>,
    /// What is left, and of the first partition how far it was told.
    held: VecDeque<Held>,
    told: usize,
}

#[async_trait]
impl Snapshot for EventSnapshot {
    async fn next(
        &mut self,
        _known: &BTreeMap<String, String>,
    ) -> Result<Option<SnapshotItem>, StoreError> {
        if let Some(entries) = self.head.take() {
            return Ok(Some(SnapshotItem {
                name: "head".into(),
                stamp: None,
                entries: Some(entries),
                records: 0,
            }));
        }
        while let Some(held) = self.held.front_mut() {
            let events = self.shared.held(*held).await.map_err(refused)?;
            let Some((last, _)) = events.last() else {
                self.held.pop_front();
                continue;
            };
            held.after = *last;
            let partition = held.partition;
            let name = format!("{:08}", self.told);
            self.told += events.len();
            let entry =
                |(offset, bytes): (u64, Vec<u8>)| (Key::Event(partition, offset).write(), bytes);
            return Ok(Some(SnapshotItem {
                name,
                stamp: None,
                records: events.len() as u64,
                entries: Some(events.into_iter().map(entry).collect()),
            }));
        }
        self.shared.let_go().await.map_err(refused)?;
        Ok(None)
    }
}

impl Shared {
    /// Holds everything that waits, or goes on holding it.
    async fn hold(&self, begins: bool) -> Result<Vec<Held>, BusError> {
        let mut script = self.scripts.hold.arg(HELD_FOR.as_millis() as u64);
        script.arg(u8::from(begins));
        for partition in 0..self.partitions {
            script.key(self.keys.state(partition));
        }
        let mut answer = self.control.run(&script).await?;
        is_held(&mut answer)?;
        let mut held = Vec::with_capacity(usize::from(self.partitions));
        for partition in 0..self.partitions {
            let after = answer.number().map_err(unavailable)?;
            let through = answer.number().map_err(unavailable)?;
            held.push(Held {
                partition,
                after,
                through,
            });
        }
        Ok(held)
    }

    /// The next events of what is held of a partition, with their offsets.
    async fn held(&self, held: Held) -> Result<Vec<(u64, Vec<u8>)>, BusError> {
        let mut script = self.scripts.held.key(self.keys.events(held.partition));
        script.key(self.keys.state(held.partition));
        script.arg(held.after).arg(held.through).arg(EVENTS_MAX);
        script.arg(HELD_FOR.as_millis() as u64);
        let mut answer = self.reads.run(&script).await?;
        is_held(&mut answer)?;
        let mut events = Vec::new();
        while !answer.is_empty() {
            let offset = answer.number().map_err(unavailable)?;
            let bytes = answer.bytes().map_err(unavailable)?;
            events.push((offset, bytes.to_vec()));
        }
        Ok(events)
    }

    async fn let_go(&self) -> Result<(), BusError> {
        let mut script = self.scripts.let_go.key(self.keys.bus());
        script.key(self.keys.groups());
        for partition in 0..self.partitions {
            script.key(self.keys.events(partition));
            script.key(self.keys.sizes(partition));
            script.key(self.keys.state(partition));
        }
        Ok(self.control.run(&script).await.map(drop)?)
    }
}

fn is_held(answer: &mut Answer) -> Result<(), BusError> {
    match answer.text().map_err(unavailable)?.as_str() {
        "ok" => Ok(()),
        _ => Err(unavailable(Over)),
    }
}

pub(super) fn refused(error: BusError) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}
