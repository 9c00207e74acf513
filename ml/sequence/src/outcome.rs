//! What the tracker says, and why it says it now. Holds plain values.

use crate::verdict::Verdict;

/// Why something is said of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It goes on, but whatever follows, it is not normal any more. Said once a session.
    Open,
    /// No event came for `idle_ms`.
    Idle,
    /// It has `max_events` events; what follows is a session of its own.
    Length,
    /// There were more than `max_open` sessions, and this one idled longest.
    Room,
    /// The caller said that it is over.
    Asked,
}

/// What is said of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The session.
    pub key: u64,
    /// Time of its first event, in milliseconds.
    pub first_ms: i64,
    /// Time of its last event, in milliseconds.
    pub last_ms: i64,
    /// Its events in order, `1` to `max_events` of them.
    pub templates: Vec<u64>,
    /// Why this is said now.
    pub ending: Ending,
    /// Whether it was said before, with [`Ending::Open`], that it is not normal.
    pub was_told: bool,
    /// Whether the session was learned as normal.
    pub is_learned: bool,
    /// How strange it is.
    pub verdict: Verdict,
}
