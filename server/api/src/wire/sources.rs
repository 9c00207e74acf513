//! Data sources.

use std::collections::BTreeMap;

use serde::Serialize;
use tocsin_domain::ports::server_status::DataSource;
use utoipa::ToSchema;

use super::health::Dependency;
use super::time;

/// Every source.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DataSourcesAnswer {
    /// The sources by name.
    pub(crate) items: Vec<DataSourceItem>,
    /// Stores that cannot be asked just now; what only they know of the sources is left out.
    pub(crate) missing: Vec<Dependency>,
}

/// A stream that records come on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DataSourceItem {
    /// Its name, as records carry it.
    pub(crate) name: String,
    /// file, syslog, http, loki, otlp, elasticsearch, splunk or self.
    pub(crate) kind: String,
    /// reading, waiting or error.
    pub(crate) status: &'static str,
    /// A sentence on the status; may be empty.
    pub(crate) detail: String,
    /// Records received.
    pub(crate) records: u64,
    /// Records a second just now.
    pub(crate) records_per_second: f64,
    /// When the last record was received.
    #[schema(format = DateTime)]
    pub(crate) last_record_at: Option<String>,
    /// How many records had which issue.
    pub(crate) issues: BTreeMap<String, u64>,
    /// When the source was first seen.
    #[schema(format = DateTime)]
    pub(crate) first_seen: Option<String>,
}

impl From<DataSource> for DataSourceItem {
    fn from(source: DataSource) -> Self {
        Self {
            name: source.name,
            kind: source.kind,
            status: source.status.name(),
            detail: source.detail,
            records: source.records,
            records_per_second: source.records_per_second,
            last_record_at: source.last_record_at.map(time::format),
            issues: source.issues.into_iter().collect(),
            first_seen: source.first_seen.map(time::format),
        }
    }
}
