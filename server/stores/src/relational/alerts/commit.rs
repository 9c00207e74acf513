//! Keeps what a step of the writer changed.
//!
//! An alert that is merely counted on is one row rewritten in place: its subject and the columns
//! that are indexed are written only when they changed.

use std::collections::HashMap;

use tocsin_domain::alert::{Alert, AlertId};
use tocsin_domain::ports::{AlertCommit, RuleState, StoreError};

use super::json::{self, id_bytes};
use super::subjects::{self, Subject};
use super::{events, incidents};
use crate::relational::sql::{self, Area, Connection, Row};
use crate::relational::{RelationalStore, evidence_json, store_error};

/// The place and subject of one; the columns stand in the order in which `Known` has them.
const KNOWN: &str = "SELECT a.number, a.subject, a.status, a.severity, a.is_firing, a.assignee, \
    a.incident, a.starts_ms, a.ends_ms, s.kind, s.rule, s.failure_type, s.title, s.labels \
    FROM alerts a CROSS JOIN alert_subjects s ON s.id = a.subject WHERE a.id = $1";

const INSERT: &str = "INSERT INTO alerts (id, subject, status, severity, is_firing, assignee, \
    incident, starts_ms, ends_ms, acknowledged_ms, resolved_ms, fingerprint, last_ms, count, \
    confidence, snoozed_until_ms, is_flapping, returns_ms, joined_because, seq, annotations, \
    evidence, trace) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
    $16, $17, $18, $19, $20, $21, $22, $23)";

/// What is in no index.
const UPDATE: &str = "UPDATE alerts SET acknowledged_ms = $2, resolved_ms = $3, fingerprint = $4, \
    last_ms = $5, count = $6, confidence = $7, snoozed_until_ms = $8, is_flapping = $9, \
    returns_ms = $10, joined_because = $11, seq = $12, annotations = $13, evidence = $14, \
    trace = $15 WHERE number = $1";

/// What is in one.
const MOVE: &str = "UPDATE alerts SET subject = $2, status = $3, severity = $4, is_firing = $5, \
    assignee = $6, incident = $7, starts_ms = $8, ends_ms = $9 WHERE number = $1";

const COUNT: &str = "INSERT INTO alert_counts (status, severity, is_firing, alerts) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (status, severity, is_firing) \
    DO UPDATE SET alerts = alert_counts.alerts + excluded.alerts";

const STATE: &str = "INSERT INTO rule_states (rule, label_group, state) VALUES ($1, $2, $3) \
    ON CONFLICT (rule, label_group) DO UPDATE SET state = excluded.state";

const FORGET_STATE: &str = "DELETE FROM rule_states WHERE rule = $1 AND label_group = $2";

const TAKEN: &str = "INSERT INTO alert_origins (origin, position) VALUES ($1, $2) \
    ON CONFLICT (origin) DO UPDATE SET position = excluded.position";

const NEWEST: &str = "UPDATE alerts SET seq = $2 WHERE id = $1";

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

/// An alert that is there already.
#[derive(Debug)]
struct Known {
    number: i64,
    place: Place,
    subject: Subject,
}

/// Keeps a commit, and gives the number of its first event.
pub(super) async fn keep(store: &RelationalStore, commit: &AlertCommit) -> Result<u64, StoreError> {
    let mut transaction = store.write(Area::Alerts).await?;
    let connection = &mut *transaction;
    let first = events::last(&mut *connection).await? + 1;
    let numbers = commit.events.iter().zip(first..);
    let mut newest: HashMap<AlertId, u64> =
        numbers.map(|(event, seq)| (event.alert, seq)).collect();
    for alert in &commit.alerts {
        let seq = newest.get(&alert.id).copied().unwrap_or(alert.seq);
        put(connection, alert, seq).await?;
    }
    events::insert(connection, first, &commit.events).await?;
    for alert in &commit.alerts {
        newest.remove(&alert.id);
    }
    for (id, seq) in newest {
        let told = sql::query(NEWEST)
            .bind(id_bytes(id.0))
            .bind(seq.cast_signed());
        told.execute(&mut *connection).await.map_err(store_error)?;
    }
    for incident in &commit.incidents {
        incidents::put(connection, incident).await?;
    }
    for state in &commit.states {
        put_state(connection, state).await?;
    }
    for (origin, position) in &commit.taken {
        let taken = sql::query(TAKEN).bind(origin).bind(position.cast_signed());
        taken.execute(&mut *connection).await.map_err(store_error)?;
    }
    transaction.commit().await.map_err(store_error)?;
    Ok(first)
}

async fn put(connection: &mut Connection, alert: &Alert, seq: u64) -> Result<(), StoreError> {
    let subject = Subject::of(alert)?;
    let known = known(connection, alert.id).await?;
    let number = match &known {
        Some(known) if known.subject == subject => known.place.subject,
        _ => subjects::number(connection, &subject, alert).await?,
    };
    let place = Place {
        subject: number,
        status: alert.status.name().to_owned(),
        severity: alert.severity.name().to_owned(),
        is_firing: alert.is_firing(),
        assignee: alert.assignee.clone(),
        incident: alert.incident.map(|id| id_bytes(id.0)),
        starts_ms: alert.starts_ms,
        ends_ms: alert.ends_ms,
    };
    let Some(known) = known else {
        insert(connection, alert, &place, seq).await?;
        subjects::count(connection, place.subject, 1).await?;
        return count(connection, &place, 1).await;
    };
    update(connection, alert, known.number, seq).await?;
    if known.place == place {
        return Ok(());
    }
    sql::query(MOVE)
        .bind(known.number)
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
    if known.place.subject != place.subject {
        subjects::count(connection, place.subject, 1).await?;
        subjects::count(connection, known.place.subject, -1).await?;
    }
    count(connection, &known.place, -1).await?;
    count(connection, &place, 1).await
}

async fn known(connection: &mut Connection, id: AlertId) -> Result<Option<Known>, StoreError> {
    let row = sql::query(KNOWN)
        .bind(id_bytes(id.0))
        .fetch_optional(connection)
        .await
        .map_err(store_error)?;
    row.as_ref()
        .map(read_known)
        .transpose()
        .map_err(store_error)
}

fn read_known(row: &Row) -> Result<Known, sqlx::Error> {
    Ok(Known {
        number: row.try_get(0)?,
        place: Place {
            subject: row.try_get(1)?,
            status: row.try_get(2)?,
            severity: row.try_get(3)?,
            is_firing: row.try_get(4)?,
            assignee: row.try_get(5)?,
            incident: row.try_get(6)?,
            starts_ms: row.try_get(7)?,
            ends_ms: row.try_get(8)?,
        },
        subject: Subject {
            kind: row.try_get(9)?,
            rule: row.try_get(10)?,
            failure_type: row.try_get(11)?,
            title: row.try_get(12)?,
            labels: row.try_get(13)?,
        },
    })
}

async fn insert(
    connection: &mut Connection,
    alert: &Alert,
    place: &Place,
    seq: u64,
) -> Result<(), StoreError> {
    sql::query(INSERT)
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
        .bind(evidence_json::evidence_text(&alert.evidence)?)
        .bind(alert.trace.map(|trace| trace.to_bytes().to_vec()))
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

async fn update(
    connection: &mut Connection,
    alert: &Alert,
    number: i64,
    seq: u64,
) -> Result<(), StoreError> {
    sql::query(UPDATE)
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
        .bind(evidence_json::evidence_text(&alert.evidence)?)
        .bind(alert.trace.map(|trace| trace.to_bytes().to_vec()))
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

/// Counts alerts of a state.
async fn count(connection: &mut Connection, place: &Place, change: i64) -> Result<(), StoreError> {
    sql::query(COUNT)
        .bind(&place.status)
        .bind(&place.severity)
        .bind(place.is_firing)
        .bind(change)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

async fn put_state(connection: &mut Connection, state: &RuleState) -> Result<(), StoreError> {
    let query = match &state.state {
        Some(bytes) => sql::query(STATE)
            .bind(&state.rule)
            .bind(state.group.cast_signed())
            .bind(bytes),
        None => sql::query(FORGET_STATE)
            .bind(&state.rule)
            .bind(state.group.cast_signed()),
    };
    query.execute(connection).await.map_err(store_error)?;
    Ok(())
}
