//! Finds the files to follow, opens those that are new, and says why others cannot be read.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use tocsin_domain::ports::FilePosition;

use super::config::{FileTailConfig, StartAt};
use super::glob;
use super::identity::{Fingerprint, Identity};
use super::status::{FileState, StatusBoard};
use crate::import::is_binary;

/// Names that are compressed: they were read before, under another name.
const COMPRESSED: [&str; 7] = ["gz", "zst", "xz", "bz2", "lz4", "zip", "Z"];

/// A file that is there.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) identity: Identity,
}

/// The files that the globs mean now; what cannot be followed is put on the board.
pub(super) fn find(config: &FileTailConfig, board: &StatusBoard) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut seen = HashMap::new();
    let mut wanted = std::collections::HashSet::new();
    for pattern in &config.paths {
        for path in glob::expand(pattern, config.files_max * 2) {
            let excluded = config
                .exclude
                .iter()
                .any(|not| glob::matches_path(not, &path));
            if excluded || is_compressed(&path) || !wanted.insert(path.clone()) {
                continue;
            }
            match look(&path) {
                Ok(identity) if seen.contains_key(&identity) => {
                    // Two names of one file: the first is the one it is read by.
                    wanted.remove(&path);
                }
                Ok(_) if found.len() >= config.files_max => {
                    let detail = format!(
                        "not followed: there are more than {} files",
                        config.files_max
                    );
                    board.set(&path, FileState::Error, &detail);
                }
                Ok(identity) => {
                    seen.insert(identity, ());
                    found.push(Found { path, identity });
                }
                Err((state, detail)) => board.set(&path, state, &detail),
            }
        }
    }
    board.retain(|path| wanted.contains(path));
    found
}

fn is_compressed(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| COMPRESSED.contains(&extension))
}

/// Follows links; the target is the file, so a link that is moved leads to another file.
fn look(path: &Path) -> Result<Identity, (FileState, String)> {
    let metadata = fs::metadata(path).map_err(|error| explain(&error))?;
    if metadata.is_dir() {
        let detail = format!("is a folder; {}/* means the files in it", path.display());
        return Err((FileState::Error, detail));
    }
    if !metadata.is_file() {
        return Err((FileState::Error, "is not a regular file".into()));
    }
    Ok(Identity::of(&metadata))
}

/// What an error means to the one who reads the page.
pub(super) fn explain(error: &io::Error) -> (FileState, String) {
    match error.kind() {
        io::ErrorKind::NotFound => (FileState::Waiting, "does not exist yet".into()),
        io::ErrorKind::PermissionDenied => {
            let remedy = "permission denied; let the user that runs tocsin read it";
            (FileState::Error, remedy.into())
        }
        _ => (FileState::Error, error.to_string()),
    }
}

/// Opens a file that is not followed yet.
pub(super) fn open(path: &Path) -> Result<(File, Fingerprint), (FileState, String)> {
    let file = File::open(path).map_err(|error| explain(&error))?;
    let mut head = [0; 1024];
    let length = file
        .read_at(&mut head, 0)
        .map_err(|error| explain(&error))?;
    if is_binary(&head[..length]) {
        return Err((FileState::Error, "is not text, so it is not read".into()));
    }
    let fingerprint = Fingerprint::of(&file).map_err(|error| explain(&error))?;
    Ok((file, fingerprint))
}

/// Where to begin in a file, and whether the first line there is only the end of one.
///
/// A position that was kept holds if the file still begins as it did then. On another device the
/// same inode and the same 256 bytes are the same file too: device numbers change at a restart.
pub(super) fn start(
    (file, identity, path): (&File, Identity, &Path),
    kept: &[FilePosition],
    start_at: StartAt,
) -> io::Result<(u64, bool)> {
    let size = file.metadata()?.len();
    for position in kept
        .iter()
        .filter(|position| position.inode == identity.inode)
    {
        let fingerprint = Fingerprint {
            hash: position.fingerprint,
            bytes: position.fingerprint_bytes,
        };
        let moved = position.device != identity.device;
        if moved && (fingerprint.may_grow() || position.path != path) {
            continue;
        }
        if fingerprint.holds_for(file)? {
            let offset = if position.offset <= size {
                position.offset
            } else {
                0
            };
            return Ok((offset, false));
        }
    }
    Ok(match start_at {
        StartAt::Beginning => (0, false),
        StartAt::End => (size, false),
        StartAt::LastBytes(bytes) => {
            let offset = size.saturating_sub(bytes);
            // One byte before, so that a line that begins exactly here is whole.
            (offset.saturating_sub(1), offset > 0)
        }
    })
}

/// The file of a position that was rotated while nobody followed it: under another name in the same
/// folder.
pub(super) fn find_rotated(position: &FilePosition) -> Option<Found> {
    let folder = position.path.parent()?;
    for entry in fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        let identity = Identity::of(&metadata);
        let same = identity.device == position.device && identity.inode == position.inode;
        if same && metadata.is_file() && !is_compressed(&path) {
            return Some(Found { path, identity });
        }
    }
    None
}
