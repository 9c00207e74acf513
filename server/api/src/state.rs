//! What handlers work with: the ports, the configuration and the counters of what is going on.

use std::fmt;
use std::sync::Arc;

use tocsin_domain::Timestamp;
use tocsin_domain::ports::{
    AlertDesk, AlertRules, AlertStore, AnomalyStore, AuditLog, AutomationDesk, ChangeStore,
    Classifier, Clock, Copilot, HttpTelemetry, Intake, JobDesk, JobStore, LiveLogs, LogSearch,
    LogStore, MetricInsight, MetricStore, ModelLedger, Notifier, PredictionStore, RootCauseStore,
    ServerStatus, SubscriptionStore, TemplateStore, ThreadStore, TicketDesk, TicketStore,
};
use tocsin_ingest::Limits as DecodeLimits;
use tocsin_ingest::metrics::otlp::DeltaTotals;
use tocsin_ingest::metrics::{MetricLimits, SeriesRegistry};
use tocsin_promql::Engine;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::assets::Assets;
use crate::config::ApiConfig;
use crate::identity::Identity;
use crate::limits::Limits;
use crate::slack::SlackInbound;
use crate::stream::metrics::MetricFeeds;

/// Everything that stands behind the routes. `app` fills it in.
pub struct ApiParts {
    /// Every log line.
    pub logs: Arc<dyn LogStore>,
    /// The register of templates.
    pub templates: Arc<dyn TemplateStore>,
    /// Search by meaning.
    pub search: Arc<dyn LogSearch>,
    /// Where pushed records go.
    pub intake: Arc<dyn Intake>,
    /// Records as they pass.
    pub live: Arc<dyn LiveLogs>,
    /// Slow work.
    pub jobs: Arc<dyn JobStore>,
    /// Who is asked for it.
    pub job_desk: Arc<dyn JobDesk>,
    /// Who did what.
    pub audit: Arc<dyn AuditLog>,
    /// Every metric point.
    pub metrics: Arc<dyn MetricStore>,
    /// Queries in PromQL over them.
    pub engine: Engine,
    /// Charts and forecasts of series.
    pub insight: Arc<dyn MetricInsight>,
    /// Anomalies of series.
    pub anomalies: Arc<dyn AnomalyStore>,
    /// Predictions, and how they turned out.
    pub predictions: Arc<dyn PredictionStore>,
    /// Alerts, incidents, silences, and what happened to them.
    pub alerts: Arc<dyn AlertStore>,
    /// What people do with them, and how one hears of it.
    pub desk: Arc<dyn AlertDesk>,
    /// Alert rules at work.
    pub rules: Arc<dyn AlertRules>,
    /// Types of failure, and the rules they are recognised by.
    pub classifier: Arc<dyn Classifier>,
    /// Who is told of which alerts, and what became of it.
    pub subscriptions: Arc<dyn SubscriptionStore>,
    /// Who tells them.
    pub notifier: Arc<dyn Notifier>,
    /// Tickets, what was decided about them, and what trackers are to be told.
    pub tickets: Arc<dyn TicketStore>,
    /// Who decides about tickets, and what people do with them.
    pub ticket_desk: Arc<dyn TicketDesk>,
    /// What is proposed about alerts, what people say about that, and what becomes of it.
    pub automation: Arc<dyn AutomationDesk>,
    /// Who answers questions, and says what the cause was.
    pub copilot: Arc<dyn Copilot>,
    /// Conversations with it.
    pub threads: Arc<dyn ThreadStore>,
    /// Its reports of causes.
    pub root_causes: Arc<dyn RootCauseStore>,
    /// What was changed, and when.
    pub changes: Arc<dyn ChangeStore>,
    /// What its model was sent.
    pub ledger: Arc<dyn ModelLedger>,
    /// Where people approve in Slack; none: they do not.
    pub slack: Option<SlackInbound>,
    /// What the server says of itself.
    pub status: Arc<dyn ServerStatus>,
    /// Where requests are counted.
    pub telemetry: Arc<dyn HttpTelemetry>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The web page.
    pub assets: Arc<dyn Assets>,
    /// Bounds and rules of the HTTP side.
    pub config: ApiConfig,
    /// Who may say who asks.
    pub identity: Identity,
    /// How many requests a client may make; none: any number.
    pub client_limits: Option<Limits>,
    /// Bounds of decoding.
    pub limits: DecodeLimits,
    /// Bounds of decoding metrics.
    pub metric_limits: MetricLimits,
    /// The series that pushes named so far.
    pub registry: Arc<SeriesRegistry>,
    /// Running totals of what OTLP sends as differences.
    pub deltas: Arc<DeltaTotals>,
    /// Owns every task that outlives its request; `app` waits for it at shutdown.
    pub tasks: TaskTracker,
    /// Cancelled when the server begins to shut down: live tails end then.
    pub shutdown: CancellationToken,
}

impl fmt::Debug for ApiParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiParts")
            .field("config", &self.config)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// What handlers work with. Cloning costs one reference count.
#[derive(Clone, Debug)]
pub struct ApiState {
    parts: Arc<ApiParts>,
    pub(crate) bounds: Arc<Bounds>,
    /// The selections of metrics that somebody watches.
    pub(crate) feeds: Arc<MetricFeeds>,
}

/// What is going on, each kind bounded by the configuration.
#[derive(Debug)]
pub(crate) struct Bounds {
    /// Room for request bodies, in units of [`BODY_UNIT_BYTES`].
    pub(crate) bodies: Arc<Semaphore>,
    pub(crate) decodes: Arc<Semaphore>,
    pub(crate) reads: Arc<Semaphore>,
    pub(crate) live_clients: Arc<Semaphore>,
    /// Clients of streams of alerts and metrics.
    pub(crate) stream_clients: Arc<Semaphore>,
}

/// The unit in which room for bodies is handed out: a semaphore counts in 32 bits.
pub(crate) const BODY_UNIT_BYTES: usize = 4096;

impl ApiState {
    /// Joins the parts.
    #[must_use]
    pub fn new(parts: ApiParts) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let config = &parts.config;
        let decodes = if config.decodes_max == 0 {
            cores
        } else {
            config.decodes_max
        };
        // One body of the largest size must always find room, or it could never be taken.
        let body_bytes = config
            .body_bytes_in_flight_max
            .max(parts.limits.body_bytes_max);
        let semaphore =
            |permits: usize| Arc::new(Semaphore::new(permits.clamp(1, Semaphore::MAX_PERMITS)));
        let bounds = Bounds {
            bodies: semaphore(body_bytes.div_ceil(BODY_UNIT_BYTES) + 1),
            decodes: semaphore(decodes),
            reads: semaphore(config.reads_max),
            live_clients: semaphore(config.live_clients_max),
            stream_clients: semaphore(config.stream_clients_max),
        };
        Self {
            parts: Arc::new(parts),
            bounds: Arc::new(bounds),
            feeds: Arc::default(),
        }
    }

    pub(crate) fn parts(&self) -> &ApiParts {
        &self.parts
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }
}

/// Ten random bytes, for ids.
pub(crate) fn random() -> [u8; 10] {
    let bytes = *uuid::Uuid::new_v4().as_bytes();
    // Bytes 6 and 8 carry the version and variant of the UUID; the others are random.
    let mut random = [0; 10];
    random[..6].copy_from_slice(&bytes[..6]);
    random[6..].copy_from_slice(&bytes[9..13]);
    random
}
