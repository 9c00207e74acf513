//! The suites on SQLite, and what is its own: restarts, schemas, files that are no database.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use tocsin_domain::Timestamp;
use tocsin_domain::ports::{FilePosition, Job, JobId, JobStatus, JobStore, PositionStore};

use super::*;

async fn store() -> (tempfile::TempDir, PathBuf, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made/tocsin.db");
    let store = SqliteStore::open(&path).await.unwrap();
    (folder, path, store)
}

#[tokio::test]
async fn sqlite_keeps_the_contracts() {
    let (_folder, _, store) = store().await;
    contract::templates(&store).await.unwrap();
    contract::audit(&store).await.unwrap();
    contract::jobs(&store).await.unwrap();
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
}

fn job(number: i64, status: JobStatus) -> Job {
    Job {
        id: JobId::new(Timestamp::from_millis(number), [0; 10]),
        kind: "delete_logs".to_owned(),
        status,
        created_at: Timestamp(number),
        finished_at: None,
        parameters: "{}".to_owned(),
        result: None,
        error: None,
    }
}

#[tokio::test]
async fn jobs_left_by_a_crash_are_found_at_start() {
    let (_folder, path, store) = store().await;
    for (number, status) in (0..).zip(JobStatus::ALL) {
        store.create(job(number, status)).await.unwrap();
    }
    // Not closed: the write-ahead log is still there, as after a crash.
    let again = SqliteStore::open(&path).await.unwrap();
    let found = again.unfinished_jobs().await.unwrap();
    assert_eq!(
        found,
        [job(0, JobStatus::Queued), job(1, JobStatus::Running)]
    );
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
    let again = SqliteStore::open(&path).await.unwrap();
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
async fn a_database_of_a_newer_version_is_left_alone() {
    let (_folder, path, store) = store().await;
    sqlx::query("INSERT INTO schema_versions (version) VALUES (999)")
        .execute(&store.pool)
        .await
        .unwrap();
    store.close().await;
    let refused = SqliteStore::open(&path).await;
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
    let refused = SqliteStore::open(&path).await;
    assert!(
        matches!(refused, Err(StoreError::Corrupt(_))),
        "{refused:?}"
    );
}
