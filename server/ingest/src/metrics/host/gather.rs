//! Asks the system. This is the only part of the collector with I/O; it blocks.

use std::fs;

use sysinfo::{
    DiskRefreshKind, Disks, MemoryRefreshKind, Networks, ProcessRefreshKind, ProcessesToUpdate,
    System,
};

use super::files::{FileSystem, real};
use super::proc::{self, DiskTotals, Stat};
use super::processes::{Top, Usage};

/// The most network interfaces; a host of containers has hundreds that mean nothing.
const INTERFACES_MAX: usize = 64;
/// Interfaces that containers come and go with.
const EPHEMERAL: [&str; 5] = ["veth", "cali", "lxc", "tap", "ifb"];

/// Totals of a network interface since it came up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Interface {
    pub(super) device: String,
    pub(super) received_bytes: u64,
    pub(super) transmitted_bytes: u64,
    pub(super) received_packets: u64,
    pub(super) transmitted_packets: u64,
    pub(super) received_errors: u64,
    pub(super) transmitted_errors: u64,
}

/// All that was measured at one time; what the system does not say is empty.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) stat: Option<Stat>,
    /// Of all processors: `[0, 1]`; none in the first snapshot.
    pub(super) cpu_used_ratio: Option<f64>,
    pub(super) cores: usize,
    pub(super) load: [f64; 3],
    /// By the names of `/proc/meminfo`, in bytes.
    pub(super) memory: Vec<(&'static str, u64)>,
    pub(super) disks: Vec<DiskTotals>,
    pub(super) file_systems: Vec<FileSystem>,
    pub(super) interfaces: Vec<Interface>,
    pub(super) processes: Vec<(String, Usage)>,
    pub(super) process_count: usize,
    pub(super) boot_secs: u64,
}

impl Snapshot {
    /// The bytes of a line of `/proc/meminfo`.
    pub(super) fn memory_bytes(&self, name: &str) -> Option<u64> {
        let found = self.memory.iter().find(|(known, _)| *known == name);
        found.map(|(_, bytes)| *bytes)
    }
}

/// What is kept from one time to the next.
pub(super) struct Gatherer {
    system: System,
    disks: Disks,
    networks: Networks,
    top: Top,
    before: Option<Stat>,
}

impl Gatherer {
    /// Asks once, so that the first snapshot has something to compare with.
    pub(super) fn new() -> Self {
        let mut gatherer = Self {
            system: System::new(),
            disks: Disks::new(),
            networks: Networks::new(),
            top: Top::default(),
            before: None,
        };
        gatherer.snapshot(0);
        gatherer
    }

    pub(super) fn snapshot(&mut self, now_secs: i64) -> Snapshot {
        let stat = read("/proc/stat").and_then(|text| proc::stat(&text));
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let cores = stat.as_ref().map_or(cores, |stat| stat.cpus.len().max(1));
        let cpu_used_ratio = self.cpu_used_ratio(stat.as_ref());
        let (processes, process_count) = self.processes(cores, now_secs);
        let load = System::load_average();
        self.before.clone_from(&stat);
        Snapshot {
            stat,
            cpu_used_ratio,
            cores,
            load: [load.one, load.five, load.fifteen],
            memory: self.memory(),
            disks: read("/proc/diskstats").map_or_else(Vec::new, |text| proc::diskstats(&text)),
            file_systems: self.file_systems(),
            interfaces: self.interfaces(),
            processes,
            process_count,
            boot_secs: System::boot_time(),
        }
    }

    fn cpu_used_ratio(&mut self, stat: Option<&Stat>) -> Option<f64> {
        if let Some(stat) = stat {
            return stat.all.used_ratio_since(&self.before.as_ref()?.all);
        }
        self.system.refresh_cpu_usage();
        Some(f64::from(self.system.global_cpu_usage()) / 100.0)
    }

    fn memory(&mut self) -> Vec<(&'static str, u64)> {
        if let Some(text) = read("/proc/meminfo") {
            return proc::meminfo(&text);
        }
        self.system
            .refresh_memory_specifics(MemoryRefreshKind::everything());
        vec![
            ("MemTotal", self.system.total_memory()),
            ("MemFree", self.system.free_memory()),
            ("MemAvailable", self.system.available_memory()),
            ("SwapTotal", self.system.total_swap()),
            ("SwapFree", self.system.free_swap()),
        ]
    }

    fn file_systems(&mut self) -> Vec<FileSystem> {
        let what = DiskRefreshKind::nothing().with_storage();
        self.disks.refresh_specifics(true, what);
        let found = self.disks.list().iter().map(|disk| FileSystem {
            device: disk.name().to_string_lossy().into_owned(),
            mount: disk.mount_point().to_string_lossy().into_owned(),
            kind: disk.file_system().to_string_lossy().into_owned(),
            size_bytes: disk.total_space(),
            available_bytes: disk.available_space(),
            free_bytes: disk.available_space(),
            files: None,
            files_free: None,
            is_read_only: disk.is_read_only(),
        });
        let mut found = real(found);
        for file_system in &mut found {
            file_system.measure();
        }
        found
    }

    fn interfaces(&mut self) -> Vec<Interface> {
        self.networks.refresh(true);
        let is_kept = |name: &str| !EPHEMERAL.iter().any(|kind| name.starts_with(kind));
        let list = self.networks.list().iter();
        let mut found: Vec<Interface> = list
            .filter(|(name, _)| is_kept(name))
            .map(|(name, data)| Interface {
                device: name.clone(),
                received_bytes: data.total_received(),
                transmitted_bytes: data.total_transmitted(),
                received_packets: data.total_packets_received(),
                transmitted_packets: data.total_packets_transmitted(),
                received_errors: data.total_errors_on_received(),
                transmitted_errors: data.total_errors_on_transmitted(),
            })
            .collect();
        found.sort_by(|one, two| one.device.cmp(&two.device));
        found.truncate(INTERFACES_MAX);
        found
    }

    fn processes(&mut self, cores: usize, now_secs: i64) -> (Vec<(String, Usage)>, usize) {
        let what = ProcessRefreshKind::nothing()
            .with_cpu()
            .with_memory()
            .without_tasks();
        self.system
            .refresh_processes_specifics(ProcessesToUpdate::All, true, what);
        let all = self.system.processes().values();
        let all = all.filter(|process| process.thread_kind().is_none());
        let all: Vec<(String, Usage)> = all
            .map(|process| {
                let usage = Usage {
                    // `sysinfo` says per cent of one processor.
                    cpu_ratio: f64::from(process.cpu_usage()) / 100.0 / cores as f64,
                    resident_bytes: process.memory(),
                    processes: 1,
                };
                (process.name().to_string_lossy().into_owned(), usage)
            })
            .collect();
        let count = all.len();
        (self.top.pick(all, now_secs), count)
    }
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}
