//! Deleting what a query selects.

use serde_json::json;
use tocsin_domain::ports::log_store::LogQuery;
use tocsin_domain::ports::{Job, JobId, JobStatus, StoreError};
use tocsin_domain::{TimeRange, Timestamp};
use tokio::sync::OwnedSemaphorePermit;

use super::audit;
use crate::errors::{ApiError, ErrorKind};
use crate::identity::{Actor, SYSTEM};
use crate::state::{ApiState, random};
use crate::wire::filter::FilterParams;
use crate::wire::jobs::{DeleteRequest, json};
use crate::wire::time;

/// The kind of these jobs.
pub(crate) const KIND: &str = "delete_logs";

/// What the request selects. Selecting everything must be said, by a time or a filter.
pub(crate) fn selection(request: &DeleteRequest, now: Timestamp) -> Result<LogQuery, ApiError> {
    let filter = FilterParams {
        q: request.q.clone(),
        from: request.from.clone(),
        to: request.to.clone(),
        source: list("source", &request.source)?,
        host: list("host", &request.host)?,
        severity: list("severity", &request.severity)?,
        min_severity: None,
        template: list("template", &request.template)?,
    };
    let query = filter.read(now)?.query;
    if query == LogQuery::all(TimeRange::ALL) {
        let detail = "this would delete every record; to do so, give `to`, such as \"now\"";
        return Err(ApiError::field("q", "a query, a filter or a time", detail));
    }
    Ok(query)
}

fn list(field: &str, values: &[String]) -> Result<Option<String>, ApiError> {
    if values.iter().any(|value| value.contains(',')) {
        let detail = "a value holds a comma; use `q` for it";
        return Err(ApiError::field(field, "values without commas", detail));
    }
    Ok(Some(values.join(",")))
}

/// Keeps the job, says so in the audit log, and begins.
pub(crate) async fn start(
    state: &ApiState,
    actor: &Actor,
    request: &DeleteRequest,
    query: LogQuery,
) -> Result<Job, ApiError> {
    let busy = |_| {
        ApiError::new(
            ErrorKind::TooManyRequests,
            "too many deletions wait already",
        )
    };
    let place = state
        .bounds
        .delete_jobs
        .clone()
        .try_acquire_owned()
        .map_err(busy)?;
    let now = state.now();
    let job = Job {
        id: JobId::new(now, random()),
        kind: KIND.to_owned(),
        status: JobStatus::Queued,
        created_at: now,
        finished_at: None,
        parameters: parameters(request, query.range),
        result: None,
        error: None,
    };
    audit(
        state,
        actor.name(),
        "logs.delete.requested",
        &job,
        json(&job.parameters),
    )
    .await?;
    state.parts().jobs.create(job.clone()).await?;
    state
        .parts()
        .tasks
        .spawn(run(state.clone(), job.clone(), query, place));
    Ok(job)
}

/// What was asked, with times as they were when it was asked.
fn parameters(request: &DeleteRequest, range: TimeRange) -> String {
    let from = (range.from != TimeRange::ALL.from).then(|| time::format(range.from));
    let to = (range.to != TimeRange::ALL.to).then(|| time::format(range.to));
    json!({
        "q": request.q,
        "from": from,
        "to": to,
        "source": request.source,
        "host": request.host,
        "severity": request.severity,
        "template": request.template,
    })
    .to_string()
}

/// Waits for its turn and deletes. If the server shuts down first, the job is closed at the next
/// start.
async fn run(state: ApiState, job: Job, query: LogQuery, _place: OwnedSemaphorePermit) {
    let turn = state.bounds.deleting.clone().acquire_owned();
    let _turn = tokio::select! {
        () = state.parts().shutdown.cancelled() => return,
        turn = turn => turn,
    };
    if let Err(error) = delete(&state, job, &query).await {
        ApiError::from(error).log();
    }
}

async fn delete(state: &ApiState, mut job: Job, query: &LogQuery) -> Result<(), StoreError> {
    let jobs = &state.parts().jobs;
    job.status = JobStatus::Running;
    jobs.update(job.clone()).await?;
    let (action, details) = match state.parts().logs.delete(query).await {
        Ok(deleted) => {
            job.status = JobStatus::Succeeded;
            let result = json!({ "deleted": deleted });
            job.result = Some(result.to_string());
            ("logs.delete.succeeded", result)
        }
        Err(error) => {
            let error = ApiError::from(error);
            error.log();
            job.status = JobStatus::Failed;
            job.error = Some(error.detail.clone());
            ("logs.delete.failed", json!({ "error": error.detail }))
        }
    };
    job.finished_at = Some(state.now());
    let audited = audit(state, SYSTEM, action, &job, details).await;
    jobs.update(job).await?;
    audited
}
