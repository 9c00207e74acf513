//! The suite of what chats were told of runs.

use tocsin_domain::automation::{Run, RunId, RunNotice, RunState};
use tocsin_domain::ports::{AutomationStore, Committed, RunNotices, StoreError};

use super::automation_runs::{commit, run, step};

/// The suite of [`RunNotices`], with an empty store.
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn run_notices<S>(store: &S) -> Result<(), StoreError>
where
    S: RunNotices + AutomationStore,
{
    let first = run(1, "web-1", RunState::AwaitingApproval);
    let second = run(2, "web-2", RunState::AwaitingApproval);
    for new in [&first, &second, &run(3, "web-3", RunState::Proposed)] {
        go(store, new, 0).await?;
    }
    assert_eq!(
        told(store, 0, 10).await?,
        [(first.id, None), (second.id, None)]
    );
    assert_eq!(told(store, 0, 1).await?, [(first.id, None)]);

    // What is on its way to be posted shows nothing yet.
    let posting = RunNotice {
        run: first.id,
        reference: None,
        shown: 0,
        posting_ms: Some(7),
        attempts: 1,
        due_ms: 100,
    };
    store.put_run_notice(posting.clone()).await?;
    assert_eq!(told(store, 99, 10).await?, [(second.id, None)]);
    let both = [(second.id, None), (first.id, Some(posting.clone()))];
    assert_eq!(told(store, 100, 10).await?, both);
    assert_eq!(told(store, 100, 1).await?, [(second.id, None)]);

    // What is shown is told no more, until the run goes on.
    let shown = RunNotice {
        reference: Some("C1 \"1.2\"".into()),
        shown: 1,
        posting_ms: None,
        attempts: 0,
        ..posting
    };
    store.put_run_notice(shown.clone()).await?;
    assert_eq!(told(store, 1000, 10).await?, [(second.id, None)]);
    let approved = Run {
        state: RunState::Approved,
        ..first.clone()
    };
    go(store, &approved, 1).await?;
    let behind = (first.id, Some(shown.clone()));
    assert_eq!(
        told(store, 1000, 10).await?,
        [(second.id, None), behind.clone()]
    );
    // It went on once more while the second event was told.
    go(store, &approved, 2).await?;
    let late = RunNotice { shown: 2, ..shown };
    store.put_run_notice(late.clone()).await?;
    let behind = (first.id, Some(late.clone()));
    assert_eq!(told(store, 1000, 10).await?, [(second.id, None), behind]);
    store.put_run_notice(RunNotice { shown: 3, ..late }).await?;
    assert_eq!(told(store, 1000, 10).await?, [(second.id, None)]);

    forgetting(store, &second).await
}

/// What waits no longer and was never told is not told, and a notice goes with its run.
async fn forgetting<S>(store: &S, second: &Run) -> Result<(), StoreError>
where
    S: RunNotices + AutomationStore,
{
    let expired = Run {
        state: RunState::Expired,
        finished_ms: Some(5000),
        ..second.clone()
    };
    go(store, &expired, 1).await?;
    assert_eq!(told(store, 1000, 10).await?, []);

    let known = RunNotice {
        run: second.id,
        reference: Some("C1 2".into()),
        shown: 1,
        posting_ms: None,
        attempts: 0,
        due_ms: 0,
    };
    store.put_run_notice(known).await?;
    assert_eq!(store.forget_runs(5001).await?, 1);
    assert_eq!(told(store, 1000, 10).await?, []);
    // One with the same id is new. The log keeps its entries, so another time has others.
    let again = Run {
        updated_ms: second.updated_ms + 77,
        ..second.clone()
    };
    go(store, &again, 0).await?;
    assert_eq!(told(store, 1000, 10).await?, [(second.id, None)]);
    Ok(())
}

async fn go<S: AutomationStore>(store: &S, run: &Run, after: u64) -> Result<(), StoreError> {
    let kept = store.commit_automation(commit(vec![step(run, after)]));
    assert_eq!(kept.await?, Committed::Done);
    Ok(())
}

async fn told<S: RunNotices>(
    store: &S,
    now_ms: i64,
    limit: usize,
) -> Result<Vec<(RunId, Option<RunNotice>)>, StoreError> {
    let found = store.runs_to_tell(now_ms, limit).await?;
    Ok(found
        .into_iter()
        .map(|(run, notice)| (run.id, notice))
        .collect())
}
