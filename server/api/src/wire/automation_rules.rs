//! Rules of automation: as they are at work, changed, tested and replayed.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tocsin_domain::Timestamp;
use tocsin_domain::automation::{
    ApprovalNeed, ApprovalPolicy, ApprovalStage, AutomationRule, PlannedAction, Risk,
};
use tocsin_domain::ports::{AutomationReplay, RuleAtWork, RuleRecord, RuleTest};
use utoipa::ToSchema;

use super::automation_words::{matches, params, template, throttle, verify};
use super::series::at;
use super::time;
use crate::errors::ApiError;

/// How far a replay looks back unless it is asked otherwise, in ms.
const REPLAY_MS: i64 = 7 * 86_400_000;

/// All rules of automation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AutomationRuleAnswer {
    /// The rules, by id.
    pub(crate) items: Vec<AutomationRuleItem>,
}

/// For which alerts what is proposed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AutomationRuleItem {
    /// A name of its own.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// Whether it is looked at.
    pub(crate) enabled: bool,
    /// Grows with every change.
    pub(crate) version: u32,
    /// Where its action is carried out.
    pub(crate) provider: String,
    /// What is run there, such as `script clean_tmp`.
    pub(crate) template: String,
    /// For which alerts, in a line.
    pub(crate) r#match: String,
    /// What it is done to, each a template; none: the values of `group_by`, else the host.
    pub(crate) targets: Vec<String>,
    /// Labels whose values tell what belongs together.
    pub(crate) group_by: Vec<String>,
    /// How long after a run it proposes none, in seconds.
    pub(crate) cooldown_secs: u32,
    /// How often it proposes, in a line; null: as often as there are alerts.
    pub(crate) throttle: Option<String>,
    /// Whether it only plans and shows what would happen.
    pub(crate) dry_run: bool,
    /// Who is to agree.
    pub(crate) approval: ApprovalItem,
    /// How it is seen that it helped, in a line; null: it is not.
    pub(crate) verify: Option<String>,
    /// Whether the rule says how it is undone.
    pub(crate) rollback: bool,
    /// How dangerous it is.
    pub(crate) risk: RiskItem,
    /// How its runs went.
    pub(crate) record: RuleRecordItem,
    /// Whether it may only propose, since it did not help too often.
    pub(crate) propose_only: bool,
    /// The rule as people write it.
    pub(crate) yaml: String,
}

/// Who is to agree.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApprovalItem {
    /// always, never, or when a condition holds.
    pub(crate) required: &'static str,
    /// The condition, in CEL.
    pub(crate) when: Option<String>,
    /// Who, in this order.
    pub(crate) stages: Vec<StageItem>,
    /// How long a proposal holds, in seconds.
    pub(crate) expires_after_secs: u32,
    /// Whether two people are to agree, neither of whom proposed it.
    pub(crate) two_person: bool,
}

/// Some who are to agree.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StageItem {
    /// By name; none: anyone.
    pub(crate) approvers: Vec<String>,
    /// How many of them.
    pub(crate) count: u32,
}

/// How dangerous something is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RiskItem {
    /// low, medium or high.
    pub(crate) level: &'static str,
    /// Why.
    pub(crate) reasons: Vec<String>,
}

/// How runs of a rule went.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleRecordItem {
    /// Runs that were executed and are over.
    pub(crate) executed: u64,
    /// Those that succeeded.
    pub(crate) succeeded: u64,
    /// Those that were seen to help.
    pub(crate) verified: u64,
    /// Those of the newest version in a row that were not, up to the last.
    pub(crate) failed_in_a_row: u32,
}

impl From<&ApprovalStage> for StageItem {
    fn from(stage: &ApprovalStage) -> Self {
        Self {
            approvers: stage.approvers.clone(),
            count: stage.count,
        }
    }
}

impl From<&Risk> for RiskItem {
    fn from(risk: &Risk) -> Self {
        Self {
            level: risk.level.name(),
            reasons: risk.reasons.clone(),
        }
    }
}

impl From<&ApprovalPolicy> for ApprovalItem {
    fn from(policy: &ApprovalPolicy) -> Self {
        let (required, when) = match &policy.need {
            ApprovalNeed::Always => ("always", None),
            ApprovalNeed::Never => ("never", None),
            ApprovalNeed::When(condition) => ("when", Some(condition.clone())),
        };
        Self {
            required,
            when,
            stages: policy.stages.iter().map(StageItem::from).collect(),
            expires_after_secs: policy.expires_secs,
            two_person: policy.is_two_person,
        }
    }
}

impl From<RuleRecord> for RuleRecordItem {
    fn from(record: RuleRecord) -> Self {
        Self {
            executed: record.executed,
            succeeded: record.succeeded,
            verified: record.verified,
            failed_in_a_row: record.failed_in_a_row,
        }
    }
}

impl AutomationRuleItem {
    /// A rule, and its text.
    pub(crate) fn new(at_work: &RuleAtWork, yaml: String) -> Self {
        let rule = &at_work.rule;
        Self {
            id: rule.id.clone(),
            name: rule.name.clone(),
            enabled: rule.is_enabled,
            version: rule.version,
            provider: rule.action.provider.clone(),
            template: template(&rule.action),
            r#match: matches(&rule.matches),
            targets: rule.targets.clone(),
            group_by: rule.group_by.clone(),
            cooldown_secs: rule.cooldown_secs,
            throttle: rule.throttle.map(throttle),
            dry_run: rule.is_dry_run,
            approval: (&rule.approval).into(),
            verify: rule.verify.as_ref().map(verify),
            rollback: rule.rollback.is_some(),
            risk: (&rule.risk).into(),
            record: at_work.record.into(),
            propose_only: at_work.is_propose_only,
            yaml,
        }
    }
}

/// What is to be different about a rule. What is left out stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutomationRulePatch {
    /// Whether it is looked at.
    pub(crate) enabled: Option<bool>,
    /// Whether it only plans and shows what would happen.
    pub(crate) dry_run: Option<bool>,
    /// How long after a run it proposes none, in seconds; at most a week.
    #[schema(maximum = 604_800)]
    pub(crate) cooldown_secs: Option<u32>,
}

impl AutomationRulePatch {
    /// The rule as it is to be.
    pub(crate) fn of(&self, rule: &AutomationRule) -> Result<AutomationRule, ApiError> {
        let Self {
            enabled,
            dry_run,
            cooldown_secs,
        } = *self;
        if enabled.is_none() && dry_run.is_none() && cooldown_secs.is_none() {
            let detail = "expected `enabled`, `dry_run` or `cooldown_secs`";
            return Err(ApiError::bad_request(detail));
        }
        if let Some(secs) = cooldown_secs.filter(|secs| *secs > AutomationRule::SECS_MAX) {
            let expected = format!("at most {} seconds", AutomationRule::SECS_MAX);
            let detail = format!("{secs} is more than a week");
            return Err(ApiError::field("cooldown_secs", &expected, detail));
        }
        Ok(AutomationRule {
            is_enabled: enabled.unwrap_or(rule.is_enabled),
            is_dry_run: dry_run.unwrap_or(rule.is_dry_run),
            cooldown_secs: cooldown_secs.unwrap_or(rule.cooldown_secs),
            ..rule.clone()
        })
    }
}

/// What people made of a rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleVersionAnswer {
    /// The versions that people made, newest first. A rule of a file that nobody changed has none.
    pub(crate) items: Vec<RuleVersionItem>,
}

/// A version of a rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleVersionItem {
    /// Its number.
    pub(crate) version: u32,
    /// The rule as people write it; null: it was deleted then.
    pub(crate) yaml: Option<String>,
}

/// A rule to be tried on an alert: either `rule` or `yaml`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutomationTestRequest {
    /// The id of a rule.
    pub(crate) rule: Option<String>,
    /// A rule as people write it, in YAML or JSON.
    pub(crate) yaml: Option<String>,
    /// The id of the alert.
    pub(crate) alert: String,
}

/// A rule to be tried on the past: either `rule` or `yaml`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutomationReplayRequest {
    /// The id of a rule.
    pub(crate) rule: Option<String>,
    /// A rule as people write it, in YAML or JSON.
    pub(crate) yaml: Option<String>,
    /// Alerts that began at this time or later. Default: a week before `to`.
    pub(crate) from: Option<String>,
    /// Alerts that began before this time. Default: now.
    pub(crate) to: Option<String>,
}

impl AutomationReplayRequest {
    /// Which alerts, from when to when, in ms.
    pub(crate) fn range_ms(&self, now: Timestamp) -> Result<(i64, i64), ApiError> {
        let instant = |field: &str, text: &Option<String>| match text.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => time::parse(field, text, now).map(|at| Some(at.millis())),
        };
        let to_ms = instant("to", &self.to)?.unwrap_or(now.millis());
        let from_ms = instant("from", &self.from)?.unwrap_or(to_ms - REPLAY_MS);
        if from_ms >= to_ms {
            let detail = "`to` is not after `from`";
            return Err(ApiError::field("to", "a time after `from`", detail));
        }
        Ok((from_ms, to_ms))
    }
}

/// What a rule makes of an alert.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AutomationTestAnswer {
    /// Whether it matches.
    pub(crate) matches: bool,
    /// Why, or why not.
    pub(crate) because: String,
    /// What it would be done to.
    pub(crate) targets: Vec<String>,
    /// What would be done, with all values; null: it cannot be, `problem` says why.
    pub(crate) action: Option<ActionItem>,
    /// Whether someone would have to agree, and why.
    pub(crate) approval: String,
    /// What is wrong; null: nothing.
    pub(crate) problem: Option<String>,
}

/// An action with all its values.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionItem {
    /// Where it is carried out.
    pub(crate) provider: String,
    /// What is run there, such as `script clean_tmp`.
    pub(crate) template: String,
    /// The address it goes to; null: the provider's own.
    pub(crate) base_url: Option<String>,
    /// The values.
    #[schema(value_type = Object)]
    pub(crate) params: Value,
}

impl From<&PlannedAction> for ActionItem {
    fn from(action: &PlannedAction) -> Self {
        Self {
            provider: action.provider.clone(),
            template: action.template.clone(),
            base_url: action.base_url.clone(),
            params: params(&action.params),
        }
    }
}

impl From<RuleTest> for AutomationTestAnswer {
    fn from(test: RuleTest) -> Self {
        Self {
            matches: test.is_match,
            because: test.because,
            targets: test.targets,
            action: test.action.as_ref().map(ActionItem::from),
            approval: test.approval,
            problem: test.problem,
        }
    }
}

/// What a rule would have done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AutomationReplayAnswer {
    /// Alerts that were looked at.
    pub(crate) looked_at: u64,
    /// Those that it matches.
    pub(crate) matched: u64,
    /// When it would have run.
    pub(crate) runs: Vec<ReplayedRunItem>,
    /// Matches that throttle or cooldown would have held back.
    pub(crate) held_back: u64,
    /// Matches whose parameters cannot be made; the first few.
    pub(crate) problems: Vec<ReplayProblemItem>,
    /// Why the rule would be refused for matching too much; null: it would not.
    pub(crate) too_broad: Option<String>,
}

/// A run that would have been.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayedRunItem {
    /// When.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// The id of the alert.
    pub(crate) alert: String,
    /// To what.
    pub(crate) targets: Vec<String>,
}

/// An alert for which nothing could have been proposed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayProblemItem {
    /// The id of the alert.
    pub(crate) alert: String,
    /// Why.
    pub(crate) problem: String,
}

impl From<AutomationReplay> for AutomationReplayAnswer {
    fn from(replay: AutomationReplay) -> Self {
        let run =
            |(at_ms, alert, targets): (i64, tocsin_domain::alert::AlertId, _)| ReplayedRunItem {
                at: at(at_ms),
                alert: alert.to_string(),
                targets,
            };
        let problem =
            |(alert, problem): (tocsin_domain::alert::AlertId, String)| ReplayProblemItem {
                alert: alert.to_string(),
                problem,
            };
        Self {
            looked_at: replay.looked_at,
            matched: replay.matched,
            runs: replay.runs.into_iter().map(run).collect(),
            held_back: replay.held_back,
            problems: replay.problems.into_iter().map(problem).collect(),
            too_broad: replay.too_broad,
        }
    }
}

/// An alert for which a rule is to propose.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProposeRequest {
    /// The id of the alert.
    pub(crate) alert: String,
}
