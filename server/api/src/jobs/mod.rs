//! Work that goes on after its request was answered: kept as a job, owned by the task tracker,
//! audited before and after.

pub(crate) mod delete;

use serde_json::{Value, json};
use tocsin_domain::ports::{AuditEntry, AuditId, Job, JobId, JobStatus, StoreError};

use crate::identity::SYSTEM;
use crate::state::{ApiState, random};

/// How many jobs are looked through at a time.
const PAGE: usize = 200;

/// Marks what an earlier run left undone as failed; says how many jobs there were.
pub(crate) async fn close_abandoned(state: &ApiState) -> Result<usize, StoreError> {
    let jobs = &state.parts().jobs;
    let mut before: Option<JobId> = None;
    let mut closed = 0;
    loop {
        let page = jobs.list(before, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(closed);
        };
        before = Some(last.id);
        for mut job in page {
            if matches!(job.status, JobStatus::Succeeded | JobStatus::Failed) {
                continue;
            }
            job.status = JobStatus::Failed;
            job.finished_at = Some(state.now());
            job.error = Some("the server stopped before it was done; ask for it again".to_owned());
            audit(
                state,
                SYSTEM,
                &format!("{}.abandoned", action(&job)),
                &job,
                json!({}),
            )
            .await?;
            jobs.update(job).await?;
            closed += 1;
        }
    }
}

/// Adds an entry on a job to the audit log.
async fn audit(
    state: &ApiState,
    actor: &str,
    action: &str,
    job: &Job,
    details: Value,
) -> Result<(), StoreError> {
    let now = state.now();
    let entry = AuditEntry {
        id: AuditId::new(now, random()),
        at: now,
        actor: actor.to_owned(),
        action: action.to_owned(),
        subject: format!("job:{}", job.id),
        details: details.to_string(),
    };
    state.parts().audit.append(entry).await
}

/// The word for what a job does in the audit log.
fn action(job: &Job) -> &str {
    match job.kind.as_str() {
        delete::KIND => "logs.delete",
        kind => kind,
    }
}
