//! `GET /api/v1/incidents`, and one of them with its alerts.

use axum::Json;
use axum::extract::State;
use tocsin_domain::alert::{IncidentId, IncidentStatus};
use tocsin_domain::ports::AlertFilter;

use super::alerts::items;
use crate::errors::ApiError;
use crate::extract::{Path, Query, count};
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::wire::alert_filter::{names, uuid};
use crate::wire::cursor::PageStart;
use crate::wire::incidents::{
    IncidentAnswer, IncidentDetail, IncidentItem, IncidentParams, SimilarIncidentAnswer,
    SimilarIncidentItem, SimilarParams,
};

/// The most alerts of an incident that are shown with it.
const ALERTS_MAX: usize = 1000;

/// Incidents, newest first.
#[utoipa::path(
    get, path = "/api/v1/incidents", tag = "alerts", params(IncidentParams),
    responses((status = 200, body = IncidentAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Query(params): Query<IncidentParams>,
) -> Result<Json<IncidentAnswer>, ApiError> {
    let limit = count("limit", params.limit, 100, 1..=1000)?;
    let before = match PageStart::decode(params.cursor.as_deref())? {
        None => None,
        Some(PageStart::Id(id)) => Some(IncidentId(id)),
        Some(_) => return Err(PageStart::foreign()),
    };
    let expected = "open, acknowledged or resolved";
    let statuses = names(
        "status",
        &params.status,
        expected,
        IncidentStatus::from_name,
    )?;
    let store = &state.parts().alerts;
    let found = store.incidents(&statuses, before, limit).await?;
    let last = found.last().filter(|_| found.len() == limit);
    Ok(Json(IncidentAnswer {
        next_cursor: last.map(|incident| PageStart::Id(incident.id.0).encode()),
        items: found.into_iter().map(IncidentItem::from).collect(),
    }))
}

/// One incident with its alerts.
#[utoipa::path(
    get, path = "/api/v1/incidents/{id}", tag = "alerts",
    params(("id" = String, Path, description = "The id of the incident")),
    responses((status = 200, body = IncidentDetail), ReadProblems)
)]
pub(crate) async fn incident(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Json<IncidentDetail>, ApiError> {
    let store = &state.parts().alerts;
    let id = IncidentId(uuid("id", &id)?);
    let incident = store.incident(id).await?.ok_or_else(|| unknown(id))?;
    let filter = AlertFilter {
        incident: Some(id),
        ..AlertFilter::default()
    };
    let alerts = store.alerts(&filter, None, ALERTS_MAX).await?;
    Ok(Json(IncidentDetail {
        incident: incident.into(),
        alerts: items(&state, &alerts),
    }))
}

/// Incidents before this one that are like it, and what they have in common.
#[utoipa::path(
    get, path = "/api/v1/incidents/{id}/similar", tag = "alerts",
    params(("id" = String, Path, description = "The id of the incident"), SimilarParams),
    responses((status = 200, body = SimilarIncidentAnswer), ReadProblems)
)]
pub(crate) async fn similar(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    Query(params): Query<SimilarParams>,
) -> Result<Json<SimilarIncidentAnswer>, ApiError> {
    let limit = count("limit", params.limit, 5, 1..=50)?;
    let id = IncidentId(uuid("id", &id)?);
    let found = state.parts().desk.similar_incidents(id, limit).await?;
    let found = found.ok_or_else(|| unknown(id))?;
    Ok(Json(SimilarIncidentAnswer {
        items: found.into_iter().map(SimilarIncidentItem::from).collect(),
    }))
}

pub(crate) fn unknown(id: IncidentId) -> ApiError {
    ApiError::not_found(format!("there is no incident `{id}`"))
}
