//! Measures this machine: processors, load, memory, file systems, disks, network, processes.
//!
//! Names and labels are those of Prometheus' node_exporter, so that dashboards made for it fit; a
//! few gauges that people read come with them, such as `host_memory_used_ratio`. All have
//! the labels `host` and `instance` with the name of the machine, and `job="host"`. What Linux tells in
//! `/proc` is read there; the rest, and other systems, through `sysinfo`.

mod driver;
mod files;
mod gather;
mod points;
mod proc;
mod processes;
#[cfg(test)]
mod tests;

pub use driver::{HOST_SOURCE, HostCollector};
