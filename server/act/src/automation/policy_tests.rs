//! Who may say yes to what.

use tocsin_domain::automation::{Channel, RunId};

use super::*;
use crate::automation::tests::plan::{plan, run};

fn ballot(plan: &Plan, actor: &str, verdict: Verdict) -> Ballot {
    Ballot {
        run: plan.run,
        plan: hash(plan),
        verdict,
        comment: String::new(),
        actor: actor.into(),
        channel: Channel::Api,
    }
}

fn stage(approvers: &[&str], count: u32) -> ApprovalStage {
    ApprovalStage {
        approvers: approvers.iter().map(|&name| name.into()).collect(),
        count,
    }
}

/// Lets people say yes one after the other; who was heard, and what became of it.
fn yes(plan: &Plan, actors: &[&str]) -> (Vec<bool>, Tally) {
    let run = run(plan, RunState::AwaitingApproval);
    let mut votes = Vec::new();
    let heard = actors.iter().map(|actor| {
        let heard = hear(
            (&run, plan),
            &votes,
            &ballot(plan, actor, Verdict::Approve),
            1,
        );
        heard.map(|vote| votes.push(vote)).is_ok()
    });
    (heard.collect(), tally(plan, hash(plan), &votes))
}

#[test]
fn stages_come_one_after_the_other_and_each_person_counts_once() {
    let mut plan = plan();
    plan.stages = vec![stage(&["ana", "bob"], 2), stage(&["eve"], 1)];
    let (heard, tally) = yes(&plan, &["eve", "ana", "ana", "bob", "ana", "eve"]);
    assert_eq!(heard, [false, true, false, true, false, true]);
    let all = ["ana", "bob", "eve"].map(String::from).to_vec();
    assert_eq!(tally, Tally::Granted(all));
}

#[test]
fn two_people_agree_and_neither_proposed_it() {
    let mut plan = plan();
    plan.stages = vec![stage(&[], 1)];
    plan.is_two_person = true;
    plan.proposer = "ana".into();
    let (heard, tally) = yes(&plan, &["ana", "bob", "bob"]);
    assert_eq!(heard, [false, true, false]);
    assert!(matches!(tally, Tally::Waiting { .. }));
    let (_, tally) = yes(&plan, &["bob", "eve"]);
    assert!(matches!(tally, Tally::Granted(_)));
    plan.stages = vec![stage(&["bob", "eve"], 1), stage(&["bob", "joe"], 1)];
    let (heard, tally) = yes(&plan, &["bob", "bob", "joe"]);
    assert_eq!(heard, [true, false, true]);
    assert!(matches!(tally, Tally::Granted(_)));
}

#[test]
fn who_is_not_known_agrees_only_where_anyone_may_and_never_as_one_of_two() {
    let mut plan = plan();
    plan.stages = vec![stage(&[], 1)];
    let (heard, tally) = yes(&plan, &["anonymous"]);
    assert_eq!(heard, [true]);
    assert!(matches!(tally, Tally::Granted(_)));
    plan.stages = vec![stage(&["anonymous", "ana"], 1)];
    let (heard, _) = yes(&plan, &["anonymous", "ana"]);
    assert_eq!(heard, [false, true]);
    plan.stages = vec![stage(&[], 1)];
    plan.is_two_person = true;
    let (heard, tally) = yes(&plan, &["ana", "anonymous"]);
    assert_eq!(heard, [true, false]);
    assert!(matches!(tally, Tally::Waiting { .. }));
}

#[test]
fn one_no_is_enough_and_only_from_those_who_may() {
    let mut plan = plan();
    plan.stages = vec![stage(&["ana", "bob"], 2)];
    let run = run(&plan, RunState::AwaitingApproval);
    let say = |actor, votes: &[Vote]| {
        hear(
            (&run, &plan),
            votes,
            &ballot(&plan, actor, Verdict::Reject),
            1,
        )
    };
    assert!(say("eve", &[]).is_err());
    let no = say("bob", &[]).unwrap();
    assert_eq!(
        tally(&plan, hash(&plan), &[no]),
        Tally::Refused("bob".into())
    );
}

#[test]
fn a_yes_is_to_one_plan_and_to_no_other() {
    let seen = plan();
    let vote = hear(
        (&run(&seen, RunState::AwaitingApproval), &seen),
        &[],
        &ballot(&seen, "ana", Verdict::Approve),
        1,
    );
    let votes = [vote.unwrap()];
    let approved = run(&seen, RunState::Approved);
    let leave = leave_to_execute((&approved, &seen), &votes, 1).unwrap();
    assert_eq!(
        (leave.by(), leave.kind()),
        (&["ana".to_owned()][..], CallKind::Execute)
    );
    assert!(leave_to_execute((&approved, &seen), &[], 1).is_err());

    // The plan is changed after it was approved: by its row, by both rows, by another run's.
    let mut other = seen.clone();
    other.targets.push("web-2".into());
    assert!(leave_to_execute((&approved, &other), &votes, 1).is_err());
    let moved = run(&other, RunState::Approved);
    assert!(leave_to_execute((&moved, &other), &votes, 1).is_err());
    let mut stolen = run(&seen, RunState::Approved);
    stolen.id = RunId(99);
    assert!(leave_to_execute((&stolen, &seen), &votes, 1).is_err());
    // And the vote is about what was seen.
    let run_of_other = run(&other, RunState::AwaitingApproval);
    let about_seen = ballot(&seen, "bob", Verdict::Approve);
    assert!(hear((&run_of_other, &other), &[], &about_seen, 1).is_err());
}

#[test]
fn leave_expires_and_is_of_the_state_that_the_run_is_in() {
    let mut plan = plan();
    plan.stages.clear();
    let approved = run(&plan, RunState::Approved);
    assert!(leave_to_execute((&approved, &plan), &[], plan.expires_ms - 1).is_ok());
    assert!(leave_to_execute((&approved, &plan), &[], plan.expires_ms).is_err());
    for state in RunState::ALL {
        let may = matches!(state, RunState::Approved | RunState::Executing);
        let leave = leave_to_execute((&run(&plan, *state), &plan), &[], 1);
        assert_eq!(leave.is_ok(), may, "{state:?}");
    }
    let mut undone = run(&plan, RunState::RollingBack);
    assert!(
        leave_to_roll_back((&undone, &plan), &[]).is_err(),
        "nothing was done"
    );
    undone.executed_ms = Some(1);
    let leave = leave_to_roll_back((&undone, &plan), &[]).unwrap();
    assert_eq!(leave.action(), plan.rollback.as_ref().unwrap());
    let mut dry = run(&plan, RunState::Approved);
    dry.is_dry_run = true;
    assert!(leave_to_execute((&dry, &plan), &[], 1).is_err());
}

#[test]
fn what_began_may_go_on_after_it_would_have_expired_but_only_with_leave() {
    let plan = Plan {
        stages: Vec::new(),
        ..plan()
    };
    let mut run = run(&plan, RunState::Executing);
    let go_on = |run: &Run, plan: &Plan, kind| leave_to_go_on((run, plan), &[], kind).is_ok();
    assert!(!go_on(&run, &plan, CallKind::Execute), "it never began");
    run.executed_ms = Some(1);
    assert!(go_on(&run, &plan, CallKind::Execute));
    assert!(!go_on(&run, &plan, CallKind::Rollback));
    let asked = Plan {
        stages: vec![stage(&["ana"], 1)],
        ..plan.clone()
    };
    run.plan = Some(hash(&asked));
    assert!(!go_on(&run, &asked, CallKind::Execute), "nobody agreed");
    run.plan = Some(hash(&plan));
    for state in [RunState::Approved, RunState::Verifying, RunState::Cancelled] {
        run.state = state;
        assert!(!go_on(&run, &plan, CallKind::Execute), "{state:?}");
    }
    run.state = RunState::RollingBack;
    assert!(go_on(&run, &plan, CallKind::Rollback));
    run.is_dry_run = true;
    assert!(!go_on(&run, &plan, CallKind::Rollback));
}
