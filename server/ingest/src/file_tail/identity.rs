//! Who a file is: device, inode and a hash of its first bytes. A name may change by rotation, and
//! an inode is used again for another file.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

use xxhash_rust::xxh3::xxh3_64;

/// How many first bytes the hash covers once a file has them.
const FINGERPRINT_BYTES: u64 = 256;

/// Device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

/// A hash of the first bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fingerprint {
    pub(super) hash: u64,
    /// How many bytes it covers; fewer than usual while the file is short.
    pub(super) bytes: u64,
}

impl Fingerprint {
    /// Of as many first bytes as the file has, 256 at most.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        Self::of_first(file, FINGERPRINT_BYTES)
    }

    /// True if the file still begins with the bytes that this covers.
    pub(super) fn holds_for(self, file: &File) -> io::Result<bool> {
        Ok(Self::of_first(file, self.bytes)? == self)
    }

    /// True if the file has more first bytes to cover.
    pub(super) const fn may_grow(self) -> bool {
        self.bytes < FINGERPRINT_BYTES
    }

    fn of_first(file: &File, bytes: u64) -> io::Result<Self> {
        let mut head = [0; FINGERPRINT_BYTES as usize];
        let wanted = (bytes as usize).min(head.len());
        let mut length = 0;
        while length < wanted {
            match file.read_at(&mut head[length..wanted], length as u64)? {
                0 => break,
                read => length += read,
            }
        }
        Ok(Self {
            hash: xxh3_64(&head[..length]),
            bytes: length as u64,
        })
    }
}
