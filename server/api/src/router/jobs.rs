//! Routes of jobs and schedules.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use super::compression;
use crate::middleware::bounds::bound_reads;
use crate::routes::{jobs, jobs_schedules};
use crate::state::ApiState;

pub(super) fn reads(state: &ApiState) -> Router<ApiState> {
    Router::new()
        .route("/api/v1/jobs", get(jobs::list))
        .route("/api/v1/jobs/kinds", get(jobs::kinds))
        .route("/api/v1/jobs/schedules", get(jobs_schedules::list))
        .route("/api/v1/jobs/{id}", get(jobs::job))
        .route("/api/v1/jobs/{id}/result", get(jobs::result))
        .layer(compression())
        .layer(from_fn_with_state(state.clone(), bound_reads))
}

pub(super) fn writes() -> Router<ApiState> {
    let schedule = |action: &str| format!("/api/v1/jobs/schedules/{{id}}/{action}");
    Router::new()
        .route("/api/v1/jobs", post(jobs::ask))
        .route("/api/v1/jobs/{id}", axum::routing::delete(jobs::discard))
        .route("/api/v1/jobs/{id}/cancel", post(jobs::cancel))
        .route("/api/v1/jobs/{id}/retry", post(jobs::retry))
        .route(&schedule("run"), post(jobs_schedules::run))
        .route(&schedule("pause"), post(jobs_schedules::pause))
        .route(&schedule("resume"), post(jobs_schedules::resume))
}
