//! `POST /api/v1/tickets…`: what people do with tickets.

use axum::Json;
use axum::extract::State;
use serde_json::json;
use tocsin_domain::alert::AlertId;
use tocsin_domain::ports::TicketOutcome;
use tocsin_domain::ticket::TaskId;

use super::tickets::known;
use crate::audit;
use crate::errors::ApiError;
use crate::extract::{JsonBody, Path};
use crate::identity::Actor;
use crate::openapi::ChangeProblems;
use crate::state::ApiState;
use crate::wire::alert_actions::{CommentRequest, comment_text};
use crate::wire::alert_filter::uuid;
use crate::wire::tickets::{OpenTicketRequest, TicketItem};

type Answer = Result<Json<TicketItem>, ApiError>;

/// Open a ticket for an alert, however sure it is. If one is open already, it is told so instead.
#[utoipa::path(
    post, path = "/api/v1/tickets", tag = "tickets", request_body = OpenTicketRequest,
    responses((status = 200, body = TicketItem), ChangeProblems)
)]
pub(crate) async fn open(
    State(state): State<ApiState>,
    actor: Actor,
    JsonBody(request): JsonBody<OpenTicketRequest>,
) -> Answer {
    let id = AlertId(uuid("alert", &request.alert)?);
    // Only what can happen is audited.
    if state.parts().alerts.alert(id).await?.is_none() {
        return Err(super::alerts::unknown(id));
    }
    audit::record(
        &state,
        &actor,
        "tickets.open",
        format!("alert:{id}"),
        json!({}),
    )
    .await?;
    let outcome = state.parts().ticket_desk.open(id, actor.name()).await?;
    answer(outcome, || super::alerts::unknown(id))
}

/// Write something on a ticket; its tracker is told.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/comment", tag = "tickets", request_body = CommentRequest,
    params(("id" = String, Path, description = "The id of the ticket")),
    responses((status = 200, body = TicketItem), ChangeProblems)
)]
pub(crate) async fn comment(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<CommentRequest>,
) -> Answer {
    let text = comment_text(&request.text)?;
    let id = known(&state, &id).await?.id;
    let about = json!({ "characters": text.chars().count() });
    audit::record(
        &state,
        &actor,
        "tickets.comment",
        format!("ticket:{id}"),
        about,
    )
    .await?;
    let desk = &state.parts().ticket_desk;
    let outcome = desk.comment(id, text, actor.name()).await?;
    answer(outcome, || super::tickets::unknown(id))
}

/// Say that the work of a ticket is done; its tracker is told.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/resolve", tag = "tickets",
    params(("id" = String, Path, description = "The id of the ticket")),
    responses((status = 200, body = TicketItem), ChangeProblems)
)]
pub(crate) async fn resolve(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Answer {
    let id = known(&state, &id).await?.id;
    audit::record(
        &state,
        &actor,
        "tickets.resolve",
        format!("ticket:{id}"),
        json!({}),
    )
    .await?;
    let outcome = state.parts().ticket_desk.resolve(id, actor.name()).await?;
    answer(outcome, || super::tickets::unknown(id))
}

/// Open a resolved ticket again; its tracker is told.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/reopen", tag = "tickets",
    params(("id" = String, Path, description = "The id of the ticket")),
    responses((status = 200, body = TicketItem), ChangeProblems)
)]
pub(crate) async fn reopen(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Answer {
    let id = known(&state, &id).await?.id;
    audit::record(
        &state,
        &actor,
        "tickets.reopen",
        format!("ticket:{id}"),
        json!({}),
    )
    .await?;
    let outcome = state.parts().ticket_desk.reopen(id, actor.name()).await?;
    answer(outcome, || super::tickets::unknown(id))
}

/// Try once more what a tracker could not be told.
#[utoipa::path(
    post, path = "/api/v1/tickets/tasks/{id}/retry", tag = "tickets",
    params(("id" = String, Path, description = "The number of the task")),
    responses((status = 200, body = TicketItem), ChangeProblems)
)]
pub(crate) async fn retry(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Answer {
    let number = id.parse().map_err(|_| {
        let shown: String = id.chars().take(40).collect();
        let detail = format!("`{shown}` is not the number of a task");
        ApiError::field("id", "a whole number", detail)
    })?;
    let unknown = || ApiError::not_found(format!("there is no task {number}"));
    let task = state.parts().tickets.task(TaskId(number)).await?;
    let task = task.ok_or_else(unknown)?;
    let about = json!({ "ticket": task.task.ticket.to_string(), "was": task.state.name() });
    audit::record(
        &state,
        &actor,
        "tickets.retry",
        format!("task:{number}"),
        about,
    )
    .await?;
    let outcome = state.parts().ticket_desk.retry(task.id).await?;
    answer(outcome, unknown)
}

fn answer(outcome: TicketOutcome, unknown: impl FnOnce() -> ApiError) -> Answer {
    match outcome {
        TicketOutcome::Done(ticket) => Ok(Json((&*ticket).into())),
        TicketOutcome::Refused(detail) => Err(ApiError::conflict(detail)),
        TicketOutcome::Unknown => Err(unknown()),
    }
}
