//! `POST /api/v1/incidents/{id}/…`: what people do with incidents.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use tocsin_domain::alert::{AlertId, IncidentId, IncidentStatus};
use tocsin_domain::ports::IncidentAction;

use super::alerts_act::BULK_MAX;
use super::incidents::unknown;
use crate::audit;
use crate::errors::ApiError;
use crate::extract::{JsonBody, Path};
use crate::identity::Actor;
use crate::openapi::ChangeProblems;
use crate::state::ApiState;
use crate::wire::alert_filter::uuid;
use crate::wire::incidents::{
    AlertIdsRequest, IncidentItem, MergeRequest, PinRequest, TitleRequest,
};

/// The most characters of a title.
const TITLE_MAX: usize = 200;

type Answer = Result<Json<IncidentItem>, ApiError>;

/// Say that someone works on an incident; its alerts follow.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/acknowledge", tag = "alerts",
    params(("id" = String, Path, description = "The id of the incident")),
    responses((status = 200, body = IncidentItem), ChangeProblems)
)]
pub(crate) async fn acknowledge(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Answer {
    set(
        &state,
        &actor,
        &id,
        "acknowledge",
        IncidentStatus::Acknowledged,
    )
    .await
}

/// Say that an incident is done; its alerts follow.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/resolve", tag = "alerts",
    params(("id" = String, Path, description = "The id of the incident")),
    responses((status = 200, body = IncidentItem), ChangeProblems)
)]
pub(crate) async fn resolve(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Answer {
    set(&state, &actor, &id, "resolve", IncidentStatus::Resolved).await
}

/// Say that an incident is not done after all.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/reopen", tag = "alerts",
    params(("id" = String, Path, description = "The id of the incident")),
    responses((status = 200, body = IncidentItem), ChangeProblems)
)]
pub(crate) async fn reopen(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Answer {
    set(&state, &actor, &id, "reopen", IncidentStatus::Open).await
}

async fn set(
    state: &ApiState,
    actor: &Actor,
    id: &str,
    name: &str,
    status: IncidentStatus,
) -> Answer {
    act(
        state,
        actor,
        id,
        (name, json!({})),
        IncidentAction::SetStatus(status),
    )
    .await
}

/// Say that another incident is the same: its alerts come here.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/merge", tag = "alerts", request_body = MergeRequest,
    params(("id" = String, Path, description = "The id of the incident that stays")),
    responses((status = 200, body = IncidentItem), ChangeProblems)
)]
pub(crate) async fn merge(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<MergeRequest>,
) -> Answer {
    let other = IncidentId(uuid("incident", &request.incident)?);
    if state.parts().alerts.incident(other).await?.is_none() {
        let detail = format!("there is no incident `{other}`");
        return Err(ApiError::field("incident", "the id of an incident", detail));
    }
    if uuid("id", &id)? == other.0 {
        let detail = "an incident cannot be merged with itself";
        return Err(ApiError::field(
            "incident",
            "the id of another incident",
            detail,
        ));
    }
    let about = ("merge", json!({ "incident": other.to_string() }));
    act(&state, &actor, &id, about, IncidentAction::Merge(other)).await
}

/// Take alerts out: they become an incident of their own. The answer is the incident that they left,
/// unless the server says otherwise.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/split", tag = "alerts", request_body = AlertIdsRequest,
    params(("id" = String, Path, description = "The id of the incident")),
    responses((status = 200, body = IncidentItem), ChangeProblems)
)]
pub(crate) async fn split(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<AlertIdsRequest>,
) -> Answer {
    let (ids, about) = alert_ids(&request)?;
    act(
        &state,
        &actor,
        &id,
        ("split", about),
        IncidentAction::Split(ids),
    )
    .await
}

/// Put alerts in; nothing takes them out again by itself.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/add", tag = "alerts", request_body = AlertIdsRequest,
    params(("id" = String, Path, description = "The id of the incident")),
    responses((status = 200, body = IncidentItem), ChangeProblems)
)]
pub(crate) async fn add(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<AlertIdsRequest>,
) -> Answer {
    let (ids, about) = alert_ids(&request)?;
    act(
        &state,
        &actor,
        &id,
        ("add", about),
        IncidentAction::Add(ids),
    )
    .await
}

/// Say that people alone decide what belongs to an incident, or no longer.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/pin", tag = "alerts", request_body = PinRequest,
    params(("id" = String, Path, description = "The id of the incident")),
    responses((status = 200, body = IncidentItem), ChangeProblems)
)]
pub(crate) async fn pin(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<PinRequest>,
) -> Answer {
    let about = ("pin", json!({ "pinned": request.pinned }));
    act(
        &state,
        &actor,
        &id,
        about,
        IncidentAction::Pin(request.pinned),
    )
    .await
}

/// Give an incident another title.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/title", tag = "alerts", request_body = TitleRequest,
    params(("id" = String, Path, description = "The id of the incident")),
    responses((status = 200, body = IncidentItem), ChangeProblems)
)]
pub(crate) async fn title(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<TitleRequest>,
) -> Answer {
    let title = request.title.trim().to_owned();
    if !(1..=TITLE_MAX).contains(&title.chars().count()) {
        let expected = format!("1 to {TITLE_MAX} characters");
        return Err(ApiError::field(
            "title",
            &expected,
            "the title is empty or too long",
        ));
    }
    let about = ("title", json!({ "title": title }));
    act(&state, &actor, &id, about, IncidentAction::Retitle(title)).await
}

fn alert_ids(request: &AlertIdsRequest) -> Result<(Vec<AlertId>, Value), ApiError> {
    if !(1..=BULK_MAX).contains(&request.alerts.len()) {
        let detail = format!("{} ids were given", request.alerts.len());
        return Err(ApiError::field("alerts", "1 to 1000 ids", detail));
    }
    let ids = request
        .alerts
        .iter()
        .map(|id| uuid("alerts", id).map(AlertId));
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    let shown: Vec<String> = ids.iter().map(ToString::to_string).collect();
    Ok((ids, json!({ "alerts": shown })))
}

async fn act(
    state: &ApiState,
    actor: &Actor,
    id: &str,
    (name, details): (&str, Value),
    action: IncidentAction,
) -> Answer {
    let id = IncidentId(uuid("id", id)?);
    let parts = state.parts();
    // Only what can happen is audited.
    if parts.alerts.incident(id).await?.is_none() {
        return Err(unknown(id));
    }
    let name = format!("incidents.{name}");
    audit::record(state, actor, &name, format!("incident:{id}"), details).await?;
    let acted = parts
        .desk
        .act_on_incident(id, action, actor.name().to_owned())
        .await?;
    acted
        .map(|incident| Json(incident.into()))
        .ok_or_else(|| unknown(id))
}
