//! `GET /api/v1/logs/fields`.

use axum::Json;
use axum::extract::State;

use crate::errors::ApiError;
use crate::extract::Query;
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::views;
use crate::wire::filter::FilterParams;
use crate::wire::search::FieldsAnswer;

/// The most frequent sources, hosts and severities of what the filters leave.
#[utoipa::path(
    get, path = "/api/v1/logs/fields", tag = "logs", params(FilterParams),
    responses((status = 200, body = FieldsAnswer), ReadProblems)
)]
pub(crate) async fn fields(
    State(state): State<ApiState>,
    Query(filter): Query<FilterParams>,
) -> Result<Json<FieldsAnswer>, ApiError> {
    let query = filter.read(state.now())?.query;
    views::facets::facets(&state, &query).await.map(Json)
}
