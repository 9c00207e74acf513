//! `GET /api/v1/logs/export`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;

use crate::errors::ApiError;
use crate::extract::Query;
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::views;
use crate::wire::export::{ExportFormat, ExportParams};
use crate::wire::filter::FilterParams;

/// Everything that the filters leave, oldest first, streamed.
#[utoipa::path(
    get, path = "/api/v1/logs/export", tag = "logs", params(FilterParams, ExportParams),
    responses(
        (status = 200, content(
            (String = "text/csv"), (String = "application/x-ndjson")
        ), description = "An attachment; it breaks off if a store fails on the way"),
        ReadProblems
    )
)]
pub(crate) async fn export(
    State(state): State<ApiState>,
    Query(filter): Query<FilterParams>,
    Query(params): Query<ExportParams>,
) -> Result<impl IntoResponse, ApiError> {
    let query = filter.read(state.now())?.query;
    let stream = views::export::export(state, query, params.format).await?;
    Ok((headers(params.format), Body::from_stream(stream)))
}

const fn headers(format: ExportFormat) -> [(HeaderName, &'static str); 2] {
    let (content_type, disposition) = match format {
        ExportFormat::Csv => (
            "text/csv; charset=utf-8; header=present",
            "attachment; filename=\"tocsin-logs.csv\"",
        ),
        ExportFormat::Ndjson => (
            "application/x-ndjson",
            "attachment; filename=\"tocsin-logs.ndjson\"",
        ),
    };
    [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_DISPOSITION, disposition),
    ]
}
