//! `/api/v1/subscriptions`: who is told of which alerts.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use tocsin_domain::subscription::{Subscription, SubscriptionId};

use super::alert_rules::same_version;
use crate::audit;
use crate::errors::ApiError;
use crate::extract::{JsonBody, Path};
use crate::identity::Actor;
use crate::openapi::{ChangeProblems, ReadProblems};
use crate::state::{ApiState, random};
use crate::wire::alert_filter::uuid;
use crate::wire::subscriptions::{SubscriptionAnswer, SubscriptionForm};

/// The most subscriptions: each event is held against all of them.
const SUBSCRIPTIONS_MAX: usize = 1000;

type Answer = Result<Json<SubscriptionForm>, ApiError>;

/// All subscriptions, the oldest first. Secrets are not shown.
#[utoipa::path(
    get, path = "/api/v1/subscriptions", tag = "subscriptions",
    responses((status = 200, body = SubscriptionAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
) -> Result<Json<SubscriptionAnswer>, ApiError> {
    let all = state.parts().subscriptions.subscriptions().await?;
    let items = all.iter().map(SubscriptionForm::from).collect();
    Ok(Json(SubscriptionAnswer { items }))
}

/// Tell someone of some alerts from now on.
#[utoipa::path(
    post, path = "/api/v1/subscriptions", tag = "subscriptions", request_body = SubscriptionForm,
    responses((status = 201, body = SubscriptionForm), ChangeProblems)
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    actor: Actor,
    JsonBody(form): JsonBody<SubscriptionForm>,
) -> Result<(StatusCode, Json<SubscriptionForm>), ApiError> {
    let now_ms = state.now().millis();
    let id = SubscriptionId::new(now_ms, random());
    let made = form.read(id, None, now_ms)?;
    if state.parts().subscriptions.subscriptions().await?.len() >= SUBSCRIPTIONS_MAX {
        let detail = format!("there are {SUBSCRIPTIONS_MAX} subscriptions already");
        return Err(ApiError::conflict(detail));
    }
    let made = put(&state, &actor, "subscriptions.create", made).await?;
    Ok((StatusCode::CREATED, made))
}

/// One subscription.
#[utoipa::path(
    get, path = "/api/v1/subscriptions/{id}", tag = "subscriptions",
    params(("id" = String, Path, description = "The id of the subscription")),
    responses((status = 200, body = SubscriptionForm), ReadProblems)
)]
pub(crate) async fn subscription(State(state): State<ApiState>, Path(id): Path<String>) -> Answer {
    Ok(Json((&known(&state, &id).await?).into()))
}

/// Change a subscription. A secret that is left out stays as it is, unless it would go elsewhere
/// than before. If `version` is given and someone else was first, nothing happens.
#[utoipa::path(
    put, path = "/api/v1/subscriptions/{id}", tag = "subscriptions",
    request_body = SubscriptionForm,
    params(("id" = String, Path, description = "The id of the subscription")),
    responses((status = 200, body = SubscriptionForm), ChangeProblems)
)]
pub(crate) async fn replace(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(form): JsonBody<SubscriptionForm>,
) -> Answer {
    let before = known(&state, &id).await?;
    same_version(form.version, before.version)?;
    let changed = form.read(before.id, Some(&before), state.now().millis())?;
    put(&state, &actor, "subscriptions.replace", changed).await
}

/// Drop a subscription with its deliveries; what is pending is not sent any more.
#[utoipa::path(
    delete, path = "/api/v1/subscriptions/{id}", tag = "subscriptions",
    params(("id" = String, Path, description = "The id of the subscription")),
    responses((status = 204, description = "It is gone"), ChangeProblems)
)]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let before = known(&state, &id).await?;
    let about = json!({ "name": before.name, "version": before.version });
    let subject = format!("subscription:{}", before.id);
    audit::record(&state, &actor, "subscriptions.delete", subject, about).await?;
    let store = &state.parts().subscriptions;
    match store.delete_subscription(before.id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(&id)),
    }
}

/// Switch a subscription on: what happens from now on is told.
#[utoipa::path(
    post, path = "/api/v1/subscriptions/{id}/enable", tag = "subscriptions",
    params(("id" = String, Path, description = "The id of the subscription")),
    responses((status = 200, body = SubscriptionForm), ChangeProblems)
)]
pub(crate) async fn enable(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Answer {
    switch(&state, &actor, &id, true).await
}

/// Switch a subscription off: what is pending is let be.
#[utoipa::path(
    post, path = "/api/v1/subscriptions/{id}/disable", tag = "subscriptions",
    params(("id" = String, Path, description = "The id of the subscription")),
    responses((status = 200, body = SubscriptionForm), ChangeProblems)
)]
pub(crate) async fn disable(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Answer {
    switch(&state, &actor, &id, false).await
}

async fn switch(state: &ApiState, actor: &Actor, id: &str, is_enabled: bool) -> Answer {
    let before = known(state, id).await?;
    if before.is_enabled == is_enabled {
        return Ok(Json((&before).into()));
    }
    let action = match is_enabled {
        true => "subscriptions.enable",
        false => "subscriptions.disable",
    };
    let changed = Subscription {
        is_enabled,
        version: before.version.saturating_add(1),
        updated_ms: state.now().millis(),
        ..before
    };
    put(state, actor, action, changed).await
}

/// Checks and keeps a subscription. The audit log sees what everyone sees: no secret.
async fn put(state: &ApiState, actor: &Actor, action: &str, subscription: Subscription) -> Answer {
    state.parts().notifier.check(&subscription)?;
    let form = SubscriptionForm::from(&subscription);
    let about = serde_json::to_value(&form).unwrap_or_default();
    let subject = format!("subscription:{}", subscription.id);
    audit::record(state, actor, action, subject, about).await?;
    let store = &state.parts().subscriptions;
    store.put_subscription(subscription).await?;
    // What is pending may be due now, or be needless.
    state.parts().notifier.wake();
    Ok(Json(form))
}

/// The subscription with an id.
pub(crate) async fn known(state: &ApiState, id: &str) -> Result<Subscription, ApiError> {
    let parsed = SubscriptionId(uuid("id", id)?);
    let found = state.parts().subscriptions.subscription(parsed).await?;
    found.ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> ApiError {
    let shown: String = id.chars().take(100).collect();
    ApiError::not_found(format!("there is no subscription `{shown}`"))
}
