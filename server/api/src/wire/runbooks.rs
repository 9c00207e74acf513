//! Runbooks.

use serde::Serialize;
use tocsin_domain::copilot::Runbook;
use utoipa::ToSchema;

/// All runbooks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunbookAnswer {
    /// The runbooks, by type of failure.
    pub(crate) items: Vec<RunbookItem>,
}

/// What to do about a type of failure, as people wrote it down.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunbookItem {
    /// The type of failure.
    pub(crate) failure_type: String,
    /// What it is about, in a line.
    pub(crate) title: String,
    /// What to do, step by step.
    pub(crate) steps: Vec<String>,
    /// What shows that it helped.
    pub(crate) verify: String,
    /// Where to read more: `http` or `https`.
    pub(crate) url: Option<String>,
}

impl From<Runbook> for RunbookItem {
    fn from(runbook: Runbook) -> Self {
        Self {
            failure_type: runbook.failure_type,
            title: runbook.title,
            steps: runbook.steps,
            verify: runbook.verify,
            url: runbook.url,
        }
    }
}
