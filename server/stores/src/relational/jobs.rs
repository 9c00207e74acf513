//! Jobs, kept over restarts.

use async_trait::async_trait;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use tocsin_domain::Timestamp;
use tocsin_domain::ports::{Job, JobId, JobStatus, JobStore, StoreError};

use super::{SqliteStore, limit, store_error};

const CREATE: &str = "INSERT INTO jobs (id, kind, status, created_at, finished_at, parameters, \
    result, error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING";

const UPDATE: &str = "UPDATE jobs SET kind = $2, status = $3, created_at = $4, finished_at = $5, \
    parameters = $6, result = $7, error = $8 WHERE id = $1";

const ONE: &str = "SELECT id, kind, status, created_at, finished_at, parameters, result, error \
    FROM jobs WHERE id = $1";

// Ids are UUIDv7 in lower case, whose order as text is their order in time; `~` is above them all.
const LIST: &str = "SELECT id, kind, status, created_at, finished_at, parameters, result, error \
    FROM jobs WHERE id < $1 ORDER BY id DESC LIMIT $2";

const UNFINISHED: &str = "SELECT id, kind, status, created_at, finished_at, parameters, result, \
    error FROM jobs WHERE status IN ('queued', 'running') ORDER BY id";

#[async_trait]
impl JobStore for SqliteStore {
    async fn create(&self, job: Job) -> Result<(), StoreError> {
        let id = job.id;
        if self.write_job(CREATE, job).await? == 0 {
            return Err(StoreError::Invalid(format!("job {id} is there already")));
        }
        Ok(())
    }

    async fn update(&self, job: Job) -> Result<(), StoreError> {
        let id = job.id;
        if self.write_job(UPDATE, job).await? == 0 {
            return Err(StoreError::Invalid(format!("there is no job {id}")));
        }
        Ok(())
    }

    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        let row = sqlx::query(ONE)
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await
            .map_err(store_error)?;
        row.as_ref().map(job).transpose()
    }

    async fn list(&self, before: Option<JobId>, page: usize) -> Result<Vec<Job>, StoreError> {
        let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
        let rows = sqlx::query(LIST)
            .bind(before)
            .bind(limit(page))
            .fetch_all(&self.pool)
            .await
            .map_err(store_error)?;
        rows.iter().map(job).collect()
    }
}

impl SqliteStore {
    /// Jobs that are queued or running, oldest first. At start these are the ones that a crash or
    /// a shutdown left: nothing runs yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn unfinished_jobs(&self) -> Result<Vec<Job>, StoreError> {
        let rows = sqlx::query(UNFINISHED)
            .fetch_all(&self.pool)
            .await
            .map_err(store_error)?;
        rows.iter().map(job).collect()
    }

    async fn write_job(&self, sql: &'static str, job: Job) -> Result<u64, StoreError> {
        let done = sqlx::query(sql)
            .bind(job.id.to_string())
            .bind(&job.kind)
            .bind(job.status.name())
            .bind(job.created_at.nanos())
            .bind(job.finished_at.map(Timestamp::nanos))
            .bind(&job.parameters)
            .bind(&job.result)
            .bind(&job.error)
            .execute(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(done.rows_affected())
    }
}

fn job(row: &SqliteRow) -> Result<Job, StoreError> {
    let text = |column| row.try_get::<String, _>(column).map_err(store_error);
    let id = text("id")?;
    let corrupt = || StoreError::Corrupt(format!("job {id}"));
    let finished_at: Option<i64> = row.try_get("finished_at").map_err(store_error)?;
    Ok(Job {
        id: id.parse().map_err(|_| corrupt())?,
        kind: text("kind")?,
        status: JobStatus::from_name(&text("status")?).ok_or_else(corrupt)?,
        created_at: Timestamp(row.try_get("created_at").map_err(store_error)?),
        finished_at: finished_at.map(Timestamp),
        parameters: text("parameters")?,
        result: row.try_get("result").map_err(store_error)?,
        error: row.try_get("error").map_err(store_error)?,
    })
}
