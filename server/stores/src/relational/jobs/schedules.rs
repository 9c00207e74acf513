//! Schedules as rows.

use tocsin_domain::Timestamp;
use tocsin_domain::job::Schedule;
use tocsin_domain::ports::StoreError;

use super::super::alerts::{count, get};
use super::super::sql::{self, Pool, Row};
use super::super::store_error;

const ALL: &str = "SELECT name, kind, parameters, cron, is_paused, seen_until, last_job, revision \
    FROM job_schedules ORDER BY name";

pub(super) const CREATE: &str = "INSERT INTO job_schedules (name, kind, parameters, cron, \
    is_paused, seen_until, last_job, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
    ON CONFLICT (name) DO NOTHING";

pub(super) const REPLACE: &str = "UPDATE job_schedules SET kind = $2, parameters = $3, cron = $4, \
    is_paused = $5, seen_until = $6, last_job = $7, revision = $8 + 1 \
    WHERE name = $1 AND revision = $8";

const REMOVE: &str = "DELETE FROM job_schedules WHERE name = $1";

pub(super) async fn all(pool: &Pool) -> Result<Vec<Schedule>, StoreError> {
    let rows = sql::query(ALL).fetch_all(pool).await.map_err(store_error)?;
    rows.iter().map(schedule).collect()
}

/// Runs one of the statements above; whether it changed something.
pub(super) async fn write(
    pool: &Pool,
    statement: &'static str,
    schedule: &Schedule,
) -> Result<bool, StoreError> {
    let done = sql::query(statement)
        .bind(&schedule.name)
        .bind(&schedule.kind)
        .bind(&schedule.parameters)
        .bind(&schedule.cron)
        .bind(schedule.is_paused)
        .bind(schedule.seen_until.nanos())
        .bind(schedule.last_job.map(|id| id.to_string()))
        .bind(schedule.revision.cast_signed())
        .execute(pool)
        .await
        .map_err(store_error)?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn remove(pool: &Pool, name: &str) -> Result<bool, StoreError> {
    let done = sql::query(REMOVE)
        .bind(name)
        .execute(pool)
        .await
        .map_err(store_error)?;
    Ok(done.rows_affected() > 0)
}

fn schedule(row: &Row) -> Result<Schedule, StoreError> {
    let name: String = get(row, "name")?;
    let last_job: Option<String> = get(row, "last_job")?;
    let last_job = last_job.map(|id| id.parse()).transpose();
    Ok(Schedule {
        last_job: last_job.map_err(|_| StoreError::Corrupt(format!("schedule {name}")))?,
        name,
        kind: get(row, "kind")?,
        parameters: get(row, "parameters")?,
        cron: get(row, "cron")?,
        is_paused: get(row, "is_paused")?,
        seen_until: Timestamp(get(row, "seen_until")?),
        revision: count(row, "revision")?,
    })
}
