//! The job store: slow work, kept over restarts and shared by all servers.

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::job::{Job, JobId, JobStatus, Schedule};
use crate::time::Timestamp;

/// Which jobs are meant. Everything that is given must hold; an empty list is not given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobFilter {
    /// Of one of these statuses.
    pub statuses: Vec<JobStatus>,
    /// Of one of these kinds.
    pub kinds: Vec<String>,
    /// Asked for by this schedule.
    pub schedule: Option<String>,
}

/// What became of a new job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is kept.
    New,
    /// There is one already that has its `unique_key` and is unfinished, or has its `once_key`:
    /// nothing was kept.
    Known(JobId),
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// It is kept.
    Yes,
    /// Somebody else changed or removed it meanwhile: nothing was kept. Read it again.
    Changed,
    /// Another unfinished job has its `unique_key`: nothing was kept.
    Taken,
}

/// Jobs and schedules. Any number of servers read and change them: a change names the revision that
/// it was made from, and is not kept if there was another since.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Keeps a new job; durable on return.
    ///
    /// # Errors
    /// [`StoreError`]; an id that is taken is [`StoreError::Invalid`].
    async fn create(&self, job: Job) -> Result<Created, StoreError>;

    /// Keeps a job in place of the one of the same id if that has the same revision, and counts the
    /// revision up; durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn replace(&self, job: &Job) -> Result<Replaced, StoreError>;

    /// One job.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError>;

    /// The `limit` jobs of a filter asked for last before `before` (or of all), newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn list(
        &self,
        filter: &JobFilter,
        before: Option<JobId>,
        limit: usize,
    ) -> Result<Vec<Job>, StoreError>;

    /// Jobs of some kinds that may be claimed at a time: those due, and those whose lease lapsed;
    /// what waited longest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn ready(
        &self,
        kinds: &[String],
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Job>, StoreError>;

    /// How many jobs there are of each kind and status that has some.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn counts(&self) -> Result<Vec<(String, JobStatus, u64)>, StoreError>;

    /// Removes a finished job; false if there is none of that id, or it is not finished.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn remove(&self, id: JobId) -> Result<bool, StoreError>;

    /// Forgets jobs that ended before a time, and those of schedules that succeeded before another.
    /// Returns how many went.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn forget_jobs(
        &self,
        before: Timestamp,
        scheduled_before: Timestamp,
    ) -> Result<u64, StoreError>;

    /// All schedules, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn schedules(&self) -> Result<Vec<Schedule>, StoreError>;

    /// Keeps a new schedule; false if there is one of that name.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn create_schedule(&self, schedule: &Schedule) -> Result<bool, StoreError>;

    /// Keeps a schedule in place of the one of the same name if that has the same revision, and
    /// counts the revision up. False: somebody else changed or removed it meanwhile.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn replace_schedule(&self, schedule: &Schedule) -> Result<bool, StoreError>;

    /// Removes a schedule; false if there is none. Its jobs stay.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn remove_schedule(&self, name: &str) -> Result<bool, StoreError>;
}
