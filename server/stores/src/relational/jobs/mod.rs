//! Jobs and schedules, kept over restarts and shared by all servers.
//!
//! No rule is in here: a change is made elsewhere, and kept if the row still has the revision it was
//! made from. That needs no lock, whatever the database.

mod row;
mod schedules;

use async_trait::async_trait;
use tocsin_domain::Timestamp;
use tocsin_domain::job::{Job, JobId, JobStatus, Schedule};
use tocsin_domain::ports::{Created, JobFilter, JobStore, Replaced, StoreError};

use self::row::{COLUMNS, job, values};
use super::alerts::{count, get, named};
use super::sql::{self, QueryBuilder};
use super::{RelationalStore, limit, store_error};

const WHO_HAS: &str = "SELECT id FROM jobs WHERE (unique_key = $1 AND finished_at IS NULL) \
    OR once_key = $2 LIMIT 1";

const COUNTS: &str =
    "SELECT kind, status, count(*) AS jobs FROM jobs GROUP BY kind, status ORDER BY kind, status";

const REMOVE: &str = "DELETE FROM jobs WHERE id = $1 AND finished_at IS NOT NULL";

const FORGET: &str = "DELETE FROM jobs WHERE finished_at < $1 \
    OR (finished_at < $2 AND status = 'succeeded' AND schedule IS NOT NULL)";

#[async_trait]
impl JobStore for RelationalStore {
    async fn create(&self, job: Job) -> Result<Created, StoreError> {
        let done = values(sql::query(row::CREATE), &job)
            .bind(job.revision.cast_signed())
            .execute(&self.pool)
            .await
            .map_err(store_error)?;
        if done.rows_affected() > 0 {
            return Ok(Created::New);
        }
        let known: Option<String> = sql::query_scalar(WHO_HAS)
            .bind(&job.unique_key)
            .bind(&job.once_key)
            .fetch_optional(&self.pool)
            .await
            .map_err(store_error)?;
        match known {
            Some(id) => {
                let corrupt = |_| StoreError::Corrupt(format!("job {id}"));
                Ok(Created::Known(id.parse().map_err(corrupt)?))
            }
            None if JobStore::get(self, job.id).await?.is_some() => {
                let detail = format!("job {} is there already", job.id);
                Err(StoreError::Invalid(detail))
            }
            // Who had the key ended just now.
            None => self.create(job).await,
        }
    }

    async fn replace(&self, job: &Job) -> Result<Replaced, StoreError> {
        let done = values(sql::query(row::REPLACE), job)
            .bind(job.revision.cast_signed())
            .execute(&self.pool)
            .await;
        match done {
            Ok(done) if done.rows_affected() > 0 => Ok(Replaced::Yes),
            Ok(_) => Ok(Replaced::Changed),
            Err(error) if is_taken(&error) => Ok(Replaced::Taken),
            Err(error) => Err(store_error(error)),
        }
    }

    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        let mut wanted = QueryBuilder::new(self.pool.engine(), COLUMNS);
        wanted.push(" WHERE id = ").push_bind(id.to_string());
        let row = wanted.build().fetch_optional(&self.pool).await;
        row.map_err(store_error)?.as_ref().map(job).transpose()
    }

    async fn list(
        &self,
        filter: &JobFilter,
        before: Option<JobId>,
        page: usize,
    ) -> Result<Vec<Job>, StoreError> {
        // Ids are UUIDv7 in lower case, whose order as text is their order in time; `~` is above all.
        let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
        let mut wanted = QueryBuilder::new(self.pool.engine(), COLUMNS);
        wanted.push(" WHERE id < ").push_bind(before);
        if let Some(schedule) = &filter.schedule {
            wanted.push(" AND schedule = ").push_bind(schedule.clone());
        }
        let statuses = filter
            .statuses
            .iter()
            .map(|status| status.name().to_owned());
        among(&mut wanted, "status", statuses);
        among(&mut wanted, "kind", filter.kinds.iter().cloned());
        wanted
            .push(" ORDER BY id DESC LIMIT ")
            .push_bind(limit(page));
        let rows = wanted.build().fetch_all(&self.pool).await;
        rows.map_err(store_error)?.iter().map(job).collect()
    }

    async fn ready(
        &self,
        kinds: &[String],
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<Job>, StoreError> {
        if kinds.is_empty() {
            return Ok(Vec::new());
        }
        let mut wanted = QueryBuilder::new(self.pool.engine(), COLUMNS);
        wanted
            .push(" WHERE finished_at IS NULL AND ((status = 'queued' AND due_at <= ")
            .push_bind(now.nanos())
            .push(") OR (status = 'running' AND (lease_until IS NULL OR lease_until < ")
            .push_bind(now.nanos())
            .push(")))");
        among(&mut wanted, "kind", kinds.iter().cloned());
        wanted
            .push(" ORDER BY due_at, id LIMIT ")
            .push_bind(limit(most));
        let rows = wanted.build().fetch_all(&self.pool).await;
        rows.map_err(store_error)?.iter().map(job).collect()
    }

    async fn counts(&self) -> Result<Vec<(String, JobStatus, u64)>, StoreError> {
        let rows = sql::query(COUNTS).fetch_all(&self.pool).await;
        let rows = rows.map_err(store_error)?;
        let counts = rows.iter().map(|row| {
            let status = named(row, "status", JobStatus::from_name)?;
            Ok((get(row, "kind")?, status, count(row, "jobs")?))
        });
        counts.collect()
    }

    async fn remove(&self, id: JobId) -> Result<bool, StoreError> {
        let done = sql::query(REMOVE)
            .bind(id.to_string())
            .execute(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(done.rows_affected() > 0)
    }

    async fn forget_jobs(
        &self,
        before: Timestamp,
        scheduled_before: Timestamp,
    ) -> Result<u64, StoreError> {
        let done = sql::query(FORGET)
            .bind(before.nanos())
            .bind(scheduled_before.nanos())
            .execute(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(done.rows_affected())
    }

    async fn schedules(&self) -> Result<Vec<Schedule>, StoreError> {
        schedules::all(&self.pool).await
    }

    async fn create_schedule(&self, schedule: &Schedule) -> Result<bool, StoreError> {
        schedules::write(&self.pool, schedules::CREATE, schedule).await
    }

    async fn replace_schedule(&self, schedule: &Schedule) -> Result<bool, StoreError> {
        schedules::write(&self.pool, schedules::REPLACE, schedule).await
    }

    async fn remove_schedule(&self, name: &str) -> Result<bool, StoreError> {
        schedules::remove(&self.pool, name).await
    }
}

/// Another unfinished job has the key of this one.
fn is_taken(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    error.is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// Adds that a column has one of some values; none: that does not matter.
fn among(
    wanted: &mut QueryBuilder,
    column: &'static str,
    values: impl ExactSizeIterator<Item = String>,
) {
    if values.len() == 0 {
        return;
    }
    wanted.push(" AND ").push(column).push(" IN (");
    wanted.push_binds(values);
    wanted.push(")");
}
