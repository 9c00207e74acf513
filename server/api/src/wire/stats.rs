//! The server in numbers.

use serde::Serialize;
use tocsin_domain::Timestamp;
use tocsin_domain::ports::server_status::{ProcessInfo, ServerStats};
use utoipa::ToSchema;

use super::health::Dependency;
use super::time;

/// The server in numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatsAnswer {
    /// The version of the program.
    pub(crate) version: String,
    /// When this run began.
    #[schema(format = DateTime)]
    pub(crate) started_at: String,
    /// How long ago that was, in seconds.
    pub(crate) uptime_s: i64,
    /// Records kept; null while the store is away, as with all that stores hold.
    pub(crate) records: Option<u64>,
    /// Bytes of the lines they came from.
    pub(crate) raw_bytes: Option<u64>,
    /// Bytes on disk.
    pub(crate) disk_bytes: Option<u64>,
    /// Blocks on disk.
    pub(crate) blocks: Option<u64>,
    /// Records in memory only; the bus still has them.
    pub(crate) head_records: Option<u64>,
    /// Series of metrics known.
    pub(crate) series: Option<u64>,
    /// Points of metrics kept one by one.
    pub(crate) points: Option<u64>,
    /// Bytes of metrics on disk.
    pub(crate) metric_disk_bytes: Option<u64>,
    /// Points accepted a second just now.
    pub(crate) points_per_second: f64,
    /// Templates known.
    pub(crate) templates: Option<u64>,
    /// Templates that can be found by meaning.
    pub(crate) prototypes_embedded: u64,
    /// How full the bus is.
    pub(crate) bus: BusStats,
    /// Resident memory of the process that answers.
    pub(crate) memory_bytes: u64,
    /// The processes of the server, the one that answers first.
    pub(crate) processes: Vec<ProcessStats>,
    /// Records accepted a second just now.
    pub(crate) records_per_second: f64,
    /// Whether search by meaning works.
    pub(crate) semantic: SemanticStats,
    /// Where the server listens.
    pub(crate) listen: ListenStats,
    /// The stores that cannot be asked just now, and why.
    pub(crate) missing: Vec<Dependency>,
}

/// A process of the server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProcessStats {
    /// The name of its machine and its number there.
    pub(crate) name: String,
    /// What it does: `all`, `api` (takes in and answers) or `worker`.
    pub(crate) role: String,
    /// Whether it does what one process does for all: alerts, tickets, runs, messages.
    pub(crate) leads: bool,
    /// When it began.
    #[schema(format = DateTime)]
    pub(crate) started_at: String,
    /// Resident memory.
    pub(crate) memory_bytes: u64,
    /// Records it accepted a second just now.
    pub(crate) records_per_second: f64,
    /// Points it accepted a second just now.
    pub(crate) points_per_second: f64,
}

impl From<ProcessInfo> for ProcessStats {
    fn from(process: ProcessInfo) -> Self {
        Self {
            name: process.name,
            role: process.role,
            leads: process.leads,
            started_at: time::format(process.started_at),
            memory_bytes: process.memory_bytes,
            records_per_second: process.records_per_second,
            points_per_second: process.points_per_second,
        }
    }
}

/// How full the bus is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BusStats {
    /// Events that wait to be processed.
    pub(crate) events: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// The bound on bytes.
    pub(crate) limit_bytes: u64,
}

/// Whether search by meaning works.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SemanticStats {
    /// True if it does.
    pub(crate) available: bool,
    /// The model.
    pub(crate) model: Option<String>,
    /// What to do if it does not.
    pub(crate) remedy: Option<String>,
}

/// Where the server listens; null where it does not.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListenStats {
    /// The page and the API.
    pub(crate) http: Option<String>,
    /// Syslog over UDP.
    pub(crate) syslog_udp: Option<String>,
    /// Syslog over TCP.
    pub(crate) syslog_tcp: Option<String>,
}

impl StatsAnswer {
    /// The numbers as of `now`.
    pub(crate) fn new(stats: ServerStats, now: Timestamp) -> Self {
        let (logs, metrics) = (stats.logs.as_ref(), stats.metrics.as_ref());
        Self {
            version: stats.version,
            started_at: time::format(stats.started_at),
            uptime_s: (now.millis().saturating_sub(stats.started_at.millis()) / 1000).max(0),
            records: logs.map(|logs| logs.records),
            raw_bytes: logs.map(|logs| logs.raw_bytes),
            disk_bytes: logs.map(|logs| logs.disk_bytes),
            blocks: logs.map(|logs| logs.blocks),
            head_records: logs.map(|logs| logs.head_records),
            series: metrics.map(|metrics| metrics.series),
            points: metrics.map(|metrics| metrics.samples),
            metric_disk_bytes: metrics.map(|metrics| metrics.disk_bytes),
            points_per_second: stats.points_per_second,
            templates: stats.templates,
            prototypes_embedded: stats.prototypes_embedded,
            bus: BusStats {
                events: stats.bus.events,
                bytes: stats.bus.bytes,
                limit_bytes: stats.bus.limit_bytes,
            },
            memory_bytes: stats.memory_bytes,
            processes: stats.processes.into_iter().map(Into::into).collect(),
            records_per_second: stats.records_per_second,
            semantic: SemanticStats {
                available: stats.semantic.model.is_some(),
                model: stats.semantic.model,
                remedy: stats.semantic.remedy,
            },
            listen: ListenStats {
                http: stats.listen.http,
                syslog_udp: stats.listen.syslog_udp,
                syslog_tcp: stats.listen.syslog_tcp,
            },
            missing: stats.missing.into_iter().map(Into::into).collect(),
        }
    }
}
