//! `/api/v1/alert-rules`: what is to be told, when.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use tocsin_domain::alert::AlertRule;
use tocsin_domain::ports::StoreError;

use crate::audit;
use crate::errors::ApiError;
use crate::extract::{JsonBody, Path};
use crate::identity::Actor;
use crate::openapi::{ChangeProblems, ReadProblems};
use crate::state::ApiState;
use crate::wire::alert_rules::{AlertRuleAnswer, AlertRuleForm, invalid};

type Answer = Result<Json<AlertRuleForm>, ApiError>;

/// All alert rules, by id.
#[utoipa::path(
    get, path = "/api/v1/alert-rules", tag = "rules",
    responses((status = 200, body = AlertRuleAnswer), ReadProblems)
)]
pub(crate) async fn list(State(state): State<ApiState>) -> Json<AlertRuleAnswer> {
    let items = state.parts().rules.rules().into_iter();
    Json(AlertRuleAnswer {
        items: items.map(AlertRuleForm::from).collect(),
    })
}

/// Make a rule; it is looked at from the next event on.
#[utoipa::path(
    post, path = "/api/v1/alert-rules", tag = "rules", request_body = AlertRuleForm,
    responses((status = 201, body = AlertRuleForm), ChangeProblems)
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    actor: Actor,
    JsonBody(form): JsonBody<AlertRuleForm>,
) -> Result<(StatusCode, Json<AlertRuleForm>), ApiError> {
    let rule = form.read(1)?;
    if known(&state, &rule.id).is_ok() {
        let detail = format!(
            "there is a rule `{}` already; put to it to change it",
            rule.id
        );
        return Err(ApiError::conflict(detail));
    }
    let made = put(&state, &actor, "alert_rules.create", rule).await?;
    Ok((StatusCode::CREATED, made))
}

/// One alert rule.
#[utoipa::path(
    get, path = "/api/v1/alert-rules/{id}", tag = "rules",
    params(("id" = String, Path, description = "The id of the rule")),
    responses((status = 200, body = AlertRuleForm), ReadProblems)
)]
pub(crate) async fn rule(State(state): State<ApiState>, Path(id): Path<String>) -> Answer {
    Ok(Json(known(&state, &id)?.into()))
}

/// Change a rule. If `version` is given and someone else was first, nothing happens.
#[utoipa::path(
    put, path = "/api/v1/alert-rules/{id}", tag = "rules", request_body = AlertRuleForm,
    params(("id" = String, Path, description = "The id of the rule")),
    responses((status = 200, body = AlertRuleForm), ChangeProblems)
)]
pub(crate) async fn replace(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(mut form): JsonBody<AlertRuleForm>,
) -> Answer {
    let before = known(&state, &id)?;
    same_id(&id, &mut form.id)?;
    same_version(form.version, before.version)?;
    put(
        &state,
        &actor,
        "alert_rules.replace",
        form.read(before.version)?,
    )
    .await
}

/// Drop a rule. What it told stays.
#[utoipa::path(
    delete, path = "/api/v1/alert-rules/{id}", tag = "rules",
    params(("id" = String, Path, description = "The id of the rule")),
    responses((status = 204, description = "It is gone"), ChangeProblems)
)]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let rule = known(&state, &id)?;
    let about = json!({ "version": rule.version });
    audit::record(
        &state,
        &actor,
        "alert_rules.delete",
        format!("alert_rule:{id}"),
        about,
    )
    .await?;
    match state.parts().rules.delete(&id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(&id)),
    }
}

/// Switch a rule on.
#[utoipa::path(
    post, path = "/api/v1/alert-rules/{id}/enable", tag = "rules",
    params(("id" = String, Path, description = "The id of the rule")),
    responses((status = 200, body = AlertRuleForm), ChangeProblems)
)]
pub(crate) async fn enable(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Answer {
    switch(&state, &actor, &id, true).await
}

/// Switch a rule off.
#[utoipa::path(
    post, path = "/api/v1/alert-rules/{id}/disable", tag = "rules",
    params(("id" = String, Path, description = "The id of the rule")),
    responses((status = 200, body = AlertRuleForm), ChangeProblems)
)]
pub(crate) async fn disable(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Answer {
    switch(&state, &actor, &id, false).await
}

async fn switch(state: &ApiState, actor: &Actor, id: &str, is_enabled: bool) -> Answer {
    let rule = known(state, id)?;
    if rule.is_enabled == is_enabled {
        return Ok(Json(rule.into()));
    }
    let action = match is_enabled {
        true => "alert_rules.enable",
        false => "alert_rules.disable",
    };
    put(state, actor, action, AlertRule { is_enabled, ..rule }).await
}

async fn put(state: &ApiState, actor: &Actor, action: &str, rule: AlertRule) -> Answer {
    let about = serde_json::to_value(AlertRuleForm::from(rule.clone())).unwrap_or_default();
    audit::record(
        state,
        actor,
        action,
        format!("alert_rule:{}", rule.id),
        about,
    )
    .await?;
    let put = state.parts().rules.put(rule).await;
    put.map(|rule| Json(rule.into())).map_err(refused)
}

/// A rule that cannot be, by its field; else what went wrong.
pub(crate) fn refused(error: StoreError) -> ApiError {
    match error {
        StoreError::Invalid(detail) => invalid(&detail),
        other => other.into(),
    }
}

/// The rule with an id.
pub(crate) fn known(state: &ApiState, id: &str) -> Result<AlertRule, ApiError> {
    let rules = state.parts().rules.rules();
    rules
        .into_iter()
        .find(|rule| rule.id == id)
        .ok_or_else(|| unknown(id))
}

pub(crate) fn unknown(id: &str) -> ApiError {
    let shown: String = id.chars().take(100).collect();
    ApiError::not_found(format!("there is no rule `{shown}`"))
}

/// The id in the path holds; another one in the body is a mistake.
pub(crate) fn same_id(path: &str, body: &mut String) -> Result<(), ApiError> {
    if body.is_empty() {
        path.clone_into(body);
    }
    if body == path {
        return Ok(());
    }
    let detail = format!("the body is of `{body}`, the path of `{path}`");
    Err(ApiError::field("id", "the id in the path", detail))
}

/// A version that is given must be the one that is replaced.
pub(crate) fn same_version(given: Option<u32>, current: u32) -> Result<(), ApiError> {
    match given {
        Some(version) if version != current => Err(ApiError::conflict(format!(
            "version {version} was changed meanwhile; the rule is at version {current}"
        ))),
        _ => Ok(()),
    }
}
