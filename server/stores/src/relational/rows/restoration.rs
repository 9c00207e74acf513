//! Putting rows back into a database where nothing is yet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use async_trait::async_trait;
use serde_json::Value;
use tocsin_domain::ports::{Restoration, SnapshotItem, StoreError};

use super::{FORM, Header, SCHEMA, Schema, Table, numbers, tables};
use crate::relational::rows::cell::{Cell, Kind};
use crate::relational::sql::{self, Area};
use crate::relational::{PostgresConfig, RelationalStore, migrate, partitions, store_error};

/// Values of one statement: engines have a bound on them.
const VALUES_MAX: usize = 8_000;
/// Where there are rows once somebody worked with a database.
const TOLD_BY: [&str; 6] = [
    "alerts",
    "audit_entries",
    "automation_runs",
    "subscriptions",
    "templates",
    "tickets",
];
/// How far events of the bus were taken, by other offsets than those of a bus that begins anew; and
/// who held what.
pub const OF_ONE_BUS: [&str; 5] = [
    "alert_origins",
    "leases",
    "session_positions",
    "told_positions",
    "told_signals",
];

/// The table of leases.
const LEASES: &str = "leases";

/// Puts rows back into a database.
#[derive(Debug)]
pub struct RowRestoration {
    store: RelationalStore,
    /// Tables of positions are passed over.
    is_bus_new: bool,
    tables: BTreeMap<String, Table>,
    /// Tables whose rows of the schema's own are gone.
    cleared: BTreeSet<String>,
    sequences: BTreeMap<String, i64>,
}

impl RowRestoration {
    /// Begins with a file of SQLite, which must not be there, to have the rows of a backup: events
    /// of the bus are put back beside it.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if it is there, [`StoreError::Unavailable`] if it cannot be made.
    pub async fn into_sqlite(path: &Path) -> Result<Self, StoreError> {
        if path.exists() {
            let message = format!("there is a database at `{}`", path.display());
            return Err(StoreError::Invalid(message));
        }
        Ok(Self::new(
            RelationalStore::open_sqlite_as_it_is(path).await?,
            false,
        ))
    }

    /// Begins with a database of PostgreSQL, which must have no rows, to have those of a backup:
    /// events of the bus are put back beside it.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if there is something in it, [`StoreError::Unavailable`] if it cannot
    /// be used.
    pub async fn into_postgres(config: &PostgresConfig) -> Result<Self, StoreError> {
        let store = RelationalStore::open_postgres_as_it_is(config).await?;
        refuse_rows(&store).await?;
        Ok(Self::new(store, false))
    }

    /// Begins with an open store that nobody worked with, and whose bus begins anew: how far events
    /// were taken is left out.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if there is something in it, [`StoreError::Unavailable`] if it does
    /// not answer.
    pub async fn into_store(store: RelationalStore) -> Result<Self, StoreError> {
        refuse_rows(&store).await?;
        Ok(Self::new(store, true))
    }

    fn new(store: RelationalStore, is_bus_new: bool) -> Self {
        Self {
            store,
            is_bus_new,
            tables: BTreeMap::new(),
            cleared: BTreeSet::new(),
            sequences: BTreeMap::new(),
        }
    }

    /// Brings the database to the schema that the rows are of; the newest one is made of it when the
    /// store is opened.
    async fn begin(&mut self, schema: &Schema) -> Result<(), StoreError> {
        let newest = migrate::newest();
        if schema.version > newest {
            return Err(StoreError::Invalid(format!(
                "the rows are of schema {}, this version of Tocsin knows {newest}",
                schema.version
            )));
        }
        migrate::run_through(&self.store.pool, schema.version).await?;
        if schema.version == newest {
            partitions::prepare(&self.store.pool).await?;
        }
        let mut connection = self.store.pool.acquire().await.map_err(store_error)?;
        let tables = tables(&mut connection).await?;
        self.tables = tables
            .into_iter()
            .map(|table| (table.name.clone(), table))
            .collect();
        self.sequences = schema.sequences.clone();
        Ok(())
    }

    /// Whether a table's rows are of no use here.
    fn is_left_out(&self, table: &str) -> bool {
        // Who held what is gone with the processes that did.
        table == LEASES || (self.is_bus_new && OF_ONE_BUS.contains(&table))
    }

    /// Writes rows of a table, all or none.
    async fn insert(&mut self, header: &Header, rows: &[Value]) -> Result<(), StoreError> {
        let table = self.tables.get(&header.table).ok_or_else(|| {
            StoreError::Invalid(format!("there is no table `{}` here", header.table))
        })?;
        let kind = |column: &String| {
            let found = table.columns.iter().find(|(name, _)| name == column);
            let missing = || format!("`{}` has no column `{column}` here", table.name);
            found
                .map(|(_, kind)| *kind)
                .ok_or_else(|| StoreError::Invalid(missing()))
        };
        let kinds: Vec<Kind> = header.columns.iter().map(kind).collect::<Result<_, _>>()?;
        let mut transaction = self.store.write(Area::Schema).await?;
        if self.cleared.insert(header.table.clone()) {
            let clear = sql::query(format!("DELETE FROM {}", header.table));
            let cleared = clear.execute(&mut *transaction);
            cleared.await.map_err(store_error)?;
        }
        for rows in rows.chunks((VALUES_MAX / kinds.len().max(1)).max(1)) {
            let mut query = sql::query(insert_sql(header, rows.len())).persistent(false);
            for row in rows {
                for (at, kind) in kinds.iter().enumerate() {
                    let cell = row.get(at).and_then(|value| Cell::read(*kind, value));
                    query = cell.ok_or_else(|| odd(&header.table))?.bind(query);
                }
            }
            query
                .execute(&mut *transaction)
                .await
                .map_err(store_error)?;
        }
        transaction.commit().await.map_err(store_error)
    }
}

/// Refuses a database that somebody worked with.
async fn refuse_rows(store: &RelationalStore) -> Result<(), StoreError> {
    let mut connection = store.pool.acquire().await.map_err(store_error)?;
    let there = tables(&mut connection).await?;
    for table in there
        .iter()
        .filter(|one| TOLD_BY.contains(&one.name.as_str()))
    {
        let name = &table.name;
        let rows: i64 = sql::query_scalar(format!("SELECT COUNT(*) FROM {name}"))
            .fetch_one(&mut connection)
            .await
            .map_err(store_error)?;
        if rows > 0 {
            let message = format!("the relational store is not empty: `{name}` has {rows} rows");
            return Err(StoreError::Invalid(message));
        }
    }
    Ok(())
}

fn odd(name: &str) -> StoreError {
    StoreError::Invalid(format!("`{name}` holds a row that cannot be read"))
}

fn insert_sql(header: &Header, rows: usize) -> String {
    let width = header.columns.len();
    let row = |row: usize| {
        let places: Vec<String> = (1..=width)
            .map(|at| format!("${}", row * width + at))
            .collect();
        format!("({})", places.join(", "))
    };
    let values: Vec<String> = (0..rows).map(row).collect();
    let columns = header.columns.join(", ");
    let (table, values) = (&header.table, values.join(", "));
    format!("INSERT INTO {table} ({columns}) VALUES {values}")
}

#[async_trait]
impl Restoration for RowRestoration {
    fn reads(&self, form: &str) -> bool {
        form == FORM
    }

    async fn put(&mut self, item: SnapshotItem) -> Result<(), StoreError> {
        let Some(entries) = item.entries else {
            return Err(StoreError::Invalid(format!("`{}` has no body", item.name)));
        };
        let mut values = entries.iter().map(|(_, value)| value.as_slice());
        let first = values.next().unwrap_or_default();
        if item.name == SCHEMA {
            let schema = serde_json::from_slice(first).map_err(|_| odd(SCHEMA))?;
            return self.begin(&schema).await;
        }
        let header: Header = serde_json::from_slice(first).map_err(|_| odd(&item.name))?;
        if self.is_left_out(&header.table) {
            return Ok(());
        }
        let rows = values.map(|value| serde_json::from_slice(value).map_err(|_| odd(&item.name)));
        let rows: Vec<Value> = rows.collect::<Result<_, _>>()?;
        self.insert(&header, &rows).await
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        let mut sequences = std::mem::take(&mut self.sequences);
        sequences.retain(|name, _| !self.is_left_out(name));
        let mut transaction = self.store.write(Area::Schema).await?;
        numbers::go_on(&mut transaction, &sequences).await?;
        numbers::make_words(&mut transaction).await?;
        transaction.commit().await.map_err(store_error)?;
        migrate::run(&self.store.pool).await?;
        if !self.is_bus_new {
            self.store.close().await;
        }
        Ok(())
    }
}
