//! Jobs: slow work that somebody asked for, or that a schedule asks for, and what becomes of it.
//!
//! A [`Job`] is a state machine whose every step is a function of the time and of what happened;
//! nothing here waits, stores or does the work. Whoever does it holds a lease with a fence: a number
//! that grows with every claim, so that a worker which was taken for dead cannot write any more.

mod machine;
mod schedule;

use std::fmt;
use std::str::FromStr;

use crate::time::Timestamp;

pub use machine::{Claimed, Ending, JobRefusal, retry_after_ms};
pub use schedule::Schedule;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JobStatus {
    /// It waits for its turn, or for its next attempt.
    Queued,
    /// It is being done.
    Running,
    /// It is done.
    Succeeded,
    /// It cannot be done, however often it is tried; its error says why.
    Failed,
    /// It was tried as often as it may be, and given up: a dead letter.
    Dead,
    /// Somebody called it off.
    Cancelled,
}

impl JobStatus {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Queued,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Dead,
        Self::Cancelled,
    ];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word for it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether nothing more happens to it by itself.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// How much of a job is done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// How much, in units that the kind of job chooses.
    pub done: u64,
    /// Of how much; none while that is not known.
    pub total: Option<u64>,
    /// What is being done, in a few words for people.
    pub note: String,
}

impl Progress {
    /// The most bytes of a note.
    pub const NOTE_BYTES_MAX: usize = 200;

    /// So much of so much.
    #[must_use]
    pub fn of(done: u64, total: u64, note: impl Into<String>) -> Self {
        Self {
            done,
            total: Some(total),
            note: note.into(),
        }
    }
}

/// A piece of slow work.
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
    /// When it ended; there exactly if the status is a finished one.
    pub finished_at: Option<Timestamp>,
    /// What was asked, as a JSON object.
    pub parameters: String,
    /// What came of it, as a JSON object, if it succeeded.
    pub result: Option<String>,
    /// Why the last attempt failed, in words for people.
    pub error: Option<String>,
    /// Who asked for it.
    pub asked_by: String,
    /// Of the jobs that have the same key, one at most is unfinished. None: it does not matter.
    pub unique_key: Option<String>,
    /// There is never a second job of the same key, finished or not. None: it does not matter.
    pub once_key: Option<String>,
    /// The schedule that asked for it.
    pub schedule: Option<String>,
    /// How often it was begun; one that was put back does not count.
    pub attempts: u32,
    /// How often it may be begun, at least once.
    pub attempts_max: u32,
    /// When it may be begun next, if it is queued.
    pub due_at: Timestamp,
    /// When it was last begun.
    pub started_at: Option<Timestamp>,
    /// Who does it, or did it last.
    pub worker: Option<String>,
    /// Until when that one has it to itself; there exactly if it is running.
    pub lease_until: Option<Timestamp>,
    /// How often it was claimed. Only who claimed it last may write.
    pub fence: u64,
    /// Whether somebody asked that it be called off while it was running.
    pub is_cancel_asked: bool,
    /// How much of it is done.
    pub progress: Progress,
    /// Where the next attempt goes on, in words of the kind of job.
    pub checkpoint: Option<String>,
    /// Grows with every change, so that no change is lost to another.
    pub revision: u64,
}

impl Job {
    /// The most bytes of parameters.
    pub const PARAMETERS_BYTES_MAX: usize = 64 << 10;

    /// A job that waits for its first attempt, due at once.
    #[must_use]
    pub fn new(id: JobId, kind: &str, parameters: String, now: Timestamp) -> Self {
        Self {
            id,
            kind: kind.to_owned(),
            status: JobStatus::Queued,
            created_at: now,
            finished_at: None,
            parameters,
            result: None,
            error: None,
            asked_by: String::new(),
            unique_key: None,
            once_key: None,
            schedule: None,
            attempts: 0,
            attempts_max: 1,
            due_at: now,
            started_at: None,
            worker: None,
            lease_until: None,
            fence: 0,
            is_cancel_asked: false,
            progress: Progress::default(),
            checkpoint: None,
            revision: 0,
        }
    }
}
