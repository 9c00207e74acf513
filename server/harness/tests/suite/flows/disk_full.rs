//! Full is not fatal: with no room on the disk the server answers 503, keeps what it accepted, and
//! goes on by itself once there is room. Stopped while the disk is full it ends well. The disk is a
//! small tmpfs.

use std::path::{Path, PathBuf};
use std::process::Command;

use tocsin_harness::{TestServer, wait_for};

/// A small file system that is unmounted at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: &Path, size: &str) -> anyhow::Result<Option<Self>> {
        std::fs::create_dir_all(path)?;
        let size = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tocsin-test"])
            .arg(path)
            .output()?;
        Ok(mounted.status.success().then(|| Self(path.into())))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, since the server may still be ending.
        let _gone = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Appends to a file until there is no room; true if that came.
fn fill(ballast: &Path) -> anyhow::Result<bool> {
    let written = Command::new("dd")
        .args(["if=/dev/zero", "bs=64K", "status=none"])
        .args(["oflag=append", "conv=notrunc"])
        .arg(format!("of={}", ballast.display()))
        .output()?;
    Ok(!written.status.success())
}

#[test]
fn a_full_disk_gives_503_and_recovers() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let Some(_disk) = SmallDisk::mount(&data, "160m")? else {
        eprintln!("SKIPPED: mounting a tmpfs is not allowed here");
        return Ok(());
    };
    let mut server = TestServer::start_in(folder, &[("TOCSIN_SERVER__SHUTDOWN_GRACE_SECS", "2")])?;
    server.push("before", &["accepted before the disk was full"])?;
    let ballast = data.join("ballast");
    assert!(fill(&ballast)?, "the disk is filled until writing fails");

    let ndjson = [("Content-Type", "application/x-ndjson")];
    let body = "{\"body\":\"a line that finds no room\"}\n".repeat(20_000);
    let mut accepted = 0;
    let refused = wait_for("the server to run out of room", || {
        // What the engines give back after the first filling would hold thousands of such lines.
        fill(&ballast).ok()?;
        let (status, answer) = server.post("/api/v1/logs", &ndjson, body.as_bytes()).ok()?;
        match status {
            200 => {
                accepted += 20_000;
                None
            }
            _ => Some((status, answer)),
        }
    })?;
    assert_eq!(refused.0, 503, "{}", refused.1);
    assert_eq!(server.get("/health/live")?.0, 200, "it answers on");
    server.wait_for_lines("\"accepted before\"", 1)?;

    std::fs::remove_file(&ballast)?;
    wait_for("the server to take lines again", || {
        let line = b"{\"body\":\"after there was room\"}\n";
        let (status, _) = server.post("/api/v1/logs", &ndjson, line).ok()?;
        (status == 200).then_some(())
    })?;
    server.wait_for_lines("\"after there was room\"", 1)?;
    server.wait_for_lines("\"finds no room\"", accepted)?;

    assert!(fill(&ballast)?, "the disk is filled once more");
    assert!(server.stop()?.success(), "a full disk is no failed stop");
    std::fs::remove_file(&ballast)?;
    server.resume()?;
    server.wait_for_lines("\"after there was room\"", 1)?;
    server.wait_for_lines("\"finds no room\"", accepted)?;
    Ok(())
}
