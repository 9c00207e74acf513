//! Snapshots of the store: every table as rows, in a form that does not know the engine.
//!
//! An item is some thousands of rows of a table in the order of its key, so that of tables which
//! only grow all items but the last are the same in the next snapshot. The whole of it is read
//! within one transaction. Indexes of words are not rows: they are made again.

mod cell;
mod numbers;
mod restoration;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tocsin_domain::ports::{Snapshot, SnapshotItem, Snapshots, StoreError};

use super::sql::{self, Connection};
use super::{RelationalStore, store_error};
use cell::{Cell, Kind, key_of, row_json};
pub use restoration::{OF_ONE_BUS, RowRestoration};
use tables::{Table, schema, tables};

/// The form of the items.
const FORM: &str = "relational-rows/1";
/// The item that says which schema the rows are of.
const SCHEMA: &str = "schema";
/// Rows of an item.
const ROWS_MAX: i64 = 5_000;
/// Bytes of an item, about; a row more may be in it.
const ITEM_BYTES_MAX: usize = 8 << 20;
/// What stands before the rows of an item.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    table: String,
    columns: Vec<String>,
}

/// What the item of the schema says.
#[derive(Debug, Serialize, Deserialize)]
struct Schema {
    version: i64,
    /// The last number given in tables whose numbers are never used again.
    sequences: BTreeMap<String, i64>,
}

#[async_trait]
impl Snapshots for RelationalStore {
    fn form(&self) -> &'static str {
        FORM
    }

    async fn take(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        let mut transaction = self.pool.at_one_moment().await.map_err(store_error)?;
        // The first read is the moment: a transaction that only began sees what comes later.
        let tables = tables(&mut transaction).await?;
        let schema = schema(&mut transaction).await?;
        Ok(Box::new(RowSnapshot {
            transaction,
            schema: Some(schema),
            tables: tables.into(),
            at: Place::default(),
        }))
    }
}

/// How far the first of the tables was told.
#[derive(Debug, Default)]
struct Place {
    items: usize,
    /// The key of the last row that was told.
    after: Option<Vec<Cell>>,
}

struct RowSnapshot {
    transaction: Connection,
    schema: Option<Schema>,
    tables: VecDeque<Table>,
    at: Place,
}

#[async_trait]
impl Snapshot for RowSnapshot {
    async fn next(
        &mut self,
        _known: &BTreeMap<String, String>,
    ) -> Result<Option<SnapshotItem>, StoreError> {
        if let Some(schema) = self.schema.take() {
            return Ok(Some(SnapshotItem {
                name: SCHEMA.into(),
                stamp: None,
                entries: Some(vec![(Vec::new(), json(&schema)?)]),
                records: 0,
            }));
        }
        while let Some(table) = self.tables.front().cloned() {
            let rows = self.rows(&table).await?;
            if rows.is_empty() && self.at.items > 0 {
                self.tables.pop_front();
                self.at = Place::default();
                continue;
            }
            let name = format!("{}/{:06}", table.name, self.at.items);
            self.at.items += 1;
            let header = Header {
                table: table.name.clone(),
                columns: table.columns.iter().map(|(name, _)| name.clone()).collect(),
            };
            let records = rows.len() as u64;
            let mut entries = vec![(b"table".to_vec(), json(&header)?)];
            entries.extend(rows.into_iter().map(|row| (Vec::new(), row)));
            return Ok(Some(SnapshotItem {
                name,
                stamp: None,
                entries: Some(entries),
                records,
            }));
        }
        Ok(None)
    }
}

impl RowSnapshot {
    /// The next rows of a table, as JSON.
    async fn rows(&mut self, table: &Table) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut query = sql::query(select(table, self.at.after.is_some()));
        for cell in self.at.after.clone().into_iter().flatten() {
            query = cell.bind(query);
        }
        let query = query.bind(ROWS_MAX);
        let found = query.fetch_all(&mut self.transaction).await;
        let found = found.map_err(store_error)?;
        let kinds: Vec<Kind> = table.columns.iter().map(|(_, kind)| *kind).collect();
        let key: Vec<(usize, Kind)> = table.key.iter().map(|at| (*at, kinds[*at])).collect();
        let (mut rows, mut bytes) = (Vec::with_capacity(found.len()), 0);
        for row in &found {
            let row = row_json(row, &kinds)?;
            self.at.after = key_of(&row, &key);
            let text = json(&row)?;
            bytes += text.len();
            rows.push(text);
            if bytes > ITEM_BYTES_MAX {
                break;
            }
        }
        Ok(rows)
    }
}

/// The rows of a table after a key, in the order of keys. Names are those of our own schema.
fn select(table: &Table, is_going_on: bool) -> String {
    let names: Vec<&str> = table
        .columns
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let key: Vec<&str> = table.key.iter().map(|at| names[*at]).collect();
    let (columns, order) = (names.join(", "), key.join(", "));
    let mut sql = format!("SELECT {columns} FROM {}", table.name);
    let mut bound = 0;
    if is_going_on {
        let places: Vec<String> = (1..=key.len()).map(|at| format!("${at}")).collect();
        sql.push_str(&format!(" WHERE ({order}) > ({})", places.join(", ")));
        bound = key.len();
    }
    sql.push_str(&format!(" ORDER BY {order} LIMIT ${}", bound + 1));
    sql
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| StoreError::Invalid(error.to_string()))
}
