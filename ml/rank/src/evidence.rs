//! What a ranking is computed from.

use crate::{Signal, SignalKind};

/// One directed dependency: `caller` needs `callee`.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// The entity that asks.
    pub caller: String,
    /// The entity that is asked.
    pub callee: String,
    /// How sure the edge is, `(0, 1]`: 1 for a trace or a declared dependency, less for a learned one.
    pub weight: f64,
}

/// Something that somebody or something did on purpose: deploy, configuration, restart, run.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The entity that was changed.
    pub entity: String,
    /// What was done, to be shown to people.
    pub kind: String,
    /// When, in milliseconds since 1970, UTC.
    pub at_ms: i64,
}

/// A cause that was confirmed by people in similar incidents.
#[derive(Debug, Clone, PartialEq)]
pub struct PastCause {
    /// The entity that was the cause.
    pub entity: String,
    /// How often it was confirmed.
    pub confirmed: u32,
}

/// What was raised.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// The entity that the alarm names, if it names one.
    pub entity: Option<String>,
    /// What the alarm is about, if known: signals of this kind explain it best.
    pub kind: Option<SignalKind>,
    /// When it was raised, in milliseconds since 1970, UTC.
    pub at_ms: i64,
}

/// All that a ranking reads. Empty parts are allowed, and make the ranking less sure.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The alarm to explain.
    pub alarm: &'a Alarm,
    /// Departures in the window; their indices are what factors cite.
    pub signals: &'a [Signal],
    /// Dependencies; may be empty.
    pub edges: &'a [Edge],
    /// Changes in and before the window; may be empty.
    pub changes: &'a [Change],
    /// Causes of similar past incidents; may be empty.
    pub past: &'a [PastCause],
}
