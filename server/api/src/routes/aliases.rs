//! The routes of the system that came before, so that what was made for it goes on working. Each
//! is another name for something under `/api/v1`.

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tocsin_domain::ports::{AlertFilter, DecisionFilter};
use tocsin_domain::ticket::TicketSettings;
use tocsin_ingest::{Context, Decoded, json_lines};

use super::tickets::put_settings;
use super::{alerts, body, tickets_decisions};
use crate::errors::ApiError;
use crate::extract::JsonBody;
use crate::identity::Actor;
use crate::openapi::{ReadProblems, WriteProblems};
use crate::state::{ApiState, random};
use crate::stream::events;
use crate::stream::monitoring::MonitoringFeed;
use crate::wire::aliases::{
    AliasAnswer, AutomationStatus, DemoEvent, DemoLine, DemoTaken, JiraStatus, MonitoringSnapshot,
    ToggleRequest, WatcherStatus,
};
use crate::wire::series::at;

/// The source of events that are sent for show.
const DEMO_SOURCE: &str = "demo-events";
/// How many alerts and decisions are shown at a glance.
const NEWEST: usize = 20;

/// Errors that a shop might have.
const DEMO_LINES: [DemoLine; 5] = [
    DemoLine {
        severity: "CRITICAL",
        message: "CRITICAL: Pricing error | Missing price for product 999",
    },
    DemoLine {
        severity: "ERROR",
        message: "cannot write /var/lib/shop/orders.db: No space left on device",
    },
    DemoLine {
        severity: "ERROR",
        message: "payment provider: connection timed out after 30000 ms",
    },
    DemoLine {
        severity: "CRITICAL",
        message: "java.lang.OutOfMemoryError: Java heap space in checkout",
    },
    DemoLine {
        severity: "ERROR",
        message: "could not connect to the stock database: Connection refused",
    },
];

type Answer<T> = Result<Json<AliasAnswer<T>>, ApiError>;

/// How it is with Jira: `/api/v1/tickets/status`.
#[utoipa::path(
    get, path = "/api/jira/status", tag = "aliases",
    responses((status = 200, body = AliasAnswer<JiraStatus>), ReadProblems)
)]
pub(crate) async fn jira_status(State(state): State<ApiState>) -> Answer<JiraStatus> {
    let parts = state.parts();
    let counts = parts.tickets.ticket_counts().await?;
    let health = parts.ticket_desk.health().await;
    Ok(Json(AliasAnswer::of(JiraStatus::new(health, &counts))))
}

/// What was made of alerts: `/api/v1/tickets/status`.
#[utoipa::path(
    get, path = "/api/automation/status", tag = "aliases",
    responses((status = 200, body = AliasAnswer<AutomationStatus>), ReadProblems)
)]
pub(crate) async fn automation_status(State(state): State<ApiState>) -> Answer<AutomationStatus> {
    Ok(Json(AliasAnswer::of(automation(&state).await?)))
}

async fn automation(state: &ApiState) -> Result<AutomationStatus, ApiError> {
    let parts = state.parts();
    let counts = parts.tickets.ticket_counts().await?;
    let all = DecisionFilter::default();
    let last = parts.tickets.decisions(&all, None, 1).await?;
    let settings = parts.ticket_desk.settings();
    Ok(AutomationStatus::new(settings, &counts, last.first()))
}

/// Let alerts get tickets, or not: `enabled` of `/api/v1/tickets/settings`.
#[utoipa::path(
    post, path = "/api/automation/toggle", tag = "aliases", request_body = ToggleRequest,
    responses((status = 200, body = AliasAnswer<AutomationStatus>), WriteProblems)
)]
pub(crate) async fn automation_toggle(
    State(state): State<ApiState>,
    actor: Actor,
    JsonBody(request): JsonBody<ToggleRequest>,
) -> Answer<AutomationStatus> {
    let is_enabled = request.enabled;
    change(&state, &actor, |settings| settings.is_enabled = is_enabled).await?;
    let message = match is_enabled {
        true => "Automation enabled",
        false => "Automation disabled",
    };
    Ok(Json(AliasAnswer::done(message, automation(&state).await?)))
}

/// Changes the settings, if that changes anything.
async fn change(
    state: &ApiState,
    actor: &Actor,
    set: impl FnOnce(&mut TicketSettings),
) -> Result<(), ApiError> {
    let before = state.parts().ticket_desk.settings();
    let mut settings = before;
    set(&mut settings);
    if settings != before {
        put_settings(state, actor, &settings.into()).await?;
    }
    Ok(())
}

/// Which files are read, and whether what is detected is decided on: `/api/v1/data-sources` and
/// `paused` of `/api/v1/tickets/settings`.
#[utoipa::path(
    get, path = "/api/watcher/status", tag = "aliases",
    responses((status = 200, body = AliasAnswer<WatcherStatus>), ReadProblems)
)]
pub(crate) async fn watcher_status(State(state): State<ApiState>) -> Answer<WatcherStatus> {
    Ok(Json(AliasAnswer::of(watcher(&state).await?)))
}

async fn watcher(state: &ApiState) -> Result<WatcherStatus, ApiError> {
    let parts = state.parts();
    let sources = parts.status.data_sources().await.sources;
    let alerts = parts.alerts.alert_counts().await?;
    let settings = parts.ticket_desk.settings();
    let now = at(state.now().millis());
    Ok(WatcherStatus::new(settings, sources, &alerts, now))
}

/// Go on deciding, beginning with what happened meanwhile: `paused` of
/// `/api/v1/tickets/settings` becomes false.
#[utoipa::path(
    post, path = "/api/watcher/start", tag = "aliases",
    responses((status = 200, body = AliasAnswer<WatcherStatus>), WriteProblems)
)]
pub(crate) async fn watcher_start(
    State(state): State<ApiState>,
    actor: Actor,
) -> Answer<WatcherStatus> {
    change(&state, &actor, |settings| settings.is_paused = false).await?;
    let status = watcher(&state).await?;
    Ok(Json(AliasAnswer::done("Log watcher started", status)))
}

/// Stop deciding for now; nothing is lost meanwhile: `paused` of `/api/v1/tickets/settings`
/// becomes true.
#[utoipa::path(
    post, path = "/api/watcher/stop", tag = "aliases",
    responses((status = 200, body = AliasAnswer<WatcherStatus>), WriteProblems)
)]
pub(crate) async fn watcher_stop(
    State(state): State<ApiState>,
    actor: Actor,
) -> Answer<WatcherStatus> {
    change(&state, &actor, |settings| settings.is_paused = true).await?;
    let status = watcher(&state).await?;
    Ok(Json(AliasAnswer::done("Log watcher stopped", status)))
}

/// The lines that a POST without an event takes.
#[utoipa::path(
    get, path = "/api/demo-events", tag = "aliases",
    responses((status = 200, body = AliasAnswer<Vec<DemoLine>>), ReadProblems)
)]
pub(crate) async fn demo_events() -> Json<AliasAnswer<Vec<DemoLine>>> {
    Json(AliasAnswer::of(DEMO_LINES.to_vec()))
}

/// Take an error of a shop, or a handful of samples if there is no body, as log lines of the source
/// `demo-events`: `POST /api/v1/logs`.
#[utoipa::path(
    post, path = "/api/demo-events", tag = "aliases", request_body = Option<DemoEvent>,
    responses((status = 200, body = AliasAnswer<DemoTaken>), WriteProblems)
)]
pub(crate) async fn send_demo_events(
    State(state): State<ApiState>,
    request: Request,
) -> Answer<DemoTaken> {
    let event = event(&state, request).await?;
    let lines = match event.r#type.as_deref() {
        None => DEMO_LINES
            .iter()
            .map(|line| json!({ "severity": line.severity, "message": line.message }))
            .collect(),
        Some("error_detected") => vec![line(&event)?],
        Some(other) => {
            let shown: String = other.chars().take(40).collect();
            let detail = format!("`{shown}` is not a type of event");
            return Err(ApiError::field("type", "error_detected", detail));
        }
    };
    let decoded = decode(&state, lines);
    if decoded.accepted == 0 {
        return Err(ApiError::all_rejected(decoded.rejected, &decoded.errors));
    }
    let accepted = decoded.accepted;
    state.parts().intake.accept(decoded.batches).await?;
    let taken = DemoTaken {
        accepted,
        source: DEMO_SOURCE,
    };
    Ok(Json(AliasAnswer::done("Event received", taken)))
}

/// The event in a body; an empty body is an empty event.
async fn event(state: &ApiState, request: Request) -> Result<DemoEvent, ApiError> {
    let (head, body) = request.into_parts();
    let collected = body::collect(state, &head.headers, body).await?;
    if collected.bytes.trim_ascii().is_empty() {
        return Ok(DemoEvent::default());
    }
    let request = Request::from_parts(head, Body::from(collected.bytes));
    let JsonBody(event) = JsonBody::from_request(request, state).await?;
    Ok(event)
}

/// An event as a log line: what its error says, and the rest as attributes.
fn line(event: &DemoEvent) -> Result<Value, ApiError> {
    let of_error = |name: &str| event.error.get(name).and_then(Value::as_str);
    let message = event.error.as_str().or_else(|| of_error("message"));
    let Some(message) = message.filter(|text| !text.trim().is_empty()) else {
        let detail = "the event says nothing";
        let expected = "a text, or an object with `message`";
        return Err(ApiError::field("error", expected, detail));
    };
    let mut line = json!({
        "severity": of_error("severity").unwrap_or("ERROR"), "message": message,
    });
    for (name, value) in [
        ("order_id", &event.order_id),
        ("store_number", &event.store_number),
        ("kiosk_number", &event.kiosk_number),
        ("timestamp", &event.timestamp),
    ] {
        if let (Some(value), Some(fields)) = (value, line.as_object_mut()) {
            fields.insert(name.to_owned(), json!(value));
        }
    }
    Ok(line)
}

fn decode(state: &ApiState, lines: Vec<Value>) -> Decoded {
    let mut random = random;
    let mut context = Context::new(state.now(), &mut random, &state.parts().limits);
    context.source = DEMO_SOURCE;
    let text = Value::Array(lines).to_string();
    json_lines::decode(text.as_bytes(), &mut context)
}

/// The newest alerts and decisions at a glance; to a client that accepts `text/event-stream`, as
/// browsers' `EventSource` does, what happens from now on: messages with `type` (`connected`,
/// `error-detected`, `ticket-created`, `ticket-updated`) and `data`.
#[utoipa::path(
    get, path = "/api/monitoring/live", tag = "aliases",
    responses(
        (status = 200, content(
            (AliasAnswer<MonitoringSnapshot> = "application/json"),
            (String = "text/event-stream")
        ), description = "A snapshot, or events"),
        ReadProblems
    )
)]
pub(crate) async fn monitoring(
    State(state): State<ApiState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let accept = headers.get(header::ACCEPT);
    let accept = accept.and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/event-stream")) {
        let feed = MonitoringFeed::begin(&state).await?;
        // What has this name is what `onmessage` hears.
        return Ok(events::answer(&state, "message", feed));
    }
    let parts = state.parts();
    let newest = parts
        .alerts
        .alerts(&AlertFilter::default(), None, NEWEST)
        .await?;
    let all = DecisionFilter::default();
    let decisions = parts.tickets.decisions(&all, None, NEWEST).await?;
    let snapshot = MonitoringSnapshot {
        alerts: alerts::items(&state, &newest),
        decisions: tickets_decisions::items(&state, &decisions).await?,
        counts: (&parts.tickets.ticket_counts().await?).into(),
        firing: parts.alerts.alert_counts().await?.firing,
        at: at(state.now().millis()),
    };
    Ok(Json(AliasAnswer::of(snapshot)).into_response())
}
