//! What is told of runs: that they wait, and what they changed.

use tocsin_domain::alert::AlertEventKind;
use tocsin_domain::automation::{Channel, Run, RunState, Verdict};
use tocsin_domain::change::ChangeKind;
use tocsin_domain::ports::{Ballot, RunOutcome};

use super::scripted::Mood;
use super::world::{World, plenty};
use crate::automation::provider::Status;
use crate::outbox::tests::memory::lock;

const RULES: &str = r#"
- id: clean
  match: { failure_type: disk_full }
  action: { provider: p, params: { host: "{{ alert.labels.host }}" } }
  rollback: { provider: p, params: { undo: true } }
  verify: { after: 1s, timeout: 3s, expect: "!alert.firing" }
"#;

fn comments(world: &World) -> Vec<String> {
    let events = lock(&world.ports.events);
    let comment = |kind: &AlertEventKind| match kind {
        AlertEventKind::Commented(text) => Some(text.clone()),
        _ => None,
    };
    events
        .iter()
        .filter_map(|event| comment(&event.kind))
        .collect()
}

async fn approves(world: &World, run: &Run) {
    let ballot = Ballot {
        run: run.id,
        plan: run.plan.unwrap(),
        verdict: Verdict::Approve,
        comment: String::new(),
        actor: "ana".into(),
        channel: Channel::Page,
    };
    let said = (run.id, ballot.plan, "ana".to_owned(), Verdict::Approve);
    lock(&world.provider.oracle).said.push(said);
    let outcome = world.desk().vote(ballot).await.unwrap();
    assert!(matches!(outcome, RunOutcome::Done(_)), "{outcome:?}");
}

#[tokio::test]
async fn an_alert_is_told_once_that_something_waits_for_approval_and_where() {
    let mut world = World::new(RULES, plenty()).await;
    world.fires("disk_full", "web-1");
    world.turn().await;
    world.restart().await;
    world.passes(5).await;
    let run = world.runs().remove(0);
    let [told] = comments(&world).try_into().unwrap();
    assert!(
        told.starts_with("An action waits for approval: automation `clean`"),
        "{told}"
    );
    assert!(told.contains("on web-1"), "{told}");
    let link = format!("http://127.0.0.1:8080/automation/runs/{}", run.id);
    assert!(told.ends_with(&link), "{told}");
}

#[tokio::test]
async fn what_was_done_and_undone_is_a_change_of_its_target_once() {
    let mut world = World::new(RULES, plenty()).await;
    world.fires("disk_full", "web-1");
    world.turn().await;
    let run = world.runs().remove(0);
    assert!(
        lock(&world.ports.changes).is_empty(),
        "a plan changes nothing"
    );
    approves(&world, &run).await;
    world.turn().await;
    let began_ms = world.ports.now_ms();
    lock(&world.provider.kept).ends_with = Some(Status::Succeeded("done".into()));
    world.passes(60).await;
    assert_eq!(world.runs()[0].state, RunState::RolledBack);
    let changes = lock(&world.ports.changes).clone();
    let [done, undone] = changes.try_into().unwrap();
    assert_eq!(
        (done.kind, done.entity.as_str()),
        (ChangeKind::Run, "web-1")
    );
    assert_eq!((done.at_ms, done.actor.as_deref()), (began_ms, Some("ana")));
    assert_eq!(
        done.url,
        Some(format!("http://127.0.0.1:8080/automation/runs/{}", run.id))
    );
    assert!(
        done.title.starts_with("automation `clean` ran "),
        "{}",
        done.title
    );
    assert!(
        undone.title.starts_with("automation `clean` undid "),
        "{}",
        undone.title
    );
    assert!(undone.at_ms > done.at_ms);
}

#[tokio::test]
async fn what_never_began_is_no_change() {
    let mut world = World::new(RULES, plenty()).await;
    world.fires("disk_full", "web-1");
    world.turn().await;
    let run = world.runs().remove(0);
    lock(&world.provider.kept).mood = Mood::Never;
    approves(&world, &run).await;
    world.passes(60).await;
    assert_eq!(world.runs()[0].state, RunState::Failed);
    assert!(lock(&world.ports.changes).is_empty());
}
