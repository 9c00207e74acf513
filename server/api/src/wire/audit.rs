//! The audit log.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tocsin_domain::Timestamp;
use tocsin_domain::ports::AuditEntry;
use utoipa::{IntoParams, ToSchema};

use super::export::ExportFormat;
use super::jobs::json;
use super::time;
use crate::errors::ApiError;

/// One page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditAnswer {
    /// The entries, newest first.
    pub(crate) items: Vec<AuditItem>,
    /// Where the next page begins; null if this is the last.
    pub(crate) next_cursor: Option<String>,
}

/// Something that was done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditItem {
    /// A UUIDv7.
    pub(crate) id: String,
    /// When.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// By whom; `anonymous` if nobody said who it is, `system` if nobody asked.
    pub(crate) actor: String,
    /// What, such as `logs.delete.requested`.
    pub(crate) action: String,
    /// To what, such as `job:0190…`.
    pub(crate) subject: String,
    /// More on it.
    #[schema(value_type = Object)]
    pub(crate) details: Value,
}

impl From<AuditEntry> for AuditItem {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            at: time::format(entry.at),
            actor: entry.actor,
            action: entry.action,
            subject: entry.subject,
            details: json(&entry.details),
        }
    }
}

/// Which entries to export, and how.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditExportParams {
    /// csv or ndjson.
    pub(crate) format: ExportFormat,
    /// What was done at this time or later. Default: no bound.
    pub(crate) from: Option<String>,
    /// What was done before this time. Default: no bound.
    pub(crate) to: Option<String>,
}

impl AuditExportParams {
    /// From when on, and until when.
    pub(crate) fn range(
        &self,
        now: Timestamp,
    ) -> Result<(Option<Timestamp>, Option<Timestamp>), ApiError> {
        let instant = |field: &str, text: &Option<String>| match text.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => time::parse(field, text, now).map(Some),
        };
        let (from, to) = (instant("from", &self.from)?, instant("to", &self.to)?);
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            let detail = "`to` is before `from`";
            return Err(ApiError::field("to", "a time not before `from`", detail));
        }
        Ok((from, to))
    }
}
