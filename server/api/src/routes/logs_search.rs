//! `GET /api/v1/logs/search`.

use axum::Json;
use axum::extract::State;

use crate::errors::ApiError;
use crate::extract::Query;
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::views;
use crate::wire::filter::FilterParams;
use crate::wire::search::{SearchAnswer, SearchParams};

/// Search for log records.
#[utoipa::path(
    get, path = "/api/v1/logs/search", tag = "logs", params(FilterParams, SearchParams),
    responses((status = 200, body = SearchAnswer), ReadProblems)
)]
pub(crate) async fn search(
    State(state): State<ApiState>,
    Query(filter): Query<FilterParams>,
    Query(params): Query<SearchParams>,
) -> Result<Json<SearchAnswer>, ApiError> {
    views::search::search(&state, &filter, &params)
        .await
        .map(Json)
}
