//! Putting a snapshot back. Everything is looked at before anything is written.

use std::collections::BTreeMap;

use tocsin_domain::ports::{Restoration, SnapshotItem};

use crate::manifest::{Manifest, PartManifest};
use crate::{BackupError, Progress, Repository, Watcher};

/// What was put back: items and records, by part.
pub type Restored = BTreeMap<String, (u64, u64)>;

/// Puts the parts of a snapshot into restorations, by the name of the part. Every object was verified
/// before by [`Repository::verify`], or is as it is read here: what is damaged stops it.
///
/// # Errors
/// [`BackupError::Refused`] before anything is written, if a part has no restoration that reads its
/// form; [`BackupError::Damaged`] and [`BackupError::Store`] in the middle: what was put back is of no
/// use then.
pub async fn restore(
    repository: &Repository,
    manifest: &Manifest,
    mut restorations: BTreeMap<String, Box<dyn Restoration>>,
    watcher: &Watcher,
) -> Result<Restored, BackupError> {
    for part in &manifest.parts {
        let reads = restorations
            .get(&part.name)
            .map(|one| one.reads(&part.form));
        if reads != Some(true) {
            return Err(BackupError::Refused(format!(
                "the part `{}` is in the form `{}`, which cannot be restored here",
                part.name, part.form
            )));
        }
    }
    let mut restored = Restored::new();
    let mut bytes = 0;
    for part in &manifest.parts {
        if let Some(mut restoration) = restorations.remove(&part.name) {
            put_back(repository, part, &mut *restoration, (&mut bytes, watcher)).await?;
            let counts = (part.items.len() as u64, part.records());
            restored.insert(part.name.clone(), counts);
        }
    }
    Ok(restored)
}

async fn put_back(
    repository: &Repository,
    part: &PartManifest,
    restoration: &mut dyn Restoration,
    (bytes, watcher): (&mut u64, &Watcher),
) -> Result<(), BackupError> {
    let mut records = 0;
    for (at, item) in part.items.iter().enumerate() {
        let put = SnapshotItem {
            name: item.name.clone(),
            stamp: item.stamp.clone(),
            entries: Some(repository.entries(&item.object).await?),
            records: item.records,
        };
        let put = restoration.put(put).await;
        put.map_err(BackupError::store(&part.name))?;
        *bytes += item.bytes;
        records += item.records;
        watcher(&Progress {
            part: part.name.clone(),
            items: at as u64 + 1,
            records,
            bytes: *bytes,
        });
    }
    let finished = restoration.finish().await;
    finished.map_err(BackupError::store(&part.name))
}
