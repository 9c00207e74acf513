//! A disk that is full while the bus writes, on a small file system of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tocsin_bus::contract::{event, waiting};
use tocsin_domain::ports::{Bus, BusError};
use tocsin_domain::{Offset, Partition};

use super::{name, small};

/// A small file system in memory, unmounted when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    fn mount(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
            .arg(folder.path())
            .status();
        status
            .is_ok_and(|status| status.success())
            .then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves only so much room.
    fn fill_but(&self, megabytes: usize) -> PathBuf {
        let ballast = self.path().join("ballast");
        let left = |path: &Path| {
            let disk = rustix::fs::statvfs(path).unwrap();
            (disk.f_bavail * disk.f_frsize) as usize
        };
        let size = left(self.path()).saturating_sub(megabytes << 20);
        std::fs::write(&ballast, vec![7; size]).unwrap();
        ballast
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_and_the_bus_recovers_by_itself() {
    let Some(disk) = Disk::mount(256) else {
        eprintln!("SKIPPED: no permission to mount a small file system");
        return;
    };
    let bus = small(&disk.path().join("bus"));
    let mut accepted = Vec::new();
    let mut number = 0;
    for _ in 0..2 {
        let ballast = disk.fill_but(12);
        let refused = loop {
            match bus.append(vec![event("a", number, 3000)]).await {
                Ok(()) => accepted.push(number),
                Err(error) => break error,
            }
            number += 1;
        };
        assert!(matches!(refused, BusError::Unavailable(_)), "{refused}");
        assert_eq!(
            bus.usage().events,
            accepted.len() as u64,
            "only what was accepted counts"
        );
        // It goes on refusing without harm, and what is there can be read.
        for _ in 0..20 {
            number += 1;
            let again = bus.append(vec![event("a", number, 3000)]).await;
            assert!(matches!(again, Err(BusError::Unavailable(_))), "{again:?}");
        }
        check(&bus, &accepted).await;
        std::fs::remove_file(ballast).unwrap();
        let begin = Instant::now();
        while bus
            .append(vec![event("a", number + 1, 3000)])
            .await
            .is_err()
        {
            assert!(
                begin.elapsed() < Duration::from_secs(10),
                "the bus does not recover"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        accepted.push(number + 1);
        number += 2;
        check(&bus, &accepted).await;
    }
    drop(bus);
    let bus = small(&disk.path().join("bus"));
    check(&bus, &accepted).await;
    let through = Offset(accepted.len() as u64);
    bus.acknowledge(Partition(0), through).await.unwrap();
    assert_eq!(bus.usage().events, 0);
}

async fn check(bus: &tocsin_bus::FjallBus, accepted: &[u64]) {
    let found = waiting(bus).await;
    let found: Vec<_> = found
        .iter()
        .map(|(_, found)| name(&found.event).1)
        .collect();
    assert_eq!(
        found, accepted,
        "what was accepted is there, what was refused is not"
    );
}
