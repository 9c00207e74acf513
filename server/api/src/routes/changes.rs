//! `/api/v1/changes`: what was done on purpose. Deployments tell of themselves here.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use tocsin_domain::change::{Change, ChangeId};

use crate::audit;
use crate::errors::ApiError;
use crate::extract::{JsonBody, Query, count};
use crate::identity::Actor;
use crate::openapi::{ReadProblems, WriteProblems};
use crate::state::ApiState;
use crate::wire::changes::{self, ChangeAnswer, ChangeParams, ChangeRequest};
use crate::wire::cursor::PageStart;
use crate::wire::facts::all;

/// What was changed, as it was told here and as log lines say, newest first.
#[utoipa::path(
    get, path = "/api/v1/changes", tag = "copilot", params(ChangeParams),
    responses((status = 200, body = ChangeAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Query(params): Query<ChangeParams>,
) -> Result<Json<ChangeAnswer>, ApiError> {
    let limit = count("limit", params.limit, 100, 1..=1000)?;
    let before = match PageStart::decode(params.cursor.as_deref())? {
        None => None,
        Some(PageStart::Moment(ms, id)) => Some((ms, ChangeId(id))),
        Some(_) => return Err(PageStart::foreign()),
    };
    let filter = params.read(state.now())?;
    let copilot = &state.parts().copilot;
    let found = copilot.changes(&filter, before, limit).await?;
    let last = found.last().filter(|_| found.len() == limit);
    let cursor = |last: &Change| PageStart::Moment(last.at_ms, last.id.0).encode();
    Ok(Json(ChangeAnswer {
        next_cursor: last.map(cursor),
        items: all(&found),
    }))
}

/// Tell of something that was done: one change, or a list of up to 1000. If one is wrong, none is
/// recorded.
#[utoipa::path(
    post, path = "/api/v1/changes", tag = "copilot", request_body = ChangeRequest,
    responses((status = 201, body = ChangeAnswer), WriteProblems)
)]
pub(crate) async fn record(
    State(state): State<ApiState>,
    actor: Actor,
    JsonBody(body): JsonBody<Value>,
) -> Result<(StatusCode, Json<ChangeAnswer>), ApiError> {
    let changes = changes::read(body, state.now())?;
    let answer = ChangeAnswer {
        items: all(&changes),
        next_cursor: None,
    };
    let subject = format!("changes:{}", changes.len());
    let ids: Vec<String> = changes.iter().map(|one| one.id.to_string()).collect();
    audit::record(
        &state,
        &actor,
        "changes.record",
        subject,
        json!({ "ids": ids }),
    )
    .await?;
    state.parts().changes.record_changes(changes).await?;
    Ok((StatusCode::CREATED, Json(answer)))
}
