//! `/api/v1/tickets/decisions`, and what would be decided now.

use std::collections::HashMap;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use tocsin_domain::alert::AlertId;
use tocsin_domain::ports::StoreError;
use tocsin_domain::ticket::{Decision, DecisionId};

use super::alerts::unknown;
use crate::errors::ApiError;
use crate::extract::{Path, Query, count};
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::views;
use crate::wire::alert_filter::uuid;
use crate::wire::cursor::PageStart;
use crate::wire::export::{ExportFormat, ExportParams};
use crate::wire::jobs::PageParams;
use crate::wire::ticket_decisions::{DecidedItem, DecisionAnswer, DecisionItem, DecisionParams};

/// What was decided about tickets and why, newest first.
#[utoipa::path(
    get, path = "/api/v1/tickets/decisions", tag = "tickets", params(DecisionParams, PageParams),
    responses((status = 200, body = DecisionAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Query(params): Query<DecisionParams>,
    Query(page): Query<PageParams>,
) -> Result<Json<DecisionAnswer>, ApiError> {
    let limit = count("limit", page.limit, 100, 1..=1000)?;
    let before = match PageStart::decode(page.cursor.as_deref())? {
        None => None,
        Some(PageStart::Id(id)) => {
            let id = u64::try_from(id).map_err(|_| PageStart::foreign())?;
            Some(DecisionId(id))
        }
        Some(_) => return Err(PageStart::foreign()),
    };
    let filter = params.read(state.now())?;
    let store = &state.parts().tickets;
    let found = store.decisions(&filter, before, limit).await?;
    let last = found.last().filter(|_| found.len() == limit);
    let next_cursor = last.map(|one| PageStart::Id(u128::from(one.id.0)).encode());
    Ok(Json(DecisionAnswer {
        items: items(&state, &found).await?,
        next_cursor,
    }))
}

/// Decisions as they are shown, each with what the tracker calls its ticket now.
pub(crate) async fn items(
    state: &ApiState,
    decisions: &[Decision],
) -> Result<Vec<DecisionItem>, StoreError> {
    let mut keys = HashMap::new();
    for ticket in decisions.iter().filter_map(|one| one.decided.ticket) {
        if keys.contains_key(&ticket) {
            continue;
        }
        let found = state.parts().tickets.ticket(ticket).await?;
        let key = found.and_then(|ticket| ticket.reference);
        let key = key.map(|reference| reference.key);
        keys.insert(ticket, key.filter(|key| !key.is_empty()));
    }
    let key = |one: &Decision| keys.get(&one.decided.ticket?).cloned().flatten();
    let item = |one: &Decision| DecisionItem::new(one, key(one));
    Ok(decisions.iter().map(item).collect())
}

/// Every decision that the filters leave, newest first, streamed.
#[utoipa::path(
    get, path = "/api/v1/tickets/decisions/export", tag = "tickets",
    params(DecisionParams, ExportParams),
    responses(
        (status = 200, content(
            (String = "text/csv"), (String = "application/x-ndjson")
        ), description = "An attachment; it breaks off if a store fails on the way"),
        ReadProblems
    )
)]
pub(crate) async fn export(
    State(state): State<ApiState>,
    Query(filter): Query<DecisionParams>,
    Query(params): Query<ExportParams>,
) -> Result<impl IntoResponse, ApiError> {
    let filter = filter.read(state.now())?;
    let stream = views::decisions_export::export(state, filter, params.format).await?;
    Ok((headers(params.format), Body::from_stream(stream)))
}

const fn headers(format: ExportFormat) -> [(HeaderName, &'static str); 2] {
    let (content_type, disposition) = match format {
        ExportFormat::Csv => (
            "text/csv; charset=utf-8; header=present",
            "attachment; filename=\"tocsin-decisions.csv\"",
        ),
        ExportFormat::Ndjson => (
            "application/x-ndjson",
            "attachment; filename=\"tocsin-decisions.ndjson\"",
        ),
    };
    [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_DISPOSITION, disposition),
    ]
}

/// What would be decided now about an alert that fires. Nothing is done.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}/ticket-preview", tag = "tickets",
    params(("id" = String, Path, description = "The id of the alert")),
    responses((status = 200, body = DecidedItem), ReadProblems)
)]
pub(crate) async fn preview(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Json<DecidedItem>, ApiError> {
    let id = AlertId(uuid("id", &id)?);
    let decision = state.parts().ticket_desk.preview(id).await?;
    let decision = decision.ok_or_else(|| unknown(id))?;
    Ok(Json((&decision.decided).into()))
}
