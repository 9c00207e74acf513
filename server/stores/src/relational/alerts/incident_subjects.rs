//! What incidents are about: the subjects of their alerts, each once.

use std::collections::HashMap;

use tocsin_domain::alert::{IncidentId, LabelSet};
use tocsin_domain::ports::{AlertSubject, IncidentSubjects, StoreError};

use super::json::{self, id_bytes};
use super::row::{get, id};
use crate::relational::sql::{self, Pool, Row};
use crate::relational::store_error;

/// In the order in which subjects came, so that those an incident began with are among the first.
const SUBJECTS: &str = "SELECT a.incident, s.rule, s.failure_type, s.title, s.labels \
    FROM (SELECT DISTINCT incident, subject FROM alerts \
        WHERE incident IS NOT NULL AND incident >= $1 AND incident <= $2) AS a \
    JOIN alert_subjects AS s ON s.id = a.subject ORDER BY a.incident, s.id";

/// The newest incidents up to one, with their subjects.
pub(super) async fn newest(
    pool: &Pool,
    through: IncidentId,
    limit: usize,
) -> Result<Vec<IncidentSubjects>, StoreError> {
    let above = IncidentId(through.0.saturating_add(1));
    let found = super::incidents::page(pool, &[], Some(above), limit).await?;
    let Some(oldest) = found.last().map(|incident| incident.id) else {
        return Ok(Vec::new());
    };
    let rows = sql::query(SUBJECTS)
        .bind(id_bytes(oldest.0))
        .bind(id_bytes(through.0))
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    let mut subjects: HashMap<u128, Vec<AlertSubject>> = HashMap::new();
    for row in &rows {
        let of = subjects.entry(id(row, "incident")?).or_default();
        if of.len() < IncidentSubjects::SUBJECTS_MAX {
            of.push(subject(row)?);
        }
    }
    let with = found.into_iter().map(|incident| IncidentSubjects {
        subjects: subjects.remove(&incident.id.0).unwrap_or_default(),
        incident,
    });
    Ok(with.collect())
}

fn subject(row: &Row) -> Result<AlertSubject, StoreError> {
    let labels: String = get(row, "labels")?;
    let labels: LabelSet = json::labels(&labels)?;
    Ok(AlertSubject {
        rule: get(row, "rule")?,
        failure_type: get(row, "failure_type")?,
        title: get(row, "title")?,
        labels,
    })
}
