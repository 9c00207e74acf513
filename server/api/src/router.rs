//! Every route, in one place; those of automation, of the copilot and of jobs are in files of their own.

mod automation;
mod copilot;
mod jobs;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::{MethodRouter, delete, get, post, put};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::{CompressionLayer, CompressionLevel};

use crate::limits::limit;
use crate::middleware::{bounds::bound_reads, guard::guard, observe::observe, panics};
use crate::routes::{
    alert_rules, alert_rules_test, alerts, alerts_act, alerts_export, aliases, audit,
    classification_rules, data_sources, elasticsearch, health, incidents, incidents_act, influx,
    live, logs_clusters, logs_context, logs_delete, logs_export, logs_fields, logs_histogram,
    logs_record, logs_search, logs_similar, logs_tail, logs_templates, loki, me, metrics,
    metrics_anomalies, metrics_forecasts, metrics_series, openapi, otlp, prometheus, push_logs,
    remote_write, settings, silences, slack, splunk, stats, subscriptions,
    subscriptions_deliveries, telegraf, tickets, tickets_act, tickets_decisions, ui,
};
use crate::state::ApiState;

/// All routes over a state. Serve it with graceful shutdown and cancel
/// [`crate::ApiParts::shutdown`] when that begins, so that live tails end.
pub fn router(state: ApiState) -> Router {
    let routes = Router::new()
        .merge(reads(&state))
        .merge(metric_reads(&state))
        .merge(prometheus_reads(&state))
        .merge(alert_reads(&state))
        .merge(alert_writes())
        .merge(rule_writes())
        .merge(subscription_reads(&state))
        .merge(subscription_writes())
        .merge(ticket_reads(&state))
        .merge(ticket_writes())
        .merge(alias_reads(&state))
        .merge(alias_writes())
        .merge(automation::reads(&state))
        .merge(automation::exports())
        .merge(automation::streams())
        .merge(automation::writes())
        .merge(self::jobs::reads(&state))
        .merge(self::jobs::writes())
        .merge(copilot::reads(&state))
        .merge(copilot::writes())
        .merge(exports())
        .merge(pushes())
        .merge(elasticsearch_bulk())
        .merge(metric_pushes())
        .merge(writes())
        .route("/webhooks/slack", post(slack::interaction))
        .merge(streams())
        .layer(from_fn_with_state(state.clone(), limit))
        // Whoever watches the server, and its page, is not counted.
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
        .route("/api/v1/audit", get(audit::audit))
        .route("/api/v1/me", get(me::me))
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

/// Trying a rule or a silence is a read, although it is posted.
fn alert_reads(state: &ApiState) -> Router<ApiState> {
    Router::new()
        .route("/api/v1/alerts", get(alerts::list))
        .route("/api/v1/alerts/summary", get(alerts::summary))
        .route("/api/v1/alerts/{id}", get(alerts::alert))
        .route("/api/v1/incidents", get(incidents::list))
        .route("/api/v1/incidents/{id}", get(incidents::incident))
        .route("/api/v1/incidents/{id}/similar", get(incidents::similar))
        .route("/api/v1/silences", get(silences::list))
        .route("/api/v1/silences/{id}", get(silences::silence))
        .route("/api/v1/silences/preview", post(silences::preview))
        .route("/api/v1/alert-rules", get(alert_rules::list))
        .route("/api/v1/alert-rules/{id}", get(alert_rules::rule))
        .route("/api/v1/alert-rules/test", post(alert_rules_test::test))
        .route(
            "/api/v1/alert-rules/{id}/test",
            post(alert_rules_test::test_known),
        )
        .route("/api/v1/alert-rules/{id}/why", get(alert_rules_test::why))
        .route(
            "/api/v1/alert-rules/{id}/why-not",
            get(alert_rules_test::why_not),
        )
        .route(
            "/api/v1/classification-rules",
            get(classification_rules::list),
        )
        .route(
            "/api/v1/classification-rules/{id}",
            get(classification_rules::rule),
        )
        .route(
            "/api/v1/classification-rules/test",
            post(classification_rules::test),
        )
        .layer(compression())
        .layer(from_fn_with_state(state.clone(), bound_reads))
}

fn alert_writes() -> Router<ApiState> {
    let alert = |action: &str| format!("/api/v1/alerts/{{id}}/{action}");
    let incident = |action: &str| format!("/api/v1/incidents/{{id}}/{action}");
    Router::new()
        .route(&alert("acknowledge"), post(alerts_act::acknowledge))
        .route(&alert("start"), post(alerts_act::start))
        .route(&alert("assign"), post(alerts_act::assign))
        .route(&alert("snooze"), post(alerts_act::snooze))
        .route(&alert("escalate"), post(alerts_act::escalate))
        .route(&alert("resolve"), post(alerts_act::resolve))
        .route(&alert("comment"), post(alerts_act::comment))
        .route("/api/v1/alerts/bulk", post(alerts_act::bulk))
        .route(&incident("acknowledge"), post(incidents_act::acknowledge))
        .route(&incident("resolve"), post(incidents_act::resolve))
        .route(&incident("reopen"), post(incidents_act::reopen))
        .route(&incident("merge"), post(incidents_act::merge))
        .route(&incident("split"), post(incidents_act::split))
        .route(&incident("add"), post(incidents_act::add))
        .route(&incident("pin"), post(incidents_act::pin))
        .route(&incident("title"), post(incidents_act::title))
        .route("/api/v1/silences", post(silences::create))
        .route("/api/v1/silences/{id}", delete(silences::expire))
}

/// Looking at a message is a read, although it is posted.
fn subscription_reads(state: &ApiState) -> Router<ApiState> {
    Router::new()
        .route("/api/v1/subscriptions", get(subscriptions::list))
        .route(
            "/api/v1/subscriptions/{id}",
            get(subscriptions::subscription),
        )
        .route(
            "/api/v1/subscriptions/{id}/deliveries",
            get(subscriptions_deliveries::of_subscription),
        )
        .route(
            "/api/v1/subscriptions/preview",
            post(subscriptions_deliveries::preview),
        )
        .route("/api/v1/deliveries", get(subscriptions_deliveries::list))
        .layer(compression())
        .layer(from_fn_with_state(state.clone(), bound_reads))
}

fn subscription_writes() -> Router<ApiState> {
    let one = |rest: &str| format!("/api/v1/subscriptions/{{id}}{rest}");
    Router::new()
        .route("/api/v1/subscriptions", post(subscriptions::create))
        .route(
            &one(""),
            put(subscriptions::replace).delete(subscriptions::delete),
        )
        .route(&one("/enable"), post(subscriptions::enable))
        .route(&one("/disable"), post(subscriptions::disable))
        .route(&one("/test"), post(subscriptions_deliveries::test))
        .route(
            "/api/v1/deliveries/{id}/redeliver",
            post(subscriptions_deliveries::redeliver),
        )
}

fn ticket_reads(state: &ApiState) -> Router<ApiState> {
    Router::new()
        .route("/api/v1/tickets", get(tickets::list))
        .route("/api/v1/tickets/{id}", get(tickets::ticket))
        .route("/api/v1/tickets/status", get(tickets::status))
        .route("/api/v1/tickets/settings", get(tickets::settings))
        .route("/api/v1/tickets/decisions", get(tickets_decisions::list))
        .route(
            "/api/v1/alerts/{id}/ticket-preview",
            get(tickets_decisions::preview),
        )
        .layer(compression())
        .layer(from_fn_with_state(state.clone(), bound_reads))
}

fn ticket_writes() -> Router<ApiState> {
    let one = |action: &str| format!("/api/v1/tickets/{{id}}/{action}");
    Router::new()
        .route("/api/v1/tickets", post(tickets_act::open))
        .route(&one("comment"), post(tickets_act::comment))
        .route(&one("resolve"), post(tickets_act::resolve))
        .route(&one("reopen"), post(tickets_act::reopen))
        .route("/api/v1/tickets/tasks/{id}/retry", post(tickets_act::retry))
        .route("/api/v1/tickets/settings", put(tickets::set_settings))
}

/// What the system that came before was asked.
fn alias_reads(state: &ApiState) -> Router<ApiState> {
    Router::new()
        .route("/api/jira/status", get(aliases::jira_status))
        .route("/api/automation/status", get(aliases::automation_status))
        .route("/api/watcher/status", get(aliases::watcher_status))
        .route("/api/demo-events", get(aliases::demo_events))
        .layer(compression())
        .layer(from_fn_with_state(state.clone(), bound_reads))
}

fn alias_writes() -> Router<ApiState> {
    Router::new()
        .route("/api/automation/toggle", post(aliases::automation_toggle))
        .route("/api/watcher/start", post(aliases::watcher_start))
        .route("/api/watcher/stop", post(aliases::watcher_stop))
        .route("/api/demo-events", post(aliases::send_demo_events))
}

fn rule_writes() -> Router<ApiState> {
    let alert = |rest: &str| format!("/api/v1/alert-rules{rest}");
    let failure = |rest: &str| format!("/api/v1/classification-rules{rest}");
    Router::new()
        .route(&alert(""), post(alert_rules::create))
        .route(
            &alert("/{id}"),
            put(alert_rules::replace).delete(alert_rules::delete),
        )
        .route(&alert("/{id}/enable"), post(alert_rules::enable))
        .route(&alert("/{id}/disable"), post(alert_rules::disable))
        .route(&failure(""), post(classification_rules::create))
        .route(
            &failure("/{id}"),
            put(classification_rules::replace).delete(classification_rules::delete),
        )
        .route(&failure("/{id}/enable"), post(classification_rules::enable))
        .route(
            &failure("/{id}/disable"),
            post(classification_rules::disable),
        )
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
        .route("/api/v1/alerts/export", get(alerts_export::export))
        .route(
            "/api/v1/tickets/decisions/export",
            get(tickets_decisions::export),
        )
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

fn streams() -> Router<ApiState> {
    Router::new()
        .route("/api/v1/logs/tail", get(logs_tail::tail))
        .route("/ws/logs", get(logs_tail::socket))
        .route("/ws/alerts", get(live::alerts))
        .route("/ws/metrics", get(live::metrics))
        .route("/api/v1/live", get(live::events))
        .route("/api/monitoring/live", get(aliases::monitoring))
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
