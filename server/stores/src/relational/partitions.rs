//! Partitions of the tables of PostgreSQL that grow without end.
//!
//! They are cut by their ids, which begin with a time, or by their numbers. The next partitions are made
//! ahead, at start and whenever old rows are forgotten; what fits in none lies in a rest. A partition
//! whose rows may all go is dropped, which costs nothing like deleting them. Tables that are unique in
//! something else than their id cannot be cut so: deliveries, tasks and decisions of tickets. In SQLite
//! there is nothing to do.

use tocsin_domain::ports::StoreError;

use super::sql::{self, Area, Engine, Pool};
use super::{RelationalStore, store_error};

/// How much time a partition has: 30 days, in ms.
const RANGE_MS: i64 = 30 * 86_400_000;
/// How many events of alerts a partition has.
const RANGE_EVENTS: i64 = 1_000_000;
/// How many partitions there are ahead of the one that is written.
const AHEAD: i64 = 2;
/// The bits of an id below the milliseconds of its time.
const ID_TIME_SHIFT: u32 = 80;

/// How ids are kept.
#[derive(Debug, Clone, Copy)]
enum Key {
    /// As the text of a UUID.
    Text,
    /// As its bytes.
    Bytes,
    /// As a number.
    Number,
}

const TABLES: [(&str, Key); 5] = [
    ("audit_entries", Key::Text),
    ("model_ledger", Key::Bytes),
    ("anomalies", Key::Bytes),
    ("predictions", Key::Bytes),
    (EVENTS, Key::Number),
];

const EVENTS: &str = "alert_events";
const LAST_EVENT: &str = "SELECT last FROM alert_event_numbers WHERE id = 1";

const IS_THERE: &str = "SELECT to_regclass($1) IS NOT NULL";

const PARTITIONS: &str = "SELECT CAST(c.relname AS TEXT) FROM pg_inherits i \
    JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass($1) ORDER BY 1";

impl Key {
    /// Where a partition begins, as it is written.
    fn bound(self, number: i64) -> String {
        let bits = u128::try_from(number * RANGE_MS).unwrap_or(0) << ID_TIME_SHIFT;
        match self {
            // A part of an id is below all ids that begin with it.
            Self::Text => {
                let hex = format!("{bits:032x}");
                format!("'{}-{}'", &hex[..8], &hex[8..12])
            }
            Self::Bytes => format!("'\\x{}'", &format!("{bits:032x}")[..12]),
            Self::Number => (number * RANGE_EVENTS).to_string(),
        }
    }
}

/// The partitions of some numbers that are not there yet. What cannot be made is said, and goes to the
/// rest meanwhile.
pub(super) async fn prepare(pool: &Pool) -> Result<(), StoreError> {
    if pool.engine() == Engine::Sqlite {
        return Ok(());
    }
    let now_ms: i64 = sql::query_scalar(format!("SELECT {}", Engine::Postgres.now_ms()))
        .fetch_one(pool)
        .await
        .map_err(store_error)?;
    let last: i64 = sql::query_scalar(LAST_EVENT)
        .fetch_one(pool)
        .await
        .map_err(store_error)?;
    for (table, key) in TABLES {
        let current = match key {
            Key::Number => last / RANGE_EVENTS,
            Key::Text | Key::Bytes => now_ms / RANGE_MS,
        };
        for number in current..=current + AHEAD {
            if let Err(error) = make(pool, (table, key), number).await {
                tracing::warn!(table, number, %error, "a partition cannot be made");
            }
        }
    }
    Ok(())
}

async fn make(pool: &Pool, (table, key): (&str, Key), number: i64) -> Result<(), StoreError> {
    let name = format!("{table}_p{number}");
    let is_there: bool = sql::query_scalar(IS_THERE)
        .bind(&name)
        .fetch_one(pool)
        .await
        .map_err(store_error)?;
    if is_there {
        return Ok(());
    }
    let (from, to) = (key.bound(number), key.bound(number + 1));
    let mut transaction = pool.write(Area::Partitions).await.map_err(store_error)?;
    sql::query(format!(
        "CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} FOR VALUES FROM ({from}) TO ({to})"
    ))
    .persistent(false)
    .execute(&mut *transaction)
    .await
    .map_err(store_error)?;
    transaction.commit().await.map_err(store_error)
}

/// The partitions of a table, with their numbers; not the rest.
async fn partitions(pool: &Pool, table: &str) -> Result<Vec<(String, i64)>, StoreError> {
    let names: Vec<String> = sql::query_scalar(PARTITIONS)
        .bind(table)
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    let numbered = names.into_iter().filter_map(|name| {
        let number = name.strip_prefix(table)?.strip_prefix("_p")?.parse().ok()?;
        Some((name, number))
    });
    Ok(numbered.collect())
}

impl RelationalStore {
    /// Drops the partitions of a table that are over at a time, in ms, and whose rows all satisfy a
    /// condition about that time, `$1`. Returns how many rows went.
    pub(super) async fn drop_spent(
        &self,
        (area, table): (Area, &'static str),
        condition: &str,
        before_ms: i64,
    ) -> Result<u64, StoreError> {
        if self.pool.engine() == Engine::Sqlite {
            return Ok(0);
        }
        let mut dropped = 0;
        for (name, number) in partitions(&self.pool, table).await? {
            if (number + 1).saturating_mul(RANGE_MS) > before_ms {
                continue;
            }
            let mut transaction = self.write(area).await?;
            let (all, spent) = {
                let counted = sql::query(format!(
                    "SELECT count(*), count(*) FILTER (WHERE {condition}) FROM {name}"
                ));
                let counted = counted.bind(before_ms).fetch_one(&mut *transaction);
                let row = counted.await.map_err(store_error)?;
                let count = |index| row.try_get::<i64, usize>(index).map_err(store_error);
                (count(0)?, count(1)?)
            };
            if all != spent {
                continue;
            }
            let gone = sql::query(format!("DROP TABLE {name}")).persistent(false);
            gone.execute(&mut *transaction).await.map_err(store_error)?;
            transaction.commit().await.map_err(store_error)?;
            dropped += all.cast_unsigned();
        }
        prepare(&self.pool).await?;
        Ok(dropped)
    }

    /// Drops the partitions of events of alerts that nothing is left of.
    pub(super) async fn drop_empty_events(&self) -> Result<(), StoreError> {
        if self.pool.engine() == Engine::Sqlite {
            return Ok(());
        }
        let last: i64 = sql::query_scalar(LAST_EVENT)
            .fetch_one(&self.pool)
            .await
            .map_err(store_error)?;
        for (name, number) in partitions(&self.pool, EVENTS).await? {
            if number >= last / RANGE_EVENTS {
                continue;
            }
            let mut transaction = self.write(Area::Alerts).await?;
            let sql = format!("SELECT EXISTS (SELECT 1 FROM {name})");
            let is_used: bool = sql::query_scalar(sql)
                .fetch_one(&mut *transaction)
                .await
                .map_err(store_error)?;
            if is_used {
                continue;
            }
            let gone = sql::query(format!("DROP TABLE {name}")).persistent(false);
            gone.execute(&mut *transaction).await.map_err(store_error)?;
            transaction.commit().await.map_err(store_error)?;
        }
        prepare(&self.pool).await
    }
}
