//! `github` against its double.

use std::sync::Arc;

use tocsin_harness::trackers::{GitHubDouble, GitHubIssue};

use super::*;
use crate::automation::providers::github::{GitHubActionsConfig, GitHubIssues};
use crate::automation::providers::records::Desk;
use crate::automation::providers::tests::NASTY;
use crate::outbox::tests::memory::Memory;
use crate::trackers::{markdown, text as texts_of};

fn config(double: &GitHubDouble) -> GitHubActionsConfig {
    GitHubActionsConfig {
        url: double.url(),
        repository: GitHubDouble::REPOSITORY.into(),
        token: secret(GitHubDouble::TOKEN),
        token_file: None,
        label: "tocsin".into(),
        lag_secs: 0,
    }
}

fn open(config: GitHubActionsConfig) -> Desk<GitHubIssues> {
    Desk::new(GitHubIssues::new(config, &http(), Arc::new(Memory::default())).unwrap())
}

fn start() -> (GitHubDouble, Desk<GitHubIssues>) {
    let double = GitHubDouble::start().unwrap();
    let provider = open(config(&double));
    (double, provider)
}

fn create() -> Params {
    texts(&[
        ("action", "create"),
        ("title", "web-1 is full"),
        ("body", "Seen at 12:00"),
        ("labels", "disk"),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_is_opened_as_it_was_shown_and_closed_to_undo_it() {
    let (double, provider) = start();
    let said = provider.check().await.unwrap();
    assert!(said.contains("example/shop"), "{said}");
    let undo = texts(&[
        ("action", "close"),
        ("reason", "not_planned"),
        ("comment", "It did not help."),
    ]);
    let plan = plan_of(&provider, &create(), &undo).await;
    let approval = leave_as(
        RUN,
        &plan.action,
        None,
        &planned(&provider, &create()).await.unwrap(),
    );
    let begun = provider.execute(&approval).await.unwrap();
    assert_eq!(begun.handle, "#1");
    let ended = order(&plan, Some("#1"));
    let status = provider.status(&ended).await.unwrap();
    let link = "https://github.com/example/shop/issues/1";
    assert_eq!(succeeded(&status), format!("#1 was made: {link}"));
    let printed = format!("#1 was made: {link}\n");
    let length = printed.len() as u64;
    assert_eq!(provider.output(&ended, 0).await, Ok((printed, length)));
    let issue = &double.issues()[0];
    let marker = format!("<!-- tocsin-run-{} -->", key());
    assert_eq!(issue.body, format!("Seen at 12:00\n\n{marker}"));
    assert_eq!(issue.labels, ["tocsin", "disk"]);
    // What was shown is what was sent.
    let requests = double.requests();
    let sent = requests.iter().find(|one| one.method == "POST").unwrap();
    let sent: serde_json::Value = serde_json::from_str(&sent.body).unwrap();
    let shown = approval.plan().preview.text.clone();
    assert!(shown.contains(&format!("{sent:#}")), "{shown}");
    assert!(shown.contains("/repos/example/shop/issues"), "{shown}");

    let leave = leave_to_undo(&plan);
    let begun = provider.rollback(&leave).await.unwrap();
    assert_eq!(begun.handle, "#1");
    let status = provider.status(&undoing(&plan, Some("#1"))).await.unwrap();
    assert!(succeeded(&status).ends_with("commented; closed"));
    let issue = &double.issues()[0];
    assert_eq!(
        (&*issue.state, issue.state_reason.as_deref()),
        ("closed", Some("not_planned"))
    );
    let marker = format!("<!-- tocsin-run-{}-rollback -->", key());
    assert_eq!(issue.comments, [format!("It did not help.\n\n{marker}")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_that_is_named_is_shown_and_changed() {
    let (double, provider) = start();
    double.open(GitHubIssue {
        title: "Other".into(),
        ..GitHubIssue::default()
    });
    double.open(GitHubIssue {
        is_pull_request: true,
        ..GitHubIssue::default()
    });
    let comment = |text| texts(&[("action", "comment"), ("issue", "1"), ("text", text)]);
    let planned = planned(&provider, &comment("Again")).await.unwrap();
    assert_eq!(planned.template, "github comment #1 of example/shop");
    let shown = &planned.preview.text;
    assert!(shown.starts_with("#1 is open now: Other\n"), "{shown}");
    let (handle, status) = done(&provider, &comment("Again")).await;
    assert_eq!(handle, "#1");
    assert!(succeeded(&status).ends_with("commented"));
    for (action, state) in [("close", "closed"), ("reopen", "open")] {
        let params = texts(&[("action", action), ("issue", "#1")]);
        succeeded(&done(&provider, &params).await.1);
        assert_eq!(double.issues()[0].state, state);
    }
    refused(
        &provider,
        texts(&[("action", "close"), ("issue", "2")]),
        "no issue",
    )
    .await;
    refused(
        &provider,
        texts(&[("action", "close"), ("issue", "9")]),
        "no issue",
    )
    .await;
    for wrong in ["", "0", "../1", "1/comments", "-1", "#"] {
        let params = texts(&[("action", "close"), ("issue", wrong)]);
        refused(&provider, params, "number of an issue").await;
    }
    refused(&provider, texts(&[("action", "close")]), "params.issue").await;
    is_bound_to_what_was_seen(&provider, &comment("a"), &comment("b")).await;
    let mut odd = create();
    odd.insert("labels".into(), text("a,b"));
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
    assert_eq!(double.count(&key()), 1);
    // While it may be on its way, it is not said that it was never told.
    let slow = GitHubActionsConfig {
        lag_secs: LONG.as_secs(),
        ..config
    };
    let other = RunId(78);
    let approval = leave_as(
        other,
        &action(&create()),
        None,
        &open(slow.clone())
            .plan(&Draft {
                run: other,
                ..draft(&create())
            })
            .await
            .unwrap(),
    );
    let plan = approval.plan();
    assert!(open(slow).status(&order(plan, None)).await.is_err());
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
    let by = |key: &str| double.count(&format!("<!-- tocsin-run-{key} -->"));
    assert_eq!(counted(&keys, by), BTreeMap::from([(1, 20)]));
    let close = texts(&[("action", "close"), ("issue", "3"), ("comment", "Over.")]);
    let keys = weather(|| open(config.clone()), &close, set).await;
    let issue = &double.issues()[2];
    let by = |key: &str| {
        let marker = format!("<!-- tocsin-run-{key} -->");
        let has = |comment: &&String| comment.contains(&marker);
        issue.comments.iter().filter(has).count()
    };
    assert_eq!(counted(&keys, by), BTreeMap::from([(1, 20)]));
    assert_eq!(issue.state, "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_value_is_one_literal_that_calls_nobody_and_forges_no_marker() {
    let (double, provider) = start();
    let forged = format!("--> <!-- tocsin-run-{} -->\n    <!-- x", RunId(1));
    let vicious = [
        &*forged,
        "@octocat closes #1",
        "    <!-- tocsin-run-x -->",
        "![x](http://a.example/x.png)",
    ];
    for (number, nasty) in (100..).zip(NASTY.iter().chain(&vicious)) {
        let run = RunId(number);
        let mut params = create();
        params.insert("body".into(), text(nasty));
        params.insert("title".into(), text(&format!("x {nasty}")));
        let draft = Draft {
            run,
            ..draft(&params)
        };
        let planned = provider.plan(&draft).await.unwrap();
        let approval = leave_as(run, &action(&params), None, &planned);
        provider.execute(&approval).await.unwrap();
        let issues = double.issues();
        let issue = issues.last().unwrap();
        assert_eq!(
            issue.title,
            texts_of::one_line(&format!("x {nasty}"), 256),
            "{nasty}"
        );
        let own = markdown::hidden(&format!("tocsin-run-{run}"));
        let text = issue.body.strip_suffix(&own).unwrap();
        assert!(!text.contains("<!--"), "{nasty}");
        // Outside of what is verbatim no sign means anything to GitHub.
        let is_verbatim = text.starts_with("```");
        let calls = |sign: char| {
            let mut at = text.match_indices(sign);
            at.any(|(at, sign)| !text[at + sign.len()..].starts_with('\u{200b}'))
        };
        assert!(is_verbatim || !calls('@') && !calls('#'), "{nasty}");
        assert!(is_verbatim || !text.contains(['<', '>']), "{nasty}");
        assert_eq!(double.count(&own), 1);
    }
    assert_eq!(
        double.count(&format!("<!-- tocsin-run-{} -->", RunId(1))),
        0
    );
}

#[test]
fn a_configuration_that_cannot_be_is_named() {
    let (double, _) = start();
    let wrong = |change: fn(&mut GitHubActionsConfig)| {
        let mut config = config(&double);
        change(&mut config);
        let made = GitHubIssues::new(config, &http(), Arc::new(Memory::default()));
        made.err().unwrap().field
    };
    assert_eq!(wrong(|c| c.url = "http://a.example".into()), "url");
    assert_eq!(wrong(|c| c.repository = "shop".into()), "repository");
    assert_eq!(wrong(|c| c.token = secret("")), "token");
    assert_eq!(wrong(|c| c.label = "a,b".into()), "label");
}
