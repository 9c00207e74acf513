//! Which subscriptions are told now: a lane for each that has something due, a few at a time, so
//! that one receiver that hangs keeps back nobody else.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::ports::StoreError;
use tocsin_domain::subscription::SubscriptionId;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::OutboxParts;
use super::lane::Lane;

/// The shortest and the longest time between two looks at what is due.
const ROUND_LEAST: Duration = Duration::from_millis(20);
const ROUND_MOST: Duration = Duration::from_secs(5);
/// How long an error of the store is waited out.
const AFTER_ERROR: Duration = Duration::from_secs(1);
/// How long a message that is on its way is waited for at shutdown.
const GRACE: Duration = Duration::from_secs(3);
/// How often old deliveries are forgotten, in ms.
const FORGET_MS: i64 = 3_600_000;

pub(super) struct Sender {
    pub(super) parts: OutboxParts,
    pub(super) lane: Arc<Lane>,
    pub(super) wake: Arc<Notify>,
    pub(super) lanes_max: usize,
    pub(super) keep_ms: i64,
}

impl Sender {
    pub(super) async fn run(&self, shutdown: &CancellationToken) {
        let mut lanes: JoinSet<SubscriptionId> = JoinSet::new();
        let mut busy = HashSet::new();
        let mut forgotten_ms = 0;
        while !shutdown.is_cancelled() {
            let round = self.round(&mut lanes, &mut busy, shutdown).await;
            let wait = round.unwrap_or_else(|error| {
                tracing::warn!(%error, "deliveries cannot be read");
                AFTER_ERROR
            });
            tokio::select! {
                () = shutdown.cancelled() => {}
                Some(done) = lanes.join_next() => {
                    match done {
                        Ok(id) => {
                            busy.remove(&id);
                        }
                        Err(error) => {
                            tracing::error!(%error, "a lane of deliveries broke off");
                            // Which one is not known: the others are not started twice for long.
                            if lanes.is_empty() {
                                busy.clear();
                            }
                        }
                    }
                }
                () = self.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
            let now_ms = self.parts.now_ms();
            if now_ms - forgotten_ms >= FORGET_MS {
                forgotten_ms = now_ms;
                self.forget(now_ms).await;
            }
        }
        // Each ends with the message that is on its way; one that takes long is sent again later.
        let end = async { while lanes.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(GRACE, end).await;
    }

    /// Starts a lane for each subscription that has something due; says how long to wait.
    async fn round(
        &self,
        lanes: &mut JoinSet<SubscriptionId>,
        busy: &mut HashSet<SubscriptionId>,
        shutdown: &CancellationToken,
    ) -> Result<Duration, StoreError> {
        let now_ms = self.parts.now_ms();
        for id in self.parts.store.ready(now_ms).await? {
            if lanes.len() >= self.lanes_max || !busy.insert(id) {
                continue;
            }
            let (lane, shutdown) = (self.lane.clone(), shutdown.clone());
            lanes.spawn(async move {
                if let Err(error) = lane.run(id, &shutdown).await {
                    tracing::warn!(subscription = %id, %error, "deliveries are held up");
                    tokio::select! {
                        () = shutdown.cancelled() => {}
                        () = tokio::time::sleep(AFTER_ERROR) => {}
                    }
                }
                id
            });
        }
        let next = self.parts.store.next_due_ms(now_ms).await?;
        let until = next.map(|next| next.saturating_sub(self.parts.now_ms()));
        let until = until.and_then(|ms| u64::try_from(ms).ok());
        let until = until.map_or(ROUND_MOST, Duration::from_millis);
        Ok(until.clamp(ROUND_LEAST, ROUND_MOST))
    }

    async fn forget(&self, now_ms: i64) {
        let before_ms = now_ms - self.keep_ms;
        match self.parts.store.forget_deliveries(before_ms).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "old deliveries were forgotten"),
            Err(error) => tracing::warn!(%error, "old deliveries cannot be forgotten"),
        }
    }
}
