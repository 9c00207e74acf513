//! What is asked about all alerts: the recent ones, how many, how quickly people were.

use tocsin_domain::alert::{Alert, AlertId, AlertSeverity, AlertStatus};
use tocsin_domain::ports::{AlertCounts, ResponseTimes, RuleState, StoreError};

use super::json::id_bytes;
use super::row::{self, count, get, named};
use crate::relational::sql::{self, Pool, QueryBuilder, Row};
use crate::relational::store_error;

const RECENT: &str = " FROM (SELECT number FROM alerts \
    WHERE status IN ('new', 'acknowledged', 'in_progress') \
    UNION SELECT number FROM alerts WHERE ends_ms >= $1) r \
    CROSS JOIN alerts a ON a.number = r.number \
    CROSS JOIN alert_subjects s ON s.id = a.subject ORDER BY a.id";

const TIMES: &str = "SELECT count(acknowledged_ms) AS acknowledged, \
    coalesce(sum(CAST(acknowledged_ms - starts_ms AS DOUBLE PRECISION)), 0.0) AS acknowledged_total, \
    count(resolved_ms) AS resolved, coalesce(sum(CAST(resolved_ms - starts_ms AS DOUBLE PRECISION)), 0.0) AS resolved_total \
    FROM alerts WHERE starts_ms >= $1 AND starts_ms < $2";

/// Alerts that are not resolved, and those that ended at a time or later, by id.
pub(super) async fn recent(pool: &Pool, since_ms: i64) -> Result<Vec<Alert>, StoreError> {
    let sql = format!("SELECT {}{RECENT}", row::COLUMNS);
    let rows = sql::query(sql).bind(since_ms).fetch_all(pool).await;
    rows.map_err(store_error)?.iter().map(row::alert).collect()
}

/// One alert.
pub(super) async fn one(pool: &Pool, id: AlertId) -> Result<Option<Alert>, StoreError> {
    let mut sql = QueryBuilder::new(pool.engine(), "SELECT ");
    sql.push(row::COLUMNS)
        .push(" FROM alerts a JOIN alert_subjects s ON s.id = a.subject");
    sql.push(" WHERE a.id = ").push_bind(id_bytes(id.0));
    let row = sql
        .build()
        .fetch_optional(pool)
        .await
        .map_err(store_error)?;
    row.as_ref().map(row::alert).transpose()
}

/// How many alerts there are.
pub(super) async fn counts(pool: &Pool) -> Result<AlertCounts, StoreError> {
    let rows = sql::query("SELECT status, severity, is_firing, alerts FROM alert_counts");
    let mut counts = AlertCounts::default();
    for row in rows.fetch_all(pool).await.map_err(store_error)? {
        let status = named(&row, "status", AlertStatus::from_name)?;
        let severity = named(&row, "severity", AlertSeverity::from_name)?;
        let alerts = count(&row, "alerts")?;
        let statuses = AlertStatus::ALL.iter().zip(&mut counts.statuses);
        statuses
            .filter(|(one, _)| **one == status)
            .for_each(|(_, count)| *count += alerts);
        if status != AlertStatus::Resolved {
            let severities = AlertSeverity::ALL.iter().zip(&mut counts.severities);
            severities
                .filter(|(one, _)| **one == severity)
                .for_each(|(_, count)| *count += alerts);
        }
        if get(&row, "is_firing")? {
            counts.firing += alerts;
        }
    }
    Ok(counts)
}

/// How quickly people were with the alerts that began within `[from_ms, to_ms)`.
pub(super) async fn response_times(
    pool: &Pool,
    from_ms: i64,
    to_ms: i64,
) -> Result<ResponseTimes, StoreError> {
    let row = sql::query(TIMES).bind(from_ms).bind(to_ms).fetch_one(pool);
    let row = row.await.map_err(store_error)?;
    let mean = |total: f64, count: u64| (count > 0).then(|| total / count as f64);
    let (acknowledged, resolved) = (count(&row, "acknowledged")?, count(&row, "resolved")?);
    Ok(ResponseTimes {
        mtta_ms: mean(get(&row, "acknowledged_total")?, acknowledged),
        mttr_ms: mean(get(&row, "resolved_total")?, resolved),
        acknowledged,
        resolved,
    })
}

/// How far each origin was taken.
pub(super) async fn taken(pool: &Pool) -> Result<Vec<(String, u64)>, StoreError> {
    let rows = sql::query("SELECT origin, position FROM alert_origins ORDER BY origin");
    let rows = rows.fetch_all(pool).await.map_err(store_error)?;
    rows.iter()
        .map(|row| Ok((get(row, "origin")?, count(row, "position")?)))
        .collect()
}

/// What rules remember.
pub(super) async fn rule_states(pool: &Pool) -> Result<Vec<RuleState>, StoreError> {
    let rows = sql::query("SELECT rule, label_group, state FROM rule_states ORDER BY rule");
    let state = |row: &Row| {
        Ok(RuleState {
            rule: row.try_get(0).map_err(store_error)?,
            group: count(row, "label_group")?,
            state: Some(row.try_get(2).map_err(store_error)?),
        })
    };
    rows.fetch_all(pool)
        .await
        .map_err(store_error)?
        .iter()
        .map(state)
        .collect()
}
