//! Signals: that a rule found something, or that what it found is over.

use std::sync::Arc;

use tocsin_domain::TraceContext;
use tocsin_domain::alert::{AlertKind, AlertSeverity, Evidence, LabelSet};

use super::set::CompiledRule;

/// What a signal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It happened: when, in ms, in any order. What happens ends when it stays away.
    Occurred(Vec<i64>),
    /// It holds from now on, until it is said to have ended.
    Began,
    /// It no longer holds.
    Ended,
}

/// Something that a rule says about one label set.
#[derive(Debug, Clone)]
pub struct Signal {
    /// The rule.
    pub rule: Arc<CompiledRule>,
    /// The labels of the alert.
    pub labels: LabelSet,
    /// What it speaks of.
    pub kind: AlertKind,
    /// How bad it is.
    pub severity: AlertSeverity,
    /// How sure it is: `[0, 1]`.
    pub confidence: f64,
    /// The type of failure, if one was recognised.
    pub failure_type: Option<String>,
    /// A line that says it all.
    pub title: String,
    /// What else there is to say.
    pub annotations: LabelSet,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// When, in ms.
    pub at_ms: i64,
    /// What it says.
    pub what: What,
    /// The work that found it; none if that is not traced.
    pub trace: Option<TraceContext>,
}

/// Signals that some work found.
pub(crate) fn traced(mut signals: Vec<Signal>, by: Option<TraceContext>) -> Vec<Signal> {
    signals.iter_mut().for_each(|signal| signal.trace = by);
    signals
}

impl Signal {
    /// How many times it says that something happened.
    #[must_use]
    pub fn count(&self) -> u64 {
        match &self.what {
            What::Occurred(times) => times.len() as u64,
            What::Began => 1,
            What::Ended => 0,
        }
    }
}
