//! Summaries.

use serde::{Deserialize, Serialize};
use tocsin_domain::ports::{Summary, SummarySection};
use utoipa::{IntoParams, ToSchema};

use super::facts::{FactItem, StatementItem, WriterItem, all};
use super::series::at;
use crate::errors::ApiError;

/// What a summary is to look like.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SummaryParams {
    /// json or md (Markdown). Default json.
    pub(crate) format: Option<String>,
}

/// What a summary of a time is about, and what it is to look like.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimeSummaryParams {
    /// The first time. Default: a day before `to`.
    pub(crate) from: Option<String>,
    /// The first time after. Default: now.
    pub(crate) to: Option<String>,
    /// json or md (Markdown). Default json.
    pub(crate) format: Option<String>,
}

/// Whether Markdown is asked for.
pub(crate) fn is_markdown(format: Option<&str>) -> Result<bool, ApiError> {
    match format.unwrap_or_default() {
        "" | "json" => Ok(false),
        "md" => Ok(true),
        other => {
            let shown: String = other.chars().take(40).collect();
            let detail = format!("`{shown}` is not a format");
            Err(ApiError::field("format", "json or md", detail))
        }
    }
}

/// A summary.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SummaryItem {
    /// What it is about.
    pub(crate) title: String,
    /// Its parts.
    pub(crate) sections: Vec<SummarySectionItem>,
    /// What it rests on.
    pub(crate) facts: Vec<FactItem>,
    /// Who wrote the sentences.
    pub(crate) writer: WriterItem,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) made_at: String,
}

/// A part of a summary.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SummarySectionItem {
    /// Its heading; empty where there is one part only.
    pub(crate) title: String,
    /// What it says.
    pub(crate) statements: Vec<StatementItem>,
}

impl From<&SummarySection> for SummarySectionItem {
    fn from(section: &SummarySection) -> Self {
        Self {
            title: section.title.clone(),
            statements: all(&section.statements),
        }
    }
}

impl From<&Summary> for SummaryItem {
    fn from(summary: &Summary) -> Self {
        Self {
            title: summary.title.clone(),
            sections: all(&summary.sections),
            facts: all(&summary.facts),
            writer: (&summary.writer).into(),
            made_at: at(summary.made_ms),
        }
    }
}
