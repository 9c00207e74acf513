//! What asks for a job again and again.

use super::JobId;
use crate::time::Timestamp;

/// Asks for a job at certain times, in UTC. Each time makes exactly one job, whatever the number of
/// servers; times that were missed while none ran make one together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its name, which is its identity.
    pub name: String,
    /// The kind of job.
    pub kind: String,
    /// What is asked of it, as a JSON object.
    pub parameters: String,
    /// When, as a cron expression of five fields.
    pub cron: String,
    /// Whether somebody paused it. Times that pass meanwhile are not made up for.
    pub is_paused: bool,
    /// All its times until here, this one included, have been seen to.
    pub seen_until: Timestamp,
    /// The job it asked for last.
    pub last_job: Option<JobId>,
    /// Grows with every change.
    pub revision: u64,
}

impl Schedule {
    /// The key of the job of one of its times.
    #[must_use]
    pub fn once_key(&self, due: Timestamp) -> String {
        format!("{}@{}", self.name, due.millis())
    }
}
