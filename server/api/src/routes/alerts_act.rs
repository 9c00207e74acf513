//! `POST /api/v1/alerts/{id}/…`: what people do with alerts.

use axum::Json;
use axum::extract::State;
use serde_json::json;
use tocsin_domain::alert::{AlertAction, AlertId};
use tocsin_domain::ports::Acted;

use super::alerts::{item, unknown};
use crate::audit;
use crate::errors::ApiError;
use crate::extract::{JsonBody, Path};
use crate::identity::Actor;
use crate::openapi::ChangeProblems;
use crate::state::ApiState;
use crate::wire::alert_actions::{
    self, AssignRequest, BulkAnswer, BulkItem, BulkRequest, CommentRequest, EscalateRequest,
    SnoozeRequest,
};
use crate::wire::alert_filter::uuid;
use crate::wire::alerts::AlertItem;

/// The most alerts of one request.
pub(crate) const BULK_MAX: usize = 1000;

type Answer = Result<Json<AlertItem>, ApiError>;

/// Say that an alert was seen. It holds until the alert clears; it is new again if it returns.
#[utoipa::path(
    post, path = "/api/v1/alerts/{id}/acknowledge", tag = "alerts",
    params(("id" = String, Path, description = "The id of the alert")),
    responses((status = 200, body = AlertItem), ChangeProblems)
)]
pub(crate) async fn acknowledge(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Answer {
    act(&state, &actor, &id, AlertAction::Acknowledge).await
}

/// Say that someone works on an alert.
#[utoipa::path(
    post, path = "/api/v1/alerts/{id}/start", tag = "alerts",
    params(("id" = String, Path, description = "The id of the alert")),
    responses((status = 200, body = AlertItem), ChangeProblems)
)]
pub(crate) async fn start(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Answer {
    act(&state, &actor, &id, AlertAction::Start).await
}

/// Give an alert to someone, or to nobody.
#[utoipa::path(
    post, path = "/api/v1/alerts/{id}/assign", tag = "alerts", request_body = AssignRequest,
    params(("id" = String, Path, description = "The id of the alert")),
    responses((status = 200, body = AlertItem), ChangeProblems)
)]
pub(crate) async fn assign(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<AssignRequest>,
) -> Answer {
    let action = alert_actions::assign(request.assignee.as_deref())?;
    act(&state, &actor, &id, action).await
}

/// Put an alert off until a time, or no longer.
#[utoipa::path(
    post, path = "/api/v1/alerts/{id}/snooze", tag = "alerts", request_body = SnoozeRequest,
    params(("id" = String, Path, description = "The id of the alert")),
    responses((status = 200, body = AlertItem), ChangeProblems)
)]
pub(crate) async fn snooze(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<SnoozeRequest>,
) -> Answer {
    let action = alert_actions::snooze(request.until.as_deref(), state.now())?;
    act(&state, &actor, &id, action).await
}

/// Make an alert more, or less, severe.
#[utoipa::path(
    post, path = "/api/v1/alerts/{id}/escalate", tag = "alerts", request_body = EscalateRequest,
    params(("id" = String, Path, description = "The id of the alert")),
    responses((status = 200, body = AlertItem), ChangeProblems)
)]
pub(crate) async fn escalate(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<EscalateRequest>,
) -> Answer {
    let action = alert_actions::escalate(&request.severity)?;
    act(&state, &actor, &id, action).await
}

/// Say that an alert is done.
#[utoipa::path(
    post, path = "/api/v1/alerts/{id}/resolve", tag = "alerts",
    params(("id" = String, Path, description = "The id of the alert")),
    responses((status = 200, body = AlertItem), ChangeProblems)
)]
pub(crate) async fn resolve(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Answer {
    act(&state, &actor, &id, AlertAction::Resolve).await
}

/// Write something about an alert.
#[utoipa::path(
    post, path = "/api/v1/alerts/{id}/comment", tag = "alerts", request_body = CommentRequest,
    params(("id" = String, Path, description = "The id of the alert")),
    responses((status = 200, body = AlertItem), ChangeProblems)
)]
pub(crate) async fn comment(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<CommentRequest>,
) -> Answer {
    let action = alert_actions::comment(&request.text)?;
    act(&state, &actor, &id, action).await
}

async fn act(state: &ApiState, actor: &Actor, id: &str, action: AlertAction) -> Answer {
    let id = AlertId(uuid("id", id)?);
    let parts = state.parts();
    // Only what can happen is audited.
    if parts.alerts.alert(id).await?.is_none() {
        return Err(unknown(id));
    }
    let name = format!("alerts.{}", action.name());
    audit::record(state, actor, &name, format!("alert:{id}"), details(&action)).await?;
    let acted = parts
        .desk
        .act(vec![id], action, actor.name().to_owned())
        .await?;
    match acted.into_iter().next().map(|(_, acted)| acted) {
        Some(Acted::Done(alert)) => Ok(Json(item(state, &alert))),
        Some(Acted::Refused(detail)) => Err(ApiError::conflict(detail)),
        Some(Acted::Unknown) | None => Err(unknown(id)),
    }
}

/// The same on many alerts. One that cannot be does not keep the others from it.
#[utoipa::path(
    post, path = "/api/v1/alerts/bulk", tag = "alerts", request_body = BulkRequest,
    responses((status = 200, body = BulkAnswer), ChangeProblems)
)]
pub(crate) async fn bulk(
    State(state): State<ApiState>,
    actor: Actor,
    JsonBody(request): JsonBody<BulkRequest>,
) -> Result<Json<BulkAnswer>, ApiError> {
    if !(1..=BULK_MAX).contains(&request.ids.len()) {
        let detail = format!("{} ids were given", request.ids.len());
        return Err(ApiError::field("ids", "1 to 1000 ids", detail));
    }
    let action = request.read(state.now())?;
    let known: Vec<Option<AlertId>> = request
        .ids
        .iter()
        .map(|id| uuid("ids", id).ok())
        .map(|id| id.map(AlertId))
        .collect();
    let mut ids: Vec<AlertId> = known.iter().flatten().copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let mut about = details(&action);
    about["ids"] = ids.iter().map(ToString::to_string).collect();
    let name = format!("alerts.{}", action.name());
    audit::record(
        &state,
        &actor,
        &name,
        format!("alerts:{}", ids.len()),
        about,
    )
    .await?;
    let desk = &state.parts().desk;
    let acted: std::collections::HashMap<_, _> = match ids.is_empty() {
        true => std::collections::HashMap::new(),
        false => desk
            .act(ids, action, actor.name().to_owned())
            .await?
            .into_iter()
            .collect(),
    };
    let (silences, now_ms) = (desk.silences(), state.now().millis());
    let result = |(id, known): (String, Option<AlertId>)| {
        let (result, detail, alert) = match known.map(|id| acted.get(&id)) {
            None => ("invalid", Some("expected a UUID".to_owned()), None),
            Some(None | Some(Acted::Unknown)) => {
                ("unknown", Some("there is no such alert".to_owned()), None)
            }
            Some(Some(Acted::Refused(why))) => ("refused", Some(why.clone()), None),
            Some(Some(Acted::Done(alert))) => {
                ("done", None, Some(AlertItem::new(alert, &silences, now_ms)))
            }
        };
        BulkItem {
            id,
            result,
            detail,
            alert,
        }
    };
    let items: Vec<BulkItem> = request.ids.into_iter().zip(known).map(result).collect();
    let done = items.iter().filter(|item| item.result == "done").count();
    Ok(Json(BulkAnswer { items, done }))
}

/// What the audit log says beside the action's name.
fn details(action: &AlertAction) -> serde_json::Value {
    match action {
        AlertAction::Acknowledge | AlertAction::Start | AlertAction::Resolve => json!({}),
        AlertAction::Assign(assignee) => json!({ "assignee": assignee }),
        AlertAction::Snooze(until_ms) => json!({ "until": until_ms.map(crate::wire::series::at) }),
        AlertAction::Escalate(severity) => json!({ "severity": severity.name() }),
        AlertAction::Comment(text) => json!({ "characters": text.chars().count() }),
    }
}
