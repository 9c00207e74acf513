//! `GET /api/v1/jobs` and `/{id}`.

use axum::Json;
use axum::extract::State;
use tocsin_domain::ports::JobId;

use crate::errors::ApiError;
use crate::extract::{Path, Query, count};
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::wire::cursor::PageStart;
use crate::wire::jobs::{JobItem, JobListAnswer, PageParams};

/// Jobs, newest first.
#[utoipa::path(
    get, path = "/api/v1/jobs", tag = "platform", params(PageParams),
    responses((status = 200, body = JobListAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Query(params): Query<PageParams>,
) -> Result<Json<JobListAnswer>, ApiError> {
    let limit = count("limit", params.limit, 100, 1..=1000)?;
    let before = match PageStart::decode(params.cursor.as_deref())? {
        None => None,
        Some(PageStart::Id(id)) => Some(JobId(id)),
        Some(_) => return Err(PageStart::foreign()),
    };
    let jobs = state.parts().jobs.list(before, limit).await?;
    let is_full = jobs.len() == limit;
    let last = jobs
        .last()
        .filter(|_| is_full)
        .map(|job| PageStart::Id(job.id.0).encode());
    Ok(Json(JobListAnswer {
        items: jobs.into_iter().map(Into::into).collect(),
        next_cursor: last,
    }))
}

/// One job.
#[utoipa::path(
    get, path = "/api/v1/jobs/{id}", tag = "platform", params(("id" = String, Path, description = "The job's id")),
    responses((status = 200, body = JobItem), ReadProblems)
)]
pub(crate) async fn job(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Json<JobItem>, ApiError> {
    let id: JobId = id
        .parse()
        .map_err(|_| ApiError::field("id", "a UUID", "this is not the id of a job"))?;
    let job = state.parts().jobs.get(id).await?;
    let job = job.ok_or_else(|| ApiError::not_found(format!("there is no job {id}")))?;
    Ok(Json(job.into()))
}
