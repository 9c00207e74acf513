//! Incidents and silences.

use tocsin_domain::alert::{
    AlertId, AlertSeverity, Incident, IncidentId, IncidentStatus, Recurrence, Silence, SilenceId,
};
use tocsin_domain::ports::StoreError;

use super::json::{self, id_bytes};
use super::row::{count, get, id, named};
use crate::relational::sql::{self, Connection, Pool, QueryBuilder, Row};
use crate::relational::{limit, store_error};

const PUT: &str = "INSERT INTO incidents (id, title, is_titled, severity, status, starts_ms, \
    ends_ms, last_joined_ms, acknowledged_ms, resolved_ms, first_alert, alerts, is_pinned) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
    ON CONFLICT (id) DO UPDATE SET title = excluded.title, is_titled = excluded.is_titled, \
    severity = excluded.severity, status = excluded.status, starts_ms = excluded.starts_ms, \
    ends_ms = excluded.ends_ms, last_joined_ms = excluded.last_joined_ms, \
    acknowledged_ms = excluded.acknowledged_ms, resolved_ms = excluded.resolved_ms, \
    first_alert = excluded.first_alert, alerts = excluded.alerts, is_pinned = excluded.is_pinned";

const PUT_SILENCE: &str = "INSERT INTO silences (id, matchers, starts_ms, ends_ms, recurrence, \
    created_by, created_ms, comment, expired_ms, over_ms) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
    ON CONFLICT (id) DO UPDATE SET matchers = excluded.matchers, \
    starts_ms = excluded.starts_ms, ends_ms = excluded.ends_ms, \
    recurrence = excluded.recurrence, created_by = excluded.created_by, \
    created_ms = excluded.created_ms, comment = excluded.comment, \
    expired_ms = excluded.expired_ms, over_ms = excluded.over_ms";

const SILENCES: &str =
    "SELECT * FROM silences WHERE over_ms IS NULL OR over_ms >= $1 ORDER BY id DESC";

/// Keeps an incident in place of the one with its id.
pub(super) async fn put(
    connection: &mut Connection,
    incident: &Incident,
) -> Result<(), StoreError> {
    sql::query(PUT)
        .bind(id_bytes(incident.id.0))
        .bind(&incident.title)
        .bind(incident.is_titled)
        .bind(incident.severity.name())
        .bind(incident.status.name())
        .bind(incident.starts_ms)
        .bind(incident.ends_ms)
        .bind(incident.last_joined_ms)
        .bind(incident.acknowledged_ms)
        .bind(incident.resolved_ms)
        .bind(id_bytes(incident.first.0))
        .bind(incident.alerts.cast_signed())
        .bind(incident.is_pinned)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

/// One page of incidents, newest first.
pub(super) async fn page(
    pool: &Pool,
    statuses: &[IncidentStatus],
    before: Option<IncidentId>,
    page: usize,
) -> Result<Vec<Incident>, StoreError> {
    let mut sql = QueryBuilder::new(pool.engine(), "SELECT * FROM incidents WHERE id < ");
    // Longer than any id, so above them all.
    sql.push_bind(before.map_or_else(|| vec![0xff; 17], |id| id_bytes(id.0)));
    if !statuses.is_empty() {
        let names = statuses.iter().map(|status| status.name());
        // The order of ids is kept, so the newest are found without sorting all.
        sql.push(" AND ").push_unindexed("status");
        sql.push(" IN (SELECT value FROM json_each(");
        sql.push_bind(json::to_text(&names.collect::<Vec<_>>())?)
            .push("))");
    }
    sql.push(" ORDER BY id DESC LIMIT ").push_bind(limit(page));
    let rows = sql.build().fetch_all(pool).await.map_err(store_error)?;
    rows.iter().map(incident).collect()
}

/// One incident.
pub(super) async fn one(pool: &Pool, id: IncidentId) -> Result<Option<Incident>, StoreError> {
    let row = sql::query("SELECT * FROM incidents WHERE id = $1")
        .bind(id_bytes(id.0))
        .fetch_optional(pool)
        .await
        .map_err(store_error)?;
    row.as_ref().map(incident).transpose()
}

fn incident(row: &Row) -> Result<Incident, StoreError> {
    Ok(Incident {
        id: IncidentId(id(row, "id")?),
        title: get(row, "title")?,
        is_titled: get(row, "is_titled")?,
        severity: named(row, "severity", AlertSeverity::from_name)?,
        status: named(row, "status", IncidentStatus::from_name)?,
        starts_ms: get(row, "starts_ms")?,
        ends_ms: get(row, "ends_ms")?,
        last_joined_ms: get(row, "last_joined_ms")?,
        acknowledged_ms: get(row, "acknowledged_ms")?,
        resolved_ms: get(row, "resolved_ms")?,
        first: AlertId(id(row, "first_alert")?),
        alerts: count(row, "alerts")?,
        is_pinned: get(row, "is_pinned")?,
    })
}

/// Keeps a silence in place of the one with its id.
pub(super) async fn put_silence(pool: &Pool, silence: &Silence) -> Result<(), StoreError> {
    let ends_ms = silence.recurrence.is_none().then_some(silence.ends_ms);
    let over_ms = match (silence.expired_ms, ends_ms) {
        (Some(expired_ms), Some(ends_ms)) => Some(expired_ms.min(ends_ms)),
        (one, other) => one.or(other),
    };
    sql::query(PUT_SILENCE)
        .bind(id_bytes(silence.id.0))
        .bind(json::matchers_text(&silence.matchers)?)
        .bind(silence.starts_ms)
        .bind(silence.ends_ms)
        .bind(silence.recurrence.map(Recurrence::name))
        .bind(&silence.created_by)
        .bind(silence.created_ms)
        .bind(&silence.comment)
        .bind(silence.expired_ms)
        .bind(over_ms)
        .execute(pool)
        .await
        .map_err(store_error)?;
    Ok(())
}

/// The silences that were not over before a time.
pub(super) async fn silences(pool: &Pool, since_ms: i64) -> Result<Vec<Silence>, StoreError> {
    let rows = sql::query(SILENCES).bind(since_ms).fetch_all(pool);
    rows.await
        .map_err(store_error)?
        .iter()
        .map(silence)
        .collect()
}

/// One silence.
pub(super) async fn one_silence(pool: &Pool, id: SilenceId) -> Result<Option<Silence>, StoreError> {
    let row = sql::query("SELECT * FROM silences WHERE id = $1")
        .bind(id_bytes(id.0))
        .fetch_optional(pool)
        .await
        .map_err(store_error)?;
    row.as_ref().map(silence).transpose()
}

fn silence(row: &Row) -> Result<Silence, StoreError> {
    let recurrence = match get::<Option<&str>>(row, "recurrence")? {
        None => None,
        Some("daily") => Some(Recurrence::Daily),
        Some("weekly") => Some(Recurrence::Weekly),
        Some(other) => return Err(StoreError::Corrupt(format!("the recurrence `{other}`"))),
    };
    Ok(Silence {
        id: SilenceId(id(row, "id")?),
        matchers: json::matchers(get(row, "matchers")?)?,
        starts_ms: get(row, "starts_ms")?,
        ends_ms: get(row, "ends_ms")?,
        recurrence,
        created_by: get(row, "created_by")?,
        created_ms: get(row, "created_ms")?,
        comment: get(row, "comment")?,
        expired_ms: get(row, "expired_ms")?,
    })
}
