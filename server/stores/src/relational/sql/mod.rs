//! One body of SQL for two engines: queries, rows, pools and transactions over SQLite and PostgreSQL.
//!
//! Values and rows stay those of the engine's own driver, so that SQLite costs what it cost alone.
//! (`sqlx::Any` would not do: it cannot read columns that SQLite calls BOOLEAN, copies every value twice
//! and takes no pragmas.) SQL is written in what both understand; the few words that differ are in
//! [`engine`]. Not here: any statement about a table.

mod builder;
mod engine;
mod pool;
mod postgres;
mod query;
mod row;
mod transaction;
mod value;

pub(super) use builder::QueryBuilder;
pub(super) use engine::{Engine, within};
pub(super) use pool::{Connection, Pool};
pub(super) use postgres::{PostgresPools, connect, is_of_one_away, is_of_one_refusing};
pub(super) use query::{Query, query, query_scalar};
pub(super) use row::{Read, Row};
pub(super) use transaction::{Area, Transaction};
