//! Every row comes back, in a database of its own, with its numbers and the words it is found by.

use std::collections::BTreeMap;
use std::path::Path;

use tocsin_domain::Timestamp;
use tocsin_domain::ports::{AuditEntry, AuditFilter, AuditId, AuditLog, Restoration};

use super::*;
use crate::relational::contract;
use crate::relational::sql::Area;

async fn filled(path: &Path) -> RelationalStore {
    let store = RelationalStore::open_sqlite(path).await.unwrap();
    contract::templates(&store).await.unwrap();
    contract::positions(&store).await.unwrap();
    contract::findings::predictions(&store).await.unwrap();
    contract::alerts::alerts(&store).await.unwrap();
    contract::subscriptions::subscriptions(&store)
        .await
        .unwrap();
    contract::tickets::tickets(&store).await.unwrap();
    contract::automation::automation(&store).await.unwrap();
    contract::signals::signals(&store).await.unwrap();
    store
}

/// What a snapshot holds, by item.
async fn items(store: &RelationalStore) -> Vec<SnapshotItem> {
    let mut snapshot = store.take().await.unwrap();
    let mut items = Vec::new();
    while let Some(item) = snapshot.next(&BTreeMap::new()).await.unwrap() {
        items.push(item);
    }
    items
}

async fn words(store: &RelationalStore, table: &str) -> i64 {
    let counted = sql::query_scalar(format!("SELECT COUNT(*) FROM {table}"));
    counted.fetch_one(&store.pool).await.unwrap()
}

#[tokio::test]
async fn a_database_comes_back_row_by_row() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder.path().join("from.db")).await;
    let before = items(&store).await;
    let rows: u64 = before.iter().map(|item| item.records).sum();
    assert!(rows > 100, "{rows}");
    let to = folder.path().join("to.db");
    let mut restoration = RowRestoration::into_sqlite(&to).await.unwrap();
    for item in before.clone() {
        restoration.put(item).await.unwrap();
    }
    restoration.finish().await.unwrap();
    let again = RelationalStore::open_sqlite(&to).await.unwrap();
    assert_eq!(items(&again).await, before);
    for table in ["alert_words", "ticket_decision_words"] {
        assert_eq!(words(&again, table).await, words(&store, table).await);
    }
    assert!(RowRestoration::into_sqlite(&to).await.is_err());
    assert!(RowRestoration::into_store(again).await.is_err());
}

#[tokio::test]
async fn where_the_bus_begins_anew_positions_do_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder.path().join("from.db")).await;
    let to = RelationalStore::open_sqlite(&folder.path().join("to.db"))
        .await
        .unwrap();
    let mut restoration = RowRestoration::into_store(to.clone()).await.unwrap();
    for item in items(&store).await {
        restoration.put(item).await.unwrap();
    }
    restoration.finish().await.unwrap();
    assert!(words(&store, "told_positions").await > 0);
    assert_eq!(words(&to, "told_positions").await, 0);
    assert_eq!(words(&to, "alerts").await, words(&store, "alerts").await);
}

#[tokio::test]
async fn a_snapshot_is_of_one_moment_and_goes_on_through_long_tables() {
    let folder = tempfile::tempdir().unwrap();
    let store = RelationalStore::open_sqlite(&folder.path().join("from.db"))
        .await
        .unwrap();
    let entry = |at: i64| AuditEntry {
        id: AuditId::new(Timestamp::from_millis(1 + at), [0; 10]),
        at: Timestamp::from_millis(at),
        actor: "tester".into(),
        action: "test.done".into(),
        subject: format!("line {at}"),
        details: "{}".into(),
    };
    const INSERT: &str = "INSERT INTO audit_entries VALUES ($1, $2, 'a', 'b', 'c', '{}')";
    let mut transaction = store.write(Area::Schema).await.unwrap();
    for at in 0..ROWS_MAX + 10 {
        let id = AuditId::new(Timestamp::from_millis(1 + at), [0; 10]).to_string();
        let insert = sql::query(INSERT).bind(id).bind(at);
        insert.execute(&mut *transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let mut snapshot = store.take().await.unwrap();
    store.append(entry(ROWS_MAX + 20)).await.unwrap();
    let mut told = Vec::new();
    while let Some(item) = snapshot.next(&BTreeMap::new()).await.unwrap() {
        if item.name.starts_with("audit_entries/") {
            told.push(item.records);
        }
    }
    assert_eq!(told, [ROWS_MAX as u64, 10]);
    drop(snapshot);
    let page = store.page(&AuditFilter::default(), None, 1).await.unwrap();
    assert_eq!(page.len(), 1);
}

#[tokio::test]
async fn rows_of_a_newer_schema_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("to.db");
    let mut restoration = RowRestoration::into_sqlite(&to).await.unwrap();
    let schema = Schema {
        version: 10_000,
        sequences: BTreeMap::new(),
    };
    let item = SnapshotItem {
        name: SCHEMA.into(),
        stamp: None,
        entries: Some(vec![(Vec::new(), json(&schema).unwrap())]),
        records: 0,
    };
    let message = restoration.put(item).await.unwrap_err().to_string();
    assert!(message.contains("schema 10000"), "{message}");
}

/// The rows of each table, in no order: engines may have one of their own. Positions are left out.
async fn by_table(store: &RelationalStore) -> BTreeMap<String, Vec<Vec<u8>>> {
    let mut tables: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for item in items(store).await {
        let Some((table, _)) = item.name.split_once('/') else {
            continue;
        };
        if OF_ONE_BUS.contains(&table) {
            continue;
        }
        let rows = item.entries.unwrap().into_iter().skip(1);
        let all = tables.entry(table.to_owned()).or_default();
        all.extend(rows.map(|(_, row)| row));
    }
    tables.values_mut().for_each(|rows| rows.sort());
    tables
}

async fn number(store: &RelationalStore, sql: &'static str) -> i64 {
    let asked = sql::query_scalar(sql);
    asked.fetch_one(&store.pool).await.unwrap()
}

#[tokio::test]
async fn rows_move_to_postgres_and_back() {
    const NEXT: &str = "SELECT nextval(pg_get_serial_sequence('alerts', 'number'))";
    const LAST: &str = "SELECT MAX(number) FROM alerts";
    let Some(postgres) = crate::relational::postgres_tests::store().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder.path().join("from.db")).await;
    let mut restoration = RowRestoration::into_store(postgres.clone()).await.unwrap();
    for item in items(&store).await {
        restoration.put(item).await.unwrap();
    }
    restoration.finish().await.unwrap();
    let before = by_table(&store).await;
    let after = by_table(&postgres).await;
    assert!(before.keys().eq(after.keys()));
    for (table, rows) in &before {
        assert_eq!(&after[table], rows, "{table}");
    }
    for table in ["alert_words", "ticket_decision_words"] {
        assert_eq!(words(&postgres, table).await, words(&store, table).await);
    }
    assert_eq!(
        number(&postgres, NEXT).await,
        number(&store, LAST).await + 1
    );
    assert!(RowRestoration::into_store(postgres.clone()).await.is_err());

    let back = folder.path().join("back.db");
    let mut restoration = RowRestoration::into_sqlite(&back).await.unwrap();
    for item in items(&postgres).await {
        restoration.put(item).await.unwrap();
    }
    restoration.finish().await.unwrap();
    let back = RelationalStore::open_sqlite(&back).await.unwrap();
    assert_eq!(by_table(&back).await, before);
    postgres.close().await;
}
