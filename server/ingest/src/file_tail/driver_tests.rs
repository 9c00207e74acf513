//! The driver end to end: a real folder, a bus that may be full, positions that are kept.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tocsin_domain::metric::{Feedback, MetricBatch};
use tocsin_domain::ports::{BusError, Clock, FilePosition, Intake, PositionStore, StoreError};
use tocsin_domain::{LogBatch, Timestamp};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;
use crate::door::Door;

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        Timestamp(now.as_nanos() as i64)
    }
}

#[derive(Default)]
struct Kept {
    bodies: Mutex<Vec<String>>,
    positions: Mutex<Vec<FilePosition>>,
    is_full: Mutex<bool>,
}

#[async_trait]
impl Intake for Kept {
    async fn accept(&self, batches: Vec<LogBatch>) -> Result<(), BusError> {
        if *self.is_full.lock().unwrap() {
            return Err(BusError::Full {
                used_bytes: 1,
                limit_bytes: 1,
                retry_after: Duration::from_millis(20),
            });
        }
        for batch in &batches {
            assert_eq!(&*batch.hosts[batch.records[0].host as usize], "here");
            let texts = batch.records.iter().map(|record| batch.body(record));
            let texts = texts.map(|text| String::from_utf8_lossy(text).into_owned());
            self.bodies.lock().unwrap().extend(texts);
        }
        Ok(())
    }

    async fn accept_metrics(&self, _: Vec<MetricBatch>) -> Result<(), BusError> {
        Err(BusError::Closed)
    }

    async fn accept_feedback(&self, _: Feedback) -> Result<(), BusError> {
        Err(BusError::Closed)
    }
}

#[async_trait]
impl PositionStore for Kept {
    async fn load_positions(&self) -> Result<Vec<FilePosition>, StoreError> {
        Ok(self.positions.lock().unwrap().clone())
    }

    async fn save_positions(&self, positions: Vec<FilePosition>) -> Result<(), StoreError> {
        let mut kept = self.positions.lock().unwrap();
        for position in positions {
            kept.retain(|kept| kept.inode != position.inode);
            kept.push(position);
        }
        Ok(())
    }

    async fn forget_positions(&self, files: Vec<(u64, u64)>) -> Result<(), StoreError> {
        let mut kept = self.positions.lock().unwrap();
        kept.retain(|kept| !files.contains(&(kept.device, kept.inode)));
        Ok(())
    }
}

fn start(kept: &Arc<Kept>, folder: &Path) -> (TaskTracker, CancellationToken, StatusBoard) {
    let config = FileTailConfig {
        paths: vec![format!("{}/*.log", folder.display())],
        start_at: StartAt::Beginning,
        poll_ms: 10,
        discover_ms: 10,
        flush_ms: 20,
        ..FileTailConfig::default()
    };
    let door = Door {
        intake: kept.clone(),
        clock: Arc::new(Fixed),
        random: Arc::new(|| [7; 10]),
    };
    let board = StatusBoard::default();
    let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
    FileTail::new(config, "here", board.clone(), kept.clone(), door)
        .spawn(&tracker, shutdown.clone());
    (tracker, shutdown, board)
}

async fn wait_for(kept: &Kept, count: usize) {
    for _ in 0..1000 {
        if kept.bodies.lock().unwrap().len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("only {:?} came", kept.bodies.lock().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_driver_waits_for_a_full_bus_and_saves_only_what_was_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let kept = Arc::new(Kept::default());
    fs::write(folder.path().join("a.log"), "one\n").unwrap();
    let (tracker, shutdown, board) = start(&kept, folder.path());
    wait_for(&kept, 1).await;
    *kept.is_full.lock().unwrap() = true;
    fs::write(folder.path().join("b.log"), "two\n").unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let known = kept.positions.lock().unwrap().len();
    assert_eq!(known, 1, "nothing is saved of what was not accepted");
    shutdown.cancel();
    tracker.close();
    tokio::time::timeout(Duration::from_secs(10), tracker.wait())
        .await
        .unwrap();
    assert_eq!(board.snapshot().len(), 2);

    *kept.is_full.lock().unwrap() = false;
    let (tracker, shutdown, _) = start(&kept, folder.path());
    wait_for(&kept, 2).await;
    shutdown.cancel();
    tracker.close();
    tracker.wait().await;
    assert_eq!(*kept.bodies.lock().unwrap(), ["one", "two"]);
}
