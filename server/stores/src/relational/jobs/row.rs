//! A job as a row.

use tocsin_domain::Timestamp;
use tocsin_domain::job::{Job, JobStatus, Progress};
use tocsin_domain::ports::StoreError;

use super::super::alerts::{count, get, named};
use super::super::sql::{Query, Row};
use super::super::store_error;

/// All that [`job`] reads.
pub(super) const COLUMNS: &str = "SELECT id, kind, status, created_at, finished_at, parameters, \
    result, error, asked_by, unique_key, once_key, schedule, attempts, attempts_max, due_at, \
    started_at, worker, lease_until, fence, is_cancel_asked, done, total, note, checkpoint, revision \
    FROM jobs";

// The values of `values`, and the revision.
pub(super) const CREATE: &str = "INSERT INTO jobs (id, kind, status, created_at, finished_at, \
    parameters, result, error, asked_by, unique_key, once_key, schedule, attempts, attempts_max, \
    due_at, started_at, worker, lease_until, fence, is_cancel_asked, done, total, note, checkpoint, \
    revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, \
    $18, $19, $20, $21, $22, $23, $24, $25) ON CONFLICT DO NOTHING";

pub(super) const REPLACE: &str = "UPDATE jobs SET kind = $2, status = $3, created_at = $4, \
    finished_at = $5, parameters = $6, result = $7, error = $8, asked_by = $9, unique_key = $10, \
    once_key = $11, schedule = $12, attempts = $13, attempts_max = $14, due_at = $15, \
    started_at = $16, worker = $17, lease_until = $18, fence = $19, is_cancel_asked = $20, \
    done = $21, total = $22, note = $23, checkpoint = $24, revision = $25 + 1 \
    WHERE id = $1 AND revision = $25";

/// Binds all of a job but its revision.
pub(super) fn values(query: Query, job: &Job) -> Query {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    query
        .bind(job.id.to_string())
        .bind(&job.kind)
        .bind(job.status.name())
        .bind(job.created_at.nanos())
        .bind(job.finished_at.map(Timestamp::nanos))
        .bind(&job.parameters)
        .bind(&job.result)
        .bind(&job.error)
        .bind(&job.asked_by)
        .bind(&job.unique_key)
        .bind(&job.once_key)
        .bind(&job.schedule)
        .bind(i64::from(job.attempts))
        .bind(i64::from(job.attempts_max))
        .bind(job.due_at.nanos())
        .bind(job.started_at.map(Timestamp::nanos))
        .bind(&job.worker)
        .bind(job.lease_until.map(Timestamp::nanos))
        .bind(signed(job.fence))
        .bind(job.is_cancel_asked)
        .bind(signed(job.progress.done))
        .bind(job.progress.total.map(signed))
        .bind(&job.progress.note)
        .bind(&job.checkpoint)
}

/// Reads a job.
pub(super) fn job(row: &Row) -> Result<Job, StoreError> {
    let id: String = get(row, "id")?;
    let corrupt = |_| StoreError::Corrupt(format!("job {id}"));
    let moment = |column| {
        let nanos: Option<i64> = row.try_get(column).map_err(store_error)?;
        Ok::<_, StoreError>(nanos.map(Timestamp))
    };
    let small =
        |column| Ok::<_, StoreError>(u32::try_from(count(row, column)?).unwrap_or(u32::MAX));
    let total: Option<i64> = get(row, "total")?;
    Ok(Job {
        id: id.parse().map_err(corrupt)?,
        kind: get(row, "kind")?,
        status: named(row, "status", JobStatus::from_name)?,
        created_at: Timestamp(get(row, "created_at")?),
        finished_at: moment("finished_at")?,
        parameters: get(row, "parameters")?,
        result: get(row, "result")?,
        error: get(row, "error")?,
        asked_by: get(row, "asked_by")?,
        unique_key: get(row, "unique_key")?,
        once_key: get(row, "once_key")?,
        schedule: get(row, "schedule")?,
        attempts: small("attempts")?,
        attempts_max: small("attempts_max")?,
        due_at: Timestamp(get(row, "due_at")?),
        started_at: moment("started_at")?,
        worker: get(row, "worker")?,
        lease_until: moment("lease_until")?,
        fence: count(row, "fence")?,
        is_cancel_asked: get(row, "is_cancel_asked")?,
        progress: Progress {
            done: count(row, "done")?,
            total: total.map(i64::cast_unsigned),
            note: get(row, "note")?,
        },
        checkpoint: get(row, "checkpoint")?,
        revision: count(row, "revision")?,
    })
}
