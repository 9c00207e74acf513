//! Reports of causes, revision by revision, and what people said of them.

use async_trait::async_trait;
use tocsin_domain::alert::{AlertId, IncidentId};
use tocsin_domain::copilot::{RootCause, RootCauseId, RootCauseSubject};
use tocsin_domain::ports::{ConfirmedCause, RootCauseStore, StoreError};

use super::alerts::{from_text, get, id, id_bytes, to_text};
use super::root_cause_json::{ReportColumns, ReportRow};
use super::sql::{self, Area, Row};
use super::{RelationalStore, limit, store_error};

/// How many are forgotten at once, so that no writer waits long.
const FORGET_CHUNK: u64 = 100;

const ALERT: &str = "alert";
const INCIDENT: &str = "incident";

const APPEND: &str = "INSERT INTO root_causes (id, subject_kind, subject, revision, made_ms, \
    report, confirmed, confirmed_ms) SELECT $1, $2, $3, coalesce(max(revision), 0) + 1, $4, $5, \
    $6, $7 FROM root_causes WHERE subject_kind = $2 AND subject = $3 RETURNING revision";

/// All that [`report`] reads.
macro_rules! columns {
    () => {
        "SELECT id, subject_kind, subject, revision, made_ms, report, confirmed \
        FROM root_causes WHERE "
    };
}

const ABOUT: &str = concat!(
    columns!(),
    "subject_kind = $1 AND subject = $2 ORDER BY revision DESC LIMIT $3"
);
const RECENT: &str = concat!(
    columns!(),
    "made_ms >= $1 AND made_ms < $2 ORDER BY made_ms DESC, id DESC LIMIT $3"
);

const CONFIRM: &str = "UPDATE root_causes SET confirmed = $2, \
    confirmed_ms = CASE WHEN $2 IS NULL THEN NULL ELSE $3 END WHERE id = $1";

const CONFIRMED: &str = "SELECT subject_kind, subject, confirmed, confirmed_ms FROM root_causes \
    WHERE confirmed_ms IS NOT NULL ORDER BY confirmed_ms DESC, id DESC LIMIT $1";

const FORGET: &str = "DELETE FROM root_causes WHERE id IN (SELECT id FROM root_causes \
    WHERE made_ms < $1 ORDER BY made_ms LIMIT $2)";

#[async_trait]
impl RootCauseStore for RelationalStore {
    async fn append_root_cause(&self, mut report: RootCause) -> Result<RootCause, StoreError> {
        let (kind, subject) = subject_columns(report.subject);
        let text = to_text(&ReportRow::from(report.clone()))?;
        let mut transaction = self.write(Area::RootCauses).await?;
        let revision: i64 = sql::query_scalar(APPEND)
            .bind(id_bytes(report.id.0))
            .bind(kind)
            .bind(subject)
            .bind(report.made_ms)
            .bind(text)
            .bind(report.confirmed.as_deref())
            .bind(report.confirmed.as_ref().map(|_| report.made_ms))
            .fetch_one(&mut *transaction)
            .await
            .map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        report.revision = u32::try_from(revision).unwrap_or(u32::MAX);
        Ok(report)
    }

    async fn root_causes(
        &self,
        subject: RootCauseSubject,
        page: usize,
    ) -> Result<Vec<RootCause>, StoreError> {
        let (kind, subject) = subject_columns(subject);
        let rows = sql::query(ABOUT)
            .bind(kind)
            .bind(subject)
            .bind(limit(page))
            .fetch_all(&self.pool)
            .await
            .map_err(store_error)?;
        rows.iter().map(report).collect()
    }

    async fn recent_root_causes(
        &self,
        (from_ms, to_ms): (i64, i64),
        page: usize,
    ) -> Result<Vec<RootCause>, StoreError> {
        let rows = sql::query(RECENT)
            .bind(from_ms)
            .bind(to_ms)
            .bind(limit(page))
            .fetch_all(&self.pool)
            .await
            .map_err(store_error)?;
        rows.iter().map(report).collect()
    }

    async fn confirm_root_cause(
        &self,
        id: RootCauseId,
        entity: Option<String>,
        at_ms: i64,
    ) -> Result<bool, StoreError> {
        let done = sql::query(CONFIRM)
            .bind(id_bytes(id.0))
            .bind(entity)
            .bind(at_ms)
            .execute(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(done.rows_affected() > 0)
    }

    async fn confirmed_causes(&self, page: usize) -> Result<Vec<ConfirmedCause>, StoreError> {
        let rows = sql::query(CONFIRMED)
            .bind(limit(page))
            .fetch_all(&self.pool)
            .await
            .map_err(store_error)?;
        let confirmed = |row: &Row| {
            Ok(ConfirmedCause {
                subject: subject(row)?,
                entity: get(row, "confirmed")?,
                at_ms: get(row, "confirmed_ms")?,
            })
        };
        rows.iter().map(confirmed).collect()
    }

    async fn forget_root_causes(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.forget_in_chunks((Area::RootCauses, &[FORGET]), before_ms, FORGET_CHUNK)
            .await
    }
}

fn subject_columns(subject: RootCauseSubject) -> (&'static str, Vec<u8>) {
    match subject {
        RootCauseSubject::Alert(id) => (ALERT, id_bytes(id.0)),
        RootCauseSubject::Incident(id) => (INCIDENT, id_bytes(id.0)),
    }
}

fn subject(row: &Row) -> Result<RootCauseSubject, StoreError> {
    let bits = id(row, "subject")?;
    match get(row, "subject_kind")? {
        ALERT => Ok(RootCauseSubject::Alert(AlertId(bits))),
        INCIDENT => Ok(RootCauseSubject::Incident(IncidentId(bits))),
        kind => Err(StoreError::Corrupt(format!("the subject kind `{kind}`"))),
    }
}

fn report(row: &Row) -> Result<RootCause, StoreError> {
    let revision: i64 = get(row, "revision")?;
    let columns = ReportColumns {
        id: RootCauseId(id(row, "id")?),
        subject: subject(row)?,
        revision: u32::try_from(revision).unwrap_or(u32::MAX),
        made_ms: get(row, "made_ms")?,
        confirmed: get(row, "confirmed")?,
    };
    let text: ReportRow = from_text(get(row, "report")?, "a report of a cause")?;
    text.read(columns)
}
