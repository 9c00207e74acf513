//! Writing a snapshot: the parts one after the other, each item an object, the manifest last.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tocsin_domain::ports::{Snapshot, SnapshotItem};
use tokio::task::JoinSet;

use crate::manifest::{FORMAT, Item, Manifest, Mark, PartManifest};
use crate::object::{Object, pack};
use crate::repository::Lock;
use crate::{BackupError, Progress, Repository, Watcher};

/// Objects on their way to the place at the same time.
const WRITES_MAX: usize = 4;
/// How often the right to write is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(300);

/// A part of what is backed up, as it was at one moment.
pub struct Part {
    /// Its name, such as `logs`.
    pub name: String,
    /// The form of its items.
    pub form: String,
    /// Its items.
    pub snapshot: Box<dyn Snapshot>,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Part({}, {})", self.name, self.form)
    }
}

/// A backup that is to be made. The parts were taken before: the mark holds for them.
#[derive(Debug)]
pub struct Backup {
    /// The version of Tocsin.
    pub tocsin: String,
    /// How far it reaches.
    pub mark: Mark,
    /// Names the data folder or set of databases; changes when one is restored.
    pub lineage: String,
    /// A hash of the settings.
    pub settings: String,
    /// Some characters that no other backup of the same second has.
    pub unique: String,
    /// What is backed up, in the order in which it is put back.
    pub parts: Vec<Part>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The snapshot.
    pub manifest: Manifest,
    /// Objects that were not there before.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Backup {
    /// Writes the snapshot to a repository. `clock` gives the time in ms since the epoch.
    ///
    /// # Errors
    /// [`BackupError`]; there is no snapshot then, and what was written helps the next one.
    pub async fn write(
        self,
        repository: &Repository,
        clock: &(dyn Fn() -> i64 + Send + Sync),
        watcher: &Watcher,
    ) -> Result<Written, BackupError> {
        let lock = repository.lock(clock(), &self.lineage).await?;
        let mut writer = Writer {
            repository,
            clock,
            watcher,
            renewed: std::time::Instant::now(),
            lock: &lock,
            known: known(repository, &self.lineage).await?,
            writes: JoinSet::new(),
            seen: BTreeSet::new(),
            objects: 0,
            bytes: 0,
        };
        let written = self.write_parts(&mut writer).await;
        // Writes that are still under way must not outlive the lock.
        while writer.writes.join_next().await.is_some() {}
        drop(writer);
        lock.release().await?;
        written
    }

    async fn write_parts(self, writer: &mut Writer<'_>) -> Result<Written, BackupError> {
        let mut parts = Vec::with_capacity(self.parts.len());
        for part in self.parts {
            parts.push(writer.part(part).await?);
        }
        writer.finish_writes(0).await?;
        let manifest = Manifest {
            format: FORMAT,
            tocsin: self.tocsin,
            name: format!("{}-{}", stamp_of(self.mark.at_ms), self.unique),
            mark: self.mark,
            lineage: self.lineage,
            settings: self.settings,
            parts,
        };
        writer.repository.put_manifest(&manifest).await?;
        Ok(Written {
            manifest,
            objects: writer.objects,
            bytes: writer.bytes,
        })
    }
}

/// The newest snapshot of the same data, whose objects are there.
async fn known(repository: &Repository, lineage: &str) -> Result<Option<Manifest>, BackupError> {
    let names = repository.snapshots().await?;
    let Some(name) = names.last() else {
        return Ok(None);
    };
    match repository.manifest(Some(name)).await {
        Ok(manifest) if manifest.lineage == lineage => Ok(Some(manifest)),
        Ok(_) => Ok(None),
        // A backup that can be made is better than one that must be mended first.
        Err(BackupError::Damaged(why)) => {
            tracing::warn!(
                why,
                "the newest snapshot is passed over; all is written anew"
            );
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A time as the beginning of a name that sorts by time, also within a second: `20261129T214500123Z`.
fn stamp_of(at_ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
    at.strftime("%Y%m%dT%H%M%S%3fZ").to_string()
}

/// What a backup that is being written needs.
struct Writer<'a> {
    repository: &'a Repository,
    clock: &'a (dyn Fn() -> i64 + Send + Sync),
    watcher: &'a Watcher,
    renewed: std::time::Instant,
    lock: &'a Lock,
    known: Option<Manifest>,
    writes: JoinSet<Result<(bool, u64), BackupError>>,
    /// Objects of this backup, so that none is written twice at once.
    seen: BTreeSet<String>,
    objects: u64,
    bytes: u64,
}

impl Writer<'_> {
    async fn part(&mut self, part: Part) -> Result<PartManifest, BackupError> {
        let Part {
            name,
            form,
            mut snapshot,
        } = part;
        let before = self.known.take();
        let items = before
            .as_ref()
            .map(|known| known.items_of(&name))
            .unwrap_or_default();
        let stamps: BTreeMap<String, String> = items
            .values()
            .filter_map(|item| Some((item.name.clone(), item.stamp.clone()?)))
            .collect();
        let mut written = PartManifest {
            name: name.clone(),
            form,
            items: Vec::new(),
        };
        let mut records = 0;
        while let Some(item) = snapshot
            .next(&stamps)
            .await
            .map_err(BackupError::store(&name))?
        {
            records += item.records;
            let item = match items.get(item.name.as_str()) {
                Some(known) if item.entries.is_none() => (*known).clone(),
                _ => self.item(item).await?,
            };
            written.items.push(item);
            (self.watcher)(&Progress {
                part: name.clone(),
                items: written.items.len() as u64,
                records,
                bytes: self.bytes,
            });
        }
        drop(items);
        self.known = before;
        Ok(written)
    }

    /// Writes an item, unless an object with the same content is there.
    async fn item(&mut self, item: SnapshotItem) -> Result<Item, BackupError> {
        let SnapshotItem {
            name,
            stamp,
            entries,
            records,
        } = item;
        let Some(entries) = entries else {
            let message = format!("the item `{name}` was left out, and is not known");
            return Err(BackupError::Refused(message));
        };
        let packed = tokio::task::spawn_blocking(move || pack(&entries)).await;
        let refused = |error: String| BackupError::Refused(error);
        let object = packed.map_err(|error| refused(error.to_string()))?;
        let object = object.map_err(|error| refused(error.to_string()))?;
        let item = Item {
            name,
            stamp,
            object: object.hash.clone(),
            bytes: object.bytes.len() as u64,
            records,
        };
        if self.seen.insert(object.hash.clone()) {
            self.write(object).await?;
        }
        Ok(item)
    }

    async fn write(&mut self, object: Object) -> Result<(), BackupError> {
        if self.renewed.elapsed() > RENEW_EVERY {
            self.lock.renew((self.clock)()).await?;
            self.renewed = std::time::Instant::now();
        }
        self.finish_writes(WRITES_MAX - 1).await?;
        let repository = self.repository.clone();
        self.writes.spawn(async move {
            let bytes = object.bytes.len() as u64;
            let is_new = repository.put_object(object).await?;
            Ok((is_new, bytes))
        });
        Ok(())
    }

    /// Waits until at most so many writes are under way.
    async fn finish_writes(&mut self, left: usize) -> Result<(), BackupError> {
        while self.writes.len() > left {
            let Some(done) = self.writes.join_next().await else {
                break;
            };
            let done = done.map_err(|error| BackupError::Refused(error.to_string()))?;
            let (is_new, bytes) = done?;
            self.objects += u64::from(is_new);
            self.bytes += if is_new { bytes } else { 0 };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_within_a_second_too() {
        let names = [1_796_040_000_007, 1_796_040_000_123, 1_796_040_001_000].map(stamp_of);
        assert_eq!(names[0], "20261130T120000007Z");
        assert!(names.is_sorted(), "{names:?}");
    }
}
