//! `GET /api/v1/logs/tail` (SSE, or a WebSocket on upgrade) and `/ws/logs`.

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::response::{IntoResponse, Response};

use crate::errors::ApiError;
use crate::extract::Query;
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::stream::{sse, tail::Tail, ws};
use crate::wire::filter::FilterParams;

/// Records as they arrive: Server-Sent Events, or a WebSocket if the client upgrades.
#[utoipa::path(
    get, path = "/api/v1/logs/tail", tag = "logs", params(FilterParams),
    responses(
        (status = 200, content_type = "text/event-stream", body = String,
            description = "Events `record` (a record), `skipped` ({\"skipped\": n}, the total of \
                           this client) and a comment as heartbeat"),
        (status = 101, description = "A WebSocket, see /ws/logs"),
        ReadProblems
    )
)]
pub(crate) async fn tail(
    State(state): State<ApiState>,
    Query(filter): Query<FilterParams>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let tail = Tail::begin(&state, &filter)?;
    Ok(match upgrade {
        Ok(upgrade) => ws::answer(&state, upgrade, tail),
        Err(_) => sse::answer(&state, tail).into_response(),
    })
}

/// Records as they arrive over a WebSocket. Frames are JSON objects with a `type`: `record`
/// (`record`), `skipped` (`skipped`), `ping`, `error` (`detail`). Clients may send `pause`,
/// `resume` and `filter` (`q`).
#[utoipa::path(
    get, path = "/ws/logs", tag = "logs", params(FilterParams),
    responses((status = 101, description = "A WebSocket"), ReadProblems)
)]
pub(crate) async fn socket(
    State(state): State<ApiState>,
    Query(filter): Query<FilterParams>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(|rejection| ApiError::bad_request(rejection.body_text()))?;
    let tail = Tail::begin(&state, &filter)?;
    Ok(ws::answer(&state, upgrade, tail))
}
