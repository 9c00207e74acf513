//! The volume of the shop, which can really be full and really be cleaned: a small file system, or a
//! folder with a quota.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use crate::room::{Kind, Place};

/// How much the volume holds.
pub(crate) const QUOTA_BYTES: u64 = 64 << 20;
/// Pictures of the products, which stay as they are.
const PICTURES_BYTES: u64 = QUOTA_BYTES * 38 / 100;
/// The journal of orders begins anew at this size.
const JOURNAL_BYTES_MAX: u64 = 1 << 20;
/// An export goes on in the next file at this size.
const EXPORT_BYTES_MAX: u64 = 1 << 20;

/// There is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// The volume.
#[derive(Debug)]
pub(crate) struct Volume {
    folder: PathBuf,
    /// Whether it is a file system of its own, which knows best how much is used.
    is_mounted: bool,
    is_new: bool,
    /// Held while room is looked for and taken.
    writing: Mutex<()>,
}

impl Volume {
    /// Takes up the volume where it lies, or makes it with its pictures.
    pub(crate) fn open(Place { path: folder, kind }: Place) -> std::io::Result<Self> {
        for name in ["pictures", "spool", "orders"] {
            fs::create_dir_all(folder.join(name))?;
        }
        let folder = folder.canonicalize()?;
        let pictures = folder.join("pictures/products.bin");
        let is_new = !pictures.exists();
        if is_new {
            fs::write(pictures, filler(PICTURES_BYTES))?;
        }
        Ok(Self {
            folder,
            is_mounted: kind == Kind::Tmpfs,
            is_new,
            writing: Mutex::new(()),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    /// Whether nothing was in it yet when it was opened.
    pub(crate) const fn is_new(&self) -> bool {
        self.is_new
    }

    /// Bytes in use, as the files are now, whoever changed them.
    pub(crate) fn used_bytes(&self) -> u64 {
        if self.is_mounted
            && let Ok(about) = rustix::fs::statvfs(&self.folder)
        {
            return (about.f_blocks - about.f_bfree) * about.f_frsize;
        }
        let sizes = ["pictures", "spool", "orders"].map(|name| {
            let files = fs::read_dir(self.folder.join(name)).into_iter().flatten();
            let sizes = files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len()));
            sizes.sum::<u64>()
        });
        sizes.iter().sum()
    }

    /// Writes an order into the journal.
    pub(crate) fn write_order(&self, text: &str) -> Result<(), Full> {
        let path = self.folder.join("orders/journal.log");
        let is_old = path
            .metadata()
            .is_ok_and(|data| data.len() > JOURNAL_BYTES_MAX);
        if is_old {
            // What cannot be removed now is tried again at the next order.
            let _kept = fs::remove_file(&path);
        }
        self.append(&path, text.as_bytes())
    }

    /// Writes a part of the exports; gives the number of the file.
    pub(crate) fn write_export(&self, bytes: u64) -> Result<u64, (u64, Full)> {
        let number = self.last_export();
        let path = |number: u64| self.folder.join(format!("spool/export-{number:06}.csv"));
        let is_old = path(number)
            .metadata()
            .is_ok_and(|data| data.len() >= EXPORT_BYTES_MAX);
        let number = number + u64::from(is_old);
        let written = self.append(&path(number), &filler(bytes));
        written.map(|()| number).map_err(|full| (number, full))
    }

    /// Writes what a fault of the past has left.
    pub(crate) fn write_past_exports(&self, bytes: u64) {
        for _ in 0..bytes.div_ceil(EXPORT_BYTES_MAX) {
            // Full is full: there is no more to leave.
            let _number = self.write_export(EXPORT_BYTES_MAX);
        }
    }

    fn last_export(&self) -> u64 {
        let files = fs::read_dir(self.folder.join("spool"))
            .into_iter()
            .flatten();
        let number = |name: &str| {
            name.strip_prefix("export-")?
                .strip_suffix(".csv")?
                .parse()
                .ok()
        };
        let numbers = files.filter_map(|file| number(file.ok()?.file_name().to_str()?));
        numbers.max().unwrap_or(1)
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), Full> {
        let _writing = self.writing.lock();
        if self.used_bytes() + bytes.len() as u64 > QUOTA_BYTES {
            return Err(Full);
        }
        // Whoever cleans may take a folder away altogether.
        let folder = path.parent().filter(|folder| !folder.exists());
        folder.map_or(Ok(()), fs::create_dir).map_err(|_| Full)?;
        let file = File::options().create(true).append(true).open(path);
        // A real disk that is full is full as well.
        file.and_then(|mut file| file.write_all(bytes))
            .map_err(|_| Full)
    }
}

/// Bytes that look like a table.
fn filler(bytes: u64) -> Vec<u8> {
    b"4711;12;3;1990;EUR\n"
        .iter()
        .copied()
        .cycle()
        .take(bytes as usize)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_volume_refuses_and_a_cleaned_one_takes_again() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place {
            path: folder.path().join("volume"),
            kind: Kind::Folder,
        };
        let volume = Volume::open(place).unwrap();
        let before = volume.used_bytes();
        assert!(volume.write_order("order 1\n").is_ok());
        volume.write_past_exports(QUOTA_BYTES);
        assert!(
            volume.used_bytes() > QUOTA_BYTES - (2 << 20),
            "it is nearly full"
        );
        assert!(volume.write_export(2 << 20).is_err());
        fs::remove_dir_all(volume.path().join("spool")).unwrap();
        assert_eq!(volume.used_bytes(), before + 8);
        assert_eq!(volume.write_export(1000), Ok(1));
    }
}
