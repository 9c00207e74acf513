//! A folder as a part: what programs that are run keep beside the stores, such as Terraform's states.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use async_trait::async_trait;
use tocsin_domain::ports::{Restoration, Snapshot, SnapshotItem, Snapshots, StoreError};

/// The form of the items.
const FORM: &str = "files/1";
/// Larger files are left out: they are what programs unpacked, and can be unpacked again.
const BYTES_MAX: u64 = 64 << 20;

/// A folder with files. Links, sockets and files over 64 MB are left out.
#[derive(Debug, Clone)]
pub struct Files(PathBuf);

impl Files {
    /// The files below a folder, which need not be there.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

#[async_trait]
impl Snapshots for Files {
    fn form(&self) -> &'static str {
        FORM
    }

    async fn take(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        let root = self.0.clone();
        let listed = tokio::task::spawn_blocking(move || {
            let mut found = Vec::new();
            if root.is_dir() {
                list(&root, &root, &mut found)?;
            }
            found.sort_unstable();
            std::io::Result::Ok((root, found))
        });
        let (root, found) = listed.await.map_err(unavailable)?.map_err(unavailable)?;
        Ok(Box::new(FileSnapshot {
            root,
            found: found.into_iter(),
        }))
    }
}

fn list(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            list(root, &entry.path(), found)?;
        } else if kind.is_file() && entry.metadata()?.len() <= BYTES_MAX {
            let path = entry.path();
            if let Ok(inner) = path.strip_prefix(root)
                && inner.to_str().is_some()
            {
                found.push(inner.to_owned());
            }
        }
    }
    Ok(())
}

struct FileSnapshot {
    root: PathBuf,
    found: std::vec::IntoIter<PathBuf>,
}

#[async_trait]
impl Snapshot for FileSnapshot {
    async fn next(
        &mut self,
        _known: &BTreeMap<String, String>,
    ) -> Result<Option<SnapshotItem>, StoreError> {
        for inner in self.found.by_ref() {
            let path = self.root.join(&inner);
            let read = tokio::task::spawn_blocking(move || read(&path)).await;
            match read.map_err(unavailable)? {
                Ok((mode, bytes)) => {
                    return Ok(Some(SnapshotItem {
                        name: inner.to_string_lossy().into_owned(),
                        stamp: None,
                        entries: Some(vec![(mode.to_be_bytes().to_vec(), bytes)]),
                        records: 1,
                    }));
                }
                // It went meanwhile.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
        Ok(None)
    }
}

fn read(path: &Path) -> std::io::Result<(u32, Vec<u8>)> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path)?.permissions().mode();
    Ok((mode & 0o777, std::fs::read(path)?))
}

/// Puts files back below a folder.
#[derive(Debug)]
pub struct FileRestoration(PathBuf);

impl FileRestoration {
    /// Begins below a folder that is made if it is needed.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }
}

#[async_trait]
impl Restoration for FileRestoration {
    fn reads(&self, form: &str) -> bool {
        form == FORM
    }

    async fn put(&mut self, item: SnapshotItem) -> Result<(), StoreError> {
        let inner = Path::new(&item.name);
        let is_inside = |part: Component<'_>| matches!(part, Component::Normal(_));
        if item.name.is_empty() || !inner.components().all(is_inside) {
            let message = format!("`{}` is no path within a folder", item.name);
            return Err(StoreError::Invalid(message));
        }
        let path = self.0.join(inner);
        let file = item.entries.and_then(|entries| entries.into_iter().next());
        let Some((mode, bytes)) = file else {
            return Err(StoreError::Invalid(format!("`{}` has no body", item.name)));
        };
        let mode = mode.try_into().map_or(0o600, u32::from_be_bytes);
        let written = tokio::task::spawn_blocking(move || write(&path, mode, &bytes)).await;
        written.map_err(unavailable)?.map_err(unavailable)
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn write(path: &Path, mode: u32, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::File::options();
    let mut file = options.write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
