//! What happened to alerts, numbered.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool};
use tocsin_domain::alert::{AlertEvent, AlertId};
use tocsin_domain::ports::StoreError;

use super::json::{self, id_bytes};
use super::row::{count, get, id};
use crate::relational::{limit, store_error};

/// How many events one statement keeps; it has 6 values for each.
const CHUNK: usize = 256;

// The table's own counter, since the newest events may have been forgotten.
const LAST: &str = "SELECT seq FROM sqlite_sequence WHERE name = 'alert_events'";

const AFTER: &str = "SELECT seq, alert, at_ms, actor, kind, detail FROM alert_events \
    WHERE seq > $1 ORDER BY seq LIMIT $2";

const OF: &str = "SELECT seq, alert, at_ms, actor, kind, detail FROM alert_events \
    WHERE alert = $1 ORDER BY seq DESC LIMIT $2";

/// The number that was given last; 0 if none was.
pub(super) async fn last<'c, E>(executor: E) -> Result<u64, StoreError>
where
    E: sqlx::Executor<'c, Database = Sqlite>,
{
    let last: Option<i64> = sqlx::query_scalar(LAST)
        .fetch_optional(executor)
        .await
        .map_err(store_error)?;
    Ok(last.unwrap_or(0).cast_unsigned())
}

/// Keeps events under the numbers from `first` on.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    first: u64,
    events: &[AlertEvent],
) -> Result<(), StoreError> {
    let mut seq = first;
    for chunk in events.chunks(CHUNK) {
        let details = chunk.iter().map(|event| json::detail_text(&event.kind));
        let details = details.collect::<Result<Vec<_>, _>>()?;
        let mut sql = QueryBuilder::<Sqlite>::new(
            "INSERT INTO alert_events (seq, alert, at_ms, actor, kind, detail) ",
        );
        sql.push_values(chunk.iter().zip(details), |mut row, (event, detail)| {
            row.push_bind(seq.cast_signed())
                .push_bind(id_bytes(event.alert.0))
                .push_bind(event.at_ms)
                .push_bind(&event.actor)
                .push_bind(event.kind.name())
                .push_bind(detail);
            seq += 1;
        });
        // The text differs with the number of events: not worth keeping prepared.
        let insert = sql.build().persistent(chunk.len() <= 4);
        insert
            .execute(&mut *connection)
            .await
            .map_err(store_error)?;
    }
    Ok(())
}

/// Events above a number, in order.
pub(super) async fn after(
    pool: &SqlitePool,
    after: u64,
    page: usize,
) -> Result<Vec<AlertEvent>, StoreError> {
    let rows = sqlx::query(AFTER)
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(limit(page))
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    rows.iter().map(event).collect()
}

/// The newest events of an alert, in order.
pub(super) async fn of(
    pool: &SqlitePool,
    alert: AlertId,
    page: usize,
) -> Result<Vec<AlertEvent>, StoreError> {
    let rows = sqlx::query(OF)
        .bind(id_bytes(alert.0))
        .bind(limit(page))
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    rows.iter().rev().map(event).collect()
}

fn event(row: &SqliteRow) -> Result<AlertEvent, StoreError> {
    Ok(AlertEvent {
        seq: count(row, "seq")?,
        alert: AlertId(id(row, "alert")?),
        at_ms: get(row, "at_ms")?,
        actor: get(row, "actor")?,
        kind: json::event_kind(get(row, "kind")?, get(row, "detail")?)?,
    })
}
