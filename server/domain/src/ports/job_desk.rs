//! The job desk: what people do with jobs and schedules.

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::job::{Job, JobId, Schedule};
use crate::time::Timestamp;

/// A kind of job that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobKind {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Parameters to begin with, as a JSON object.
    pub example: String,
}

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRequest {
    /// The id that the job is to have.
    pub id: JobId,
    /// What is to be done.
    pub kind: String,
    /// What is asked of it, as a JSON object.
    pub parameters: String,
    /// Who asks.
    pub asked_by: String,
}

/// A schedule, and when it asks next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleAtWork {
    /// The schedule.
    pub schedule: Schedule,
    /// When it asks next; none while it is paused.
    pub next_due: Option<Timestamp>,
}

/// Why that cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum JobDeskError {
    /// There is no such job, kind or schedule; says which.
    #[error("{0}")]
    NotFound(String),
    /// The parameters cannot be; says what is wrong and what was expected.
    #[error("{0}")]
    Invalid(String),
    /// As things are it makes no sense; says why.
    #[error("{0}")]
    Conflict(String),
    /// Too many wait already; says of what.
    #[error("{0}")]
    Full(String),
    /// The store did not answer.
    #[error("the store of jobs did not answer")]
    Store(#[from] StoreError),
}

/// What people do with jobs and schedules. Durable on return, and seen by all servers.
#[async_trait]
pub trait JobDesk: Send + Sync {
    /// The kinds that can be asked for, by name.
    fn kinds(&self) -> Vec<JobKind>;

    /// Asks for a job. If an equal one is unfinished, that one is answered; its id differs then.
    ///
    /// # Errors
    /// [`JobDeskError`].
    async fn ask(&self, request: JobRequest) -> Result<Job, JobDeskError>;

    /// Calls a job off: at once if it waits; one that is running is told, and ends soon.
    ///
    /// # Errors
    /// [`JobDeskError`].
    async fn cancel(&self, id: JobId) -> Result<Job, JobDeskError>;

    /// Has a job tried again that failed, was given up or called off, or that waits.
    ///
    /// # Errors
    /// [`JobDeskError`].
    async fn retry(&self, id: JobId) -> Result<Job, JobDeskError>;

    /// Removes a job that has ended.
    ///
    /// # Errors
    /// [`JobDeskError`].
    async fn discard(&self, id: JobId) -> Result<(), JobDeskError>;

    /// All schedules, by name.
    ///
    /// # Errors
    /// [`JobDeskError`].
    async fn schedules(&self) -> Result<Vec<ScheduleAtWork>, JobDeskError>;

    /// Has a schedule's job done now, beside its times, under an id.
    ///
    /// # Errors
    /// [`JobDeskError`].
    async fn run_schedule(
        &self,
        name: &str,
        id: JobId,
        asked_by: &str,
    ) -> Result<Job, JobDeskError>;

    /// Pauses a schedule, or has it go on from now.
    ///
    /// # Errors
    /// [`JobDeskError`].
    async fn pause_schedule(
        &self,
        name: &str,
        is_paused: bool,
    ) -> Result<ScheduleAtWork, JobDeskError>;
}
