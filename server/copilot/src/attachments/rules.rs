//! The rules by which attachments are read.

use tocsin_diagnosis::{Diagnostician, RuleError, RuleFile, Rules};

/// The rules that are shipped.
const BUILT_IN: &str = include_str!("../../../../rules/diagnosis.yml");

/// Rules that are ready, with the readers that use them. Costs some milliseconds to make, so that one is kept.
#[derive(Debug)]
pub struct DiagnosisRules {
    pub(super) rules: Rules,
    pub(super) diagnostician: Diagnostician,
}

/// Why rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DiagnosisRulesError {
    /// The file is not what was expected.
    #[error("the rules of diagnosis cannot be read")]
    File(#[from] serde_yaml_ng::Error),
    /// A rule cannot be used.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// A reader cannot be made.
    #[error("the readers of attachments cannot be made")]
    Reader(#[from] regex::Error),
}

impl DiagnosisRules {
    /// The rules that are shipped.
    ///
    /// # Errors
    /// None that happens: a test reads them.
    pub fn built_in() -> Result<Self, DiagnosisRulesError> {
        Self::parse(BUILT_IN)
    }

    /// The rules of a file like `rules/diagnosis.yml`.
    ///
    /// # Errors
    /// [`DiagnosisRulesError`], which says what is wrong with it.
    pub fn parse(yaml: &str) -> Result<Self, DiagnosisRulesError> {
        let file: RuleFile = serde_yaml_ng::from_str(yaml)?;
        Ok(Self {
            rules: Rules::new(file)?,
            diagnostician: Diagnostician::new()?,
        })
    }
}
