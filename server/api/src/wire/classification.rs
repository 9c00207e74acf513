//! Rules of the catalogue of failures, and what they say of a line.

use serde::{Deserialize, Serialize};
use tocsin_domain::alert::AlertSeverity;
use tocsin_domain::classification::{Classification, ClassificationRule};
use tocsin_domain::ports::RuleVerdict;
use utoipa::ToSchema;

use super::alert_filter::{SEVERITIES, named};
use super::series::finite;
use crate::errors::ApiError;

/// All rules.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClassificationRuleAnswer {
    /// The rules by id.
    pub(crate) items: Vec<ClassificationRuleForm>,
}

/// A rule of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClassificationRuleForm {
    /// A name of its own: lower-case letters, digits, `_` and `-`. May be left out where the path
    /// has it.
    #[serde(default)]
    pub(crate) id: String,
    /// A regular expression that is looked for in the text, case ignored.
    pub(crate) pattern: String,
    /// The type of failure that it means.
    pub(crate) failure_type: String,
    /// critical, high, medium or low.
    pub(crate) severity: String,
    /// How sure the pattern alone is, 0 to 1.
    pub(crate) confidence: f64,
    /// Whether it is looked at. Default true.
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
    /// Lines that it must match; the model learns from them too.
    #[serde(default)]
    pub(crate) examples: Vec<String>,
    /// Lines that it must not match.
    #[serde(default)]
    pub(crate) counterexamples: Vec<String>,
    /// Grows with every change; if one is given, it must be that of the rule that is replaced.
    #[serde(default)]
    pub(crate) version: Option<u32>,
}

const fn yes() -> bool {
    true
}

impl From<ClassificationRule> for ClassificationRuleForm {
    fn from(rule: ClassificationRule) -> Self {
        Self {
            id: rule.id,
            pattern: rule.pattern,
            failure_type: rule.failure_type,
            severity: rule.severity.name().to_owned(),
            confidence: rule.confidence,
            enabled: rule.is_enabled,
            examples: rule.examples,
            counterexamples: rule.counterexamples,
            version: Some(rule.version),
        }
    }
}

impl ClassificationRuleForm {
    /// The rule that is meant; the version is that of the rule it takes the place of.
    pub(crate) fn read(self, version: u32) -> Result<ClassificationRule, ApiError> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
        for (field, name) in [("id", &self.id), ("failure_type", &self.failure_type)] {
            if !(1..=100).contains(&name.len()) || !name.chars().all(is_plain) {
                let expected = "1 to 100 lower-case letters, digits, `_` or `-`";
                return Err(ApiError::field(
                    field,
                    expected,
                    format!("`{name}` is not one"),
                ));
            }
        }
        if !(0.0..=1.0).contains(&self.confidence) {
            let detail = format!("{} is out of range", self.confidence);
            return Err(ApiError::field(
                "confidence",
                "a number from 0 to 1",
                detail,
            ));
        }
        let severity = &self.severity;
        let severity = named("severity", severity, SEVERITIES, AlertSeverity::from_name)?;
        Ok(ClassificationRule {
            id: self.id,
            pattern: self.pattern,
            failure_type: self.failure_type,
            severity,
            confidence: self.confidence,
            is_enabled: self.enabled,
            examples: self.examples,
            counterexamples: self.counterexamples,
            version,
        })
    }
}

/// A line to be judged.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClassifyRequest {
    /// The line.
    pub(crate) line: String,
    /// How severe the line says it is, such as `error`. Default: it does not say.
    #[serde(default)]
    pub(crate) severity: Option<String>,
}

/// What comes of a line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClassifyAnswer {
    /// The rules that match, those that are off among them.
    pub(crate) rules: Vec<VerdictItem>,
    /// What comes of the rules that are on, with the model; null if nothing is recognised.
    pub(crate) classification: Option<ClassificationItem>,
}

/// A rule that matches a line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VerdictItem {
    /// The id of the rule.
    pub(crate) rule: String,
    /// What its pattern found: first character and first after, in code points.
    pub(crate) found: [usize; 2],
    /// The text there.
    pub(crate) text: String,
    /// Whether the rule is on.
    pub(crate) enabled: bool,
}

impl VerdictItem {
    /// A verdict on a line; places are counted in characters, not bytes.
    pub(crate) fn new(verdict: RuleVerdict, line: &str) -> Self {
        let (start, end) = verdict.found;
        let before = |at: usize| line.get(..at).map_or(0, |text| text.chars().count());
        Self {
            rule: verdict.rule,
            found: [before(start), before(end)],
            text: line.get(start..end).unwrap_or_default().to_owned(),
            enabled: verdict.is_enabled,
        }
    }
}

/// What was recognised.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClassificationItem {
    /// The type of failure.
    pub(crate) failure_type: String,
    /// critical, high, medium or low.
    pub(crate) severity: &'static str,
    /// How sure that is, 0 to 1.
    pub(crate) confidence: Option<f64>,
    /// A sentence: which rule or examples say so.
    pub(crate) because: String,
}

impl From<Classification> for ClassificationItem {
    fn from(classification: Classification) -> Self {
        Self {
            failure_type: classification.failure_type,
            severity: classification.severity.name(),
            confidence: finite(classification.confidence),
            because: classification.because,
        }
    }
}
