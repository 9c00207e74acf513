//! `GET /api/v1/stats`.

use axum::Json;
use axum::extract::State;

use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::wire::stats::StatsAnswer;

/// The server in numbers. What a store holds is null while the store is away.
#[utoipa::path(
    get, path = "/api/v1/stats", tag = "platform",
    responses((status = 200, body = StatsAnswer), ReadProblems)
)]
pub(crate) async fn stats(State(state): State<ApiState>) -> Json<StatsAnswer> {
    let stats = state.parts().status.stats().await;
    Json(StatsAnswer::new(stats, state.now()))
}
