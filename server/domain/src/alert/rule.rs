//! Alert rules: what is to be told, when, and by which labels it is grouped.

use super::label_set::LabelSet;
use super::lifecycle::AlertSeverity;

/// What a rule looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleTrigger {
    /// Log lines for which the condition holds: `count` of them within `window_secs`.
    Log {
        /// How many, at least 1.
        count: u64,
        /// Within how long, in seconds: `[1, 86400]`.
        window_secs: u32,
    },
    /// The answer to a PromQL query: every series for whose `value` the condition holds.
    Metric {
        /// The query.
        query: String,
    },
    /// An anomaly for which the condition holds.
    Anomaly,
    /// A prediction that is raised, for which the condition holds.
    Predictive,
    /// Series that had points and have none any more. The condition may look at their labels.
    NoData {
        /// A PromQL selector of the series.
        query: String,
        /// How long nothing may come, in seconds: `[30, 86400]`.
        after_secs: u32,
    },
}

impl RuleTrigger {
    /// The name in API, configuration and page.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Log { .. } => "log",
            Self::Metric { .. } => "metric",
            Self::Anomaly => "anomaly",
            Self::Predictive => "predictive",
            Self::NoData { .. } => "no_data",
        }
    }
}

/// How bad what a rule finds is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleSeverity {
    /// Always the same.
    Fixed(AlertSeverity),
    /// As the classification of the line, the lead time of the prediction or the score of the
    /// anomaly says.
    Auto,
}

/// A rule that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule `{rule}`: {detail}")]
pub struct RuleError {
    /// Its id.
    pub rule: String,
    /// What is wrong and what was expected.
    pub detail: String,
}

/// When something is to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRule {
    /// A name of its own: lower-case letters, digits, `_` and `-`. It is the `alertname`.
    pub id: String,
    /// A sentence about it.
    pub about: String,
    /// Whether it is looked at.
    pub is_enabled: bool,
    /// Grows with every change.
    pub version: u32,
    /// What it looks at.
    pub trigger: RuleTrigger,
    /// A condition in CEL; none: always.
    pub condition: Option<String>,
    /// The labels that tell its alerts from each other; none: all labels of a series, or `source`
    /// for log lines.
    pub group_by: Vec<String>,
    /// How long it must hold before it fires, in seconds.
    pub for_secs: u32,
    /// How long it fires on after it held last, in seconds.
    pub keep_firing_for_secs: u32,
    /// How bad what it finds is.
    pub severity: RuleSeverity,
    /// The title of its alerts, with `{{ labels.host }}` and the like; none: made of what it found.
    pub title: Option<String>,
    /// Labels that all its alerts have.
    pub labels: LabelSet,
    /// Annotations that all its alerts have.
    pub annotations: LabelSet,
}

impl AlertRule {
    /// The most seconds that anything in a rule may last: a day.
    pub const SECS_MAX: u32 = 86_400;

    /// Whether everything in it is within its range. The condition and the query are not read.
    ///
    /// # Errors
    /// [`RuleError`] with what was expected.
    pub fn check(&self) -> Result<(), RuleError> {
        let wrong = |detail: &str| {
            Err(RuleError {
                rule: self.id.clone(),
                detail: detail.into(),
            })
        };
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
        if self.id.is_empty() || self.id.len() > 100 || !self.id.chars().all(is_plain) {
            return wrong("expected an `id` of 1 to 100 lower-case letters, digits, `_` or `-`");
        }
        if self.for_secs > Self::SECS_MAX || self.keep_firing_for_secs > Self::SECS_MAX {
            return wrong("expected `for` and `keep_firing_for` of at most a day");
        }
        match &self.trigger {
            RuleTrigger::Log { count: 0, .. } => wrong("expected a `count` of at least 1"),
            RuleTrigger::Log { window_secs, .. } if !(1..=Self::SECS_MAX).contains(window_secs) => {
                wrong("expected a `window` of a second to a day")
            }
            RuleTrigger::NoData { after_secs, .. }
                if !(30..=Self::SECS_MAX).contains(after_secs) =>
            {
                wrong("expected `after` of 30 seconds to a day")
            }
            RuleTrigger::Metric { query } | RuleTrigger::NoData { query, .. }
                if query.trim().is_empty() =>
            {
                wrong("expected a `query` in PromQL")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id: &str, trigger: RuleTrigger) -> AlertRule {
        AlertRule {
            id: id.into(),
            about: String::new(),
            is_enabled: true,
            version: 1,
            trigger,
            condition: None,
            group_by: Vec::new(),
            for_secs: 0,
            keep_firing_for_secs: 0,
            severity: RuleSeverity::Auto,
            title: None,
            labels: LabelSet::default(),
            annotations: LabelSet::default(),
        }
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        let expected = |rule: AlertRule| rule.check().unwrap_err().detail;
        assert_eq!(rule("target-down", RuleTrigger::Anomaly).check(), Ok(()));
        assert!(expected(rule("Target down", RuleTrigger::Anomaly)).contains("lower-case"));
        let log = |count, window_secs| rule("x", RuleTrigger::Log { count, window_secs });
        assert!(expected(log(0, 60)).contains("count"));
        assert!(expected(log(1, 0)).contains("window"));
        let query = String::new();
        assert!(
            expected(rule(
                "x",
                RuleTrigger::Metric {
                    query: query.clone()
                }
            ))
            .contains("query")
        );
        assert!(
            expected(rule(
                "x",
                RuleTrigger::NoData {
                    query,
                    after_secs: 5
                }
            ))
            .contains("after")
        );
    }
}
