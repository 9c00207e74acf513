//! All ports in one small in-memory thing. It answers by scanning; its contents are the test's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tocsin_domain::ports::log_search::{
    ClusterSummary, RankedPage, RankedPrototype, RankedRecord, TREND_BUCKETS,
};
use tocsin_domain::ports::log_store::{
    BandCounts, Context, Cursor, Histogram, LogQuery, LogStats, Order, Page, Retention,
    SourceStats, TemplateCount, ValueDistribution,
};
use tocsin_domain::ports::server_status::{
    DataSource, DataSourceStatus, Readiness, SemanticStatus, ServerStats,
};
use tocsin_domain::ports::template_store::TemplateSighting;
use tocsin_domain::ports::{
    AuditEntry, AuditId, AuditLog, BusError, Clock, HttpRequest, HttpTelemetry, Intake, Job, JobId,
    JobStore, LiveItem, LiveLogs, LiveSubscription, LogSearch, LogStore, SearchError, ServerStatus,
    StoreError, TemplateStore, TemplateSummary,
};
use tocsin_domain::query::{Expression, RecordView, matches};
use tocsin_domain::{
    BatchId, Issues, LogBatch, LogRecord, Offset, ParsedBatch, Partition, RecordId, Severity, Slot,
    Template, TemplateId, Timestamp, Value, VariableKind,
};
use tokio::sync::mpsc;

use crate::{Asset, Assets};

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
    pub(super) taken: Mutex<Vec<LogBatch>>,
    pub(super) refusal: Mutex<Refusal>,
    pub(super) jobs: Mutex<Vec<Job>>,
    pub(super) audit: Mutex<Vec<AuditEntry>>,
    pub(super) requests: Mutex<Vec<(String, u16)>>,
    pub(super) live: Mutex<Vec<mpsc::Sender<LiveItem>>>,
    pub(super) has_model: Mutex<bool>,
    pub(super) is_broken: Mutex<bool>,
    pub(super) searches: AtomicUsize,
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
impl LogStore for Fakes {
    async fn append(&self, _: Partition, _: Offset, _: ParsedBatch) -> Result<(), StoreError> {
        Ok(())
    }

    async fn flush(&self, _: Partition) -> Result<Offset, StoreError> {
        Ok(Offset(0))
    }

    fn durable(&self, _: Partition) -> Offset {
        Offset(0)
    }

    async fn search(
        &self,
        query: &LogQuery,
        order: Order,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.searches.fetch_add(1, Ordering::Relaxed);
        let mut all = self.selected(query)?;
        let key = |record: &LogRecord| (record.timestamp, record.id);
        all.sort_by_key(key);
        if order == Order::NewestFirst {
            all.reverse();
        }
        if let Some(after) = after {
            let last = (after.timestamp, after.id);
            let at = all.iter().position(|record| key(record) == last);
            all.drain(..=at.ok_or_else(|| StoreError::Invalid("no such cursor".into()))?);
        }
        let is_last = all.len() <= limit;
        all.truncate(limit);
        let next = all.last().filter(|_| !is_last);
        let next = next.map(|last| Cursor {
            timestamp: last.timestamp,
            id: last.id,
        });
        Ok(Page { records: all, next })
    }

    async fn count(&self, query: &LogQuery) -> Result<u64, StoreError> {
        Ok(self.selected(query)?.len() as u64)
    }

    async fn histogram(&self, query: &LogQuery, interval: i64) -> Result<Histogram, StoreError> {
        let mut buckets: std::collections::BTreeMap<Timestamp, BandCounts> = Default::default();
        for record in self.selected(query)? {
            let at = record.timestamp.nanos();
            let counts = buckets
                .entry(Timestamp(at - at.rem_euclid(interval)))
                .or_default();
            counts[record.severity.band()] += 1;
        }
        Ok(Histogram {
            interval,
            buckets: buckets.into_iter().collect(),
        })
    }

    async fn template_counts(&self, query: &LogQuery) -> Result<Vec<TemplateCount>, StoreError> {
        let all = self.selected(query)?;
        let (Some(first), Some(last)) = (all.first(), all.last()) else {
            return Ok(Vec::new());
        };
        Ok(vec![TemplateCount {
            template: template().id,
            counts: Self::counts(&all),
            first_seen: first.timestamp,
            last_seen: last.timestamp,
        }])
    }

    async fn distributions(
        &self,
        _: TemplateId,
        query: &LogQuery,
    ) -> Result<Vec<ValueDistribution>, StoreError> {
        Ok(vec![ValueDistribution {
            slot: 0,
            total: self.selected(query)?.len() as u64,
            distinct: 1,
            top: vec![("/dev/sda0".into(), 1)],
            numeric: Some((1.0, 2.0, 3.0)),
        }])
    }

    async fn get(&self, id: RecordId) -> Result<Option<LogRecord>, StoreError> {
        Ok(lock(&self.records)
            .iter()
            .find(|record| record.id == id)
            .cloned())
    }

    async fn context(
        &self,
        id: RecordId,
        before: usize,
        after: usize,
    ) -> Result<Option<Context>, StoreError> {
        let all = lock(&self.records);
        let Some(at) = all.iter().position(|record| record.id == id) else {
            return Ok(None);
        };
        Ok(Some(Context {
            before: all[at.saturating_sub(before)..at].to_vec(),
            line: all[at].clone(),
            after: all[at + 1..].iter().take(after).cloned().collect(),
        }))
    }

    async fn delete(&self, query: &LogQuery) -> Result<u64, StoreError> {
        let gone = self.selected(query)?;
        lock(&self.records).retain(|record| !gone.contains(record));
        Ok(gone.len() as u64)
    }

    async fn retain(&self, _: &[Retention], _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn stats(&self) -> Result<LogStats, StoreError> {
        let records = lock(&self.records).len() as u64;
        let sources = vec![SourceStats {
            source: Arc::from("file:/var/log/syslog"),
            records,
            first_seen: Timestamp::MIN,
            last_seen: Timestamp::MAX,
            hosts: vec![Arc::from("web-01"), Arc::from("")],
        }];
        Ok(LogStats {
            records,
            sources,
            ..LogStats::default()
        })
    }
}

#[async_trait]
impl TemplateStore for Fakes {
    async fn register(&self, _: Vec<TemplateSummary>) -> Result<(), StoreError> {
        Ok(())
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
        match *lock(&self.refusal) {
            Refusal::None => {}
            Refusal::Full => {
                let retry_after = Duration::from_millis(2500);
                return Err(BusError::Full {
                    used_bytes: 9,
                    limit_bytes: 10,
                    retry_after,
                });
            }
            Refusal::DiskFull => {
                return Err(BusError::Unavailable("no space left on device".into()));
            }
        }
        assert!(batches.iter().all(LogBatch::validate));
        lock(&self.taken).extend(batches);
        Ok(())
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

#[async_trait]
impl JobStore for Fakes {
    async fn create(&self, job: Job) -> Result<(), StoreError> {
        lock(&self.jobs).push(job);
        Ok(())
    }

    async fn update(&self, job: Job) -> Result<(), StoreError> {
        let mut jobs = lock(&self.jobs);
        let known = jobs.iter_mut().find(|known| known.id == job.id);
        *known.ok_or_else(|| StoreError::Invalid("no such job".into()))? = job;
        Ok(())
    }

    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        Ok(lock(&self.jobs).iter().find(|job| job.id == id).cloned())
    }

    async fn list(&self, before: Option<JobId>, limit: usize) -> Result<Vec<Job>, StoreError> {
        let mut all = lock(&self.jobs).clone();
        all.retain(|job| before.is_none_or(|before| job.id < before));
        all.sort_by_key(|job| std::cmp::Reverse(job.id));
        all.truncate(limit);
        Ok(all)
    }
}

#[async_trait]
impl AuditLog for Fakes {
    async fn append(&self, entry: AuditEntry) -> Result<(), StoreError> {
        lock(&self.audit).push(entry);
        Ok(())
    }

    async fn page(
        &self,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let mut all = lock(&self.audit).clone();
        all.retain(|entry| before.is_none_or(|before| entry.id < before));
        all.sort_by_key(|entry| std::cmp::Reverse(entry.id));
        all.truncate(limit);
        Ok(all)
    }
}

#[async_trait]
impl ServerStatus for Fakes {
    async fn stats(&self) -> Result<ServerStats, StoreError> {
        Ok(ServerStats {
            version: "0.1.0".into(),
            started_at: Timestamp::from_secs(1_799_999_940),
            logs: LogStore::stats(self).await?,
            semantic: SemanticStatus {
                model: None,
                remedy: Some("run `make model`".into()),
            },
            ..ServerStats::default()
        })
    }

    async fn data_sources(&self) -> Result<Vec<DataSource>, StoreError> {
        Ok(vec![DataSource {
            name: "file:/var/log/syslog".into(),
            kind: "file".into(),
            status: DataSourceStatus::Waiting,
            detail: String::new(),
            records: 3,
            records_per_second: 0.5,
            last_record_at: Some(NOW),
            issues: vec![("timestamp_missing".into(), 1)],
            first_seen: None,
        }])
    }

    async fn readiness(&self) -> Vec<Readiness> {
        let is_ready = !*lock(&self.is_broken);
        vec![Readiness {
            dependency: "logs".into(),
            is_ready,
            detail: String::new(),
        }]
    }

    fn settings(&self) -> String {
        r#"{"server":{"listen":"127.0.0.1:8080"}}"#.into()
    }

    fn metrics(&self) -> String {
        "tocsin_records_total 3\n".into()
    }
}

impl HttpTelemetry for Fakes {
    fn request(&self, request: HttpRequest<'_>) {
        let name = format!("{} {}", request.method, request.route);
        lock(&self.requests).push((name, request.status));
    }
}

impl Clock for Fakes {
    fn now(&self) -> Timestamp {
        NOW
    }
}

impl Assets for Fakes {
    fn get(&self, path: &str) -> Option<Asset> {
        let (text, content_type, is_immutable) = match path {
            "/" | "/index.html" => ("<!doctype html>", "text/html; charset=utf-8", false),
            "/assets/app-1a2b.js" => ("let a", "text/javascript; charset=utf-8", true),
            "/panic.js" => panic!("a file that breaks"),
            _ => return None,
        };
        let bytes = Bytes::from_static(text.as_bytes());
        Some(Asset {
            bytes,
            content_type,
            etag: "\"e1\"".into(),
            is_immutable,
        })
    }
}
