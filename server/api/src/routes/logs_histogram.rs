//! `GET /api/v1/logs/histogram`.

use axum::Json;
use axum::extract::State;

use crate::errors::ApiError;
use crate::extract::Query;
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::views;
use crate::wire::filter::FilterParams;
use crate::wire::histogram::{HistogramAnswer, HistogramParams};

/// Count log records per interval and severity.
#[utoipa::path(
    get, path = "/api/v1/logs/histogram", tag = "logs", params(FilterParams, HistogramParams),
    responses((status = 200, body = HistogramAnswer), ReadProblems)
)]
pub(crate) async fn histogram(
    State(state): State<ApiState>,
    Query(filter): Query<FilterParams>,
    Query(params): Query<HistogramParams>,
) -> Result<Json<HistogramAnswer>, ApiError> {
    let query = filter.read(state.now())?.query;
    views::histogram::histogram(&state, query, &params)
        .await
        .map(Json)
}
