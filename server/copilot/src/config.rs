//! How the copilot answers.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::root_cause::RootCauseConfig;

/// How the copilot answers, and what it keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CopilotConfig {
    /// Questions that are answered at the same time, at least 1; one more is told to come again. Default 8: an
    /// answer reads the stores for a part of a second, and a language model may take half a minute.
    pub answering_max: usize,
    /// Calls of tools that a language model may make for a question, in [1, 20]. Default 8: what is not found
    /// by then is seldom found later, and every call is paid.
    pub tool_calls_max: usize,
    /// A file of runbooks that takes the place of the built-in `rules/runbooks.yml` as a whole.
    pub runbooks: Option<PathBuf>,
    /// A file of rules for changes in log lines that takes the place of the built-in `rules/changes.yml` as a
    /// whole.
    pub changes: Option<PathBuf>,
    /// A file of rules for what words in attachments mean that takes the place of the built-in
    /// `rules/diagnosis.yml` as a whole.
    pub diagnosis: Option<PathBuf>,
    /// Days that changes, reports of causes, and threads in which nothing was said since are kept.
    /// Default 365.
    pub kept_days: u32,
    /// How far a report of a cause looks.
    pub root_cause: RootCauseConfig,
}

impl Default for CopilotConfig {
    fn default() -> Self {
        Self {
            answering_max: 8,
            tool_calls_max: 8,
            runbooks: None,
            changes: None,
            diagnosis: None,
            kept_days: 365,
            root_cause: RootCauseConfig::default(),
        }
    }
}

impl CopilotConfig {
    /// Whether every value is within its range; else the field and what was expected.
    ///
    /// # Errors
    /// [`CopilotConfigError`].
    pub fn check(&self) -> Result<(), CopilotConfigError> {
        let wrong = |field: &'static str, expected: &'static str| {
            Err(CopilotConfigError { field, expected })
        };
        if !(1..=1_000).contains(&self.answering_max) {
            return wrong("answering_max", "1 to 1000");
        }
        if !(1..=20).contains(&self.tool_calls_max) {
            return wrong("tool_calls_max", "1 to 20");
        }
        Ok(())
    }
}

/// A setting that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: expected {expected}")]
pub struct CopilotConfigError {
    /// Which one, below the section of the copilot.
    pub field: &'static str,
    /// What it should have been.
    pub expected: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_hold_and_what_is_out_of_range_is_named() {
        assert_eq!(CopilotConfig::default().check(), Ok(()));
        let none = CopilotConfig {
            answering_max: 0,
            ..CopilotConfig::default()
        };
        assert_eq!(none.check().unwrap_err().field, "answering_max");
        assert!(serde_json::from_str::<CopilotConfig>("{\"answering\": 3}").is_err());
    }
}
