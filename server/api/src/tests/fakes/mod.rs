//! All ports in one small in-memory thing. It answers by scanning; its contents are the test's.

pub(super) mod alerts;
pub(super) mod automation;
pub(super) mod copilot;
mod copilot_stores;
pub(super) mod jobs;
mod logs;
pub(super) mod metrics;
mod platform;
pub(super) mod subscriptions;
pub(super) mod tickets;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tocsin_domain::job::Job;
use tocsin_domain::metric::{Anomaly, Feedback, MetricBatch, Prediction};
use tocsin_domain::ports::log_search::{
    ClusterSummary, RankedPage, RankedPrototype, RankedRecord, TREND_BUCKETS,
};
use tocsin_domain::ports::log_store::{BandCounts, LogQuery};
use tocsin_domain::ports::template_store::TemplateSighting;
use tocsin_domain::ports::{
    AuditEntry, BusError, Intake, LiveItem, LiveLogs, LiveSubscription, LogSearch, LogStore,
    SearchError, SeriesSamples, StoreError, TemplateStore, TemplateSummary,
};
use tocsin_domain::query::{Expression, RecordView, matches};
use tocsin_domain::{
    BatchId, Issues, LogBatch, LogRecord, RecordId, Severity, Slot, Template, TemplateId,
    Timestamp, Value, VariableKind,
};
use tokio::sync::mpsc;

/// When the tests happen.
pub(super) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// Why the intake refuses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Refusal {
    #[default]
    None,
    Full,
    DiskFull,
}

#[derive(Default)]
pub(super) struct Fakes {
    pub(super) records: Mutex<Vec<LogRecord>>,
    /// Requests that were counted, by client.
    pub(super) counted: Mutex<BTreeMap<String, u32>>,
    /// How many were refused.
    pub(super) limited: Mutex<u32>,
    pub(super) taken: Mutex<Vec<LogBatch>>,
    pub(super) points: Mutex<Vec<MetricBatch>>,
    pub(super) feedback: Mutex<Vec<Feedback>>,
    pub(super) series: Mutex<Vec<SeriesSamples>>,
    pub(super) anomalies: Mutex<Vec<Anomaly>>,
    pub(super) predictions: Mutex<Vec<Prediction>>,
    pub(super) refusal: Mutex<Refusal>,
    pub(super) alerting: Mutex<alerts::AlertFakes>,
    pub(super) telling: Mutex<subscriptions::SubscriptionFakes>,
    pub(super) ticketing: Mutex<tickets::TicketFakes>,
    pub(super) automating: Mutex<automation::AutomationFakes>,
    pub(super) answering: Mutex<copilot::CopilotFakes>,
    pub(super) jobs: Mutex<Vec<Job>>,
    pub(super) audit: Mutex<Vec<AuditEntry>>,
    pub(super) requests: Mutex<Vec<(String, u16)>>,
    pub(super) live: Mutex<Vec<mpsc::Sender<LiveItem>>>,
    pub(super) has_model: Mutex<bool>,
    pub(super) is_model_away: Mutex<bool>,
    pub(super) is_broken: Mutex<bool>,
    pub(super) searches: AtomicUsize,
    pub(super) slack: Arc<super::slack::Votes>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Record `at`, a second after the one before.
pub(super) fn record(at: u32, severity: Severity, body: &str) -> LogRecord {
    let observed = Timestamp::from_secs(1_799_990_000);
    LogRecord {
        id: BatchId::new(observed, [7; 10]).record(at),
        timestamp: Timestamp::from_secs(1_799_990_000 + i64::from(at)),
        observed,
        source: Arc::from("file:/var/log/syslog"),
        host: Arc::from("web-01"),
        severity,
        body: body.as_bytes().to_vec(),
        attributes: vec![(Arc::from("port"), Value::Integer(22))],
        trace_id: None,
        span_id: None,
        template: template().id,
        issues: Issues::NONE,
    }
}

pub(super) fn template() -> Template {
    Template {
        id: TemplateId(0xab),
        parent: None,
        parts: vec![b"disk "[..].into(), b" full"[..].into()],
        slots: vec![Slot {
            kind: VariableKind::Path,
            key: None,
        }],
    }
}

impl Fakes {
    pub(super) fn fill(&self, count: u32) {
        let mut records = lock(&self.records);
        for at in 0..count {
            let severity = if at % 2 == 0 {
                Severity::INFO
            } else {
                Severity::ERROR
            };
            records.push(record(
                at,
                severity,
                &format!("disk /dev/sda{at} \u{fc}ber full"),
            ));
        }
    }

    fn refuse(&self) -> Result<(), BusError> {
        match *lock(&self.refusal) {
            Refusal::None => Ok(()),
            Refusal::Full => Err(BusError::Full {
                used_bytes: 9,
                limit_bytes: 10,
                retry_after: Duration::from_millis(2500),
            }),
            Refusal::DiskFull => Err(BusError::Unavailable("no space left on device".into())),
        }
    }

    /// The points taken, as text. Labels come with the first batch that names a series.
    pub(super) fn points(&self) -> Vec<String> {
        let mut labels = std::collections::HashMap::new();
        let mut texts = Vec::new();
        for batch in lock(&self.points).iter() {
            let carried = batch.series.iter();
            labels.extend(carried.filter_map(|entry| Some((entry.id, batch.labels(entry)?))));
            texts.extend(batch.points().map(|(series, at, value)| {
                format!("{} {value}@{at}", labels[&batch.series[series].id])
            }));
        }
        texts.sort();
        texts
    }

    pub(super) fn bodies(&self) -> Vec<String> {
        let taken = lock(&self.taken);
        let all = taken
            .iter()
            .flat_map(|batch| batch.records.iter().map(|r| batch.body(r)));
        all.map(|body| String::from_utf8_lossy(body).into_owned())
            .collect()
    }

    fn selected(&self, query: &LogQuery) -> Result<Vec<LogRecord>, StoreError> {
        if *lock(&self.is_broken) {
            return Err(StoreError::Unavailable("no space left on device".into()));
        }
        let records = lock(&self.records);
        let found = records.iter().filter(|record| {
            query.range.contains(record.timestamp)
                && query
                    .templates
                    .as_ref()
                    .is_none_or(|ids| ids.contains(&record.template))
                && matches(&query.expression, &RecordView::of_record(record))
        });
        Ok(found.cloned().collect())
    }

    fn counts(records: &[LogRecord]) -> BandCounts {
        let mut counts = [0; 7];
        for record in records {
            counts[record.severity.band()] += 1;
        }
        counts
    }

    fn summary() -> TemplateSummary {
        TemplateSummary {
            template: Arc::new(template()),
            source: Arc::from("file:/var/log/syslog"),
            severity: Severity::INFO,
            example: "disk /dev/sda0 full".into(),
            first_seen: Timestamp::from_secs(1_799_990_000),
            last_seen: Timestamp::from_secs(1_799_990_000),
            count: 1,
        }
    }

    fn ranked(&self, query: &LogQuery, limit: usize) -> Result<RankedPage, SearchError> {
        if *lock(&self.is_model_away) {
            return Err(SearchError::Model("connection refused".into()));
        }
        if !*lock(&self.has_model) {
            return Err(SearchError::ModelMissing {
                remedy: "run `make model`".into(),
            });
        }
        let all = self.selected(query)?;
        let total = all.len() as u64;
        let ranked = |record| RankedRecord { record, score: 0.5 };
        Ok(RankedPage {
            prototypes: vec![RankedPrototype {
                template: Arc::new(template()),
                score: 0.75,
                count: total,
            }],
            records: all.into_iter().take(limit).map(ranked).collect(),
            total,
            next: (total > limit as u64).then(|| "after:1".to_owned()),
            notice: None,
        })
    }
}

#[async_trait]
impl TemplateStore for Fakes {
    async fn register(&self, _: Vec<TemplateSummary>) -> Result<Vec<TemplateId>, StoreError> {
        Ok(Vec::new())
    }

    async fn record_sightings(&self, _: Vec<TemplateSighting>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn all(&self) -> Result<Vec<TemplateSummary>, StoreError> {
        Ok(vec![Self::summary()])
    }

    async fn get(&self, id: TemplateId) -> Result<Option<TemplateSummary>, StoreError> {
        Ok((id == template().id).then(Self::summary))
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Ok(1)
    }

    async fn save_miner(&self, _: u16, _: Vec<u8>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn load_miner(&self, _: u16) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }
}

#[async_trait]
impl LogSearch for Fakes {
    async fn semantic(
        &self,
        _: &str,
        query: &LogQuery,
        after: Option<&str>,
        limit: usize,
    ) -> Result<RankedPage, SearchError> {
        assert!(after.is_none_or(|after| after == "after:1"));
        self.ranked(query, limit)
    }

    async fn hybrid(
        &self,
        _: &str,
        query: &LogQuery,
        _: Option<&str>,
        limit: usize,
    ) -> Result<RankedPage, SearchError> {
        self.ranked(query, limit)
    }

    async fn similar(&self, id: RecordId, limit: usize) -> Result<Option<RankedPage>, SearchError> {
        if LogStore::get(self, id).await?.is_none() {
            return Ok(None);
        }
        let all = LogQuery::all(tocsin_domain::TimeRange::ALL);
        self.ranked(&all, limit).map(Some)
    }

    async fn clusters(&self, query: &LogQuery) -> Result<Vec<ClusterSummary>, SearchError> {
        let all = self.selected(query)?;
        let (Some(first), Some(last)) = (all.first(), all.last()) else {
            return Ok(Vec::new());
        };
        Ok(vec![ClusterSummary {
            id: "c1".into(),
            label: "disk full".into(),
            templates: vec![template().id],
            counts: Self::counts(&all),
            first_seen: first.timestamp,
            last_seen: last.timestamp,
            trend: vec![0; TREND_BUCKETS],
            example: "disk /dev/sda0 full".into(),
        }])
    }
}

#[async_trait]
impl Intake for Fakes {
    async fn accept(&self, batches: Vec<LogBatch>) -> Result<(), BusError> {
        self.refuse()?;
        assert!(batches.iter().all(LogBatch::validate));
        lock(&self.taken).extend(batches);
        Ok(())
    }

    async fn accept_metrics(&self, batches: Vec<MetricBatch>) -> Result<(), BusError> {
        self.refuse()?;
        assert!(batches.iter().all(MetricBatch::validate));
        lock(&self.points).extend(batches);
        Ok(())
    }

    async fn accept_feedback(&self, feedback: Feedback) -> Result<(), BusError> {
        lock(&self.feedback).push(feedback);
        self.refuse()
    }
}

struct Watcher(mpsc::Receiver<LiveItem>, Expression);

#[async_trait]
impl LiveSubscription for Watcher {
    async fn next(&mut self) -> Option<LiveItem> {
        loop {
            match self.0.recv().await? {
                LiveItem::Record(record) if !matches(&self.1, &RecordView::of_record(&record)) => {}
                item => return Some(item),
            }
        }
    }
}

impl LiveLogs for Fakes {
    fn subscribe(&self, filter: Expression) -> Box<dyn LiveSubscription> {
        let (sender, receiver) = mpsc::channel(16);
        lock(&self.live).push(sender);
        Box::new(Watcher(receiver, filter))
    }
}
