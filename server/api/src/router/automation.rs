//! The routes of automation.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};

use super::compression;
use crate::middleware::bounds::bound_reads;
use crate::routes::{
    automation_audit, automation_providers, automation_rules, automation_runs, automation_safety,
};
use crate::state::ApiState;

fn path(rest: &str) -> String {
    format!("/api/v1/automation/{rest}")
}

/// Trying a rule, or asking a provider whether it is there, is a read although it is posted.
pub(super) fn reads(state: &ApiState) -> Router<ApiState> {
    Router::new()
        .route(&path("rules"), get(automation_rules::list))
        .route(&path("rules/{id}"), get(automation_rules::rule))
        .route(
            &path("rules/{id}/versions"),
            get(automation_rules::versions),
        )
        .route(&path("rules/test"), post(automation_rules::test))
        .route(&path("rules/replay"), post(automation_rules::replay))
        .route(&path("runs"), get(automation_runs::list))
        .route(&path("runs/{id}"), get(automation_runs::run))
        .route(&path("runs/{id}/output"), get(automation_runs::output))
        .route(&path("providers"), get(automation_providers::list))
        .route(
            &path("providers/{name}/check"),
            post(automation_providers::check),
        )
        .route(&path("safety"), get(automation_safety::safety))
        .route(&path("audit"), get(automation_audit::list))
        .layer(compression())
        .layer(from_fn_with_state(state.clone(), bound_reads))
}

/// Exports count among the reads themselves, for as long as they run.
pub(super) fn exports() -> Router<ApiState> {
    Router::new()
        .route(&path("audit/export"), get(automation_audit::export))
        .layer(compression())
}

/// A stream goes on for as long as its run does.
pub(super) fn streams() -> Router<ApiState> {
    Router::new().route(&path("runs/{id}/stream"), get(automation_runs::stream))
}

/// What people do.
pub(super) fn writes() -> Router<ApiState> {
    Router::new()
        .route(
            &path("rules/{id}"),
            put(automation_rules::replace)
                .patch(automation_rules::change)
                .delete(automation_rules::delete),
        )
        .route(&path("rules/{id}/propose"), post(automation_rules::propose))
        .route(&path("runs/{id}/approve"), post(automation_runs::approve))
        .route(&path("runs/{id}/reject"), post(automation_runs::reject))
        .route(&path("runs/{id}/cancel"), post(automation_runs::cancel))
        .route(&path("runs/{id}/rollback"), post(automation_runs::rollback))
        .route(&path("stop"), post(automation_safety::stop))
        .route(&path("resume"), post(automation_safety::resume))
        .route(&path("freezes"), put(automation_safety::freeze))
}
