//! What the server says of itself: numbers, sources, readiness, configuration.

use async_trait::async_trait;

use super::bus::BusUsage;
use super::log_store::LogStats;
use super::metric_store::MetricStats;
use crate::time::Timestamp;

/// Whether search by meaning works.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SemanticStatus {
    /// The model that is loaded; none if search by meaning is off.
    pub model: Option<String>,
    /// What the user can do to switch it on.
    pub remedy: Option<String>,
}

/// The addresses the server listens on; none where it does not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listening {
    /// The page and the API.
    pub http: Option<String>,
    /// Syslog over UDP.
    pub syslog_udp: Option<String>,
    /// Syslog over TCP.
    pub syslog_tcp: Option<String>,
}

/// A process of the server.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProcessInfo {
    /// The name of its machine and its number there, as `web-1/4711`.
    pub name: String,
    /// What it does: `all`, `api` or `worker`.
    pub role: String,
    /// Whether it does what one does for all.
    pub leads: bool,
    /// When it began.
    pub started_at: Timestamp,
    /// Resident memory in bytes.
    pub memory_bytes: u64,
    /// Records it accepted a second, over the last ten seconds or so.
    pub records_per_second: f64,
    /// Points it accepted a second, over the last ten seconds or so.
    pub points_per_second: f64,
}

/// The server in numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServerStats {
    /// The version of the program.
    pub version: String,
    /// When this run began.
    pub started_at: Timestamp,
    /// Records accepted a second by all processes, over the last ten seconds or so.
    pub records_per_second: f64,
    /// Resident memory of this process in bytes.
    pub memory_bytes: u64,
    /// The processes: the one that answers first.
    pub processes: Vec<ProcessInfo>,
    /// What the log store holds; none while it cannot be asked, as with all that stores hold.
    pub logs: Option<LogStats>,
    /// What the metric store holds.
    pub metrics: Option<MetricStats>,
    /// Points accepted a second by all processes, over the last ten seconds or so.
    pub points_per_second: f64,
    /// Templates known.
    pub templates: Option<u64>,
    /// Templates that can be found by meaning.
    pub prototypes_embedded: u64,
    /// How full the bus is.
    pub bus: BusUsage,
    /// Whether search by meaning works.
    pub semantic: SemanticStatus,
    /// Where the server listens.
    pub listen: Listening,
    /// The stores that cannot be asked just now, and why.
    pub missing: Vec<Readiness>,
}

/// What a source is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataSourceStatus {
    /// Records come.
    Reading,
    /// All is well, but there is nothing new.
    Waiting,
    /// It cannot be read; the detail says why.
    Error,
}

impl DataSourceStatus {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Waiting => "waiting",
            Self::Error => "error",
        }
    }
}

/// A stream that records come on.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSource {
    /// Its name, as records carry it: `file:/var/log/syslog`.
    pub name: String,
    /// How it comes: `file`, `syslog`, `http`, `loki`, `otlp`, `elasticsearch`, `splunk`, `self`,
    /// `scrape`, `host`, `influx`, `telegraf`, `prometheus`.
    pub kind: String,
    /// What it is doing.
    pub status: DataSourceStatus,
    /// A sentence on the status; empty if there is nothing to say.
    pub detail: String,
    /// Records received.
    pub records: u64,
    /// Records a second, over the last ten seconds or so.
    pub records_per_second: f64,
    /// When the last record was received.
    pub last_record_at: Option<Timestamp>,
    /// How many records had which issue (see [`crate::record::Issues::names`]).
    pub issues: Vec<(String, u64)>,
    /// When the source was first seen.
    pub first_seen: Option<Timestamp>,
}

/// Every source that is configured or has been seen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SourceList {
    /// The sources by name.
    pub sources: Vec<DataSource>,
    /// The stores that cannot be asked just now, and why; what only they know is left out.
    pub missing: Vec<Readiness>,
}

/// Whether something the server needs can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// What is needed: `bus`, `logs`, `metrics`, `templates`, `vectors`, `relational`.
    pub dependency: String,
    /// True if it can be used.
    pub is_ready: bool,
    /// Why not; empty if it can.
    pub detail: String,
}

/// What the server says of itself.
#[async_trait]
pub trait ServerStatus: Send + Sync {
    /// The server in numbers.
    async fn stats(&self) -> ServerStats;

    /// Every source that is configured or has been seen, by name.
    async fn data_sources(&self) -> SourceList;

    /// Everything the server needs in order to take and find records.
    async fn readiness(&self) -> Vec<Readiness>;

    /// The configuration in effect as a JSON object, secrets hidden.
    fn settings(&self) -> String;

    /// All metrics in Prometheus' text format, names beginning `tocsin_`.
    fn metrics(&self) -> String;
}
