//! Which file systems are real, and how much is in them.

use std::collections::BTreeMap;
use std::path::Path;

/// Kinds that hold no data of their own, beside those that `sysinfo` leaves out already.
const PSEUDO: [&str; 16] = [
    "autofs",
    "binfmt_misc",
    "bpf",
    "configfs",
    "debugfs",
    "devtmpfs",
    "efivarfs",
    "fuse.lxcfs",
    "fuse.snapfuse",
    "fusectl",
    "nsfs",
    "ramfs",
    "securityfs",
    "selinuxfs",
    "tmpfs",
    "tracefs",
];

/// A file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileSystem {
    pub(super) device: String,
    pub(super) mount: String,
    pub(super) kind: String,
    pub(super) size_bytes: u64,
    /// For everybody but the administrator.
    pub(super) available_bytes: u64,
    pub(super) free_bytes: u64,
    /// Inodes; none where there is no such thing.
    pub(super) files: Option<u64>,
    pub(super) files_free: Option<u64>,
    pub(super) is_read_only: bool,
}

impl FileSystem {
    /// Which part is used, as `df` says it: of what others than the administrator may use.
    pub(super) fn used_ratio(&self) -> Option<f64> {
        let used = self.size_bytes.saturating_sub(self.free_bytes);
        let usable = used.saturating_add(self.available_bytes);
        (usable > 0).then(|| used as f64 / usable as f64)
    }

    /// Which part of the inodes is used.
    pub(super) fn files_used_ratio(&self) -> Option<f64> {
        let (files, free) = (self.files?, self.files_free?);
        (files > 0).then(|| files.saturating_sub(free) as f64 / files as f64)
    }

    /// Asks the system for free space and inodes; what it does not say stays as it is.
    pub(super) fn measure(&mut self) {
        #[cfg(unix)]
        if let Ok(found) = rustix::fs::statvfs(Path::new(&self.mount)) {
            let unit = found.f_frsize;
            self.size_bytes = found.f_blocks.saturating_mul(unit);
            self.free_bytes = found.f_bfree.saturating_mul(unit);
            self.available_bytes = found.f_bavail.saturating_mul(unit);
            if found.f_files > 0 {
                self.files = Some(found.f_files);
                self.files_free = Some(found.f_ffree);
            }
        }
    }
}

/// Leaves out what is not real, and all but one mount of each device: the one with the shortest
/// path, since containers mount the same disk at many places.
pub(super) fn real(all: impl IntoIterator<Item = FileSystem>) -> Vec<FileSystem> {
    let mut by_device: BTreeMap<(String, u64), FileSystem> = BTreeMap::new();
    for found in all {
        let is_inner = [
            "/var/lib/docker/",
            "/var/lib/containers/",
            "/var/lib/kubelet/",
            "/snap/",
        ]
        .iter()
        .any(|path| found.mount.starts_with(path));
        // Containers' own root is an overlay; those of others are within the paths above.
        if found.size_bytes == 0 || is_inner || PSEUDO.contains(&found.kind.as_str()) {
            continue;
        }
        let key = (found.device.clone(), found.size_bytes);
        match by_device.get(&key) {
            Some(known) if known.mount.len() <= found.mount.len() => {}
            _ => {
                by_device.insert(key, found);
            }
        }
    }
    by_device.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mounted(device: &str, mount: &str, kind: &str, size_bytes: u64) -> FileSystem {
        FileSystem {
            device: device.into(),
            mount: mount.into(),
            kind: kind.into(),
            size_bytes,
            available_bytes: 40,
            free_bytes: 50,
            files: Some(10),
            files_free: Some(4),
            is_read_only: false,
        }
    }

    #[test]
    fn each_real_device_is_there_once() {
        let found = real([
            mounted("/dev/vda", "/etc/hosts", "ext4", 100),
            mounted("/dev/vda", "/", "ext4", 100),
            mounted("/dev/vda", "/data", "ext4", 100),
            mounted("tmpfs", "/tmp", "tmpfs", 100),
            mounted("none", "/x", "fuse.other", 0),
            mounted(
                "overlay",
                "/var/lib/docker/overlay2/a/merged",
                "overlay",
                100,
            ),
            mounted("/dev/vdb", "/srv", "xfs", 7),
        ]);
        let mounts: Vec<_> = found.iter().map(|found| found.mount.as_str()).collect();
        assert_eq!(mounts, ["/", "/srv"]);
    }

    #[test]
    fn used_is_what_df_says() {
        let found = mounted("/dev/vda", "/", "ext4", 100);
        assert_eq!(found.used_ratio(), Some(50.0 / 90.0));
        assert_eq!(found.files_used_ratio(), Some(0.6));
    }

    #[test]
    fn the_root_can_be_measured() {
        let mut root = mounted("/dev/x", "/", "ext4", 0);
        root.measure();
        assert!(root.size_bytes > 0 && root.free_bytes <= root.size_bytes);
    }
}
