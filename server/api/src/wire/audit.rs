//! The audit log.

use serde::Serialize;
use serde_json::Value;
use tocsin_domain::ports::AuditEntry;
use utoipa::ToSchema;

use super::jobs::json;
use super::time;

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
    /// By whom; `anonymous` while there is no authentication.
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
