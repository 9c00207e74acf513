//! Jobs, and the request that makes one.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tocsin_domain::job::{Job, JobStatus};
use tocsin_domain::ports::{JobKind, ScheduleAtWork};
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

/// A piece of slow work.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobItem {
    /// A UUIDv7.
    pub(crate) id: String,
    /// What is done, such as `delete_logs`.
    pub(crate) kind: String,
    /// queued, running, succeeded, failed (it cannot be done), dead (given up after all its attempts)
    /// or cancelled.
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
    /// What came of it, such as `{"deleted": n}`; a document is left out.
    #[schema(value_type = Option<Object>)]
    pub(crate) result: Option<Value>,
    /// Whether `/result` has a document.
    pub(crate) has_document: bool,
    /// Why the last attempt failed.
    pub(crate) error: Option<String>,
    /// Who asked for it; `system` for a schedule.
    pub(crate) asked_by: String,
    /// The schedule it is of.
    pub(crate) schedule: Option<String>,
    /// How often it was begun.
    pub(crate) attempts: u32,
    /// How often it may be begun.
    pub(crate) attempts_max: u32,
    /// When it may be begun next, if it is queued.
    #[schema(format = DateTime)]
    pub(crate) due_at: Option<String>,
    /// When it was last begun.
    #[schema(format = DateTime)]
    pub(crate) started_at: Option<String>,
    /// The server that does it, or did it last.
    pub(crate) worker: Option<String>,
    /// Whether somebody called it off while it was running.
    pub(crate) is_cancel_asked: bool,
    /// How much of it is done.
    pub(crate) progress: JobProgress,
}

/// How much of a job is done, in units of its kind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobProgress {
    /// How much.
    pub(crate) done: u64,
    /// Of how much, if that is known.
    pub(crate) total: Option<u64>,
    /// What is being done, in a few words.
    pub(crate) note: String,
}

impl From<Job> for JobItem {
    fn from(job: Job) -> Self {
        let mut result = job.result.as_deref().map(json);
        let members = result.as_mut().and_then(Value::as_object_mut);
        let document = members.and_then(|members| members.remove("markdown"));
        Self {
            id: job.id.to_string(),
            kind: job.kind,
            status: job.status.name(),
            created_at: time::format(job.created_at),
            finished_at: job.finished_at.map(time::format),
            parameters: json(&job.parameters),
            result,
            has_document: document.is_some(),
            error: job.error,
            asked_by: job.asked_by,
            schedule: job.schedule,
            attempts: job.attempts,
            attempts_max: job.attempts_max,
            due_at: (job.status == JobStatus::Queued).then(|| time::format(job.due_at)),
            started_at: job.started_at.map(time::format),
            worker: job.worker,
            is_cancel_asked: job.is_cancel_asked,
            progress: JobProgress {
                done: job.progress.done,
                total: job.progress.total,
                note: job.progress.note,
            },
        }
    }
}

/// What somebody asks for.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobAsked {
    /// What is to be done: a name of `/api/v1/jobs/kinds`.
    pub(crate) kind: String,
    /// What is asked of it; its kind has an example.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) parameters: serde_json::Map<String, Value>,
}

/// A kind of job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobKindItem {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) about: &'static str,
    /// Parameters to begin with.
    #[schema(value_type = Object)]
    pub(crate) example: Value,
}

impl From<JobKind> for JobKindItem {
    fn from(kind: JobKind) -> Self {
        Self {
            name: kind.name,
            about: kind.about,
            example: json(&kind.example),
        }
    }
}

/// The kinds of jobs that can be asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobKindAnswer {
    /// By name.
    pub(crate) items: Vec<JobKindItem>,
}

/// What asks for a job again and again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScheduleItem {
    /// Its name.
    pub(crate) name: String,
    /// The kind of job.
    pub(crate) kind: String,
    /// What is asked of it.
    #[schema(value_type = Object)]
    pub(crate) parameters: Value,
    /// When: minute, hour, day, month, weekday, in UTC.
    pub(crate) cron: String,
    /// Whether somebody paused it.
    pub(crate) is_paused: bool,
    /// When it asks next; null while it is paused.
    #[schema(format = DateTime)]
    pub(crate) next_due: Option<String>,
    /// The job it asked for last.
    pub(crate) last_job: Option<String>,
}

impl From<ScheduleAtWork> for ScheduleItem {
    fn from(at_work: ScheduleAtWork) -> Self {
        let schedule = at_work.schedule;
        Self {
            name: schedule.name,
            kind: schedule.kind,
            parameters: json(&schedule.parameters),
            cron: schedule.cron,
            is_paused: schedule.is_paused,
            next_due: at_work.next_due.map(time::format),
            last_job: schedule.last_job.map(|id| id.to_string()),
        }
    }
}

/// All schedules.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScheduleAnswer {
    /// By name.
    pub(crate) items: Vec<ScheduleItem>,
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

/// Which jobs, and which page of them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobParams {
    /// Only of these statuses, separated by commas: queued, running, succeeded, failed, dead,
    /// cancelled.
    pub(crate) status: Option<String>,
    /// Only of these kinds, separated by commas.
    pub(crate) kind: Option<String>,
    /// Only of this schedule.
    pub(crate) schedule: Option<String>,
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
