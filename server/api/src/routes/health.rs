//! `GET /health/live`, `/health/ready` and their aliases.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::state::ApiState;
use crate::wire::health::{Dependency, HealthAnswer};

/// Where it is asked whether the server lives.
pub(crate) const LIVE: [&str; 4] = ["/health/live", "/healthz", "/livez", "/-/healthy"];
/// Where it is asked whether it is ready.
pub(crate) const READY: [&str; 3] = ["/health/ready", "/readyz", "/-/ready"];

/// Whether the server lives.
#[utoipa::path(
    get, path = "/health/live", tag = "operations",
    responses((status = 200, body = HealthAnswer))
)]
pub(crate) async fn live() -> Json<HealthAnswer> {
    Json(HealthAnswer {
        status: "ok",
        dependencies: Vec::new(),
    })
}

/// Whether the server can take and find records.
#[utoipa::path(
    get, path = "/health/ready", tag = "operations",
    responses((status = 200, body = HealthAnswer), (status = 503, body = HealthAnswer))
)]
pub(crate) async fn ready(State(state): State<ApiState>) -> (StatusCode, Json<HealthAnswer>) {
    let found = state.parts().status.readiness().await.into_iter();
    let dependencies: Vec<Dependency> = found.map(Into::into).collect();
    let is_ready = dependencies.iter().all(|dependency| dependency.ready)
        && !state.parts().shutdown.is_cancelled();
    let (code, status) = if is_ready {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    };
    (
        code,
        Json(HealthAnswer {
            status,
            dependencies,
        }),
    )
}
