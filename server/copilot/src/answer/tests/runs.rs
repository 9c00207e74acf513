//! What automation did and could do, as it is told without a model. The desk of the test fails whoever asks it to do
//! anything.

use std::collections::BTreeMap;

use tocsin_domain::alert::{Alert, AlertId, Evidence};
use tocsin_domain::automation::*;
use tocsin_domain::copilot::{Answer, PageContext};
use tocsin_domain::ports::{Question, RuleAtWork, RuleRecord, RuleTest, RunDetails};

use super::questions::{hold_to_evidence, text_of};
use super::scene::{NOW_MS, Shop, ask, question};
use crate::fakes::MINUTE_MS;

fn action(script: &str) -> PlannedAction {
    PlannedAction {
        provider: "scripts".into(),
        template: format!("script {script}"),
        base_url: None,
        params: Params::new(),
    }
}

/// A run about an alert, on `pay-1`.
pub(super) fn run(alert: &Alert, rule: &str, minutes_ago: i64, state: RunState) -> RunDetails {
    let created_ms = NOW_MS - minutes_ago * MINUTE_MS;
    let episode = Episode::of(alert);
    let targets = vec!["pay-1".to_owned()];
    let hash = PlanHash([0xab; 32]);
    let run = Run {
        id: RunId::new(created_ms, [7; 10]),
        rule: rule.into(),
        rule_version: 1,
        episode,
        title: alert.title.clone(),
        group: String::new(),
        targets: targets.clone(),
        provider: "scripts".into(),
        proposer: "system".into(),
        is_dry_run: false,
        state,
        reason: "`metrics.used < 80` holds: used is 41".into(),
        seq: 3,
        plan: Some(hash),
        next: None,
        call: None,
        tries: 0,
        executed_ms: None,
        acted_ms: None,
        verification: None,
        owed: Vec::new(),
        owed_due_ms: 0,
        created_ms,
        updated_ms: created_ms,
        finished_ms: state.is_final().then_some(created_ms + 1),
    };
    let plan = Plan {
        run: run.id,
        rule: rule.into(),
        rule_version: 1,
        episode,
        targets,
        action: action("clean_spool"),
        rollback: None,
        preview: Preview {
            kind: PreviewKind::None,
            text: String::new(),
            counts: None,
            hosts: Vec::new(),
            artifacts: Vec::new(),
        },
        risk: Risk {
            level: RiskLevel::Low,
            reasons: Vec::new(),
        },
        stages: Vec::new(),
        is_two_person: false,
        approval_because: "always".into(),
        proposer: "system".into(),
        verify: None,
        on_failure: FailurePolicy::default(),
        resolves_alert: true,
        timeout_secs: 60,
        made_ms: created_ms,
        expires_ms: created_ms + 60 * MINUTE_MS,
    };
    RunDetails {
        run,
        plan: Some(plan),
        votes: Vec::new(),
        events: Vec::new(),
        open_stage: None,
        waits_for: (state == RunState::AwaitingApproval).then(|| "ana or bob".into()),
    }
}

/// A run that helped and one that waits.
fn with_runs() -> Shop {
    let shop = Shop::open();
    let mut helped = run(&shop.alert, "clean_spool", 12, RunState::Succeeded);
    helped.run.executed_ms = Some(NOW_MS - 10 * MINUTE_MS);
    helped.run.verification = Some(Verification::Held);
    helped.votes.push(Vote {
        run: helped.run.id,
        plan: PlanHash([0xab; 32]),
        stage: 0,
        actor: "ana".into(),
        verdict: Verdict::Approve,
        comment: String::new(),
        channel: Channel::Slack,
        at_ms: NOW_MS - 11 * MINUTE_MS,
    });
    let waiting = run(&shop.alert, "grow_volume", 2, RunState::AwaitingApproval);
    shop.world.runs.lock().extend([helped, waiting]);
    shop
}

async fn answer(shop: &Shop, text: &str, alert: Option<AlertId>) -> Answer {
    let page = alert.map(|id| PageContext {
        alert: Some(id),
        ..PageContext::default()
    });
    let copilot = shop.copilot();
    let (message, _) = ask(
        &copilot,
        Question {
            page,
            ..question(text)
        },
    )
    .await;
    let answer = message.answer.unwrap();
    hold_to_evidence(&answer, text);
    assert_eq!(copilot.telemetry().counts().dropped, 0, "{text}");
    assert!(
        answer.steps.iter().all(|step| step.is_ok),
        "{:?}",
        answer.steps
    );
    answer
}

fn cites_a_run(answer: &Answer, id: RunId) -> bool {
    let is_it =
        |evidence: &Evidence| matches!(evidence, Evidence::Run { id: found, .. } if *found == id);
    let its: Vec<_> = answer
        .facts
        .iter()
        .filter(|fact| is_it(&fact.evidence))
        .collect();
    let cited = |id: &String| answer.statements.iter().any(|one| one.cites.contains(id));
    !its.is_empty() && its.iter().all(|fact| cited(&fact.id))
}

#[tokio::test]
async fn what_was_done_about_an_alert_and_whether_it_helped_cites_its_runs() {
    let shop = with_runs();
    let (helped, waiting) = {
        let runs = shop.world.runs.lock();
        (runs[0].run.id, runs[1].run.id)
    };
    let told = answer(
        &shop,
        "What was done about this alert?",
        Some(shop.alert.id),
    )
    .await;
    assert_eq!(told.understood.intent, "runs");
    let text = text_of(&told);
    assert!(text.contains("“script clean_spool on pay-1”"), "{text}");
    assert!(text.contains("approved by ana: it succeeded"), "{text}");
    assert!(text.contains("It was seen that it helped"), "{text}");
    assert!(text.contains("it waits for ana or bob"), "{text}");
    assert!(cites_a_run(&told, helped) && cites_a_run(&told, waiting));

    let told = answer(&shop, "Did the clean-up help?", Some(shop.alert.id)).await;
    let text = text_of(&told);
    assert!(text.contains("It was seen that it helped"), "{text}");
    assert!(!text.contains("grow_volume"), "{text}");

    let told = answer(&shop, "Which runs wait for approval?", None).await;
    let text = text_of(&told);
    assert!(
        text.contains("`grow_volume`") && !text.contains("clean_spool`"),
        "{text}"
    );
    let link = format!("/automation/runs/{waiting}");
    assert!(
        told.facts.iter().any(|fact| fact.text.contains(&link)),
        "{:?}",
        told.facts
    );
}

#[tokio::test]
async fn that_nothing_was_done_is_said() {
    let shop = Shop::open();
    let told = answer(
        &shop,
        "What was done about this alert?",
        Some(shop.alert.id),
    )
    .await;
    assert!(text_of(&told).contains("Automation did nothing about this alert"));
    let told = answer(&shop, "Which runs wait for approval?", None).await;
    assert!(text_of(&told).contains("No run of automation waits for approval."));
    let told = answer(&shop, "what was done on pay-1 in the last hour?", None).await;
    let text = text_of(&told);
    assert!(
        text.contains("No run of automation on `pay-1` is known"),
        "{text}"
    );
}

fn rule(id: &str, failure_type: &str) -> AutomationRule {
    AutomationRule {
        id: id.into(),
        name: "Clean the spool".into(),
        is_enabled: true,
        version: 1,
        matches: AutomationMatch {
            failure_types: vec![failure_type.into()],
            ..AutomationMatch::default()
        },
        action: ActionTemplate {
            provider: "scripts".into(),
            base_url: None,
            params: Params::new(),
        },
        rollback: None,
        targets: Vec::new(),
        group_by: Vec::new(),
        cooldown_secs: 0,
        throttle: None,
        is_dry_run: false,
        approval: ApprovalPolicy {
            need: ApprovalNeed::Always,
            stages: Vec::new(),
            expires_secs: 60,
            is_two_person: false,
        },
        verify: Some(VerifyRule {
            after_secs: 1,
            timeout_secs: 2,
            expect: "true".into(),
            metrics: BTreeMap::new(),
            templates: BTreeMap::new(),
        }),
        resolves_alert: true,
        on_failure: FailurePolicy::default(),
        risk: Risk {
            level: RiskLevel::Low,
            reasons: Vec::new(),
        },
        timeout_secs: 60,
        limit: None,
        targets_max: None,
    }
}

/// A rule, and what it makes of an alert.
pub(super) fn at_work(
    id: &str,
    failure_type: &str,
    action: Option<PlannedAction>,
) -> (RuleAtWork, RuleTest) {
    let rule = RuleAtWork {
        rule: rule(id, failure_type),
        record: RuleRecord {
            executed: 5,
            verified: 4,
            ..RuleRecord::default()
        },
        is_propose_only: false,
    };
    let test = RuleTest {
        is_match: true,
        because: "its type of failure is meant".into(),
        targets: vec!["pay-1".into()],
        problem: action
            .is_none()
            .then(|| "`alert.labels.mount` is not defined".into()),
        action,
        approval: "someone is to agree: the rule asks for it always".into(),
    };
    (rule, test)
}

#[tokio::test]
async fn what_can_be_done_is_told_with_the_place_where_a_person_proposes_it() {
    let shop = Shop::open();
    let failure_type = shop.alert.failure_type.clone().unwrap();
    shop.world.automations.lock().extend([
        at_work("clean_spool", &failure_type, Some(action("clean_spool"))),
        at_work("another", "of_another_type", Some(action("other"))),
        at_work("odd/one", &failure_type, None),
    ]);
    for (text, page) in [
        ("What can be done about this alert?", Some(shop.alert.id)),
        ("what can be done?", None),
    ] {
        let told = answer(&shop, text, page).await;
        assert_eq!(told.understood.intent, "remedies", "{text}");
        let said = text_of(&told);
        assert!(
            said.contains("automation `clean_spool` would do “script clean_spool on pay-1”"),
            "{said}"
        );
        let link = format!(
            "/automation?view=rules&rule=clean_spool&alert={}",
            shop.alert.id
        );
        assert!(said.contains(&link), "{said}");
        assert!(
            said.contains("cannot be done") && said.contains("not defined"),
            "{said}"
        );
        assert!(!said.contains("another"), "{said}");
        let odd = format!(
            "/automation?view=rules&rule=odd%2Fone&alert={}",
            shop.alert.id
        );
        assert!(said.contains(&odd), "{said}");
        assert!(
            said.contains("Nothing was proposed or begun by asking"),
            "{said}"
        );
    }
    shop.world.automations.lock().clear();
    let told = answer(
        &shop,
        "What can be done about this alert?",
        Some(shop.alert.id),
    )
    .await;
    assert!(text_of(&told).contains("No rule of automation matches"));
}
