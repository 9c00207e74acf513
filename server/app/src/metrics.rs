//! The server's own metrics, in Prometheus' text format.

mod automation;
mod backup;
mod copilot;
mod jobs;
mod llm;
mod traces;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tocsin_act::{AutomationProgress, TicketProgress};
use tocsin_domain::ports::BusUsage;
use tocsin_domain::ports::http_telemetry::{HttpRequest, HttpTelemetry};
use tocsin_domain::ticket::DecisionAction;
use tocsin_pipeline::aggregate::Desk;
use tocsin_pipeline::{MetricProgress, Progress};

use crate::sources::SourceCounts;

/// Upper ends of the buckets of request durations, in seconds.
const BUCKETS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0];

/// Requests per route and status, with their durations.
#[derive(Debug, Default)]
pub(crate) struct HttpMetrics {
    routes: Mutex<BTreeMap<(String, String), RouteCounts>>,
    /// Refused because their client made too many.
    limited: AtomicU64,
}

#[derive(Debug, Default)]
struct RouteCounts {
    statuses: BTreeMap<u16, u64>,
    buckets: [u64; BUCKETS.len()],
    seconds: f64,
    count: u64,
}

impl HttpTelemetry for HttpMetrics {
    fn request(&self, request: HttpRequest<'_>) {
        let key = (request.method.to_string(), request.route.to_string());
        let seconds = request.took.as_secs_f64();
        let mut routes = self.routes.lock();
        let counts = routes.entry(key).or_default();
        *counts.statuses.entry(request.status).or_default() += 1;
        for (bucket, end) in counts.buckets.iter_mut().zip(BUCKETS) {
            *bucket += u64::from(seconds <= end);
        }
        counts.seconds += seconds;
        counts.count += 1;
    }

    fn limited(&self) {
        self.limited.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the text is written from.
pub(crate) struct Snapshot<'a> {
    /// Requests.
    pub(crate) http: &'a HttpMetrics,
    /// The pipeline.
    pub(crate) progress: &'a Progress,
    /// All sources together.
    pub(crate) total: SourceCounts,
    /// The bus of logs.
    pub(crate) bus: BusUsage,
    /// The bus of metrics.
    pub(crate) metric_bus: BusUsage,
    /// The pipeline of metrics.
    pub(crate) metric_progress: &'a MetricProgress,
    /// Points accepted.
    pub(crate) points: u64,
    /// Series known.
    pub(crate) series: u64,
    /// Series refused because their source has too many.
    pub(crate) refused_series: u64,
    /// Templates with vectors.
    pub(crate) embedded: u64,
    /// Vectors of texts, where several processes share them.
    pub(crate) embeddings: &'a tocsin_bus::EmbeddingCounts,
    /// Alerts.
    pub(crate) desk: &'a Desk,
    /// Tickets.
    pub(crate) tickets: &'a TicketProgress,
    /// Runs of automation.
    pub(crate) automation: &'a AutomationProgress,
    /// Whether everything is stopped.
    pub(crate) is_stopped: bool,
    /// Questions and answers.
    pub(crate) copilot: &'a tocsin_copilot::CopilotTelemetry,
    /// The language model.
    pub(crate) llm: &'a tocsin_llm::ModelTelemetry,
    /// Slow work.
    pub(crate) jobs: &'a tocsin_jobs::JobTelemetry,
    /// Backups.
    pub(crate) backups: &'a crate::backup::Counts,
    /// Traces.
    pub(crate) spans: &'a crate::telemetry::SpanCounts,
}

/// The text of `/metrics`.
pub(crate) fn render(snapshot: &Snapshot<'_>) -> String {
    let mut text = String::new();
    let simple = logs(snapshot).into_iter().chain(points(snapshot));
    let simple = simple.chain(alerts(snapshot.desk));
    let simple = simple.chain(tickets(snapshot.tickets));
    let simple = simple.chain(automation::simple(snapshot.automation, snapshot.is_stopped));
    let simple = simple.chain(copilot::simple(snapshot.copilot));
    let simple = simple.chain(llm::simple(snapshot.llm));
    let simple = simple.chain(jobs::simple(snapshot.jobs));
    let simple = simple.chain(backup::simple(snapshot.backups));
    let simple = simple.chain(traces::simple(snapshot.spans));
    for (name, kind, value) in simple {
        line(
            &mut text,
            format_args!("# TYPE tocsin_{name} {kind}\ntocsin_{name} {value}"),
        );
    }
    line(
        &mut text,
        format_args!("# TYPE tocsin_record_issues_total counter"),
    );
    for (issue, count) in snapshot.total.issues() {
        line(
            &mut text,
            format_args!("tocsin_record_issues_total{{issue=\"{issue}\"}} {count}"),
        );
    }
    decisions(&mut text, snapshot.tickets);
    automation::labelled(&mut text, snapshot.automation);
    llm::labelled(&mut text, snapshot.llm);
    jobs::labelled(&mut text, snapshot.jobs);
    requests(&mut text, snapshot.http);
    text
}

/// A name, what its number means, and the number.
type Simple = (&'static str, &'static str, u64);

fn logs(snapshot: &Snapshot<'_>) -> Vec<Simple> {
    let progress = snapshot.progress;
    vec![
        (
            "http_requests_limited_total",
            "counter",
            snapshot.http.limited.load(Ordering::Relaxed),
        ),
        ("records_accepted_total", "counter", snapshot.total.records),
        (
            "records_stored_total",
            "counter",
            progress.records.load(Ordering::Relaxed),
        ),
        (
            "templates_met_total",
            "counter",
            progress.templates.load(Ordering::Relaxed),
        ),
        (
            "pipeline_retries_total",
            "counter",
            progress.retries.load(Ordering::Relaxed),
        ),
        ("prototypes_embedded", "gauge", snapshot.embedded),
        (
            "shared_embeddings_made_total",
            "counter",
            snapshot.embeddings.made.load(Ordering::Relaxed),
        ),
        (
            "shared_embeddings_found_total",
            "counter",
            snapshot.embeddings.found.load(Ordering::Relaxed),
        ),
        ("bus_events", "gauge", snapshot.bus.events),
        ("bus_bytes", "gauge", snapshot.bus.bytes),
        ("bus_limit_bytes", "gauge", snapshot.bus.limit_bytes),
        (
            "process_resident_memory_bytes",
            "gauge",
            crate::memory::resident_bytes(),
        ),
    ]
}

fn points(snapshot: &Snapshot<'_>) -> Vec<Simple> {
    let progress = snapshot.metric_progress;
    let count = |number: &std::sync::atomic::AtomicU64| number.load(Ordering::Relaxed);
    vec![
        ("points_accepted_total", "counter", snapshot.points),
        ("points_stored_total", "counter", count(&progress.points)),
        ("anomalies_total", "counter", count(&progress.anomalies)),
        (
            "metric_pipeline_retries_total",
            "counter",
            count(&progress.retries),
        ),
        ("series", "gauge", snapshot.series),
        (
            "series_judged",
            "gauge",
            progress.judged.iter().map(count).sum(),
        ),
        (
            "series_shape_watched",
            "gauge",
            count(&progress.shapes_watched),
        ),
        (
            "series_shape_unwatched",
            "gauge",
            count(&progress.shapes_unwatched),
        ),
        ("series_refused_total", "counter", snapshot.refused_series),
        ("metric_bus_events", "gauge", snapshot.metric_bus.events),
        ("metric_bus_bytes", "gauge", snapshot.metric_bus.bytes),
    ]
}

fn alerts(desk: &Desk) -> [Simple; 4] {
    [
        ("alerts_firing", "gauge", desk.firing()),
        ("alert_changes_total", "counter", desk.told()),
        ("alert_listeners", "gauge", desk.listeners() as u64),
        ("alert_rules_failing", "gauge", desk.failing_rules() as u64),
    ]
}

fn tickets(progress: &TicketProgress) -> [Simple; 3] {
    let count = |number: &std::sync::atomic::AtomicU64| number.load(Ordering::Relaxed);
    [
        ("ticket_tasks_done_total", "counter", count(&progress.told)),
        (
            "ticket_attempts_failed_total",
            "counter",
            count(&progress.failures),
        ),
        ("ticket_tasks_dead_total", "counter", count(&progress.dead)),
    ]
}

fn decisions(text: &mut String, progress: &TicketProgress) {
    let name = "tocsin_ticket_decisions_total";
    line(text, format_args!("# TYPE {name} counter"));
    for (action, count) in DecisionAction::ALL.iter().zip(&progress.decisions) {
        let (action, count) = (action.name(), count.load(Ordering::Relaxed));
        line(text, format_args!("{name}{{action=\"{action}\"}} {count}"));
    }
}

fn requests(text: &mut String, http: &HttpMetrics) {
    let routes = http.routes.lock();
    line(
        text,
        format_args!("# TYPE tocsin_http_requests_total counter"),
    );
    for ((method, route), counts) in routes.iter() {
        for (status, count) in &counts.statuses {
            line(
                text,
                format_args!(
                    "tocsin_http_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}} {count}"
                ),
            );
        }
    }
    let name = "tocsin_http_request_duration_seconds";
    line(text, format_args!("# TYPE {name} histogram"));
    for ((method, route), counts) in routes.iter() {
        let labels = format!("method=\"{method}\",route=\"{route}\"");
        for (bucket, end) in counts.buckets.iter().zip(BUCKETS) {
            line(
                text,
                format_args!("{name}_bucket{{{labels},le=\"{end}\"}} {bucket}"),
            );
        }
        line(
            text,
            format_args!("{name}_bucket{{{labels},le=\"+Inf\"}} {}", counts.count),
        );
        line(
            text,
            format_args!("{name}_sum{{{labels}}} {}", counts.seconds),
        );
        line(
            text,
            format_args!("{name}_count{{{labels}}} {}", counts.count),
        );
    }
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _infallible = text.write_fmt(arguments);
    text.push('\n');
}
