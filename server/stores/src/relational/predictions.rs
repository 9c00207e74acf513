//! Predictions and scorecards.

use async_trait::async_trait;
use tocsin_domain::SeriesId;
use tocsin_domain::metric::{
    Direction, FindingId, ForecastPoint, Prediction, PredictionOutcome, SeriesScorecard,
};
use tocsin_domain::ports::{PredictionStore, StoreError};

use super::anomalies::{finding_id, id_bytes, number, series};
use super::sql::{self, Area, Row, Transaction};
use super::{RelationalStore, limit, store_error};

const RECORD: &str = "INSERT INTO predictions (id, series, labels, rule, made_ms, threshold, \
    direction, horizon_ms, current, probability, early_ms, median_ms, late_ms, is_raised, \
    is_current, explanation, outcome, crossed_ms, point, query) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, \
    $10, $11, $12, $13, $14, TRUE, $15, $16, $17, $18, $19) ON CONFLICT (id) DO NOTHING";

const SUPERSEDE: &str = "UPDATE predictions SET is_current = FALSE \
    WHERE series = $1 AND rule = $2 AND is_current AND made_ms < $3";

const CURRENT: &str = "SELECT * FROM predictions WHERE is_current \
    ORDER BY is_raised DESC, median_ms IS NULL, median_ms, probability DESC, id LIMIT $1";

const OF_SERIES: &str = "SELECT * FROM predictions WHERE series = $1 AND made_ms >= $2 \
    ORDER BY made_ms DESC, rule LIMIT $3";

const OPEN: &str = "SELECT * FROM predictions WHERE outcome = 'open' ORDER BY made_ms LIMIT $1";

const CLOSE: &str = "UPDATE predictions SET outcome = $2, crossed_ms = $3 WHERE id = $1";

const SCORECARD: &str = "INSERT INTO scorecards (series, rule, labels, outcomes, points, \
    inside_80, inside_95, brier, is_calibrated, reason, state) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
    ON CONFLICT (series, rule) DO UPDATE SET labels = excluded.labels, \
    outcomes = excluded.outcomes, points = excluded.points, inside_80 = excluded.inside_80, \
    inside_95 = excluded.inside_95, brier = excluded.brier, \
    is_calibrated = excluded.is_calibrated, reason = excluded.reason, state = excluded.state";

/// What may be forgotten.
const SPENT: &str = "made_ms < $1 AND outcome <> 'open' AND NOT is_current";

#[async_trait]
impl PredictionStore for RelationalStore {
    async fn record_predictions(&self, predictions: Vec<Prediction>) -> Result<(), StoreError> {
        let mut transaction = self.write(Area::Predictions).await?;
        for prediction in &predictions {
            record(&mut transaction, prediction).await?;
        }
        transaction.commit().await.map_err(store_error)
    }

    async fn current_predictions(&self, page: usize) -> Result<Vec<Prediction>, StoreError> {
        let rows = sql::query(CURRENT).bind(limit(page));
        let rows = rows.fetch_all(&self.pool).await.map_err(store_error)?;
        rows.iter().map(prediction).collect()
    }

    async fn predictions_of(
        &self,
        series: SeriesId,
        from_ms: i64,
        page: usize,
    ) -> Result<Vec<Prediction>, StoreError> {
        let rows = sql::query(OF_SERIES)
            .bind(series.0.cast_signed())
            .bind(from_ms)
            .bind(limit(page));
        let rows = rows.fetch_all(&self.pool).await.map_err(store_error)?;
        rows.iter().map(prediction).collect()
    }

    async fn open_predictions(&self, page: usize) -> Result<Vec<Prediction>, StoreError> {
        let rows = sql::query(OPEN).bind(limit(page));
        let rows = rows.fetch_all(&self.pool).await.map_err(store_error)?;
        rows.iter().map(prediction).collect()
    }

    async fn settle_predictions(
        &self,
        outcomes: Vec<(FindingId, PredictionOutcome, Option<i64>)>,
        scorecards: Vec<SeriesScorecard>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write(Area::Predictions).await?;
        for (id, outcome, crossed_ms) in outcomes {
            sql::query(CLOSE)
                .bind(id_bytes(id))
                .bind(outcome.name())
                .bind(crossed_ms)
                .execute(&mut *transaction)
                .await
                .map_err(store_error)?;
        }
        for scorecard in &scorecards {
            keep(&mut transaction, scorecard).await?;
        }
        transaction.commit().await.map_err(store_error)
    }

    async fn scorecards(&self) -> Result<Vec<SeriesScorecard>, StoreError> {
        let rows = sql::query("SELECT * FROM scorecards ORDER BY series, rule");
        let rows = rows.fetch_all(&self.pool).await.map_err(store_error)?;
        rows.iter().map(scorecard).collect()
    }

    async fn forget_predictions(&self, before_ms: i64) -> Result<u64, StoreError> {
        let of = (Area::Predictions, "predictions");
        let dropped = self.drop_spent(of, SPENT, before_ms).await?;
        let done = sql::query(format!("DELETE FROM predictions WHERE {SPENT}"));
        let done = done.bind(before_ms).execute(&self.pool).await;
        Ok(dropped + done.map_err(store_error)?.rows_affected())
    }
}

async fn record(transaction: &mut Transaction, prediction: &Prediction) -> Result<(), StoreError> {
    sql::query(SUPERSEDE)
        .bind(prediction.series.0.cast_signed())
        .bind(&prediction.rule)
        .bind(prediction.made_ms)
        .execute(&mut **transaction)
        .await
        .map_err(store_error)?;
    let (early, median, late) = match prediction.crossing_ms {
        Some((early, median, late)) => (Some(early), Some(median), Some(late)),
        None => (None, None, None),
    };
    sql::query(RECORD)
        .bind(id_bytes(prediction.id))
        .bind(prediction.series.0.cast_signed())
        .bind(prediction.labels.as_bytes())
        .bind(&prediction.rule)
        .bind(prediction.made_ms)
        .bind(prediction.threshold)
        .bind(prediction.direction.name())
        .bind(prediction.horizon_ms)
        .bind(prediction.current)
        .bind(prediction.probability)
        .bind(early)
        .bind(median)
        .bind(late)
        .bind(prediction.is_raised)
        .bind(&prediction.explanation)
        .bind(prediction.outcome.name())
        .bind(prediction.crossed_ms)
        .bind(prediction.point.as_ref().map(point_bytes))
        .bind(&prediction.query)
        .execute(&mut **transaction)
        .await
        .map_err(store_error)?;
    Ok(())
}

async fn keep(
    transaction: &mut Transaction,
    scorecard: &SeriesScorecard,
) -> Result<(), StoreError> {
    let outcomes: Vec<u8> = scorecard
        .outcomes
        .iter()
        .flat_map(|count| count.to_be_bytes())
        .collect();
    sql::query(SCORECARD)
        .bind(scorecard.series.0.cast_signed())
        .bind(&scorecard.rule)
        .bind(scorecard.labels.as_bytes())
        .bind(outcomes)
        .bind(scorecard.points.cast_signed())
        .bind(scorecard.inside_80.cast_signed())
        .bind(scorecard.inside_95.cast_signed())
        .bind(scorecard.brier)
        .bind(scorecard.is_calibrated)
        .bind(&scorecard.reason)
        .bind(&scorecard.state)
        .execute(&mut **transaction)
        .await
        .map_err(store_error)?;
    Ok(())
}

fn point_bytes(point: &ForecastPoint) -> Vec<u8> {
    let (l80, u80) = point.interval_80;
    let (l95, u95) = point.interval_95;
    let mut bytes = point.at_ms.to_le_bytes().to_vec();
    for value in [point.yhat, l80, u80, l95, u95] {
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes
}

fn point(row: &Row) -> Result<Option<ForecastPoint>, StoreError> {
    let bytes: Option<Vec<u8>> = row.try_get("point").map_err(store_error)?;
    let Some(bytes) = bytes else { return Ok(None) };
    let corrupt = || StoreError::Corrupt("a point of a prediction".into());
    let (time, rest) = bytes.split_first_chunk::<8>().ok_or_else(corrupt)?;
    let [yhat, l80, u80, l95, u95] = rest.as_chunks::<8>().0 else {
        return Err(corrupt());
    };
    Ok(Some(ForecastPoint {
        at_ms: i64::from_le_bytes(*time),
        yhat: f64::from_le_bytes(*yhat),
        interval_80: (f64::from_le_bytes(*l80), f64::from_le_bytes(*u80)),
        interval_95: (f64::from_le_bytes(*l95), f64::from_le_bytes(*u95)),
    }))
}

fn prediction(row: &Row) -> Result<Prediction, StoreError> {
    let id = finding_id(row)?;
    let corrupt = || StoreError::Corrupt(format!("prediction {id}"));
    let (series, labels) = series(row)?;
    let text = |column| row.try_get::<String, _>(column).map_err(store_error);
    let time = |column| row.try_get::<Option<i64>, _>(column).map_err(store_error);
    let crossing_ms = match (time("early_ms")?, time("median_ms")?, time("late_ms")?) {
        (Some(early), Some(median), Some(late)) => Some((early, median, late)),
        _ => None,
    };
    Ok(Prediction {
        id,
        series,
        labels,
        rule: text("rule")?,
        query: row.try_get("query").map_err(store_error)?,
        made_ms: row.try_get("made_ms").map_err(store_error)?,
        threshold: number(row, "threshold")?,
        direction: Direction::from_name(&text("direction")?).ok_or_else(corrupt)?,
        horizon_ms: row.try_get("horizon_ms").map_err(store_error)?,
        current: number(row, "current")?,
        probability: number(row, "probability")?,
        crossing_ms,
        point: point(row)?,
        is_raised: row.try_get("is_raised").map_err(store_error)?,
        explanation: text("explanation")?,
        outcome: PredictionOutcome::from_name(&text("outcome")?).ok_or_else(corrupt)?,
        crossed_ms: time("crossed_ms")?,
    })
}

fn scorecard(row: &Row) -> Result<SeriesScorecard, StoreError> {
    let (series, labels) = series(row)?;
    let count = |column| {
        let count: Result<i64, _> = row.try_get(column).map_err(store_error);
        count.map(i64::cast_unsigned)
    };
    let bytes: Vec<u8> = row.try_get("outcomes").map_err(store_error)?;
    let (counts, rest) = bytes.as_chunks::<8>();
    let mut outcomes = [0; 7];
    if counts.len() != outcomes.len() || !rest.is_empty() {
        return Err(StoreError::Corrupt(format!(
            "the scorecard of series {series}"
        )));
    }
    for (outcome, count) in outcomes.iter_mut().zip(counts) {
        *outcome = u64::from_be_bytes(*count);
    }
    Ok(SeriesScorecard {
        series,
        labels,
        rule: row.try_get("rule").map_err(store_error)?,
        outcomes,
        points: count("points")?,
        inside_80: count("inside_80")?,
        inside_95: count("inside_95")?,
        brier: number(row, "brier")?,
        is_calibrated: row.try_get("is_calibrated").map_err(store_error)?,
        reason: row.try_get("reason").map_err(store_error)?,
        state: row.try_get("state").map_err(store_error)?,
    })
}
