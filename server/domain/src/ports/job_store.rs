//! The job store: work that goes on after its request was answered.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::time::Timestamp;

/// The identity of a job: a UUIDv7, so jobs sort by when they were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u128);

impl JobId {
    /// Makes an id from the time and 10 random bytes.
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        Self(uuid.as_u128())
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", uuid::Uuid::from_u128(self.0))
    }
}

impl FromStr for JobId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        uuid::Uuid::parse_str(text).map(|uuid| Self(uuid.as_u128()))
    }
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobStatus {
    /// It waits for its turn.
    Queued,
    /// It is being done.
    Running,
    /// It is done.
    Succeeded,
    /// It ended without being done; the job's error says why.
    Failed,
}

impl JobStatus {
    /// All of them, in the order a job passes through them.
    pub const ALL: [Self; 4] = [Self::Queued, Self::Running, Self::Succeeded, Self::Failed];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// Reads the word for it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// A piece of work that goes on after its request was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Who it is.
    pub id: JobId,
    /// What is done, such as `delete_logs`.
    pub kind: String,
    /// How far it is.
    pub status: JobStatus,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended, either way.
    pub finished_at: Option<Timestamp>,
    /// What was asked, as a JSON object.
    pub parameters: String,
    /// What came of it, as a JSON object, if it succeeded.
    pub result: Option<String>,
    /// Why it failed, in words for people.
    pub error: Option<String>,
}

/// Jobs, kept over restarts.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Keeps a new job; durable on return.
    ///
    /// # Errors
    /// [`StoreError`]; an id that is taken is [`StoreError::Invalid`].
    async fn create(&self, job: Job) -> Result<(), StoreError>;

    /// Replaces the job of the same id; durable on return.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown id is [`StoreError::Invalid`].
    async fn update(&self, job: Job) -> Result<(), StoreError>;

    /// One job.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError>;

    /// The `limit` jobs asked for last before `before` (or of all), newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn list(&self, before: Option<JobId>, limit: usize) -> Result<Vec<Job>, StoreError>;
}
