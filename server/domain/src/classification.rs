//! Classification: which type of failure a log line or error report speaks of.

use crate::alert::AlertSeverity;

/// What was recognised.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    /// The type of failure, such as `disk_full` or `connection_refused`.
    pub failure_type: String,
    /// How bad it is.
    pub severity: AlertSeverity,
    /// How sure that is: `[0, 1]`.
    pub confidence: f64,
    /// A sentence: which rule or examples say so.
    pub because: String,
}

/// A rule of the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassificationRule {
    /// A name of its own: lower-case letters, digits, `_` and `-`.
    pub id: String,
    /// A regular expression that is looked for in the text, case ignored.
    pub pattern: String,
    /// The type of failure that it means.
    pub failure_type: String,
    /// How bad that is.
    pub severity: AlertSeverity,
    /// How sure the pattern alone is: `[0, 1]`.
    pub confidence: f64,
    /// Whether it is looked at.
    pub is_enabled: bool,
    /// Lines that it must match; the model learns from them too.
    pub examples: Vec<String>,
    /// Lines that it must not match.
    pub counterexamples: Vec<String>,
    /// Grows with every change.
    pub version: u32,
}
