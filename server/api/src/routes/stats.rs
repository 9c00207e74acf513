//! `GET /api/v1/stats`.

use axum::Json;
use axum::extract::State;

use crate::errors::ApiError;
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::wire::stats::StatsAnswer;

/// The server in numbers.
#[utoipa::path(
    get, path = "/api/v1/stats", tag = "platform",
    responses((status = 200, body = StatsAnswer), ReadProblems)
)]
pub(crate) async fn stats(State(state): State<ApiState>) -> Result<Json<StatsAnswer>, ApiError> {
    let stats = state.parts().status.stats().await?;
    Ok(Json(StatsAnswer::new(stats, state.now())))
}
