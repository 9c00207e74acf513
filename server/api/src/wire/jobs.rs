//! Jobs, and the request that makes one.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tocsin_domain::ports::Job;
use utoipa::{IntoParams, ToSchema};

use super::time;

/// Which records to delete.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DeleteRequest {
    /// What the records say, in the query language.
    pub(crate) q: Option<String>,
    /// The first instant, as in a search.
    pub(crate) from: Option<String>,
    /// The first instant after, as in a search.
    pub(crate) to: Option<String>,
    /// Only these sources; a value may end in `*`.
    pub(crate) source: Vec<String>,
    /// Only these hosts; a value may end in `*`.
    pub(crate) host: Vec<String>,
    /// Only exactly these bands.
    pub(crate) severity: Vec<String>,
    /// Only these templates.
    pub(crate) template: Vec<String>,
    /// Only say how many records would go.
    pub(crate) dry_run: bool,
}

/// How many records would go.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DryRunAnswer {
    /// Records that are selected.
    pub(crate) matches: u64,
}

/// The job that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobAnswer {
    /// The job.
    pub(crate) job: JobItem,
}

/// A piece of work that goes on after its request was answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobItem {
    /// A UUIDv7.
    pub(crate) id: String,
    /// `delete_logs`.
    pub(crate) kind: String,
    /// queued, running, succeeded or failed.
    pub(crate) status: &'static str,
    /// When it was asked for.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When it ended.
    #[schema(format = DateTime)]
    pub(crate) finished_at: Option<String>,
    /// What was asked.
    #[schema(value_type = Object)]
    pub(crate) parameters: Value,
    /// What came of it: `{"deleted": n}`.
    #[schema(value_type = Option<Object>)]
    pub(crate) result: Option<Value>,
    /// Why it failed.
    pub(crate) error: Option<String>,
}

impl From<Job> for JobItem {
    fn from(job: Job) -> Self {
        Self {
            id: job.id.to_string(),
            kind: job.kind,
            status: job.status.name(),
            created_at: time::format(job.created_at),
            finished_at: job.finished_at.map(time::format),
            parameters: json(&job.parameters),
            result: job.result.as_deref().map(json),
            error: job.error,
        }
    }
}

/// Stored JSON; what is none after all is shown as text.
pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// Which page.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// How many items, 1 to 1000. Default 100.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<usize>,
    /// The `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// One page of jobs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobListAnswer {
    /// The jobs, newest first.
    pub(crate) items: Vec<JobItem>,
    /// Where the next page begins; null if this is the last.
    pub(crate) next_cursor: Option<String>,
}
