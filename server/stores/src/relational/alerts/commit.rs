//! Keeps what a step of the writer changed, and forgets what is old.
//!
//! An alert that is merely counted on is one row rewritten in place: its subject and the columns
//! that are indexed are written only when they changed.

use std::collections::HashMap;

use sqlx::{Row, SqliteConnection};
use tocsin_domain::alert::{Alert, AlertId};
use tocsin_domain::ports::{AlertCommit, RuleState, StoreError};

use super::json::{self, id_bytes};
use super::{events, incidents, subjects};
use crate::relational::{SqliteStore, store_error};

/// How many alerts are forgotten at once, so that the writer never waits long.
const FORGET_CHUNK: i64 = 500;

const KNOWN: &str = "SELECT number, subject, status, severity, is_firing, assignee, incident, \
    starts_ms, ends_ms FROM alerts WHERE id = $1";

const INSERT: &str = "INSERT INTO alerts (id, subject, status, severity, is_firing, assignee, \
    incident, starts_ms, ends_ms, acknowledged_ms, resolved_ms, fingerprint, last_ms, count, \
    confidence, snoozed_until_ms, is_flapping, returns_ms, joined_because, seq, annotations, \
    evidence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, \
    $18, $19, $20, $21, $22)";

/// What is in no index.
const UPDATE: &str = "UPDATE alerts SET acknowledged_ms = $2, resolved_ms = $3, fingerprint = $4, \
    last_ms = $5, count = $6, confidence = $7, snoozed_until_ms = $8, is_flapping = $9, \
    returns_ms = $10, joined_because = $11, seq = $12, annotations = $13, evidence = $14 \
    WHERE number = $1";

/// What is in one.
const MOVE: &str = "UPDATE alerts SET subject = $2, status = $3, severity = $4, is_firing = $5, \
    assignee = $6, incident = $7, starts_ms = $8, ends_ms = $9 WHERE number = $1";

const COUNT: &str = "INSERT INTO alert_counts (status, severity, is_firing, alerts) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (status, severity, is_firing) \
    DO UPDATE SET alerts = alerts + excluded.alerts";

const STATE: &str = "INSERT INTO rule_states (rule, label_group, state) VALUES ($1, $2, $3) \
    ON CONFLICT (rule, label_group) DO UPDATE SET state = excluded.state";

const FORGET_STATE: &str = "DELETE FROM rule_states WHERE rule = $1 AND label_group = $2";

const TAKEN: &str = "INSERT INTO alert_origins (origin, position) VALUES ($1, $2) \
    ON CONFLICT (origin) DO UPDATE SET position = excluded.position";

const OLD: &str = "SELECT number, id, subject, status, severity, is_firing FROM alerts \
    WHERE ends_ms < $1 AND +status = 'resolved' ORDER BY ends_ms LIMIT $2";

const EMPTY_INCIDENTS: &str = "DELETE FROM incidents WHERE NOT EXISTS \
    (SELECT 1 FROM alerts WHERE alerts.incident = incidents.id)";

/// What the indexes say of an alert.
#[derive(Debug, PartialEq)]
struct Place {
    subject: i64,
    status: String,
    severity: String,
    is_firing: bool,
    assignee: Option<String>,
    incident: Option<Vec<u8>>,
    starts_ms: i64,
    ends_ms: Option<i64>,
}

/// Keeps a commit, and gives the number of its first event.
pub(super) async fn keep(store: &SqliteStore, commit: &AlertCommit) -> Result<u64, StoreError> {
    let mut transaction = store.write().await?;
    let connection = &mut *transaction;
    let first = events::last(&mut *connection).await? + 1;
    let numbers = commit.events.iter().zip(first..);
    let newest: HashMap<AlertId, u64> = numbers.map(|(event, seq)| (event.alert, seq)).collect();
    for alert in &commit.alerts {
        let seq = newest.get(&alert.id).copied().unwrap_or(0).max(alert.seq);
        put(connection, alert, seq).await?;
    }
    events::insert(connection, first, &commit.events).await?;
    for incident in &commit.incidents {
        incidents::put(connection, incident).await?;
    }
    for state in &commit.states {
        put_state(connection, state).await?;
    }
    for (origin, position) in &commit.taken {
        let taken = sqlx::query(TAKEN).bind(origin).bind(position.cast_signed());
        taken.execute(&mut *connection).await.map_err(store_error)?;
    }
    transaction.commit().await.map_err(store_error)?;
    Ok(first)
}

async fn put(connection: &mut SqliteConnection, alert: &Alert, seq: u64) -> Result<(), StoreError> {
    let place = Place {
        subject: subjects::of(connection, alert).await?,
        status: alert.status.name().to_owned(),
        severity: alert.severity.name().to_owned(),
        is_firing: alert.is_firing(),
        assignee: alert.assignee.clone(),
        incident: alert.incident.map(|id| id_bytes(id.0)),
        starts_ms: alert.starts_ms,
        ends_ms: alert.ends_ms,
    };
    let Some((number, known)) = known(connection, alert.id).await? else {
        insert(connection, alert, &place, seq).await?;
        subjects::count(connection, place.subject, 1).await?;
        return count(connection, &place, 1).await;
    };
    update(connection, alert, number, seq).await?;
    if known == place {
        return Ok(());
    }
    sqlx::query(MOVE)
        .bind(number)
        .bind(place.subject)
        .bind(&place.status)
        .bind(&place.severity)
        .bind(place.is_firing)
        .bind(&place.assignee)
        .bind(&place.incident)
        .bind(place.starts_ms)
        .bind(place.ends_ms)
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    if known.subject != place.subject {
        subjects::count(connection, place.subject, 1).await?;
        subjects::count(connection, known.subject, -1).await?;
    }
    count(connection, &known, -1).await?;
    count(connection, &place, 1).await
}

async fn known(
    connection: &mut SqliteConnection,
    id: AlertId,
) -> Result<Option<(i64, Place)>, StoreError> {
    let row = sqlx::query(KNOWN)
        .bind(id_bytes(id.0))
        .fetch_optional(connection)
        .await
        .map_err(store_error)?;
    let Some(row) = row else { return Ok(None) };
    let place = Place {
        subject: row.try_get(1).map_err(store_error)?,
        status: row.try_get(2).map_err(store_error)?,
        severity: row.try_get(3).map_err(store_error)?,
        is_firing: row.try_get(4).map_err(store_error)?,
        assignee: row.try_get(5).map_err(store_error)?,
        incident: row.try_get(6).map_err(store_error)?,
        starts_ms: row.try_get(7).map_err(store_error)?,
        ends_ms: row.try_get(8).map_err(store_error)?,
    };
    Ok(Some((row.try_get(0).map_err(store_error)?, place)))
}

async fn insert(
    connection: &mut SqliteConnection,
    alert: &Alert,
    place: &Place,
    seq: u64,
) -> Result<(), StoreError> {
    sqlx::query(INSERT)
        .bind(id_bytes(alert.id.0))
        .bind(place.subject)
        .bind(&place.status)
        .bind(&place.severity)
        .bind(place.is_firing)
        .bind(&place.assignee)
        .bind(&place.incident)
        .bind(place.starts_ms)
        .bind(place.ends_ms)
        .bind(alert.acknowledged_ms)
        .bind(alert.resolved_ms)
        .bind(alert.fingerprint.0.cast_signed())
        .bind(alert.last_ms)
        .bind(alert.count.cast_signed())
        .bind(alert.confidence)
        .bind(alert.snoozed_until_ms)
        .bind(alert.is_flapping)
        .bind(json::to_text(&alert.returns_ms)?)
        .bind(&alert.joined_because)
        .bind(seq.cast_signed())
        .bind(json::labels_text(&alert.annotations)?)
        .bind(json::evidence_text(&alert.evidence)?)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

async fn update(
    connection: &mut SqliteConnection,
    alert: &Alert,
    number: i64,
    seq: u64,
) -> Result<(), StoreError> {
    sqlx::query(UPDATE)
        .bind(number)
        .bind(alert.acknowledged_ms)
        .bind(alert.resolved_ms)
        .bind(alert.fingerprint.0.cast_signed())
        .bind(alert.last_ms)
        .bind(alert.count.cast_signed())
        .bind(alert.confidence)
        .bind(alert.snoozed_until_ms)
        .bind(alert.is_flapping)
        .bind(json::to_text(&alert.returns_ms)?)
        .bind(&alert.joined_because)
        .bind(seq.cast_signed())
        .bind(json::labels_text(&alert.annotations)?)
        .bind(json::evidence_text(&alert.evidence)?)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

/// Counts alerts of a state.
async fn count(
    connection: &mut SqliteConnection,
    place: &Place,
    change: i64,
) -> Result<(), StoreError> {
    sqlx::query(COUNT)
        .bind(&place.status)
        .bind(&place.severity)
        .bind(place.is_firing)
        .bind(change)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

async fn put_state(connection: &mut SqliteConnection, state: &RuleState) -> Result<(), StoreError> {
    let query = match &state.state {
        Some(bytes) => sqlx::query(STATE)
            .bind(&state.rule)
            .bind(state.group.cast_signed())
            .bind(bytes),
        None => sqlx::query(FORGET_STATE)
            .bind(&state.rule)
            .bind(state.group.cast_signed()),
    };
    query.execute(connection).await.map_err(store_error)?;
    Ok(())
}

/// Forgets resolved alerts that ended before a time, and what was theirs alone.
pub(super) async fn forget(store: &SqliteStore, before_ms: i64) -> Result<u64, StoreError> {
    let mut forgotten = 0;
    loop {
        let mut transaction = store.write().await?;
        let old = sqlx::query(OLD)
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
            let emptied = sqlx::query(EMPTY_INCIDENTS).execute(&mut *transaction);
            emptied.await.map_err(store_error)?;
            if forgotten > 0 || !old.is_empty() {
                subjects::sweep(&mut transaction).await?;
            }
        }
        transaction.commit().await.map_err(store_error)?;
        forgotten += old.len() as u64;
        if is_last {
            return Ok(forgotten);
        }
    }
}

async fn forget_one(
    connection: &mut SqliteConnection,
    row: &sqlx::sqlite::SqliteRow,
) -> Result<(), StoreError> {
    let place = Place {
        subject: row.try_get("subject").map_err(store_error)?,
        status: row.try_get("status").map_err(store_error)?,
        severity: row.try_get("severity").map_err(store_error)?,
        is_firing: row.try_get("is_firing").map_err(store_error)?,
        assignee: None,
        incident: None,
        starts_ms: 0,
        ends_ms: None,
    };
    let id: &[u8] = row.try_get("id").map_err(store_error)?;
    let events = sqlx::query("DELETE FROM alert_events WHERE alert = $1").bind(id);
    events
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    let number: i64 = row.try_get("number").map_err(store_error)?;
    let alert = sqlx::query("DELETE FROM alerts WHERE number = $1").bind(number);
    alert.execute(&mut *connection).await.map_err(store_error)?;
    subjects::count(connection, place.subject, -1).await?;
    count(connection, &place, -1).await
}
