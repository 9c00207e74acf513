//! One file a story.

mod alerts;
mod automation;
mod automation_answers;
mod automation_doubles;
mod automation_kills;
mod clients;
mod copilot_clients;
mod demo;
mod demo_automation;
mod disk_full;
mod files;
mod injections;
mod kill;
mod mail;
mod metric_clients;
mod metric_kill;
mod metric_sources;
mod model;
mod prometheus_api;
mod questions;
mod sessions;
mod slack;
mod syslog;
mod tickets;
mod trackers;
mod two_servers;
