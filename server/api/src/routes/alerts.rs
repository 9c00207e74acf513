//! `GET /api/v1/alerts`, one of them, and how many there are.

use axum::Json;
use axum::extract::State;
use tocsin_domain::alert::{Alert, AlertId};
use tocsin_domain::ports::AlertFilter;

use crate::errors::ApiError;
use crate::extract::{LabelledQuery, Path, Query, count};
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::wire::alert_filter::{AlertParams, uuid};
use crate::wire::alerts::{AlertAnswer, AlertDetail, AlertEventItem, AlertItem, AlertSummary};
use crate::wire::cursor::PageStart;
use crate::wire::jobs::PageParams;
use crate::wire::rule_answers::RuleTestRange;
use crate::wire::time;

/// The most events of an alert that are shown.
const EVENTS_MAX: usize = 1000;
const DAY_MS: i64 = 86_400_000;

/// The alerts that the filters leave, newest first.
#[utoipa::path(
    get, path = "/api/v1/alerts", tag = "alerts", params(AlertParams, PageParams),
    responses((status = 200, body = AlertAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    LabelledQuery(params): LabelledQuery<AlertParams>,
    Query(page): Query<PageParams>,
) -> Result<Json<AlertAnswer>, ApiError> {
    let limit = count("limit", page.limit, 100, 1..=1000)?;
    let before = match PageStart::decode(page.cursor.as_deref())? {
        None => None,
        Some(PageStart::Id(id)) => Some(AlertId(id)),
        Some(_) => return Err(PageStart::foreign()),
    };
    let filter = params.read(state.now())?;
    let found = state.parts().alerts.alerts(&filter, before, limit).await?;
    let last = found.last().filter(|_| found.len() == limit);
    Ok(Json(AlertAnswer {
        next_cursor: last.map(|alert| PageStart::Id(alert.id.0).encode()),
        items: items(&state, &found),
    }))
}

/// Alerts as they are shown now.
pub(crate) fn items(state: &ApiState, alerts: &[Alert]) -> Vec<AlertItem> {
    let (silences, now_ms) = (state.parts().desk.silences(), state.now().millis());
    let item = |alert: &Alert| AlertItem::new(alert, &silences, now_ms);
    alerts.iter().map(item).collect()
}

/// One alert as it is shown now.
pub(crate) fn item(state: &ApiState, alert: &Alert) -> AlertItem {
    AlertItem::new(alert, &state.parts().desk.silences(), state.now().millis())
}

/// One alert with what happened to it.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}", tag = "alerts",
    params(("id" = String, Path, description = "The id of the alert")),
    responses((status = 200, body = AlertDetail), ReadProblems)
)]
pub(crate) async fn alert(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Json<AlertDetail>, ApiError> {
    let store = &state.parts().alerts;
    let id = AlertId(uuid("id", &id)?);
    let alert = store.alert(id).await?.ok_or_else(|| unknown(id))?;
    let events = store.events_of(id, EVENTS_MAX).await?;
    Ok(Json(AlertDetail {
        alert: item(&state, &alert),
        events: events.iter().map(AlertEventItem::from).collect(),
    }))
}

/// How many alerts there are, and how quickly people were with those that began within a time
/// (by default the last seven days).
#[utoipa::path(
    get, path = "/api/v1/alerts/summary", tag = "alerts",
    params(
        ("from" = Option<String>, Query, description = "The first time. Default: a week before `to`"),
        ("to" = Option<String>, Query, description = "The first time after. Default: now"),
    ),
    responses((status = 200, body = AlertSummary), ReadProblems)
)]
pub(crate) async fn summary(
    State(state): State<ApiState>,
    Query(range): Query<RuleTestRange>,
) -> Result<Json<AlertSummary>, ApiError> {
    let (from, to) = (range.from.as_deref(), range.to.as_deref());
    let range_ms = span_ms(&state, from, to, 7 * DAY_MS)?;
    let store = &state.parts().alerts;
    let counts = store.alert_counts().await?;
    let times = store.response_times(range_ms.0, range_ms.1).await?;
    Ok(Json(AlertSummary::new(&counts, &times, range_ms)))
}

/// A range `[from, to)` in ms that ends now and lasts `default_ms` unless something else is asked.
pub(crate) fn span_ms(
    state: &ApiState,
    from: Option<&str>,
    to: Option<&str>,
    default_ms: i64,
) -> Result<(i64, i64), ApiError> {
    let now = state.now();
    let instant = |field: &str, text: Option<&str>| match text.filter(|text| !text.is_empty()) {
        Some(text) => time::parse(field, text, now).map(|at| Some(at.millis())),
        None => Ok(None),
    };
    let to_ms = instant("to", to)?.unwrap_or(now.millis());
    let from_ms = instant("from", from)?.unwrap_or(to_ms.saturating_sub(default_ms));
    if from_ms >= to_ms {
        let detail = "`from` is not before `to`";
        return Err(ApiError::field("from", "a time before `to`", detail));
    }
    Ok((from_ms, to_ms))
}

pub(crate) fn unknown(id: AlertId) -> ApiError {
    ApiError::not_found(format!("there is no alert `{id}`"))
}

/// All that are not resolved and satisfy some matchers.
pub(crate) fn open(matchers: Vec<tocsin_domain::metric::Matcher>) -> AlertFilter {
    use tocsin_domain::alert::AlertStatus::{Acknowledged, InProgress, New};
    AlertFilter {
        statuses: vec![New, Acknowledged, InProgress],
        matchers,
        ..AlertFilter::default()
    }
}
