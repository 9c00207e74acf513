//! `/api/v1/silences`: what is not to be sent for a while.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use tocsin_domain::alert::{Silence, SilenceId};

use super::alerts;
use crate::audit;
use crate::errors::ApiError;
use crate::extract::{JsonBody, Path, Query};
use crate::identity::Actor;
use crate::openapi::{ChangeProblems, ReadProblems};
use crate::state::{ApiState, random};
use crate::wire::alert_filter::uuid;
use crate::wire::silences::{
    PreviewAnswer, PreviewRequest, SilenceAnswer, SilenceItem, SilenceParams, SilenceRequest,
    selective,
};
use crate::wire::time;

/// How many alerts a preview reads at a time, how often, and how many it shows.
const PREVIEW_PAGE: usize = 1000;
const PREVIEW_PAGES_MAX: usize = 10;
const PREVIEW_EXAMPLES: usize = 5;

/// The silences that are not over, newest first.
#[utoipa::path(
    get, path = "/api/v1/silences", tag = "alerts", params(SilenceParams),
    responses((status = 200, body = SilenceAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Query(params): Query<SilenceParams>,
) -> Result<Json<SilenceAnswer>, ApiError> {
    let now = state.now();
    let mut silences = match params
        .ended_since
        .as_deref()
        .filter(|text| !text.is_empty())
    {
        None => state.parts().desk.silences(),
        Some(text) => {
            let since = time::parse("ended_since", text, now)?;
            state.parts().alerts.silences(since.millis()).await?
        }
    };
    silences.sort_by_key(|silence| std::cmp::Reverse(silence.id));
    let item = |silence: &Silence| SilenceItem::new(silence, now.millis());
    Ok(Json(SilenceAnswer {
        items: silences.iter().map(item).collect(),
    }))
}

/// Hold back what would be sent about some alerts.
#[utoipa::path(
    post, path = "/api/v1/silences", tag = "alerts", request_body = SilenceRequest,
    responses((status = 201, body = SilenceItem), ChangeProblems)
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    actor: Actor,
    JsonBody(request): JsonBody<SilenceRequest>,
) -> Result<(StatusCode, Json<SilenceItem>), ApiError> {
    let now = state.now();
    let id = SilenceId::new(now.millis(), random());
    let silence = request.read(id, actor.name(), now)?;
    let item = SilenceItem::new(&silence, now.millis());
    let about = serde_json::to_value(&item).unwrap_or_default();
    audit::record(
        &state,
        &actor,
        "silences.create",
        format!("silence:{id}"),
        about,
    )
    .await?;
    state.parts().desk.silence(silence).await?;
    Ok((StatusCode::CREATED, Json(item)))
}

/// One silence.
#[utoipa::path(
    get, path = "/api/v1/silences/{id}", tag = "alerts",
    params(("id" = String, Path, description = "The id of the silence")),
    responses((status = 200, body = SilenceItem), ReadProblems)
)]
pub(crate) async fn silence(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Json<SilenceItem>, ApiError> {
    let silence = known(&state, &id).await?;
    Ok(Json(SilenceItem::new(&silence, state.now().millis())))
}

/// End a silence now. One that is over stays as it is.
#[utoipa::path(
    delete, path = "/api/v1/silences/{id}", tag = "alerts",
    params(("id" = String, Path, description = "The id of the silence")),
    responses((status = 200, body = SilenceItem), ChangeProblems)
)]
pub(crate) async fn expire(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<SilenceItem>, ApiError> {
    let mut silence = known(&state, &id).await?;
    let now_ms = state.now().millis();
    if SilenceItem::new(&silence, now_ms).state != "expired" {
        let subject = format!("silence:{}", silence.id);
        audit::record(&state, &actor, "silences.expire", subject, json!({})).await?;
        silence.expired_ms = Some(now_ms);
        state.parts().desk.silence(silence.clone()).await?;
    }
    Ok(Json(SilenceItem::new(&silence, now_ms)))
}

/// Say how many open alerts a silence with these matchers would hold.
#[utoipa::path(
    post, path = "/api/v1/silences/preview", tag = "alerts", request_body = PreviewRequest,
    responses((status = 200, body = PreviewAnswer), ReadProblems)
)]
pub(crate) async fn preview(
    State(state): State<ApiState>,
    JsonBody(request): JsonBody<PreviewRequest>,
) -> Result<Json<PreviewAnswer>, ApiError> {
    let filter = alerts::open(selective(&request.matchers)?);
    let store = &state.parts().alerts;
    let (mut count, mut examples, mut before) = (0, Vec::new(), None);
    for _ in 0..PREVIEW_PAGES_MAX {
        let mut page = store.alerts(&filter, before, PREVIEW_PAGE).await?;
        count += page.len();
        before = page.last().map(|alert| alert.id);
        let is_last = page.len() < PREVIEW_PAGE;
        page.truncate(PREVIEW_EXAMPLES - examples.len());
        examples.append(&mut page);
        if is_last {
            before = None;
            break;
        }
    }
    Ok(Json(PreviewAnswer {
        alerts: count,
        is_cut: before.is_some(),
        examples: alerts::items(&state, &examples),
    }))
}

async fn known(state: &ApiState, id: &str) -> Result<Silence, ApiError> {
    let id = SilenceId(uuid("id", id)?);
    let found = state.parts().alerts.silence(id).await?;
    found.ok_or_else(|| ApiError::not_found(format!("there is no silence `{id}`")))
}
