//! One file a story.

mod clients;
mod disk_full;
mod files;
mod kill;
mod metric_clients;
mod metric_sources;
mod syslog;
mod two_servers;
