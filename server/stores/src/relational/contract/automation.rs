//! The suite of the store of automation: steps of runs and everything that belongs to them.

use tocsin_domain::automation::{
    Channel, Plan, PlanHash, Run, RunId, RunState, ThrottleState, Verdict, Verification, Vote,
};
use tocsin_domain::ports::{
    AuditFilter, AuditLog, AutomationCommit, AutomationStore, Committed, OUTPUT_BYTES_MAX,
    RuleRecord, RunFilter, RunScope, StoreError,
};

use super::automation_runs::{alert, commit, plan, run, step};
pub use super::automation_settings::settings;

/// The suite of [`AutomationStore`]; what is audited is in the log of the same store.
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn automation<S>(store: &S) -> Result<(), StoreError>
where
    S: AutomationStore + AuditLog,
{
    positions(store).await?;
    keeping(store).await?;
    refusing(store).await?;
    lists(store).await?;
    outputs(store).await?;
    records(store).await?;
    throttles(store).await?;
    forgetting(store).await
}

async fn positions<S: AutomationStore>(store: &S) -> Result<(), StoreError> {
    let at = |position| AutomationCommit {
        position,
        ..AutomationCommit::default()
    };
    assert_eq!(store.automation_position().await?, None);
    for (position, expected) in [(None, None), (Some(7), Some(7)), (Some(3), Some(7))] {
        assert_eq!(
            store.commit_automation(at(position)).await?,
            Committed::Done
        );
        assert_eq!(
            store.automation_position().await?,
            expected,
            "it never goes back"
        );
    }
    Ok(())
}

/// What is kept comes back as it was, with all that belongs to it.
async fn keeping<S: AutomationStore + AuditLog>(store: &S) -> Result<(), StoreError> {
    let first = run(1, "web-1", RunState::Proposed);
    assert_eq!(store.run(first.id).await?, None);
    assert_eq!(
        store
            .commit_automation(commit(vec![step(&first, 0)]))
            .await?,
        Committed::Done
    );
    assert_eq!(store.run(first.id).await?, Some(first.clone()));
    assert_eq!(store.plan(first.id).await?, None);

    let plan = plan(&first);
    let mut planned = step(
        &Run {
            state: RunState::AwaitingApproval,
            ..first.clone()
        },
        1,
    );
    planned.plan = Some(plan.clone());
    assert_eq!(
        store.commit_automation(commit(vec![planned])).await?,
        Committed::Done
    );
    let kept = store.plan(first.id).await?;
    let bytes = kept.as_ref().map(Plan::canonical_bytes);
    assert_eq!(bytes, Some(plan.canonical_bytes()), "its hash is the same");
    assert_eq!(kept, Some(plan.clone()));

    keeping_votes(store, &first, plan).await
}

/// What people said and every event come back, and a plan is written once.
async fn keeping_votes<S: AutomationStore + AuditLog>(
    store: &S,
    first: &Run,
    plan: Plan,
) -> Result<(), StoreError> {
    let vote = Vote {
        run: first.id,
        plan: PlanHash([1; 32]),
        stage: 2,
        actor: "ana".into(),
        verdict: Verdict::Approve,
        comment: "it's fine".into(),
        channel: Channel::Slack,
        at_ms: 9,
    };
    let mut voted = step(
        &Run {
            state: RunState::Approved,
            ..first.clone()
        },
        2,
    );
    voted.vote = Some(vote.clone());
    assert_eq!(
        store.commit_automation(commit(vec![voted.clone()])).await?,
        Committed::Done
    );
    assert_eq!(store.votes(first.id).await?, [vote]);
    let events = store.run_events(first.id).await?;
    let seqs: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert_eq!((seqs, events.last()), (vec![1, 2, 3], voted.events.last()));
    assert_eq!(
        (events[0].from, events[1].from),
        (None, Some(RunState::Proposed))
    );
    let log = store.page(&AuditFilter::default(), None, 100).await?;
    let its = log
        .iter()
        .filter(|entry| entry.subject == format!("run:{}", first.id));
    assert_eq!(its.count(), 3, "each step has its entry");

    // A plan is written once: a step that brings another is refused whole.
    let mut again = step(
        &Run {
            state: RunState::Cancelled,
            ..first.clone()
        },
        3,
    );
    again.plan = Some(plan);
    assert!(store.commit_automation(commit(vec![again])).await.is_err());
    let kept = store.run(first.id).await?;
    assert_eq!(
        kept.map(|run| (run.state, run.seq)),
        Some((RunState::Approved, 3))
    );
    // Times may change without an event.
    let mut quiet = step(
        &Run {
            next: None,
            owed: Vec::new(),
            ..voted.run
        },
        3,
    );
    quiet.run.seq = 3;
    quiet.events.clear();
    quiet.audit.clear();
    assert_eq!(
        store.commit_automation(commit(vec![quiet])).await?,
        Committed::Done
    );
    let kept = store.run(first.id).await?;
    assert_eq!(kept.map(|run| (run.seq, run.due_ms())), Some((3, None)));
    Ok(())
}

/// What cannot be is refused, and nothing of the commit is kept.
async fn refusing<S: AutomationStore + AuditLog>(store: &S) -> Result<(), StoreError> {
    let known = run(1, "web-1", RunState::Approved);
    let new = run(2, "web-2", RunState::Proposed);
    let entries = store.page(&AuditFilter::default(), None, 1000).await?.len();
    let late = AutomationCommit {
        position: Some(100),
        ..commit(vec![step(&new, 0), step(&known, 1)])
    };
    for stale in [late, commit(vec![step(&new, 0), step(&known, 0)])] {
        assert_eq!(
            store.commit_automation(stale).await?,
            Committed::Stale(known.id)
        );
    }
    assert_eq!(
        store.commit_automation(commit(vec![step(&new, 5)])).await?,
        Committed::Stale(new.id)
    );
    assert_eq!(store.run(new.id).await?, None);
    assert_eq!(store.automation_position().await?, Some(7));
    assert_eq!(
        store.page(&AuditFilter::default(), None, 1000).await?.len(),
        entries
    );

    holding(store, &known, &new).await
}

/// One run of a rule, its targets and an episode goes on at a time, and one does something to a target.
async fn holding<S: AutomationStore>(store: &S, known: &Run, new: &Run) -> Result<(), StoreError> {
    let mut twin = known.clone();
    twin.id = RunId::of("clean", &known.targets, known.episode, 1);
    let proposed = commit(vec![step(&twin, 0)]);
    assert_eq!(
        store.commit_automation(proposed.clone()).await?,
        Committed::Twin(known.id)
    );

    // The second target is that of the other.
    let begins = step(
        &Run {
            state: RunState::Executing,
            ..known.clone()
        },
        3,
    );
    assert_eq!(
        store.commit_automation(commit(vec![begins])).await?,
        Committed::Done
    );
    assert_eq!(
        store.commit_automation(commit(vec![step(new, 0)])).await?,
        Committed::Done
    );
    let also = commit(vec![step(
        &Run {
            state: RunState::Executing,
            ..new.clone()
        },
        1,
    )]);
    assert_eq!(
        store.commit_automation(also.clone()).await?,
        Committed::Held(known.id)
    );
    let verifies = step(
        &Run {
            state: RunState::Verifying,
            ..known.clone()
        },
        4,
    );
    assert_eq!(
        store.commit_automation(commit(vec![verifies])).await?,
        Committed::Done
    );
    assert_eq!(
        store.commit_automation(also.clone()).await?,
        Committed::Held(known.id)
    );
    let over = Run {
        state: RunState::Succeeded,
        finished_ms: Some(5000),
        executed_ms: Some(4000),
        verification: Some(Verification::Held),
        next: None,
        owed: Vec::new(),
        ..known.clone()
    };
    assert_eq!(
        store
            .commit_automation(commit(vec![step(&over, 5)]))
            .await?,
        Committed::Done
    );
    assert_eq!(store.commit_automation(also).await?, Committed::Done);
    assert_eq!(store.commit_automation(proposed).await?, Committed::Done);
    Ok(())
}

async fn lists<S: AutomationStore>(store: &S) -> Result<(), StoreError> {
    let all = store.runs(&RunFilter::default(), None, 10).await?;
    assert_eq!(all.len(), 3);
    assert!(
        all.windows(2).all(|two| two[0].id > two[1].id),
        "newest first"
    );
    let page = store
        .runs(&RunFilter::default(), Some(all[0].id), 1)
        .await?;
    assert_eq!(page, all[1..2]);
    let one = |change: fn(&mut RunFilter)| {
        let mut filter = RunFilter::default();
        change(&mut filter);
        async move {
            let found = store.runs(&filter, None, 10).await?.len();
            assert_eq!(store.count_runs(&filter).await?, found as u64);
            Ok::<_, StoreError>(found)
        }
    };
    assert_eq!(
        one(|f| f.states = vec![RunState::Executing, RunState::Succeeded]).await?,
        2
    );
    assert_eq!(one(|f| f.rule = Some("clean".into())).await?, 3);
    assert_eq!(one(|f| f.rule = Some("other".into())).await?, 0);
    assert_eq!(one(|f| f.alert = Some(alert(1))).await?, 2);
    assert_eq!(one(|f| f.provider = Some("scripts".into())).await?, 3);
    assert_eq!(one(|f| f.group = Some("host=\"web-2\"".into())).await?, 1);
    assert_eq!(one(|f| f.from_ms = Some(2000)).await?, 1);
    assert_eq!(one(|f| f.to_ms = Some(2000)).await?, 2);

    let due = store.due_runs(1010, 10).await?;
    assert_eq!(
        due.iter().map(|run| run.state).collect::<Vec<_>>(),
        [RunState::Approved]
    );
    assert_eq!(store.due_runs(i64::MAX, 10).await?.len(), 2);
    assert_eq!(store.due_runs(i64::MAX, 1).await?.len(), 1);
    assert_eq!(store.next_automation_due_ms(1010).await?, Some(2010));
    assert_eq!(store.next_automation_due_ms(2010).await?, None);
    Ok(())
}

async fn outputs<S: AutomationStore>(store: &S) -> Result<(), StoreError> {
    let id = run(1, "web-1", RunState::Approved).id;
    assert_eq!(store.run_output(id, 0).await?, (String::new(), 0));
    store.append_run_output(id, 0, "über\n").await?;
    store.append_run_output(id, 0, "über\n").await?;
    store.append_run_output(id, 6, "next\n").await?;
    store.append_run_output(id, 99, "lost\n").await?;
    assert_eq!(
        store.run_output(id, 0).await?,
        ("über\nnext\n".to_owned(), 11)
    );
    assert_eq!(store.run_output(id, 6).await?, ("next\n".to_owned(), 11));
    assert_eq!(store.run_output(id, 8).await?, ("xt\n".to_owned(), 11));
    assert_eq!(store.run_output(id, u64::MAX).await?, (String::new(), 11));
    let much = "é".repeat(usize::try_from(OUTPUT_BYTES_MAX).unwrap_or(0));
    store.append_run_output(id, 11, &much).await?;
    let (_, length) = store.run_output(id, 11).await?;
    assert!(
        length <= OUTPUT_BYTES_MAX && length > OUTPUT_BYTES_MAX - 2,
        "{length}"
    );
    Ok(())
}

async fn records<S: AutomationStore>(store: &S) -> Result<(), StoreError> {
    assert_eq!(store.executed_since(RunScope::All, 4000).await?, 1);
    assert_eq!(store.executed_since(RunScope::All, 4001).await?, 0);
    assert_eq!(
        store
            .executed_since(RunScope::Provider("scripts"), 0)
            .await?,
        1
    );
    assert_eq!(
        store.executed_since(RunScope::Provider("other"), 0).await?,
        0
    );
    assert_eq!(store.executed_since(RunScope::Rule("clean"), 0).await?, 1);
    assert_eq!(store.executed_since(RunScope::Rule("other"), 0).await?, 0);
    let expected = RuleRecord {
        executed: 1,
        succeeded: 1,
        verified: 1,
        failed_in_a_row: 0,
    };
    assert_eq!(store.rule_record("clean", 3).await?, expected);
    for number in [10_u64, 11] {
        let failed = Run {
            executed_ms: Some(6000),
            finished_ms: Some(7000 + number.cast_signed()),
            verification: Some(Verification::Failed),
            ..run(number, "web-9", RunState::Failed)
        };
        assert_eq!(
            store
                .commit_automation(commit(vec![step(&failed, 0)]))
                .await?,
            Committed::Done
        );
    }
    let expected = RuleRecord {
        executed: 3,
        failed_in_a_row: 2,
        ..expected
    };
    assert_eq!(store.rule_record("clean", 3).await?, expected);
    assert_eq!(
        store.rule_record("clean", 4).await?.failed_in_a_row,
        0,
        "of this version"
    );
    assert_eq!(store.rule_record("other", 1).await?, RuleRecord::default());
    Ok(())
}

async fn throttles<S: AutomationStore>(store: &S) -> Result<(), StoreError> {
    let state = |group: &str, due_ms| ThrottleState {
        rule: "clean".into(),
        group: group.into(),
        since_ms: 1,
        alerts: vec![alert(1), alert(2)],
        due_ms,
        ends_ms: 3,
    };
    let commit = |throttles, over| AutomationCommit {
        throttles,
        over,
        ..AutomationCommit::default()
    };
    let both = vec![state("a", None), state("b", Some(90_000))];
    store
        .commit_automation(commit(both.clone(), Vec::new()))
        .await?;
    assert_eq!(store.throttles().await?, both);
    assert_eq!(store.next_automation_due_ms(80_000).await?, Some(90_000));
    let over = vec![("clean".to_owned(), "b".to_owned())];
    store
        .commit_automation(commit(vec![state("a", Some(5))], over))
        .await?;
    assert_eq!(store.throttles().await?, [state("a", Some(5))]);
    Ok(())
}

async fn forgetting<S: AutomationStore + AuditLog>(store: &S) -> Result<(), StoreError> {
    let first = run(1, "web-1", RunState::Approved).id;
    let entries = store.page(&AuditFilter::default(), None, 1000).await?.len();
    assert_eq!(store.forget_runs(5000).await?, 0);
    assert_eq!(store.forget_runs(5001).await?, 1);
    assert_eq!(store.run(first).await?, None);
    assert_eq!(
        (store.plan(first).await?, store.votes(first).await?),
        (None, Vec::new())
    );
    assert_eq!(store.run_events(first).await?, []);
    assert_eq!(store.run_output(first, 0).await?, (String::new(), 0));
    assert_eq!(
        store.page(&AuditFilter::default(), None, 1000).await?.len(),
        entries,
        "the log keeps its entries"
    );
    assert_eq!(store.runs(&RunFilter::default(), None, 10).await?.len(), 4);
    Ok(())
}
