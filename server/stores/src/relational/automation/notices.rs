//! What chats were told of runs, and of which runs there is something to tell.
//!
//! A step of a run marks its notice as behind in the same transaction, so that only those are read.

use tocsin_domain::automation::{Run, RunId, RunNotice, RunState};
use tocsin_domain::ports::{RunNotices, StoreError};

use super::rows;
use crate::relational::alerts::{count, get, id, id_bytes};
use crate::relational::sql::{self, Area, Connection, Pool, Row};
use crate::relational::{RelationalStore, limit, store_error};

const BEHIND: &str = "SELECT run, reference, shown, posting_ms, attempts, due_ms \
    FROM automation_notices WHERE is_behind = 1 AND due_ms <= $1 ORDER BY due_ms, run LIMIT $2";

const FALL_BEHIND: &str =
    "UPDATE automation_notices SET is_behind = 1 WHERE run = $1 AND shown < $2";

const PUT: &str = "INSERT INTO automation_notices (run, reference, shown, posting_ms, attempts, \
    due_ms, is_behind) VALUES ($1, $2, $3, $4, $5, $6, \
    coalesce((SELECT CASE WHEN seq > $3 THEN 1 ELSE 0 END FROM automation_runs WHERE id = $1), 0)) \
    ON CONFLICT (run) DO UPDATE SET reference = excluded.reference, shown = excluded.shown, \
    posting_ms = excluded.posting_ms, attempts = excluded.attempts, due_ms = excluded.due_ms, \
    is_behind = excluded.is_behind";

#[async_trait::async_trait]
impl RunNotices for RelationalStore {
    async fn runs_to_tell(
        &self,
        now_ms: i64,
        limit: usize,
    ) -> Result<Vec<(Run, Option<RunNotice>)>, StoreError> {
        to_tell(&self.pool, now_ms, limit).await
    }

    async fn put_run_notice(&self, notice: RunNotice) -> Result<(), StoreError> {
        let mut transaction = self.write(Area::Notices).await?;
        sql::query(PUT)
            .bind(id_bytes(notice.run.0))
            .bind(&notice.reference)
            .bind(notice.shown.cast_signed())
            .bind(notice.posting_ms)
            .bind(i64::from(notice.attempts))
            .bind(notice.due_ms)
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }
}

async fn to_tell(
    pool: &Pool,
    now_ms: i64,
    most: usize,
) -> Result<Vec<(Run, Option<RunNotice>)>, StoreError> {
    let unknown = rows::without_notice(pool, RunState::AwaitingApproval, most).await?;
    let mut found: Vec<_> = unknown.into_iter().map(|run| (run, None)).collect();
    let room = most.saturating_sub(found.len());
    let behind = sql::query(BEHIND)
        .bind(now_ms)
        .bind(limit(room))
        .fetch_all(pool);
    for row in &behind.await.map_err(store_error)? {
        let notice = notice(row)?;
        if let Some(run) = rows::one(pool, notice.run).await? {
            found.push((run, Some(notice)));
        }
    }
    Ok(found)
}

fn notice(row: &Row) -> Result<RunNotice, StoreError> {
    let attempts = u32::try_from(get::<i64>(row, "attempts")?);
    Ok(RunNotice {
        run: RunId(id(row, "run")?),
        reference: get(row, "reference")?,
        shown: count(row, "shown")?,
        posting_ms: get(row, "posting_ms")?,
        attempts: attempts.map_err(|_| StoreError::Corrupt("attempts".into()))?,
        due_ms: get(row, "due_ms")?,
    })
}

/// A run went on: what its notice shows is not the newest.
pub(super) async fn fall_behind(connection: &mut Connection, run: &Run) -> Result<(), StoreError> {
    sql::query(FALL_BEHIND)
        .bind(id_bytes(run.id.0))
        .bind(run.seq.cast_signed())
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}
