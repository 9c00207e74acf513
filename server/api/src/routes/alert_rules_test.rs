//! Alert rules on the past, and why they fired or did not.

use axum::Json;
use axum::extract::State;
use tocsin_domain::alert::AlertRule;

use super::alert_rules::{known, refused, unknown};
use super::alerts::span_ms;
use crate::errors::ApiError;
use crate::extract::{JsonBody, Path, Query};
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::wire::rule_answers::{
    RuleTestAnswer, RuleTestRange, RuleTestRequest, WhyAnswer, WhyParams,
};
use crate::wire::time;

const DAY_MS: i64 = 86_400_000;

/// Say how often and when a rule would have fired. The rule need not exist, and is not kept.
#[utoipa::path(
    post, path = "/api/v1/alert-rules/test", tag = "rules", request_body = RuleTestRequest,
    responses((status = 200, body = RuleTestAnswer), ReadProblems)
)]
pub(crate) async fn test(
    State(state): State<ApiState>,
    JsonBody(mut request): JsonBody<RuleTestRequest>,
) -> Result<Json<RuleTestAnswer>, ApiError> {
    if request.rule.id.is_empty() {
        "untitled".clone_into(&mut request.rule.id);
    }
    let range = RuleTestRange {
        from: request.from,
        to: request.to,
    };
    replay(&state, request.rule.read(1)?, &range).await
}

/// Say how often and when a rule that exists would have fired.
#[utoipa::path(
    post, path = "/api/v1/alert-rules/{id}/test", tag = "rules", request_body = RuleTestRange,
    params(("id" = String, Path, description = "The id of the rule")),
    responses((status = 200, body = RuleTestAnswer), ReadProblems)
)]
pub(crate) async fn test_known(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    JsonBody(range): JsonBody<RuleTestRange>,
) -> Result<Json<RuleTestAnswer>, ApiError> {
    let rule = known(&state, &id)?;
    replay(&state, rule, &range).await
}

async fn replay(
    state: &ApiState,
    rule: AlertRule,
    range: &RuleTestRange,
) -> Result<Json<RuleTestAnswer>, ApiError> {
    let range_ms = span_ms(state, range.from.as_deref(), range.to.as_deref(), DAY_MS)?;
    let replay = state.parts().rules.replay(rule, range_ms).await;
    let replay = replay.map_err(refused)?;
    Ok(Json(RuleTestAnswer::new(replay, range_ms)))
}

/// Say why a rule fired at a time, or did not.
#[utoipa::path(
    get, path = "/api/v1/alert-rules/{id}/why", tag = "rules",
    params(("id" = String, Path, description = "The id of the rule"), WhyParams),
    responses((status = 200, body = WhyAnswer), ReadProblems)
)]
pub(crate) async fn why(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    Query(params): Query<WhyParams>,
) -> Result<Json<WhyAnswer>, ApiError> {
    explain(&state, id, &params).await
}

/// The same as `why`: the answer says what came of it either way.
#[utoipa::path(
    get, path = "/api/v1/alert-rules/{id}/why-not", tag = "rules",
    params(("id" = String, Path, description = "The id of the rule"), WhyParams),
    responses((status = 200, body = WhyAnswer), ReadProblems)
)]
pub(crate) async fn why_not(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    Query(params): Query<WhyParams>,
) -> Result<Json<WhyAnswer>, ApiError> {
    explain(&state, id, &params).await
}

async fn explain(
    state: &ApiState,
    id: String,
    params: &WhyParams,
) -> Result<Json<WhyAnswer>, ApiError> {
    let now = state.now();
    let at = match params.at.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => time::parse("at", text, now)?,
        None => now,
    };
    let found = state.parts().rules.explain(&id, at.millis()).await?;
    let explanation = found.ok_or_else(|| unknown(&id))?;
    Ok(Json(WhyAnswer::new(id, explanation)))
}
