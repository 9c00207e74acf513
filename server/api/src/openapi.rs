//! The OpenAPI document, made from the handlers and wire types.

use std::collections::BTreeMap;

use utoipa::openapi::{ContentBuilder, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, OpenApi};

use crate::errors::ErrorKind;
use crate::routes;
use crate::wire::problem::{Problem, ProblemItem};

/// What can go wrong when something is read.
pub(crate) enum ReadProblems {}

/// What can go wrong when something is changed or pushed.
pub(crate) enum WriteProblems {}

/// What can go wrong when something that has a name is changed.
pub(crate) enum ChangeProblems {}

impl IntoResponses for ReadProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            ErrorKind::BadRequest,
            ErrorKind::NotFound,
            ErrorKind::TooManyRequests,
            ErrorKind::Internal,
            ErrorKind::Unavailable,
        ])
    }
}

impl IntoResponses for WriteProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            ErrorKind::BadRequest,
            ErrorKind::RequestTimeout,
            ErrorKind::TooLarge,
            ErrorKind::UnsupportedMediaType,
            ErrorKind::TooManyRequests,
            ErrorKind::Internal,
            ErrorKind::Unavailable,
        ])
    }
}

impl IntoResponses for ChangeProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            ErrorKind::BadRequest,
            ErrorKind::NotFound,
            ErrorKind::Conflict,
            ErrorKind::RequestTimeout,
            ErrorKind::TooLarge,
            ErrorKind::UnsupportedMediaType,
            ErrorKind::TooManyRequests,
            ErrorKind::Internal,
            ErrorKind::Unavailable,
        ])
    }
}

fn problems(kinds: &[ErrorKind]) -> BTreeMap<String, RefOr<Response>> {
    let entry = |kind: &ErrorKind| {
        let (_, status, title) = kind.row();
        let schema = RefOr::Ref(Ref::from_schema_name("Problem"));
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let response = ResponseBuilder::new().description(title);
        let response = response
            .content("application/problem+json", content)
            .build();
        (status.as_str().to_owned(), RefOr::T(response))
    };
    kinds.iter().map(entry).collect()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tocsin",
        description = "Log intake and search. Times are RFC 3339 in UTC; failures are RFC 9457 \
                       problem details. Where `api.requests_per_minute` limits what a client may \
                       ask, every answer bears `RateLimit-Limit`, `RateLimit-Remaining` and \
                       `RateLimit-Reset` (seconds), and what is beyond it is answered 429 with \
                       `Retry-After`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        routes::push_logs::push,
        routes::otlp::push,
        routes::loki::push,
        routes::elasticsearch::bulk,
        routes::splunk::events,
        routes::splunk::raw,
        routes::splunk::health,
        routes::influx::write_v1,
        routes::influx::write_v2,
        routes::influx::write_v3,
        routes::influx::ping,
        routes::influx::query,
        routes::slack::interaction,
        routes::telegraf::push,
        routes::remote_write::push,
        routes::otlp::push_metrics,
        routes::logs_search::search,
        routes::logs_histogram::histogram,
        routes::logs_record::record,
        routes::logs_context::context,
        routes::logs_similar::similar,
        routes::logs_clusters::list,
        routes::logs_clusters::detail,
        routes::logs_templates::list,
        routes::logs_templates::detail,
        routes::logs_templates::variables,
        routes::logs_fields::fields,
        routes::logs_export::export,
        routes::logs_tail::tail,
        routes::logs_tail::socket,
        routes::logs_delete::delete,
        routes::metrics_series::list,
        routes::metrics_series::query,
        routes::metrics_series::feedback,
        routes::metrics_anomalies::list,
        routes::metrics_anomalies::anomaly,
        routes::metrics_anomalies::feedback,
        routes::metrics_forecasts::predictions,
        routes::metrics_forecasts::scorecard,
        routes::metrics_forecasts::forecast,
        routes::prometheus::query,
        routes::prometheus::query_range,
        routes::prometheus::series,
        routes::prometheus::label_names,
        routes::prometheus::label_values,
        routes::prometheus::metadata,
        routes::prometheus::buildinfo,
        routes::alerts::list,
        routes::alerts::alert,
        routes::alerts::summary,
        routes::alerts_export::export,
        routes::alerts_act::acknowledge,
        routes::alerts_act::start,
        routes::alerts_act::assign,
        routes::alerts_act::snooze,
        routes::alerts_act::escalate,
        routes::alerts_act::resolve,
        routes::alerts_act::comment,
        routes::alerts_act::bulk,
        routes::incidents::list,
        routes::incidents::incident,
        routes::incidents::similar,
        routes::incidents_act::acknowledge,
        routes::incidents_act::resolve,
        routes::incidents_act::reopen,
        routes::incidents_act::merge,
        routes::incidents_act::split,
        routes::incidents_act::add,
        routes::incidents_act::pin,
        routes::incidents_act::title,
        routes::silences::list,
        routes::silences::create,
        routes::silences::silence,
        routes::silences::expire,
        routes::silences::preview,
        routes::subscriptions::list,
        routes::subscriptions::create,
        routes::subscriptions::subscription,
        routes::subscriptions::replace,
        routes::subscriptions::delete,
        routes::subscriptions::enable,
        routes::subscriptions::disable,
        routes::subscriptions_deliveries::preview,
        routes::subscriptions_deliveries::test,
        routes::subscriptions_deliveries::of_subscription,
        routes::subscriptions_deliveries::list,
        routes::subscriptions_deliveries::redeliver,
        routes::alert_rules::list,
        routes::alert_rules::create,
        routes::alert_rules::rule,
        routes::alert_rules::replace,
        routes::alert_rules::delete,
        routes::alert_rules::enable,
        routes::alert_rules::disable,
        routes::alert_rules_test::test,
        routes::alert_rules_test::test_known,
        routes::alert_rules_test::why,
        routes::alert_rules_test::why_not,
        routes::classification_rules::list,
        routes::classification_rules::create,
        routes::classification_rules::rule,
        routes::classification_rules::replace,
        routes::classification_rules::delete,
        routes::classification_rules::enable,
        routes::classification_rules::disable,
        routes::classification_rules::test,
        routes::tickets::list,
        routes::tickets::ticket,
        routes::tickets::status,
        routes::tickets::settings,
        routes::tickets::set_settings,
        routes::tickets_act::open,
        routes::tickets_act::comment,
        routes::tickets_act::resolve,
        routes::tickets_act::reopen,
        routes::tickets_act::retry,
        routes::tickets_decisions::list,
        routes::tickets_decisions::export,
        routes::tickets_decisions::preview,
        routes::automation_rules::list,
        routes::automation_rules::rule,
        routes::automation_rules::replace,
        routes::automation_rules::change,
        routes::automation_rules::delete,
        routes::automation_rules::versions,
        routes::automation_rules::test,
        routes::automation_rules::replay,
        routes::automation_rules::propose,
        routes::automation_runs::list,
        routes::automation_runs::run,
        routes::automation_runs::output,
        routes::automation_runs::stream,
        routes::automation_runs::approve,
        routes::automation_runs::reject,
        routes::automation_runs::cancel,
        routes::automation_runs::rollback,
        routes::automation_providers::list,
        routes::automation_providers::check,
        routes::automation_safety::safety,
        routes::automation_safety::stop,
        routes::automation_safety::resume,
        routes::automation_safety::freeze,
        routes::automation_audit::list,
        routes::automation_audit::export,
        routes::copilot::status,
        routes::copilot::tools,
        routes::copilot::call,
        routes::copilot::ledger,
        routes::copilot::ask,
        routes::mcp::answer,
        routes::chat_completions::complete,
        routes::chat_completions::models,
        routes::chat_completions::one_model,
        routes::threads::list,
        routes::threads::create,
        routes::threads::thread,
        routes::threads::retitle,
        routes::threads::delete,
        routes::threads::export,
        routes::threads::ask,
        routes::threads::feedback,
        routes::root_causes::explain,
        routes::root_causes::of_alert,
        routes::root_causes::find_of_alert,
        routes::root_causes::of_incident,
        routes::root_causes::find_of_incident,
        routes::root_causes::confirm,
        routes::summaries::of_alert,
        routes::summaries::of_incident,
        routes::summaries::post_mortem,
        routes::summaries::of_cluster,
        routes::summaries::digest,
        routes::changes::list,
        routes::changes::record,
        routes::runbooks::list,
        routes::runbooks::runbook,
        routes::aliases::jira_status,
        routes::aliases::automation_status,
        routes::aliases::automation_toggle,
        routes::aliases::watcher_status,
        routes::aliases::watcher_start,
        routes::aliases::watcher_stop,
        routes::aliases::demo_events,
        routes::aliases::send_demo_events,
        routes::aliases::monitoring,
        routes::live::alerts,
        routes::live::metrics,
        routes::live::events,
        routes::jobs::list,
        routes::jobs::kinds,
        routes::jobs::ask,
        routes::jobs::job,
        routes::jobs::result,
        routes::jobs::cancel,
        routes::jobs::retry,
        routes::jobs::discard,
        routes::jobs_schedules::list,
        routes::jobs_schedules::run,
        routes::jobs_schedules::pause,
        routes::jobs_schedules::resume,
        routes::audit::audit,
        routes::me::me,
        routes::data_sources::data_sources,
        routes::stats::stats,
        routes::settings::settings,
        routes::openapi::openapi,
        routes::health::live,
        routes::health::ready,
        routes::metrics::metrics,
    ),
    components(schemas(Problem, ProblemItem)),
    tags(
        (name = "logs", description = "Searching, watching, exporting and deleting log records"),
        (name = "metrics", description = "Series, what was expected of them and where they go"),
        (name = "alerts", description = "What was detected: alerts, incidents, silences"),
        (name = "rules", description = "What is told, and what failures are recognised"),
        (name = "subscriptions", description = "Who is told of which alerts, and what became of it"),
        (name = "tickets", description = "What is kept in a tracker of issues, and why"),
        (name = "automation", description = "What is proposed about alerts, by whose leave it is done, and what came of it"),
        (name = "copilot", description = "Questions and their answers, causes, summaries, and what was changed"),
        (name = "aliases", description = "Routes of the system that came before, under their old names"),
        (name = "live", description = "What happens, as it happens"),
        (name = "prometheus", description = "Prometheus' own API over the same series"),
        (name = "push", description = "Taking log records and metrics; answered once they are durable"),
        (name = "jobs", description = "Slow work: what is done, what was, what is done without being asked"),
        (name = "platform", description = "The server itself"),
        (name = "operations", description = "Health and metrics"),
    )
)]
struct Api;

/// The OpenAPI 3.1 document of all routes.
#[must_use]
pub fn document() -> Document {
    Api::openapi()
}
