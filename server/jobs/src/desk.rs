//! What people do with jobs and schedules.

use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::Timestamp;
use tocsin_domain::job::{Job, JobId, JobRefusal, JobStatus, Schedule};
use tocsin_domain::ports::{
    Created, JobDesk, JobDeskError, JobFilter, JobKind, JobRequest, Replaced, ScheduleAtWork,
};
use tokio::sync::Notify;

use crate::JobParts;
use crate::config::JobsConfig;
use crate::cron::Cron;
use crate::telemetry::JobTelemetry;

/// How often a change is made anew when another came first.
const TRIES_MAX: usize = 20;

/// The desk of the queue.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct JobService {
    parts: JobParts,
    attempts_max: u32,
    waiting_max: usize,
    wake: Arc<Notify>,
}

impl JobService {
    pub(crate) fn new(parts: JobParts, config: &JobsConfig, wake: Arc<Notify>) -> Self {
        Self {
            parts,
            attempts_max: config.attempts_max,
            waiting_max: config.waiting_max,
            wake,
        }
    }

    /// What became of jobs in this server.
    #[must_use]
    pub fn telemetry(&self) -> Arc<JobTelemetry> {
        self.parts.telemetry.clone()
    }

    async fn job(&self, id: JobId) -> Result<Job, JobDeskError> {
        let job = self.parts.store.get(id).await?;
        job.ok_or_else(|| JobDeskError::NotFound(format!("there is no job {id}")))
    }

    /// Changes a job as it is now, however often another change comes first.
    async fn change(
        &self,
        id: JobId,
        step: impl Fn(&mut Job, Timestamp) -> Result<(), JobRefusal> + Send + Sync,
    ) -> Result<Job, JobDeskError> {
        for _ in 0..TRIES_MAX {
            let mut job = self.job(id).await?;
            let refused = |refusal: JobRefusal| JobDeskError::Conflict(refusal.to_string());
            step(&mut job, self.parts.clock.now()).map_err(refused)?;
            match self.parts.store.replace(&job).await? {
                Replaced::Yes => {
                    self.wake.notify_one();
                    job.revision += 1;
                    return Ok(job);
                }
                Replaced::Changed => {}
                Replaced::Taken => {
                    let detail = "an equal job waits or runs already";
                    return Err(JobDeskError::Conflict(detail.to_owned()));
                }
            }
        }
        let detail = format!("job {id} changes all the time; try again");
        Err(JobDeskError::Conflict(detail))
    }

    async fn schedule(&self, name: &str) -> Result<Schedule, JobDeskError> {
        let all = self.parts.store.schedules().await?;
        let found = all.into_iter().find(|schedule| schedule.name == name);
        let shown: String = name.chars().take(60).collect();
        found.ok_or_else(|| JobDeskError::NotFound(format!("there is no schedule `{shown}`")))
    }

    async fn ask_for(
        &self,
        request: JobRequest,
        schedule: Option<String>,
    ) -> Result<Job, JobDeskError> {
        let Some(handler) = self.parts.handlers.get(&request.kind) else {
            let kinds = self.parts.handlers.names().join(", ");
            let shown: String = request.kind.chars().take(60).collect();
            let detail = format!("`kind`: expected one of {kinds}, not `{shown}`");
            return Err(JobDeskError::Invalid(detail));
        };
        if request.parameters.len() > Job::PARAMETERS_BYTES_MAX {
            let most = Job::PARAMETERS_BYTES_MAX;
            let detail = format!("`parameters`: expected at most {most} bytes");
            return Err(JobDeskError::Invalid(detail));
        }
        let now = self.parts.clock.now();
        let parameters = handler.check(&request.parameters, now);
        let parameters = parameters.map_err(JobDeskError::Invalid)?;
        let mut job = Job::new(request.id, handler.kind(), parameters, now);
        job.asked_by = request.asked_by;
        job.schedule = schedule;
        job.attempts_max = self.attempts_max;
        job.unique_key = handler.is_unique().then(|| unique_key(&job));
        self.check_room(&job.kind).await?;
        match self.parts.store.create(job.clone()).await? {
            Created::New => {
                self.wake.notify_one();
                Ok(job)
            }
            Created::Known(id) => self.job(id).await,
        }
    }

    async fn check_room(&self, kind: &str) -> Result<(), JobDeskError> {
        let filter = JobFilter {
            statuses: vec![JobStatus::Queued, JobStatus::Running],
            kinds: vec![kind.to_owned()],
            schedule: None,
        };
        let waiting = self.parts.store.list(&filter, None, self.waiting_max);
        if waiting.await?.len() >= self.waiting_max {
            let most = self.waiting_max;
            let detail = format!("{most} jobs of kind `{kind}` wait or run already");
            return Err(JobDeskError::Full(detail));
        }
        Ok(())
    }
}

/// The key of jobs that ask for the same.
pub(crate) fn unique_key(job: &Job) -> String {
    let hash = xxhash_rust::xxh3::xxh3_128(job.parameters.as_bytes());
    format!("{}:{hash:032x}", job.kind)
}

fn at_work(schedule: Schedule, now: Timestamp) -> ScheduleAtWork {
    let cron = Cron::parse(&schedule.cron).ok();
    let cron = cron.filter(|_| !schedule.is_paused);
    ScheduleAtWork {
        next_due: cron.and_then(|cron| cron.after(schedule.seen_until.max(now))),
        schedule,
    }
}

#[async_trait]
impl JobDesk for JobService {
    fn kinds(&self) -> Vec<JobKind> {
        self.parts.handlers.kinds()
    }

    async fn ask(&self, request: JobRequest) -> Result<Job, JobDeskError> {
        self.ask_for(request, None).await
    }

    async fn cancel(&self, id: JobId) -> Result<Job, JobDeskError> {
        self.change(id, Job::cancel).await
    }

    async fn retry(&self, id: JobId) -> Result<Job, JobDeskError> {
        self.change(id, Job::retry).await
    }

    async fn discard(&self, id: JobId) -> Result<(), JobDeskError> {
        if self.parts.store.remove(id).await? {
            return Ok(());
        }
        let status = self.job(id).await?.status;
        let refusal = JobRefusal::Unfinished(status);
        Err(JobDeskError::Conflict(refusal.to_string()))
    }

    async fn schedules(&self) -> Result<Vec<ScheduleAtWork>, JobDeskError> {
        let now = self.parts.clock.now();
        let all = self.parts.store.schedules().await?;
        Ok(all.into_iter().map(|one| at_work(one, now)).collect())
    }

    async fn run_schedule(
        &self,
        name: &str,
        id: JobId,
        asked_by: &str,
    ) -> Result<Job, JobDeskError> {
        let schedule = self.schedule(name).await?;
        let request = JobRequest {
            id,
            kind: schedule.kind,
            parameters: schedule.parameters,
            asked_by: asked_by.to_owned(),
        };
        self.ask_for(request, Some(schedule.name)).await
    }

    async fn pause_schedule(
        &self,
        name: &str,
        is_paused: bool,
    ) -> Result<ScheduleAtWork, JobDeskError> {
        for _ in 0..TRIES_MAX {
            let mut schedule = self.schedule(name).await?;
            let now = self.parts.clock.now();
            if schedule.is_paused && !is_paused {
                // What passed while it was paused is not made up for.
                schedule.seen_until = schedule.seen_until.max(now);
            }
            schedule.is_paused = is_paused;
            if self.parts.store.replace_schedule(&schedule).await? {
                schedule.revision += 1;
                return Ok(at_work(schedule, now));
            }
        }
        let detail = format!("schedule `{name}` changes all the time; try again");
        Err(JobDeskError::Conflict(detail))
    }
}
