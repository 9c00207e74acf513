//! The JSON that automation rules and switches are kept as.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tocsin_domain::alert::{AlertKind, AlertSeverity, Recurrence};
use tocsin_domain::automation::{
    ActionTemplate, ApprovalNeed, ApprovalPolicy, AutomationMatch, AutomationRule, Freeze,
    KillSwitch, Switches, Throttle,
};
use tocsin_domain::ports::StoreError;

use super::parts_json::{
    FailureRow, LimitRow, ParamRows, RiskRow, StageRow, VerifyRow, one_of, params, params_row,
};
use crate::relational::alerts::parse;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RuleRow {
    name: String,
    is_enabled: bool,
    matches: MatchRow,
    action: TemplateRow,
    rollback: Option<TemplateRow>,
    targets: Vec<String>,
    group_by: Vec<String>,
    cooldown_secs: u32,
    throttle: Option<ThrottleRow>,
    is_dry_run: bool,
    approval: ApprovalRow,
    verify: Option<VerifyRow>,
    resolves_alert: bool,
    on_failure: FailureRow,
    risk: RiskRow,
    timeout_secs: u32,
    limit: Option<LimitRow>,
    targets_max: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize)]
struct MatchRow {
    failure_types: Vec<String>,
    severities: Vec<String>,
    kinds: Vec<String>,
    labels: BTreeMap<String, Vec<String>>,
    confidence_min: String,
    condition: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct TemplateRow {
    provider: String,
    base_url: Option<String>,
    params: ParamRows,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ThrottleRow {
    OnceWithin(u32),
    OnceAfter(u32),
    AccumulateWithin { secs: u32, threshold: u32 },
}

#[derive(Debug, Serialize, Deserialize)]
struct ApprovalRow {
    need: NeedRow,
    stages: Vec<StageRow>,
    expires_secs: u32,
    is_two_person: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum NeedRow {
    Always,
    When(String),
    Never,
}

impl MatchRow {
    fn of(matches: AutomationMatch) -> Self {
        let severities = matches.severities.iter();
        Self {
            failure_types: matches.failure_types,
            severities: severities.map(|one| one.name().to_owned()).collect(),
            kinds: matches
                .kinds
                .iter()
                .map(|one| one.name().to_owned())
                .collect(),
            labels: matches.labels,
            confidence_min: matches.confidence_min.to_string(),
            condition: matches.condition,
        }
    }

    fn read(self) -> Result<AutomationMatch, StoreError> {
        let severities = self.severities.iter();
        let severities = severities.map(|one| one_of("severity", one, AlertSeverity::from_name));
        let kinds = self
            .kinds
            .iter()
            .map(|one| one_of("kind", one, AlertKind::from_name));
        Ok(AutomationMatch {
            failure_types: self.failure_types,
            severities: severities.collect::<Result<_, _>>()?,
            kinds: kinds.collect::<Result<_, _>>()?,
            labels: self.labels,
            confidence_min: parse(&self.confidence_min, "the confidence of a rule")?,
            condition: self.condition,
        })
    }
}

impl TemplateRow {
    fn of(action: ActionTemplate) -> Self {
        Self {
            provider: action.provider,
            base_url: action.base_url,
            params: params_row(&action.params),
        }
    }

    fn read(self) -> Result<ActionTemplate, StoreError> {
        Ok(ActionTemplate {
            provider: self.provider,
            base_url: self.base_url,
            params: params(self.params)?,
        })
    }
}

impl ApprovalRow {
    fn of(policy: ApprovalPolicy) -> Self {
        Self {
            need: match policy.need {
                ApprovalNeed::Always => NeedRow::Always,
                ApprovalNeed::When(condition) => NeedRow::When(condition),
                ApprovalNeed::Never => NeedRow::Never,
            },
            stages: policy.stages.iter().map(StageRow::of).collect(),
            expires_secs: policy.expires_secs,
            is_two_person: policy.is_two_person,
        }
    }

    fn read(self) -> ApprovalPolicy {
        ApprovalPolicy {
            need: match self.need {
                NeedRow::Always => ApprovalNeed::Always,
                NeedRow::When(condition) => ApprovalNeed::When(condition),
                NeedRow::Never => ApprovalNeed::Never,
            },
            stages: self.stages.into_iter().map(StageRow::read).collect(),
            expires_secs: self.expires_secs,
            is_two_person: self.is_two_person,
        }
    }
}

impl RuleRow {
    pub(super) fn of(rule: AutomationRule) -> Self {
        let throttle = rule.throttle.map(|throttle| match throttle {
            Throttle::OnceWithin(secs) => ThrottleRow::OnceWithin(secs),
            Throttle::OnceAfter(secs) => ThrottleRow::OnceAfter(secs),
            Throttle::AccumulateWithin { secs, threshold } => {
                ThrottleRow::AccumulateWithin { secs, threshold }
            }
        });
        Self {
            name: rule.name,
            is_enabled: rule.is_enabled,
            matches: MatchRow::of(rule.matches),
            action: TemplateRow::of(rule.action),
            rollback: rule.rollback.map(TemplateRow::of),
            targets: rule.targets,
            group_by: rule.group_by,
            cooldown_secs: rule.cooldown_secs,
            throttle,
            is_dry_run: rule.is_dry_run,
            approval: ApprovalRow::of(rule.approval),
            verify: rule.verify.as_ref().map(VerifyRow::of),
            resolves_alert: rule.resolves_alert,
            on_failure: FailureRow::of(rule.on_failure),
            risk: RiskRow::of(&rule.risk),
            timeout_secs: rule.timeout_secs,
            limit: rule.limit.map(LimitRow::of),
            targets_max: rule.targets_max,
        }
    }

    pub(super) fn read(self, id: &str, version: u32) -> Result<AutomationRule, StoreError> {
        let throttle = self.throttle.map(|throttle| match throttle {
            ThrottleRow::OnceWithin(secs) => Throttle::OnceWithin(secs),
            ThrottleRow::OnceAfter(secs) => Throttle::OnceAfter(secs),
            ThrottleRow::AccumulateWithin { secs, threshold } => {
                Throttle::AccumulateWithin { secs, threshold }
            }
        });
        Ok(AutomationRule {
            id: id.to_owned(),
            name: self.name,
            is_enabled: self.is_enabled,
            version,
            matches: self.matches.read()?,
            action: self.action.read()?,
            rollback: self.rollback.map(TemplateRow::read).transpose()?,
            targets: self.targets,
            group_by: self.group_by,
            cooldown_secs: self.cooldown_secs,
            throttle,
            is_dry_run: self.is_dry_run,
            approval: self.approval.read(),
            verify: self.verify.map(VerifyRow::read).transpose()?,
            resolves_alert: self.resolves_alert,
            on_failure: self.on_failure.read()?,
            risk: self.risk.read()?,
            timeout_secs: self.timeout_secs,
            limit: self.limit.map(LimitRow::read),
            targets_max: self.targets_max,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SwitchesRow {
    kill: Option<KillRow>,
    freezes: Vec<FreezeRow>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KillRow {
    by: String,
    at_ms: i64,
    reason: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct FreezeRow {
    reason: String,
    starts_ms: i64,
    ends_ms: i64,
    recurrence: Option<String>,
}

impl SwitchesRow {
    pub(super) fn of(switches: &Switches) -> Self {
        let kill = switches.kill.as_ref().map(|kill| KillRow {
            by: kill.by.clone(),
            at_ms: kill.at_ms,
            reason: kill.reason.clone(),
        });
        let freezes = switches.freezes.iter().map(|freeze| FreezeRow {
            reason: freeze.reason.clone(),
            starts_ms: freeze.starts_ms,
            ends_ms: freeze.ends_ms,
            recurrence: freeze.recurrence.map(|one| one.name().to_owned()),
        });
        Self {
            kill,
            freezes: freezes.collect(),
        }
    }

    pub(super) fn read(self) -> Result<Switches, StoreError> {
        let recurrence = |name: &str| match name {
            "daily" => Ok(Recurrence::Daily),
            "weekly" => Ok(Recurrence::Weekly),
            name => Err(StoreError::Corrupt(format!("the recurrence `{name}`"))),
        };
        let freezes = self.freezes.into_iter().map(|row| {
            Ok(Freeze {
                reason: row.reason,
                starts_ms: row.starts_ms,
                ends_ms: row.ends_ms,
                recurrence: row.recurrence.as_deref().map(recurrence).transpose()?,
            })
        });
        Ok(Switches {
            kill: self.kill.map(|row| KillSwitch {
                by: row.by,
                at_ms: row.at_ms,
                reason: row.reason,
            }),
            freezes: freezes.collect::<Result<_, StoreError>>()?,
        })
    }
}
