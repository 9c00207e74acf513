//! The rules of capacity: what is bounded, and by what.

use serde::{Deserialize, Serialize};
use tocsin_capacity::{Direction, Limit};

/// Which series fill up, and when they are full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapacityRule {
    /// A name of its own; predictions carry it as the name of their series.
    pub name: String,
    /// A sentence about it.
    #[serde(default)]
    pub about: String,
    /// The PromQL query whose series are watched.
    pub query: String,
    /// The value that must not be reached.
    pub threshold: f64,
    /// `rising` or `falling`: the side from which it is reached.
    pub direction: RuleDirection,
    /// How far ahead a crossing counts, in days.
    pub horizon_days: f64,
    /// A PromQL query whose values change when a series begins anew: the size of a file system, the
    /// time of the last boot. Each of its series counts for all that have its labels.
    #[serde(default)]
    pub resets: Option<String>,
    /// What must raise the rule and what must not.
    #[serde(default)]
    pub test: Option<CapacityTest>,
}

/// The side from which a threshold is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleDirection {
    /// From below.
    Rising,
    /// From above.
    Falling,
}

/// Two straight lines over a week: one that must raise the rule, one that must not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapacityTest {
    /// The value at the newest point.
    pub from: f64,
    /// The slope per day that must raise it.
    pub raises_at_per_day: f64,
    /// The slope per day that must not.
    pub silent_at_per_day: f64,
}

/// Rules that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The text is no list of rules; says the line and what was expected.
    #[error("the rules cannot be read: {0}")]
    Text(#[from] serde_yaml_ng::Error),
    /// A rule that makes no sense.
    #[error("rule `{rule}`: {detail}")]
    Rule {
        /// Its name.
        rule: String,
        /// What is wrong.
        detail: String,
    },
}

/// A file of rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    capacity: Vec<CapacityRule>,
}

/// Reads the rules of a file.
///
/// # Errors
/// [`RuleError`] with the line or the rule at fault.
pub fn parse(text: &str) -> Result<Vec<CapacityRule>, RuleError> {
    let File { capacity } = serde_yaml_ng::from_str(text)?;
    let mut names = std::collections::HashSet::new();
    for rule in &capacity {
        let wrong = |detail: &str| RuleError::Rule {
            rule: rule.name.clone(),
            detail: detail.into(),
        };
        if rule.name.is_empty() || !names.insert(&rule.name) {
            return Err(wrong("expected a name that no other rule has"));
        }
        if !rule.threshold.is_finite() {
            return Err(wrong("expected a finite `threshold`"));
        }
        if !(rule.horizon_days > 0.0 && rule.horizon_days <= 365.0) {
            return Err(wrong("expected `horizon_days` above 0 and at most 365"));
        }
    }
    Ok(capacity)
}

impl CapacityRule {
    /// The threshold and its side.
    #[must_use]
    pub fn limit(&self) -> Limit {
        Limit {
            value: self.threshold,
            direction: match self.direction {
                RuleDirection::Rising => Direction::Rising,
                RuleDirection::Falling => Direction::Falling,
            },
        }
    }

    /// The horizon in ms.
    #[must_use]
    pub fn horizon_ms(&self) -> i64 {
        (self.horizon_days * super::DAY_MS as f64) as i64
    }
}
