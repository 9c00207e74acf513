//! What every store of jobs must do.

use tocsin_domain::Timestamp;
use tocsin_domain::job::{Claimed, Ending, Job, JobId, JobStatus, Progress, Schedule};
use tocsin_domain::ports::{Created, JobFilter, JobStore, Replaced, StoreError};

fn job(number: i64) -> Job {
    let id = JobId::new(Timestamp::from_millis(1_700_000_000_000 + number), [0; 10]);
    let mut job = Job::new(id, "delete_logs", "{}".to_owned(), Timestamp(number));
    job.asked_by = "ana".to_owned();
    job.attempts_max = 3;
    job
}

/// The job after `replace`.
fn kept(mut job: Job) -> Job {
    job.revision += 1;
    job
}

/// The suite of [`JobStore`], on jobs.
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn jobs(store: &dyn JobStore) -> Result<(), StoreError> {
    pages(store).await?;
    revisions(store).await?;
    keys(store).await?;
    ready(store).await?;
    removal(store).await
}

async fn pages(store: &dyn JobStore) -> Result<(), StoreError> {
    let all = JobFilter::default();
    assert_eq!(
        store.replace(&job(0)).await?,
        Replaced::Changed,
        "not there"
    );
    for number in 0..5 {
        assert_eq!(store.create(job(number)).await?, Created::New);
    }
    let taken = store.create(job(0)).await;
    assert!(matches!(taken, Err(StoreError::Invalid(_))), "{taken:?}");
    let mut done = job(1);
    done.claim("w-1", Timestamp(50), Timestamp(80));
    done.progress = Progress::of(7, u64::from(u32::MAX) * 9, "it's \u{1f514}");
    done.checkpoint = Some("at 7".to_owned());
    done.finish(
        1,
        Timestamp(99),
        Ending::Done(r#"{"deleted":7}"#.to_owned()),
    );
    done.schedule = Some("nightly".to_owned());
    assert_eq!(store.replace(&done).await?, Replaced::Yes);
    let mut failed = job(2);
    failed.kind = "re_embed".to_owned();
    failed.claim("w-1", Timestamp(50), Timestamp(80));
    let error = "the disk is full".to_owned();
    failed.finish(1, Timestamp(60), Ending::Refused(error));
    assert_eq!(store.replace(&failed).await?, Replaced::Yes);
    let (done, failed) = (kept(done), kept(failed));
    assert_eq!(store.get(done.id).await?, Some(done.clone()));
    assert_eq!(store.get(job(9).id).await?, None);
    let two = store.list(&all, None, 2).await?;
    assert_eq!(two, [job(4), job(3)], "newest first");
    let rest = store.list(&all, Some(job(3).id), 9).await?;
    assert_eq!(rest, [failed.clone(), done.clone(), job(0)]);
    let of = |statuses: &[JobStatus], kinds: &[&str], schedule: Option<&str>| JobFilter {
        statuses: statuses.to_vec(),
        kinds: kinds.iter().map(ToString::to_string).collect(),
        schedule: schedule.map(str::to_owned),
    };
    let finished = [JobStatus::Succeeded, JobStatus::Failed];
    for (filter, found) in [
        (of(&finished, &[], None), vec![&failed, &done]),
        (of(&finished, &["delete_logs"], None), vec![&done]),
        (of(&[], &["x", "re_embed"], None), vec![&failed]),
        (of(&[], &[], Some("nightly")), vec![&done]),
    ] {
        let page = store.list(&filter, None, 9).await?;
        assert_eq!(page.iter().collect::<Vec<_>>(), found, "{filter:?}");
    }
    let counts = store.counts().await?;
    let row = |kind: &str, status, count| (kind.to_owned(), status, count);
    let expected = [
        row("delete_logs", JobStatus::Queued, 3),
        row("delete_logs", JobStatus::Succeeded, 1),
        row("re_embed", JobStatus::Failed, 1),
    ];
    assert_eq!(counts, expected);
    Ok(())
}

async fn revisions(store: &dyn JobStore) -> Result<(), StoreError> {
    let read = store.get(job(3).id).await?;
    let Some(read) = read else {
        return Err(StoreError::Corrupt("job 3 is gone".to_owned()));
    };
    // Two read the same, and both change it: one is told that it came too late.
    let (mut mine, mut theirs) = (read.clone(), read);
    assert_eq!(theirs.cancel(Timestamp(5)), Ok(()));
    assert_eq!(mine.claim("w", Timestamp(5), Timestamp(9)), Claimed::Taken);
    assert_eq!(store.replace(&theirs).await?, Replaced::Yes);
    assert_eq!(store.replace(&mine).await?, Replaced::Changed);
    assert_eq!(store.get(mine.id).await?, Some(kept(theirs)));
    Ok(())
}

async fn keys(store: &dyn JobStore) -> Result<(), StoreError> {
    let with = |number, unique: Option<&str>, once: Option<&str>| {
        let mut job = job(number);
        job.unique_key = unique.map(str::to_owned);
        job.once_key = once.map(str::to_owned);
        job
    };
    let first = with(10, Some("u"), Some("o"));
    assert_eq!(store.create(first.clone()).await?, Created::New);
    let known = Created::Known(first.id);
    assert_eq!(store.create(with(11, Some("u"), None)).await?, known);
    assert_eq!(store.create(with(11, None, Some("o"))).await?, known);
    assert_eq!(store.get(job(11).id).await?, None, "nothing was kept");
    let mut over = first;
    assert_eq!(over.cancel(Timestamp(3)), Ok(()));
    assert_eq!(store.replace(&over).await?, Replaced::Yes);
    let second = with(11, Some("u"), None);
    assert_eq!(
        store.create(second.clone()).await?,
        Created::New,
        "the key is free"
    );
    assert_eq!(
        store.create(with(12, None, Some("o"))).await?,
        known,
        "for ever"
    );
    let mut again = kept(over);
    assert_eq!(again.retry(Timestamp(4)), Ok(()));
    assert_eq!(store.replace(&again).await?, Replaced::Taken);
    let mut over = second;
    assert_eq!(over.cancel(Timestamp(3)), Ok(()));
    assert_eq!(store.replace(&over).await?, Replaced::Yes);
    Ok(())
}

async fn ready(store: &dyn JobStore) -> Result<(), StoreError> {
    let kinds = ["wait".to_owned(), "other".to_owned()];
    let at = |number, due| {
        let mut job = job(number);
        job.kind = "wait".to_owned();
        job.due_at = Timestamp(due);
        job
    };
    let mut lapsed = at(20, 40);
    lapsed.claim("w", Timestamp(40), Timestamp(90));
    let mut held = at(21, 30);
    held.claim("w", Timestamp(30), Timestamp(100));
    for job in [&lapsed, &held, &at(22, 100), &at(23, 101), &at(24, 20)] {
        assert_eq!(store.create(job.clone()).await?, Created::New);
    }
    let found = store.ready(&kinds, Timestamp(100), 9).await?;
    assert_eq!(found, [at(24, 20), lapsed, at(22, 100)]);
    let found = store.ready(&kinds, Timestamp(100), 1).await?;
    assert_eq!(found, [at(24, 20)]);
    assert_eq!(store.ready(&[], Timestamp(100), 9).await?, []);
    assert_eq!(store.ready(&kinds[1..], Timestamp(100), 9).await?, []);
    Ok(())
}

async fn removal(store: &dyn JobStore) -> Result<(), StoreError> {
    assert!(!store.remove(job(0).id).await?, "it waits");
    assert!(!store.remove(job(99).id).await?);
    assert!(store.remove(job(2).id).await?);
    assert_eq!(store.get(job(2).id).await?, None);
    // Of those that ended, only what a schedule asked for and what succeeded is old at 100.
    let gone = store.forget_jobs(Timestamp(1), Timestamp(100)).await?;
    assert_eq!(gone, 1);
    assert_eq!(store.get(job(1).id).await?, None);
    let gone = store.forget_jobs(Timestamp(100), Timestamp(100)).await?;
    assert_eq!(gone, 3, "10 and 11 were called off, and 3");
    Ok(())
}

/// The suite of [`JobStore`], on schedules.
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn schedules(store: &dyn JobStore) -> Result<(), StoreError> {
    let schedule = |name: &str| Schedule {
        name: name.to_owned(),
        kind: "cleanup".to_owned(),
        parameters: r#"{"what":"logs"}"#.to_owned(),
        cron: "*/5 * * * *".to_owned(),
        is_paused: false,
        seen_until: Timestamp(7),
        last_job: None,
        revision: 0,
    };
    assert_eq!(store.schedules().await?, []);
    assert!(!store.replace_schedule(&schedule("b")).await?, "not there");
    assert!(store.create_schedule(&schedule("b")).await?);
    assert!(store.create_schedule(&schedule("a")).await?);
    assert!(!store.create_schedule(&schedule("a")).await?);
    let mut paused = schedule("a");
    paused.is_paused = true;
    paused.seen_until = Timestamp(i64::MAX);
    paused.last_job = Some(JobId(u128::MAX));
    assert!(store.replace_schedule(&paused).await?);
    assert!(!store.replace_schedule(&schedule("a")).await?, "too late");
    paused.revision = 1;
    assert_eq!(store.schedules().await?, [paused, schedule("b")]);
    assert!(store.remove_schedule("b").await?);
    assert!(!store.remove_schedule("b").await?);
    assert!(store.remove_schedule("a").await?);
    Ok(())
}
