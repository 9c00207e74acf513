//! A snapshot of the machine becomes points.

use tocsin_domain::metric::{MetricKind, NAME_LABEL};

use super::files::FileSystem;
use super::gather::{Interface, Snapshot};
use super::proc::{DiskTotals, MODES};
use crate::metrics::MetricCollector;
use crate::metrics::staleness::Staleness;

const COUNTER: MetricKind = MetricKind::Counter;
const GAUGE: MetricKind = MetricKind::Gauge;

/// Where the points of one snapshot go.
pub(super) struct Points<'a, 'c> {
    pub(super) host: &'a str,
    pub(super) at_ms: i64,
    pub(super) series: &'a mut Staleness,
    pub(super) collector: &'a mut MetricCollector<'c>,
}

impl Points<'_, '_> {
    /// Puts all of a snapshot; series of what is gone get an end.
    pub(super) fn put(&mut self, snapshot: &Snapshot) {
        self.series.begin();
        self.cpu(snapshot);
        self.memory(snapshot);
        for found in &snapshot.file_systems {
            self.file_system(found);
        }
        for disk in &snapshot.disks {
            self.disk(disk);
        }
        for interface in &snapshot.interfaces {
            self.interface(interface);
        }
        for (name, usage) in &snapshot.processes {
            let labels = [("process", name.as_str())];
            self.point("process_cpu_ratio", GAUGE, &labels, usage.cpu_ratio);
            let bytes = usage.resident_bytes as f64;
            self.point("process_resident_memory_bytes", GAUGE, &labels, bytes);
            let count = f64::from(usage.processes);
            self.point("process_count", GAUGE, &labels, count);
        }
        self.point(
            "node_boot_time_seconds",
            GAUGE,
            &[],
            snapshot.boot_secs as f64,
        );
        self.point("node_time_seconds", GAUGE, &[], self.at_ms as f64 / 1000.0);
        self.point("host_processes", GAUGE, &[], snapshot.process_count as f64);
        let named = [("nodename", self.host), ("sysname", std::env::consts::OS)];
        self.point("node_uname_info", GAUGE, &named, 1.0);
        self.series.end(self.at_ms, self.collector);
    }

    fn cpu(&mut self, snapshot: &Snapshot) {
        if let Some(stat) = &snapshot.stat {
            for (number, times) in &stat.cpus {
                let cpu = number.to_string();
                for (mode, secs) in MODES.iter().zip(times.0) {
                    let labels = [("cpu", cpu.as_str()), ("mode", *mode)];
                    self.point("node_cpu_seconds_total", COUNTER, &labels, secs);
                }
            }
            for (name, kind, value) in [
                (
                    "node_context_switches_total",
                    COUNTER,
                    stat.context_switches,
                ),
                ("node_forks_total", COUNTER, stat.forks),
                ("node_procs_running", GAUGE, stat.procs_running),
                ("node_procs_blocked", GAUGE, stat.procs_blocked),
            ] {
                if let Some(value) = value {
                    self.point(name, kind, &[], value as f64);
                }
            }
        }
        if let Some(ratio) = snapshot.cpu_used_ratio {
            self.point("host_cpu_used_ratio", GAUGE, &[], ratio);
        }
        self.point("host_cpu_cores", GAUGE, &[], snapshot.cores as f64);
        let names = ["node_load1", "node_load5", "node_load15"];
        for (name, load) in names.into_iter().zip(snapshot.load) {
            self.point(name, GAUGE, &[], load);
        }
    }

    fn memory(&mut self, snapshot: &Snapshot) {
        for (name, bytes) in &snapshot.memory {
            let name = format!("node_memory_{name}_bytes");
            self.point(&name, GAUGE, &[], *bytes as f64);
        }
        for (name, total, free) in [
            ("host_memory_used_ratio", "MemTotal", "MemAvailable"),
            ("host_swap_used_ratio", "SwapTotal", "SwapFree"),
        ] {
            let total = snapshot.memory_bytes(total).filter(|total| *total > 0);
            if let Some((total, free)) = total.zip(snapshot.memory_bytes(free)) {
                let used = total.saturating_sub(free);
                self.point(name, GAUGE, &[], used as f64 / total as f64);
            }
        }
    }

    fn file_system(&mut self, found: &FileSystem) {
        let labels = [
            ("device", found.device.as_str()),
            ("mountpoint", found.mount.as_str()),
            ("fstype", found.kind.as_str()),
        ];
        for (name, value) in [
            ("node_filesystem_size_bytes", Some(found.size_bytes)),
            ("node_filesystem_avail_bytes", Some(found.available_bytes)),
            ("node_filesystem_free_bytes", Some(found.free_bytes)),
            ("node_filesystem_files", found.files),
            ("node_filesystem_files_free", found.files_free),
            (
                "node_filesystem_readonly",
                Some(u64::from(found.is_read_only)),
            ),
        ] {
            if let Some(value) = value {
                self.point(name, GAUGE, &labels, value as f64);
            }
        }
        let labels = [("mountpoint", found.mount.as_str())];
        for (name, ratio) in [
            ("host_filesystem_used_ratio", found.used_ratio()),
            ("host_filesystem_files_used_ratio", found.files_used_ratio()),
        ] {
            if let Some(ratio) = ratio {
                self.point(name, GAUGE, &labels, ratio);
            }
        }
    }

    fn disk(&mut self, disk: &DiskTotals) {
        let labels = [("device", disk.device.as_str())];
        for (name, value) in [
            ("node_disk_reads_completed_total", disk.reads as f64),
            ("node_disk_read_bytes_total", disk.read_bytes as f64),
            ("node_disk_read_time_seconds_total", disk.read_secs),
            ("node_disk_writes_completed_total", disk.writes as f64),
            ("node_disk_written_bytes_total", disk.written_bytes as f64),
            ("node_disk_write_time_seconds_total", disk.write_secs),
            ("node_disk_io_time_seconds_total", disk.busy_secs),
        ] {
            self.point(name, COUNTER, &labels, value);
        }
    }

    fn interface(&mut self, interface: &Interface) {
        let labels = [("device", interface.device.as_str())];
        for (name, value) in [
            ("receive_bytes", interface.received_bytes),
            ("transmit_bytes", interface.transmitted_bytes),
            ("receive_packets", interface.received_packets),
            ("transmit_packets", interface.transmitted_packets),
            ("receive_errs", interface.received_errors),
            ("transmit_errs", interface.transmitted_errors),
        ] {
            let name = format!("node_network_{name}_total");
            self.point(&name, COUNTER, &labels, value as f64);
        }
    }

    fn point(&mut self, name: &str, kind: MetricKind, labels: &[(&str, &str)], value: f64) {
        let own = [
            (NAME_LABEL, name),
            ("host", self.host),
            ("instance", self.host),
            ("job", "host"),
        ];
        let labels: Vec<(&str, &str)> = own.iter().chain(labels).copied().collect();
        if self.series.came(&labels, kind) {
            self.collector.point(&labels, kind, Some(self.at_ms), value);
        }
    }
}
