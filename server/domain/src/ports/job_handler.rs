//! The handler of a kind of job: the one who does the work. Workers know no kinds; handlers know
//! neither queues nor leases.

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::job::{Job, Progress};
use crate::time::Timestamp;

/// Why a job is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// It never will be, however often it is tried; says why, for people.
    #[error("{0}")]
    Refused(String),
    /// It may be later; says why, for people.
    #[error("{0}")]
    Failed(String),
    /// The handler was told to stop, and did.
    #[error("it was told to stop")]
    Stopped,
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Invalid(detail) => Self::Refused(detail),
            error => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                let cause = cause.map_or(String::new(), |cause| format!(": {cause}"));
                Self::Failed(format!("{error}{cause}"))
            }
        }
    }
}

/// An attempt, as its handler sees it.
#[async_trait]
pub trait JobRun: Send + Sync {
    /// The job as it was when it was claimed: its parameters, and the checkpoint where to go on.
    fn job(&self) -> &Job;

    /// Whether the handler is to stop: somebody called the job off, the server shuts down, or the
    /// lease was lost. It then returns [`JobError::Stopped`] as soon as it can; a little later it is
    /// dropped where it stands.
    fn is_stopped(&self) -> bool;

    /// Waits until it is to stop.
    async fn stopped(&self);

    /// Says how far it is; as often as it likes, since it is kept once a second at most.
    fn progress(&self, progress: Progress);

    /// Keeps where the next attempt is to go on; durable on return.
    ///
    /// # Errors
    /// [`JobError::Stopped`] if the lease was lost: what follows is done by somebody else.
    /// [`JobError::Failed`] if it cannot be kept.
    async fn checkpoint(&self, checkpoint: String) -> Result<(), JobError>;
}

/// Does the jobs of one kind. A job may be begun more than once, also after an attempt that did all
/// of it: what a handler does must bear that.
#[async_trait]
pub trait JobHandler: Send + Sync {
    /// The kind, such as `delete_logs`.
    fn kind(&self) -> &'static str;

    /// What it does, in a sentence for people.
    fn about(&self) -> &'static str;

    /// Parameters to begin with, as a JSON object.
    fn example(&self) -> String;

    /// Reads parameters, and gives them as the job keeps them: complete, and with times as they are
    /// now. What it gave it takes again, and gives the same.
    ///
    /// # Errors
    /// What is wrong and what was expected, for people.
    fn check(&self, parameters: &str, now: Timestamp) -> Result<String, String>;

    /// Whether a second job with the same parameters is needless while one is unfinished.
    fn is_unique(&self) -> bool {
        true
    }

    /// Does it, and says what came of it as a JSON object. A member `markdown` is a document that
    /// people can download.
    ///
    /// # Errors
    /// [`JobError`].
    async fn run(&self, run: &dyn JobRun) -> Result<String, JobError>;
}
