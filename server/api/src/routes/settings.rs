//! `GET /api/v1/settings`.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::openapi::ReadProblems;
use crate::state::ApiState;

/// The configuration in effect, secrets hidden.
#[utoipa::path(
    get, path = "/api/v1/settings", tag = "platform",
    responses((status = 200, body = Object, content_type = "application/json"), ReadProblems)
)]
pub(crate) async fn settings(State(state): State<ApiState>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        state.parts().status.settings(),
    )
}
