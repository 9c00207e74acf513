//! `/api/v1/automation/runs`: what was proposed, what people say about it, and what became of it.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use tocsin_domain::automation::{Run, RunId, Verdict};
use tocsin_domain::ports::RunOutcome;

use crate::errors::ApiError;
use crate::extract::{JsonBody, Path, Query, count};
use crate::identity::Actor;
use crate::openapi::{ChangeProblems, ReadProblems};
use crate::state::ApiState;
use crate::stream::runs::RunFeed;
use crate::stream::{answer, runs};
use crate::wire::alert_filter::uuid;
use crate::wire::automation_run_details::RunDetailItem;
use crate::wire::automation_runs::{
    BallotRequest, OutputAnswer, OutputParams, ReasonRequest, RunAnswer, RunItem, RunParams,
};
use crate::wire::cursor::PageStart;

type Answer = Result<Json<RunItem>, ApiError>;

/// Runs, newest first.
#[utoipa::path(
    get, path = "/api/v1/automation/runs", tag = "automation", params(RunParams),
    responses((status = 200, body = RunAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Query(params): Query<RunParams>,
) -> Result<Json<RunAnswer>, ApiError> {
    let limit = count("limit", params.limit, 100, 1..=1000)?;
    let before = match PageStart::decode(params.cursor.as_deref())? {
        None => None,
        Some(PageStart::Id(id)) => Some(RunId(id)),
        Some(_) => return Err(PageStart::foreign()),
    };
    let filter = params.read(state.now())?;
    let found = state
        .parts()
        .automation
        .runs(&filter, before, limit)
        .await?;
    let last = found.last().filter(|_| found.len() == limit);
    let cursor = |last: &Run| PageStart::Id(last.id.0).encode();
    Ok(Json(RunAnswer {
        next_cursor: last.map(cursor),
        items: found.iter().map(RunItem::from).collect(),
    }))
}

/// A run with its plan, what people said about it, and everything that happened.
#[utoipa::path(
    get, path = "/api/v1/automation/runs/{id}", tag = "automation",
    params(("id" = String, Path, description = "The id of the run")),
    responses((status = 200, body = RunDetailItem), ReadProblems)
)]
pub(crate) async fn run(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<RunDetailItem>, ApiError> {
    let id = run_id(&id)?;
    let details = state.parts().automation.run(id).await?;
    let details = details.ok_or_else(|| unknown(id))?;
    Ok(Json(runs::item(&state, &details, &actor).await?))
}

/// What the action of a run printed, from a byte on.
#[utoipa::path(
    get, path = "/api/v1/automation/runs/{id}/output", tag = "automation",
    params(("id" = String, Path, description = "The id of the run"), OutputParams),
    responses((status = 200, body = OutputAnswer), ReadProblems)
)]
pub(crate) async fn output(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    Query(params): Query<OutputParams>,
) -> Result<Json<OutputAnswer>, ApiError> {
    let id = run_id(&id)?;
    let desk = &state.parts().automation;
    let from = params.from.unwrap_or(0);
    let output = desk.output(id, from).await?;
    if output.1 == 0 && desk.run(id).await?.is_none() {
        return Err(unknown(id));
    }
    Ok(Json(OutputAnswer::new(from, output)))
}

/// A run as it goes on, as Server-Sent Events: `run` (the run with everything about it, at once and
/// whenever it changed) and `output` (`from`, `text`, `next`: what its action printed). The stream
/// ends when the run has.
#[utoipa::path(
    get, path = "/api/v1/automation/runs/{id}/stream", tag = "automation",
    params(("id" = String, Path, description = "The id of the run"), OutputParams),
    responses(
        (status = 200, content_type = "text/event-stream", body = String, description = "Events"),
        ReadProblems
    )
)]
pub(crate) async fn stream(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    Query(params): Query<OutputParams>,
) -> Result<Response, ApiError> {
    let id = run_id(&id)?;
    let feed = RunFeed::begin(&state, id, actor, params.from.unwrap_or(0)).await?;
    let feed = feed.ok_or_else(|| unknown(id))?;
    Ok(answer::event_stream(&state, runs::events(feed)))
}

/// Say yes to the plan of a run, as it was seen.
#[utoipa::path(
    post, path = "/api/v1/automation/runs/{id}/approve", tag = "automation",
    request_body = BallotRequest,
    params(("id" = String, Path, description = "The id of the run")),
    responses((status = 200, body = RunItem), ChangeProblems)
)]
pub(crate) async fn approve(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<BallotRequest>,
) -> Answer {
    let ballot = request.read(run_id(&id)?, Verdict::Approve, &actor)?;
    done(state.parts().automation.vote(ballot).await?)
}

/// Say no to the plan of a run, as it was seen. One no is enough.
#[utoipa::path(
    post, path = "/api/v1/automation/runs/{id}/reject", tag = "automation",
    request_body = BallotRequest,
    params(("id" = String, Path, description = "The id of the run")),
    responses((status = 200, body = RunItem), ChangeProblems)
)]
pub(crate) async fn reject(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<BallotRequest>,
) -> Answer {
    let ballot = request.read(run_id(&id)?, Verdict::Reject, &actor)?;
    done(state.parts().automation.vote(ballot).await?)
}

/// Call a run off. What goes on is stopped, and nothing is undone by itself.
#[utoipa::path(
    post, path = "/api/v1/automation/runs/{id}/cancel", tag = "automation",
    request_body = ReasonRequest,
    params(("id" = String, Path, description = "The id of the run")),
    responses((status = 200, body = RunItem), ChangeProblems)
)]
pub(crate) async fn cancel(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<ReasonRequest>,
) -> Answer {
    let (id, reason) = (run_id(&id)?, request.read()?);
    let desk = &state.parts().automation;
    done(desk.cancel(id, reason, actor.name()).await?)
}

/// Undo what a run did, as its plan says. Who agreed to the plan agreed to that.
#[utoipa::path(
    post, path = "/api/v1/automation/runs/{id}/rollback", tag = "automation",
    request_body = ReasonRequest,
    params(("id" = String, Path, description = "The id of the run")),
    responses((status = 200, body = RunItem), ChangeProblems)
)]
pub(crate) async fn rollback(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<ReasonRequest>,
) -> Answer {
    let (id, reason) = (run_id(&id)?, request.read()?);
    let desk = &state.parts().automation;
    done(desk.roll_back(id, reason, actor.name()).await?)
}

/// What came of something that someone wanted.
pub(super) fn done(outcome: RunOutcome) -> Answer {
    match outcome {
        RunOutcome::Done(run) => Ok(Json((&*run).into())),
        RunOutcome::Unknown(what) => Err(ApiError::not_found(what)),
        RunOutcome::Refused(why) => Err(ApiError::conflict(why)),
    }
}

fn run_id(text: &str) -> Result<RunId, ApiError> {
    uuid("id", text).map(RunId)
}

fn unknown(id: RunId) -> ApiError {
    ApiError::not_found(format!("there is no run `{id}`"))
}
