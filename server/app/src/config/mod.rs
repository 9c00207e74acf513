//! The configuration: one struct a concern, owned by the crate that uses it, put together here.
//!
//! Only this crate reads the environment. The file `tocsin.toml` in `docs/` is generated from
//! these types, so it cannot say what they do not.

mod automation;
mod load;
mod model;
mod reference;
mod smtp;
mod telemetry;
mod tickets;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use automation::{AutomationConfig, BudgetConfig};
pub use load::{ConfigError, load};
pub use model::ModelConfig;
pub use reference::reference;
pub use smtp::{SmtpConfig, SmtpSecurity};
pub use telemetry::TelemetryConfig;
pub use tickets::{ThresholdsConfig, TicketsConfig, TrackerChoice};

/// Everything that can be set.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the server listens and keeps its data.
    pub server: ServerConfig,
    /// What is taken in, and from where.
    pub ingest: IngestConfig,
    /// The durable queue between intake and stores.
    pub bus: tocsin_bus::BusConfig,
    /// How lines are parsed and become durable.
    pub pipeline: tocsin_pipeline::PipelineConfig,
    /// What is small and must not be lost: alerts, tickets, rules, runs.
    pub relational: tocsin_stores::relational::RelationalConfig,
    /// The log store.
    pub logs: LogsConfig,
    /// The metric store, detectors and forecasts.
    pub metrics: MetricsConfig,
    /// Alerts: what is told, and when.
    pub alerts: AlertsConfig,
    /// How messages leave to those who subscribed.
    pub notify: NotifyConfig,
    /// Tickets: which alerts get one, and which tracker keeps them.
    pub tickets: TicketsConfig,
    /// Automation: what is proposed about alerts, where it is carried out, and how much may happen.
    pub automation: AutomationConfig,
    /// The copilot: how it answers, and what it keeps.
    pub copilot: tocsin_copilot::CopilotConfig,
    /// The embedding model behind search by meaning.
    pub model: ModelConfig,
    /// Where vectors are kept.
    pub vectors: tocsin_stores::vectors::VectorsConfig,
    /// The language model behind answers and summaries; none is needed.
    pub llm: tocsin_llm::ModelConfig,
    /// Jobs: slow work that is asked for, or done from time to time.
    pub jobs: tocsin_jobs::JobsConfig,
    /// The HTTP interface.
    pub api: tocsin_api::ApiConfig,
    /// Backups that the server makes by itself.
    pub backup: tocsin_backup::BackupConfig,
    /// What the server says of itself.
    pub telemetry: TelemetryConfig,
}

/// Where the server listens and keeps its data.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address of the page and the API. Default 127.0.0.1:8080. There is no authentication yet,
    /// so an address beyond loopback is refused, unless `open_to_network` is true.
    pub listen: SocketAddr,
    /// What this process does: `all`, or, where several share PostgreSQL and Redis, `api` (takes in
    /// and answers) or `worker` (works on what was taken in, and may lead). Default all. The option
    /// `--role` of `tocsin serve` lies over it.
    pub role: Role,
    /// Where the other processes reach this one, such as `10.0.0.7:8080`. Default: `server.listen`.
    pub advertise: Option<String>,
    /// Listen beyond this machine although there is no login yet: whoever reaches the address may do
    /// everything. Default false: such an address is refused. For networks of their own, such as
    /// that of containers, with a proxy in front that authenticates.
    pub open_to_network: bool,
    /// Folder of all data; made if it is not there. Default ./data. One server at a time.
    pub data_dir: PathBuf,
    /// Seconds that a shutdown may take to drain. Default 30: what is not drained by then is safe
    /// in the bus and is processed at the next start.
    pub shutdown_grace_secs: u64,
    /// Header in which a proxy that authenticates says who asks, such as `X-Forwarded-User`. What
    /// people do is kept under that name, and only who is known may agree where approvers are named.
    /// The proxy must replace what clients send. Default none: everybody is `anonymous`.
    pub user_header: Option<String>,
    /// Addresses or networks (`10.0.0.0/8`) of the proxies whose `user_header` is believed; where
    /// several processes work, also those of the processes, which hand on to the one that leads.
    /// Default: this machine.
    pub trusted_proxies: Vec<String>,
}

/// What a process does.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    #[default]
    All,
    /// Take in and answer.
    Api,
    /// Work on what was taken in, and lead.
    Worker,
}

impl Role {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Api => "api",
            Self::Worker => "worker",
        }
    }

    /// Whether it works on what was taken in.
    #[must_use]
    pub const fn works(self) -> bool {
        matches!(self, Self::All | Self::Worker)
    }
}

impl ServerConfig {
    /// Where the other processes reach this one, which listens at `address`.
    #[must_use]
    pub fn reached_at(&self, address: SocketAddr) -> String {
        let advertised = self.advertise.clone();
        advertised.unwrap_or_else(|| address.to_string())
    }

    /// Who may say who asks.
    ///
    /// # Errors
    /// [`ConfigError::Refused`] with the key and what was expected.
    pub fn identity(&self) -> Result<tocsin_api::Identity, ConfigError> {
        let header = self.user_header.as_deref();
        let identity = tocsin_api::Identity::new(header, &self.trusted_proxies);
        let keys = "`server.user_header` or `server.trusted_proxies`";
        identity.map_err(|wrong| ConfigError::Refused(format!("{keys}: {wrong}")))
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            role: Role::All,
            advertise: None,
            open_to_network: false,
            data_dir: PathBuf::from("./data"),
            shutdown_grace_secs: 30,
            user_header: None,
            trusted_proxies: vec!["127.0.0.1".into(), "::1".into()],
        }
    }
}

/// What is taken in, and from where. Pushes over HTTP are always taken on `server.listen`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IngestConfig {
    /// Files that are followed.
    pub files: tocsin_ingest::FileTailConfig,
    /// Syslog over UDP and TCP.
    pub syslog: tocsin_ingest::SyslogConfig,
    /// Bounds on what one request or line may bring.
    pub limits: tocsin_ingest::Limits,
    /// Bounds on series and points.
    pub metric_limits: tocsin_ingest::metrics::MetricLimits,
    /// Prometheus targets that are scraped, in jobs: each is an `[[ingest.scrape]]` with `job = "…"`
    /// and `targets = ["host:port"]`, and more as in docs/sending-metrics.md. Default none.
    pub scrape: Vec<tocsin_ingest::metrics::scrape::ScrapeConfig>,
    /// The machine itself.
    pub host: HostConfig,
    /// Tocsin's own log.
    pub own_log: OwnLogConfig,
}

/// The machine itself: its logs, and how it is doing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HostConfig {
    /// Follow the logs of this machine that can be read, and measure it. Default true: there is
    /// something to see within seconds, and it never leaves the machine.
    pub enabled: bool,
    /// Which files those are, as globs. Default: the usual places under /var/log.
    pub files: Vec<String>,
    /// Measure processors, memory, file systems, disks, network and the largest processes, as
    /// source `host`, if `enabled` is true as well. Default true.
    pub metrics: bool,
    /// Seconds between two measurements. Default 10: a few milliseconds of work each time.
    pub interval_secs: u64,
}

impl HostConfig {
    /// Whether the machine is measured.
    #[must_use]
    pub const fn is_measured(&self) -> bool {
        self.enabled && self.metrics
    }
}

impl Default for HostConfig {
    fn default() -> Self {
        let usual = [
            "/var/log/*.log",
            "/var/log/syslog",
            "/var/log/messages",
            "/var/log/secure",
        ];
        let deeper = [
            "/var/log/nginx/*.log",
            "/var/log/apache2/*.log",
            "/var/log/postgresql/*.log",
        ];
        let files = usual
            .iter()
            .chain(&deeper)
            .map(ToString::to_string)
            .collect();
        Self {
            enabled: true,
            files,
            metrics: true,
            interval_secs: 10,
        }
    }
}

/// Tocsin's own log as a source.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OwnLogConfig {
    /// Take in what Tocsin itself logs, as source `tocsin`. Default true: a quiet machine still
    /// shows something, and trouble of Tocsin's own can be searched like any other.
    pub enabled: bool,
}

impl Default for OwnLogConfig {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// The log store and what it keeps for how long.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogsConfig {
    /// Sizes of the store's parts.
    pub store: tocsin_stores::logs::LogStoreConfig,
    /// ClickHouse in place of the embedded store, where several processes share the lines.
    pub clickhouse: tocsin_stores::logs::ClickHouseLogsConfig,
    /// How long lines are kept; the rule with the longest matching `source_prefix` holds. Default:
    /// none, so that nothing goes unless someone says so.
    pub retention: Vec<RetentionConfig>,
}

/// The metric store, detectors and forecasts.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// File with the rules of what fills up, in place of the shipped `rules/detection.yml`.
    /// Default: the shipped rules.
    pub rules: Option<PathBuf>,
    /// Sizes of the store's parts and how long points are kept.
    pub store: tocsin_stores::metrics::MetricStoreConfig,
    /// InfluxDB 2 in place of the embedded metric store.
    pub influxdb: tocsin_stores::metrics::influxdb::InfluxConfig,
    /// How points are judged and become durable.
    pub pipeline: tocsin_pipeline::MetricsConfig,
}

/// Alerts: what is told, and when.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// File with alert rules, in place of the shipped `rules/alerts.yml`. What people change in the
    /// page or through the API takes the place of the rules of either. Default: the shipped rules.
    pub rules: Option<PathBuf>,
    /// File with classification rules, in place of the shipped `rules/classification.yml`. Default:
    /// the shipped rules.
    pub classification: Option<PathBuf>,
    /// Seconds between two looks at the rules on metrics. Default 15.
    pub every_secs: u64,
    /// Changes of alerts that wait for a slow live client; what it misses beyond is read from the
    /// store. Default 4096.
    pub listener_queue: usize,
    /// Days that resolved alerts are kept. Default 365.
    pub kept_days: u32,
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self {
            rules: None,
            classification: None,
            every_secs: 15,
            listener_queue: 4096,
            kept_days: 365,
        }
    }
}

/// How messages leave to those who subscribed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NotifyConfig {
    /// Where people reach the page, for the links in messages, such as
    /// `https://tocsin.example.org`. Default: where the server listens.
    pub public_url: Option<String>,
    /// A proxy for messages, such as `http://proxy:3128`. Default none: they leave directly.
    pub proxy: Option<String>,
    /// Milliseconds that a receiver has to answer. Default 10000.
    pub timeout_ms: u64,
    /// How often a message is tried before it is a dead letter. Default 20: about two hours.
    pub attempts_max: u32,
    /// The most seconds between two attempts; the first wait is one, and it doubles. Default 600.
    pub retry_secs_max: u64,
    /// Days that messages which were sent are kept. Default 30.
    pub kept_days: u32,
    /// The mail server that takes messages to those who subscribed by e-mail.
    pub smtp: SmtpConfig,
}

impl Default for NotifyConfig {
    fn default() -> Self {
        Self {
            public_url: None,
            proxy: None,
            timeout_ms: 10_000,
            attempts_max: 20,
            retry_secs_max: 600,
            kept_days: 30,
            smtp: SmtpConfig::default(),
        }
    }
}

/// How long lines of some sources are kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionConfig {
    /// Sources whose name begins with this; empty means all.
    pub source_prefix: String,
    /// Lines older than so many hours go.
    pub max_age_hours: Option<u64>,
    /// When a source has more bytes on disk than this, its oldest go.
    pub max_bytes: Option<u64>,
}
