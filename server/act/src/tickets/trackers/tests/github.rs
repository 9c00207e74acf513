//! GitHub against its double.

use std::sync::Arc;

use serde_json::{Value, json};
use tocsin_domain::Timestamp;
use tocsin_domain::ports::Clock;
use tocsin_harness::trackers::{GitHubDouble, GitHubIssue, Mood, Reply};

use super::*;
use crate::tickets::trackers::GitHubConfig;
use crate::tickets::trackers::github::GitHub;

/// A clock that stands still.
struct At(i64);

impl Clock for At {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0)
    }
}

fn config(double: &GitHubDouble) -> GitHubConfig {
    GitHubConfig {
        url: double.url(),
        repository: GitHubDouble::REPOSITORY.into(),
        token: secret(GitHubDouble::TOKEN),
        ..GitHubConfig::default()
    }
}

fn tracker(config: &GitHubConfig, http: &HttpConfig) -> GitHub {
    GitHub::new(config, http, Arc::new(At(1_000_000))).unwrap()
}

fn start() -> (GitHubDouble, GitHub) {
    let double = GitHubDouble::start().unwrap();
    let tracker = tracker(&config(&double), &http());
    (double, tracker)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_lives() {
    let (double, tracker) = start();
    assert_eq!(tracker.kind(), TrackerKind::GitHub);
    let host = double.url().replace("http://", "");
    assert_eq!(tracker.target(), format!("example/shop on {host}"));
    let ticket = live(&tracker).await;
    let url = "https://github.com/example/shop/issues/1";
    assert_eq!((&*ticket.key, &*ticket.id, &*ticket.url), ("#1", "1", url));
    let issue = &double.issues()[0];
    assert_eq!(issue.state_reason.as_deref(), Some("reopened"));
    assert_eq!(
        issue.comments[1],
        format!("And again.\n\n```text\na line\n```\n\n<!-- {KEY} -->")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_issue_is_sent_as_github_takes_it() {
    let (double, tracker) = start();
    tracker.create(&draft()).await.unwrap();
    let requests = double.requests();
    let sent: Value = serde_json::from_str(&requests[0].body).unwrap();
    let body = format!(
        "It happened 3 times.\n\n```text\n12:00 ERROR [31mno price[0m\n12:01 ERROR no price\n```\n\n\
         Ask @\u{200b}shop, see #\u{200b}12 &lt;b&gt;.\n\n\
         [Open it in Tocsin](<http://127.0.0.1:8080/alerts?id=7>)\n\n\
         <!-- {FINGERPRINT} -->\n<!-- {OWN} -->"
    );
    let expected = json!({
        "title": "Missing price for product 999 in \"shop\"",
        "body": body,
        "labels": ["tocsin", "severity: high"],
    });
    assert_eq!(sent, expected);
    let header = |name: &str| requests[0].headers.get(name).cloned().unwrap_or_default();
    assert_eq!(header("x-github-api-version"), "2022-11-28");
    assert!(header("user-agent").starts_with("Tocsin/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_and_not_answered_is_done_once() {
    let (double, tracker) = start();
    lose(&tracker, |mood| double.set_mood(writes(&mood))).await;
    assert_eq!(double.count(OWN), 1);
    assert_eq!(double.issues()[0].comments.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_bad_weather_everything_is_done_once() {
    let (double, tracker) = start();
    double.set_mood(mixed);
    let expected = weather(&tracker).await;
    let issues = double.issues();
    assert_eq!(issues.len(), expected.len());
    for ((own, key), issue) in expected.into_iter().zip(issues) {
        assert_eq!(double.count(&format!("<!-- {own} -->")), 1, "{own}");
        let comments = issue
            .comments
            .iter()
            .filter(|text| text::has_key(text, &key))
            .count();
        assert_eq!(comments, 1, "{key}");
        assert!(issue.state == "closed", "{own}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_apart() {
    let (double, github) = start();
    fail(&github, |mood| double.set_mood(writes(&mood))).await;
    let hasty = tracker(&config(&double), &hasty());
    wait_in_vain(&hasty, &github, |mood| double.set_mood(writes(&mood))).await;
    let config = GitHubConfig {
        url: AWAY.into(),
        ..config(&double)
    };
    be_away(&tracker(&config, &http())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_waited_for_and_are_no_lack_of_rights() {
    let (double, tracker) = start();
    let say = async |reply: Reply| {
        double.set_mood(move |_, _| Mood::Answer(reply.clone()));
        later(tracker.create(&draft()).await.unwrap_err())
    };
    let said = |text: &str| json!({ "message": text });
    let spent = Reply::json(403, &said("API rate limit exceeded"))
        .with("X-RateLimit-Remaining", 0)
        .with("X-RateLimit-Reset", 1_000_090);
    assert_eq!(say(spent).await, (false, Some(Duration::from_secs(90))));
    let secondary = "You have exceeded a secondary rate limit.";
    let told = Reply::json(403, &said(secondary)).with("Retry-After", 17);
    assert_eq!(say(told).await, (false, Some(Duration::from_secs(17))));
    let minute = (false, Some(Duration::from_secs(60)));
    for status in [403, 429] {
        assert_eq!(say(Reply::json(status, &said(secondary))).await, minute);
    }
    let denied = Reply::json(
        403,
        &said("Resource not accessible by personal access token"),
    );
    assert_eq!(say(denied).await, (false, Some(Duration::from_secs(300))));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_followed_and_what_is_older_is_searched() {
    let (double, tracker) = start();
    double.configure(|settings| settings.page_max = 2);
    let issue = |number: usize| GitHubIssue {
        title: "Other".into(),
        body: format!("<!-- tocsin-{number} -->"),
        labels: vec!["tocsin".into()],
        ..GitHubIssue::default()
    };
    (0..9).for_each(|number| double.open(issue(number)));
    let searches = || {
        let requests = double.requests();
        requests
            .iter()
            .filter(|one| one.path == "/search/issues")
            .count()
    };
    let found = tracker.find("tocsin-4").await.unwrap().unwrap();
    assert_eq!((&*found.key, searches()), ("#5", 0), "on the third page");
    let found = tracker.find("tocsin-1").await.unwrap().unwrap();
    assert_eq!((&*found.key, searches()), ("#2", 1), "searched");
    assert_eq!(tracker.find("tocsin-99").await.unwrap(), None);
    // What is a change, and not an issue, is no ticket.
    double.open(GitHubIssue {
        is_pull_request: true,
        ..issue(50)
    });
    assert_eq!(tracker.find("tocsin-50").await.unwrap(), None);
    let ticket = tracker.create(&draft()).await.unwrap();
    for number in 0..5 {
        tracker
            .comment(&ticket, "Again.", &format!("k-{number}"))
            .await
            .unwrap();
    }
    assert!(tracker.has_comment(&ticket, "k-4").await.unwrap());
    assert!(!tracker.has_comment(&ticket, "k-5").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_issue_is_gone_and_a_repository_out_of_sight_is_not() {
    let (double, github) = start();
    let ticket = github.create(&draft()).await.unwrap();
    double.delete(1);
    let error = github.comment(&ticket, "Again.", KEY).await.unwrap_err();
    assert!(matches!(error, TrackerError::Gone(_)), "{error:?}");
    let other = GitHubConfig {
        repository: "example/other".into(),
        ..config(&double)
    };
    let other = tracker(&other, &http());
    for error in [
        other.create(&draft()).await.unwrap_err(),
        other.status(&ticket).await.unwrap_err(),
        other.check().await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("example/other"), "{error}");
        assert_eq!(later(error), (false, Some(Duration::from_secs(300))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_moved_is_followed_on_its_own_host_alone() {
    let (double, tracker) = start();
    let ticket = tracker.create(&draft()).await.unwrap();
    let moved = |to: String| Reply::empty(301).with("Location", to);
    let here = format!("{}/repos/example/shop/issues/1", double.url());
    double.set_mood(move |number, _| match number {
        0 => Mood::Answer(moved(here.clone())),
        _ => Mood::Obey,
    });
    assert_eq!(tracker.status(&ticket).await.unwrap(), TicketStatus::Open);
    let other = GitHubDouble::start().unwrap();
    let there = format!("{}/repos/example/shop/issues/1", other.url());
    double.set_mood(move |_, _| Mood::Answer(moved(there.clone())));
    let error = tracker.status(&ticket).await.unwrap_err();
    assert!(matches!(error, TrackerError::Refused(_)), "{error:?}");
    assert!(
        other.requests().is_empty(),
        "the token stays where it belongs"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_what_a_repository_lacks() {
    let (double, tracker) = start();
    assert!(tracker.check().await.unwrap().contains("example/shop"));
    double.configure(|settings| settings.may_label = false);
    let error = tracker.check().await.unwrap_err();
    assert!(error.to_string().contains("label"), "{error}");
    double.configure(|settings| settings.has_issues = false);
    let error = tracker.check().await.unwrap_err();
    assert!(matches!(error, TrackerError::Refused(_)), "{error:?}");
    let error = tracker.create(&draft()).await.unwrap_err();
    assert!(matches!(error, TrackerError::Refused(_)), "{error:?}");
}

#[test]
fn a_configuration_that_cannot_be_is_named() {
    let good = GitHubConfig {
        repository: "a/b".into(),
        token: secret("t"),
        ..GitHubConfig::default()
    };
    let new = |config: &GitHubConfig| GitHub::new(config, &http(), Arc::new(At(0)));
    assert!(new(&good).is_ok());
    let wrong = |change: fn(&mut GitHubConfig)| {
        let mut config = good.clone();
        change(&mut config);
        new(&config).unwrap_err().field
    };
    assert_eq!(wrong(|c| c.url = String::new()), "github.url");
    assert_eq!(
        wrong(|c| c.repository = "a/b/c".into()),
        "github.repository"
    );
    assert_eq!(wrong(|c| c.token = secret("")), "github.token");
    assert_eq!(wrong(|c| c.labels.clear()), "github.labels");
}
