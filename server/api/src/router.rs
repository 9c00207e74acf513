//! Every route, in one place.

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::{MethodRouter, get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::{CompressionLayer, CompressionLevel};

use crate::middleware::{bounds::bound_reads, guard::guard, observe::observe, panics};
use crate::routes::{
    audit, data_sources, elasticsearch, health, influx, jobs, logs_clusters, logs_context,
    logs_delete, logs_export, logs_fields, logs_histogram, logs_record, logs_search, logs_similar,
    logs_tail, logs_templates, loki, metrics, metrics_anomalies, metrics_forecasts, metrics_series,
    openapi, otlp, prometheus, push_logs, remote_write, settings, splunk, stats, telegraf, ui,
};
use crate::state::ApiState;

/// All routes over a state. Serve it with graceful shutdown and cancel
/// [`crate::ApiParts::shutdown`] when that begins, so that live tails end.
pub fn router(state: ApiState) -> Router {
    let routes = Router::new()
        .merge(reads(&state))
        .merge(metric_reads(&state))
        .merge(prometheus_reads(&state))
        .merge(exports())
        .merge(pushes())
        .merge(elasticsearch_bulk())
        .merge(metric_pushes())
        .merge(writes())
        .merge(live())
        .merge(operations())
        .merge(page())
        .method_not_allowed_fallback(ui::method_not_allowed);
    // The last layer sees a request first.
    routes
        .layer(from_fn_with_state(state.clone(), guard))
        .layer(CatchPanicLayer::custom(panics::answer))
        .layer(from_fn_with_state(state.clone(), observe))
        .with_state(state)
}

fn reads(state: &ApiState) -> Router<ApiState> {
    Router::new()
        .route("/api/v1/logs/search", get(logs_search::search))
        .route("/api/v1/logs/histogram", get(logs_histogram::histogram))
        .route("/api/v1/logs/fields", get(logs_fields::fields))
        .route("/api/v1/logs/clusters", get(logs_clusters::list))
        .route("/api/v1/logs/clusters/{id}", get(logs_clusters::detail))
        .route("/api/v1/logs/templates", get(logs_templates::list))
        .route(
            "/api/v1/logs/templates/{template}",
            get(logs_templates::detail),
        )
        .route(
            "/api/v1/logs/templates/{template}/variables",
            get(logs_templates::variables),
        )
        .route("/api/v1/logs/{id}", get(logs_record::record))
        .route("/api/v1/logs/{id}/context", get(logs_context::context))
        .route("/api/v1/logs/{id}/similar", get(logs_similar::similar))
        .route("/api/v1/jobs", get(jobs::list))
        .route("/api/v1/jobs/{id}", get(jobs::job))
        .route("/api/v1/audit", get(audit::audit))
        .route("/api/v1/data-sources", get(data_sources::data_sources))
        .route("/api/v1/stats", get(stats::stats))
        .route("/api/v1/settings", get(settings::settings))
        .route("/api/v1/openapi.json", get(openapi::openapi))
        .layer(compression())
        .layer(from_fn_with_state(state.clone(), bound_reads))
}

fn metric_reads(state: &ApiState) -> Router<ApiState> {
    Router::new()
        .route("/api/v1/metrics/series", get(metrics_series::list))
        .route("/api/v1/metrics/query", get(metrics_series::query))
        .route("/api/v1/metrics/anomalies", get(metrics_anomalies::list))
        .route(
            "/api/v1/metrics/anomalies/{id}",
            get(metrics_anomalies::anomaly),
        )
        .route(
            "/api/v1/metrics/forecasts",
            get(metrics_forecasts::predictions),
        )
        .route(
            "/api/v1/metrics/forecasts/scorecard",
            get(metrics_forecasts::scorecard),
        )
        .route(
            "/api/v1/metrics/series/{id}/forecast",
            get(metrics_forecasts::forecast),
        )
        .layer(compression())
        .layer(from_fn_with_state(state.clone(), bound_reads))
}

/// Grafana sends long queries as forms.
fn prometheus_reads(state: &ApiState) -> Router<ApiState> {
    Router::new()
        .route(
            "/api/v1/query",
            get(prometheus::query).post(prometheus::query),
        )
        .route(
            "/api/v1/query_range",
            get(prometheus::query_range).post(prometheus::query_range),
        )
        .route(
            "/api/v1/series",
            get(prometheus::series).post(prometheus::series),
        )
        .route(
            "/api/v1/labels",
            get(prometheus::label_names).post(prometheus::label_names),
        )
        .route("/api/v1/label/{name}/values", get(prometheus::label_values))
        .route("/api/v1/metadata", get(prometheus::metadata))
        .route("/api/v1/status/buildinfo", get(prometheus::buildinfo))
        .layer(compression())
        .layer(from_fn_with_state(state.clone(), bound_reads))
}

/// Exports count among the reads themselves, for as long as they run.
fn exports() -> Router<ApiState> {
    Router::new()
        .route("/api/v1/logs/export", get(logs_export::export))
        .layer(compression())
}

fn pushes() -> Router<ApiState> {
    Router::new()
        .route("/api/v1/logs", post(push_logs::push))
        .route("/v1/logs", post(otlp::push))
        .route("/otlp/v1/logs", post(otlp::push))
        .route("/loki/api/v1/push", post(loki::push))
        .route("/services/collector", post(splunk::events))
        .route("/services/collector/event", post(splunk::events))
        .route("/services/collector/event/1.0", post(splunk::events))
        .route("/services/collector/raw", post(splunk::raw))
        .route("/services/collector/raw/1.0", post(splunk::raw))
        .route("/services/collector/health", get(splunk::health))
        .route("/services/collector/health/1.0", get(splunk::health))
}

fn metric_pushes() -> Router<ApiState> {
    Router::new()
        .route("/write", post(influx::write_v1))
        .route("/api/v2/write", post(influx::write_v2))
        .route("/api/v3/write_lp", post(influx::write_v3))
        .route("/ping", get(influx::ping))
        .route("/query", get(influx::query).post(influx::query))
        .route("/webhooks/telegraf", telegraf_push())
        .route("/api/v1/write", post(remote_write::push))
        .route("/v1/metrics", post(otlp::push_metrics))
        .route("/otlp/v1/metrics", post(otlp::push_metrics))
}

/// Telegraf's `method` is POST or PUT.
fn telegraf_push() -> MethodRouter<ApiState> {
    post(telegraf::push).put(telegraf::push)
}

fn elasticsearch_bulk() -> Router<ApiState> {
    let bulk = || post(elasticsearch::bulk).put(elasticsearch::bulk);
    Router::new()
        .route("/_bulk", bulk())
        .route("/{index}/_bulk", bulk())
        .route("/{index}/{type}/_bulk", bulk())
        .layer(map_response(elasticsearch::mark))
}

fn writes() -> Router<ApiState> {
    Router::new()
        .route("/api/v1/logs/delete", post(logs_delete::delete))
        .route(
            "/api/v1/metrics/anomalies/{id}/feedback",
            post(metrics_anomalies::feedback),
        )
        .route(
            "/api/v1/metrics/series/{id}/feedback",
            post(metrics_series::feedback),
        )
}

fn live() -> Router<ApiState> {
    Router::new()
        .route("/api/v1/logs/tail", get(logs_tail::tail))
        .route("/ws/logs", get(logs_tail::socket))
}

fn operations() -> Router<ApiState> {
    Router::new()
        .route("/health/live", get(health::live))
        .route("/healthz", get(health::live))
        .route("/livez", get(health::live))
        .route("/-/healthy", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/readyz", get(health::ready))
        .route("/-/ready", get(health::ready))
        .route("/metrics", get(metrics::metrics))
}

/// The page is at every path that is nobody else's.
fn page() -> Router<ApiState> {
    Router::new()
        .route("/", get(elasticsearch::root))
        .fallback(ui::fallback)
        .layer(compression())
}

/// Event streams and what is compressed already pass as they are.
fn compression() -> CompressionLayer {
    CompressionLayer::new().quality(CompressionLevel::Fastest)
}
