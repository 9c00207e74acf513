//! `GET /api/v1/runbooks` and `/{failure_type}`.

use axum::Json;
use axum::extract::State;

use crate::errors::ApiError;
use crate::extract::Path;
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::wire::runbooks::{RunbookAnswer, RunbookItem};

/// What to do about each type of failure.
#[utoipa::path(
    get, path = "/api/v1/runbooks", tag = "copilot",
    responses((status = 200, body = RunbookAnswer), ReadProblems)
)]
pub(crate) async fn list(State(state): State<ApiState>) -> Json<RunbookAnswer> {
    let runbooks = state.parts().copilot.runbooks();
    Json(RunbookAnswer {
        items: runbooks.into_iter().map(Into::into).collect(),
    })
}

/// What to do about one type of failure.
#[utoipa::path(
    get, path = "/api/v1/runbooks/{failure_type}", tag = "copilot",
    params(("failure_type" = String, Path, description = "The type of failure")),
    responses((status = 200, body = RunbookItem), ReadProblems)
)]
pub(crate) async fn runbook(
    State(state): State<ApiState>,
    Path(failure_type): Path<String>,
) -> Result<Json<RunbookItem>, ApiError> {
    let runbooks = state.parts().copilot.runbooks();
    let found = runbooks
        .into_iter()
        .find(|runbook| runbook.failure_type == failure_type);
    let found = found.ok_or_else(|| {
        let shown: String = failure_type.chars().take(60).collect();
        ApiError::not_found(format!("there is no runbook for `{shown}`"))
    })?;
    Ok(Json(found.into()))
}
