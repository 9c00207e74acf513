//! A plan and runs of it, for tests.

use std::collections::BTreeMap;

use tocsin_domain::alert::AlertId;
use tocsin_domain::automation::{
    ApprovalStage, Episode, FailurePolicy, Param, Params, Plan, PlannedAction, Preview,
    PreviewKind, Risk, RiskLevel, Run, RunId, RunState, VerifyRule,
};

use crate::automation::policy::hash;

fn action(script: &str) -> PlannedAction {
    PlannedAction {
        provider: "p".into(),
        template: format!("script {script}"),
        base_url: None,
        params: Params::from([("script".to_owned(), Param::Text(script.into()))]),
    }
}

/// A plan to which one person is to agree; it can be undone, and it is looked whether it helped.
pub(crate) fn plan() -> Plan {
    Plan {
        run: RunId(1),
        rule: "r".into(),
        rule_version: 1,
        episode: Episode {
            alert: AlertId(1),
            since_ms: 0,
        },
        targets: vec!["web-1".into()],
        action: action("clean"),
        rollback: Some(action("restore")),
        preview: Preview {
            kind: PreviewKind::Described,
            text: String::new(),
            counts: None,
            hosts: Vec::new(),
            artifacts: Vec::new(),
        },
        risk: Risk {
            level: RiskLevel::Low,
            reasons: Vec::new(),
        },
        stages: vec![ApprovalStage {
            approvers: Vec::new(),
            count: 1,
        }],
        is_two_person: false,
        approval_because: "always".into(),
        proposer: "system".into(),
        verify: Some(VerifyRule {
            after_secs: 1,
            timeout_secs: 10,
            expect: "!alert.firing".into(),
            metrics: BTreeMap::new(),
            templates: BTreeMap::new(),
        }),
        on_failure: FailurePolicy::default(),
        resolves_alert: true,
        timeout_secs: 60,
        made_ms: 0,
        expires_ms: 1_000_000,
    }
}

/// A run of a plan in a state.
pub(crate) fn run(plan: &Plan, state: RunState) -> Run {
    Run {
        id: plan.run,
        rule: plan.rule.clone(),
        rule_version: plan.rule_version,
        episode: plan.episode,
        title: "web-1 is full".into(),
        group: String::new(),
        targets: plan.targets.clone(),
        provider: plan.action.provider.clone(),
        proposer: plan.proposer.clone(),
        is_dry_run: false,
        state,
        reason: String::new(),
        seq: 1,
        plan: Some(hash(plan)),
        next: None,
        call: None,
        tries: 0,
        executed_ms: None,
        acted_ms: None,
        verification: None,
        owed: Vec::new(),
        owed_due_ms: 0,
        created_ms: 0,
        updated_ms: 0,
        finished_ms: None,
    }
}
