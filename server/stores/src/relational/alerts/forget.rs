//! Forgets what is old, a little at a time.

use tocsin_domain::ports::StoreError;

use super::subjects;
use crate::relational::sql::{self, Area, Connection, Row};
use crate::relational::{RelationalStore, store_error};

/// How many alerts are forgotten at once, so that the writer never waits long.
const FORGET_CHUNK: i64 = 500;

const OLD: &str = "SELECT number, id, subject, status, severity, is_firing FROM alerts \
    WHERE ends_ms < $1 AND status || '' = 'resolved' ORDER BY ends_ms LIMIT $2";

const EMPTY_INCIDENTS: &str = "DELETE FROM incidents WHERE NOT EXISTS \
    (SELECT 1 FROM alerts WHERE alerts.incident = incidents.id)";

const UNCOUNT: &str = "UPDATE alert_counts SET alerts = alerts - 1 \
    WHERE status = $1 AND severity = $2 AND is_firing = $3";

/// Forgets resolved alerts that ended before a time, and what was theirs alone.
pub(super) async fn run(store: &RelationalStore, before_ms: i64) -> Result<u64, StoreError> {
    let mut forgotten = 0;
    loop {
        let mut transaction = store.write(Area::Alerts).await?;
        let old = sql::query(OLD)
            .bind(before_ms)
            .bind(FORGET_CHUNK)
            .fetch_all(&mut *transaction)
            .await
            .map_err(store_error)?;
        for row in &old {
            forget_one(&mut transaction, row).await?;
        }
        let is_last = old.len() < usize::try_from(FORGET_CHUNK).unwrap_or(0);
        if is_last {
            let emptied = sql::query(EMPTY_INCIDENTS).execute(&mut *transaction);
            emptied.await.map_err(store_error)?;
            if forgotten > 0 || !old.is_empty() {
                subjects::sweep(&mut transaction).await?;
            }
        }
        transaction.commit().await.map_err(store_error)?;
        forgotten += old.len() as u64;
        if is_last {
            if !old.is_empty() {
                store.drop_empty_events().await?;
            }
            return Ok(forgotten);
        }
    }
}

async fn forget_one(connection: &mut Connection, row: &Row) -> Result<(), StoreError> {
    let id: &[u8] = row.try_get("id").map_err(store_error)?;
    let events = sql::query("DELETE FROM alert_events WHERE alert = $1").bind(id);
    events
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    let number: i64 = row.try_get("number").map_err(store_error)?;
    let alert = sql::query("DELETE FROM alerts WHERE number = $1").bind(number);
    alert.execute(&mut *connection).await.map_err(store_error)?;
    let (status, severity): (&str, &str) = (
        row.try_get("status").map_err(store_error)?,
        row.try_get("severity").map_err(store_error)?,
    );
    let is_firing: bool = row.try_get("is_firing").map_err(store_error)?;
    sql::query(UNCOUNT)
        .bind(status)
        .bind(severity)
        .bind(is_firing)
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    let subject = row.try_get("subject").map_err(store_error)?;
    subjects::count(connection, subject, -1).await
}
