//! What is done from time to time: old lines, points and findings go as their retention says.

use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::ports::log_store::Retention;
use tocsin_domain::ports::{
    AlertStore, AnomalyStore, AutomationStore, ChangeStore, Clock, LogStore, MetricStore,
    RootCauseStore, ThreadStore, TicketStore,
};
use tocsin_stores::relational::SqliteStore;
use tokio_util::sync::CancellationToken;

use crate::config::RetentionConfig;

/// How often the rules are applied: an hour's rule is kept to within a minute.
const EVERY: Duration = Duration::from_secs(60);
/// How often old points go: days are kept to within an hour.
const METRICS_EVERY: Duration = Duration::from_secs(3600);
/// Anomalies that ended so long ago go, in ms: a year, to compare with.
const ANOMALIES_KEPT_MS: i64 = 365 * 86_400_000;

/// When something is to be done again.
struct Ticks {
    ticks: tokio::time::Interval,
    cancel: CancellationToken,
}

impl Ticks {
    /// At once, and then at an even pace, until cancelled.
    fn every(period: Duration, cancel: CancellationToken) -> Self {
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self { ticks, cancel }
    }

    /// Waits for the next time. False: it is over.
    async fn next(&mut self) -> bool {
        tokio::select! {
            () = self.cancel.cancelled() => false,
            _ = self.ticks.tick() => true,
        }
    }
}

/// The rules in the store's terms.
pub(crate) fn rules(config: &[RetentionConfig]) -> Vec<Retention> {
    let rule = |rule: &RetentionConfig| Retention {
        source_prefix: rule.source_prefix.clone(),
        max_age: rule
            .max_age_hours
            .map(|hours| Duration::from_secs(hours.saturating_mul(3600))),
        max_bytes: rule.max_bytes,
    };
    config.iter().map(rule).collect()
}

/// Applies the rules until cancelled.
pub(crate) async fn run(
    logs: Arc<dyn LogStore>,
    rules: Vec<Retention>,
    clock: Arc<dyn Clock>,
    cancel: CancellationToken,
) {
    if rules.is_empty() {
        return;
    }
    let mut ticks = Ticks::every(EVERY, cancel);
    while ticks.next().await {
        match logs.retain(&rules, clock.now()).await {
            Ok(0) => {}
            Ok(records) => tracing::info!(records, "lines past their retention were removed"),
            Err(error) => tracing::warn!(%error, "retention could not be applied; trying again"),
        }
    }
}

/// Lets old points and findings go until cancelled.
pub(crate) async fn keep_metrics(
    metrics: Arc<dyn MetricStore>,
    anomalies: Arc<dyn AnomalyStore>,
    clock: Arc<dyn Clock>,
    cancel: CancellationToken,
) {
    let mut ticks = Ticks::every(METRICS_EVERY, cancel);
    while ticks.next().await {
        let now = clock.now();
        match metrics.retain(now).await {
            Ok(0) => {}
            Ok(points) => tracing::info!(points, "points past their retention were removed"),
            Err(error) => tracing::warn!(%error, "retention of points failed; trying again"),
        }
        let before_ms = now.millis() - ANOMALIES_KEPT_MS;
        if let Err(error) = anomalies.forget_anomalies(before_ms).await {
            tracing::warn!(%error, "old anomalies could not be forgotten; trying again");
        }
    }
}

/// For how many days what is old is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeptDays {
    pub(crate) alerts: u32,
    pub(crate) tickets: u32,
    pub(crate) runs: u32,
    /// Changes, reports of causes and threads.
    pub(crate) copilot: u32,
}

/// Lets old alerts, tickets, runs and what the copilot keeps go until cancelled.
pub(crate) async fn keep_records(
    store: Arc<SqliteStore>,
    kept: KeptDays,
    clock: Arc<dyn Clock>,
    cancel: CancellationToken,
) {
    let mut ticks = Ticks::every(METRICS_EVERY, cancel);
    while ticks.next().await {
        let now_ms = clock.now().millis();
        let before_ms = |days: u32| now_ms - i64::from(days) * 86_400_000;
        let copilot_ms = before_ms(kept.copilot);
        for (what, forgotten) in [
            ("alerts", store.forget_alerts(before_ms(kept.alerts)).await),
            (
                "tickets and decisions",
                store.forget_tickets(before_ms(kept.tickets)).await,
            ),
            ("runs", store.forget_runs(before_ms(kept.runs)).await),
            ("changes", store.forget_changes(copilot_ms).await),
            (
                "reports of causes",
                store.forget_root_causes(copilot_ms).await,
            ),
            ("threads", store.forget_threads(copilot_ms).await),
        ] {
            match forgotten {
                Ok(0) => {}
                Ok(count) => tracing::info!(what, count, "what was old was removed"),
                Err(error) => {
                    tracing::warn!(what, %error, "what is old could not be removed; trying again");
                }
            }
        }
    }
}
