//! `/api/v1/automation/providers`: where actions are carried out.

use axum::Json;
use axum::extract::State;

use crate::errors::ApiError;
use crate::extract::Path;
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::wire::automation_safety::{ProviderAnswer, ProviderItem};

/// All providers, each asked whether it is there.
#[utoipa::path(
    get, path = "/api/v1/automation/providers", tag = "automation",
    responses((status = 200, body = ProviderAnswer), ReadProblems)
)]
pub(crate) async fn list(State(state): State<ApiState>) -> Json<ProviderAnswer> {
    let providers = state.parts().automation.providers().await;
    Json(ProviderAnswer {
        items: providers.into_iter().map(ProviderItem::from).collect(),
    })
}

/// Ask one provider whether it is there. Nothing is done.
#[utoipa::path(
    post, path = "/api/v1/automation/providers/{name}/check", tag = "automation",
    params(("name" = String, Path, description = "The name of the provider")),
    responses((status = 200, body = ProviderItem), ReadProblems)
)]
pub(crate) async fn check(
    State(state): State<ApiState>,
    Path(name): Path<String>,
) -> Result<Json<ProviderItem>, ApiError> {
    let health = state.parts().automation.check_provider(&name).await;
    let health = health.ok_or_else(|| {
        let shown: String = name.chars().take(100).collect();
        ApiError::not_found(format!("there is no provider `{shown}`"))
    })?;
    Ok(Json(health.into()))
}
