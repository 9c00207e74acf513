//! Drives the host collector: time, threads, delivery.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::gather::Gatherer;
use super::points::Points;
use crate::metrics::MetricDoor;
use crate::metrics::staleness::Staleness;

/// The source of all points of the machine.
pub const HOST_SOURCE: &str = "host";
/// How long after the start the first points come: rates need two looks.
const FIRST_AFTER: Duration = Duration::from_secs(1);

/// Measures this machine until the server shuts down.
#[derive(Debug)]
pub struct HostCollector {
    host: String,
    interval: Duration,
    door: MetricDoor,
}

impl HostCollector {
    /// `host` is the name of this machine; `interval_secs` is at least 1.
    #[must_use]
    pub fn new(host: &str, interval_secs: u64, door: MetricDoor) -> Self {
        let host = if host.is_empty() { "localhost" } else { host };
        Self {
            host: host.into(),
            interval: Duration::from_secs(interval_secs.max(1)),
            door,
        }
    }

    /// Measures until `shutdown` is cancelled.
    pub fn spawn(self, tracker: &TaskTracker, shutdown: CancellationToken) {
        let measuring = tracker.clone();
        tracker.spawn(async move { self.run(&measuring, &shutdown).await });
    }

    async fn run(self, tracker: &TaskTracker, shutdown: &CancellationToken) {
        let mut ticks = tokio::time::interval_at(Instant::now() + FIRST_AFTER, self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // Asking the system blocks, so it leaves the async threads.
        let Ok(mut gatherer) = tracker.spawn_blocking(Gatherer::new).await else {
            tracing::error!("the host cannot be measured");
            return;
        };
        let mut series = Staleness::default();
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = shutdown.cancelled() => return,
            }
            let (door, host) = (self.door.clone(), self.host.clone());
            let measured = tracker.spawn_blocking(move || {
                let now = door.clock.now();
                let snapshot = gatherer.snapshot(now.millis() / 1000);
                let decoded = door.gather(HOST_SOURCE, |collector| {
                    let mut points = Points {
                        host: &host,
                        at_ms: now.millis(),
                        series: &mut series,
                        collector,
                    };
                    points.put(&snapshot);
                });
                (gatherer, series, decoded)
            });
            let Ok((returned, followed, decoded)) = measured.await else {
                tracing::error!("the measuring of the host ended unexpectedly");
                return;
            };
            (gatherer, series) = (returned, followed);
            if let Some(error) = decoded.errors.first() {
                tracing::warn!(
                    rejected = decoded.rejected,
                    expected = %error.expected,
                    detail = %error.detail,
                    "points of the host were refused"
                );
            }
            if self.door.deliver(decoded, shutdown).await.is_err() {
                return;
            }
        }
    }
}
