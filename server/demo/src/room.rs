//! The room that the volume is given: a small tmpfs of its own, a folder of the tmpfs that is there, or
//! a folder like any other.
//!
//! What lies in memory must not outlive the shop, however the shop went. So a second process, the
//! keeper, makes the room, waits for the end of its standard input, which comes when the shop is gone,
//! and takes the room away again. It touches nothing but what it made.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

/// The option by which this program is a keeper.
pub(crate) const KEEP: &str = "--keep-room";
/// What a tmpfs of the shop is called among the mounts of the machine.
const SOURCE: &str = "tocsin-demo-shop";
/// Where the machine has a tmpfs of its own.
const SHARED_MEMORY: &str = "/dev/shm";
/// The name of the volume's folder in the shop's.
const VOLUME: &str = "volume";

/// What the volume lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A tmpfs of its own, whose size the system holds.
    Tmpfs,
    /// A folder of the tmpfs that is there; the shop holds its size.
    SharedMemory,
    /// A folder beside the log; the shop holds its size.
    Folder,
}

/// Where a volume lies.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) kind: Kind,
}

/// A room, and whoever takes it away at the end. Dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) place: Place,
    keeper: Option<Child>,
}

impl Room {
    /// A folder in the shop's, which stays.
    pub(crate) fn lasting(folder: &Path) -> Self {
        Self {
            place: Place {
                path: folder.join(VOLUME),
                kind: Kind::Folder,
            },
            keeper: None,
        }
    }

    /// Room in memory if there is some, for as long as this process is.
    ///
    /// # Errors
    /// If no keeper can be started, or it makes no room.
    pub(crate) fn passing(folder: &Path, bytes: u64) -> anyhow::Result<Self> {
        let own = std::env::current_exe().context("this program cannot be found")?;
        let mut keeper = Command::new(own)
            .args([KEEP, &bytes.to_string()])
            .current_dir(folder)
            // Ctrl-C is for the shop: the keeper goes after it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the keeper of the volume")?;
        let mut line = String::new();
        if let Some(out) = keeper.stdout.as_mut() {
            BufReader::new(out)
                .read_line(&mut line)
                .context("cannot read what the keeper of the volume says")?;
        }
        let Ok(place) = serde_json::from_str(&line) else {
            bail!("the keeper of the volume made no room");
        };
        Ok(Self {
            place,
            keeper: Some(keeper),
        })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            // It may have been killed, which leaves nothing to wait for.
            let _ended = keeper.wait();
        }
    }
}

/// What the keeper does: makes a room of so many bytes for the shop whose folder it is in, says where,
/// waits, and takes it away.
///
/// # Errors
/// If there is no room, or it cannot be taken away.
pub(crate) fn keep(bytes: u64) -> anyhow::Result<()> {
    let folder = std::env::current_dir().context("the folder of the shop is not there")?;
    let place = make(&folder, bytes)?;
    let mut out = std::io::stdout();
    let said = writeln!(out, "{}", serde_json::to_string(&place)?).and_then(|()| out.flush());
    if said.is_ok() {
        let mut input = std::io::stdin().lock();
        let mut bytes = [0; 64];
        while matches!(input.read(&mut bytes), Ok(count) if count > 0) {}
    }
    take_away(&place)
}

fn make(folder: &Path, bytes: u64) -> anyhow::Result<Place> {
    let path = folder.join(VOLUME);
    std::fs::create_dir_all(&path).context("cannot make the volume")?;
    // One that was left when everything was killed at once is taken up again.
    if is_mounted(&path) || mount(&path, bytes) {
        return Ok(Place {
            path,
            kind: Kind::Tmpfs,
        });
    }
    let shared = Path::new(SHARED_MEMORY).join(format!("{SOURCE}-{}", std::process::id()));
    if std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&shared)
        .is_ok()
    {
        return Ok(Place {
            path: shared,
            kind: Kind::SharedMemory,
        });
    }
    Ok(Place {
        path,
        kind: Kind::Folder,
    })
}

fn take_away(place: &Place) -> anyhow::Result<()> {
    match place.kind {
        Kind::Tmpfs => {
            // Also if somebody still looks into it: it is out of sight at once, and gone after that.
            let ended = Command::new("umount").arg("-l").arg(&place.path).status();
            if !ended.context("cannot run `umount`")?.success() {
                bail!("cannot unmount `{}`", place.path.display());
            }
        }
        Kind::SharedMemory => std::fs::remove_dir_all(&place.path)
            .with_context(|| format!("cannot remove `{}`", place.path.display()))?,
        Kind::Folder => {}
    }
    Ok(())
}

/// Mounts a tmpfs; false if this user or this system cannot.
fn mount(path: &Path, bytes: u64) -> bool {
    let mut command = Command::new("mount");
    command
        .args(["-t", "tmpfs", "-o"])
        .arg(format!("size={bytes},mode=0755,nosuid,nodev,noexec"))
        .arg(SOURCE)
        .arg(path)
        // Who may not is told by what comes instead.
        .stderr(Stdio::null());
    command.status().is_ok_and(|ended| ended.success())
}

/// Whether a tmpfs of the shop is mounted there.
fn is_mounted(path: &Path) -> bool {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let is_it = |line: &str| {
        let mut words = line.split(' ');
        words.next() == Some(SOURCE)
            && words.next().map(plain).as_deref() == Some(&*path.to_string_lossy())
    };
    mounts.lines().any(is_it)
}

/// A path as it is, from how the system writes it in its list of mounts.
fn plain(word: &str) -> String {
    [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ]
    .iter()
    .fold(word.to_owned(), |word, (code, text)| {
        word.replace(code, text)
    })
}
