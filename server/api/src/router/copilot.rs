//! The routes of the copilot, of causes, summaries, changes and runbooks.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, patch, post};

use super::compression;
use crate::middleware::bounds::bound_reads;
use crate::routes::{
    changes, chat_completions, copilot, mcp, root_causes, runbooks, summaries, threads,
};
use crate::state::ApiState;

/// Looking for a cause adds a report and changes nothing else, so it is bounded like a read.
pub(super) fn reads(state: &ApiState) -> Router<ApiState> {
    let copilot = |rest: &str| format!("/api/v1/copilot/{rest}");
    let alert = |rest: &str| format!("/api/v1/alerts/{{id}}/{rest}");
    let incident = |rest: &str| format!("/api/v1/incidents/{{id}}/{rest}");
    Router::new()
        .route(&copilot("status"), get(copilot::status))
        .route(&copilot("tools"), get(copilot::tools))
        .route(&copilot("tools/{name}"), post(copilot::call))
        .route(&copilot("ledger"), get(copilot::ledger))
        .route(&copilot("threads"), get(threads::list))
        .route(&copilot("threads/{id}"), get(threads::thread))
        .route(&copilot("threads/{id}/export"), get(threads::export))
        .route(&alert("explain"), get(root_causes::explain))
        .route(
            &alert("root-cause"),
            get(root_causes::of_alert).post(root_causes::find_of_alert),
        )
        .route(
            &incident("root-cause"),
            get(root_causes::of_incident).post(root_causes::find_of_incident),
        )
        .route(&alert("summary"), get(summaries::of_alert))
        .route(&incident("summary"), get(summaries::of_incident))
        .route(&incident("post-mortem"), get(summaries::post_mortem))
        .route(
            "/api/v1/logs/clusters/{id}/summary",
            get(summaries::of_cluster),
        )
        .route("/api/v1/digest", get(summaries::digest))
        .route("/api/v1/changes", get(changes::list))
        .route("/api/v1/runbooks", get(runbooks::list))
        .route("/api/v1/runbooks/{failure_type}", get(runbooks::runbook))
        .route("/mcp", post(mcp::answer))
        .route("/v1/models", get(chat_completions::models))
        .route("/v1/models/{id}", get(chat_completions::one_model))
        .layer(compression())
        .layer(from_fn_with_state(state.clone(), bound_reads))
}

/// Questions are bounded by the copilot itself; their answers stream for as long as they are made.
pub(super) fn writes() -> Router<ApiState> {
    Router::new()
        .route("/api/v1/copilot/ask", post(copilot::ask))
        .route("/v1/chat/completions", post(chat_completions::complete))
        .route("/api/v1/copilot/threads", post(threads::create))
        .route(
            "/api/v1/copilot/threads/{id}",
            patch(threads::retitle).delete(threads::delete),
        )
        .route("/api/v1/copilot/threads/{id}/messages", post(threads::ask))
        .route(
            "/api/v1/copilot/messages/{id}/feedback",
            post(threads::feedback),
        )
        .route(
            "/api/v1/root-causes/{id}/confirm",
            post(root_causes::confirm),
        )
        .route("/api/v1/changes", post(changes::record))
}
