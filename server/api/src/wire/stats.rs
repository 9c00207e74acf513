//! The server in numbers.

use serde::Serialize;
use tocsin_domain::Timestamp;
use tocsin_domain::ports::server_status::ServerStats;
use utoipa::ToSchema;

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
    /// Records kept.
    pub(crate) records: u64,
    /// Bytes of the lines they came from.
    pub(crate) raw_bytes: u64,
    /// Bytes on disk.
    pub(crate) disk_bytes: u64,
    /// Blocks on disk.
    pub(crate) blocks: u64,
    /// Records in memory only; the bus still has them.
    pub(crate) head_records: u64,
    /// Series of metrics known.
    pub(crate) series: u64,
    /// Points of metrics kept one by one.
    pub(crate) points: u64,
    /// Bytes of metrics on disk.
    pub(crate) metric_disk_bytes: u64,
    /// Points accepted a second just now.
    pub(crate) points_per_second: f64,
    /// Templates known.
    pub(crate) templates: u64,
    /// Templates that can be found by meaning.
    pub(crate) prototypes_embedded: u64,
    /// How full the bus is.
    pub(crate) bus: BusStats,
    /// Resident memory.
    pub(crate) memory_bytes: u64,
    /// Records accepted a second just now.
    pub(crate) records_per_second: f64,
    /// Whether search by meaning works.
    pub(crate) semantic: SemanticStats,
    /// Where the server listens.
    pub(crate) listen: ListenStats,
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
        Self {
            version: stats.version,
            started_at: time::format(stats.started_at),
            uptime_s: (now.millis().saturating_sub(stats.started_at.millis()) / 1000).max(0),
            records: stats.logs.records,
            raw_bytes: stats.logs.raw_bytes,
            disk_bytes: stats.logs.disk_bytes,
            blocks: stats.logs.blocks,
            head_records: stats.logs.head_records,
            series: stats.metrics.series,
            points: stats.metrics.samples,
            metric_disk_bytes: stats.metrics.disk_bytes,
            points_per_second: stats.points_per_second,
            templates: stats.templates,
            prototypes_embedded: stats.prototypes_embedded,
            bus: BusStats {
                events: stats.bus.events,
                bytes: stats.bus.bytes,
                limit_bytes: stats.bus.limit_bytes,
            },
            memory_bytes: stats.memory_bytes,
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
        }
    }
}
