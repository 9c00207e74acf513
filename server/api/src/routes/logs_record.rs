//! `GET /api/v1/logs/{id}`.

use axum::Json;
use axum::extract::State;
use tocsin_domain::RecordId;

use crate::errors::ApiError;
use crate::extract::Path;
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::wire::record::Record;

/// One log record.
#[utoipa::path(
    get, path = "/api/v1/logs/{id}", tag = "logs", params(("id" = String, Path, description = "The record's id")),
    responses((status = 200, body = Record), ReadProblems)
)]
pub(crate) async fn record(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Json<Record>, ApiError> {
    let id = record_id(&id)?;
    let record = state
        .parts()
        .logs
        .get(id)
        .await?
        .ok_or_else(|| unknown(id))?;
    Ok(Json(Record::new(record)))
}

/// Reads the id of a record.
pub(crate) fn record_id(text: &str) -> Result<RecordId, ApiError> {
    text.parse().map_err(|_| {
        let shown: String = text.chars().take(40).collect();
        ApiError::field("id", "a UUID", format!("`{shown}` is not a record id"))
    })
}

/// The error for a record that is not there.
pub(crate) fn unknown(id: RecordId) -> ApiError {
    ApiError::not_found(format!("there is no record {id}; it may have been deleted"))
}
