//! `GET /api/v1/audit`.

use axum::Json;
use axum::extract::State;
use tocsin_domain::ports::{AuditFilter, AuditId};

use crate::errors::ApiError;
use crate::extract::{Query, count};
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::wire::audit::AuditAnswer;
use crate::wire::cursor::PageStart;
use crate::wire::jobs::PageParams;

/// Who did what, newest first.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "platform", params(PageParams),
    responses((status = 200, body = AuditAnswer), ReadProblems)
)]
pub(crate) async fn audit(
    State(state): State<ApiState>,
    Query(params): Query<PageParams>,
) -> Result<Json<AuditAnswer>, ApiError> {
    page(&state, &AuditFilter::default(), &params).await
}

/// One page of what a filter leaves.
pub(super) async fn page(
    state: &ApiState,
    filter: &AuditFilter,
    params: &PageParams,
) -> Result<Json<AuditAnswer>, ApiError> {
    let limit = count("limit", params.limit, 100, 1..=1000)?;
    let before = match PageStart::decode(params.cursor.as_deref())? {
        None => None,
        Some(PageStart::Id(id)) => Some(AuditId(id)),
        Some(_) => return Err(PageStart::foreign()),
    };
    let entries = state.parts().audit.page(filter, before, limit).await?;
    let is_full = entries.len() == limit;
    let last = entries
        .last()
        .filter(|_| is_full)
        .map(|entry| PageStart::Id(entry.id.0).encode());
    Ok(Json(AuditAnswer {
        items: entries.into_iter().map(Into::into).collect(),
        next_cursor: last,
    }))
}
