//! Runs, steps and plans for the suite of automation, with something in every field.

use std::collections::BTreeMap;

use tocsin_domain::alert::{AlertId, AlertSeverity, Fingerprint};
use tocsin_domain::automation::{
    ApprovalStage, Call, CallKind, ChangeCounts, Episode, FailurePolicy, Next, Owed, Param, Params,
    Plan, PlanHash, PlannedAction, Preview, PreviewKind, Risk, RiskLevel, Run, RunEvent, RunId,
    RunState, VerifyMetric, VerifyRule,
};
use tocsin_domain::ports::{AuditEntry, AuditId, AutomationCommit, RunStep};
use tocsin_domain::{TemplateId, Timestamp};

pub(super) fn alert(number: u64) -> AlertId {
    AlertId::of(Fingerprint(number), 1000)
}

/// A run with something in every field.
pub(super) fn run(number: u64, target: &str, state: RunState) -> Run {
    let at_ms = 1000 * number.cast_signed();
    let episode = Episode {
        alert: alert(number),
        since_ms: at_ms,
    };
    let targets = vec![target.to_owned(), "zürich \"1\"".to_owned()];
    Run {
        id: RunId::of("clean", &targets, episode, 0),
        rule: "clean".into(),
        rule_version: 3,
        episode,
        title: format!("It's \"ÜBER\" full: {number} \u{1f514}"),
        group: format!("host={target:?}"),
        targets,
        provider: "scripts".into(),
        proposer: "system".into(),
        is_dry_run: false,
        state,
        reason: "it's so".into(),
        seq: 1,
        plan: Some(PlanHash([0xab; 32])),
        next: Some((Next::Ask, at_ms + 10)),
        call: Some(Call {
            kind: CallKind::Execute,
            handle: Some("process 7".into()),
            attempts: 2,
            silent: 1,
            began_ms: at_ms,
            told_ms: at_ms + 1,
            deadline_ms: at_ms + 1000,
            cancel: Some("enough".into()),
            is_called_off: true,
        }),
        tries: 4,
        executed_ms: None,
        acted_ms: Some(at_ms + 1),
        verification: None,
        owed: vec![
            Owed::Escalate {
                why: "no".into(),
                to: Some(AlertSeverity::Critical),
            },
            Owed::Resolve,
            Owed::Discard,
            Owed::Awaits,
            Owed::Change(CallKind::Rollback),
        ],
        owed_due_ms: at_ms + 500,
        created_ms: at_ms,
        updated_ms: at_ms + 2,
        finished_ms: None,
    }
}

/// A step that makes a run what it is.
pub(super) fn step(run: &Run, after: u64) -> RunStep {
    let run = Run {
        seq: after + 1,
        ..run.clone()
    };
    let event = RunEvent {
        run: run.id,
        seq: run.seq,
        at_ms: run.updated_ms,
        actor: "ana".into(),
        from: (after > 0).then_some(RunState::Proposed),
        to: run.state,
        what: "stepped".into(),
        detail: "It's \"so\".".into(),
    };
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&(run.id.0 ^ u128::from(run.seq)).to_le_bytes()[..10]);
    let audit = AuditEntry {
        id: AuditId::new(Timestamp::from_millis(run.updated_ms), bytes),
        at: Timestamp::from_millis(run.updated_ms),
        actor: "ana".into(),
        action: "automation.run.stepped".into(),
        subject: format!("run:{}", run.id),
        details: format!("{{\"seq\":{}}}", run.seq),
    };
    RunStep {
        run,
        after,
        plan: None,
        vote: None,
        events: vec![event],
        audit: vec![audit],
    }
}

pub(super) fn commit(steps: Vec<RunStep>) -> AutomationCommit {
    AutomationCommit {
        steps,
        ..AutomationCommit::default()
    }
}

pub(super) fn plan(run: &Run) -> Plan {
    let inner = Params::from([
        ("null".to_owned(), Param::Null),
        ("float".to_owned(), Param::Number(0.1 + 0.2)),
        ("whole".to_owned(), Param::Number(1.0)),
        ("tiny".to_owned(), Param::Number(-5e-324)),
    ]);
    let params = Params::from([
        ("text".to_owned(), Param::Text("{{ \u{1f514}\n\"".into())),
        ("int".to_owned(), Param::Int(i64::MIN)),
        (
            "list".to_owned(),
            Param::List(vec![Param::Bool(true), Param::Map(inner)]),
        ),
    ]);
    let action = PlannedAction {
        provider: "scripts".into(),
        template: "script clean".into(),
        base_url: Some("https://example.org".into()),
        params,
    };
    Plan {
        run: run.id,
        rule: run.rule.clone(),
        rule_version: run.rule_version,
        episode: run.episode,
        targets: run.targets.clone(),
        rollback: Some(action.clone()),
        action,
        preview: Preview {
            kind: PreviewKind::Plan,
            text: "- a\n+ b".into(),
            counts: Some(ChangeCounts {
                add: u64::MAX,
                change: 2,
                destroy: 3,
            }),
            hosts: vec!["web-1".into()],
            artifacts: vec![("plan file".into(), "00".into())],
        },
        risk: Risk {
            level: RiskLevel::High,
            reasons: vec!["it's new".into()],
        },
        stages: vec![ApprovalStage {
            approvers: vec!["ana".into()],
            count: 1,
        }],
        is_two_person: true,
        approval_because: "always".into(),
        proposer: "system".into(),
        verify: Some(verify()),
        on_failure: FailurePolicy {
            rolls_back: false,
            escalates_to: Some(AlertSeverity::High),
        },
        resolves_alert: true,
        timeout_secs: 60,
        made_ms: 5,
        expires_ms: i64::MAX,
    }
}

pub(super) fn verify() -> VerifyRule {
    VerifyRule {
        after_secs: 1,
        timeout_secs: 2,
        expect: "metrics.used < 1".into(),
        metrics: BTreeMap::from([(
            "used".to_owned(),
            VerifyMetric {
                query: "disk".into(),
                labels: vec!["host".into()],
            },
        )]),
        templates: BTreeMap::from([("full".to_owned(), TemplateId(u64::MAX))]),
    }
}
