//! The side that tells people: the outbox, opened and started.

use std::sync::Arc;

use parking_lot::Mutex;
use tocsin_act::{
    ChannelNotifier, HttpConfig, NotifierConfig, Outbox, OutboxConfig, OutboxParts,
    SendNotification,
};
use tocsin_domain::ports::Clock;
use tocsin_stores::relational::RelationalStore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::alerts::AlertParts;
use crate::config::Config;

/// The outbox and the notifier that the API asks.
pub(super) struct NotifyParts {
    pub(super) notifier: Arc<ChannelNotifier>,
    outbox: Mutex<Option<Outbox>>,
    resend: Mutex<Option<SendNotification>>,
}

impl NotifyParts {
    /// Joins the parts.
    pub(super) fn new(
        config: &Config,
        relational: &Arc<RelationalStore>,
        alerts: &AlertParts,
        clock: &Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let settings = &config.notify;
        let parts = OutboxParts {
            store: relational.clone(),
            alerts: relational.clone(),
            desk: Arc::new(alerts.desk.clone()),
            predictions: relational.clone(),
            clock: clock.clone(),
        };
        let outbox = OutboxConfig {
            attempts_max: settings.attempts_max,
            backoff_most_ms: settings.retry_secs_max.max(1).saturating_mul(1000),
            keep_days: settings.kept_days,
            ..OutboxConfig::default()
        };
        let listens = || format!("http://{}", config.server.listen);
        let notifier = NotifierConfig {
            base_url: settings.public_url.clone().unwrap_or_else(listens),
            http: HttpConfig {
                timeout_ms: settings.timeout_ms,
                proxy: settings.proxy.clone(),
            },
            mail: settings
                .smtp
                .mail(settings.timeout_ms)
                .map_err(anyhow::Error::msg)?,
        };
        let (outbox, notifier) = Outbox::new(parts, outbox, notifier);
        Ok(Self {
            notifier,
            resend: Mutex::new(Some(outbox.resend())),
            outbox: Mutex::new(Some(outbox)),
        })
    }

    /// Who does the jobs that send messages again; there is one.
    pub(super) fn take_resend(&self) -> Option<SendNotification> {
        self.resend.lock().take()
    }

    /// Starts to tell, until it is cancelled.
    pub(super) fn start(&self, tasks: &TaskTracker, cancel: &CancellationToken) {
        if let Some(outbox) = self.outbox.lock().take() {
            let run = outbox.run(cancel.clone());
            tasks.spawn(async move {
                if let Err(error) = run.await {
                    tracing::error!(%error, "nobody is told of alerts until the next start");
                }
            });
        }
    }
}
