//! `/api/v1/automation/audit` and its export: who did what in automation.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use tocsin_domain::ports::AuditFilter;

use super::audit::page;
use crate::errors::ApiError;
use crate::extract::Query;
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::views;
use crate::wire::audit::{AuditAnswer, AuditExportParams};
use crate::wire::export::ExportFormat;
use crate::wire::jobs::PageParams;

/// How all actions of automation begin.
const ACTIONS: &str = "automation.";

/// Who did what in automation, newest first: each step of each run, each change of a rule, each
/// switch.
#[utoipa::path(
    get, path = "/api/v1/automation/audit", tag = "automation", params(PageParams),
    responses((status = 200, body = AuditAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Query(params): Query<PageParams>,
) -> Result<Json<AuditAnswer>, ApiError> {
    page(&state, &of_automation(), &params).await
}

/// Everything that was done in automation within a time, newest first, streamed.
#[utoipa::path(
    get, path = "/api/v1/automation/audit/export", tag = "automation", params(AuditExportParams),
    responses(
        (status = 200, content(
            (String = "text/csv"), (String = "application/x-ndjson")
        ), description = "An attachment; it breaks off if a store fails on the way"),
        ReadProblems
    )
)]
pub(crate) async fn export(
    State(state): State<ApiState>,
    Query(params): Query<AuditExportParams>,
) -> Result<impl IntoResponse, ApiError> {
    let (from, to) = params.range(state.now())?;
    let filter = AuditFilter {
        from,
        to,
        ..of_automation()
    };
    let stream = views::audit_export::export(state, filter, params.format).await?;
    Ok((headers(params.format), Body::from_stream(stream)))
}

fn of_automation() -> AuditFilter {
    AuditFilter {
        action: Some(ACTIONS.to_owned()),
        ..AuditFilter::default()
    }
}

const fn headers(format: ExportFormat) -> [(HeaderName, &'static str); 2] {
    let (content_type, disposition) = match format {
        ExportFormat::Csv => (
            "text/csv; charset=utf-8; header=present",
            "attachment; filename=\"tocsin-automation-audit.csv\"",
        ),
        ExportFormat::Ndjson => (
            "application/x-ndjson",
            "attachment; filename=\"tocsin-automation-audit.ndjson\"",
        ),
    };
    [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_DISPOSITION, disposition),
    ]
}
