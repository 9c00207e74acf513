//! What people do with alerts.

use super::lifecycle::AlertSeverity;

/// Something that a person does with an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertAction {
    /// "I have seen it." Holds until it clears; it is new again if it returns.
    Acknowledge,
    /// "I work on it."
    Start,
    /// "This is yours", or nobody's.
    Assign(Option<String>),
    /// "Not before then", in ms; none: no longer.
    Snooze(Option<i64>),
    /// "It is worse (or not as bad) as it says."
    Escalate(AlertSeverity),
    /// "It is done."
    Resolve,
    /// "By the way …", 1 to 10,000 characters.
    Comment(String),
}

impl AlertAction {
    /// The most characters of a comment.
    pub const COMMENT_MAX: usize = 10_000;

    /// The name in API and audit log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Start => "start",
            Self::Assign(_) => "assign",
            Self::Snooze(_) => "snooze",
            Self::Escalate(_) => "escalate",
            Self::Resolve => "resolve",
            Self::Comment(_) => "comment",
        }
    }
}
