//! A statement with its values, and running it.

use std::borrow::Cow;
use std::marker::PhantomData;

use sqlx::{AssertSqlSafe, Error, Executor, Postgres, Sqlite};

use super::engine::Engine;
use super::pool::{Connection, Pool};
use super::postgres::attended;
use super::row::{Read, Row};
use super::value::{self, Bind, Value};

/// A statement. Its text has no values in it.
pub(in super::super) fn query(sql: impl Into<Cow<'static, str>>) -> Query {
    Query {
        sql: sql.into(),
        values: Vec::new(),
        is_persistent: true,
    }
}

/// A statement of whose rows the first column is wanted.
pub(in super::super) fn query_scalar<T>(sql: impl Into<Cow<'static, str>>) -> QueryScalar<T> {
    QueryScalar {
        query: query(sql),
        column: PhantomData,
    }
}

/// What a statement without rows did.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Done {
    rows: u64,
}

impl Done {
    /// How many rows it changed.
    pub(in super::super) fn rows_affected(self) -> u64 {
        self.rows
    }
}

/// Where a statement is run.
pub(in super::super) enum Target<'e> {
    /// On any connection, in a transaction of its own.
    Pool(&'e Pool),
    /// On this one, in whatever transaction it is in.
    Connection(&'e mut Connection),
}

impl<'e> From<&'e Pool> for Target<'e> {
    fn from(pool: &'e Pool) -> Self {
        Self::Pool(pool)
    }
}

impl<'e> From<&'e mut Connection> for Target<'e> {
    fn from(connection: &'e mut Connection) -> Self {
        Self::Connection(connection)
    }
}

/// What is wanted of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    Nothing,
    First,
    All,
}

/// What came of it: rows, or how many were changed.
pub(super) struct Came {
    pub(super) rows: Vec<Row>,
    pub(super) changed: u64,
}

/// A statement with its values.
#[derive(Debug)]
pub(in super::super) struct Query {
    sql: Cow<'static, str>,
    values: Vec<Value>,
    is_persistent: bool,
}

impl Query {
    pub(super) fn new(sql: String, values: Vec<Value>) -> Self {
        Self {
            sql: Cow::Owned(sql),
            values,
            is_persistent: true,
        }
    }

    /// Gives the next value: `$1`, then `$2`.
    pub(in super::super) fn bind(mut self, value: impl Bind) -> Self {
        self.values.push(value.value());
        self
    }

    /// Whether the statement is kept prepared; it is by default.
    pub(in super::super) fn persistent(mut self, is_persistent: bool) -> Self {
        self.is_persistent = is_persistent;
        self
    }

    /// Runs it for what it changes.
    pub(in super::super) async fn execute(
        self,
        target: impl Into<Target<'_>>,
    ) -> Result<Done, Error> {
        let came = self.run(target.into(), Wanted::Nothing).await?;
        Ok(Done { rows: came.changed })
    }

    /// All its rows.
    pub(in super::super) async fn fetch_all(
        self,
        target: impl Into<Target<'_>>,
    ) -> Result<Vec<Row>, Error> {
        Ok(self.run(target.into(), Wanted::All).await?.rows)
    }

    /// Its first row, if there is one.
    pub(in super::super) async fn fetch_optional(
        self,
        target: impl Into<Target<'_>>,
    ) -> Result<Option<Row>, Error> {
        Ok(self.run(target.into(), Wanted::First).await?.rows.pop())
    }

    /// Its first row.
    pub(in super::super) async fn fetch_one(
        self,
        target: impl Into<Target<'_>>,
    ) -> Result<Row, Error> {
        let row = self.fetch_optional(target).await?;
        row.ok_or(Error::RowNotFound)
    }

    /// Whether it changes nothing, so that it may be run again, or elsewhere.
    pub(super) fn is_read(&self) -> bool {
        self.sql.trim_start().starts_with("SELECT")
    }

    async fn run(self, target: Target<'_>, wanted: Wanted) -> Result<Came, Error> {
        match target {
            Target::Pool(Pool::Sqlite(pool)) => self.on_sqlite(pool, wanted).await,
            Target::Pool(Pool::Postgres(pools)) => pools.run(&self, wanted).await,
            Target::Connection(connection) => match connection {
                Connection::Sqlite(one) => self.on_sqlite(&mut **one, wanted).await,
                Connection::SqliteTransaction(one) => self.on_sqlite(&mut **one, wanted).await,
                Connection::Postgres(one, pulse) => {
                    attended(pulse, self.on_postgres(&mut **one, wanted)).await
                }
                Connection::PostgresTransaction(one, pulse) => {
                    attended(pulse, self.on_postgres(&mut **one, wanted)).await
                }
            },
        }
    }

    async fn on_sqlite<'e, E>(self, executor: E, wanted: Wanted) -> Result<Came, Error>
    where
        E: Executor<'e, Database = Sqlite>,
    {
        let arguments = value::sqlite(self.values)?;
        let query = match self.sql {
            Cow::Borrowed(sql) => sqlx::query_with(sql, arguments),
            Cow::Owned(sql) => sqlx::query_with(AssertSqlSafe(sql), arguments),
        };
        let query = query.persistent(self.is_persistent);
        let (mut rows, mut changed) = (Vec::new(), 0);
        match wanted {
            Wanted::Nothing => changed = query.execute(executor).await?.rows_affected(),
            Wanted::First => rows.extend(query.fetch_optional(executor).await?.map(Row::Sqlite)),
            Wanted::All => {
                let all = query.fetch_all(executor).await?;
                rows = all.into_iter().map(Row::Sqlite).collect();
            }
        }
        Ok(Came { rows, changed })
    }

    pub(super) async fn on_postgres<'e, E>(
        &self,
        executor: E,
        wanted: Wanted,
    ) -> Result<Came, Error>
    where
        E: Executor<'e, Database = Postgres>,
    {
        let arguments = value::postgres(&self.values)?;
        let query = match Engine::Postgres.spelled(self.sql.clone()) {
            Cow::Borrowed(sql) => sqlx::query_with(sql, arguments),
            Cow::Owned(sql) => sqlx::query_with(AssertSqlSafe(sql), arguments),
        };
        let query = query.persistent(self.is_persistent);
        let (mut rows, mut changed) = (Vec::new(), 0);
        match wanted {
            Wanted::Nothing => changed = query.execute(executor).await?.rows_affected(),
            Wanted::First => rows.extend(query.fetch_optional(executor).await?.map(Row::Postgres)),
            Wanted::All => {
                let all = query.fetch_all(executor).await?;
                rows = all.into_iter().map(Row::Postgres).collect();
            }
        }
        Ok(Came { rows, changed })
    }
}

/// A statement of whose rows the first column is wanted.
#[derive(Debug)]
pub(in super::super) struct QueryScalar<T> {
    query: Query,
    column: PhantomData<fn() -> T>,
}

impl<T> QueryScalar<T>
where
    T: for<'r> Read<'r>,
{
    pub(super) fn of(query: Query) -> Self {
        Self {
            query,
            column: PhantomData,
        }
    }

    /// Gives the next value: `$1`, then `$2`.
    pub(in super::super) fn bind(self, value: impl Bind) -> Self {
        Self::of(self.query.bind(value))
    }

    /// Of all its rows.
    pub(in super::super) async fn fetch_all(
        self,
        target: impl Into<Target<'_>>,
    ) -> Result<Vec<T>, Error> {
        let rows = self.query.fetch_all(target).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    /// Of its first row, if there is one.
    pub(in super::super) async fn fetch_optional(
        self,
        target: impl Into<Target<'_>>,
    ) -> Result<Option<T>, Error> {
        let row = self.query.fetch_optional(target).await?;
        row.as_ref().map(|row| row.try_get(0)).transpose()
    }

    /// Of its first row.
    pub(in super::super) async fn fetch_one(
        self,
        target: impl Into<Target<'_>>,
    ) -> Result<T, Error> {
        self.query.fetch_one(target).await?.try_get(0)
    }
}
