//! Why: what departed around an alarm, ordered by `ml/rank`, as statements that cite it.

mod analysis;
mod causes;
mod config;
mod finder;
mod findings;
mod focus;
mod gather;
mod report;
mod sentences;
mod target;
#[cfg(test)]
mod tests;
mod watch;
mod window;
mod wording;

pub use config::RootCauseConfig;
pub(crate) use finder::RootCauseFinder;
use tocsin_domain::copilot::{Cause, RootCauseVerdict, RuledOutCause, Statement};
use tocsin_rank::SignalKind;
pub use watch::RootCauseWatch;

/// What is to be explained.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The service, host or source that the question or the alarm names.
    pub(crate) entity: Option<String>,
    /// What the alarm is about, if known.
    pub(crate) kind: Option<SignalKind>,
    /// When the trouble was noticed, in ms since the epoch.
    pub(crate) at_ms: i64,
    /// The first moment of the window, in ms; what came before is the baseline.
    pub(crate) from_ms: i64,
    /// The last moment of the window, in ms.
    pub(crate) to_ms: i64,
}

/// What was found; its statements cite the facts of the book that was given.
#[derive(Debug)]
pub(crate) struct Findings {
    /// When the first departure began, in ms.
    pub(crate) since_ms: Option<i64>,
    /// Whether a cause is named.
    pub(crate) verdict: RootCauseVerdict,
    /// What happened, and to what.
    pub(crate) what: Vec<Statement>,
    /// Who and what suffers.
    pub(crate) impact: Vec<Statement>,
    /// The likeliest first.
    pub(crate) causes: Vec<Cause>,
    /// What departs and is not the cause.
    pub(crate) ruled_out: Vec<RuledOutCause>,
    /// What to do, from the runbooks.
    pub(crate) remediation: Vec<Statement>,
    /// What would settle it.
    pub(crate) would_settle: Vec<Statement>,
}
