//! Reports of causes, of alerts and of incidents.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use tocsin_domain::alert::{AlertId, IncidentId};
use tocsin_domain::copilot::{RootCauseId, RootCauseSubject};

use super::{alerts, incidents};
use crate::audit;
use crate::errors::ApiError;
use crate::extract::{JsonBody, Path};
use crate::identity::Actor;
use crate::openapi::{ChangeProblems, ReadProblems};
use crate::state::ApiState;
use crate::wire::alert_filter::uuid;
use crate::wire::facts::all;
use crate::wire::root_cause::{ConfirmRequest, RootCauseAnswer, RootCauseItem};

/// The most revisions that are shown.
const REVISIONS_MAX: usize = 100;

/// Why an alert fired: the newest report, made now if there is none.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}/explain", tag = "copilot",
    params(("id" = String, Path, description = "The id of the alert")),
    responses((status = 200, body = RootCauseItem), ReadProblems)
)]
pub(crate) async fn explain(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<RootCauseItem>, ApiError> {
    let subject = alert(&state, &id).await?;
    let known = state.parts().root_causes.root_causes(subject, 1).await?;
    match known.first() {
        Some(report) => Ok(Json(report.into())),
        None => make(&state, &actor, subject).await,
    }
}

/// The reports of an alert's cause, newest first.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}/root-cause", tag = "copilot",
    params(("id" = String, Path, description = "The id of the alert")),
    responses((status = 200, body = RootCauseAnswer), ReadProblems)
)]
pub(crate) async fn of_alert(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Json<RootCauseAnswer>, ApiError> {
    let subject = alert(&state, &id).await?;
    list(&state, subject).await
}

/// Look for the cause of an alert now. The report is a revision of its own if it differs from the
/// last one.
#[utoipa::path(
    post, path = "/api/v1/alerts/{id}/root-cause", tag = "copilot",
    params(("id" = String, Path, description = "The id of the alert")),
    responses((status = 200, body = RootCauseItem), ReadProblems)
)]
pub(crate) async fn find_of_alert(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<RootCauseItem>, ApiError> {
    let subject = alert(&state, &id).await?;
    make(&state, &actor, subject).await
}

/// The reports of an incident's cause, newest first.
#[utoipa::path(
    get, path = "/api/v1/incidents/{id}/root-cause", tag = "copilot",
    params(("id" = String, Path, description = "The id of the incident")),
    responses((status = 200, body = RootCauseAnswer), ReadProblems)
)]
pub(crate) async fn of_incident(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Json<RootCauseAnswer>, ApiError> {
    let subject = incident(&state, &id).await?;
    list(&state, subject).await
}

/// Look for the cause of an incident now. The report is a revision of its own if it differs from the
/// last one.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/root-cause", tag = "copilot",
    params(("id" = String, Path, description = "The id of the incident")),
    responses((status = 200, body = RootCauseItem), ReadProblems)
)]
pub(crate) async fn find_of_incident(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<RootCauseItem>, ApiError> {
    let subject = incident(&state, &id).await?;
    make(&state, &actor, subject).await
}

/// Say which entity was the cause, or take that back. Later reports count it as history.
#[utoipa::path(
    post, path = "/api/v1/root-causes/{id}/confirm", tag = "copilot",
    request_body = ConfirmRequest,
    params(("id" = String, Path, description = "The id of the revision")),
    responses((status = 204, description = "It is noted"), ChangeProblems)
)]
pub(crate) async fn confirm(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<ConfirmRequest>,
) -> Result<StatusCode, ApiError> {
    let id = RootCauseId(uuid("id", &id)?);
    let entity = request.read()?;
    let (subject, about) = (format!("root-cause:{id}"), json!({ "entity": entity }));
    audit::record(&state, &actor, "root_causes.confirm", subject, about).await?;
    let (store, now_ms) = (&state.parts().root_causes, state.now().millis());
    match store.confirm_root_cause(id, entity, now_ms).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found(format!("there is no report `{id}`"))),
    }
}

async fn list(
    state: &ApiState,
    subject: RootCauseSubject,
) -> Result<Json<RootCauseAnswer>, ApiError> {
    let store = &state.parts().root_causes;
    let found = store.root_causes(subject, REVISIONS_MAX).await?;
    Ok(Json(RootCauseAnswer { items: all(&found) }))
}

async fn make(
    state: &ApiState,
    actor: &Actor,
    subject: RootCauseSubject,
) -> Result<Json<RootCauseItem>, ApiError> {
    let copilot = &state.parts().copilot;
    let report = copilot.find_root_cause(subject, actor.name()).await?;
    let report = report.ok_or_else(|| match subject {
        RootCauseSubject::Alert(id) => alerts::unknown(id),
        RootCauseSubject::Incident(id) => incidents::unknown(id),
    })?;
    Ok(Json((&report).into()))
}

async fn alert(state: &ApiState, id: &str) -> Result<RootCauseSubject, ApiError> {
    let id = AlertId(uuid("id", id)?);
    match state.parts().alerts.alert(id).await? {
        Some(_) => Ok(RootCauseSubject::Alert(id)),
        None => Err(alerts::unknown(id)),
    }
}

async fn incident(state: &ApiState, id: &str) -> Result<RootCauseSubject, ApiError> {
    let id = IncidentId(uuid("id", id)?);
    match state.parts().alerts.incident(id).await? {
        Some(_) => Ok(RootCauseSubject::Incident(id)),
        None => Err(incidents::unknown(id)),
    }
}
