//! The JSON that plans are kept as.

use serde::{Deserialize, Serialize};
use tocsin_domain::alert::AlertId;
use tocsin_domain::automation::{
    ChangeCounts, Episode, Plan, PlannedAction, Preview, PreviewKind, RunId,
};
use tocsin_domain::ports::StoreError;

use super::parts_json::{
    FailureRow, ParamRows, RiskRow, StageRow, VerifyRow, one_of, params, params_row,
};
use crate::relational::alerts::parse;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PlanRow {
    rule: String,
    rule_version: u32,
    alert: String,
    since_ms: i64,
    targets: Vec<String>,
    action: ActionRow,
    rollback: Option<ActionRow>,
    preview: PreviewRow,
    risk: RiskRow,
    stages: Vec<StageRow>,
    is_two_person: bool,
    approval_because: String,
    proposer: String,
    verify: Option<VerifyRow>,
    on_failure: FailureRow,
    resolves_alert: bool,
    timeout_secs: u32,
    made_ms: i64,
    expires_ms: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct ActionRow {
    provider: String,
    template: String,
    base_url: Option<String>,
    params: ParamRows,
}

#[derive(Debug, Serialize, Deserialize)]
struct PreviewRow {
    kind: String,
    text: String,
    counts: Option<(u64, u64, u64)>,
    hosts: Vec<String>,
    artifacts: Vec<(String, String)>,
}

impl ActionRow {
    fn of(action: &PlannedAction) -> Self {
        Self {
            provider: action.provider.clone(),
            template: action.template.clone(),
            base_url: action.base_url.clone(),
            params: params_row(&action.params),
        }
    }

    fn read(self) -> Result<PlannedAction, StoreError> {
        Ok(PlannedAction {
            provider: self.provider,
            template: self.template,
            base_url: self.base_url,
            params: params(self.params)?,
        })
    }
}

impl PreviewRow {
    fn of(preview: &Preview) -> Self {
        Self {
            kind: preview.kind.name().to_owned(),
            text: preview.text.clone(),
            counts: preview
                .counts
                .map(|counts| (counts.add, counts.change, counts.destroy)),
            hosts: preview.hosts.clone(),
            artifacts: preview.artifacts.clone(),
        }
    }

    fn read(self) -> Result<Preview, StoreError> {
        let counts = |(add, change, destroy)| ChangeCounts {
            add,
            change,
            destroy,
        };
        Ok(Preview {
            kind: one_of("the preview", &self.kind, PreviewKind::from_name)?,
            text: self.text,
            counts: self.counts.map(counts),
            hosts: self.hosts,
            artifacts: self.artifacts,
        })
    }
}

impl PlanRow {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            rule: plan.rule.clone(),
            rule_version: plan.rule_version,
            alert: plan.episode.alert.to_string(),
            since_ms: plan.episode.since_ms,
            targets: plan.targets.clone(),
            action: ActionRow::of(&plan.action),
            rollback: plan.rollback.as_ref().map(ActionRow::of),
            preview: PreviewRow::of(&plan.preview),
            risk: RiskRow::of(&plan.risk),
            stages: plan.stages.iter().map(StageRow::of).collect(),
            is_two_person: plan.is_two_person,
            approval_because: plan.approval_because.clone(),
            proposer: plan.proposer.clone(),
            verify: plan.verify.as_ref().map(VerifyRow::of),
            on_failure: FailureRow::of(plan.on_failure),
            resolves_alert: plan.resolves_alert,
            timeout_secs: plan.timeout_secs,
            made_ms: plan.made_ms,
            expires_ms: plan.expires_ms,
        }
    }

    pub(super) fn read(self, run: RunId) -> Result<Plan, StoreError> {
        Ok(Plan {
            run,
            rule: self.rule,
            rule_version: self.rule_version,
            episode: Episode {
                alert: parse::<AlertId>(&self.alert, "the alert of a plan")?,
                since_ms: self.since_ms,
            },
            targets: self.targets,
            action: self.action.read()?,
            rollback: self.rollback.map(ActionRow::read).transpose()?,
            preview: self.preview.read()?,
            risk: self.risk.read()?,
            stages: self.stages.into_iter().map(StageRow::read).collect(),
            is_two_person: self.is_two_person,
            approval_because: self.approval_because,
            proposer: self.proposer,
            verify: self.verify.map(VerifyRow::read).transpose()?,
            on_failure: self.on_failure.read()?,
            resolves_alert: self.resolves_alert,
            timeout_secs: self.timeout_secs,
            made_ms: self.made_ms,
            expires_ms: self.expires_ms,
        })
    }
}
