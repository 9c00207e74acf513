//! `GET /api/v1/alerts/export`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;

use crate::errors::ApiError;
use crate::extract::LabelledQuery;
use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::views;
use crate::wire::alert_filter::AlertParams;
use crate::wire::export::{ExportFormat, ExportParams};

/// Everything that the filters leave, newest first, streamed.
#[utoipa::path(
    get, path = "/api/v1/alerts/export", tag = "alerts", params(AlertParams, ExportParams),
    responses(
        (status = 200, content(
            (String = "text/csv"), (String = "application/x-ndjson")
        ), description = "An attachment; it breaks off if a store fails on the way"),
        ReadProblems
    )
)]
pub(crate) async fn export(
    State(state): State<ApiState>,
    LabelledQuery(filter): LabelledQuery<AlertParams>,
    LabelledQuery(params): LabelledQuery<ExportParams>,
) -> Result<impl IntoResponse, ApiError> {
    let filter = filter.read(state.now())?;
    let stream = views::alerts_export::export(state, filter, params.format).await?;
    Ok((headers(params.format), Body::from_stream(stream)))
}

const fn headers(format: ExportFormat) -> [(HeaderName, &'static str); 2] {
    let (content_type, disposition) = match format {
        ExportFormat::Csv => (
            "text/csv; charset=utf-8; header=present",
            "attachment; filename=\"tocsin-alerts.csv\"",
        ),
        ExportFormat::Ndjson => (
            "application/x-ndjson",
            "attachment; filename=\"tocsin-alerts.ndjson\"",
        ),
    };
    [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_DISPOSITION, disposition),
    ]
}
