//! The suite of automation rules and switches.

use std::collections::BTreeMap;

use tocsin_domain::Timestamp;
use tocsin_domain::alert::{AlertKind, AlertSeverity, Recurrence};
use tocsin_domain::automation::{
    ActionTemplate, ApprovalNeed, ApprovalPolicy, ApprovalStage, AutomationMatch, AutomationRule,
    FailurePolicy, Freeze, KillSwitch, Param, Params, RateLimit, Risk, RiskLevel, Switches,
    Throttle,
};
use tocsin_domain::ports::{
    AuditEntry, AuditFilter, AuditId, AuditLog, AutomationSettings, StoreError,
};

use super::automation_runs::verify;

fn rule(id: &str) -> AutomationRule {
    let action = ActionTemplate {
        provider: "scripts".into(),
        base_url: Some("https://example.org".into()),
        params: Params::from([
            (
                "host".to_owned(),
                Param::Text("{{ alert.labels.host }}".into()),
            ),
            ("share".to_owned(), Param::Number(1.0 / 3.0)),
        ]),
    };
    AutomationRule {
        id: id.into(),
        name: "It's \"clean\"".into(),
        is_enabled: true,
        version: 1,
        matches: AutomationMatch {
            failure_types: vec!["disk_full".into()],
            severities: vec![AlertSeverity::Critical],
            kinds: vec![AlertKind::Predictive],
            labels: BTreeMap::from([("team".to_owned(), vec!["db".to_owned(), "web".to_owned()])]),
            confidence_min: 0.1 + 0.2,
            condition: Some("count > 1".into()),
        },
        rollback: Some(action.clone()),
        action,
        targets: vec!["{{ alert.labels.host }}".into()],
        group_by: vec!["host".into()],
        cooldown_secs: 60,
        throttle: Some(Throttle::AccumulateWithin {
            secs: 60,
            threshold: 3,
        }),
        is_dry_run: true,
        approval: ApprovalPolicy {
            need: ApprovalNeed::When("risk == 'high'".into()),
            stages: vec![ApprovalStage {
                approvers: vec!["ana".into()],
                count: 1,
            }],
            expires_secs: 600,
            is_two_person: true,
        },
        verify: Some(verify()),
        resolves_alert: false,
        on_failure: FailurePolicy {
            rolls_back: true,
            escalates_to: Some(AlertSeverity::Low),
        },
        risk: Risk {
            level: RiskLevel::Medium,
            reasons: vec!["it's new".into()],
        },
        timeout_secs: 30,
        limit: Some(RateLimit {
            runs_max: 2,
            window_secs: 3600,
        }),
        targets_max: Some(4),
    }
}

/// An entry of its own for each number.
fn entry(number: u8) -> AuditEntry {
    AuditEntry {
        id: AuditId::new(Timestamp::from_millis(1_000_000), [number; 10]),
        at: Timestamp::from_millis(1_000_000),
        actor: "ana".into(),
        action: "automation.rule.put".into(),
        subject: format!("automation_rule:{number}"),
        details: "{}".into(),
    }
}

/// The suite of [`AutomationSettings`]; what is audited is in the log of the same store.
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn settings<S>(store: &S) -> Result<(), StoreError>
where
    S: AutomationSettings + AuditLog,
{
    assert_eq!(store.automation_rules().await?, []);
    assert_eq!(
        store
            .put_automation_rule("b", Some(rule("b")), entry(1))
            .await?,
        2
    );
    let plain = AutomationRule {
        version: 7,
        throttle: Some(Throttle::OnceAfter(5)),
        approval: ApprovalPolicy {
            need: ApprovalNeed::Never,
            ..rule("a").approval
        },
        rollback: None,
        verify: None,
        limit: None,
        targets_max: None,
        ..rule("a")
    };
    assert_eq!(
        store
            .put_automation_rule("a", Some(plain.clone()), entry(2))
            .await?,
        8
    );
    assert_eq!(store.put_automation_rule("b", None, entry(3)).await?, 3);
    let kept = AutomationRule {
        version: 8,
        ..plain
    };
    let newest = store.automation_rules().await?;
    assert_eq!(
        newest,
        [("a".to_owned(), Some(kept)), ("b".to_owned(), None)]
    );
    let second = AutomationRule {
        version: 2,
        ..rule("b")
    };
    assert_eq!(
        store.automation_rule_versions("b").await?,
        [(3, None), (2, Some(second))]
    );
    assert_eq!(store.automation_rule_versions("c").await?, []);

    switches(store).await
}

async fn switches<S>(store: &S) -> Result<(), StoreError>
where
    S: AutomationSettings + AuditLog,
{
    assert_eq!(store.switches().await?, Switches::default());
    let freeze = |recurrence| Freeze {
        reason: "release".into(),
        starts_ms: 1,
        ends_ms: 2,
        recurrence,
    };
    let switches = Switches {
        kill: Some(KillSwitch {
            by: "ana".into(),
            at_ms: 5,
            reason: "it's too much".into(),
        }),
        freezes: vec![
            freeze(None),
            freeze(Some(Recurrence::Daily)),
            freeze(Some(Recurrence::Weekly)),
        ],
    };
    store.put_switches(switches.clone(), entry(4)).await?;
    assert_eq!(store.switches().await?, switches);
    store.put_switches(Switches::default(), entry(5)).await?;
    assert_eq!(store.switches().await?, Switches::default());
    // An entry that is there already: neither it nor what it is about is kept twice.
    assert!(store.put_switches(switches, entry(5)).await.is_err());
    assert_eq!(store.switches().await?, Switches::default());
    let log = store.page(&AuditFilter::default(), None, 1000).await?;
    let its = log
        .iter()
        .filter(|entry| entry.subject.starts_with("automation_rule:"));
    assert_eq!(its.count(), 5);
    Ok(())
}
