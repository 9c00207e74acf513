//! `GET /api/v1/logs/{id}/similar`.

use axum::Json;
use axum::extract::State;
use tocsin_domain::query::Expression;

use super::logs_record::{record_id, unknown};
use crate::errors::ApiError;
use crate::extract::{Path, Query, count};
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::wire::record::Record;
use crate::wire::search::{SimilarAnswer, SimilarParams};

/// Lines of the same template and of prototypes near it, newest first.
#[utoipa::path(
    get, path = "/api/v1/logs/{id}/similar", tag = "logs",
    params(("id" = String, Path, description = "The record's id"), SimilarParams),
    responses((status = 200, body = SimilarAnswer), ReadProblems)
)]
pub(crate) async fn similar(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    Query(params): Query<SimilarParams>,
) -> Result<Json<SimilarAnswer>, ApiError> {
    let id = record_id(&id)?;
    let limit = count("limit", params.limit, 50, 1..=1000)?;
    let page = state
        .parts()
        .search
        .similar(id, limit)
        .await?
        .ok_or_else(|| unknown(id))?;
    let found = page.records.into_iter();
    Ok(Json(SimilarAnswer {
        items: found
            .map(|found| Record::found(found.record, &Expression::All, Some(found.score)))
            .collect(),
        prototypes: page.prototypes.into_iter().map(Into::into).collect(),
        notice: page.notice,
    }))
}
