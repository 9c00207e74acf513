//! Approval in Slack: a run is posted once and edited in place, whatever is lost or killed on the way.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use tocsin_domain::automation::{Channel, Run, RunState, Verdict};
use tocsin_domain::ports::{Ballot, RunOutcome};
use tocsin_domain::subscription::Secret;
use tocsin_harness::python;
use tocsin_harness::slack::SlackDouble;
use tocsin_harness::web::{Mood, Reply};
use tokio_util::sync::CancellationToken;

use super::world::{World, plenty};
use crate::automation::approvals::{ApprovalMessenger, ApprovalParts, SlackApprovals};
use crate::http::HttpConfig;
use crate::outbox::tests::memory::lock;

const RULES: &str = r#"
- id: clean
  match: { failure_type: disk_full }
  action: { provider: p, params: { host: "{{ alert.labels.host }}" } }
  approval: { expires_after: 1h }
"#;

fn slack() -> SlackDouble {
    SlackDouble::start().unwrap()
}

/// What becomes of the next request to a method; those after it are obeyed.
fn next(slack: &SlackDouble, method: &'static str, mood: Mood) {
    let is_done = AtomicBool::new(false);
    slack.set_mood(move |_, request| {
        let is_meant = request.path.ends_with(method);
        match is_meant && !is_done.swap(true, Ordering::Relaxed) {
            true => mood.clone(),
            false => Mood::Obey,
        }
    });
}

fn shown(slack: &SlackDouble) -> String {
    let [message] = slack.messages().try_into().unwrap();
    message.to_string()
}

/// How many messages there are, how often one was posted, and one edited.
fn counts(slack: &SlackDouble) -> (usize, usize, usize) {
    let (posted, edited) = slack.counts();
    (slack.messages().len(), posted, edited)
}

/// A messenger, as after a start.
fn messenger(world: &World, slack: &SlackDouble) -> ApprovalMessenger {
    let parts = ApprovalParts {
        desk: world.desk(),
        notices: world.store.clone(),
        clock: world.ports.clone(),
    };
    let settings = SlackApprovals {
        signing_secret: Some(Secret("s".into())),
        users: std::collections::BTreeMap::new(),
        bot: Some((
            Secret(SlackDouble::TOKEN.into()),
            SlackDouble::CHANNEL.into(),
        )),
        api_url: slack.api_url(),
    };
    let base_url = "https://tocsin.example".to_owned();
    ApprovalMessenger::new(parts, settings, &HttpConfig::default(), base_url).0
}

async fn round(messenger: &ApprovalMessenger) {
    let _pause = messenger.round(&CancellationToken::new()).await.unwrap();
}

/// Lets time pass, telling what there is to tell.
async fn passes(world: &mut World, messenger: &ApprovalMessenger, secs: i64) {
    for _ in 0..secs {
        world.passes(1).await;
        round(messenger).await;
    }
}

async fn waiting(rules: &str) -> (World, Run) {
    let mut world = World::new(rules, plenty()).await;
    world.fires("disk_full", "web-1");
    world.turn().await;
    let run = world.runs().remove(0);
    assert_eq!(run.state, RunState::AwaitingApproval);
    (world, run)
}

async fn says(world: &World, run: &Run, verdict: Verdict) {
    let ballot = Ballot {
        run: run.id,
        plan: run.plan.unwrap(),
        verdict,
        comment: "looks wrong".into(),
        actor: "ana".into(),
        channel: Channel::Slack,
    };
    if verdict == Verdict::Approve {
        let said = (run.id, ballot.plan, "ana".to_owned(), verdict);
        lock(&world.provider.oracle).said.push(said);
    }
    let outcome = world.desk().vote(ballot).await.unwrap();
    assert!(matches!(outcome, RunOutcome::Done(_)), "{outcome:?}");
}

#[tokio::test]
async fn what_waits_is_posted_once_and_edited_in_place_as_it_goes_on() {
    let slack = slack();
    let (mut world, run) = waiting(RULES).await;
    let first = messenger(&world, &slack);
    passes(&mut world, &first, 5).await;
    assert_eq!(counts(&slack), (1, 1, 0), "nothing new is nothing to tell");
    assert!(shown(&slack).contains("tocsin_approve"));
    drop(first);

    let second = messenger(&world, &slack);
    passes(&mut world, &second, 2).await;
    assert_eq!(counts(&slack), (1, 1, 0), "a start is no news");
    says(&world, &run, Verdict::Reject).await;
    passes(&mut world, &second, 3).await;
    assert_eq!(counts(&slack), (1, 1, 1));
    let told = shown(&slack);
    assert!(
        told.contains("Rejected") && told.contains("looks wrong"),
        "{told}"
    );
    assert!(!told.contains("tocsin_approve") && !told.contains("tocsin_comment"));
}

#[tokio::test]
async fn a_post_whose_answer_is_lost_is_found_again() {
    let slack = slack();
    let (mut world, run) = waiting(RULES).await;
    next(&slack, "chat.postMessage", Mood::DoAndDrop);
    let first = messenger(&world, &slack);
    round(&first).await;
    assert_eq!(counts(&slack), (1, 1, 0));
    passes(&mut world, &first, 4).await;
    assert_eq!(counts(&slack), (1, 1, 0), "it may be on its way");
    passes(&mut world, &first, 4).await;
    assert_eq!(
        counts(&slack),
        (1, 1, 1),
        "it was found, and not posted again"
    );

    // Killed between the post and the note of it.
    let ts = slack.messages()[0]["ts"].clone();
    {
        let mut store = lock(&world.store.0);
        let notice = store.notices.get_mut(&run.id).unwrap();
        assert_eq!(
            notice.reference,
            Some(format!("{} {}", SlackDouble::CHANNEL, ts.as_str().unwrap()))
        );
        notice.reference = None;
        notice.shown = 0;
        notice.posting_ms = Some(world.ports.now_ms());
    }
    let second = messenger(&world, &slack);
    passes(&mut world, &second, 8).await;
    assert_eq!(counts(&slack).1, 1);
    says(&world, &run, Verdict::Approve).await;
    passes(&mut world, &second, 3).await;
    assert!(!shown(&slack).contains("tocsin_approve"));
    assert_eq!(counts(&slack).1, 1);
}

#[tokio::test]
async fn what_never_arrived_is_posted_and_what_may_not_be_looked_for_rather_twice_than_never() {
    let slack = slack();
    let (mut world, _) = waiting(RULES).await;
    next(&slack, "chat.postMessage", Mood::Answer(Reply::empty(502)));
    let messenger = messenger(&world, &slack);
    passes(&mut world, &messenger, 8).await;
    assert_eq!(counts(&slack), (1, 1, 0));

    world.fires("disk_full", "web-2");
    world.turn().await;
    next(&slack, "chat.postMessage", Mood::DoAndDrop);
    slack.fail_next("conversations.history", "missing_scope");
    passes(&mut world, &messenger, 10).await;
    assert_eq!(counts(&slack).1, 3, "told, if twice");
}

#[tokio::test]
async fn slack_that_is_away_or_refuses_changes_nothing_about_a_run() {
    let slack = slack();
    let (mut world, run) = waiting(RULES).await;
    for error in ["ratelimited", "not_in_channel"] {
        slack.fail_next("chat.postMessage", error);
    }
    let messenger = messenger(&world, &slack);
    passes(&mut world, &messenger, 10).await;
    assert_eq!(counts(&slack), (0, 0, 0));
    let now = world.runs().remove(0);
    assert_eq!(
        (now.state, now.plan),
        (RunState::AwaitingApproval, run.plan)
    );
    // Someone asks the bot in.
    passes(&mut world, &messenger, 300).await;
    assert_eq!(counts(&slack), (1, 1, 0));
}

#[tokio::test]
async fn a_message_that_was_deleted_is_posted_anew_only_while_someone_is_to_agree() {
    let slack = slack();
    let two = RULES.replace("approval: {", "approval: { stages: [{ count: 2 }],");
    let (mut world, run) = waiting(&two).await;
    let messenger = messenger(&world, &slack);
    passes(&mut world, &messenger, 2).await;
    slack.delete_messages();
    says(&world, &run, Verdict::Approve).await;
    passes(&mut world, &messenger, 3).await;
    assert_eq!(counts(&slack), (1, 2, 0));
    assert!(shown(&slack).contains("ana agreed"));
    slack.delete_messages();
    let cancelled = world.desk().cancel(run.id, "no", "bob").await.unwrap();
    assert!(matches!(cancelled, RunOutcome::Done(_)));
    passes(&mut world, &messenger, 5).await;
    assert_eq!(counts(&slack), (0, 2, 0));
}

#[tokio::test]
async fn what_ended_before_it_was_told_is_not_told() {
    let slack = slack();
    let (mut world, run) = waiting(RULES).await;
    says(&world, &run, Verdict::Reject).await;
    let messenger = messenger(&world, &slack);
    passes(&mut world, &messenger, 3).await;
    assert_eq!(counts(&slack), (0, 0, 0));
}

/// Slack's own client reads the channel, and its models find every block as it may be.
#[tokio::test]
async fn the_models_of_slack_take_what_is_posted_and_edited() {
    let slack = slack();
    let (mut world, run) = waiting(RULES).await;
    let messenger = messenger(&world, &slack);
    passes(&mut world, &messenger, 2).await;
    let check = || {
        let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("../harness/tests/clients");
        let output = Command::new(python().unwrap())
            .arg(clients.join("slack_blocks.py"))
            .args([
                slack.api_url().as_str(),
                SlackDouble::TOKEN,
                SlackDouble::CHANNEL,
            ])
            .env("NO_PROXY", "127.0.0.1,localhost")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let press = format!("{} {}", run.id, run.plan.unwrap());
    assert_eq!(
        check(),
        format!("tocsin_approve {press}\ntocsin_reject {press}")
    );
    says(&world, &run, Verdict::Reject).await;
    passes(&mut world, &messenger, 3).await;
    assert_eq!(check(), "");
}
