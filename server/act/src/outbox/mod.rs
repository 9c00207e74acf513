//! The outbox: what is to be told is written down before it is told.
//!
//! One task reads the events of alerts in order and writes deliveries together with how far it
//! read ([`reader`]); another sees to it that each subscription is told in order, the slow ones
//! apart from the others ([`sender`], [`lane`]). Both can be stopped anywhere: what was not noted
//! as sent is sent again under the same key.

mod lane;
mod reader;
mod resend;
mod sender;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::sync::Arc;

use tocsin_domain::ports::{
    AlertDesk, AlertStore, Clock, PredictionStore, StoreError, SubscriptionStore,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::beginning::opened;
use crate::channels::Outgoing;
use crate::http::Http;
use crate::mail::Mailer;
use crate::notifier::{ChannelNotifier, NotifierConfig};
use crate::policy::Backoff;
use lane::Lane;
pub use resend::SendNotification;

/// How the outbox works.
#[derive(Debug, Clone)]
pub struct OutboxConfig {
    /// The wait after the first attempt that failed, in ms. Default 1,000; it doubles.
    pub backoff_first_ms: u64,
    /// The longest wait between attempts, in ms. Default 600,000.
    pub backoff_most_ms: u64,
    /// How often a message is tried before it is a dead letter. Default 20: about an hour and a half.
    pub attempts_max: u32,
    /// How many subscriptions are told at the same time. Default 8.
    pub lanes_max: usize,
    /// How long sent and dead deliveries are kept, in days. Default 30.
    pub keep_days: u32,
}

impl Default for OutboxConfig {
    fn default() -> Self {
        Self {
            backoff_first_ms: 1000,
            backoff_most_ms: 600_000,
            attempts_max: 20,
            lanes_max: 8,
            keep_days: 30,
        }
    }
}

/// What stands behind the outbox. `app` fills it in.
#[derive(Clone)]
pub struct OutboxParts {
    /// Subscriptions and deliveries.
    pub store: Arc<dyn SubscriptionStore>,
    /// Alerts, their events, and silences.
    pub alerts: Arc<dyn AlertStore>,
    /// By whom one hears that something happened.
    pub desk: Arc<dyn AlertDesk>,
    /// Predictions, which know when a crossing comes.
    pub predictions: Arc<dyn PredictionStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for OutboxParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboxParts").finish_non_exhaustive()
    }
}

impl OutboxParts {
    fn now_ms(&self) -> i64 {
        self.clock.now().millis()
    }
}

/// Tells subscriptions what happens to alerts.
#[derive(Debug)]
pub struct Outbox {
    parts: OutboxParts,
    config: OutboxConfig,
    lane: Arc<Lane>,
    wake: Arc<Notify>,
}

impl Outbox {
    /// An outbox over its parts, and the notifier that the API asks.
    #[must_use]
    pub fn new(
        parts: OutboxParts,
        config: OutboxConfig,
        notifier: NotifierConfig,
    ) -> (Self, Arc<ChannelNotifier>) {
        let wake = Arc::new(Notify::new());
        let outgoing = Outgoing {
            http: Http::new(&notifier.http),
            mailer: Mailer::new(notifier.mail),
        };
        let base_url: Arc<str> = notifier.base_url.trim_end_matches('/').into();
        let lane = Lane {
            parts: parts.clone(),
            outgoing: outgoing.clone(),
            base_url: base_url.clone(),
            backoff: Backoff {
                first_ms: config.backoff_first_ms,
                most_ms: config.backoff_most_ms,
            },
            attempts_max: config.attempts_max.max(1),
        };
        let notifier = ChannelNotifier::new(outgoing, base_url, parts.clock.clone(), wake.clone());
        let outbox = Self {
            parts,
            config,
            lane: Arc::new(lane),
            wake,
        };
        (outbox, Arc::new(notifier))
    }

    /// Who does the jobs that send messages again.
    #[must_use]
    pub fn resend(&self) -> SendNotification {
        let parts = &self.parts;
        SendNotification::new(parts.store.clone(), parts.clock.clone(), self.wake.clone())
    }

    /// Reads and sends until `shutdown` is cancelled; a message that is on its way is waited for.
    ///
    /// # Errors
    /// [`StoreError`] if what is stored cannot be read at the beginning. A store that is away is waited
    /// for; later errors are logged and tried again.
    ///
    /// # Cancel safety
    /// Safe: what was not noted as sent is sent again under the same key.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), StoreError> {
        let open = || reader::Reader::open(self.parts.clone(), self.wake.clone());
        let Some(mut reader) = opened("messages", &shutdown, open).await? else {
            return Ok(());
        };
        let sender = sender::Sender {
            parts: self.parts,
            lane: self.lane,
            wake: self.wake,
            lanes_max: self.config.lanes_max.max(1),
            keep_ms: i64::from(self.config.keep_days.max(1)) * 86_400_000,
        };
        tokio::join!(reader.run(&shutdown), sender.run(&shutdown));
        Ok(())
    }
}
