//! The JSON that rules are kept as. Their id and version stand in columns of their own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tocsin_domain::ClassificationRule;
use tocsin_domain::alert::{AlertRule, AlertSeverity, LabelSet, RuleSeverity, RuleTrigger};
use tocsin_domain::ports::StoreError;

/// The name of [`RuleSeverity::Auto`].
const AUTO: &str = "auto";

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum TriggerRow {
    Log { count: u64, window_secs: u32 },
    Metric { query: String },
    Anomaly,
    Predictive,
    NoData { query: String, after_secs: u32 },
}

/// An alert rule.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AlertRuleRow {
    about: String,
    is_enabled: bool,
    trigger: TriggerRow,
    condition: Option<String>,
    group_by: Vec<String>,
    for_secs: u32,
    keep_firing_for_secs: u32,
    severity: String,
    title: Option<String>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

fn map(labels: &LabelSet) -> BTreeMap<String, String> {
    labels
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn severity(id: &str, name: &str) -> Result<AlertSeverity, StoreError> {
    AlertSeverity::from_name(name)
        .ok_or_else(|| StoreError::Corrupt(format!("the severity `{name}` of rule `{id}`")))
}

impl AlertRuleRow {
    pub(super) fn of(rule: AlertRule) -> Self {
        let trigger = match rule.trigger {
            RuleTrigger::Log { count, window_secs } => TriggerRow::Log { count, window_secs },
            RuleTrigger::Metric { query } => TriggerRow::Metric { query },
            RuleTrigger::Anomaly => TriggerRow::Anomaly,
            RuleTrigger::Predictive => TriggerRow::Predictive,
            RuleTrigger::NoData { query, after_secs } => TriggerRow::NoData { query, after_secs },
        };
        let severity = match rule.severity {
            RuleSeverity::Fixed(severity) => severity.name(),
            RuleSeverity::Auto => AUTO,
        };
        Self {
            about: rule.about,
            is_enabled: rule.is_enabled,
            trigger,
            condition: rule.condition,
            group_by: rule.group_by,
            for_secs: rule.for_secs,
            keep_firing_for_secs: rule.keep_firing_for_secs,
            severity: severity.to_owned(),
            title: rule.title,
            labels: map(&rule.labels),
            annotations: map(&rule.annotations),
        }
    }

    pub(super) fn read(self, id: &str, version: u32) -> Result<AlertRule, StoreError> {
        let trigger = match self.trigger {
            TriggerRow::Log { count, window_secs } => RuleTrigger::Log { count, window_secs },
            TriggerRow::Metric { query } => RuleTrigger::Metric { query },
            TriggerRow::Anomaly => RuleTrigger::Anomaly,
            TriggerRow::Predictive => RuleTrigger::Predictive,
            TriggerRow::NoData { query, after_secs } => RuleTrigger::NoData { query, after_secs },
        };
        let severity = match self.severity.as_str() {
            AUTO => RuleSeverity::Auto,
            name => RuleSeverity::Fixed(severity(id, name)?),
        };
        Ok(AlertRule {
            id: id.to_owned(),
            about: self.about,
            is_enabled: self.is_enabled,
            version,
            trigger,
            condition: self.condition,
            group_by: self.group_by,
            for_secs: self.for_secs,
            keep_firing_for_secs: self.keep_firing_for_secs,
            severity,
            title: self.title,
            labels: LabelSet::new(self.labels),
            annotations: LabelSet::new(self.annotations),
        })
    }
}

/// A classification rule. Its confidence is text, which comes back to the bit.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ClassificationRuleRow {
    pattern: String,
    failure_type: String,
    severity: String,
    confidence: String,
    is_enabled: bool,
    examples: Vec<String>,
    counterexamples: Vec<String>,
}

impl ClassificationRuleRow {
    pub(super) fn of(rule: ClassificationRule) -> Self {
        Self {
            pattern: rule.pattern,
            failure_type: rule.failure_type,
            severity: rule.severity.name().to_owned(),
            confidence: rule.confidence.to_string(),
            is_enabled: rule.is_enabled,
            examples: rule.examples,
            counterexamples: rule.counterexamples,
        }
    }

    pub(super) fn read(self, id: &str, version: u32) -> Result<ClassificationRule, StoreError> {
        let corrupt = |_| StoreError::Corrupt(format!("the confidence of rule `{id}`"));
        Ok(ClassificationRule {
            id: id.to_owned(),
            pattern: self.pattern,
            failure_type: self.failure_type,
            severity: severity(id, &self.severity)?,
            confidence: self.confidence.parse().map_err(corrupt)?,
            is_enabled: self.is_enabled,
            examples: self.examples,
            counterexamples: self.counterexamples,
            version,
        })
    }
}
