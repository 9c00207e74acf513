//! A small world to test in: every port of [`CopilotParts`], in memory. What happened is told with `log`,
//! `measure`, `raise` and the like; what is asked is answered as the contracts of the ports say.

mod alerts;
mod automation;
mod findings;
mod logs;
mod metrics;
mod rest;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;
use tocsin_domain::alert::{Alert, AlertChange, AlertEvent, AlertId, Incident, Silence};
use tocsin_domain::change::Change;
use tocsin_domain::copilot::{Message, RootCause, Thread};
use tocsin_domain::metric::{Anomaly, Prediction};
use tocsin_domain::ports::{
    Clock, ConfirmedCause, RuleAtWork, RuleTest, RunDetails, SeriesSamples, SimilarIncident,
    TemplateSummary,
};
use tocsin_domain::{LogRecord, TemplateId, Timestamp};
use tocsin_llm::NoLanguageModel;
use tokio::sync::broadcast;

pub(crate) use alerts::{alert, incident};
pub(crate) use logs::NewLine;

use crate::parts::CopilotParts;

/// 2027-01-15 08:00:00 UTC, in ms: the time at which worlds begin.
pub(crate) const BEGIN_MS: i64 = 1_800_000_000_000;
/// A minute in ms.
pub(crate) const MINUTE_MS: i64 = 60_000;

/// Everything that the stores hold.
pub(crate) struct World {
    now_ms: AtomicI64,
    next: AtomicU64,
    pub(crate) records: Mutex<Vec<LogRecord>>,
    pub(crate) templates: Mutex<BTreeMap<TemplateId, TemplateSummary>>,
    pub(crate) series: Mutex<Vec<SeriesSamples>>,
    pub(crate) anomalies: Mutex<Vec<Anomaly>>,
    pub(crate) predictions: Mutex<Vec<Prediction>>,
    pub(crate) alerts: Mutex<BTreeMap<AlertId, Alert>>,
    pub(crate) events: Mutex<Vec<AlertEvent>>,
    pub(crate) incidents: Mutex<Vec<Incident>>,
    pub(crate) silences: Mutex<Vec<Silence>>,
    pub(crate) similar: Mutex<Vec<SimilarIncident>>,
    pub(crate) changes: Mutex<Vec<Change>>,
    pub(crate) runs: Mutex<Vec<RunDetails>>,
    /// Rules, and what each makes of an alert that it can match.
    pub(crate) automations: Mutex<Vec<(RuleAtWork, RuleTest)>>,
    pub(crate) reports: Mutex<Vec<RootCause>>,
    pub(crate) confirmed: Mutex<Vec<ConfirmedCause>>,
    pub(crate) threads: Mutex<Vec<Thread>>,
    pub(crate) messages: Mutex<Vec<Message>>,
    news: broadcast::Sender<Arc<AlertChange>>,
    failures: rest::Failures,
}

impl World {
    /// An empty world at [`BEGIN_MS`].
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            now_ms: AtomicI64::new(BEGIN_MS),
            next: AtomicU64::new(1),
            records: Mutex::default(),
            templates: Mutex::default(),
            series: Mutex::default(),
            anomalies: Mutex::default(),
            predictions: Mutex::default(),
            alerts: Mutex::default(),
            events: Mutex::default(),
            incidents: Mutex::default(),
            silences: Mutex::default(),
            similar: Mutex::default(),
            changes: Mutex::default(),
            runs: Mutex::default(),
            automations: Mutex::default(),
            reports: Mutex::default(),
            confirmed: Mutex::default(),
            threads: Mutex::default(),
            messages: Mutex::default(),
            news: broadcast::Sender::new(64),
            failures: rest::Failures::built_in(),
        })
    }

    /// All ports, each with this world behind it.
    pub(crate) fn parts(self: &Arc<Self>) -> Arc<CopilotParts> {
        Arc::new(CopilotParts {
            logs: self.clone(),
            templates: self.clone(),
            search: self.clone(),
            metrics: self.clone(),
            queries: self.clone(),
            insight: self.clone(),
            anomalies: self.clone(),
            predictions: self.clone(),
            alerts: self.clone(),
            desk: self.clone(),
            classifier: self.clone(),
            changes: self.clone(),
            automation: self.clone(),
            root_causes: self.clone(),
            threads: self.clone(),
            model: Arc::new(NoLanguageModel),
            clock: self.clone(),
            random: || [7; 10],
        })
    }

    /// Sets the clock.
    pub(crate) fn set_now(&self, now_ms: i64) {
        self.now_ms.store(now_ms, Ordering::Relaxed);
    }

    /// A number that was not given before.
    fn next(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocsin_domain::ports::log_store::LogQuery;
    use tocsin_domain::ports::{LogStore, MetricQueries};
    use tocsin_domain::{TimeRange, query};

    #[tokio::test]
    async fn the_world_answers_as_its_stores_would() {
        let world = World::new();
        for (at, body) in [
            (0, "order 7 failed"),
            (5, "order 9 failed"),
            (9, "all is well"),
        ] {
            world.log(&NewLine {
                at_ms: BEGIN_MS + at,
                source: "shop",
                body,
                attributes: &[("service", "orders")],
                ..NewLine::default()
            });
        }
        let parts = world.parts();
        let of = |text: &str| LogQuery {
            expression: query::parse(text).unwrap(),
            ..LogQuery::all(TimeRange::ALL)
        };
        let counts = parts
            .logs
            .template_counts(&of("service:orders"))
            .await
            .unwrap();
        let counts: Vec<u64> = counts.iter().map(|one| one.counts[3]).collect();
        assert_eq!(counts, [2, 1]);
        assert_eq!(LogStore::count(&*world, &of("failed")).await.unwrap(), 2);
        world.measure("up", &[("job", "shop")], &[(BEGIN_MS, 1.0)]);
        let range = (BEGIN_MS, BEGIN_MS + 60_000);
        let values = world
            .range("up{job=\"shop\"}", range, 30_000)
            .await
            .unwrap();
        assert_eq!(values[0].samples.len(), 3);
    }
}
