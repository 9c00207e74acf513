//! The report of a cause: what broke, since when, why, and how sure that is.

use super::answer::Writer;
use super::fact::{Fact, Statement};
use crate::alert::{AlertId, IncidentId, named};

crate::alert::uuid_identity! {
    /// The identity of a revision of a report.
    RootCauseId
}

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RootCauseSubject {
    /// An alert.
    Alert(AlertId),
    /// An incident.
    Incident(IncidentId),
}

named! {
    /// Whether a cause is named.
    RootCauseVerdict {
        /// The first cause is the likely one.
        Found = "found",
        /// Nothing is named; `would_settle` says what would tell.
        Inconclusive = "inconclusive",
    }
}

/// One reason for a cause's place in the ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct CauseFactor {
    /// `strength`, `time_order`, `specificity`, `topology`, `explained_by_callee`, `change_proximity`, `history`.
    pub kind: String,
    /// How much the reason counts.
    pub weight: f64,
    /// How much of it there is: `[-1, 1]`.
    pub value: f64,
}

/// Something that may be the cause.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// The service, host or source.
    pub entity: String,
    /// Probability that it is the cause, `[0, 1]`; those of all causes sum to at most 1.
    pub confidence: f64,
    /// What speaks for it.
    pub statements: Vec<Statement>,
    /// The reasons of its score, the greatest first.
    pub factors: Vec<CauseFactor>,
}

/// Something that departs and is not the cause.
#[derive(Debug, Clone, PartialEq)]
pub struct RuledOutCause {
    /// The service, host or source.
    pub entity: String,
    /// Why not.
    pub statement: Statement,
}

/// One revision of a report. Revisions are added when evidence changes; none is rewritten.
#[derive(Debug, Clone, PartialEq)]
pub struct RootCause {
    /// Which revision it is.
    pub id: RootCauseId,
    /// What it is about.
    pub subject: RootCauseSubject,
    /// 1, 2, …
    pub revision: u32,
    /// When it was made, in ms since the epoch.
    pub made_ms: i64,
    /// The first moment that was looked at, in ms.
    pub from_ms: i64,
    /// The last moment that was looked at, in ms.
    pub to_ms: i64,
    /// When the first departure began, in ms.
    pub since_ms: Option<i64>,
    /// Whether a cause is named.
    pub verdict: RootCauseVerdict,
    /// What happened, and to what.
    pub what: Vec<Statement>,
    /// Who and what suffers.
    pub impact: Vec<Statement>,
    /// The likeliest first.
    pub causes: Vec<Cause>,
    /// What departs and is not the cause.
    pub ruled_out: Vec<RuledOutCause>,
    /// What to do, from the rules. Nothing here was done.
    pub remediation: Vec<Statement>,
    /// What would settle it, when nothing is named.
    pub would_settle: Vec<Statement>,
    /// What all of it rests on.
    pub facts: Vec<Fact>,
    /// Who wrote the sentences.
    pub writer: Writer,
    /// How long it took, in ms.
    pub took_ms: u64,
    /// The cause that someone confirmed.
    pub confirmed: Option<String>,
}
