//! Where connections come from.

use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{Error, Postgres, Sqlite, SqlitePool};

use super::engine::Engine;
use super::postgres::PostgresPools;
use super::transaction::{Area, Transaction};
use crate::pulse::Pulse;

/// The connections to a database.
#[derive(Debug, Clone)]
pub(in super::super) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PostgresPools),
}

impl Pool {
    /// Which database it is.
    pub(in super::super) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// For lists that may be a little old: a replica reads them, if there is one and it answers.
    pub(in super::super) fn lists(&self) -> Self {
        match self {
            Self::Sqlite(pool) => Self::Sqlite(pool.clone()),
            Self::Postgres(pools) => Self::Postgres(pools.lists()),
        }
    }

    /// A connection for several statements that change nothing together.
    pub(in super::super) async fn acquire(&self) -> Result<Connection, Error> {
        match self {
            Self::Sqlite(pool) => pool.acquire().await.map(Connection::Sqlite),
            Self::Postgres(pools) => pools.acquire().await,
        }
    }

    /// A transaction that reads the database as it is at one moment, that of its first read.
    pub(in super::super) async fn at_one_moment(&self) -> Result<Connection, Error> {
        match self {
            Self::Sqlite(pool) => Ok(Connection::SqliteTransaction(pool.begin().await?)),
            Self::Postgres(pools) => pools.at_one_moment().await,
        }
    }

    /// A transaction that may write, the only one of its area. In SQLite it is the only one at all:
    /// it takes the lock at once, since one that begins by reading could not wait for another later.
    pub(in super::super) async fn write(&self, area: Area) -> Result<Transaction, Error> {
        match self {
            Self::Sqlite(pool) => {
                let begun = pool.begin_with("BEGIN IMMEDIATE").await?;
                Ok(Transaction::sqlite(begun))
            }
            Self::Postgres(pools) => pools.write(area).await,
        }
    }

    /// Closes all connections.
    pub(in super::super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pools) => pools.close().await,
        }
    }
}

/// A connection, perhaps in a transaction; one to PostgreSQL with what tells whether that answers.
pub(in super::super) enum Connection {
    Sqlite(PoolConnection<Sqlite>),
    SqliteTransaction(sqlx::Transaction<'static, Sqlite>),
    Postgres(PoolConnection<Postgres>, Arc<Pulse>),
    PostgresTransaction(sqlx::Transaction<'static, Postgres>, Arc<Pulse>),
}

impl Connection {
    /// Which database it is.
    pub(in super::super) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) | Self::SqliteTransaction(_) => Engine::Sqlite,
            Self::Postgres(..) | Self::PostgresTransaction(..) => Engine::Postgres,
        }
    }
}
