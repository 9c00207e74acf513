//! What is made after the rows are there: numbers go on where they were, and words are found again.

use std::collections::BTreeMap;

use tocsin_domain::ports::StoreError;

use crate::relational::sql::{self, Engine, Transaction};
use crate::relational::store_error;

const SQLITE_SEQUENCE: &str = "UPDATE sqlite_sequence SET seq = MAX(seq, $2) WHERE name = $1";
const SQLITE_NEW_SEQUENCE: &str = "INSERT INTO sqlite_sequence (name, seq) SELECT $1, $2 \
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = $1)";

/// Columns whose numbers PostgreSQL gives.
const IDENTITIES: &str = "SELECT CAST(c.relname AS TEXT), CAST(a.attname AS TEXT) \
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
    WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND a.attidentity <> '' \
    ORDER BY 1";
const LAST_EVENT: &str = "UPDATE alert_event_numbers SET last = GREATEST(last, $1, \
    (SELECT COALESCE(MAX(seq), 0) FROM alert_events)) WHERE id = 1";
const ALERT_WORDS: &str =
    "INSERT INTO alert_words (rowid, text) SELECT id, text FROM alert_subjects";
const DECISIONS: &str = "SELECT id, title, reason FROM ticket_decisions WHERE id > $1 \
    ORDER BY id LIMIT 1000";
const DECISION_WORDS: &str = "INSERT INTO ticket_decision_words (rowid, text) VALUES ($1, $2)";

/// Numbers that were given are not given again. By table, the last that was.
pub(super) async fn go_on(
    transaction: &mut Transaction,
    last: &BTreeMap<String, i64>,
) -> Result<(), StoreError> {
    if transaction.engine() == Engine::Postgres {
        return go_on_in_postgres(transaction, last).await;
    }
    for (name, last) in last {
        for sql in [SQLITE_SEQUENCE, SQLITE_NEW_SEQUENCE] {
            let set = sql::query(sql).bind(name).bind(last);
            set.execute(&mut **transaction).await.map_err(store_error)?;
        }
    }
    Ok(())
}

async fn go_on_in_postgres(
    transaction: &mut Transaction,
    last: &BTreeMap<String, i64>,
) -> Result<(), StoreError> {
    let of = |table: &str| last.get(table).copied().unwrap_or(0);
    let event = sql::query(LAST_EVENT).bind(of("alert_events"));
    let set = event.execute(&mut **transaction).await;
    set.map_err(store_error)?;
    let identities = sql::query(IDENTITIES).fetch_all(&mut **transaction).await;
    for row in identities.map_err(store_error)? {
        let table: String = row.try_get(0).map_err(store_error)?;
        let column: String = row.try_get(1).map_err(store_error)?;
        // The number after the last is the next one; of none, the first.
        let set = sql::query(format!(
            "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), \
             GREATEST((SELECT COALESCE(MAX({column}), 0) FROM {table}), $1) + 1, false)"
        ));
        let set = set.persistent(false).bind(of(&table));
        set.fetch_one(&mut **transaction)
            .await
            .map_err(store_error)?;
    }
    Ok(())
}

/// Makes the words that subjects of alerts and decisions of tickets are found by.
pub(super) async fn make_words(transaction: &mut Transaction) -> Result<(), StoreError> {
    let made = sql::query(ALERT_WORDS).execute(&mut **transaction);
    made.await.map_err(store_error)?;
    let mut after: i64 = 0;
    loop {
        let rows = sql::query(DECISIONS).bind(after);
        let rows = rows.fetch_all(&mut **transaction).await;
        let rows = rows.map_err(store_error)?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            after = row.try_get(0).map_err(store_error)?;
            let title: String = row.try_get(1).map_err(store_error)?;
            let reason: String = row.try_get(2).map_err(store_error)?;
            // Here, since engines have lower case of their own.
            let text = format!("{title}\n{reason}").to_lowercase();
            let add = sql::query(DECISION_WORDS).bind(after).bind(text);
            let added = add.execute(&mut **transaction).await;
            added.map_err(store_error)?;
        }
    }
}
