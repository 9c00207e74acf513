//! `/api/v1/classification-rules`: which failures are recognised, by what.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use tocsin_domain::Severity;
use tocsin_domain::classification::ClassificationRule;

use super::alert_rules::{refused, same_id, same_version, unknown};
use crate::audit;
use crate::errors::{ApiError, ErrorKind};
use crate::extract::{JsonBody, Path};
use crate::identity::Actor;
use crate::openapi::{ChangeProblems, ReadProblems};
use crate::state::ApiState;
use crate::wire::classification::{
    ClassificationRuleAnswer, ClassificationRuleForm, ClassifyAnswer, ClassifyRequest, VerdictItem,
};

type Answer = Result<Json<ClassificationRuleForm>, ApiError>;

/// All rules of the catalogue, by id.
#[utoipa::path(
    get, path = "/api/v1/classification-rules", tag = "rules",
    responses((status = 200, body = ClassificationRuleAnswer), ReadProblems)
)]
pub(crate) async fn list(State(state): State<ApiState>) -> Json<ClassificationRuleAnswer> {
    let items = state.parts().classifier.rules().into_iter();
    Json(ClassificationRuleAnswer {
        items: items.map(ClassificationRuleForm::from).collect(),
    })
}

/// Make a rule of the catalogue.
#[utoipa::path(
    post, path = "/api/v1/classification-rules", tag = "rules",
    request_body = ClassificationRuleForm,
    responses((status = 201, body = ClassificationRuleForm), ChangeProblems)
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    actor: Actor,
    JsonBody(form): JsonBody<ClassificationRuleForm>,
) -> Result<(StatusCode, Json<ClassificationRuleForm>), ApiError> {
    let rule = form.read(1)?;
    if known(&state, &rule.id).is_ok() {
        let detail = format!(
            "there is a rule `{}` already; put to it to change it",
            rule.id
        );
        return Err(ApiError::conflict(detail));
    }
    let made = put(&state, &actor, "classification_rules.create", rule).await?;
    Ok((StatusCode::CREATED, made))
}

/// One rule of the catalogue.
#[utoipa::path(
    get, path = "/api/v1/classification-rules/{id}", tag = "rules",
    params(("id" = String, Path, description = "The id of the rule")),
    responses((status = 200, body = ClassificationRuleForm), ReadProblems)
)]
pub(crate) async fn rule(State(state): State<ApiState>, Path(id): Path<String>) -> Answer {
    Ok(Json(known(&state, &id)?.into()))
}

/// Change a rule of the catalogue. If `version` is given and someone else was first, nothing
/// happens.
#[utoipa::path(
    put, path = "/api/v1/classification-rules/{id}", tag = "rules",
    request_body = ClassificationRuleForm,
    params(("id" = String, Path, description = "The id of the rule")),
    responses((status = 200, body = ClassificationRuleForm), ChangeProblems)
)]
pub(crate) async fn replace(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(mut form): JsonBody<ClassificationRuleForm>,
) -> Answer {
    let before = known(&state, &id)?;
    same_id(&id, &mut form.id)?;
    same_version(form.version, before.version)?;
    let rule = form.read(before.version)?;
    put(&state, &actor, "classification_rules.replace", rule).await
}

/// Drop a rule of the catalogue.
#[utoipa::path(
    delete, path = "/api/v1/classification-rules/{id}", tag = "rules",
    params(("id" = String, Path, description = "The id of the rule")),
    responses((status = 204, description = "It is gone"), ChangeProblems)
)]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let about = json!({ "version": known(&state, &id)?.version });
    let subject = format!("classification_rule:{id}");
    audit::record(
        &state,
        &actor,
        "classification_rules.delete",
        subject,
        about,
    )
    .await?;
    match state.parts().classifier.delete(&id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(&id)),
    }
}

/// Switch a rule of the catalogue on.
#[utoipa::path(
    post, path = "/api/v1/classification-rules/{id}/enable", tag = "rules",
    params(("id" = String, Path, description = "The id of the rule")),
    responses((status = 200, body = ClassificationRuleForm), ChangeProblems)
)]
pub(crate) async fn enable(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Answer {
    switch(&state, &actor, &id, true).await
}

/// Switch a rule of the catalogue off.
#[utoipa::path(
    post, path = "/api/v1/classification-rules/{id}/disable", tag = "rules",
    params(("id" = String, Path, description = "The id of the rule")),
    responses((status = 200, body = ClassificationRuleForm), ChangeProblems)
)]
pub(crate) async fn disable(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Answer {
    switch(&state, &actor, &id, false).await
}

/// Say which rules match a line, where, and what comes of it.
#[utoipa::path(
    post, path = "/api/v1/classification-rules/test", tag = "rules",
    request_body = ClassifyRequest,
    responses((status = 200, body = ClassifyAnswer), ReadProblems)
)]
pub(crate) async fn test(
    State(state): State<ApiState>,
    JsonBody(request): JsonBody<ClassifyRequest>,
) -> Result<Json<ClassifyAnswer>, ApiError> {
    let severity = match request.severity.as_deref().filter(|word| !word.is_empty()) {
        None => Severity::UNSPECIFIED,
        Some(word) => Severity::from_word(word).ok_or_else(|| {
            let expected = "trace, debug, info, warn, error or fatal";
            ApiError::field("severity", expected, format!("`{word}` is not a severity"))
        })?,
    };
    // The model is asked, too, and may be a server that hangs.
    let classifier = state.parts().classifier.clone();
    let answer = state.parts().tasks.spawn_blocking(move || {
        let (verdicts, classification) = classifier.test(&request.line, severity);
        let verdicts = verdicts.into_iter();
        ClassifyAnswer {
            rules: verdicts
                .map(|verdict| VerdictItem::new(verdict, &request.line))
                .collect(),
            classification: classification.map(Into::into),
        }
    });
    let failed = |_| ApiError::new(ErrorKind::Internal, "the line could not be judged");
    Ok(Json(answer.await.map_err(failed)?))
}

async fn switch(state: &ApiState, actor: &Actor, id: &str, is_enabled: bool) -> Answer {
    let rule = known(state, id)?;
    if rule.is_enabled == is_enabled {
        return Ok(Json(rule.into()));
    }
    let action = match is_enabled {
        true => "classification_rules.enable",
        false => "classification_rules.disable",
    };
    put(
        state,
        actor,
        action,
        ClassificationRule { is_enabled, ..rule },
    )
    .await
}

async fn put(state: &ApiState, actor: &Actor, action: &str, rule: ClassificationRule) -> Answer {
    let form = ClassificationRuleForm::from(rule.clone());
    let about = serde_json::to_value(form).unwrap_or_default();
    let subject = format!("classification_rule:{}", rule.id);
    audit::record(state, actor, action, subject, about).await?;
    let put = state.parts().classifier.put(rule).await;
    put.map(|rule| Json(rule.into())).map_err(refused)
}

fn known(state: &ApiState, id: &str) -> Result<ClassificationRule, ApiError> {
    let rules = state.parts().classifier.rules();
    rules
        .into_iter()
        .find(|rule| rule.id == id)
        .ok_or_else(|| unknown(id))
}
