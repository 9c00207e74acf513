//! Anomalies.

use async_trait::async_trait;
use tocsin_domain::metric::{Anomaly, Band, FindingId, Verdict};
use tocsin_domain::ports::{AnomalyFilter, AnomalyStore, StoreError};
use tocsin_domain::{Labels, SeriesId};

use super::sql::{self, Area, QueryBuilder, Row};
use super::{RelationalStore, limit, store_error};

const RECORD: &str = "INSERT INTO anomalies (id, series, labels, label_text, detector, score, \
    observed, yhat, yhat_lower, yhat_upper, started_ms, ended_ms, explanation, feedback) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
    ON CONFLICT (id) DO UPDATE SET detector = excluded.detector, score = excluded.score, \
    observed = excluded.observed, yhat = excluded.yhat, yhat_lower = excluded.yhat_lower, \
    yhat_upper = excluded.yhat_upper, ended_ms = excluded.ended_ms, \
    explanation = excluded.explanation";

const COLUMNS: &str = "SELECT id, series, labels, detector, score, observed, yhat, yhat_lower, \
    yhat_upper, started_ms, ended_ms, explanation, feedback FROM anomalies";

/// What may be forgotten.
const SPENT: &str = "ended_ms < $1";

#[async_trait]
impl AnomalyStore for RelationalStore {
    async fn record_anomalies(&self, anomalies: Vec<Anomaly>) -> Result<(), StoreError> {
        if anomalies.is_empty() {
            return Ok(());
        }
        let mut transaction = self.write(Area::Anomalies).await?;
        for anomaly in anomalies {
            sql::query(RECORD)
                .bind(id_bytes(anomaly.id))
                .bind(anomaly.series.0.cast_signed())
                .bind(anomaly.labels.as_bytes())
                .bind(anomaly.labels.to_string().to_lowercase())
                .bind(&anomaly.detector)
                .bind(anomaly.score)
                .bind(anomaly.observed)
                .bind(anomaly.expected.yhat)
                .bind(anomaly.expected.yhat_lower)
                .bind(anomaly.expected.yhat_upper)
                .bind(anomaly.started_ms)
                .bind(anomaly.ended_ms)
                .bind(&anomaly.explanation)
                .bind(anomaly.feedback.map(Verdict::name))
                .execute(&mut *transaction)
                .await
                .map_err(store_error)?;
        }
        transaction.commit().await.map_err(store_error)
    }

    async fn anomalies(
        &self,
        filter: &AnomalyFilter,
        before: Option<FindingId>,
        page: usize,
    ) -> Result<Vec<Anomaly>, StoreError> {
        let mut sql = QueryBuilder::new(self.pool.engine(), COLUMNS);
        sql.push(" WHERE score >= ").push_bind(filter.score_min);
        if let Some(series) = filter.series {
            sql.push(" AND series = ").push_bind(series.0.cast_signed());
        }
        if let Some(from_ms) = filter.from_ms {
            sql.push(" AND (ended_ms IS NULL OR ended_ms >= ");
            sql.push_bind(from_ms).push(")");
        }
        if let Some(to_ms) = filter.to_ms {
            sql.push(" AND started_ms < ").push_bind(to_ms);
        }
        if let Some(detector) = &filter.detector {
            sql.push(" AND detector = ").push_bind(detector);
        }
        let words = filter.text.as_deref().unwrap_or_default();
        for word in words.split_whitespace() {
            sql.push(" AND instr(label_text, ");
            sql.push_bind(word.to_lowercase()).push(") > 0");
        }
        if filter.is_open {
            sql.push(" AND ended_ms IS NULL");
        }
        if let Some(before) = before {
            sql.push(" AND id < ").push_bind(id_bytes(before));
        }
        sql.push(" ORDER BY id DESC LIMIT ").push_bind(limit(page));
        let rows = sql.build().fetch_all(&self.pool).await;
        rows.map_err(store_error)?.iter().map(anomaly).collect()
    }

    async fn anomaly(&self, id: FindingId) -> Result<Option<Anomaly>, StoreError> {
        let mut sql = QueryBuilder::new(self.pool.engine(), COLUMNS);
        sql.push(" WHERE id = ").push_bind(id_bytes(id));
        let row = sql.build().fetch_optional(&self.pool).await;
        row.map_err(store_error)?.as_ref().map(anomaly).transpose()
    }

    async fn set_feedback(&self, id: FindingId, verdict: Verdict) -> Result<bool, StoreError> {
        let done = sql::query("UPDATE anomalies SET feedback = $2 WHERE id = $1")
            .bind(id_bytes(id))
            .bind(verdict.name())
            .execute(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(done.rows_affected() > 0)
    }

    async fn forget_anomalies(&self, before_ms: i64) -> Result<u64, StoreError> {
        let of = (Area::Anomalies, "anomalies");
        let dropped = self.drop_spent(of, SPENT, before_ms).await?;
        let done = sql::query(format!("DELETE FROM anomalies WHERE {SPENT}"))
            .bind(before_ms)
            .execute(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(dropped + done.rows_affected())
    }
}

pub(super) fn id_bytes(id: FindingId) -> Vec<u8> {
    id.0.to_be_bytes().to_vec()
}

pub(super) fn finding_id(row: &Row) -> Result<FindingId, StoreError> {
    let bytes: Vec<u8> = row.try_get("id").map_err(store_error)?;
    let bytes = <[u8; 16]>::try_from(bytes);
    let bits = bytes.map_err(|_| StoreError::Corrupt("the id of a finding".into()))?;
    Ok(FindingId(u128::from_be_bytes(bits)))
}

pub(super) fn series(row: &Row) -> Result<(SeriesId, Labels), StoreError> {
    let series: i64 = row.try_get("series").map_err(store_error)?;
    let series = SeriesId(series.cast_unsigned());
    let bytes: Vec<u8> = row.try_get("labels").map_err(store_error)?;
    let labels = Labels::from_bytes(&bytes)
        .map_err(|error| StoreError::Corrupt(format!("the labels of series {series}: {error}")))?;
    Ok((series, labels))
}

/// A number; NaN is kept as nothing, since SQLite makes it that.
pub(super) fn number(row: &Row, column: &str) -> Result<f64, StoreError> {
    let value: Option<f64> = row.try_get(column).map_err(store_error)?;
    Ok(value.unwrap_or(f64::NAN))
}

fn anomaly(row: &Row) -> Result<Anomaly, StoreError> {
    let id = finding_id(row)?;
    let (series, labels) = series(row)?;
    let feedback: Option<String> = row.try_get("feedback").map_err(store_error)?;
    Ok(Anomaly {
        id,
        series,
        labels,
        detector: row.try_get("detector").map_err(store_error)?,
        score: number(row, "score")?,
        observed: number(row, "observed")?,
        expected: Band {
            yhat: number(row, "yhat")?,
            yhat_lower: number(row, "yhat_lower")?,
            yhat_upper: number(row, "yhat_upper")?,
        },
        started_ms: row.try_get("started_ms").map_err(store_error)?,
        ended_ms: row.try_get("ended_ms").map_err(store_error)?,
        explanation: row.try_get("explanation").map_err(store_error)?,
        feedback: feedback.as_deref().and_then(Verdict::from_name),
    })
}
