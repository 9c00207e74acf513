//! The data folder: made, locked to one server at a time, and laid out.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataDirError {
    /// It cannot be made or written.
    #[error("cannot use the data folder `{}`", path.display())]
    Unusable {
        /// Which folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another server has it.
    #[error(
        "the data folder `{}` is in use by {holder}. Stop that server, or give this one a folder \
         of its own with TOCSIN_SERVER__DATA_DIR",
        path.display()
    )]
    Held {
        /// Which folder.
        path: PathBuf,
        /// Who holds it.
        holder: String,
    },
}

/// A data folder that is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the folder if need be and takes it for this process; `purpose` tells others what for.
    ///
    /// # Errors
    /// [`DataDirError::Held`] names the process that has it.
    pub(crate) fn take(path: &Path, purpose: &str) -> Result<Self, DataDirError> {
        let unusable = |source| DataDirError::Unusable {
            path: path.into(),
            source,
        };
        std::fs::create_dir_all(path).map_err(unusable)?;
        let mut lock = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path.join("lock"))
            .map_err(unusable)?;
        if let Err(error) = lock.try_lock() {
            if let std::fs::TryLockError::Error(source) = error {
                return Err(unusable(source));
            }
            let mut holder = String::new();
            let named = lock.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
            let holder = if named {
                holder.trim().into()
            } else {
                "another process".into()
            };
            return Err(DataDirError::Held {
                path: path.into(),
                holder,
            });
        }
        // A full disk must not stop the start: the name in the lock is a courtesy.
        let written = lock
            .set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| writeln!(lock, "process {} ({purpose})", std::process::id()));
        if let Err(error) = written {
            tracing::warn!(%error, "the lock file could not be given our name");
        }
        Ok(Self {
            path: path.into(),
            _lock: lock,
        })
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A path within the folder.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_taker_is_told_who_holds_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataDir::take(folder.path(), "serving 127.0.0.1:8080").unwrap();
        let message = DataDir::take(folder.path(), "x").unwrap_err().to_string();
        assert!(
            message.contains(&std::process::id().to_string()),
            "{message}"
        );
        assert!(message.contains("127.0.0.1:8080"), "{message}");
        drop(first);
        assert!(DataDir::take(folder.path(), "x").is_ok());
    }
}
