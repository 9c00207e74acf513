//! Transactions that write, one at a time in each area.
//!
//! The code relies on one writer at a time: it reads the last number and gives the next. SQLite has one
//! writer anyway. In PostgreSQL every transaction of an area first takes the same lock, so that numbers
//! are given in the order of the commits and without a gap. An area therefore writes as fast as one
//! transaction after the other is made durable; areas do not wait for each other.

use std::ops::{Deref, DerefMut};

use sqlx::{Error, Postgres, Sqlite};

use super::pool::Connection;
use super::postgres::{PostgresPools, attended};

/// What a transaction writes, of which one is written at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Area {
    /// The schema.
    Schema,
    /// Alerts, their events and incidents.
    Alerts,
    /// Runs, their switches and rules.
    Automation,
    /// What chats are told of runs.
    Notices,
    /// Tickets and decisions.
    Tickets,
    /// Subscriptions and their deliveries.
    Deliveries,
    /// Anomalies.
    Anomalies,
    /// Predictions and scorecards.
    Predictions,
    /// Templates.
    Templates,
    /// Positions of files.
    Positions,
    /// The sessions of a partition.
    Sessions(u16),
    /// Rules that people changed.
    Rules,
    /// Changes.
    Changes,
    /// Reports of causes.
    RootCauses,
    /// Threads and messages.
    Threads,
    /// Signals on their way to the writer of alerts.
    Signals,
    /// What is kept in partitions by time.
    Partitions,
}

impl Area {
    /// The two numbers of its lock. The first is ours among all that use the database; the second
    /// never changes its meaning, since versions run side by side while one is rolled out.
    pub(super) fn lock(self) -> (i64, i64) {
        const OURS: i64 = 0x746f_6373;
        let number = match self {
            Self::Schema => 1,
            Self::Alerts => 2,
            Self::Automation => 3,
            Self::Notices => 4,
            Self::Tickets => 5,
            Self::Deliveries => 6,
            Self::Anomalies => 7,
            Self::Predictions => 8,
            Self::Templates => 9,
            Self::Positions => 10,
            Self::Rules => 11,
            Self::Changes => 12,
            Self::RootCauses => 13,
            Self::Threads => 14,
            Self::Signals => 15,
            Self::Partitions => 16,
            Self::Sessions(partition) => 0x1_0000 + i64::from(partition),
        };
        (OURS, number)
    }
}

/// How a transaction of PostgreSQL is asked after when its answer was lost.
struct Receipt {
    pools: PostgresPools,
    number: String,
}

/// A transaction that may write. Dropped, it is as if it had not been.
pub(in super::super) struct Transaction {
    connection: Connection,
    receipt: Option<Receipt>,
}

impl Transaction {
    pub(super) fn sqlite(begun: sqlx::Transaction<'static, Sqlite>) -> Self {
        Self {
            connection: Connection::SqliteTransaction(begun),
            receipt: None,
        }
    }

    pub(super) fn postgres(
        begun: sqlx::Transaction<'static, Postgres>,
        pools: PostgresPools,
        number: String,
    ) -> Self {
        Self {
            connection: Connection::PostgresTransaction(begun, pools.pulse().clone()),
            receipt: Some(Receipt { pools, number }),
        }
    }

    /// Runs several statements without values.
    pub(in super::super) async fn script(&mut self, script: &'static str) -> Result<(), Error> {
        match &mut self.connection {
            Connection::Sqlite(one) => sqlx::raw_sql(script).execute(&mut **one).await.map(drop),
            Connection::SqliteTransaction(one) => {
                sqlx::raw_sql(script).execute(&mut **one).await.map(drop)
            }
            Connection::Postgres(one, pulse) => {
                let done = sqlx::raw_sql(script).execute(&mut **one);
                attended(pulse, done).await.map(drop)
            }
            Connection::PostgresTransaction(one, pulse) => {
                let done = sqlx::raw_sql(script).execute(&mut **one);
                attended(pulse, done).await.map(drop)
            }
        }
    }

    /// Makes it durable. If the connection is lost meanwhile, the database is asked what became of it,
    /// so that an error means that nothing was kept, unless the database stays away.
    pub(in super::super) async fn commit(self) -> Result<(), Error> {
        match self.connection {
            Connection::SqliteTransaction(begun) => begun.commit().await,
            Connection::PostgresTransaction(begun, pulse) => {
                match (attended(&pulse, begun.commit()).await, self.receipt) {
                    (Err(error), Some(Receipt { pools, number })) => {
                        pools.settle(&number, error).await
                    }
                    (committed, _) => committed,
                }
            }
            // A transaction is never made of these.
            Connection::Sqlite(_) | Connection::Postgres(..) => Ok(()),
        }
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}
