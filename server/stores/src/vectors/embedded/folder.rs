//! The folder of the vector store: which model its vectors are of, and how it is kept small.
//!
//! `model` names the model and the length of its vectors; `shard/` is the engine's. The engine
//! logs every write and never shortens the log, so a long log is left behind by copying the
//! points: `shard.new/` while it is made, `shard.old/` while the two change places.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tocsin_domain::ports::StoreError;

use super::shard::Shard;

/// Bytes of the engine's log from which on the points are copied at the next start.
const LOG_BYTES_MAX: u64 = 64 << 20;
/// Points copied at a time.
const COPY_BATCH: usize = 1000;

#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder fit for vectors of this model, removing those of another.
    pub(super) fn prepare(
        path: &Path,
        model_id: &str,
        dimensions: usize,
    ) -> Result<Self, StoreError> {
        let folder = Self(path.to_owned());
        folder
            .try_prepare(model_id, dimensions)
            .map_err(unavailable)?;
        Ok(folder)
    }

    fn try_prepare(&self, model_id: &str, dimensions: usize) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let model = self.0.join("model");
        let wanted = format!("{model_id}\n{dimensions}\n");
        if fs::read_to_string(&model).ok().as_deref() != Some(&wanted) {
            for shard in ["shard", "shard.new", "shard.old"] {
                remove(&self.0.join(shard))?;
            }
            let draft = self.0.join("model.new");
            let mut file = fs::File::create(&draft)?;
            file.write_all(wanted.as_bytes())?;
            file.sync_all()?;
            fs::rename(draft, model)?;
            fs::File::open(&self.0)?.sync_all()?;
        }
        // A copy that was not finished, or was finished but for its tidying up.
        let (shard, old) = (self.shard(), self.0.join("shard.old"));
        if old.exists() && !shard.exists() {
            fs::rename(&old, &shard)?;
        }
        remove(&old)?;
        remove(&self.0.join("shard.new"))
    }

    pub(super) fn shard(&self) -> PathBuf {
        self.0.join("shard")
    }

    /// Opens the shard, shortening its log if it is long. One that cannot be read is set aside.
    pub(super) fn open_or_set_aside(&self, dimensions: usize) -> Result<Shard, StoreError> {
        let path = self.shard();
        let opened = Shard::open(&path, dimensions).and_then(|shard| {
            if bytes(&path.join("wal")).map_err(unavailable)? > LOG_BYTES_MAX {
                self.copy(shard, dimensions)
            } else {
                Ok(shard)
            }
        });
        match opened {
            Err(StoreError::Corrupt(why)) => {
                tracing::error!(why, "the vectors cannot be read and will be made again");
                let aside = self.0.join("shard.corrupt");
                remove(&aside)
                    .and_then(|()| fs::rename(&path, &aside))
                    .map_err(unavailable)?;
                Shard::open(&path, dimensions)
            }
            opened => opened,
        }
    }

    fn copy(&self, shard: Shard, dimensions: usize) -> Result<Shard, StoreError> {
        let (path, new) = (self.shard(), self.0.join("shard.new"));
        let copy = Shard::open(&new, dimensions)?;
        let mut points = shard.points(|_| true)?;
        while !points.is_empty() {
            let rest = points.split_off(COPY_BATCH.min(points.len()));
            copy.upsert(points.into_iter().collect())?;
            points = rest;
        }
        drop(copy);
        drop(shard);
        let old = self.0.join("shard.old");
        fs::rename(&path, &old)
            .and_then(|()| fs::rename(&new, &path))
            .and_then(|()| remove(&old))
            .map_err(unavailable)?;
        Shard::open(&path, dimensions)
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Bytes that the files of a folder take on disk (they are made larger than they are filled).
fn bytes(folder: &Path) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        sum += entry?.metadata()?.blocks() * 512;
    }
    Ok(sum)
}

fn unavailable(error: io::Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}
