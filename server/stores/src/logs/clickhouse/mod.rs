//! The log store on ClickHouse, for set-ups that outgrow one machine: the same questions, the same
//! answers as the embedded store.
//!
//! A line's way: `write` has a parsed batch become `rows` of a `block`, which is inserted when it is
//! large or old or somebody asks. A query's way: `translate` (with `fields`) makes SQL of it, all of
//! whose values `literal` writes; `search`, `aggregate` and `distribution` ask by way of the
//! `connection` and read the answers as `row_binary`. `remove` deletes, `schema` makes the tables,
//! `snapshot` reads and writes rows for backups.

mod aggregate;
mod block;
mod config;
mod connection;
mod distribution;
mod failure;
mod fields;
mod inner;
mod literal;
mod remove;
mod row_binary;
mod rows;
mod schema;
mod search;
mod snapshot;
mod stats;
mod store;
#[cfg(test)]
mod tests;
mod translate;
mod write;

pub use config::ClickHouseLogsConfig;
pub use snapshot::ClickHouseRestoration;
pub use store::ClickHouseLogStore;
