//! `/api/v1/tickets`: which tickets there are, how they are decided on, and how that goes.

use axum::Json;
use axum::extract::State;
use tocsin_domain::ports::DecisionFilter;
use tocsin_domain::ticket::{Ticket, TicketId};

use super::tickets_decisions::items;
use crate::audit;
use crate::errors::ApiError;
use crate::extract::{JsonBody, Path, Query, count};
use crate::identity::Actor;
use crate::openapi::{ChangeProblems, ReadProblems};
use crate::state::ApiState;
use crate::wire::alert_filter::uuid;
use crate::wire::cursor::PageStart;
use crate::wire::jobs::PageParams;
use crate::wire::ticket_settings::{TicketSettingsForm, TicketStatusAnswer};
use crate::wire::tickets::{
    TicketAnswer, TicketCommentItem, TicketDetail, TicketItem, TicketParams, TicketTaskItem,
};

/// The most comments of a ticket that are shown.
const COMMENTS_MAX: usize = 1000;
/// The most decisions of a ticket that are shown with it.
const DECISIONS_MAX: usize = 100;

/// The tickets that the filters leave, newest first.
#[utoipa::path(
    get, path = "/api/v1/tickets", tag = "tickets", params(TicketParams, PageParams),
    responses((status = 200, body = TicketAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Query(params): Query<TicketParams>,
    Query(page): Query<PageParams>,
) -> Result<Json<TicketAnswer>, ApiError> {
    let limit = count("limit", page.limit, 100, 1..=1000)?;
    let before = match PageStart::decode(page.cursor.as_deref())? {
        None => None,
        Some(PageStart::Id(id)) => Some(TicketId(id)),
        Some(_) => return Err(PageStart::foreign()),
    };
    let filter = params.read()?;
    let store = &state.parts().tickets;
    let found = store.tickets(&filter, before, limit).await?;
    let last = found.last().filter(|_| found.len() == limit);
    Ok(Json(TicketAnswer {
        next_cursor: last.map(|ticket| PageStart::Id(ticket.id.0).encode()),
        items: found.iter().map(TicketItem::from).collect(),
    }))
}

/// One ticket with what was decided about it, said on it, and told to its tracker.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}", tag = "tickets",
    params(("id" = String, Path, description = "The id of the ticket")),
    responses((status = 200, body = TicketDetail), ReadProblems)
)]
pub(crate) async fn ticket(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Json<TicketDetail>, ApiError> {
    let ticket = known(&state, &id).await?;
    let store = &state.parts().tickets;
    let tasks = store.tasks_of(ticket.id).await?;
    let comments = store.ticket_comments(ticket.id, COMMENTS_MAX).await?;
    let about = DecisionFilter {
        ticket: Some(ticket.id),
        ..DecisionFilter::default()
    };
    let decisions = store.decisions(&about, None, DECISIONS_MAX).await?;
    Ok(Json(TicketDetail {
        ticket: (&ticket).into(),
        description: ticket.description,
        tasks: tasks.iter().map(TicketTaskItem::from).collect(),
        comments: comments.iter().map(TicketCommentItem::from).collect(),
        decisions: items(&state, &decisions).await?,
    }))
}

/// The tracker that tickets go to and how it is, how many there are, and the settings in force.
#[utoipa::path(
    get, path = "/api/v1/tickets/status", tag = "tickets",
    responses((status = 200, body = TicketStatusAnswer), ReadProblems)
)]
pub(crate) async fn status(
    State(state): State<ApiState>,
) -> Result<Json<TicketStatusAnswer>, ApiError> {
    let parts = state.parts();
    let counts = parts.tickets.ticket_counts().await?;
    let health = parts.ticket_desk.health().await;
    Ok(Json(TicketStatusAnswer {
        tracker: (&health).into(),
        counts: (&counts).into(),
        settings: parts.ticket_desk.settings().into(),
    }))
}

/// How tickets are decided on.
#[utoipa::path(
    get, path = "/api/v1/tickets/settings", tag = "tickets",
    responses((status = 200, body = TicketSettingsForm), ReadProblems)
)]
pub(crate) async fn settings(State(state): State<ApiState>) -> Json<TicketSettingsForm> {
    Json(state.parts().ticket_desk.settings().into())
}

/// Change how tickets are decided on, from the next decision on.
#[utoipa::path(
    put, path = "/api/v1/tickets/settings", tag = "tickets", request_body = TicketSettingsForm,
    responses((status = 200, body = TicketSettingsForm), ChangeProblems)
)]
pub(crate) async fn set_settings(
    State(state): State<ApiState>,
    actor: Actor,
    JsonBody(form): JsonBody<TicketSettingsForm>,
) -> Result<Json<TicketSettingsForm>, ApiError> {
    put_settings(&state, &actor, &form).await.map(Json)
}

/// Keeps settings that someone made; they are in force on return.
pub(crate) async fn put_settings(
    state: &ApiState,
    actor: &Actor,
    form: &TicketSettingsForm,
) -> Result<TicketSettingsForm, ApiError> {
    let settings = form.read()?;
    let about = serde_json::to_value(form).unwrap_or_default();
    audit::record(
        state,
        actor,
        "tickets.settings",
        "tickets".to_owned(),
        about,
    )
    .await?;
    let desk = &state.parts().ticket_desk;
    desk.set_settings(settings).await?;
    Ok(desk.settings().into())
}

/// The ticket with an id.
pub(crate) async fn known(state: &ApiState, id: &str) -> Result<Ticket, ApiError> {
    let id = TicketId(uuid("id", id)?);
    let found = state.parts().tickets.ticket(id).await?;
    found.ok_or_else(|| unknown(id))
}

pub(crate) fn unknown(id: TicketId) -> ApiError {
    ApiError::not_found(format!("there is no ticket `{id}`"))
}
