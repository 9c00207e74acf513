//! Deleting what a query selects.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;
use tocsin_domain::job::{Job, JobId, Progress};
use tocsin_domain::ports::log_store::LogQuery;
use tocsin_domain::ports::{AuditLog, Clock, JobError, JobHandler, JobRequest, JobRun, LogStore};
use tocsin_domain::{TimeRange, Timestamp};
use tokio::sync::Semaphore;

use crate::audit::record;
use crate::errors::ApiError;
use crate::identity::Actor;
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

/// Says so in the audit log, and asks for the job.
pub(crate) async fn start(
    state: &ApiState,
    actor: &Actor,
    request: &DeleteRequest,
    range: TimeRange,
) -> Result<Job, ApiError> {
    let id = JobId::new(state.now(), random());
    let parameters = parameters(request, range);
    let details = json(&parameters);
    record(
        state,
        actor,
        "logs.delete.requested",
        format!("job:{id}"),
        details,
    )
    .await?;
    let request = JobRequest {
        id,
        kind: KIND.to_owned(),
        parameters,
        asked_by: actor.name().to_owned(),
    };
    Ok(state.parts().job_desk.ask(request).await?)
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

/// Does the jobs that delete records.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct DeleteLogs {
    logs: Arc<dyn LogStore>,
    audit: Arc<dyn AuditLog>,
    clock: Arc<dyn Clock>,
    /// One deletion at a time: each reads and writes much.
    turn: Semaphore,
}

impl DeleteLogs {
    /// A handler over a log store; what became of a deletion is told to the audit log.
    #[must_use]
    pub fn new(logs: Arc<dyn LogStore>, audit: Arc<dyn AuditLog>, clock: Arc<dyn Clock>) -> Self {
        let turn = Semaphore::new(1);
        Self {
            logs,
            audit,
            clock,
            turn,
        }
    }

    async fn tell(
        &self,
        action: &str,
        job: JobId,
        details: serde_json::Value,
    ) -> Result<(), JobError> {
        let ports = (self.audit.as_ref(), self.clock.as_ref());
        Ok(super::audit(ports, action, job, details).await?)
    }
}

#[async_trait]
impl JobHandler for DeleteLogs {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn about(&self) -> &'static str {
        "Deletes the log records that a query, filters and a time select."
    }

    fn example(&self) -> String {
        json!({ "q": "level:debug", "to": "now-7d", "source": [] }).to_string()
    }

    fn check(&self, parameters: &str, now: Timestamp) -> Result<String, String> {
        let request: DeleteRequest = super::read(parameters)?;
        if request.dry_run {
            return Err("`dry_run`: a job deletes; POST /api/v1/logs/delete counts".to_owned());
        }
        let query = selection(&request, now).map_err(super::detail)?;
        Ok(self::parameters(&request, query.range))
    }

    async fn run(&self, run: &dyn JobRun) -> Result<String, JobError> {
        let job = run.job();
        let request: DeleteRequest = super::read(&job.parameters).map_err(JobError::Refused)?;
        let query = selection(&request, self.clock.now());
        let query = query.map_err(|error| JobError::Refused(super::detail(error)))?;
        run.progress(Progress {
            note: "waiting for another deletion".into(),
            ..Progress::default()
        });
        let _turn = tokio::select! {
            () = run.stopped() => return Err(JobError::Stopped),
            turn = self.turn.acquire() => turn,
        };
        run.progress(Progress {
            note: "deleting".into(),
            ..Progress::default()
        });
        match self.logs.delete(&query).await {
            Ok(deleted) => {
                let result = json!({ "deleted": deleted });
                self.tell("logs.delete.succeeded", job.id, result.clone())
                    .await?;
                Ok(result.to_string())
            }
            Err(error) => {
                let failed = JobError::from(error);
                // It is told once, when nobody tries any more.
                if matches!(failed, JobError::Refused(_)) || job.attempts >= job.attempts_max {
                    let details = json!({ "error": failed.to_string() });
                    self.tell("logs.delete.failed", job.id, details).await?;
                }
                Err(failed)
            }
        }
    }
}
