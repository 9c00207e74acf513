//! Jobs, audit, status, telemetry, the clock and the page.

use async_trait::async_trait;
use bytes::Bytes;
use tocsin_domain::Timestamp;
use tocsin_domain::ports::server_status::{
    DataSource, DataSourceStatus, Readiness, SemanticStatus, ServerStats,
};
use tocsin_domain::ports::{
    AuditEntry, AuditFilter, AuditId, AuditLog, Clock, HttpRequest, HttpTelemetry, Job, JobId,
    JobStore, LogStore, ServerStatus, StoreError,
};

use super::{Fakes, NOW, lock};
use crate::{Asset, Assets};

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
        filter: &AuditFilter,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let mut all = lock(&self.audit).clone();
        all.retain(|entry| {
            before.is_none_or(|before| entry.id < before)
                && entry
                    .action
                    .starts_with(filter.action.as_deref().unwrap_or_default())
                && filter.from.is_none_or(|from| entry.at >= from)
                && filter.to.is_none_or(|to| entry.at < to)
        });
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
