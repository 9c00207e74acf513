//! What happened to alerts, numbered.

use tocsin_domain::alert::{AlertEvent, AlertId};
use tocsin_domain::ports::StoreError;

use super::json::{self, id_bytes};
use super::row::{count, get, id};
use crate::relational::sql::{self, Connection, Engine, Pool, QueryBuilder, Row};
use crate::relational::{limit, store_error};

/// How many events one statement keeps; it has 6 values for each.
const CHUNK: usize = 256;

// A counter of its own, since the newest events may have been forgotten.
const LAST_SQLITE: &str = "SELECT seq FROM sqlite_sequence WHERE name = 'alert_events'";
const LAST_POSTGRES: &str = "SELECT last FROM alert_event_numbers WHERE id = 1";
const COUNT_POSTGRES: &str = "UPDATE alert_event_numbers SET last = $1 WHERE id = 1";

const AFTER: &str = "SELECT seq, alert, at_ms, actor, kind, detail FROM alert_events \
    WHERE seq > $1 ORDER BY seq LIMIT $2";

const OF: &str = "SELECT seq, alert, at_ms, actor, kind, detail FROM alert_events \
    WHERE alert = $1 ORDER BY seq DESC LIMIT $2";

/// The number that was given last; 0 if none was.
pub(super) async fn last(connection: &mut Connection) -> Result<u64, StoreError> {
    let sql = match connection.engine() {
        Engine::Sqlite => LAST_SQLITE,
        Engine::Postgres => LAST_POSTGRES,
    };
    let last: Option<i64> = sql::query_scalar(sql)
        .fetch_optional(connection)
        .await
        .map_err(store_error)?;
    Ok(last.unwrap_or(0).cast_unsigned())
}

/// Keeps events under the numbers from `first` on.
pub(super) async fn insert(
    connection: &mut Connection,
    first: u64,
    events: &[AlertEvent],
) -> Result<(), StoreError> {
    let mut seq = first;
    for chunk in events.chunks(CHUNK) {
        let first_of_chunk = seq;
        let details = chunk.iter().map(|event| json::detail_text(&event.kind));
        let details = details.collect::<Result<Vec<_>, _>>()?;
        let mut sql = QueryBuilder::new(
            connection.engine(),
            "INSERT INTO alert_events (seq, alert, at_ms, actor, kind, detail) VALUES ",
        );
        for (event, detail) in chunk.iter().zip(details) {
            sql.push(if seq == first_of_chunk { "(" } else { ", (" });
            sql.push_bind(seq.cast_signed()).push(", ");
            sql.push_bind(id_bytes(event.alert.0)).push(", ");
            sql.push_bind(event.at_ms).push(", ");
            sql.push_bind(&event.actor).push(", ");
            sql.push_bind(event.kind.name()).push(", ");
            sql.push_bind(detail).push(")");
            seq += 1;
        }
        // The text differs with the number of events: not worth keeping prepared.
        let insert = sql.build().persistent(chunk.len() <= 4);
        insert
            .execute(&mut *connection)
            .await
            .map_err(store_error)?;
    }
    if connection.engine() == Engine::Postgres && seq > first {
        sql::query(COUNT_POSTGRES)
            .bind((seq - 1).cast_signed())
            .execute(connection)
            .await
            .map_err(store_error)?;
    }
    Ok(())
}

/// Events above a number, in order.
pub(super) async fn after(
    pool: &Pool,
    after: u64,
    page: usize,
) -> Result<Vec<AlertEvent>, StoreError> {
    let rows = sql::query(AFTER)
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(limit(page))
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    rows.iter().map(event).collect()
}

/// The newest events of an alert, in order.
pub(super) async fn of(
    pool: &Pool,
    alert: AlertId,
    page: usize,
) -> Result<Vec<AlertEvent>, StoreError> {
    let rows = sql::query(OF)
        .bind(id_bytes(alert.0))
        .bind(limit(page))
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    rows.iter().rev().map(event).collect()
}

fn event(row: &Row) -> Result<AlertEvent, StoreError> {
    Ok(AlertEvent {
        seq: count(row, "seq")?,
        alert: AlertId(id(row, "alert")?),
        at_ms: get(row, "at_ms")?,
        actor: get(row, "actor")?,
        kind: json::event_kind(get(row, "kind")?, get(row, "detail")?)?,
    })
}
