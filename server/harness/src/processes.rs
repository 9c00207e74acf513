//! What the operating system says of the processes of a measurement.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Ticks of `/proc/PID/stat` in a second.
const TICKS: f64 = 100.0;

/// A process that descends from this one.
#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    /// Its number.
    pub id: u32,
    /// Its words, one after the other.
    pub command: String,
    /// Seconds of processor time, user and system, its own and that of its children that ended.
    pub cpu_seconds: f64,
}

/// Every process that descends from this one.
///
/// # Errors
/// If the system does not tell.
pub fn descendants() -> anyhow::Result<Vec<Process>> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // One that ended meanwhile has nothing to say.
        if let Ok(stat) = Stat::of(id) {
            all.push((id, stat));
        }
    }
    let mut known = vec![std::process::id()];
    let mut found = Vec::new();
    while let Some(parent) = known.pop() {
        for (id, stat) in all.iter().filter(|(_, stat)| stat.parent == parent) {
            known.push(*id);
            let words = fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
            found.push(Process {
                id: *id,
                command: words.replace('\0', " ").trim_end().to_owned(),
                cpu_seconds: stat.own_seconds + stat.ended_seconds,
            });
        }
    }
    Ok(found)
}

/// Seconds of processor time, user and system, that a process has used.
///
/// # Errors
/// If there is no such process.
pub fn cpu_seconds(process: u32) -> anyhow::Result<f64> {
    Ok(Stat::of(process)?.own_seconds)
}

/// A line of `/proc/PID/status` such as `VmRSS`, in megabytes.
///
/// # Errors
/// If there is no such process, or no such line.
pub fn memory_mb(process: u32, name: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with(name));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    Ok(kib.context("no such line")? / 1024.0)
}

/// Bytes that the files of a folder take on disk.
///
/// # Errors
/// If it cannot be read.
pub fn bytes_below(folder: &Path) -> anyhow::Result<u64> {
    let mut total = 0;
    let mut folders: Vec<PathBuf> = vec![folder.into()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let data = entry.metadata()?;
            if data.is_dir() {
                folders.push(entry.path());
            } else {
                total += data.blocks() * 512;
            }
        }
    }
    Ok(total)
}

struct Stat {
    parent: u32,
    own_seconds: f64,
    ended_seconds: f64,
}

impl Stat {
    fn of(process: u32) -> anyhow::Result<Self> {
        let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
        Self::parse(&text).context("no processor times")
    }

    /// Reads what stands after the name, which may hold anything (proc(5)).
    fn parse(text: &str) -> Option<Self> {
        let (_, after_name) = text.rsplit_once(')')?;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let seconds = |at: usize| Some(fields.get(at)?.parse::<f64>().ok()? / TICKS);
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own_seconds: seconds(11)? + seconds(12)?,
            ended_seconds: seconds(13)? + seconds(14)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_stand_after_a_name_with_spaces_and_brackets() {
        let text = "7 (a b) c) S 1 7 7 0 -1 4194560 1 2 0 0 250 50 30 20 20 0 1 0 100";
        let stat = Stat::parse(text).unwrap();
        assert_eq!(stat.parent, 1);
        assert!((stat.own_seconds - 3.0).abs() < 1e-9 && (stat.ended_seconds - 0.5).abs() < 1e-9);
        assert!(Stat::parse("7 (a) S 1").is_none());
    }

    #[test]
    fn a_child_is_seen() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let all = descendants().unwrap();
        let found = all.iter().find(|one| one.id == child.id()).cloned();
        child.kill().unwrap();
        child.wait().unwrap();
        // Between fork and exec it has our own words.
        assert!(found.is_some_and(|one| one.cpu_seconds < 1.0));
    }
}
