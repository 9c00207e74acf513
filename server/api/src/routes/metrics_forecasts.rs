//! `GET /api/v1/metrics/forecasts`, its scorecard, and the forecast of one series.

use axum::Json;
use axum::extract::State;

use super::metrics_series::{series_id, unknown};
use crate::errors::ApiError;
use crate::extract::{Path, Query, count};
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::wire::forecasts::{
    ForecastAnswer, ForecastParams, PredictionAnswer, PredictionParams, ScoreItem, ScorecardAnswer,
};
use crate::wire::time::parse_span;

/// Predictions of a series go back so far, in ms.
const HISTORY_MS: i64 = 90 * 86_400_000;
/// Horizons of a forecast, in ms.
const HORIZON_MS: std::ops::RangeInclusive<i64> = 600_000..=90 * 86_400_000;
const NANOS_PER_MS: i64 = 1_000_000;

/// When what is bounded will be full: the newest prediction for each series.
#[utoipa::path(
    get, path = "/api/v1/metrics/forecasts", tag = "metrics", params(PredictionParams),
    responses((status = 200, body = PredictionAnswer), ReadProblems)
)]
pub(crate) async fn predictions(
    State(state): State<ApiState>,
    Query(params): Query<PredictionParams>,
) -> Result<Json<PredictionAnswer>, ApiError> {
    let limit = count("limit", params.limit, 100, 1..=1000)?;
    let store = &state.parts().predictions;
    let found = match params.series.as_deref().filter(|text| !text.is_empty()) {
        Some(series) => {
            let from_ms = state.now().millis() - HISTORY_MS;
            store
                .predictions_of(series_id(series)?, from_ms, limit)
                .await?
        }
        None => store.current_predictions(limit).await?,
    };
    let wanted = found.into_iter();
    let wanted = wanted.filter(|prediction| prediction.is_raised || !params.raised);
    Ok(Json(PredictionAnswer {
        items: wanted.map(Into::into).collect(),
        next_cursor: None,
    }))
}

/// How predictions and forecasts turned out.
#[utoipa::path(
    get, path = "/api/v1/metrics/forecasts/scorecard", tag = "metrics",
    responses((status = 200, body = ScorecardAnswer), ReadProblems)
)]
pub(crate) async fn scorecard(
    State(state): State<ApiState>,
) -> Result<Json<ScorecardAnswer>, ApiError> {
    let cards = state.parts().predictions.scorecards().await?;
    Ok(Json(ScorecardAnswer {
        total: ScoreItem::total(&cards),
        items: cards.into_iter().map(Into::into).collect(),
        next_cursor: None,
    }))
}

/// Where a series is going.
#[utoipa::path(
    get, path = "/api/v1/metrics/series/{id}/forecast", tag = "metrics",
    params(("id" = String, Path, description = "The id of the series"), ForecastParams),
    responses((status = 200, body = ForecastAnswer), ReadProblems)
)]
pub(crate) async fn forecast(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    Query(params): Query<ForecastParams>,
) -> Result<Json<ForecastAnswer>, ApiError> {
    let text = params.horizon.as_deref().unwrap_or("1d");
    let horizon_ms = parse_span(text).map(|nanos| nanos / NANOS_PER_MS);
    let horizon_ms = horizon_ms.filter(|ms| HORIZON_MS.contains(ms));
    let horizon_ms = horizon_ms.ok_or_else(|| {
        let expected = "a span such as `6h` or `7d`, from `10m` to `90d`";
        ApiError::field("horizon", expected, format!("`{text}` is not one"))
    })?;
    let insight = &state.parts().insight;
    let made = insight
        .forecast(series_id(&id)?, horizon_ms, state.now())
        .await?;
    let made = made.ok_or_else(|| unknown(&id))?;
    Ok(Json((&made).into()))
}
