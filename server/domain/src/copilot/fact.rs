//! Facts, and statements that rest on them.

use crate::alert::Evidence;

/// Evidence under a short id, as it is cited within one answer or report.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// `E1`, `E2`, …: unique within the answer.
    pub id: String,
    /// What it says, in one line; at most [`Fact::TEXT_BYTES_MAX`] bytes. Every number that a
    /// statement takes from it stands here. Words from outside are in it: shown as text only.
    pub text: String,
    /// When it was so, in ms since the epoch; none for what has no time.
    pub at_ms: Option<i64>,
    /// What opens when it is clicked.
    pub evidence: Evidence,
}

impl Fact {
    /// The most bytes of a text.
    pub const TEXT_BYTES_MAX: usize = 1024;
}

/// One sentence, with the facts it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The sentence; plain text, without ids in it.
    pub text: String,
    /// Ids of facts, each once. Empty only for what says something of the answer itself, such as how
    /// the question was understood or that nothing was found; no number stands in such a sentence but
    /// those of the question and of the time that was looked at.
    pub cites: Vec<String>,
}
