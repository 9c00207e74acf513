//! Automation rules: for which alerts what is proposed, who is to agree, and how it is seen that it
//! helped.

use std::collections::BTreeMap;

use super::budget::RateLimit;
use super::canonical::Canonical;
use super::param::Params;
use super::throttle::Throttle;
use crate::alert::{AlertKind, AlertSeverity, named};
use crate::id::TemplateId;

named! {
    /// How dangerous something is, from the least to the most.
    RiskLevel {
        /// It can hardly do harm.
        Low = "low",
        /// It may disturb something for a while.
        Medium = "medium",
        /// It may break something.
        High = "high",
    }
}

/// How dangerous something is, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Risk {
    /// How dangerous.
    pub level: RiskLevel,
    /// Why, each a phrase.
    pub reasons: Vec<String>,
}

/// Which alerts are meant. Everything that is given must hold; an empty list is not given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AutomationMatch {
    /// Of one of these types of failure.
    pub failure_types: Vec<String>,
    /// Of one of these severities.
    pub severities: Vec<AlertSeverity>,
    /// Of one of these kinds.
    pub kinds: Vec<AlertKind>,
    /// With one of these values for each of these labels.
    pub labels: BTreeMap<String, Vec<String>>,
    /// At least this sure: `[0, 1]`.
    pub confidence_min: f64,
    /// A condition in CEL.
    pub condition: Option<String>,
}

/// An action whose texts may be templates.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionTemplate {
    /// The name of the provider in the configuration.
    pub provider: String,
    /// The address it goes to; the configuration must know it. None: the provider's own.
    pub base_url: Option<String>,
    /// The parameters. Their names are never templates.
    pub params: Params,
}

/// Whether someone is to agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovalNeed {
    /// Always.
    Always,
    /// If a condition in CEL holds.
    When(String),
    /// Never: what the rule proposes is done.
    Never,
}

/// Some who are to agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalStage {
    /// By name; none: anyone who may approve.
    pub approvers: Vec<String>,
    /// How many of them, at least 1.
    pub count: u32,
}

/// Who is to agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalPolicy {
    /// Whether someone is.
    pub need: ApprovalNeed,
    /// Who, in this order, at least one.
    pub stages: Vec<ApprovalStage>,
    /// How long a proposal holds, in seconds.
    pub expires_secs: u32,
    /// Whether at least two people are to agree, neither of whom proposed it.
    pub is_two_person: bool,
}

/// How it is seen that an action helped.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifyRule {
    /// How long to wait before looking, in seconds.
    pub after_secs: u32,
    /// How long it may take until it holds, from the end of the action on, in seconds.
    pub timeout_secs: u32,
    /// A condition in CEL over `alert`, `metrics` and `templates`.
    pub expect: String,
    /// Queries in PromQL by the name under which the condition sees their value.
    pub metrics: BTreeMap<String, VerifyMetric>,
    /// Templates by the name under which the condition sees how many lines they had since the end
    /// of the action.
    pub templates: BTreeMap<String, TemplateId>,
}

/// A query whose value is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyMetric {
    /// The query. It is no template: what belongs to the alert is found by `labels`.
    pub query: String,
    /// Labels whose value in the answer is to be that of the alert.
    pub labels: Vec<String>,
}

impl VerifyRule {
    pub(super) fn write(&self, into: &mut Canonical) {
        into.integer(i64::from(self.after_secs));
        into.integer(i64::from(self.timeout_secs));
        into.text(&self.expect);
        into.row(self.metrics.len());
        for (name, metric) in &self.metrics {
            into.text(name);
            into.text(&metric.query);
            into.texts(metric.labels.iter().map(String::as_str));
        }
        into.row(self.templates.len());
        for (name, template) in &self.templates {
            into.text(name);
            into.wide(u128::from(template.0));
        }
    }
}

/// What is done if an action failed or did not help. People are always told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailurePolicy {
    /// Whether it is undone, if the rule says how.
    pub rolls_back: bool,
    /// How severe the alert becomes; none: it stays.
    pub escalates_to: Option<AlertSeverity>,
}

impl Default for FailurePolicy {
    fn default() -> Self {
        Self {
            rolls_back: true,
            escalates_to: None,
        }
    }
}

/// A rule that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("automation `{rule}`: `{field}`: {expected}")]
pub struct AutomationRuleError {
    /// Its id.
    pub rule: String,
    /// Which field, such as `verify.expect`.
    pub field: String,
    /// What is wrong and what was expected.
    pub expected: String,
}

/// For which alerts what is proposed.
#[derive(Debug, Clone, PartialEq)]
pub struct AutomationRule {
    /// A name of its own: 1 to 100 lower-case letters, digits, `_` and `-`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether it is looked at.
    pub is_enabled: bool,
    /// Grows with every change.
    pub version: u32,
    /// For which alerts.
    pub matches: AutomationMatch,
    /// What is proposed.
    pub action: ActionTemplate,
    /// How it is undone.
    pub rollback: Option<ActionTemplate>,
    /// What it is done to, each a template; none: the values of `group_by`, else the host.
    pub targets: Vec<String>,
    /// Labels whose values tell what belongs together for cooldown and throttle; none: every label
    /// set is for itself.
    pub group_by: Vec<String>,
    /// How long after a run for a group it proposes none, in seconds.
    pub cooldown_secs: u32,
    /// How often it proposes.
    pub throttle: Option<Throttle>,
    /// Whether it only plans and shows what would happen.
    pub is_dry_run: bool,
    /// Who is to agree.
    pub approval: ApprovalPolicy,
    /// How it is seen that it helped; none: it is not.
    pub verify: Option<VerifyRule>,
    /// Whether the alert is resolved when it was seen that it helped.
    pub resolves_alert: bool,
    /// What is done if not.
    pub on_failure: FailurePolicy,
    /// How dangerous it is.
    pub risk: Risk,
    /// How long the action may take, in seconds.
    pub timeout_secs: u32,
    /// How often it may run; none: as the safety budget says.
    pub limit: Option<RateLimit>,
    /// Targets or hosts of one run; none: as the safety budget says.
    pub targets_max: Option<u32>,
}

impl AutomationRule {
    /// The most seconds of anything in a rule: a week.
    pub const SECS_MAX: u32 = 604_800;
    /// How long a proposal holds unless the rule says, in seconds.
    pub const EXPIRES_SECS: u32 = 3600;
    /// How long an action may take unless the rule says, in seconds.
    pub const TIMEOUT_SECS: u32 = 900;
    /// The most entries of a list in a rule.
    pub const LIST_MAX: usize = 100;

    /// Whether everything in it is within its range. Conditions and templates are not read.
    ///
    /// # Errors
    /// [`AutomationRuleError`] with the first field that is not.
    pub fn check(&self) -> Result<(), AutomationRuleError> {
        let wrong = |field: &str, expected: &str| AutomationRuleError {
            rule: self.id.clone(),
            field: field.to_owned(),
            expected: expected.to_owned(),
        };
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
        if self.id.is_empty() || self.id.len() > 100 || !self.id.chars().all(is_plain) {
            let expected = "expected 1 to 100 lower-case letters, digits, `_` or `-`";
            return Err(wrong("id", expected));
        }
        if !(0.0..=1.0).contains(&self.matches.confidence_min) {
            return Err(wrong("match.min_confidence", "expected 0 to 1"));
        }
        if let Some(field) = self.long_list() {
            return Err(wrong(field, "expected at most 100 entries"));
        }
        for (field, secs, least) in self.spans() {
            if !(least..=Self::SECS_MAX).contains(&secs) {
                let least = if least == 0 { "nothing" } else { "a second" };
                return Err(wrong(field, &format!("expected {least} to a week")));
            }
        }
        match self.throttle {
            Some(Throttle::AccumulateWithin { threshold, .. })
                if !(2..=1000).contains(&threshold) =>
            {
                return Err(wrong("throttle.threshold", "expected 2 to 1000"));
            }
            _ => {}
        }
        let stages = &self.approval.stages;
        if stages.is_empty() {
            return Err(wrong("approval.stages", "expected at least one stage"));
        }
        let is_open = stages.iter().any(|stage| stage.approvers.is_empty());
        let named = stages.iter().flat_map(|stage| &stage.approvers);
        let named = named.collect::<std::collections::BTreeSet<_>>().len();
        if self.approval.is_two_person && !is_open && named < 2 {
            let expected = "expected at least two approvers";
            return Err(wrong("approval.two_person", expected));
        }
        for stage in stages {
            let most = match stage.approvers.len() {
                0 => 100,
                named => named,
            };
            if stage.count == 0 || stage.count as usize > most {
                let expected = "expected 1 to as many as there are approvers";
                return Err(wrong("approval.stages.count", expected));
            }
        }
        for action in [Some(&self.action), self.rollback.as_ref()]
            .into_iter()
            .flatten()
        {
            if let Some(excess) = super::param::excess(&action.params) {
                return Err(wrong("action.params", &excess));
            }
        }
        Ok(())
    }

    fn long_list(&self) -> Option<&'static str> {
        let approvers = self.approval.stages.iter();
        let approvers = approvers.map(|stage| stage.approvers.len()).max();
        let verify = self.verify.as_ref();
        let lists = [
            ("match.failure_type", self.matches.failure_types.len()),
            ("match.labels", self.matches.labels.len()),
            ("targets", self.targets.len()),
            ("group_by", self.group_by.len()),
            ("approval.stages", self.approval.stages.len()),
            ("approval.approvers", approvers.unwrap_or(0)),
            ("verify.metrics", verify.map_or(0, |one| one.metrics.len())),
            (
                "verify.templates",
                verify.map_or(0, |one| one.templates.len()),
            ),
            ("risk.reasons", self.risk.reasons.len()),
        ];
        let mut long = lists
            .into_iter()
            .filter(|(_, length)| *length > Self::LIST_MAX);
        long.next().map(|(field, _)| field)
    }

    fn spans(&self) -> Vec<(&'static str, u32, u32)> {
        let mut spans = vec![
            ("cooldown", self.cooldown_secs, 0),
            ("approval.expires_after", self.approval.expires_secs, 1),
            ("timeout", self.timeout_secs, 1),
        ];
        if let Some(throttle) = self.throttle {
            spans.push(("throttle", throttle.secs(), 1));
        }
        if let Some(verify) = &self.verify {
            spans.push(("verify.after", verify.after_secs, 0));
            spans.push(("verify.timeout", verify.timeout_secs, 1));
        }
        if let Some(limit) = self.limit {
            spans.push(("limit.within", limit.window_secs, 1));
        }
        spans
    }
}
