//! `POST /api/v1/logs/delete`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::errors::ApiError;
use crate::extract::JsonBody;
use crate::identity::Actor;
use crate::jobs;
use crate::openapi::WriteProblems;
use crate::state::ApiState;
use crate::wire::jobs::{DeleteRequest, DryRunAnswer, JobAnswer};

/// Delete the records that a query selects, or say how many there are.
#[utoipa::path(
    post, path = "/api/v1/logs/delete", tag = "logs", request_body = DeleteRequest,
    responses(
        (status = 200, body = DryRunAnswer, description = "For a dry run"),
        (status = 202, body = JobAnswer, description = "The job that deletes"),
        WriteProblems
    )
)]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    actor: Actor,
    JsonBody(request): JsonBody<DeleteRequest>,
) -> Result<Response, ApiError> {
    let query = jobs::delete::selection(&request, state.now())?;
    if request.dry_run {
        let matches = state.parts().logs.count(&query).await?;
        return Ok(Json(DryRunAnswer { matches }).into_response());
    }
    let job = jobs::delete::start(&state, &actor, &request, query.range)
        .await?
        .into();
    Ok((StatusCode::ACCEPTED, Json(JobAnswer { job })).into_response())
}
