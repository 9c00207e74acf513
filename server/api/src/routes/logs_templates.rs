//! `GET /api/v1/logs/templates`, `/{template}` and `/{template}/variables`.

use axum::Json;
use axum::extract::State;

use crate::errors::ApiError;
use crate::extract::{Path, Query, count};
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::views;
use crate::wire::cursor::PageStart;
use crate::wire::filter::{FilterParams, template_id};
use crate::wire::templates::{
    TemplateDetail, TemplateListAnswer, TemplateListParams, VariablesAnswer,
};

/// The templates of the records that the filters leave.
#[utoipa::path(
    get, path = "/api/v1/logs/templates", tag = "logs", params(FilterParams, TemplateListParams),
    responses((status = 200, body = TemplateListAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Query(filter): Query<FilterParams>,
    Query(params): Query<TemplateListParams>,
) -> Result<Json<TemplateListAnswer>, ApiError> {
    let query = filter.read(state.now())?.query;
    let start = PageStart::decode(params.cursor.as_deref())?;
    let limit = count("limit", params.limit, 100, 1..=1000)?;
    views::templates::list(&state, &query, params.sort, (start, limit))
        .await
        .map(Json)
}

/// One template with its trend and lineage.
#[utoipa::path(
    get, path = "/api/v1/logs/templates/{template}", tag = "logs",
    params(("template" = String, Path, description = "16 hexadecimal digits"), FilterParams),
    responses((status = 200, body = TemplateDetail), ReadProblems)
)]
pub(crate) async fn detail(
    State(state): State<ApiState>,
    Path(template): Path<String>,
    Query(filter): Query<FilterParams>,
) -> Result<Json<TemplateDetail>, ApiError> {
    let id = template_id("template", &template)?;
    // The path's template is not the parameter of the same name.
    let query = FilterParams {
        template: None,
        ..filter
    }
    .read(state.now())?
    .query;
    views::templates::detail(&state, id, query).await.map(Json)
}

/// The distributions of a template's variables.
#[utoipa::path(
    get, path = "/api/v1/logs/templates/{template}/variables", tag = "logs",
    params(("template" = String, Path, description = "16 hexadecimal digits"), FilterParams),
    responses((status = 200, body = VariablesAnswer), ReadProblems)
)]
pub(crate) async fn variables(
    State(state): State<ApiState>,
    Path(template): Path<String>,
    Query(filter): Query<FilterParams>,
) -> Result<Json<VariablesAnswer>, ApiError> {
    let id = template_id("template", &template)?;
    let query = FilterParams {
        template: None,
        ..filter
    }
    .read(state.now())?
    .query;
    views::templates::variables(&state, id, &query)
        .await
        .map(Json)
}
