//! Summaries of alerts, incidents, groups of lines and days.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tocsin_domain::alert::{AlertId, IncidentId};
use tocsin_domain::ports::SummarySubject;
use tocsin_domain::{TimeRange, Timestamp};

use super::alerts::span_ms;
use super::{alerts, incidents};
use crate::errors::ApiError;
use crate::extract::{Path, Query};
use crate::identity::Actor;
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::views;
use crate::wire::alert_filter::uuid;
use crate::wire::summaries::{SummaryItem, SummaryParams, TimeSummaryParams, is_markdown};

const DAY_MS: i64 = 86_400_000;

type Answer = Result<Response, ApiError>;

/// What an alert is about.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}/summary", tag = "copilot",
    params(("id" = String, Path, description = "The id of the alert"), SummaryParams),
    responses(
        (status = 200, content((SummaryItem = "application/json"), (String = "text/markdown"))),
        ReadProblems
    )
)]
pub(crate) async fn of_alert(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    Query(params): Query<SummaryParams>,
) -> Answer {
    let id = AlertId(uuid("id", &id)?);
    let (format, unknown) = (params.format, || alerts::unknown(id));
    answer(&state, &actor, SummarySubject::Alert(id), format, unknown).await
}

/// What an incident is about, for those who are told of it.
#[utoipa::path(
    get, path = "/api/v1/incidents/{id}/summary", tag = "copilot",
    params(("id" = String, Path, description = "The id of the incident"), SummaryParams),
    responses(
        (status = 200, content((SummaryItem = "application/json"), (String = "text/markdown"))),
        ReadProblems
    )
)]
pub(crate) async fn of_incident(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    Query(params): Query<SummaryParams>,
) -> Answer {
    let id = IncidentId(uuid("id", &id)?);
    let (format, unknown) = (params.format, || incidents::unknown(id));
    answer(
        &state,
        &actor,
        SummarySubject::Incident(id),
        format,
        unknown,
    )
    .await
}

/// The draft of an incident's post-mortem.
#[utoipa::path(
    get, path = "/api/v1/incidents/{id}/post-mortem", tag = "copilot",
    params(("id" = String, Path, description = "The id of the incident"), SummaryParams),
    responses(
        (status = 200, content((SummaryItem = "application/json"), (String = "text/markdown"))),
        ReadProblems
    )
)]
pub(crate) async fn post_mortem(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    Query(params): Query<SummaryParams>,
) -> Answer {
    let id = IncidentId(uuid("id", &id)?);
    let (format, unknown) = (params.format, || incidents::unknown(id));
    answer(
        &state,
        &actor,
        SummarySubject::PostMortem(id),
        format,
        unknown,
    )
    .await
}

/// What a group of lines is about.
#[utoipa::path(
    get, path = "/api/v1/logs/clusters/{id}/summary", tag = "copilot",
    params(("id" = String, Path, description = "The cluster's id"), TimeSummaryParams),
    responses(
        (status = 200, content((SummaryItem = "application/json"), (String = "text/markdown"))),
        ReadProblems
    )
)]
pub(crate) async fn of_cluster(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
    Query(params): Query<TimeSummaryParams>,
) -> Answer {
    let range = range(&state, &params)?;
    let shown: String = id.chars().take(60).collect();
    let unknown = || ApiError::not_found(format!("there is no cluster {shown} in this range"));
    let subject = SummarySubject::Cluster(id, range);
    answer(&state, &actor, subject, params.format, unknown).await
}

/// What happened within a time, by default the last day.
#[utoipa::path(
    get, path = "/api/v1/digest", tag = "copilot", params(TimeSummaryParams),
    responses(
        (status = 200, content((SummaryItem = "application/json"), (String = "text/markdown"))),
        ReadProblems
    )
)]
pub(crate) async fn digest(
    State(state): State<ApiState>,
    actor: Actor,
    Query(params): Query<TimeSummaryParams>,
) -> Answer {
    let range = range(&state, &params)?;
    let unknown = || ApiError::not_found("there is nothing to be said of this range");
    let subject = SummarySubject::Digest(range);
    answer(&state, &actor, subject, params.format, unknown).await
}

fn range(state: &ApiState, params: &TimeSummaryParams) -> Result<TimeRange, ApiError> {
    let (from, to) = (params.from.as_deref(), params.to.as_deref());
    let (from_ms, to_ms) = span_ms(state, from, to, DAY_MS)?;
    Ok(TimeRange {
        from: Timestamp::from_millis(from_ms),
        to: Timestamp::from_millis(to_ms),
    })
}

async fn answer(
    state: &ApiState,
    actor: &Actor,
    subject: SummarySubject,
    format: Option<String>,
    unknown: impl Fn() -> ApiError,
) -> Answer {
    let as_markdown = is_markdown(format.as_deref())?;
    let copilot = &state.parts().copilot;
    let summary = copilot.summarise(subject, actor.name()).await?;
    let summary = summary.ok_or_else(unknown)?;
    if as_markdown {
        let content_type = [(header::CONTENT_TYPE, "text/markdown; charset=utf-8")];
        let text = views::copilot_markdown::summary(&summary);
        return Ok((content_type, text).into_response());
    }
    Ok(Json(SummaryItem::from(&summary)).into_response())
}
