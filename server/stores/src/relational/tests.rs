//! The suites on SQLite, and what is its own: restarts, schemas, files that are no database.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use tocsin_domain::Timestamp;
use tocsin_domain::job::{Claimed, JobId};
use tocsin_domain::ports::{
    FilePosition, JobStore, PositionStore, Replaced, RootCauseStore, ThreadStore,
};

use super::*;

async fn store() -> (tempfile::TempDir, PathBuf, RelationalStore) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made/tocsin.db");
    let store = RelationalStore::open_sqlite(&path).await.unwrap();
    (folder, path, store)
}

#[tokio::test]
async fn sqlite_keeps_the_contracts() {
    let (_folder, _, store) = store().await;
    contract::templates(&store).await.unwrap();
    contract::audit(&store).await.unwrap();
    contract::jobs::jobs(&store).await.unwrap();
    contract::jobs::schedules(&store).await.unwrap();
    contract::positions(&store).await.unwrap();
    contract::sessions(&store).await.unwrap();
    contract::findings::anomalies(&store).await.unwrap();
    contract::findings::predictions(&store).await.unwrap();
    contract::alerts::alerts(&store).await.unwrap();
    contract::rules::alert_rules(&store).await.unwrap();
    contract::rules::classification_rules(&store).await.unwrap();
    contract::subscriptions::subscriptions(&store)
        .await
        .unwrap();
    contract::tickets::tickets(&store).await.unwrap();
    contract::changes::changes(&store).await.unwrap();
    contract::root_causes::root_causes(&store).await.unwrap();
    contract::threads::threads(&store).await.unwrap();
    contract::model_ledger::model_ledger(&store).await.unwrap();
    contract::automation::automation(&store).await.unwrap();
    contract::automation::settings(&store).await.unwrap();
    contract::leases::leases(&store).await.unwrap();
    contract::signals::signals(&store).await.unwrap();
}

#[tokio::test]
async fn what_chats_were_told_of_runs_is_kept() {
    let (_folder, _, store) = store().await;
    contract::run_notices::run_notices(&store).await.unwrap();
}

#[tokio::test]
async fn many_that_want_a_lease_or_tell_signals_do_not_cross() {
    let (_folder, _, store) = store().await;
    contract::leases::one_of_many(&store).await.unwrap();
    contract::signals::told_at_once(&store).await.unwrap();
}

/// What the version before the queue wrote is taken up: nothing that was asked for is forgotten.
#[tokio::test]
async fn jobs_that_an_older_version_left_are_taken_up() {
    let (_folder, _, store) = store().await;
    for (number, status) in [(1, "queued"), (2, "running"), (3, "failed")] {
        let id = JobId::new(Timestamp::from_millis(number), [0; 10]).to_string();
        let finished = (status == "failed").then_some(9_i64);
        sql::query(
            "INSERT INTO jobs (id, kind, status, created_at, finished_at, parameters) \
             VALUES ($1, 'delete_logs', $2, 1, $3, '{}')",
        )
        .bind(id)
        .bind(status)
        .bind(finished)
        .execute(&store.pool)
        .await
        .unwrap();
    }
    let kinds = ["delete_logs".to_owned()];
    let mut found = store.ready(&kinds, Timestamp(100), 9).await.unwrap();
    assert_eq!(found.len(), 2);
    for job in &mut found {
        let claimed = job.claim("w", Timestamp(100), Timestamp(200));
        assert_eq!(claimed, Claimed::Taken);
        assert_eq!(store.replace(job).await.unwrap(), Replaced::Yes);
    }
    store.close().await;
}

#[tokio::test]
async fn file_names_that_are_not_utf8_come_back() {
    let (_folder, path, store) = store().await;
    let position = FilePosition {
        path: PathBuf::from(OsStr::from_bytes(b"/var/log/\xff\xfe")),
        device: 1,
        inode: 2,
        fingerprint: 3,
        fingerprint_bytes: 4,
        offset: 5,
    };
    store.save_positions(vec![position.clone()]).await.unwrap();
    store.close().await;
    let again = RelationalStore::open_sqlite(&path).await.unwrap();
    assert_eq!(again.load_positions().await.unwrap(), [position]);
}

#[tokio::test]
async fn concurrent_writers_wait_for_each_other() {
    let (_folder, _, store) = store().await;
    let write = async |device: u64| {
        for inode in 0..10 {
            let position = FilePosition {
                path: PathBuf::from("/x"),
                device,
                inode,
                fingerprint: 0,
                fingerprint_bytes: 0,
                offset: 0,
            };
            store.save_positions(vec![position]).await.unwrap();
        }
    };
    tokio::join!(write(1), write(2), write(3), write(4), write(5), write(6));
    assert_eq!(store.load_positions().await.unwrap().len(), 60);
}

#[tokio::test]
async fn reports_that_come_at_once_have_numbers_of_their_own() {
    let (_folder, _, store) = store().await;
    let append = async |number: u8| {
        let report = contract::root_causes::report(number);
        store.append_root_cause(report).await.unwrap().revision
    };
    let (one, two, three, four) = tokio::join!(append(1), append(2), append(3), append(4));
    let mut revisions = [one, two, three, four];
    revisions.sort_unstable();
    assert_eq!(revisions, [1, 2, 3, 4]);
}

#[tokio::test]
async fn what_a_later_version_adds_to_an_answer_is_let_be() {
    let (_folder, path, store) = store().await;
    let question = contract::threads::question(1, 1, 1000);
    let answer = contract::threads::answer(&question, 2);
    let thread = contract::threads::thread(1, 1000);
    store.put_thread(thread).await.unwrap();
    store.add_message(answer.clone()).await.unwrap();
    let added = sql::query(
        "UPDATE thread_messages SET answer = json_set(answer, '$.mood', 'good', \
        '$.facts[0].mood', 'good', '$.steps[0].mood', 1)",
    );
    let added = added.execute(&store.pool).await.unwrap();
    assert_eq!(added.rows_affected(), 1);
    store.close().await;
    let again = RelationalStore::open_sqlite(&path).await.unwrap();
    assert_eq!(again.messages(answer.thread).await.unwrap(), [answer]);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_named_corrupt() {
    let (_folder, _, store) = store().await;
    let question = contract::threads::question(1, 1, 1000);
    let thread = contract::threads::thread(1, 1000);
    store.put_thread(thread).await.unwrap();
    let answer = contract::threads::answer(&question, 2);
    store.add_message(answer.clone()).await.unwrap();
    let broken = sql::query("UPDATE thread_messages SET answer = '{}'");
    broken.execute(&store.pool).await.unwrap();
    let refused = store.messages(answer.thread).await;
    assert!(
        matches!(refused, Err(StoreError::Corrupt(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let (_folder, path, store) = store().await;
    sql::query("INSERT INTO schema_versions (version) VALUES (999)")
        .execute(&store.pool)
        .await
        .unwrap();
    store.close().await;
    let refused = RelationalStore::open_sqlite(&path).await;
    assert!(
        matches!(refused, Err(StoreError::Invalid(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_corrupt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    std::fs::write(&path, vec![b'x'; 10_000]).unwrap();
    let refused = RelationalStore::open_sqlite(&path).await;
    assert!(
        matches!(refused, Err(StoreError::Corrupt(_))),
        "{refused:?}"
    );
}
