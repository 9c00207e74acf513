//! What becomes of an alert, from the proposal to the end.

use std::sync::atomic::Ordering;

use tocsin_domain::alert::{AlertEventKind, AlertSeverity, AlertStatus, Silence, SilenceId};
use tocsin_domain::automation::{
    Channel, Freeze, Owed, RateLimit, Run, RunState, SafetyBudget, Verdict, Verification,
};
use tocsin_domain::metric::{MatchOp, Matcher, Sample};
use tocsin_domain::ports::metric_insight::QuerySeries;
use tocsin_domain::ports::{Ballot, RunOutcome, StoreError};

use super::scripted::Mood;
use super::world::{World, plenty};
use crate::automation::matching::too_broad;
use crate::automation::parse_automations;
use crate::automation::provider::Status;
use crate::outbox::tests::memory::lock;

const CAREFUL: &str = r#"
- id: clean
  match: { failure_type: disk_full }
  action: { provider: p, params: { host: "{{ alert.labels.host }}" } }
  rollback: { provider: p, params: { undo: "{{ alert.labels.host }}" } }
  verify: { after: 5s, timeout: 30s, expect: "metrics.used < 80.0 && templates.full == 0",
    metrics: { used: { query: disk, labels: host } }, templates: { full: 00000000000000ab } }
  on_failure: { escalate: critical }
"#;

const BOLD: &str = r#"
- id: clean
  match: { failure_type: disk_full }
  action: { provider: p }
  verify: { timeout: 5s, expect: "!alert.firing" }
  approval: { required: never }
"#;

async fn says(world: &World, run: &Run, verdict: Verdict) -> RunOutcome {
    let ballot = Ballot {
        run: run.id,
        plan: run.plan.unwrap(),
        verdict,
        comment: "looks right".into(),
        actor: "ana".into(),
        channel: Channel::Slack,
    };
    if verdict == Verdict::Approve {
        let said = (run.id, ballot.plan, "ana".to_owned(), verdict);
        lock(&world.provider.oracle).said.push(said);
    }
    world.desk().vote(ballot).await.unwrap()
}

fn only_run(world: &World) -> Run {
    let mut runs = world.runs();
    assert_eq!(runs.len(), 1, "{runs:#?}");
    runs.remove(0)
}

fn ends_with(world: &World, status: Status) {
    lock(&world.provider.kept).ends_with = Some(status);
}

fn used(world: &World, host: &str, percent: f64) {
    *lock(&world.ports.metrics) = [("web-1", percent), ("web-2", 99.0)]
        .map(|(name, value)| QuerySeries {
            labels: vec![(
                "host".into(),
                if name == "web-1" {
                    host.into()
                } else {
                    name.into()
                },
            )],
            samples: vec![Sample {
                at_ms: world.ports.now_ms(),
                value,
            }],
        })
        .to_vec();
}

#[tokio::test]
async fn an_alert_is_helped_once_people_agreed_and_it_is_seen_that_it_helped() {
    let mut world = World::new(CAREFUL, plenty()).await;
    let alert = world.fires("disk_full", "web-1");
    world.turn().await;
    let run = only_run(&world);
    assert_eq!(
        (run.state, run.targets.as_slice()),
        (RunState::AwaitingApproval, &["web-1".to_owned()][..])
    );
    let details = world.desk().run(run.id).await.unwrap().unwrap();
    assert!(
        details
            .waits_for
            .unwrap()
            .contains("anyone who may approve")
    );
    assert!(matches!(
        says(&world, &run, Verdict::Approve).await,
        RunOutcome::Done(_)
    ));
    world.turn().await;
    assert_eq!(only_run(&world).state, RunState::Executing);
    ends_with(&world, Status::Succeeded("done".into()));
    used(&world, "web-1", 95.0);
    world.passes(8).await;
    assert_eq!(only_run(&world).state, RunState::Verifying);
    used(&world, "web-1", 40.0);
    world.ports.lines.store(2, Ordering::Relaxed);
    world.passes(6).await;
    assert_eq!(
        only_run(&world).state,
        RunState::Verifying,
        "lines of the template go on"
    );
    world.ports.lines.store(0, Ordering::Relaxed);
    world.passes(6).await;
    let run = only_run(&world);
    assert_eq!(
        (run.state, run.verification),
        (RunState::Succeeded, Some(Verification::Held))
    );
    assert!(run.owed.is_empty());
    assert_eq!(
        lock(&world.ports.alerts)[&alert].status,
        AlertStatus::Resolved
    );
    let whats: Vec<String> = details_of(&world, &run).await;
    let expected = [
        "proposed",
        "planned",
        "announced",
        "approved",
        "told",
        "begun",
        "recorded",
        "done",
        "verified",
        "alert_resolved",
    ];
    assert_eq!(whats, expected);
}

async fn details_of(world: &World, run: &Run) -> Vec<String> {
    let details = world.desk().run(run.id).await.unwrap().unwrap();
    details.events.into_iter().map(|event| event.what).collect()
}

#[tokio::test]
async fn what_did_not_help_is_undone_and_people_are_told() {
    let mut world = World::new(CAREFUL, plenty()).await;
    let alert = world.fires("disk_full", "web-1");
    world.turn().await;
    says(&world, &only_run(&world), Verdict::Approve).await;
    ends_with(&world, Status::Succeeded("done".into()));
    used(&world, "web-1", 95.0);
    world.passes(60).await;
    let run = only_run(&world);
    assert_eq!(
        (run.state, run.verification),
        (RunState::RolledBack, Some(Verification::Failed))
    );
    assert_eq!(lock(&world.provider.oracle).undone.len(), 1);
    let alert = lock(&world.ports.alerts)[&alert].clone();
    assert_eq!(
        (alert.severity, alert.status),
        (AlertSeverity::Critical, AlertStatus::New)
    );
    let told = lock(&world.ports.events).clone();
    let told: Vec<&AlertEventKind> = told.iter().map(|event| &event.kind).collect();
    let comments = told.iter().filter(
        |kind| matches!(kind, AlertEventKind::Commented(text) if text.contains("it did not help")),
    );
    assert_eq!(comments.count(), 1, "{told:?}");
}

#[tokio::test]
async fn what_cannot_be_seen_has_not_helped() {
    let mut world = World::new(CAREFUL, plenty()).await;
    world.fires("disk_full", "web-1");
    world.turn().await;
    says(&world, &only_run(&world), Verdict::Approve).await;
    ends_with(&world, Status::Succeeded("done".into()));
    // Only another host has a value.
    used(&world, "web-3", 1.0);
    world.passes(60).await;
    let run = only_run(&world);
    assert_eq!(run.verification, Some(Verification::Failed));
    let details = world.desk().run(run.id).await.unwrap().unwrap();
    let because = details
        .events
        .iter()
        .find(|event| event.what == "not_verified")
        .unwrap();
    assert!(
        because.detail.contains("no series has a value"),
        "{}",
        because.detail
    );
}

#[tokio::test]
async fn a_no_a_silence_an_end_and_time_each_keep_it_from_beginning() {
    let mut world = World::new(CAREFUL, plenty()).await;
    world.fires("disk_full", "web-1");
    let ends = world.fires("disk_full", "web-2");
    world.fires("disk_full", "web-3");
    lock(&world.ports.silences).push(Silence {
        id: SilenceId(1),
        matchers: vec![Matcher::new(MatchOp::Equal, "host", "web-4").unwrap()],
        starts_ms: 0,
        ends_ms: i64::MAX,
        recurrence: None,
        created_by: "ana".into(),
        created_ms: 0,
        comment: "migration".into(),
        expired_ms: None,
    });
    world.fires("disk_full", "web-4");
    world.turn().await;
    let state = |world: &World, host: &str| {
        let runs = world.runs();
        runs.iter()
            .find(|run| run.targets == [host])
            .map(|run| run.state)
    };
    assert_eq!(state(&world, "web-4"), None);
    let first = world
        .runs()
        .into_iter()
        .find(|run| run.targets == ["web-1"])
        .unwrap();
    says(&world, &first, Verdict::Reject).await;
    world.clears(ends);
    world.turn().await;
    assert_eq!(state(&world, "web-1"), Some(RunState::Rejected));
    assert_eq!(state(&world, "web-2"), Some(RunState::Cancelled));
    world.passes(3601).await;
    assert_eq!(state(&world, "web-3"), Some(RunState::Expired));
    assert!(lock(&world.provider.kept).begun.is_empty());
}

#[tokio::test]
async fn a_rule_that_does_not_help_may_only_propose_until_it_is_changed() {
    let budget = SafetyBudget {
        failed_verifications_max: 2,
        ..plenty()
    };
    let mut world = World::new(BOLD, budget).await;
    ends_with(&world, Status::Succeeded("done".into()));
    for host in ["a", "b"] {
        world.fires("disk_full", host);
        world.passes(15).await;
    }
    assert!(world.runs().iter().all(|run| run.state == RunState::Failed));
    world.fires("disk_full", "c");
    world.turn().await;
    let run = world
        .runs()
        .into_iter()
        .find(|run| run.targets == ["c"])
        .unwrap();
    assert_eq!(run.state, RunState::AwaitingApproval);
    let rules = world.desk().rules().await.unwrap();
    assert!(rules[0].is_propose_only && rules[0].record.failed_in_a_row == 2);
    // A new version is a new chance, and voids what was proposed before.
    let rule = world
        .desk()
        .put_rule(rules[0].rule.clone(), "ana")
        .await
        .unwrap();
    assert_eq!(rule.version, 2);
    let late = says(&world, &run, Verdict::Approve).await;
    assert!(matches!(late, RunOutcome::Refused(why) if why.contains("cancelled")));
    world.fires("disk_full", "d");
    world.turn().await;
    let state = |host: &str| {
        world
            .runs()
            .into_iter()
            .find(|run| run.targets == [host])
            .unwrap()
            .state
    };
    assert_eq!(
        (state("c"), state("d")),
        (RunState::Cancelled, RunState::Executing)
    );
}

#[tokio::test]
async fn limits_freezes_and_targets_hold_back_and_the_kill_switch_stops() {
    let limit = RateLimit {
        runs_max: 2,
        window_secs: 60,
    };
    let budget = SafetyBudget {
        global: limit,
        ..plenty()
    };
    let mut world = World::new(BOLD, budget).await;
    for host in ["a", "b", "c"] {
        world.fires("disk_full", host);
    }
    world.turn().await;
    let in_state = |world: &World, state| world.runs().iter().filter(|r| r.state == state).count();
    assert_eq!(in_state(&world, RunState::Executing), 2);
    let held = world
        .runs()
        .into_iter()
        .find(|run| run.state == RunState::Approved)
        .unwrap();
    assert!(
        held.reason.contains("2 runs of all rules within 60 s"),
        "{}",
        held.reason
    );
    let freeze = Freeze {
        reason: "release".into(),
        starts_ms: world.ports.now_ms(),
        ends_ms: world.ports.now_ms() + 120_000,
        recurrence: None,
    };
    world.desk().set_freezes(vec![freeze], "ana").await.unwrap();
    world.passes(100).await;
    assert_eq!(in_state(&world, RunState::Approved), 1);
    world.passes(30).await;
    assert_eq!(
        in_state(&world, RunState::Approved),
        0,
        "the freeze is over"
    );

    world.desk().stop_all("too much", "ana").await.unwrap();
    world.passes(20).await;
    assert_eq!(in_state(&world, RunState::Cancelled), 3);
    world.fires("disk_full", "d");
    world.turn().await;
    assert_eq!(world.runs().len(), 3, "nothing is proposed");
    let alert = lock(&world.ports.alerts)
        .keys()
        .copied()
        .next_back()
        .unwrap();
    let asked = world.desk().propose("clean", alert, "ana").await.unwrap();
    assert!(matches!(asked, RunOutcome::Refused(why) if why.contains("too much")));
    world.desk().allow_again("ana").await.unwrap();
    let asked = world.desk().propose("clean", alert, "ana").await.unwrap();
    assert!(matches!(asked, RunOutcome::Done(_)));
    let audit = lock(&world.store.0).audit.clone();
    for action in ["automation.stop", "automation.allow", "automation.freeze"] {
        assert_eq!(
            audit.iter().filter(|entry| entry.action == action).count(),
            1,
            "{action}"
        );
    }
}

#[tokio::test]
async fn two_runs_never_do_something_to_one_target_at_once() {
    let rules = r#"
- { id: one, match: { failure_type: a }, action: { provider: p }, approval: { required: never } }
- { id: two, match: { failure_type: a }, action: { provider: p }, approval: { required: never } }
"#;
    let mut world = World::new(rules, plenty()).await;
    world.fires("a", "web-1");
    world.turn().await;
    let states = |world: &World| {
        let mut states: Vec<_> = world.runs().iter().map(|run| run.state).collect();
        states.sort();
        states
    };
    assert_eq!(states(&world), [RunState::Approved, RunState::Executing]);
    ends_with(&world, Status::Succeeded("done".into()));
    world.passes(15).await;
    assert_eq!(states(&world), [RunState::Succeeded, RunState::Succeeded]);
}

#[tokio::test]
async fn what_is_told_again_is_proposed_once_and_a_new_episode_anew() {
    let mut world = World::new(CAREFUL, plenty()).await;
    let id = world.fires("disk_full", "web-1");
    world.turn().await;
    let alert = lock(&world.ports.alerts)[&id].clone();
    world
        .ports
        .happens(alert.clone(), AlertEventKind::Fired, "system");
    world.restart().await;
    world.turn().await;
    assert_eq!(world.runs().len(), 1);
    world.clears(id);
    world.turn().await;
    world.ports.pass(5000);
    let mut alert = alert;
    alert.returns_ms.push(world.ports.now_ms());
    world
        .ports
        .happens(alert, AlertEventKind::Returned, "system");
    world.turn().await;
    let states: Vec<_> = world.runs().iter().map(|run| run.state).collect();
    assert_eq!(states, [RunState::Cancelled, RunState::AwaitingApproval]);
}

#[tokio::test]
async fn a_run_that_was_lost_on_the_way_is_told_again_only_if_the_provider_never_heard_of_it() {
    for (mood, begun) in [(Mood::Lost, 2), (Mood::Unanswered, 1), (Mood::NotNow, 2)] {
        let mut world = World::new(BOLD, plenty()).await;
        lock(&world.provider.kept).mood = mood;
        world.fires("disk_full", "web-1");
        world.passes(3).await;
        ends_with(&world, Status::Succeeded("done".into()));
        world.passes(10).await;
        let events = details_of(&world, &only_run(&world)).await;
        let told = events
            .iter()
            .filter(|what| ["told", "told_again"].contains(&what.as_str()));
        assert_eq!(told.count(), begun, "{mood:?} {events:?}");
        assert!(events.contains(&"done".to_owned()), "{mood:?} {events:?}");
    }
}

#[tokio::test]
async fn a_dry_run_plans_and_does_nothing() {
    let rules = BOLD.replace("  action:", "  dry_run: true\n  action:");
    let mut world = World::new(&rules, plenty()).await;
    world.fires("disk_full", "web-1");
    world.passes(10).await;
    let run = only_run(&world);
    assert!(run.is_dry_run && run.state == RunState::Cancelled && run.plan.is_some());
    assert!(lock(&world.provider.kept).begun.is_empty());
}

#[tokio::test]
async fn a_rule_that_is_switched_off_is_carried_out_for_a_person_who_asks() {
    let rules = BOLD.replace("  action:", "  enabled: false\n  action:");
    let mut world = World::new(&rules, plenty()).await;
    let alert = world.fires("disk_full", "web-1");
    world.turn().await;
    assert!(world.runs().is_empty());
    for _ in 0..2 {
        let asked = world.desk().propose("clean", alert, "ana").await.unwrap();
        assert!(
            matches!(&asked, RunOutcome::Done(run) if run.proposer == "ana"),
            "{asked:?}"
        );
        let twin = world.desk().propose("clean", alert, "bob").await.unwrap();
        assert!(matches!(twin, RunOutcome::Refused(why) if why.contains("about the same")));
        ends_with(&world, Status::Failed("no".into()));
        world.passes(3).await;
    }
    assert_eq!(lock(&world.provider.kept).begun.len(), 2);
    let unknown = world.desk().propose("other", alert, "ana").await.unwrap();
    assert!(matches!(unknown, RunOutcome::Unknown(_)));
}

#[tokio::test]
async fn a_value_that_is_not_there_fails_the_run_and_says_so() {
    let rules = CAREFUL.replace(
        "{ host: \"{{ alert.labels.host }}\" }",
        "{ rack: \"{{ alert.labels.rack }}\" }",
    );
    let mut world = World::new(&rules, plenty()).await;
    world.fires("disk_full", "web-1");
    world.turn().await;
    let run = only_run(&world);
    assert_eq!(run.state, RunState::Failed);
    assert!(run.owed.iter().all(|owed| !matches!(owed, Owed::Resolve)));
    let details = world.desk().run(run.id).await.unwrap().unwrap();
    let why = &details.events[1].detail;
    assert!(
        why.contains("params.rack") && why.contains("undefined"),
        "{why}"
    );
}

#[tokio::test]
async fn a_rule_is_tried_on_an_alert_and_on_the_past_before_it_is_let_loose() {
    let mut world = World::new(CAREFUL, plenty()).await;
    let mut last = None;
    for (at, host) in ["a", "a", "b"].into_iter().enumerate() {
        let id = world.fires("disk_full", host);
        last = Some(id);
        world.clears(id);
        world.fires(&format!("other_{at}"), host);
        world.ports.pass(120_000);
    }
    let text = "- { id: new, match: { failure_type: disk_full }, group_by: host, cooldown: 10m, \
        action: { provider: p, params: { host: '{{ alert.labels.host }}' } } }";
    let rule = parse_automations(text).unwrap().remove(0);
    let test = world
        .desk()
        .test_rule(rule.clone(), last.unwrap())
        .await
        .unwrap()
        .unwrap();
    assert!(test.is_match && test.problem.is_none(), "{test:?}");
    assert_eq!(test.targets, ["b"]);
    let replay = world
        .desk()
        .replay(rule.clone(), (0, i64::MAX))
        .await
        .unwrap();
    assert_eq!(
        (replay.looked_at, replay.matched, replay.held_back),
        (6, 3, 1)
    );
    assert_eq!(replay.runs.len(), 2);
    let mut broad = rule.clone();
    broad.matches.failure_types.clear();
    let refused = world.desk().put_rule(broad.clone(), "ana").await;
    assert!(matches!(refused, Err(StoreError::Invalid(why)) if why.contains("nothing in common")));
    let replay = world.desk().replay(broad, (0, i64::MAX)).await.unwrap();
    assert!(replay.too_broad.is_some());
    let mut elsewhere = rule;
    elsewhere.action.provider = "nowhere".into();
    let refused = world.desk().put_rule(elsewhere, "ana").await;
    assert!(
        matches!(refused, Err(StoreError::Invalid(why)) if why.contains("no provider `nowhere`"))
    );
    world.turn().await;
}

#[tokio::test]
async fn an_alert_is_proposed_for_within_fifty_milliseconds_of_ten_thousand_rules() {
    let mut rules = String::from("automations:\n");
    for number in 0..10_000 {
        rules.push_str(&format!(
            "  - {{ id: r{number}, match: {{ failure_type: type_{number} }}, action: {{ provider: p }} }}\n"
        ));
    }
    let mut world = World::new(&rules, plenty()).await;
    let mut took = Vec::new();
    for number in 0..200 {
        let began = std::time::Instant::now();
        world.fires(&format!("type_{}", number * 7), &format!("web-{number}"));
        assert!(world.server.reader.step().await.unwrap());
        took.push(began.elapsed());
    }
    took.sort();
    assert_eq!(world.runs().len(), 200);
    assert!(took[197].as_millis() < 50, "{:?}", took[197]);
}

#[test]
fn the_rules_that_come_with_it_can_be_read_and_are_narrow() {
    let rules = parse_automations(include_str!("../../../../../rules/automations.yml")).unwrap();
    assert!(rules.len() >= 2 && rules.iter().all(|rule| !rule.is_enabled));
    let renderer = crate::automation::Renderer::default();
    for rule in &rules {
        let compiled = crate::automation::Compiled::new(rule, &renderer).unwrap();
        assert_eq!(
            too_broad(&compiled, SafetyBudget::default().match_percent_max),
            None
        );
    }
}

#[tokio::test]
async fn what_was_prepared_is_let_go_of_when_it_is_not_carried_out() {
    let mut world = World::new(CAREFUL, plenty()).await;
    world.fires("disk_full", "web-1");
    world.turn().await;
    let run = only_run(&world);
    lock(&world.provider.kept).discards_not = 2;
    says(&world, &run, Verdict::Reject).await;
    world.turn().await;
    assert_eq!(only_run(&world).owed, [Owed::Discard]);
    world.passes(10).await;
    let after = only_run(&world);
    assert_eq!(
        (after.state, after.owed.is_empty()),
        (RunState::Rejected, true)
    );
    assert!(after.reason.contains("said no"), "{}", after.reason);
    let expected = ["announced", "rejected", "not_discarded", "discarded"];
    assert_eq!(details_of(&world, &run).await[2..], expected);

    // What cannot be let go of for over a day is left there, and that is told.
    let mut world = World::new(CAREFUL, plenty()).await;
    world.fires("disk_full", "web-1");
    world.turn().await;
    let run = only_run(&world);
    lock(&world.provider.kept).discards_not = u32::MAX;
    says(&world, &run, Verdict::Reject).await;
    for hours in 0.. {
        world.turn().await;
        if only_run(&world).owed.is_empty() {
            assert!((24..48).contains(&hours), "{hours}");
            break;
        }
        world.ports.pass(3_600_000);
    }
    let expected = ["announced", "rejected", "not_discarded", "not_discarded"];
    assert_eq!(details_of(&world, &run).await[2..], expected);
}

#[tokio::test]
async fn what_may_still_be_on_its_way_is_not_told_again() {
    let mut world = World::new(BOLD, plenty()).await;
    {
        let mut kept = lock(&world.provider.kept);
        kept.mood = Mood::Lost;
        kept.settles_within = std::time::Duration::from_secs(60);
    }
    world.fires("disk_full", "web-1");
    world.passes(59).await;
    let run = only_run(&world);
    assert_eq!(run.state, RunState::Executing);
    assert!(run.reason.contains("on its way"), "{}", run.reason);
    assert!(lock(&world.provider.kept).begun.is_empty());
    world.passes(20).await;
    assert_eq!(lock(&world.provider.kept).begun.len(), 1);
    let whats = details_of(&world, &run).await;
    assert!(whats.contains(&"told_again".to_owned()), "{whats:?}");
}
