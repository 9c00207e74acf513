//! `GET /api/v1/metrics/anomalies`, and feedback on them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use tocsin_domain::metric::{Feedback, FindingId};
use tocsin_domain::ports::AnomalyFilter;

use super::metrics_series::{series_id, verdict};
use crate::errors::ApiError;
use crate::extract::{JsonBody, Path, Query, count};
use crate::openapi::{ReadProblems, WriteProblems};
use crate::state::ApiState;
use crate::wire::anomalies::{AnomalyAnswer, AnomalyItem, AnomalyParams, FeedbackRequest};
use crate::wire::cursor::PageStart;
use crate::wire::time;

const DAY_MS: i64 = 86_400_000;

/// Anomalies, newest first.
#[utoipa::path(
    get, path = "/api/v1/metrics/anomalies", tag = "metrics", params(AnomalyParams),
    responses((status = 200, body = AnomalyAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Query(params): Query<AnomalyParams>,
) -> Result<Json<AnomalyAnswer>, ApiError> {
    let limit = count("limit", params.limit, 100, 1..=1000)?;
    let before = match PageStart::decode(params.cursor.as_deref())? {
        None => None,
        Some(PageStart::Id(id)) => Some(FindingId(id)),
        Some(_) => return Err(PageStart::foreign()),
    };
    let filter = filter(&state, &params)?;
    let found = state
        .parts()
        .anomalies
        .anomalies(&filter, before, limit)
        .await?;
    let last = found.last().filter(|_| found.len() == limit);
    Ok(Json(AnomalyAnswer {
        next_cursor: last.map(|anomaly| PageStart::Id(anomaly.id.0).encode()),
        items: found.into_iter().map(Into::into).collect(),
    }))
}

fn filter(state: &ApiState, params: &AnomalyParams) -> Result<AnomalyFilter, ApiError> {
    let now = state.now();
    let instant = |field: &str, text: &Option<String>| match text.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => time::parse(field, text, now).map(|at| Some(at.millis())),
    };
    let score_min = params.score_min.unwrap_or(0.0);
    if !(0.0..=1.0).contains(&score_min) {
        let detail = format!("{score_min} is out of range");
        return Err(ApiError::field("score_min", "a number from 0 to 1", detail));
    }
    let own = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    Ok(AnomalyFilter {
        series: own(&params.series).as_deref().map(series_id).transpose()?,
        from_ms: instant("from", &params.from)?.or(Some(now.millis() - DAY_MS)),
        to_ms: instant("to", &params.to)?,
        score_min,
        detector: own(&params.detector),
        text: own(&params.q),
        is_open: params.open,
    })
}

/// One anomaly.
#[utoipa::path(
    get, path = "/api/v1/metrics/anomalies/{id}", tag = "metrics",
    params(("id" = String, Path, description = "The id of the anomaly")),
    responses((status = 200, body = AnomalyItem), ReadProblems)
)]
pub(crate) async fn anomaly(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Json<AnomalyItem>, ApiError> {
    let found = state.parts().anomalies.anomaly(finding_id(&id)?).await?;
    found
        .map(|anomaly| Json(anomaly.into()))
        .ok_or_else(|| unknown(&id))
}

/// Say what was wrong with an anomaly: the band of its series moves.
#[utoipa::path(
    post, path = "/api/v1/metrics/anomalies/{id}/feedback", tag = "metrics",
    params(("id" = String, Path, description = "The id of the anomaly")),
    request_body = FeedbackRequest,
    responses((status = 202, description = "The detector hears it next"), WriteProblems)
)]
pub(crate) async fn feedback(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<FeedbackRequest>,
) -> Result<StatusCode, ApiError> {
    let verdict = verdict(&request.verdict)?;
    let store = &state.parts().anomalies;
    let anomaly = store.anomaly(finding_id(&id)?).await?;
    let anomaly = anomaly.ok_or_else(|| unknown(&id))?;
    let feedback = Feedback {
        series: anomaly.series,
        verdict,
        at_ms: anomaly.started_ms,
    };
    state.parts().intake.accept_feedback(feedback).await?;
    store.set_feedback(anomaly.id, verdict).await?;
    Ok(StatusCode::ACCEPTED)
}

fn finding_id(text: &str) -> Result<FindingId, ApiError> {
    let wrong = |_| ApiError::field("id", "a UUID", format!("`{text}` is no id of an anomaly"));
    text.parse().map_err(wrong)
}

fn unknown(id: &str) -> ApiError {
    ApiError::not_found(format!("there is no anomaly `{id}`"))
}
