//! Which tables there are, with their columns and keys, as either engine says it.

use tocsin_domain::ports::StoreError;

use super::Schema;
use super::cell::Kind;
use crate::relational::sql::{self, Connection, Engine};
use crate::relational::store_error;

/// What is not anybody's data: the schema, numbers that are given, and words that are made again.
const OWN_TABLES: [&str; 5] = [
    "alert_event_numbers",
    "alert_words",
    "schema_versions",
    "sqlite_sequence",
    "ticket_decision_words",
];

const SQLITE_TABLES: &str = "SELECT name FROM pragma_table_list \
    WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_schema' ORDER BY name";
const SQLITE_COLUMNS: &str = "SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid";

/// Not the partitions of a table: they are read through it.
const POSTGRES_TABLES: &str = "SELECT CAST(c.relname AS TEXT) FROM pg_class c \
    WHERE c.relnamespace = CAST(current_schema() AS regnamespace) \
    AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname";
const POSTGRES_COLUMNS: &str = "SELECT CAST(a.attname AS TEXT), format_type(a.atttypid, NULL), \
        CAST(COALESCE(array_position(CAST(i.indkey AS INT2[]), a.attnum) + 1, 0) AS BIGINT) \
    FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary \
    WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

const VERSION: &str = "SELECT MAX(version) FROM schema_versions";
/// The last number given in tables whose numbers are never used again.
const SQLITE_SEQUENCES: &str = "SELECT name, seq FROM sqlite_sequence";
const POSTGRES_SEQUENCES: &str =
    "SELECT CAST('alert_events' AS TEXT), last FROM alert_event_numbers WHERE id = 1";

/// A table of the schema.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<(String, Kind)>,
    /// The columns of the key, in its order.
    pub(super) key: Vec<usize>,
}

/// The tables with their columns, in the order of their names.
pub(super) async fn tables(connection: &mut Connection) -> Result<Vec<Table>, StoreError> {
    let names = match connection.engine() {
        Engine::Sqlite => SQLITE_TABLES,
        Engine::Postgres => POSTGRES_TABLES,
    };
    let names: Vec<String> = sql::query_scalar(names)
        .fetch_all(&mut *connection)
        .await
        .map_err(store_error)?;
    let mut tables = Vec::new();
    for name in names {
        if !OWN_TABLES.contains(&name.as_str()) {
            tables.push(table(connection, name).await?);
        }
    }
    Ok(tables)
}

async fn table(connection: &mut Connection, name: String) -> Result<Table, StoreError> {
    let columns = match connection.engine() {
        Engine::Sqlite => SQLITE_COLUMNS,
        Engine::Postgres => POSTGRES_COLUMNS,
    };
    let rows = sql::query(columns)
        .bind(&name)
        .fetch_all(connection)
        .await
        .map_err(store_error)?;
    let mut columns = Vec::new();
    let mut key: Vec<(i64, usize)> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let declared: String = row.try_get(1).map_err(store_error)?;
        let kind = Kind::of(&declared).ok_or_else(|| {
            StoreError::Invalid(format!("`{name}` has a column of type {declared}"))
        })?;
        columns.push((row.try_get(0).map_err(store_error)?, kind));
        let place: i64 = row.try_get(2).map_err(store_error)?;
        if place > 0 {
            key.push((place, at));
        }
    }
    if key.is_empty() {
        return Err(StoreError::Invalid(format!("`{name}` has no key")));
    }
    key.sort_unstable();
    let key = key.into_iter().map(|(_, at)| at).collect();
    Ok(Table { name, columns, key })
}

/// Which schema the tables are of.
pub(super) async fn schema(connection: &mut Connection) -> Result<Schema, StoreError> {
    let version: Option<i64> = sql::query_scalar(VERSION)
        .fetch_one(&mut *connection)
        .await
        .map_err(store_error)?;
    let sequences = match connection.engine() {
        Engine::Sqlite => SQLITE_SEQUENCES,
        Engine::Postgres => POSTGRES_SEQUENCES,
    };
    let sequences = sql::query(sequences).fetch_all(connection).await;
    let sequences = sequences.map_err(store_error)?;
    let named = sequences
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    Ok(Schema {
        version: version.unwrap_or(0),
        sequences: named.collect::<Result<_, _>>().map_err(store_error)?,
    })
}
