//! What comes of looking at an alert rule: on the past, and at some time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tocsin_domain::ports::{RuleExplanation, RuleReplay};
use utoipa::{IntoParams, ToSchema};

use super::alert_rules::AlertRuleForm;
use super::alerts::labels;
use super::series::at;

/// A rule to be tried on the past.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleTestRequest {
    /// The rule.
    pub(crate) rule: AlertRuleForm,
    /// The first time. Default: a day before `to`.
    #[serde(default)]
    pub(crate) from: Option<String>,
    /// The first time after. Default: now.
    #[serde(default)]
    pub(crate) to: Option<String>,
}

/// On which part of the past a rule is to be tried.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RuleTestRange {
    /// The first time. Default: a day before `to`.
    pub(crate) from: Option<String>,
    /// The first time after. Default: now.
    pub(crate) to: Option<String>,
}

/// How often and when a rule would have fired.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleTestAnswer {
    /// The first time that was looked at.
    #[schema(format = DateTime)]
    pub(crate) from: String,
    /// The first time after.
    #[schema(format = DateTime)]
    pub(crate) to: String,
    /// What it would have told, in order of time.
    pub(crate) alerts: Vec<ReplayedItem>,
    /// How many lines, points or findings it looked at.
    pub(crate) looked_at: u64,
    /// For how many of them the condition held.
    pub(crate) held: u64,
    /// Which part was looked at, if there was more than could be.
    pub(crate) cut: Option<String>,
}

/// An alert that would have been.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayedItem {
    /// When it would have begun.
    #[schema(format = DateTime)]
    pub(crate) starts_at: String,
    /// When it would have ended; null: not within the time looked at.
    #[schema(format = DateTime)]
    pub(crate) ends_at: Option<String>,
    /// Its labels.
    pub(crate) labels: BTreeMap<String, String>,
    /// How often it would have fired.
    pub(crate) count: u64,
    /// Its title.
    pub(crate) title: String,
}

impl RuleTestAnswer {
    pub(crate) fn new(replay: RuleReplay, range_ms: (i64, i64)) -> Self {
        let alerts = replay.alerts.into_iter().map(|alert| ReplayedItem {
            starts_at: at(alert.starts_ms),
            ends_at: alert.ends_ms.map(at),
            labels: labels(&alert.labels),
            count: alert.count,
            title: alert.title,
        });
        Self {
            from: at(range_ms.0),
            to: at(range_ms.1),
            alerts: alerts.collect(),
            looked_at: replay.looked_at,
            held: replay.held,
            cut: replay.cut,
        }
    }
}

/// At which time a rule is to be explained.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhyParams {
    /// The time. Default: now.
    pub(crate) at: Option<String>,
}

/// Why a rule fired at a time, or did not.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WhyAnswer {
    /// The id of the rule.
    pub(crate) rule: String,
    /// The time that was asked for.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// fired, pending, not_met, no_data, failed or disabled.
    pub(crate) evaluation: &'static str,
    /// A sentence.
    pub(crate) detail: String,
    /// What came of each label set that was looked at; those that fired first.
    pub(crate) groups: Vec<WhyGroup>,
    /// What holds its notifications back, if something does.
    pub(crate) suppressed_by: Vec<String>,
}

/// What came of one label set.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WhyGroup {
    /// The labels.
    pub(crate) labels: BTreeMap<String, String>,
    /// fired, pending, not_met, no_data, failed or disabled.
    pub(crate) evaluation: &'static str,
    /// Why.
    pub(crate) detail: String,
}

impl WhyAnswer {
    pub(crate) fn new(rule: String, explanation: RuleExplanation) -> Self {
        let groups = explanation.groups.into_iter();
        let groups = groups.map(|(set, evaluation, detail)| WhyGroup {
            labels: labels(&set),
            evaluation: evaluation.name(),
            detail,
        });
        Self {
            rule,
            at: at(explanation.at_ms),
            evaluation: explanation.evaluation.name(),
            detail: explanation.detail,
            groups: groups.collect(),
            suppressed_by: explanation.suppressed_by,
        }
    }
}
