//! Drives the reader of files: time, threads, delivery, positions.

use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::LogBatch;
use tocsin_domain::ports::PositionStore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::FileTailConfig;
use super::file::Chunk;
use super::status::StatusBoard;
use super::tail::Tail;
use super::wake::Wake;
use crate::door::Door;

/// The least time between two rounds: what is written within it is read together.
const ROUND_PAUSE: Duration = Duration::from_millis(1);

/// Follows files until the server shuts down.
pub struct FileTail {
    config: FileTailConfig,
    host: String,
    board: StatusBoard,
    positions: Arc<dyn PositionStore>,
    door: Door,
}

impl std::fmt::Debug for FileTail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileTail")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl FileTail {
    /// `host` is the name of this machine, the host of all records; `board` is where the status of
    /// the files is put.
    #[must_use]
    pub fn new(
        config: FileTailConfig,
        host: &str,
        board: StatusBoard,
        positions: Arc<dyn PositionStore>,
        door: Door,
    ) -> Self {
        Self {
            config,
            host: host.into(),
            board,
            positions,
            door,
        }
    }

    /// Follows the files until `shutdown` is cancelled. What was read by then is delivered and its
    /// positions are saved.
    pub fn spawn(self, tracker: &TaskTracker, shutdown: CancellationToken) {
        let reading = tracker.clone();
        tracker.spawn(async move { self.run(&reading, &shutdown).await });
    }

    async fn run(self, tracker: &TaskTracker, shutdown: &CancellationToken) {
        let Some(kept) = self.load(shutdown).await else {
            return;
        };
        let mut tail = Tail::new(self.config.clone(), &self.host, self.board.clone(), kept);
        let mut wake = Wake::new();
        let mut discover_at = Instant::now();
        while !shutdown.is_cancelled() {
            let discovers = Instant::now() >= discover_at;
            if discovers {
                discover_at = Instant::now() + Duration::from_millis(self.config.discover_ms);
            }
            let clock = self.door.clock.clone();
            // Reading files blocks, so it leaves the async threads.
            let round = tracker.spawn_blocking(move || {
                let now = clock.now();
                let gone = if discovers {
                    tail.discover(now)
                } else {
                    Vec::new()
                };
                let chunks = tail.poll(now);
                (tail, chunks, gone)
            });
            let Ok((returned, mut chunks, gone)) = round.await else {
                tracing::error!("the reader of files ended unexpectedly");
                return;
            };
            tail = returned;
            if discovers {
                wake.watch(tail.files());
            }
            let is_idle = chunks.is_empty();
            if !self.deliver(&mut chunks, shutdown).await {
                return;
            }
            tail.accepted(&chunks, self.door.clock.now());
            self.save(chunks, gone).await;
            if is_idle {
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(self.config.poll_ms)) => {}
                    () = wake.woken() => {}
                    () = shutdown.cancelled() => {}
                }
                tokio::time::sleep(ROUND_PAUSE).await;
            }
        }
    }

    /// Waits for the store of positions: to start without it would read files twice.
    async fn load(
        &self,
        shutdown: &CancellationToken,
    ) -> Option<Vec<tocsin_domain::ports::FilePosition>> {
        loop {
            match self.positions.load_positions().await {
                Ok(kept) => return Some(kept),
                Err(error) => tracing::warn!(error = %error, "file positions cannot be loaded"),
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                () = shutdown.cancelled() => return None,
            }
        }
    }

    /// True once the records were accepted; false if the server shut down first.
    async fn deliver(&self, chunks: &mut [Chunk], shutdown: &CancellationToken) -> bool {
        let batches: Vec<LogBatch> = chunks
            .iter()
            .filter_map(|chunk| chunk.batch.clone())
            .collect();
        if batches.is_empty() {
            return true;
        }
        match self.door.deliver(batches, shutdown).await {
            Ok(()) => true,
            Err(error) => {
                // Nothing is lost: the positions stay, and the next run reads on from them.
                tracing::info!(
                    records = error.records,
                    "records of files wait for the next start"
                );
                false
            }
        }
    }

    async fn save(&self, chunks: Vec<Chunk>, gone: Vec<(u64, u64)>) {
        let positions: Vec<_> = chunks.into_iter().map(|chunk| chunk.position).collect();
        if !positions.is_empty()
            && let Err(error) = self.positions.save_positions(positions).await
        {
            tracing::warn!(error = %error, "file positions cannot be saved");
        }
        if !gone.is_empty()
            && let Err(error) = self.positions.forget_positions(gone).await
        {
            tracing::warn!(error = %error, "file positions cannot be forgotten");
        }
    }
}
