//! The engine against a tracker that fails, hangs, refuses and forgets to answer, and against
//! being stopped anywhere.

mod jira;
mod memory;
mod scripted;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::alert::{
    Alert, AlertEventKind, AlertSeverity, AlertStatus, LabelSet, Silence, SilenceId,
};
use tocsin_domain::metric::{MatchOp, Matcher};
use tocsin_domain::ports::{TicketDesk, TicketOutcome, TicketStore};
use tocsin_domain::ticket::{
    DecisionAction, TaskKind, TaskState, TicketSettings, TicketStatus, TrackerKind,
};
use tokio_util::sync::CancellationToken;

use super::tracker::Tracker;
use super::{TicketEngine, TicketEngineConfig, TicketEngineDesk, TicketParts};
use crate::outbox::tests::memory::{Memory, alert, lock, now_ms};
use memory::{Kept, Store};
use scripted::{Client, Mood, Scripted};

struct World {
    alerts: Arc<Memory>,
    store: Arc<Store>,
    /// None: the built-in tracker.
    tracker: Option<Arc<Scripted>>,
    /// Another one in its place.
    other: Option<Arc<dyn Tracker>>,
    config: TicketEngineConfig,
}

impl World {
    /// A world in which the engine begins before anything happens. Quick, so that a test is.
    fn new(tracker: Option<Arc<Scripted>>) -> Self {
        let config = TicketEngineConfig {
            base_url: "http://tocsin.test/".into(),
            backoff_first_ms: 4,
            backoff_most_ms: 16,
            settle_ms: 60,
            ..TicketEngineConfig::default()
        };
        let world = Self {
            alerts: Arc::default(),
            store: Arc::default(),
            tracker,
            other: None,
            config,
        };
        world.store.change(|kept| kept.position = Some(0));
        world
    }

    async fn engine(&self) -> (TicketEngine, Arc<TicketEngineDesk>) {
        self.engine_over(self.store.clone()).await
    }

    async fn engine_over(&self, store: Arc<Store>) -> (TicketEngine, Arc<TicketEngineDesk>) {
        let parts = TicketParts {
            store,
            alerts: self.alerts.clone(),
            desk: self.alerts.clone(),
            clock: self.alerts.clone(),
        };
        let tracker = self.tracker.clone();
        let tracker = tracker.map(|one| Arc::new(Client(one)) as Arc<dyn Tracker>);
        let tracker = self.other.clone().or(tracker);
        let engine = TicketEngine::over(parts, self.config.clone(), tracker);
        engine.await.unwrap()
    }

    fn tracker(&self) -> &Arc<Scripted> {
        self.tracker.as_ref().unwrap()
    }

    /// Lets an engine run until something holds, dropping it and starting anew after each of the
    /// given times, in ms; then it runs on.
    async fn run(&self, stops_ms: &[u64], is_done: impl Fn(&Kept) -> bool) {
        for stop in stops_ms {
            let store = self.store.again();
            let engine = self.engine_over(store.clone()).await.0;
            let run = engine.run(CancellationToken::new());
            let _ = tokio::time::timeout(Duration::from_millis(*stop), run).await;
            store.kill();
        }
        let shutdown = CancellationToken::new();
        let until_done = async {
            let began = tokio::time::Instant::now();
            while !is_done(&self.store.kept()) {
                let kept = self.store.kept();
                assert!(
                    began.elapsed() < Duration::from_secs(60),
                    "it takes too long: {:#?}",
                    kept.tasks
                        .iter()
                        .rfind(|one| one.state == TaskState::Pending)
                );
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            shutdown.cancel();
        };
        let (ran, ()) = tokio::join!(self.engine().await.0.run(shutdown.clone()), until_done);
        ran.unwrap();
    }

    /// Lets an engine run until everything that happened is decided on and told.
    async fn settle(&self, stops_ms: &[u64]) {
        use tocsin_domain::ports::AlertStore;
        let last = self.alerts.last_seq().await.unwrap();
        let is_done =
            |kept: &Kept| kept.position >= Some(last) && kept.count(TaskState::Pending) == 0;
        self.run(stops_ms, is_done).await;
    }

    fn actions(&self) -> Vec<DecisionAction> {
        let decisions = self.store.kept().decisions;
        decisions.iter().map(|one| one.decided.action).collect()
    }
}

fn ended(alert: &Alert) -> Alert {
    Alert {
        ends_ms: Some(now_ms()),
        status: AlertStatus::Resolved,
        ..alert.clone()
    }
}

/// A small generator (SplitMix64), so that a failure can be repeated.
fn random(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn misbehaves(number: u64, _: &str) -> Mood {
    match random(number) % 20 {
        0..=1 => Mood::Broken,
        2 => Mood::Away,
        3..=4 => Mood::Busy(random(number) % 10),
        5..=6 => Mood::WorkAndBreak,
        7 => Mood::WorkLate(40),
        8 => Mood::Hang,
        _ => Mood::Work,
    }
}

/// 200 alerts: each fires, a third escalates, half end, a quarter of those come back.
fn storm(world: &World) -> BTreeMap<String, (usize, TicketStatus)> {
    let mut expected = BTreeMap::new();
    for number in 0..200 {
        let mut one = alert("storm", number);
        world.alerts.happens(&one, AlertEventKind::Fired);
        world.alerts.happens(&one, AlertEventKind::Repeated);
        let mut comments = 0;
        if number % 3 == 0 {
            one.severity = AlertSeverity::Critical;
            let kind = AlertEventKind::Escalated {
                from: AlertSeverity::High,
                to: AlertSeverity::Critical,
            };
            world.alerts.happens(&one, kind);
            comments += 1;
        }
        let mut status = TicketStatus::Open;
        if number % 2 == 0 {
            one = ended(&one);
            world.alerts.happens(&one, AlertEventKind::Cleared);
            comments += 1;
            status = TicketStatus::Resolved;
        }
        expected.insert(one.title.clone(), (comments, status));
    }
    expected
}

/// That the tracker has exactly what is expected: of each alert one ticket and each comment once.
fn verify(world: &World, expected: &BTreeMap<String, (usize, TicketStatus)>) {
    let issues = world.tracker().issues();
    let mut found = BTreeMap::new();
    let mut keys = BTreeSet::new();
    for issue in &issues {
        let comments = issue.comments.len();
        let was = found.insert(issue.draft.title.clone(), (comments, issue.status));
        assert!(was.is_none(), "two tickets: {}", issue.draft.title);
        for (key, _) in &issue.comments {
            assert!(keys.insert(key.clone()), "said twice: {key}");
        }
    }
    assert_eq!(&found, expected);
    let kept = world.store.kept();
    assert_eq!(kept.count(TaskState::Dead), 0);
    let all: BTreeSet<_> = kept
        .tickets
        .iter()
        .map(|one| one.reference.clone().unwrap().key)
        .collect();
    assert_eq!(all.len(), issues.len(), "each ticket knows its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_ticket_and_comment_is_there_once_whatever_the_tracker_does() {
    let world = World::new(Some(Scripted::new(misbehaves)));
    let expected = storm(&world);
    world.settle(&[]).await;
    verify(&world, &expected);
    let retried: u32 = world
        .store
        .kept()
        .tasks
        .iter()
        .map(|one| one.attempts)
        .sum();
    assert!(retried > 100, "it did misbehave: {retried}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_ticket_and_comment_is_there_once_wherever_it_is_stopped() {
    let world = World::new(Some(Scripted::new(misbehaves)));
    let expected = storm(&world);
    let stops: Vec<u64> = (0..40).map(|n| 2 + random(n) % 150).collect();
    world.settle(&stops).await;
    verify(&world, &expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_while_it_runs_and_stops_is_not_missed() {
    let world = World::new(Some(Scripted::new(misbehaves)));
    let mut expected = BTreeMap::new();
    for part in 0..10 {
        for number in 0..10 {
            let one = alert("stream", part * 10 + number);
            world.alerts.happens(&one, AlertEventKind::Fired);
            expected.insert(one.title.clone(), (0, TicketStatus::Open));
        }
        world.run(&[5 + random(part) % 40], |_| true).await;
    }
    world.settle(&[]).await;
    verify(&world, &expected);
}

#[tokio::test]
async fn a_ticket_is_opened_by_two_requests_and_nothing_is_asked_that_is_known() {
    let world = World::new(Some(Scripted::new(|_, _| Mood::Work)));
    let one = alert("disk", 1);
    world.run(&[], |_| true).await;
    let run = CancellationToken::new();
    let engine = world.engine().await.0.run(run.clone());
    let script = async {
        let done = |count: usize| {
            let world = &world;
            async move {
                while world.store.kept().count(TaskState::Done) < count {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
        };
        world.alerts.happens(&one, AlertEventKind::Fired);
        done(1).await;
        world.alerts.happens(&one, AlertEventKind::Flapping);
        done(2).await;
        world.alerts.happens(&ended(&one), AlertEventKind::Resolved);
        done(4).await;
        run.cancel();
    };
    let (ran, ()) = tokio::join!(engine, script);
    ran.unwrap();
    let calls = lock(&world.tracker().calls).clone();
    assert_eq!(calls, ["find", "create", "comment", "comment", "resolved"]);
    let issue = world.tracker().issues().remove(0);
    assert_eq!(issue.status, TicketStatus::Resolved);
    assert!(
        issue
            .draft
            .description
            .contains("confidence 0.90 is at least 0.60")
    );
    assert!(issue.comments[0].1.contains("comes and goes"));
    assert!(
        issue.comments[1]
            .1
            .starts_with("Someone said that the alert is done.")
    );
    let link = format!("http://tocsin.test/alerts?alert={}", one.id);
    assert_eq!(issue.draft.link, link);
}

#[tokio::test]
async fn a_database_that_was_lost_goes_on_with_the_ticket_that_is_open() {
    let tracker = Scripted::new(|_, _| Mood::Work);
    let one = alert("disk", 1);
    for _ in 0..2 {
        let world = World::new(Some(tracker.clone()));
        world.alerts.happens(&one, AlertEventKind::Fired);
        world.settle(&[]).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let issues = tracker.issues();
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0].comments.len(), 1, "what is new is said on it");
    // One that is done is not gone on with.
    lock(&tracker.issues)
        .values_mut()
        .for_each(|one| one.status = TicketStatus::Resolved);
    let world = World::new(Some(tracker.clone()));
    world.alerts.happens(&one, AlertEventKind::Fired);
    world.settle(&[]).await;
    assert_eq!(tracker.issues().len(), 2);
}

#[tokio::test]
async fn a_ticket_that_is_gone_is_followed_by_a_new_one() {
    let world = World::new(Some(Scripted::new(|_, _| Mood::Work)));
    let one = alert("disk", 1);
    world.alerts.happens(&one, AlertEventKind::Fired);
    world.settle(&[]).await;
    lock(&world.tracker().issues)
        .values_mut()
        .for_each(|one| one.is_deleted = true);
    world.alerts.happens(&one, AlertEventKind::Flapping);
    world.settle(&[]).await;
    let issues = world.tracker().issues();
    assert_eq!(issues.len(), 2);
    assert!(
        issues[1]
            .draft
            .description
            .contains("is not in the tracker any more")
    );
    assert!(world.store.kept().tickets[0].is_gone());
    world.alerts.happens(&ended(&one), AlertEventKind::Cleared);
    world.settle(&[]).await;
    assert_eq!(world.tracker().issues()[1].status, TicketStatus::Resolved);
}

#[tokio::test]
async fn a_ticket_that_cannot_be_opened_again_is_followed_by_a_new_one() {
    let refuses = |_, name: &str| match name {
        "open" => Mood::Refuse,
        _ => Mood::Work,
    };
    let world = World::new(Some(Scripted::new(refuses)));
    let one = alert("disk", 1);
    world.alerts.happens(&one, AlertEventKind::Fired);
    world.alerts.happens(&ended(&one), AlertEventKind::Cleared);
    world.settle(&[]).await;
    world.alerts.happens(&one, AlertEventKind::Returned);
    world.settle(&[]).await;
    let issues = world.tracker().issues();
    assert_eq!(issues.len(), 2);
    assert!(issues[1].draft.description.contains("It follows OPS-00001"));
    assert_eq!(world.store.kept().count(TaskState::Dead), 0);
}

#[tokio::test]
async fn what_is_refused_waits_for_a_person_and_goes_on_when_tried_again() {
    let world = World::new(Some(Scripted::new(|number, _| match number {
        1 => Mood::Refuse,
        _ => Mood::Work,
    })));
    let one = alert("disk", 1);
    world.alerts.happens(&one, AlertEventKind::Fired);
    world.alerts.happens(&one, AlertEventKind::Flapping);
    world
        .run(&[], |kept| kept.count(TaskState::Dead) == 1)
        .await;
    assert_eq!(world.store.kept().count(TaskState::Pending), 1, "it waits");
    let desk = world.engine().await.1;
    let dead = world
        .store
        .tasks_in(TaskState::Dead, 1)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(dead.note.as_deref(), Some("400: no"));
    assert!(matches!(
        desk.retry(dead.id).await.unwrap(),
        TicketOutcome::Done(_)
    ));
    assert!(matches!(
        desk.retry(dead.id).await.unwrap(),
        TicketOutcome::Refused(_)
    ));
    world.settle(&[]).await;
    assert_eq!(world.tracker().issues()[0].comments.len(), 1);
}

#[tokio::test]
async fn resolved_and_opened_again_while_the_tracker_was_away_is_not_told() {
    let world = World::new(Some(Scripted::new(|number, _| match number {
        0..=3 => Mood::Away,
        _ => Mood::Work,
    })));
    let one = alert("disk", 1);
    world.alerts.happens(&one, AlertEventKind::Fired);
    world
        .run(&[], |kept| kept.count(TaskState::Pending) == 1)
        .await;
    for _ in 0..3 {
        world.alerts.happens(&ended(&one), AlertEventKind::Cleared);
        world
            .run(&[], |kept| kept.tickets[0].status == TicketStatus::Resolved)
            .await;
        world.alerts.happens(&one, AlertEventKind::Returned);
        world
            .run(&[], |kept| kept.tickets[0].status == TicketStatus::Open)
            .await;
    }
    world.settle(&[]).await;
    let issue = world.tracker().issues().remove(0);
    assert_eq!(issue.status, TicketStatus::Open);
    assert_eq!(issue.comments.len(), 6, "all is said");
}

#[tokio::test]
async fn a_silence_holds_a_ticket_back_until_it_ends() {
    let world = World::new(None);
    let [held, over] = [alert("held", 1), alert("over", 2)];
    lock(&world.alerts.silences).push(Silence {
        id: SilenceId(1),
        matchers: vec![Matcher::new(MatchOp::Matches, "host", "web-.*").unwrap()],
        starts_ms: 0,
        ends_ms: i64::MAX,
        recurrence: None,
        created_by: "ana".into(),
        created_ms: 0,
        comment: String::new(),
        expired_ms: None,
    });
    world.alerts.happens(&held, AlertEventKind::Fired);
    world.alerts.happens(&over, AlertEventKind::Fired);
    world.run(&[], |kept| kept.decisions.len() == 2).await;
    assert_eq!(world.actions(), [DecisionAction::Hold; 2]);
    world.alerts.happens(&ended(&over), AlertEventKind::Cleared);
    lock(&world.alerts.silences)[0].expired_ms = Some(now_ms());
    world.store.change(|kept| {
        for one in &mut kept.decisions {
            one.decided.due_ms = Some(now_ms());
        }
    });
    let is_held = |kept: &Kept| {
        let mut all = kept.decisions.iter();
        all.any(|one| one.decided.action == DecisionAction::Hold)
    };
    world.run(&[], |kept| !is_held(kept)).await;
    assert_eq!(
        world.actions(),
        [DecisionAction::Create, DecisionAction::Skip]
    );
    let kept = world.store.kept();
    assert_eq!(kept.tickets.len(), 1);
    assert_eq!(kept.tickets[0].alert, held.id);
    let skipped = &kept.decisions[1].decided.reason;
    assert_eq!(skipped, "it ended while it was held back");
}

#[tokio::test]
async fn the_built_in_tracker_needs_no_task() {
    let world = World::new(None);
    let one = alert("disk", 1);
    world.alerts.happens(&one, AlertEventKind::Fired);
    world.alerts.happens(&one, AlertEventKind::Flapping);
    world.alerts.happens(&ended(&one), AlertEventKind::Resolved);
    world.settle(&[]).await;
    let kept = world.store.kept();
    assert!(kept.tasks.is_empty());
    assert_eq!(kept.comments.len(), 2);
    let ticket = &kept.tickets[0];
    assert_eq!(
        (ticket.tracker, ticket.status),
        (TrackerKind::BuiltIn, TicketStatus::Resolved)
    );
    assert_eq!(
        (ticket.occurrences, ticket.reference.clone().unwrap().key),
        (2, "T-1".into())
    );
    use DecisionAction::{Create, Resolve, Update};
    assert_eq!(world.actions(), [Create, Update, Resolve]);
}

#[tokio::test]
async fn while_it_is_paused_it_waits_and_loses_nothing() {
    let world = World::new(None);
    let shutdown = CancellationToken::new();
    let (engine, desk) = world.engine().await;
    let paused = TicketSettings {
        is_paused: true,
        ..desk.settings()
    };
    desk.set_settings(paused).await.unwrap();
    let script = async {
        for number in 0..5 {
            world
                .alerts
                .happens(&alert("disk", number), AlertEventKind::Fired);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(world.store.kept().decisions.is_empty());
        let on = TicketSettings {
            is_paused: false,
            ..paused
        };
        desk.set_settings(on).await.unwrap();
        while world.store.kept().tickets.len() < 5 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        shutdown.cancel();
    };
    let (ran, ()) = tokio::join!(engine.run(shutdown.clone()), script);
    ran.unwrap();
    let off = TicketSettings {
        is_enabled: false,
        ..desk.settings()
    };
    desk.set_settings(off).await.unwrap();
    world
        .alerts
        .happens(&alert("disk", 9), AlertEventKind::Fired);
    world.settle(&[]).await;
    let last = world.store.kept().decisions.pop().unwrap().decided;
    assert_eq!(last.reason, "tickets are switched off");
    let wrong = TicketSettings {
        reopen_hours: f64::NAN,
        ..off
    };
    assert!(desk.set_settings(wrong).await.is_err());
}

#[tokio::test]
async fn people_open_comment_resolve_and_reopen() {
    let world = World::new(Some(Scripted::new(|_, _| Mood::Work)));
    let one = Alert {
        confidence: 0.1,
        labels: LabelSet::new([("alertname", "odd")]),
        ..alert("odd", 1)
    };
    world.alerts.happens(&one, AlertEventKind::Fired);
    world.settle(&[]).await;
    let desk = world.engine().await.1;
    let previewed = desk.preview(one.id).await.unwrap().unwrap().decided;
    assert_eq!(previewed.action, DecisionAction::Skip);
    assert_eq!(
        previewed.reason,
        "confidence 0.10 is below 0.60, the threshold of high"
    );
    let ticket = |outcome| match outcome {
        TicketOutcome::Done(ticket) => *ticket,
        other => panic!("{other:?}"),
    };
    let opened = ticket(desk.open(one.id, "ana").await.unwrap());
    let again = ticket(desk.open(one.id, "ana").await.unwrap());
    assert_eq!((opened.id, again.occurrences), (again.id, 2));
    desk.comment(opened.id, "I look at it", "ana")
        .await
        .unwrap();
    assert_eq!(
        ticket(desk.resolve(opened.id, "ana").await.unwrap()).status,
        TicketStatus::Resolved
    );
    let refused = desk.resolve(opened.id, "ana").await.unwrap();
    assert_eq!(
        refused,
        TicketOutcome::Refused("it is resolved already".into())
    );
    world.settle(&[]).await;
    assert_eq!(
        ticket(desk.reopen(opened.id, "ana").await.unwrap()).status,
        TicketStatus::Open
    );
    world.settle(&[]).await;
    let issue = world.tracker().issues().remove(0);
    assert_eq!((issue.status, issue.turns), (TicketStatus::Open, 2));
    let said: Vec<_> = issue.comments.iter().map(|said| said.1.as_str()).collect();
    assert!(said[0].starts_with("Someone asked for a ticket."));
    assert_eq!(said[1], "ana wrote in Tocsin:\n\nI look at it");
    assert_eq!(
        said[2..],
        [
            "ana resolved it in Tocsin.",
            "ana opened it again in Tocsin."
        ]
    );
    let kinds: Vec<_> = world
        .store
        .kept()
        .tasks
        .iter()
        .map(|one| one.task.kind)
        .collect();
    assert_eq!(kinds[0], TaskKind::Create);
    assert!(world.actions().contains(&DecisionAction::Reopen));
}
