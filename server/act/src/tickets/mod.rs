//! Tickets: which alerts get one, and how trackers of issues are told.
//!
//! One task reads the events of alerts in order, decides about each, and writes decisions, tickets
//! and what trackers are to be told together with how far it read ([`reader`]); another works that
//! off, in order for each ticket ([`sender`], [`worker`]). People go the same way ([`desk`]). All
//! write through one [`ledger`]. Everything can be stopped anywhere: of what may have been told
//! and was not noted, the tracker is asked before it is told again.

mod change;
mod decide;
mod desk;
mod ledger;
mod reader;
mod sender;
#[cfg(test)]
mod tests;
pub(crate) mod tracker;
pub(crate) mod trackers;
mod words;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use tocsin_domain::ports::{AlertDesk, AlertStore, Clock, StoreError, TicketStore};
use tocsin_domain::ticket::{TaskId, TaskState, TicketSettings, TrackerKind};
use tokio_util::sync::CancellationToken;

use crate::beginning::opened;
use crate::http::HttpConfig;
use crate::policy::Backoff;
pub use desk::Desk as TicketEngineDesk;
use ledger::Ledger;
pub use ledger::TicketProgress;
use tracker::Tracker;
use trackers::github::GitHub;
use trackers::jira::Jira;
use trackers::servicenow::ServiceNow;
use trackers::{GitHubConfig, JiraConfig, ServiceNowConfig, TrackerConfigError};

/// Which tracker tickets go to, and how it is reached.
#[derive(Debug, Clone, Default)]
pub enum TrackerConfig {
    /// Tocsin itself.
    #[default]
    BuiltIn,
    /// Jira Cloud.
    Jira(JiraConfig),
    /// ServiceNow.
    ServiceNow(ServiceNowConfig),
    /// Issues of a repository on GitHub.
    GitHub(GitHubConfig),
}

/// How tickets are decided on and told.
#[derive(Debug, Clone)]
pub struct TicketEngineConfig {
    /// Where people reach the page, for the links in tickets: `https://tocsin.example.org`.
    pub base_url: String,
    /// Where tickets go.
    pub tracker: TrackerConfig,
    /// How requests leave.
    pub http: HttpConfig,
    /// The settings until people make others.
    pub settings: TicketSettings,
    /// The wait after the first attempt that failed, in ms. Default 1,000; it doubles.
    pub backoff_first_ms: u64,
    /// The longest wait between attempts, in ms. Default 600,000.
    pub backoff_most_ms: u64,
    /// How often a request is tried before it is given up. Default 1,000: about a week.
    pub attempts_max: u32,
    /// How many tickets are told at the same time. Default 8.
    pub lanes_max: usize,
    /// How long a request may still be on its way to a tracker after its sender is gone, in ms.
    /// Default 5,000.
    pub settle_ms: u64,
}

impl TicketEngineConfig {
    /// Whether the tracker can be.
    ///
    /// # Errors
    /// [`TicketEngineError::Tracker`] with the setting that cannot be.
    pub fn check(&self, clock: &Arc<dyn Clock>) -> Result<(), TicketEngineError> {
        self.open(clock).map(drop)
    }

    /// The tracker; none: the built-in one, which is the store.
    fn open(&self, clock: &Arc<dyn Clock>) -> Result<Option<Arc<dyn Tracker>>, TicketEngineError> {
        let http = &self.http;
        Ok(match &self.tracker {
            TrackerConfig::BuiltIn => None,
            TrackerConfig::Jira(config) => Some(Arc::new(Jira::new(config, http)?)),
            TrackerConfig::ServiceNow(config) => Some(Arc::new(ServiceNow::new(config, http)?)),
            TrackerConfig::GitHub(config) => {
                Some(Arc::new(GitHub::new(config, http, clock.clone())?))
            }
        })
    }
}

impl Default for TicketEngineConfig {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            tracker: TrackerConfig::BuiltIn,
            http: HttpConfig::default(),
            settings: TicketSettings::default(),
            backoff_first_ms: 1000,
            backoff_most_ms: 600_000,
            attempts_max: 1000,
            lanes_max: 8,
            settle_ms: 5000,
        }
    }
}

/// What stands behind the tickets. `app` fills it in.
#[derive(Clone)]
pub struct TicketParts {
    /// Tickets, decisions and tasks.
    pub store: Arc<dyn TicketStore>,
    /// Alerts and their events.
    pub alerts: Arc<dyn AlertStore>,
    /// By whom one hears that something happened; it knows the silences.
    pub desk: Arc<dyn AlertDesk>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for TicketParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketParts").finish_non_exhaustive()
    }
}

/// Why tickets cannot be.
#[derive(Debug, thiserror::Error)]
pub enum TicketEngineError {
    /// The configuration of the tracker is wrong; says where and what was expected.
    #[error("`tickets.{}`: expected {}", .0.field, .0.expected)]
    Tracker(#[from] TrackerConfigError),
    /// The store cannot be read.
    #[error("the tickets cannot be read")]
    Store(#[from] StoreError),
}

/// Decides which alerts get a ticket, and tells the tracker.
#[derive(Debug)]
pub struct TicketEngine {
    ledger: Arc<Ledger>,
    sender: Option<sender::Sender>,
}

impl TicketEngine {
    /// An engine over its parts, and the desk that the API asks.
    ///
    /// # Errors
    /// [`TicketEngineError`].
    pub async fn open(
        parts: TicketParts,
        config: TicketEngineConfig,
    ) -> Result<(Self, Arc<TicketEngineDesk>), TicketEngineError> {
        let tracker = config.open(&parts.clock)?;
        Ok(Self::over(parts, config, tracker).await?)
    }

    async fn over(
        parts: TicketParts,
        config: TicketEngineConfig,
        tracker: Option<Arc<dyn Tracker>>,
    ) -> Result<(Self, Arc<TicketEngineDesk>), StoreError> {
        let settings = parts.store.ticket_settings().await?;
        let settings = settings.unwrap_or(config.settings);
        let last = last_task(parts.store.as_ref()).await?;
        let kind = tracker
            .as_ref()
            .map_or(TrackerKind::BuiltIn, |one| one.kind());
        let base_url: Arc<str> = config.base_url.trim_end_matches('/').into();
        let ledger = Arc::new(Ledger::new(parts, kind, base_url, settings));
        let sender = tracker.clone().map(|tracker| {
            let worker = worker::Worker {
                began: (ledger.now_ms(), last),
                ledger: ledger.clone(),
                tracker,
                backoff: Backoff {
                    first_ms: config.backoff_first_ms,
                    most_ms: config.backoff_most_ms,
                },
                attempts_max: config.attempts_max.max(1),
                settle_ms: i64::try_from(config.settle_ms).unwrap_or(i64::MAX),
                unwritten: std::sync::Mutex::default(),
                rests_until: AtomicI64::new(0),
                asked_to_wait: std::sync::Mutex::default(),
            };
            sender::Sender {
                ledger: ledger.clone(),
                worker: Arc::new(worker),
                lanes_max: config.lanes_max.max(1),
            }
        });
        let desk = desk::Desk {
            ledger: ledger.clone(),
            tracker,
        };
        Ok((Self { ledger, sender }, Arc::new(desk)))
    }

    /// Decides and tells until `shutdown` is cancelled; a request that is on its way is waited for.
    ///
    /// # Errors
    /// [`StoreError`] if what is stored cannot be read at the beginning. A store that is away is waited
    /// for; later errors are logged and tried again.
    ///
    /// # Cancel safety
    /// Safe: of what was not noted as told, the tracker is asked before it is told again.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), StoreError> {
        let open = || reader::Reader::open(self.ledger.clone());
        let Some(mut reader) = opened("tickets", &shutdown, open).await? else {
            return Ok(());
        };
        match &self.sender {
            Some(sender) => {
                tokio::join!(reader.run(&shutdown), sender.run(&shutdown));
            }
            None => reader.run(&shutdown).await,
        }
        Ok(())
    }
}

/// The newest task that there is.
async fn last_task(store: &dyn TicketStore) -> Result<TaskId, StoreError> {
    let mut last = TaskId(0);
    for state in TaskState::ALL {
        let newest = store.tasks_in(*state, 1).await?;
        last = newest.first().map_or(last, |task| task.id.max(last));
    }
    Ok(last)
}
