//! What a tracker is to be told: one task for each thing, in order for each ticket.

use super::TicketId;
use crate::alert::named;

named! {
    /// What is to be done in the tracker.
    TaskKind {
        /// Open it.
        Create = "create",
        /// Say something on it.
        Comment = "comment",
        /// Open it again, and say why.
        Reopen = "reopen",
        /// Resolve it, and say why.
        Resolve = "resolve",
    }
}

named! {
    /// What became of it.
    TaskState {
        /// It is to be done.
        Pending = "pending",
        /// The tracker has it.
        Done = "done",
        /// It was needless; the task says why.
        Skipped = "skipped",
        /// It was given up; the task says why. It can be tried again by hand.
        Dead = "dead",
    }
}

/// The number of a task: later ones are larger, and none is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u64);

/// A task before the store gave it a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// On which ticket.
    pub ticket: TicketId,
    /// The number of the event that it follows from.
    pub event_seq: u64,
    /// What.
    pub kind: TaskKind,
    /// What is said: paragraphs apart by an empty line. The same however often it is tried.
    pub text: String,
    /// When it is to be done, in ms.
    pub due_ms: i64,
}

/// A task, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketTask {
    /// Its number.
    pub id: TaskId,
    /// What is to be done.
    pub task: NewTask,
    /// What became of it.
    pub state: TaskState,
    /// How often it was tried without success.
    pub attempts: u32,
    /// When a request left of which it is not known whether it was taken, in ms. Before another
    /// leaves, the tracker is asked.
    pub unsure_since_ms: Option<i64>,
    /// What the tracker said, or why it waits, was skipped or was given up.
    pub note: Option<String>,
    /// When it was done, skipped or given up, in ms.
    pub settled_ms: Option<i64>,
}

impl TicketTask {
    /// By what it can be found in the tracker's texts: the same however often it is tried.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        format!("tocsin-{}-{}", self.task.ticket, self.task.event_seq)
    }
}
