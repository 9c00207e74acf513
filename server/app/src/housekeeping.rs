//! What is done from time to time: old lines, points, findings and records go as their retention says.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tocsin_domain::Timestamp;
use tocsin_domain::job::Progress;
use tocsin_domain::ports::log_store::Retention;
use tocsin_domain::ports::{
    AlertStore, AnomalyStore, AutomationStore, ChangeStore, Clock, JobError, JobHandler, JobRun,
    LogStore, MetricStore, RootCauseStore, StoreError, ThreadStore, TicketStore,
};
use tocsin_stores::relational::RelationalStore;

use crate::config::RetentionConfig;

/// Anomalies that ended so long ago go, in ms: a year, to compare with.
const ANOMALIES_KEPT_MS: i64 = 365 * DAY_MS;
/// A day in ms.
const DAY_MS: i64 = 86_400_000;

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

/// For how many days what is old is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeptDays {
    pub(crate) alerts: u32,
    pub(crate) tickets: u32,
    pub(crate) runs: u32,
    /// Changes, reports of causes and threads.
    pub(crate) copilot: u32,
}

/// What is cleaned up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    /// Lines past their retention.
    Logs,
    /// Points past theirs, and old anomalies.
    Metrics,
    /// Alerts, tickets, runs, changes, reports of causes and threads.
    Records,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    what: What,
}

/// Does the jobs that let go what is old.
pub(crate) struct Cleanup {
    pub(crate) logs: Arc<dyn LogStore>,
    pub(crate) rules: Vec<Retention>,
    pub(crate) metrics: Arc<dyn MetricStore>,
    /// By whom old anomalies are forgotten, so that alerts hear of it.
    pub(crate) anomalies: Arc<dyn AnomalyStore>,
    pub(crate) relational: Arc<RelationalStore>,
    pub(crate) kept: KeptDays,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Cleanup {
    async fn metrics(&self, now: Timestamp) -> Result<serde_json::Value, StoreError> {
        let points = self.metrics.retain(now).await?;
        let before_ms = now.millis() - ANOMALIES_KEPT_MS;
        let anomalies = self.anomalies.forget_anomalies(before_ms).await?;
        Ok(serde_json::json!({ "points": points, "anomalies": anomalies }))
    }

    /// One kind after the other; one that fails does not keep the others.
    async fn records(
        &self,
        now: Timestamp,
        run: &dyn JobRun,
    ) -> Result<serde_json::Value, JobError> {
        let store = &self.relational;
        let before_ms = |days: u32| now.millis() - i64::from(days) * DAY_MS;
        let copilot_ms = before_ms(self.kept.copilot);
        let (mut removed, mut failed) = (serde_json::Map::new(), None);
        for (done, what) in (0..).zip(KINDS) {
            if run.is_stopped() {
                return Err(JobError::Stopped);
            }
            run.progress(Progress::of(done, KINDS.len() as u64, what));
            let forgotten = match what {
                "alerts" => store.forget_alerts(before_ms(self.kept.alerts)).await,
                "tickets" => store.forget_tickets(before_ms(self.kept.tickets)).await,
                "runs" => store.forget_runs(before_ms(self.kept.runs)).await,
                "changes" => store.forget_changes(copilot_ms).await,
                "reports of causes" => store.forget_root_causes(copilot_ms).await,
                _ => store.forget_threads(copilot_ms).await,
            };
            match forgotten {
                Ok(count) => {
                    removed.insert(what.to_owned(), count.into());
                }
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(removed.into()),
        }
    }
}

/// What is kept for a number of days.
const KINDS: [&str; 6] = [
    "alerts",
    "tickets",
    "runs",
    "changes",
    "reports of causes",
    "threads",
];

#[async_trait]
impl JobHandler for Cleanup {
    fn kind(&self) -> &'static str {
        "cleanup"
    }

    fn about(&self) -> &'static str {
        "Lets go what is older than it is to be kept: logs, metrics, or records such as alerts."
    }

    fn example(&self) -> String {
        serde_json::json!({ "what": "logs" }).to_string()
    }

    fn check(&self, parameters: &str, _: Timestamp) -> Result<String, String> {
        let wanted: Wanted = serde_json::from_str(parameters)
            .map_err(|error| format!("expected `what`: logs, metrics or records; {error}"))?;
        serde_json::to_string(&wanted).map_err(|error| error.to_string())
    }

    async fn run(&self, run: &dyn JobRun) -> Result<String, JobError> {
        let wanted: Wanted = serde_json::from_str(&run.job().parameters)
            .map_err(|error| JobError::Refused(error.to_string()))?;
        let now = self.clock.now();
        let removed = match wanted.what {
            What::Logs => {
                let lines = self.logs.retain(&self.rules, now).await?;
                serde_json::json!({ "lines": lines })
            }
            What::Metrics => self.metrics(now).await?,
            What::Records => self.records(now, run).await?,
        };
        Ok(serde_json::json!({ "removed": removed }).to_string())
    }
}
