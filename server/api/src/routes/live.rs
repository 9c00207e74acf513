//! `/ws/alerts`, `/ws/metrics` and `/api/v1/live` (Server-Sent Events).

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::errors::ApiError;
use crate::extract::{LabelledQuery, Query};
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::stream::alerts::AlertFeed;
use crate::stream::metrics::{MetricFeed, Watched};
use crate::stream::{events, socket};
use crate::wire::alert_filter::LiveParams;

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// What happens to alerts, over a WebSocket. Frames are JSON objects with a `type`: `hello` (`seq`,
/// the number after which frames begin), `alert` (`seq`, `event`, `alert` as it is after it; in
/// what is replayed, as it is now), `ping` (`seq`, the number through which everything was told).
/// A client that does not take frames in time is closed with code 1013; it comes back with
/// `after=` the last `seq` it has, and misses nothing.
#[utoipa::path(
    get, path = "/ws/alerts", tag = "live", params(LiveParams),
    responses((status = 101, description = "A WebSocket"), ReadProblems)
)]
pub(crate) async fn alerts(
    State(state): State<ApiState>,
    LabelledQuery(params): LabelledQuery<LiveParams>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(|rejection| ApiError::bad_request(rejection.body_text()))?;
    let feed = AlertFeed::begin(&state, params.read()?, params.after).await?;
    Ok(socket::answer(&state, upgrade, feed))
}

/// What happens, as Server-Sent Events. Events are `hello` (`{"seq": …}`), `alert` (as over
/// `/ws/alerts`), and `closed` (`{"reason": …}`), the last of all; a comment is the heartbeat. The
/// id of an event is its number: `Last-Event-ID`, which browsers send by themselves, goes on where
/// a client stopped.
#[utoipa::path(
    get, path = "/api/v1/live", tag = "live",
    params(
        LiveParams,
        ("Last-Event-ID" = Option<u64>, Header, description = "The id of the last event it has")
    ),
    responses(
        (status = 200, content_type = "text/event-stream", body = String, description = "Events"),
        ReadProblems
    )
)]
pub(crate) async fn events(
    State(state): State<ApiState>,
    LabelledQuery(params): LabelledQuery<LiveParams>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let after = last_event_id(&headers)?.or(params.after);
    let feed = AlertFeed::begin(&state, params.read()?, after).await?;
    Ok(events::answer(&state, "alert", feed))
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(id) = headers.get("last-event-id").filter(|id| !id.is_empty()) else {
        return Ok(None);
    };
    let id = id.to_str().ok().and_then(|id| id.trim().parse().ok());
    id.map(Some).ok_or_else(|| {
        let detail = "this is not an id of ours";
        ApiError::field("Last-Event-ID", "the id of an event", detail)
    })
}

/// Which points.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PointParams {
    /// A PromQL selector of at most 1000 series.
    pub(crate) r#match: Option<String>,
    /// A query in PromQL, instead of `match`.
    pub(crate) q: Option<String>,
}

/// The newest points of the selected series, over a WebSocket, at most once a second. Frames are
/// JSON objects with a `type`: `hello`, `points` and `ping`. `points` has `items`, each with
/// `labels`, `at` (milliseconds since the Unix epoch) and `value`; with `snapshot` true it holds
/// the newest point of every series, which the first frame does, and one after a client was slow.
#[utoipa::path(
    get, path = "/ws/metrics", tag = "live", params(PointParams),
    responses((status = 101, description = "A WebSocket"), ReadProblems)
)]
pub(crate) async fn metrics(
    State(state): State<ApiState>,
    Query(params): Query<PointParams>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(|rejection| ApiError::bad_request(rejection.body_text()))?;
    let own = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let watched = match (own(params.r#match), own(params.q)) {
        (Some(text), None) => Watched::Match(text),
        (None, Some(text)) => Watched::Query(text),
        _ => {
            let detail = "expected either `match` or `q`";
            return Err(ApiError::field("match", "a selector, or else `q`", detail));
        }
    };
    let feed = MetricFeed::begin(&state, watched).await?;
    Ok(socket::answer(&state, upgrade, feed))
}
