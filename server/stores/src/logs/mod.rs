//! The log store: every log line, searchable at once, in template-native blocks.
//!
//! A line's way: `write` takes a parsed batch into the `head` of its partition, where `scan` finds
//! it; a full head becomes a `block` of columns that the `engine` writes in one piece. A query's
//! way: `plan` makes it ready and judges every template of the `dictionary` (with `phrase`),
//! `evaluate` asks a block's description and filter, and then `words` (with `cells`, `sieve` and
//! `seek`) and `fields` look into what columns remain, and what they found is `known` to the next
//! query; `search`, `aggregate`, `distribution` and `context` make the answers. `delete` and
//! `retention` write blocks anew by way of `rebuild`; `snapshot` is what a backup sees. In place of
//! all that stands `clickhouse`, for set-ups that outgrow one machine.

#[cfg(test)]
mod addresses;
mod aggregate;
mod block;
mod cache;
mod cells;
#[cfg(feature = "clickhouse")]
mod clickhouse;
mod config;
mod context;
#[cfg(any(test, feature = "contract"))]
#[expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a suite of tests fails by panicking"
)]
pub mod contract;
mod delete;
mod dictionary;
mod distribution;
mod embedded;
mod engine;
mod evaluate;
mod fields;
mod head;
mod inner;
mod known;
mod part;
mod phrase;
mod plan;
mod rebuild;
mod record;
mod retention;
mod scan;
mod search;
mod seek;
mod selection;
mod sieve;
mod snapshot;
mod stats;
#[cfg(test)]
mod tests;
mod words;
mod write;

#[cfg(feature = "clickhouse")]
pub use clickhouse::{ClickHouseLogStore, ClickHouseLogsConfig, ClickHouseRestoration};
pub use config::LogStoreConfig;
pub use embedded::EmbeddedLogStore;
pub use snapshot::LogRestoration;
