//! `GET /api/v1/logs/{id}/context`.

use axum::Json;
use axum::extract::State;

use super::logs_record::{record_id, unknown};
use crate::errors::ApiError;
use crate::extract::{Path, Query, count};
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::wire::record::Record;
use crate::wire::search::{ContextAnswer, ContextParams};

/// The lines around one line in its own source.
#[utoipa::path(
    get, path = "/api/v1/logs/{id}/context", tag = "logs",
    params(("id" = String, Path, description = "The record's id"), ContextParams),
    responses((status = 200, body = ContextAnswer), ReadProblems)
)]
pub(crate) async fn context(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    Query(params): Query<ContextParams>,
) -> Result<Json<ContextAnswer>, ApiError> {
    let id = record_id(&id)?;
    let before = count("before", params.before, 20, 0..=1000)?;
    let after = count("after", params.after, 20, 0..=1000)?;
    let context = state.parts().logs.context(id, before, after).await?;
    let context = context.ok_or_else(|| unknown(id))?;
    Ok(Json(ContextAnswer {
        before: context.before.into_iter().map(Record::new).collect(),
        line: Record::new(context.line),
        after: context.after.into_iter().map(Record::new).collect(),
    }))
}
