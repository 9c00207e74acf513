//! Audit, status, telemetry, the clock and the page.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tocsin_domain::Timestamp;
use tocsin_domain::ports::server_status::{
    DataSource, DataSourceStatus, ProcessInfo, Readiness, SemanticStatus, ServerStats, SourceList,
};
use tocsin_domain::ports::{
    Allowance, AuditEntry, AuditFilter, AuditId, AuditLog, Clock, HttpRequest, HttpTelemetry,
    LogStore, RateLimiter, ServerStatus, StoreError,
};

use super::{Fakes, NOW, lock};
use crate::{Asset, Assets};

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

fn broken() -> Readiness {
    Readiness {
        dependency: "logs".into(),
        is_ready: false,
        detail: "no answer".into(),
    }
}

#[async_trait]
impl ServerStatus for Fakes {
    async fn stats(&self) -> ServerStats {
        let is_broken = *lock(&self.is_broken);
        let logs = LogStore::stats(self).await.ok().filter(|_| !is_broken);
        ServerStats {
            version: "0.1.0".into(),
            started_at: Timestamp::from_secs(1_799_999_940),
            missing: logs.is_none().then(broken).into_iter().collect(),
            logs,
            semantic: SemanticStatus {
                model: None,
                remedy: Some("run `make model`".into()),
            },
            processes: vec![ProcessInfo {
                name: "web-1/7".into(),
                role: "all".into(),
                leads: true,
                started_at: Timestamp::from_secs(1_799_999_940),
                ..ProcessInfo::default()
            }],
            ..ServerStats::default()
        }
    }

    async fn data_sources(&self) -> SourceList {
        let source = DataSource {
            name: "file:/var/log/syslog".into(),
            kind: "file".into(),
            status: DataSourceStatus::Waiting,
            detail: String::new(),
            records: 3,
            records_per_second: 0.5,
            last_record_at: Some(NOW),
            issues: vec![("timestamp_missing".into(), 1)],
            first_seen: None,
        };
        SourceList {
            sources: vec![source],
            missing: lock(&self.is_broken).then(broken).into_iter().collect(),
        }
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

    fn limited(&self) {
        *lock(&self.limited) += 1;
    }
}

/// A bucket that is never filled again.
#[async_trait]
impl RateLimiter for Fakes {
    async fn take(&self, client: &str, per_minute: u32) -> Allowance {
        let mut all = lock(&self.counted);
        let count = all.entry(client.to_owned()).or_default();
        let is_beyond = *count >= per_minute;
        *count += u32::from(!is_beyond);
        Allowance {
            remaining: per_minute - *count,
            whole_after: Duration::from_millis(1500),
            refused_for: is_beyond.then_some(Duration::from_millis(2500)),
        }
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
