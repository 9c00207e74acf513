//! `GET /api/v1/logs/clusters` and `/{id}`.

use axum::Json;
use axum::extract::State;

use crate::errors::ApiError;
use crate::extract::{Path, Query};
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::views;
use crate::wire::clusters::{ClusterDetail, ClusterListAnswer};
use crate::wire::filter::FilterParams;

/// Prototypes that mean the same, with what the filters leave of them.
#[utoipa::path(
    get, path = "/api/v1/logs/clusters", tag = "logs", params(FilterParams),
    responses((status = 200, body = ClusterListAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Query(filter): Query<FilterParams>,
) -> Result<Json<ClusterListAnswer>, ApiError> {
    let query = filter.read(state.now())?.query;
    views::clusters::list(&state, &query).await.map(Json)
}

/// One cluster with its templates.
#[utoipa::path(
    get, path = "/api/v1/logs/clusters/{id}", tag = "logs",
    params(("id" = String, Path, description = "The cluster's id"), FilterParams),
    responses((status = 200, body = ClusterDetail), ReadProblems)
)]
pub(crate) async fn detail(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    Query(filter): Query<FilterParams>,
) -> Result<Json<ClusterDetail>, ApiError> {
    let query = filter.read(state.now())?.query;
    views::clusters::detail(&state, &id, query).await.map(Json)
}
