//! Jobs in memory, and a desk that does what it is asked at once.

use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::Timestamp;
use tocsin_domain::job::{Ending, Job, JobId, JobStatus, Progress, Schedule};
use tocsin_domain::ports::{
    Created, JobDesk, JobDeskError, JobError, JobFilter, JobHandler, JobKind, JobRequest, JobRun,
    JobStore, Replaced, ScheduleAtWork, StoreError,
};

use super::{Fakes, NOW, lock};
use crate::{DeleteLogs, GenerateReport};

#[async_trait]
impl JobStore for Fakes {
    async fn create(&self, job: Job) -> Result<Created, StoreError> {
        lock(&self.jobs).push(job);
        Ok(Created::New)
    }

    async fn replace(&self, job: &Job) -> Result<Replaced, StoreError> {
        let mut jobs = lock(&self.jobs);
        let known = jobs.iter_mut().find(|known| known.id == job.id);
        *known.ok_or_else(|| StoreError::Invalid("no such job".into()))? = job.clone();
        Ok(Replaced::Yes)
    }

    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        Ok(lock(&self.jobs).iter().find(|job| job.id == id).cloned())
    }

    async fn list(
        &self,
        filter: &JobFilter,
        before: Option<JobId>,
        limit: usize,
    ) -> Result<Vec<Job>, StoreError> {
        let mut all = lock(&self.jobs).clone();
        all.retain(|job| {
            before.is_none_or(|before| job.id < before)
                && (filter.statuses.is_empty() || filter.statuses.contains(&job.status))
                && (filter.kinds.is_empty() || filter.kinds.contains(&job.kind))
        });
        all.sort_by_key(|job| std::cmp::Reverse(job.id));
        all.truncate(limit);
        Ok(all)
    }

    async fn ready(&self, _: &[String], _: Timestamp, _: usize) -> Result<Vec<Job>, StoreError> {
        Ok(Vec::new())
    }

    async fn counts(&self) -> Result<Vec<(String, JobStatus, u64)>, StoreError> {
        Ok(Vec::new())
    }

    async fn remove(&self, id: JobId) -> Result<bool, StoreError> {
        let mut jobs = lock(&self.jobs);
        let before = jobs.len();
        jobs.retain(|job| job.id != id || !job.status.is_finished());
        Ok(jobs.len() < before)
    }

    async fn forget_jobs(&self, _: Timestamp, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn schedules(&self) -> Result<Vec<Schedule>, StoreError> {
        Ok(vec![schedule()])
    }

    async fn create_schedule(&self, _: &Schedule) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn replace_schedule(&self, _: &Schedule) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn remove_schedule(&self, _: &str) -> Result<bool, StoreError> {
        Ok(false)
    }
}

fn schedule() -> Schedule {
    Schedule {
        name: "nightly".into(),
        kind: "generate_report".into(),
        parameters: r#"{"from":"now-1d"}"#.into(),
        cron: "30 2 * * *".into(),
        is_paused: false,
        seen_until: NOW,
        last_job: None,
        revision: 0,
    }
}

/// A desk that does what it is asked before it answers; once, and never again.
pub(in crate::tests) struct FakeDesk(pub(in crate::tests) Arc<Fakes>);

struct Inline<'a>(&'a Job);

#[async_trait]
impl JobRun for Inline<'_> {
    fn job(&self) -> &Job {
        self.0
    }

    fn is_stopped(&self) -> bool {
        false
    }

    async fn stopped(&self) {
        std::future::pending().await
    }

    fn progress(&self, _: Progress) {}

    async fn checkpoint(&self, _: String) -> Result<(), JobError> {
        Ok(())
    }
}

impl FakeDesk {
    fn handler(&self, kind: &str) -> Option<Box<dyn JobHandler>> {
        let fakes = &self.0;
        match kind {
            "delete_logs" => {
                let handler = DeleteLogs::new(fakes.clone(), fakes.clone(), fakes.clone());
                Some(Box::new(handler))
            }
            "generate_report" => Some(Box::new(GenerateReport::new(fakes.clone()))),
            _ => None,
        }
    }

    async fn change(
        &self,
        id: JobId,
        step: impl FnOnce(&mut Job) -> Result<(), tocsin_domain::job::JobRefusal>,
    ) -> Result<Job, JobDeskError> {
        let job = JobStore::get(self.0.as_ref(), id).await?;
        let mut job = job.ok_or_else(|| JobDeskError::NotFound("no such job".into()))?;
        step(&mut job).map_err(|refusal| JobDeskError::Conflict(refusal.to_string()))?;
        self.0.replace(&job).await?;
        Ok(job)
    }
}

#[async_trait]
impl JobDesk for FakeDesk {
    fn kinds(&self) -> Vec<JobKind> {
        let kinds = ["delete_logs", "generate_report"];
        let all = kinds.into_iter().filter_map(|kind| self.handler(kind));
        let kind = |handler: Box<dyn JobHandler>| JobKind {
            name: handler.kind(),
            about: handler.about(),
            example: handler.example(),
        };
        all.map(kind).collect()
    }

    async fn ask(&self, request: JobRequest) -> Result<Job, JobDeskError> {
        let handler = self.handler(&request.kind);
        let handler = handler.ok_or_else(|| JobDeskError::Invalid("`kind`".into()))?;
        let parameters = handler.check(&request.parameters, NOW);
        let parameters = parameters.map_err(JobDeskError::Invalid)?;
        assert_eq!(
            handler.check(&parameters, Timestamp(0)).as_ref(),
            Ok(&parameters),
            "what was read is read again as it is"
        );
        let mut job = Job::new(request.id, &request.kind, parameters, NOW);
        job.asked_by = request.asked_by;
        let asked = job.clone();
        job.claim("here", NOW, NOW);
        let ending = match handler.run(&Inline(&job)).await {
            Ok(result) => Ending::Done(result),
            Err(JobError::Refused(error)) => Ending::Refused(error),
            Err(error) => Ending::Failed {
                error: error.to_string(),
                retry_after_ms: 1,
            },
        };
        job.finish(1, NOW, ending);
        self.0.create(job).await?;
        Ok(asked)
    }

    async fn cancel(&self, id: JobId) -> Result<Job, JobDeskError> {
        self.change(id, |job| job.cancel(NOW)).await
    }

    async fn retry(&self, id: JobId) -> Result<Job, JobDeskError> {
        self.change(id, |job| job.retry(NOW)).await
    }

    async fn discard(&self, id: JobId) -> Result<(), JobDeskError> {
        match self.0.remove(id).await? {
            true => Ok(()),
            false => Err(JobDeskError::Conflict("it has not ended yet".into())),
        }
    }

    async fn schedules(&self) -> Result<Vec<ScheduleAtWork>, JobDeskError> {
        let schedule = schedule();
        let next_due = Some(Timestamp::from_secs(1_800_001_800));
        Ok(vec![ScheduleAtWork { schedule, next_due }])
    }

    async fn run_schedule(&self, _: &str, id: JobId, asked_by: &str) -> Result<Job, JobDeskError> {
        let schedule = schedule();
        let request = JobRequest {
            id,
            kind: schedule.kind,
            parameters: schedule.parameters,
            asked_by: asked_by.to_owned(),
        };
        self.ask(request).await
    }

    async fn pause_schedule(
        &self,
        _: &str,
        is_paused: bool,
    ) -> Result<ScheduleAtWork, JobDeskError> {
        let mut schedule = schedule();
        schedule.is_paused = is_paused;
        let next_due = (!is_paused).then(|| Timestamp::from_secs(1_800_001_800));
        Ok(ScheduleAtWork { schedule, next_due })
    }
}
