//! What can be wanted.

/// What a question wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Intent {
    /// What the copilot can do.
    Help,
    /// What automation did, and what waits for approval.
    Runs,
    /// What can be done by automation.
    Remedies,
    /// What to do about something.
    Runbook,
    /// When something was first and last seen.
    FirstSeen,
    /// What was like this before.
    Similar,
    /// What will reach its limit.
    FillUp,
    /// Two times against each other.
    Compare,
    /// Who has most of something.
    Top,
    /// How many.
    Count,
    /// What the page shows.
    Explain,
    /// What brought something about.
    Cause,
    /// Why something behaves as it does.
    Why,
    /// What was changed.
    Changes,
    /// Which kinds of lines there are.
    Patterns,
    /// What happened.
    Digest,
    /// Which alerts there are.
    Alerts,
    /// Whether all is well.
    Status,
    /// Lines that speak of errors.
    Errors,
    /// The values of a metric.
    Metric,
    /// Lines with these words, or of this meaning.
    Search,
}

impl Intent {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 21] = [
        Self::Help,
        Self::Runs,
        Self::Remedies,
        Self::Runbook,
        Self::FirstSeen,
        Self::Similar,
        Self::FillUp,
        Self::Compare,
        Self::Top,
        Self::Count,
        Self::Explain,
        Self::Cause,
        Self::Why,
        Self::Changes,
        Self::Patterns,
        Self::Digest,
        Self::Alerts,
        Self::Status,
        Self::Errors,
        Self::Metric,
        Self::Search,
    ];

    /// The word for it in answers and files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Help => "help",
            Self::Runs => "runs",
            Self::Remedies => "remedies",
            Self::Runbook => "runbook",
            Self::FirstSeen => "first_seen",
            Self::Similar => "similar",
            Self::FillUp => "fill_up",
            Self::Compare => "compare",
            Self::Top => "top",
            Self::Count => "count",
            Self::Explain => "explain",
            Self::Cause => "cause",
            Self::Why => "why",
            Self::Changes => "changes",
            Self::Patterns => "patterns",
            Self::Digest => "digest",
            Self::Alerts => "alerts",
            Self::Status => "status",
            Self::Errors => "errors",
            Self::Metric => "metric",
            Self::Search => "search",
        }
    }

    /// How it is told to people.
    pub(crate) const fn phrase(self) -> &'static str {
        match self {
            Self::Help => "what can be asked",
            Self::Runs => "what automation did, or waits to do",
            Self::Remedies => "what automation could do",
            Self::Runbook => "what to do",
            Self::FirstSeen => "when it was first and last seen",
            Self::Similar => "what was like it before",
            Self::FillUp => "what will reach its limit",
            Self::Compare => "two times against each other",
            Self::Top => "who has the most",
            Self::Count => "how many",
            Self::Explain => "what the page shows",
            Self::Cause => "what caused it",
            Self::Why => "why",
            Self::Changes => "what was changed",
            Self::Patterns => "which kinds of lines there are",
            Self::Digest => "what happened",
            Self::Alerts => "which alerts there are",
            Self::Status => "whether all is well",
            Self::Errors => "which errors there are",
            Self::Metric => "the values of a metric",
            Self::Search => "log lines that speak of it",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_file() {
        for intent in Intent::ALL {
            let text = format!("\"{}\"", intent.name());
            assert_eq!(serde_json::from_str::<Intent>(&text).unwrap(), intent);
        }
    }
}
