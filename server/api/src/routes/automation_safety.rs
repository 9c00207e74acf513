//! `/api/v1/automation/safety`, `/stop`, `/resume` and `/freezes`: how much may happen, and what people
//! switched.

use axum::Json;
use axum::extract::State;

use crate::errors::ApiError;
use crate::extract::JsonBody;
use crate::identity::Actor;
use crate::openapi::{ReadProblems, WriteProblems};
use crate::state::ApiState;
use crate::wire::automation_runs::ReasonRequest;
use crate::wire::automation_safety::{FreezesRequest, ResumeRequest, SafetyAnswer};

type Answer = Result<Json<SafetyAnswer>, ApiError>;

/// How much may happen, and what people switched.
#[utoipa::path(
    get, path = "/api/v1/automation/safety", tag = "automation",
    responses((status = 200, body = SafetyAnswer), ReadProblems)
)]
pub(crate) async fn safety(State(state): State<ApiState>) -> Json<SafetyAnswer> {
    now(&state)
}

/// Stop everything at once: nothing begins, and what goes on is called off.
#[utoipa::path(
    post, path = "/api/v1/automation/stop", tag = "automation", request_body = ReasonRequest,
    responses((status = 200, body = SafetyAnswer), WriteProblems)
)]
pub(crate) async fn stop(
    State(state): State<ApiState>,
    actor: Actor,
    JsonBody(request): JsonBody<ReasonRequest>,
) -> Answer {
    let reason = request.read()?;
    state
        .parts()
        .automation
        .stop_all(reason, actor.name())
        .await?;
    Ok(now(&state))
}

/// Let things begin again.
#[utoipa::path(
    post, path = "/api/v1/automation/resume", tag = "automation", request_body = ResumeRequest,
    responses((status = 200, body = SafetyAnswer), WriteProblems)
)]
pub(crate) async fn resume(
    State(state): State<ApiState>,
    actor: Actor,
    JsonBody(ResumeRequest {}): JsonBody<ResumeRequest>,
) -> Answer {
    state.parts().automation.allow_again(actor.name()).await?;
    Ok(now(&state))
}

/// Set the times in which nothing begins, in place of those there were.
#[utoipa::path(
    put, path = "/api/v1/automation/freezes", tag = "automation", request_body = FreezesRequest,
    responses((status = 200, body = SafetyAnswer), WriteProblems)
)]
pub(crate) async fn freeze(
    State(state): State<ApiState>,
    actor: Actor,
    JsonBody(request): JsonBody<FreezesRequest>,
) -> Answer {
    let freezes = request.read(state.now())?;
    let desk = &state.parts().automation;
    desk.set_freezes(freezes, actor.name()).await?;
    Ok(now(&state))
}

fn now(state: &ApiState) -> Json<SafetyAnswer> {
    let desk = &state.parts().automation;
    let now_ms = state.now().millis();
    Json(SafetyAnswer::new(&desk.budget(), &desk.switches(), now_ms))
}
