//! `/api/v1/jobs/schedules`: what is done without being asked, and when next.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use tocsin_domain::job::JobId;

use crate::audit;
use crate::errors::ApiError;
use crate::extract::Path;
use crate::identity::Actor;
use crate::openapi::{ChangeProblems, ReadProblems};
use crate::state::{ApiState, random};
use crate::wire::jobs::{JobAnswer, ScheduleAnswer, ScheduleItem};

/// All schedules, by name.
#[utoipa::path(
    get, path = "/api/v1/jobs/schedules", tag = "jobs",
    responses((status = 200, body = ScheduleAnswer), ReadProblems)
)]
pub(crate) async fn list(State(state): State<ApiState>) -> Result<Json<ScheduleAnswer>, ApiError> {
    let all = state.parts().job_desk.schedules().await?;
    let items = all.into_iter().map(ScheduleItem::from).collect();
    Ok(Json(ScheduleAnswer { items }))
}

/// Have a schedule's job done now, beside its times.
#[utoipa::path(
    post, path = "/api/v1/jobs/schedules/{id}/run", tag = "jobs",
    params(("id" = String, Path, description = "The name of the schedule")),
    responses((status = 202, body = JobAnswer), ChangeProblems)
)]
pub(crate) async fn run(
    State(state): State<ApiState>,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<JobAnswer>), ApiError> {
    let id = JobId::new(state.now(), random());
    told(&state, &actor, "jobs.schedule.run", &name).await?;
    let desk = &state.parts().job_desk;
    let job = desk.run_schedule(&name, id, actor.name()).await?.into();
    Ok((StatusCode::ACCEPTED, Json(JobAnswer { job })))
}

/// Pause a schedule. Times that pass meanwhile are not made up for.
#[utoipa::path(
    post, path = "/api/v1/jobs/schedules/{id}/pause", tag = "jobs",
    params(("id" = String, Path, description = "The name of the schedule")),
    responses((status = 200, body = ScheduleItem), ChangeProblems)
)]
pub(crate) async fn pause(
    State(state): State<ApiState>,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<Json<ScheduleItem>, ApiError> {
    told(&state, &actor, "jobs.schedule.pause", &name).await?;
    let desk = &state.parts().job_desk;
    Ok(Json(desk.pause_schedule(&name, true).await?.into()))
}

/// Have a paused schedule go on.
#[utoipa::path(
    post, path = "/api/v1/jobs/schedules/{id}/resume", tag = "jobs",
    params(("id" = String, Path, description = "The name of the schedule")),
    responses((status = 200, body = ScheduleItem), ChangeProblems)
)]
pub(crate) async fn resume(
    State(state): State<ApiState>,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<Json<ScheduleItem>, ApiError> {
    told(&state, &actor, "jobs.schedule.resume", &name).await?;
    let desk = &state.parts().job_desk;
    Ok(Json(desk.pause_schedule(&name, false).await?.into()))
}

/// What somebody does with a schedule that there is.
async fn told(state: &ApiState, actor: &Actor, action: &str, name: &str) -> Result<(), ApiError> {
    let all = state.parts().job_desk.schedules().await?;
    let shown: String = name.chars().take(60).collect();
    if !all.iter().any(|one| one.schedule.name == name) {
        return Err(ApiError::not_found(format!(
            "there is no schedule `{shown}`"
        )));
    }
    Ok(audit::record(state, actor, action, format!("schedule:{shown}"), json!({})).await?)
}
