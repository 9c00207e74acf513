//! A store in memory that keeps its contract, may be away, and notes what it was told.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use tocsin_domain::Timestamp;
use tocsin_domain::job::{Job, JobId, JobStatus, Schedule};
use tocsin_domain::ports::{Created, JobFilter, JobStore, Replaced, StoreError};

#[derive(Default)]
pub(super) struct Memory {
    pub(super) jobs: Mutex<Vec<Job>>,
    pub(super) schedules: Mutex<Vec<Schedule>>,
    pub(super) is_away: AtomicBool,
    /// How often a job was kept as ended.
    pub(super) endings: AtomicU64,
    pub(super) writes: AtomicU64,
}

impl Memory {
    /// Every call is a point where others come in between.
    async fn enter(&self) -> Result<(), StoreError> {
        tokio::task::yield_now().await;
        match self.is_away.load(Ordering::Relaxed) {
            true => Err(StoreError::Unavailable("away".into())),
            false => Ok(()),
        }
    }

    pub(super) fn only(&self) -> Job {
        let jobs = self.jobs.lock();
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        jobs[0].clone()
    }
}

fn holder<'a>(jobs: &'a [Job], of: &Job) -> Option<&'a Job> {
    let has = |mine: &Option<String>, theirs: &Option<String>| mine.is_some() && mine == theirs;
    jobs.iter().filter(|job| job.id != of.id).find(|job| {
        has(&of.once_key, &job.once_key)
            || (has(&of.unique_key, &job.unique_key) && !job.status.is_finished())
    })
}

#[async_trait]
impl JobStore for Memory {
    async fn create(&self, job: Job) -> Result<Created, StoreError> {
        self.enter().await?;
        let mut jobs = self.jobs.lock();
        if let Some(known) = holder(&jobs, &job) {
            return Ok(Created::Known(known.id));
        }
        jobs.push(job);
        Ok(Created::New)
    }

    async fn replace(&self, job: &Job) -> Result<Replaced, StoreError> {
        self.enter().await?;
        let mut jobs = self.jobs.lock();
        let at = jobs.iter().position(|known| known.id == job.id);
        let Some(at) = at.filter(|at| jobs[*at].revision == job.revision) else {
            return Ok(Replaced::Changed);
        };
        if !job.status.is_finished() && holder(&jobs, job).is_some() {
            return Ok(Replaced::Taken);
        }
        self.writes.fetch_add(1, Ordering::Relaxed);
        if job.status.is_finished() && !jobs[at].status.is_finished() {
            self.endings.fetch_add(1, Ordering::Relaxed);
        }
        jobs[at] = Job {
            revision: job.revision + 1,
            ..job.clone()
        };
        Ok(Replaced::Yes)
    }

    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.enter().await?;
        Ok(self.jobs.lock().iter().find(|job| job.id == id).cloned())
    }

    async fn list(
        &self,
        filter: &JobFilter,
        _: Option<JobId>,
        limit: usize,
    ) -> Result<Vec<Job>, StoreError> {
        self.enter().await?;
        let mut jobs = self.jobs.lock().clone();
        jobs.retain(|job| {
            filter.statuses.contains(&job.status) && filter.kinds.contains(&job.kind)
        });
        jobs.truncate(limit);
        Ok(jobs)
    }

    async fn ready(
        &self,
        kinds: &[String],
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Job>, StoreError> {
        self.enter().await?;
        let mut jobs = self.jobs.lock().clone();
        jobs.retain(|job| {
            let is_ready = match job.status {
                JobStatus::Queued => job.due_at <= now,
                JobStatus::Running => job.lease_until.is_none_or(|until| until < now),
                _ => false,
            };
            is_ready && kinds.contains(&job.kind)
        });
        jobs.truncate(limit);
        Ok(jobs)
    }

    async fn counts(&self) -> Result<Vec<(String, JobStatus, u64)>, StoreError> {
        self.enter().await?;
        Ok(Vec::new())
    }

    async fn remove(&self, id: JobId) -> Result<bool, StoreError> {
        self.enter().await?;
        let mut jobs = self.jobs.lock();
        let before = jobs.len();
        jobs.retain(|job| job.id != id || !job.status.is_finished());
        Ok(jobs.len() < before)
    }

    async fn forget_jobs(&self, before: Timestamp, _: Timestamp) -> Result<u64, StoreError> {
        self.enter().await?;
        let mut jobs = self.jobs.lock();
        let count = jobs.len();
        jobs.retain(|job| job.finished_at.is_none_or(|at| at >= before));
        Ok((count - jobs.len()) as u64)
    }

    async fn schedules(&self) -> Result<Vec<Schedule>, StoreError> {
        self.enter().await?;
        Ok(self.schedules.lock().clone())
    }

    async fn create_schedule(&self, schedule: &Schedule) -> Result<bool, StoreError> {
        self.enter().await?;
        let mut all = self.schedules.lock();
        let is_new = !all.iter().any(|known| known.name == schedule.name);
        if is_new {
            all.push(schedule.clone());
        }
        Ok(is_new)
    }

    async fn replace_schedule(&self, schedule: &Schedule) -> Result<bool, StoreError> {
        self.enter().await?;
        let mut all = self.schedules.lock();
        let same = all
            .iter_mut()
            .find(|known| known.name == schedule.name && known.revision == schedule.revision);
        let Some(known) = same else { return Ok(false) };
        *known = Schedule {
            revision: schedule.revision + 1,
            ..schedule.clone()
        };
        Ok(true)
    }

    async fn remove_schedule(&self, name: &str) -> Result<bool, StoreError> {
        self.enter().await?;
        let mut all = self.schedules.lock();
        let before = all.len();
        all.retain(|known| known.name != name);
        Ok(all.len() < before)
    }
}
