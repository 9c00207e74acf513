//! Exports.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExportFormat {
    /// RFC 4180, with a header line.
    Csv,
    /// One JSON object a line, as in a search.
    Ndjson,
}

/// How to export.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportParams {
    /// csv or ndjson.
    pub(crate) format: ExportFormat,
}
