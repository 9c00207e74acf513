//! `/api/v1/jobs`: what is being done, what was, and asking for more.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tocsin_domain::job::{Job, JobId, JobStatus};
use tocsin_domain::ports::{JobFilter, JobRequest};

use crate::audit;
use crate::errors::ApiError;
use crate::extract::{JsonBody, Path, Query, count};
use crate::identity::Actor;
use crate::openapi::{ChangeProblems, ReadProblems};
use crate::state::{ApiState, random};
use crate::wire::alert_filter::names;
use crate::wire::cursor::PageStart;
use crate::wire::jobs::{
    JobAnswer, JobAsked, JobItem, JobKindAnswer, JobKindItem, JobListAnswer, JobParams,
};

/// Jobs, newest first. Documents among their results are left out; `/{id}/result` has them.
#[utoipa::path(
    get, path = "/api/v1/jobs", tag = "jobs", params(JobParams),
    responses((status = 200, body = JobListAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Query(params): Query<JobParams>,
) -> Result<Json<JobListAnswer>, ApiError> {
    let limit = count("limit", params.limit, 100, 1..=1000)?;
    let before = match PageStart::decode(params.cursor.as_deref())? {
        None => None,
        Some(PageStart::Id(id)) => Some(JobId(id)),
        Some(_) => return Err(PageStart::foreign()),
    };
    let expected = "queued, running, succeeded, failed, dead or cancelled";
    let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let filter = JobFilter {
        statuses: names("status", &params.status, expected, JobStatus::from_name)?,
        kinds: names("kind", &params.kind, "the name of a kind", |name| {
            Some(name.to_owned())
        })?,
        schedule: given(&params.schedule),
    };
    let jobs = state.parts().jobs.list(&filter, before, limit).await?;
    let last = jobs.last().filter(|_| jobs.len() == limit);
    let next_cursor = last.map(|job| PageStart::Id(job.id.0).encode());
    Ok(Json(JobListAnswer {
        items: jobs.into_iter().map(Into::into).collect(),
        next_cursor,
    }))
}

/// The kinds of jobs that can be asked for.
#[utoipa::path(
    get, path = "/api/v1/jobs/kinds", tag = "jobs",
    responses((status = 200, body = JobKindAnswer), ReadProblems)
)]
pub(crate) async fn kinds(State(state): State<ApiState>) -> Json<JobKindAnswer> {
    let kinds = state.parts().job_desk.kinds();
    let items = kinds.into_iter().map(JobKindItem::from).collect();
    Json(JobKindAnswer { items })
}

/// One job.
#[utoipa::path(
    get, path = "/api/v1/jobs/{id}", tag = "jobs", params(("id" = String, Path, description = "The job's id")),
    responses((status = 200, body = JobItem), ReadProblems)
)]
pub(crate) async fn job(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Json<JobItem>, ApiError> {
    Ok(Json(known(&state, &id).await?.into()))
}

/// What came of a job: its document as Markdown if it made one, what it says as JSON otherwise.
#[utoipa::path(
    get, path = "/api/v1/jobs/{id}/result", tag = "jobs",
    params(("id" = String, Path, description = "The job's id")),
    responses(
        (status = 200, content((Object = "application/json"), (String = "text/markdown"))),
        ReadProblems
    )
)]
pub(crate) async fn result(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let job = known(&state, &id).await?;
    let Some(result) = &job.result else {
        let status = job.status.name();
        let detail = format!("the job has no result: it is {status}");
        return Err(ApiError::not_found(detail));
    };
    let result: Value = serde_json::from_str(result).unwrap_or_default();
    let (text, content_type, ending) = match result["markdown"].as_str() {
        Some(text) => (text.to_owned(), "text/markdown; charset=utf-8", "md"),
        None => (result.to_string(), "application/json", "json"),
    };
    let name = format!("attachment; filename=\"{}-{}.{ending}\"", job.kind, job.id);
    let name = HeaderValue::from_str(&name).ok();
    let name = name.unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, text).into_response())
}

/// Ask for a job. If an equal one waits or runs, that one is answered.
#[utoipa::path(
    post, path = "/api/v1/jobs", tag = "jobs", request_body = JobAsked,
    responses((status = 202, body = JobAnswer), ChangeProblems)
)]
pub(crate) async fn ask(
    State(state): State<ApiState>,
    actor: Actor,
    JsonBody(asked): JsonBody<JobAsked>,
) -> Result<(StatusCode, Json<JobAnswer>), ApiError> {
    let id = JobId::new(state.now(), random());
    let parameters = Value::from(asked.parameters);
    let about = json!({ "kind": asked.kind, "parameters": parameters });
    audit::record(&state, &actor, "jobs.ask", format!("job:{id}"), about).await?;
    let request = JobRequest {
        id,
        kind: asked.kind,
        parameters: parameters.to_string(),
        asked_by: actor.name().to_owned(),
    };
    let job = state.parts().job_desk.ask(request).await?.into();
    Ok((StatusCode::ACCEPTED, Json(JobAnswer { job })))
}

/// Call a job off. One that waits ends at once; one that runs is told, and ends soon.
#[utoipa::path(
    post, path = "/api/v1/jobs/{id}/cancel", tag = "jobs",
    params(("id" = String, Path, description = "The job's id")),
    responses((status = 200, body = JobItem), ChangeProblems)
)]
pub(crate) async fn cancel(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<JobItem>, ApiError> {
    let job = known(&state, &id).await?;
    told(&state, &actor, "jobs.cancel", &job).await?;
    Ok(Json(state.parts().job_desk.cancel(job.id).await?.into()))
}

/// Have a job tried again that failed, was given up or called off, or that waits for its next attempt.
#[utoipa::path(
    post, path = "/api/v1/jobs/{id}/retry", tag = "jobs",
    params(("id" = String, Path, description = "The job's id")),
    responses((status = 200, body = JobItem), ChangeProblems)
)]
pub(crate) async fn retry(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<JobItem>, ApiError> {
    let job = known(&state, &id).await?;
    told(&state, &actor, "jobs.retry", &job).await?;
    Ok(Json(state.parts().job_desk.retry(job.id).await?.into()))
}

/// Remove a job that has ended.
#[utoipa::path(
    delete, path = "/api/v1/jobs/{id}", tag = "jobs",
    params(("id" = String, Path, description = "The job's id")),
    responses((status = 204), ChangeProblems)
)]
pub(crate) async fn discard(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let job = known(&state, &id).await?;
    told(&state, &actor, "jobs.discard", &job).await?;
    state.parts().job_desk.discard(job.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn told(state: &ApiState, actor: &Actor, action: &str, job: &Job) -> Result<(), ApiError> {
    let about = json!({ "kind": job.kind, "was": job.status.name() });
    let subject = format!("job:{}", job.id);
    Ok(audit::record(state, actor, action, subject, about).await?)
}

async fn known(state: &ApiState, id: &str) -> Result<Job, ApiError> {
    let id: JobId = id
        .parse()
        .map_err(|_| ApiError::field("id", "a UUID", "this is not the id of a job"))?;
    let job = state.parts().jobs.get(id).await?;
    job.ok_or_else(|| ApiError::not_found(format!("there is no job {id}")))
}
