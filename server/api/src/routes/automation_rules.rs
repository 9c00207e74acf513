//! `/api/v1/automation/rules`: for which alerts what is proposed.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use tocsin_domain::alert::AlertId;
use tocsin_domain::automation::AutomationRule;
use tocsin_domain::ports::{RuleAtWork, StoreError};

use super::automation_runs::done;
use crate::errors::ApiError;
use crate::extract::{JsonBody, Path, RuleText};
use crate::identity::Actor;
use crate::openapi::{ChangeProblems, ReadProblems};
use crate::state::ApiState;
use crate::wire::alert_filter::uuid;
use crate::wire::automation_rules::{
    AutomationReplayAnswer, AutomationReplayRequest, AutomationRuleAnswer, AutomationRuleItem,
    AutomationRulePatch, AutomationTestAnswer, AutomationTestRequest, ProposeRequest,
    RuleVersionAnswer, RuleVersionItem,
};
use crate::wire::automation_runs::RunItem;

type Answer = Result<Json<AutomationRuleItem>, ApiError>;

/// All rules of automation, by id.
#[utoipa::path(
    get, path = "/api/v1/automation/rules", tag = "automation",
    responses((status = 200, body = AutomationRuleAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
) -> Result<Json<AutomationRuleAnswer>, ApiError> {
    let rules = state.parts().automation.rules().await?;
    let items = rules.iter().map(|rule| item(&state, rule)).collect();
    Ok(Json(AutomationRuleAnswer { items }))
}

/// One rule.
#[utoipa::path(
    get, path = "/api/v1/automation/rules/{id}", tag = "automation",
    params(("id" = String, Path, description = "The id of the rule")),
    responses((status = 200, body = AutomationRuleItem), ReadProblems)
)]
pub(crate) async fn rule(State(state): State<ApiState>, Path(id): Path<String>) -> Answer {
    Ok(Json(item(&state, &known(&state, &id).await?)))
}

/// Make a rule, or change one. The body is the rule as people write it (`rules/automations.yml`), in
/// YAML or JSON; what is wrong is said with its line and field. What an older version proposed and
/// has not begun is void.
#[utoipa::path(
    put, path = "/api/v1/automation/rules/{id}", tag = "automation",
    request_body(content = String, content_type = "application/yaml"),
    params(("id" = String, Path, description = "The id of the rule")),
    responses((status = 200, body = AutomationRuleItem), ChangeProblems)
)]
pub(crate) async fn replace(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    RuleText(text): RuleText,
) -> Answer {
    let rule = read(&state, &text, Some(&id))?;
    if rule.id != id {
        let shown: String = rule.id.chars().take(100).collect();
        let detail = format!("the rule says that it is `{shown}`");
        return Err(ApiError::field("id", &format!("`{id}`, or none"), detail));
    }
    put(&state, rule, &actor).await
}

/// Switch a rule on or off, make it a dry run, or change its cooldown.
#[utoipa::path(
    patch, path = "/api/v1/automation/rules/{id}", tag = "automation",
    request_body = AutomationRulePatch,
    params(("id" = String, Path, description = "The id of the rule")),
    responses((status = 200, body = AutomationRuleItem), ChangeProblems)
)]
pub(crate) async fn change(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(patch): JsonBody<AutomationRulePatch>,
) -> Answer {
    let before = known(&state, &id).await?;
    let rule = patch.of(&before.rule)?;
    if rule == before.rule {
        return Ok(Json(item(&state, &before)));
    }
    put(&state, rule, &actor).await
}

/// Delete a rule. What it proposed and has not begun is void.
#[utoipa::path(
    delete, path = "/api/v1/automation/rules/{id}", tag = "automation",
    params(("id" = String, Path, description = "The id of the rule")),
    responses((status = 204, description = "It is gone"), ChangeProblems)
)]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let desk = &state.parts().automation;
    match desk.delete_rule(&id, actor.name()).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(&id)),
    }
}

/// What people made of a rule, newest first.
#[utoipa::path(
    get, path = "/api/v1/automation/rules/{id}/versions", tag = "automation",
    params(("id" = String, Path, description = "The id of the rule")),
    responses((status = 200, body = RuleVersionAnswer), ReadProblems)
)]
pub(crate) async fn versions(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Json<RuleVersionAnswer>, ApiError> {
    let desk = &state.parts().automation;
    let versions = desk.rule_versions(&id).await?;
    if versions.is_empty() {
        // One that nobody changed has none; one that never was is not known.
        known(&state, &id).await?;
    }
    let version = |(version, rule): (u32, Option<AutomationRule>)| RuleVersionItem {
        version,
        yaml: rule.map(|rule| desk.write_rule(&rule)),
    };
    Ok(Json(RuleVersionAnswer {
        items: versions.into_iter().map(version).collect(),
    }))
}

/// Say what a rule, as it is or as it might be, makes of an alert. Nothing is done.
#[utoipa::path(
    post, path = "/api/v1/automation/rules/test", tag = "automation",
    request_body = AutomationTestRequest,
    responses((status = 200, body = AutomationTestAnswer), ChangeProblems)
)]
pub(crate) async fn test(
    State(state): State<ApiState>,
    JsonBody(request): JsonBody<AutomationTestRequest>,
) -> Result<Json<AutomationTestAnswer>, ApiError> {
    let alert = AlertId(uuid("alert", &request.alert)?);
    let rule = wanted(&state, request.rule, request.yaml).await?;
    let test = state.parts().automation.test_rule(rule, alert).await?;
    let test = test.ok_or_else(|| ApiError::not_found(format!("there is no alert `{alert}`")))?;
    Ok(Json(test.into()))
}

/// Say what a rule, as it is or as it might be, would have done about the alerts there were. Nothing
/// is done.
#[utoipa::path(
    post, path = "/api/v1/automation/rules/replay", tag = "automation",
    request_body = AutomationReplayRequest,
    responses((status = 200, body = AutomationReplayAnswer), ChangeProblems)
)]
pub(crate) async fn replay(
    State(state): State<ApiState>,
    JsonBody(request): JsonBody<AutomationReplayRequest>,
) -> Result<Json<AutomationReplayAnswer>, ApiError> {
    let range_ms = request.range_ms(state.now())?;
    let rule = wanted(&state, request.rule, request.yaml).await?;
    let replay = state.parts().automation.replay(rule, range_ms).await?;
    Ok(Json(replay.into()))
}

/// Propose what a rule says for an alert, whether it matches or not. It is planned, and people agree,
/// as if the rule had proposed it by itself.
#[utoipa::path(
    post, path = "/api/v1/automation/rules/{id}/propose", tag = "automation",
    request_body = ProposeRequest,
    params(("id" = String, Path, description = "The id of the rule")),
    responses((status = 201, body = RunItem), ChangeProblems)
)]
pub(crate) async fn propose(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<ProposeRequest>,
) -> Result<(StatusCode, Json<RunItem>), ApiError> {
    let alert = AlertId(uuid("alert", &request.alert)?);
    let desk = &state.parts().automation;
    let run = done(desk.propose(&id, alert, actor.name()).await?)?;
    Ok((StatusCode::CREATED, run))
}

fn item(state: &ApiState, rule: &RuleAtWork) -> AutomationRuleItem {
    AutomationRuleItem::new(rule, state.parts().automation.write_rule(&rule.rule))
}

async fn put(state: &ApiState, rule: AutomationRule, actor: &Actor) -> Answer {
    let desk = &state.parts().automation;
    let put = desk.put_rule(rule, actor.name()).await;
    let rule = put.map_err(wrong)?;
    Ok(Json(item(state, &known(state, &rule.id).await?)))
}

async fn known(state: &ApiState, id: &str) -> Result<RuleAtWork, ApiError> {
    let found = state.parts().automation.rule(id).await?;
    found.ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> ApiError {
    let shown: String = id.chars().take(100).collect();
    ApiError::not_found(format!("there is no rule `{shown}`"))
}

/// The rule of an id, or of a text.
async fn wanted(
    state: &ApiState,
    id: Option<String>,
    yaml: Option<String>,
) -> Result<AutomationRule, ApiError> {
    match (id, yaml) {
        (Some(id), None) => Ok(known(state, &id).await?.rule),
        (None, Some(text)) => read(state, &text, None),
        _ => Err(ApiError::field(
            "rule",
            "the id of a rule, or else its text in `yaml`",
            "expected one of `rule` and `yaml`",
        )),
    }
}

fn read(state: &ApiState, text: &str, id: Option<&str>) -> Result<AutomationRule, ApiError> {
    state.parts().automation.read_rule(text, id).map_err(wrong)
}

/// What is wrong with a rule: its text says where.
fn wrong(error: StoreError) -> ApiError {
    match error {
        StoreError::Invalid(detail) => {
            ApiError::field("yaml", "a rule as in `rules/automations.yml`", detail)
        }
        error => error.into(),
    }
}
