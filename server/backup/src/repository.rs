//! The repository of a place: objects by their hash, manifests by their time.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tocsin_domain::ports::SnapshotEntries;

use crate::manifest::Manifest;
use crate::object::{Object, unpack};
use crate::{BackupError, Place};

/// Who writes; nobody else may meanwhile.
const LOCK: &str = "lock.json";
/// After so long a lock is of a process that died. A backup that takes longer renews it.
const LOCK_MS: i64 = 30 * 60 * 1000;

/// Backups in a place.
#[derive(Debug, Clone)]
pub struct Repository {
    place: Place,
}

/// What was taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Snapshots.
    pub snapshots: u64,
    /// Objects that only those needed.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What was found to be as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verified {
    /// Objects, each read and compared with its hash.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Repository {
    /// The repository of a place; a place where nothing is yet is an empty one.
    #[must_use]
    pub fn new(place: Place) -> Self {
        Self { place }
    }

    /// What people call the place.
    #[must_use]
    pub fn name(&self) -> &str {
        self.place.name()
    }

    /// The names of the snapshots, oldest first.
    ///
    /// # Errors
    /// [`BackupError::Place`].
    pub async fn snapshots(&self) -> Result<Vec<String>, BackupError> {
        let found = self.place.list("snapshots").await?;
        let name = |(file, _): (String, u64)| file.strip_suffix(".json").map(str::to_owned);
        let mut names: Vec<String> = found.into_iter().filter_map(name).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// A snapshot by its name, or the newest.
    ///
    /// # Errors
    /// [`BackupError::Refused`] if there is none; [`BackupError::Damaged`].
    pub async fn manifest(&self, name: Option<&str>) -> Result<Manifest, BackupError> {
        let names = self.snapshots().await?;
        let missing = || {
            let known = match names.last() {
                Some(last) => format!("the newest of {} is `{last}`", names.len()),
                None => "there is none at all".to_owned(),
            };
            let wanted = name.map_or(String::new(), |name| format!(" `{name}`"));
            BackupError::Refused(format!(
                "there is no snapshot{wanted} in `{}`: {known}",
                self.name()
            ))
        };
        let wanted = match name {
            Some(name) => names.iter().find(|known| *known == name),
            None => names.last(),
        };
        let wanted = wanted.ok_or_else(missing)?;
        let bytes = self.place.get(&manifest_path(wanted)).await?;
        Manifest::decode(&bytes, wanted)
    }

    pub(crate) async fn put_manifest(&self, manifest: &Manifest) -> Result<(), BackupError> {
        let path = manifest_path(&manifest.name);
        self.place.put(&path, manifest.encode()?).await
    }

    /// Writes an object unless it is there; whether it was written.
    pub(crate) async fn put_object(&self, object: Object) -> Result<bool, BackupError> {
        let path = object_path(&object.hash);
        if self.place.has(&path).await? {
            return Ok(false);
        }
        self.place.put(&path, object.bytes).await?;
        Ok(true)
    }

    /// The entries of an object, checked against its hash.
    pub(crate) async fn entries(&self, hash: &str) -> Result<SnapshotEntries, BackupError> {
        let bytes = match self.place.get(&object_path(hash)).await {
            Err(BackupError::Place(object_store::Error::NotFound { .. })) => {
                return Err(BackupError::Damaged(format!(
                    "the object `{hash}` is missing"
                )));
            }
            other => other?,
        };
        let wanted = hash.to_owned();
        let unpacked = tokio::task::spawn_blocking(move || unpack(&bytes, &wanted)).await;
        let unpacked = unpacked.map_err(|error| BackupError::Refused(error.to_string()))?;
        unpacked.map_err(|why| BackupError::Damaged(format!("the object `{hash}`: {why}")))
    }

    /// Reads every object of a snapshot and compares it with its hash.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] names the first that is not what was written.
    pub async fn verify(&self, manifest: &Manifest) -> Result<Verified, BackupError> {
        let mut verified = Verified::default();
        let mut seen = BTreeSet::new();
        for item in manifest.parts.iter().flat_map(|part| &part.items) {
            if seen.insert(&item.object) {
                self.entries(&item.object).await?;
                verified.objects += 1;
                verified.bytes += item.bytes;
            }
        }
        Ok(verified)
    }

    /// Takes away all but the newest `keep` snapshots, and the objects that none of those needs.
    ///
    /// # Errors
    /// [`BackupError::Refused`] while another process writes there; [`BackupError::Damaged`] if a
    /// snapshot that stays cannot be read, since what it needs is not known then.
    pub async fn prune(&self, keep: usize, now_ms: i64) -> Result<Pruned, BackupError> {
        let lock = self.lock(now_ms, "").await?;
        let pruned = self.prune_locked(keep.max(1)).await;
        lock.release().await?;
        pruned
    }

    async fn prune_locked(&self, keep: usize) -> Result<Pruned, BackupError> {
        let names = self.snapshots().await?;
        let (old, kept) = names.split_at(names.len().saturating_sub(keep));
        let mut needed = BTreeSet::new();
        for name in kept {
            let manifest = self.manifest(Some(name)).await?;
            let items = manifest.parts.into_iter().flat_map(|part| part.items);
            needed.extend(items.map(|item| item.object));
        }
        let mut pruned = Pruned::default();
        // Manifests first: one whose objects are going must not be found.
        for name in old {
            self.place.delete(&manifest_path(name)).await?;
            pruned.snapshots += 1;
        }
        for (hash, bytes) in self.place.list("objects").await? {
            if !needed.contains(&hash) {
                self.place.delete(&object_path(&hash)).await?;
                pruned.objects += 1;
                pruned.bytes += bytes;
            }
        }
        Ok(pruned)
    }

    /// Takes the repository for writing. A lock of the same `holder` is of an earlier try that broke
    /// off, and gives way: of one data folder there is one writer at a time. An empty holder has none.
    pub(crate) async fn lock(&self, now_ms: i64, holder: &str) -> Result<Lock, BackupError> {
        let claim = Claim {
            until_ms: now_ms + LOCK_MS,
            holder: holder.to_owned(),
        };
        for _ in 0..2 {
            if self.place.create(LOCK, claim.encode()).await? {
                return Ok(Lock {
                    place: self.place.clone(),
                    holder: claim.holder,
                });
            }
            let held: Claim = match self.place.get(LOCK).await {
                Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
                Err(BackupError::Place(object_store::Error::NotFound { .. })) => continue,
                Err(error) => return Err(error),
            };
            let is_ours = !holder.is_empty() && held.holder == holder;
            if held.until_ms > now_ms && !is_ours {
                return Err(BackupError::Refused(format!(
                    "another process writes to `{}`; if it died, wait {} minutes or remove \
                     `{LOCK}` there",
                    self.name(),
                    (held.until_ms - now_ms) / 60_000 + 1
                )));
            }
            self.place.delete(LOCK).await?;
        }
        let message = format!("another process began to write to `{}`", self.name());
        Err(BackupError::Refused(message))
    }
}

/// Who writes, and until when nobody else may.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Claim {
    until_ms: i64,
    #[serde(default)]
    holder: String,
}

impl Claim {
    fn encode(&self) -> Vec<u8> {
        serde_json::json!(self).to_string().into_bytes()
    }
}

/// The right to write to a repository.
#[derive(Debug)]
pub(crate) struct Lock {
    place: Place,
    holder: String,
}

impl Lock {
    /// Holds it for as long again.
    pub(crate) async fn renew(&self, now_ms: i64) -> Result<(), BackupError> {
        let claim = Claim {
            until_ms: now_ms + LOCK_MS,
            holder: self.holder.clone(),
        };
        self.place.put(LOCK, claim.encode()).await
    }

    pub(crate) async fn release(self) -> Result<(), BackupError> {
        self.place.delete(LOCK).await
    }
}

fn manifest_path(name: &str) -> String {
    format!("snapshots/{name}.json")
}

/// In 256 folders, since some file systems are slow with very many files in one.
fn object_path(hash: &str) -> String {
    let folder = hash.get(..2).unwrap_or("00");
    format!("objects/{folder}/{hash}")
}
