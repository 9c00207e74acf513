//! Alerts as rows: reading them.

use tocsin_domain::TraceContext;
use tocsin_domain::alert::{
    Alert, AlertId, AlertKind, AlertSeverity, AlertStatus, Fingerprint, IncidentId,
};
use tocsin_domain::ports::StoreError;

use super::json;
use crate::relational::sql::{Read, Row};
use crate::relational::{evidence_json, store_error};

/// All that [`alert`] reads, of `a`, an alert, and `s`, its subject.
pub(super) const COLUMNS: &str = "a.id, a.status, a.severity, a.assignee, a.incident, \
    a.starts_ms, a.ends_ms, a.acknowledged_ms, a.resolved_ms, a.fingerprint, a.last_ms, a.count, \
    a.confidence, a.snoozed_until_ms, a.is_flapping, a.returns_ms, a.joined_because, a.seq, \
    a.annotations, a.evidence, a.trace, s.kind, s.rule, s.failure_type, s.title, s.labels";

/// A column of a row.
pub(in super::super) fn get<'r, T>(row: &'r Row, column: &str) -> Result<T, StoreError>
where
    T: Read<'r>,
{
    row.try_get(column).map_err(store_error)
}

/// The one of a named set that a column names.
pub(in super::super) fn named<T>(
    row: &Row,
    column: &str,
    from_name: fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    let name: &str = get(row, column)?;
    from_name(name).ok_or_else(|| StoreError::Corrupt(format!("the {column} `{name}`")))
}

/// The bits of an id.
pub(in super::super) fn id(row: &Row, column: &str) -> Result<u128, StoreError> {
    json::id_bits(get(row, column)?, column)
}

/// A count.
pub(in super::super) fn count(row: &Row, column: &str) -> Result<u64, StoreError> {
    get::<i64>(row, column).map(i64::cast_unsigned)
}

/// The span in which an alert opened.
fn trace(row: &Row) -> Result<Option<TraceContext>, StoreError> {
    let bytes: Option<&[u8]> = get(row, "trace")?;
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    // What cannot be read is no reason to lose an alert.
    Ok(bytes.and_then(TraceContext::from_bytes))
}

/// An alert of the columns [`COLUMNS`].
pub(super) fn alert(row: &Row) -> Result<Alert, StoreError> {
    let incident: Option<&[u8]> = get(row, "incident")?;
    let incident = incident
        .map(|bytes| json::id_bits(bytes, "incident"))
        .transpose()?;
    // SQLite keeps NaN as nothing.
    let confidence: Option<f64> = get(row, "confidence")?;
    Ok(Alert {
        id: AlertId(id(row, "id")?),
        fingerprint: Fingerprint(count(row, "fingerprint")?),
        kind: named(row, "kind", AlertKind::from_name)?,
        severity: named(row, "severity", AlertSeverity::from_name)?,
        status: named(row, "status", AlertStatus::from_name)?,
        title: get(row, "title")?,
        rule: get(row, "rule")?,
        labels: json::labels(get(row, "labels")?)?,
        annotations: json::labels(get(row, "annotations")?)?,
        starts_ms: get(row, "starts_ms")?,
        ends_ms: get(row, "ends_ms")?,
        last_ms: get(row, "last_ms")?,
        count: count(row, "count")?,
        confidence: confidence.unwrap_or(f64::NAN),
        failure_type: get(row, "failure_type")?,
        evidence: evidence_json::evidence(get(row, "evidence")?)?,
        assignee: get(row, "assignee")?,
        snoozed_until_ms: get(row, "snoozed_until_ms")?,
        is_flapping: get(row, "is_flapping")?,
        acknowledged_ms: get(row, "acknowledged_ms")?,
        resolved_ms: get(row, "resolved_ms")?,
        returns_ms: json::from_text(get(row, "returns_ms")?, "the returns of an alert")?,
        incident: incident.map(IncidentId),
        joined_because: get(row, "joined_because")?,
        seq: count(row, "seq")?,
        trace: trace(row)?,
    })
}
