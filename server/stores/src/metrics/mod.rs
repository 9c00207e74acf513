//! The metric store: every point, by series and time, in compressed blocks.
//!
//! A point's way: `write` takes a batch into the `head` of its partition (`shard`), where it can be
//! read; a flush writes the head as parts, one `block` for each group of 32 series and window of 2
//! hours; `merge` makes one block of the parts once the window is over; `retention` makes intervals
//! (`tiers`) of what is past its time. A query's way: `table` and `postings` say which series are
//! meant, `read` puts their blocks and what is in memory together. `snapshot` is what a backup sees.
//! `influxdb` keeps the same in InfluxDB 2, for several processes.

mod block;
mod bytes;
mod config;
#[cfg(any(test, feature = "contract"))]
#[expect(clippy::unwrap_used, reason = "a suite of tests fails by panicking")]
pub mod contract;
mod delete;
mod embedded;
mod engine;
mod head;
#[cfg(feature = "influxdb")]
pub mod influxdb;
mod inner;
mod keys;
mod merge;
mod postings;
mod read;
mod retention;
mod shard;
mod snapshot;
mod states;
mod table;
#[cfg(test)]
mod tests;
mod tiers;
mod write;

pub use config::MetricStoreConfig;
pub use embedded::EmbeddedMetricStore;
pub use snapshot::MetricRestoration;
