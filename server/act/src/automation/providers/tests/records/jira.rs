//! `jira` against its double.

use serde_json::{Value, json};
use tocsin_harness::trackers::JiraDouble;

use super::*;
use crate::automation::providers::jira::{JiraActionsConfig, JiraIssues};
use crate::automation::providers::records::Desk;
use crate::automation::providers::tests::NASTY;
use crate::trackers::{adf, text as texts_of};

const LINK: &str = "https://t.example/automation/runs/1";

fn config(double: &JiraDouble) -> JiraActionsConfig {
    JiraActionsConfig {
        url: double.url(),
        email: JiraDouble::EMAIL.into(),
        api_token: secret(JiraDouble::TOKEN),
        api_token_file: None,
        project: JiraDouble::PROJECT.into(),
        issue_type: "Task".into(),
        resolution: "Done".into(),
        lag_secs: 0,
    }
}

fn open(config: JiraActionsConfig) -> Desk<JiraIssues> {
    Desk::new(JiraIssues::new(config, &http()).unwrap())
}

fn start() -> (JiraDouble, Desk<JiraIssues>) {
    let double = JiraDouble::start().unwrap();
    let provider = open(config(&double));
    (double, provider)
}

fn create() -> Params {
    texts(&[
        ("action", "create"),
        ("summary", "web-1 is full"),
        ("description", "Seen at 12:00"),
        ("priority", "High"),
        ("labels", "disk"),
        ("url", LINK),
        ("title", "The run"),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_is_opened_and_linked_as_it_was_shown_and_taken_on_to_undo_it() {
    let (double, provider) = start();
    let said = provider.check().await.unwrap();
    assert!(said.contains("Ops") && said.contains("OPS"), "{said}");
    let undo = texts(&[
        ("action", "transition"),
        ("to", "Done"),
        ("comment", "It did not help."),
    ]);
    let plan = plan_of(&provider, &create(), &undo).await;
    let approval = leave(&provider, &create()).await;
    let begun = provider.execute(&approval).await.unwrap();
    assert_eq!(begun.handle, "OPS-1");
    let status = provider.status(&order(&plan, Some("OPS-1"))).await.unwrap();
    let at = format!("{}/browse/OPS-1", double.url());
    let expected = format!("OPS-1 was made: {at}; linked to {LINK}");
    assert_eq!(succeeded(&status), expected);
    let (output, _) = provider.output(&order(&plan, None), 0).await.unwrap();
    assert_eq!(output, expected.replace("; ", "\n") + "\n");
    let issue = &double.issues()[0];
    let marker = format!("tocsin-run-{}", key());
    assert_eq!(issue.labels(), [&*marker, "tocsin", "disk"]);
    assert_eq!(issue.description(), "Seen at 12:00");
    assert_eq!(issue.links[0]["globalId"], *marker);
    assert_eq!(
        issue.links[0]["object"],
        json!({ "url": LINK, "title": "The run" })
    );
    // What was shown is what was sent.
    let requests = double.requests();
    let sent = requests
        .iter()
        .filter(|one| one.method == "POST" && !one.path.ends_with("/search/jql"));
    for one in sent {
        let sent: Value = serde_json::from_str(&one.body).unwrap();
        let shown = &approval.plan().preview.text;
        assert!(shown.contains(&format!("{sent:#}")), "{shown}");
    }

    let leave = leave_to_undo(&plan);
    let begun = provider.rollback(&leave).await.unwrap();
    assert_eq!(begun.handle, "OPS-1");
    let status = provider.status(&undoing(&plan, Some("OPS-1"))).await;
    let status = status.unwrap();
    assert!(succeeded(&status).ends_with("commented; in the status Done"));
    let issue = &double.issues()[0];
    assert_eq!(issue.status, "Done");
    let said = format!("It did not help. tocsin-run-{}-rollback", key());
    assert_eq!(issue.comments_with(&said), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_that_is_named_is_shown_and_changed() {
    let (double, provider) = start();
    succeeded(&done(&provider, &create()).await.1);
    let comment = |text| texts(&[("action", "comment"), ("issue", "OPS-1"), ("text", text)]);
    let planned = planned(&provider, &comment("Again")).await.unwrap();
    assert_eq!(planned.template, "jira comment OPS-1");
    let shown = &planned.preview.text;
    let now = "OPS-1 is in the status `To Do` now: web-1 is full\n";
    assert!(shown.starts_with(now), "{shown}");
    is_bound_to_what_was_seen(&provider, &comment("a"), &comment("b")).await;
    let link = texts(&[("action", "link"), ("issue", "OPS-1"), ("url", LINK)]);
    succeeded(&done(&provider, &link).await.1);
    // The same key is the same link.
    assert_eq!(double.issues()[0].links.len(), 1);
    double.configure(|settings| settings.asks_resolution = true);
    let to = |to| texts(&[("action", "transition"), ("issue", "OPS-1"), ("to", to)]);
    succeeded(&done(&provider, &to("done")).await.1);
    assert_eq!(double.issues()[0].resolution.as_deref(), Some("Done"));
    refused(&provider, to("Verified"), "has no transition to `Verified`").await;
    refused(
        &provider,
        texts(&[("action", "comment"), ("text", "x")]),
        "params.issue",
    )
    .await;
    for wrong in [
        "SEC-1",
        "OPS-",
        "OPS-1/../../SEC-1",
        "OPS-1 OR 1=1",
        "ops-1",
    ] {
        let params = texts(&[("action", "comment"), ("issue", wrong), ("text", "x")]);
        refused(&provider, params, "expected an issue such as `OPS-1`").await;
    }
    let away = texts(&[("action", "comment"), ("issue", "OPS-9"), ("text", "x")]);
    refused(&provider, away, "no issue OPS-9").await;
    for wrong in [
        "javascript:alert(1)",
        "https://",
        "https://a.example/ x",
        "",
    ] {
        let params = texts(&[("action", "link"), ("issue", "OPS-1"), ("url", wrong)]);
        refused(&provider, params, "params.url").await;
    }
    let odd = with_fields(create(), &[("project", "SEC")]);
    refused(&provider, odd, "params.project").await;
    let mut odd = create();
    odd.insert("labels".into(), text("a b"));
    refused(&provider, odd, "params.labels").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_answered_is_there_once() {
    let (double, _) = start();
    let config = config(&double);
    made_once(
        || open(config.clone()),
        &create(),
        |mood| double.set_mood(writes(mood)),
    )
    .await;
    let issues = double.issues();
    assert_eq!((issues.len(), issues[0].links.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_bad_weather_everything_is_done_once() {
    let (double, _) = start();
    let config = config(&double);
    let set = |seed: Option<u64>| match seed {
        Some(seed) => double.set_mood(mixed(seed)),
        None => double.set_mood(|_, _| Mood::Obey),
    };
    let keys = weather(|| open(config.clone()), &create(), set).await;
    let by = |key: &str| double.count(&format!("tocsin-run-{key}"));
    assert_eq!(counted(&keys, by), BTreeMap::from([(1, 20)]));
    assert!(double.issues().iter().all(|issue| issue.links.len() == 1));
    let to = texts(&[
        ("action", "transition"),
        ("issue", "OPS-3"),
        ("to", "Done"),
        ("comment", "Over."),
    ]);
    let keys = weather(|| open(config.clone()), &to, set).await;
    let issue = &double.issues()[2];
    let by = |key: &str| issue.comments_with(&format!("tocsin-run-{key}"));
    assert_eq!(counted(&keys, by), BTreeMap::from([(1, 20)]));
    assert_eq!(issue.status, "Done");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_index_does_not_know_yet_is_not_taken_for_missing() {
    let (double, _) = start();
    let config = JiraActionsConfig {
        lag_secs: 2,
        ..config(&double)
    };
    double.configure(|settings| settings.lag = Duration::from_secs(1));
    let provider = open(config.clone());
    let undo = texts(&[("action", "transition"), ("to", "Done")]);
    let plan = plan_of(&provider, &create(), &undo).await;
    let approval = leave(&provider, &create()).await;
    double.set_mood(writes(Mood::DoAndDrop));
    let error = provider.execute(&approval).await.unwrap_err();
    assert_eq!(error.certainty, Certainty::Unsure);
    double.set_mood(|_, _| Mood::Obey);
    let error = provider.status(&order(&plan, None)).await.unwrap_err();
    assert!(error.contains("on its way"), "{error}");
    // Another server that is to undo it waits until it is found.
    let other = open(config);
    let leave = leave_to_undo(&plan);
    let begun = other.rollback(&leave).await.unwrap();
    assert_eq!((&*begun.handle, begun.over), ("", None));
    let order = undoing(&plan, Some(""));
    assert_eq!(other.status(&order).await, Ok(Status::Ready));
    let status = loop {
        match other.advance(&order, &leave).await.unwrap() {
            Status::Ready => tokio::time::sleep(Duration::from_millis(20)).await,
            status => break status,
        }
    };
    assert!(succeeded(&status).contains("Done"));
    assert_eq!(double.issues().len(), 1);
    // What never was made is not waited for for ever.
    let approval = leave_to_undo(&Plan {
        run: RunId(99),
        ..plan_as_of(&other, RunId(99), &undo).await
    });
    let order = undoing(approval.plan(), Some(""));
    let begun = other.rollback(&approval).await.unwrap();
    assert_eq!(begun.handle, "");
    let status = loop {
        match other.status(&order).await.unwrap() {
            Status::Ready => tokio::time::sleep(Duration::from_millis(20)).await,
            status => break status,
        }
    };
    assert!(matches!(status, Status::Failed(_)), "{status:?}");
}

/// The plan of another run, which was never carried out.
async fn plan_as_of(provider: &dyn Provider, run: RunId, undo: &Params) -> Plan {
    let draft = |params: &Params| Draft {
        run,
        ..draft(params)
    };
    let planned = provider.plan(&draft(&create())).await.unwrap();
    let undone = provider.describe(&draft(undo)).await.unwrap();
    let undo = action(undo);
    plan_as(run, &action(&create()), Some((&undo, &undone)), &planned)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_value_is_one_literal() {
    let (double, provider) = start();
    let vicious = [
        "[~accountid:5b10a2844c20165700ede21g] @Ops",
        "{code}x{code} h1. *b* [a|http://a.example]",
        "\"}],\"type\":\"mention\"",
    ];
    for (number, nasty) in (100..).zip(NASTY.iter().chain(&vicious)) {
        let run = RunId(number);
        let mut params = create();
        params.insert("description".into(), text(nasty));
        params.insert("summary".into(), text(&format!("x {nasty}")));
        let draft = Draft {
            run,
            ..draft(&params)
        };
        let planned = provider.plan(&draft).await.unwrap();
        let approval = leave_as(run, &action(&params), None, &planned);
        provider.execute(&approval).await.unwrap();
        let issues = double.issues();
        let issue = issues.last().unwrap();
        let summary = texts_of::one_line(&format!("x {nasty}"), 255);
        assert_eq!(issue.fields["summary"], *summary, "{nasty}");
        assert_eq!(issue.fields["project"], json!({ "key": "OPS" }));
        let document = &issue.fields["description"];
        assert_eq!(words(&adf::plain(document)), words(&texts_of::clean(nasty)));
        let kinds = ["doc", "paragraph", "text", "hardBreak", "codeBlock"];
        let mut nodes = vec![document];
        while let Some(node) = nodes.pop() {
            let kind = node["type"].as_str().unwrap();
            assert!(kinds.contains(&kind), "{nasty}: {kind}");
            nodes.extend(node["content"].as_array().into_iter().flatten());
        }
        assert_eq!(double.count(&format!("tocsin-run-{run}")), 1);
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn a_configuration_that_cannot_be_is_named() {
    let (double, _) = start();
    let wrong = |change: fn(&mut JiraActionsConfig)| {
        let mut config = config(&double);
        change(&mut config);
        JiraIssues::new(config, &http()).err().unwrap().field
    };
    assert_eq!(wrong(|c| c.url = "http://a.example".into()), "url");
    assert_eq!(wrong(|c| c.email = "ops".into()), "email");
    assert_eq!(wrong(|c| c.api_token = secret("")), "api_token");
    assert_eq!(wrong(|c| c.project = "a b".into()), "project");
    assert_eq!(wrong(|c| c.issue_type = " ".into()), "issue_type");
}
