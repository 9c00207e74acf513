//! The whole engine on several threads while many people do things at the same time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::automation::{Channel, Run, RunState, Verdict};
use tocsin_domain::ports::{AutomationDesk, Ballot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::scripted::{Mood, Scripted};
use super::store::Store;
use super::world::{World, plenty};
use crate::automation::AutomationEngineDesk;
use crate::automation::provider::Status;
use crate::outbox::tests::memory::lock;

const RULES: &str = r#"
- id: asked
  match: { failure_type: a }
  targets: "{{ alert.labels.host[-1:] }}"
  approval: { expires_after: 3m }
  action: { provider: p }
  rollback: { provider: p }
  verify: { timeout: 20s, expect: "!alert.firing" }
- id: bold
  match: { failure_type: [a, b] }
  targets: "{{ alert.labels.host[-1:] }}"
  action: { provider: p }
  rollback: { provider: p }
  approval: { required: never, expires_after: 5m }
  verify: { timeout: 10s, expect: "!alert.firing" }
"#;
const ALERTS: usize = 60;

/// Someone who says yes, calls off and undoes whatever there is.
async fn meddles(desk: Arc<AutomationEngineDesk>, provider: Arc<Scripted>, name: usize) {
    for round in 0..600_usize {
        let runs = lock(&provider.store.0)
            .runs
            .values()
            .cloned()
            .collect::<Vec<Run>>();
        let Some(run) = runs.get((round * 31 + name * 7) % runs.len().max(1)) else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let actor = format!("person-{name}");
        match (round + name) % 24 {
            0 => drop(desk.cancel(run.id, "", &actor).await.unwrap()),
            1 => drop(desk.roll_back(run.id, "", &actor).await.unwrap()),
            2 => {
                let moods = [Mood::Lost, Mood::Unanswered, Mood::NotNow, Mood::AtOnce];
                lock(&provider.kept).mood = moods[round % moods.len()];
            }
            _ => {
                let Some(plan) = run.plan else { continue };
                let said = (run.id, plan, actor.clone(), Verdict::Approve);
                lock(&provider.oracle).said.push(said);
                let ballot = Ballot {
                    run: run.id,
                    plan,
                    verdict: Verdict::Approve,
                    comment: String::new(),
                    actor,
                    channel: Channel::Api,
                };
                desk.vote(ballot).await.unwrap();
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_people_at_once_do_not_make_it_do_anything_twice() {
    let world = World::new(RULES, plenty()).await;
    lock(&world.provider.kept).ends_with = Some(Status::Succeeded("done".into()));
    let alerts: Vec<_> = (0..ALERTS)
        .map(|at| world.fires(["a", "b"][at % 2], &format!("web-{at}")))
        .collect();
    let (store, ports, provider) = (
        world.store.clone(),
        world.ports.clone(),
        world.provider.clone(),
    );
    let (engine, desk) = world.engine();
    let shutdown = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let stop = shutdown.clone();
    tasks.spawn(async move { engine.run(stop).await.unwrap() });
    let mut people = JoinSet::new();
    for name in 0..8 {
        people.spawn(meddles(desk.clone(), provider.clone(), name));
    }
    // Time goes on a hundred times as fast, until everything is over.
    let mut is_over = false;
    for round in 0..4000_usize {
        ports.pass(1000);
        // Some are over by themselves; for the others nothing helps.
        if round % 10 == 0
            && let Some(alert) = alerts.get(round / 5)
        {
            super::world::clears(&ports, *alert);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        while people.try_join_next().is_some() {}
        let kept = lock(&store.0);
        let is_idle = kept.runs.values().all(|run| run.due_ms().is_none());
        if people.is_empty() && is_idle && !kept.runs.is_empty() {
            is_over = true;
            break;
        }
    }
    shutdown.cancel();
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert!(
        is_over,
        "{:#?}",
        lock(&store.0)
            .runs
            .values()
            .filter(|r| r.due_ms().is_some())
            .collect::<Vec<_>>()
    );
    check(&store, &provider);
}

fn check(store: &Store, provider: &Scripted) {
    // What was wrong broke off while one of these was held.
    let is_poisoned =
        store.0.is_poisoned() || provider.kept.is_poisoned() || provider.oracle.is_poisoned();
    assert!(!is_poisoned, "something was done twice or without leave");
    let kept = lock(&store.0);
    let oracle = lock(&provider.oracle);
    assert!(!oracle.executed.is_empty() && !kept.runs.is_empty());
    for run in kept.runs.values() {
        let seqs: Vec<u64> = kept
            .events
            .iter()
            .filter(|event| event.run == run.id)
            .map(|event| event.seq)
            .collect();
        assert_eq!(seqs, (1..=run.seq).collect::<Vec<_>>());
        if run.state == RunState::Succeeded {
            assert!(oracle.executed.contains_key(&run.id));
        }
    }
    let (runs, executed) = (kept.runs.len(), oracle.executed.len());
    println!(
        "{runs} runs, {executed} executed, {} undone, {} steps",
        oracle.undone.len(),
        kept.events.len()
    );
    let audited: BTreeSet<_> = kept.audit.iter().map(|entry| entry.id).collect();
    assert_eq!(
        (audited.len(), kept.audit.len()),
        (kept.events.len(), kept.events.len())
    );
}
