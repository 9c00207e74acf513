//! What a message holds, whatever stands in the plan.

use tocsin_domain::automation::{ApprovalStage, Param, PlanHash, RiskLevel, Run, Vote};
use tocsin_domain::automation::{Channel, RunState};

use super::*;
use crate::automation::tests::plan::{plan, run};

const AROUND: Around<'static> = Around {
    base_url: "https://tocsin.example",
    can_vote: true,
};

fn details(state: RunState, change: impl FnOnce(&mut Plan, &mut Run)) -> RunDetails {
    let mut plan = plan();
    let mut run = run(&plan, state);
    run.plan = Some(PlanHash([0xab; 32]));
    change(&mut plan, &mut run);
    RunDetails {
        run,
        plan: Some(plan),
        votes: Vec::new(),
        events: Vec::new(),
        open_stage: None,
        waits_for: (state == RunState::AwaitingApproval).then(|| "ana".into()),
    }
}

fn blocks(body: &Value, kind: &str) -> Vec<Value> {
    let blocks = body["blocks"].as_array().unwrap().iter();
    blocks.filter(|one| one["type"] == kind).cloned().collect()
}

/// All texts that Slack reads signs in.
fn marked(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if members.get("type").is_some_and(|kind| kind == "mrkdwn") {
                into.push(members["text"].as_str().unwrap().to_owned());
            }
            members.values().for_each(|one| marked(one, into));
        }
        Value::Array(all) => all.iter().for_each(|one| marked(one, into)),
        _ => {}
    }
}

/// All texts.
fn every(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|one| every(one, into)),
        Value::Array(all) => all.iter().for_each(|one| every(one, into)),
        Value::String(text) => into.push(text.clone()),
        _ => {}
    }
}

#[test]
fn what_waits_has_buttons_that_carry_the_plan_and_what_is_over_has_none() {
    let open = details(RunState::AwaitingApproval, |_, _| {});
    let body = body(&open, AROUND);
    let hash = "ab".repeat(32);
    let [buttons] = blocks(&body, "actions").try_into().unwrap();
    let elements = buttons["elements"].as_array().unwrap();
    let of = |at: usize, key: &str| elements[at][key].as_str().unwrap_or_default().to_owned();
    assert_eq!(of(0, "action_id"), "tocsin_approve");
    assert_eq!(of(1, "action_id"), "tocsin_reject");
    assert_eq!(of(0, "value"), format!("{} {hash}", open.run.id));
    assert_eq!(of(0, "value"), of(1, "value"));
    let page = format!("https://tocsin.example/automation/runs/{}", open.run.id);
    assert_eq!((of(2, "url"), of(2, "value")), (page, String::new()));
    assert!(elements[0].get("confirm").is_none());
    assert_eq!(blocks(&body, "input").len(), 1);
    assert_eq!(body["blocks"][0]["block_id"], mark(open.run.id));

    let unheard = Around {
        can_vote: false,
        ..AROUND
    };
    let ended = details(RunState::Rejected, |_, _| {});
    for body in [super::body(&open, unheard), super::body(&ended, AROUND)] {
        let [buttons] = blocks(&body, "actions").try_into().unwrap();
        assert_eq!(buttons["elements"].as_array().unwrap().len(), 1);
        assert_eq!(blocks(&body, "input"), Vec::<Value>::new());
        assert!(!body.to_string().contains("tocsin_approve"));
    }
}

#[test]
fn what_is_risky_is_asked_again_and_votes_are_named() {
    let mut risky = details(RunState::AwaitingApproval, |plan, _| {
        plan.risk.level = RiskLevel::High;
        plan.stages.push(ApprovalStage {
            approvers: vec!["bob".into()],
            count: 1,
        });
    });
    risky.votes.push(Vote {
        run: risky.run.id,
        plan: PlanHash([0xab; 32]),
        stage: 0,
        actor: "ana".into(),
        verdict: Verdict::Approve,
        comment: "<!here> fine".into(),
        channel: Channel::Slack,
        at_ms: 1,
    });
    let body = body(&risky, AROUND);
    let [buttons] = blocks(&body, "actions").try_into().unwrap();
    assert!(buttons["elements"][0]["confirm"].is_object());
    let mut texts = Vec::new();
    marked(&body, &mut texts);
    assert!(
        texts.contains(&"ana agreed: &lt;!here&gt; fine".to_owned()),
        "{texts:?}"
    );
    assert!(texts.iter().any(|text| text.ends_with("It waits for ana.")));
}

#[test]
fn words_from_outside_are_words_and_hidden_signs_are_seen() {
    let evil = "<!channel> <https://evil.example|ok> & *b* | ```x``` \u{202e}fdp\u{200b}\u{1b}[2K";
    let open = details(RunState::AwaitingApproval, |plan, run| {
        run.title = evil.into();
        run.rule = evil.into();
        run.reason = evil.into();
        run.proposer = evil.into();
        plan.targets = vec![evil.into(), "web-1".into()];
        plan.action.template = evil.into();
        plan.risk.reasons = vec![evil.into()];
        plan.preview.text = evil.into();
        plan.action
            .params
            .insert("x".into(), Param::Text(evil.into()));
    });
    let body = body(&open, AROUND);
    let mut texts = Vec::new();
    marked(&body, &mut texts);
    texts.push(body["text"].as_str().unwrap().to_owned());
    for text in &texts {
        let ours = text
            .replace("<https://tocsin.example/alerts", "")
            .replace("<!date^", "");
        assert!(!ours.contains("<!") && !ours.contains("<http"), "{text}");
    }
    let mut all = Vec::new();
    every(&body, &mut all);
    for hidden in ['\u{202e}', '\u{200b}', '\u{1b}'] {
        assert!(!all.iter().any(|text| text.contains(hidden)));
    }
    let shown = blocks(&body, "rich_text");
    let preview = shown.last().unwrap()["elements"][0]["elements"][0]["text"].as_str();
    let expected = evil.replace(['\u{202e}', '\u{200b}', '\u{1b}'], "\u{fffd}");
    assert_eq!(preview, Some(expected.as_str()), "as it is, and no markup");
}

#[test]
fn whatever_is_long_is_cut_and_says_so() {
    let long = "&<>é\n".repeat(20_000);
    let open = details(RunState::AwaitingApproval, |plan, run| {
        run.title.clone_from(&long);
        run.reason.clone_from(&long);
        plan.targets = (0..1000).map(|n| format!("web-{n}")).collect();
        plan.risk.reasons = vec![long.clone(); 20];
        plan.preview.text.clone_from(&long);
        for n in 0..100 {
            plan.action
                .params
                .insert(format!("p{n}"), Param::Text(long.clone()));
        }
    });
    let body = body(&open, AROUND);
    let all = body["blocks"].as_array().unwrap();
    assert!(all.len() <= 50);
    let count = |text: &Value| text.as_str().unwrap().chars().count();
    for section in blocks(&body, "section") {
        if section["text"].is_object() {
            assert!(count(&section["text"]["text"]) <= 3000);
        }
        for field in section["fields"].as_array().into_iter().flatten() {
            assert!(count(&field["text"]) <= 2000);
        }
    }
    assert!(count(&blocks(&body, "header")[0]["text"]["text"]) <= 150);
    let note = blocks(&body, "context");
    assert!(note[0].to_string().contains("of 20000 lines"), "{note:?}");
    assert!(
        body.to_string().chars().count() < 13_000,
        "{}",
        body.to_string().chars().count()
    );
}
