//! Sending again what was given up: one message, those of a subscription, or all dead letters.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tocsin_domain::Timestamp;
use tocsin_domain::job::Progress;
use tocsin_domain::ports::{
    Clock, DeliveryFilter, JobError, JobHandler, JobRun, StoreError, SubscriptionStore,
};
use tocsin_domain::subscription::{Delivery, DeliveryId, DeliveryState, SubscriptionId};
use tokio::sync::Notify;

/// Deliveries that are taken at a time.
const PAGE: usize = 200;
/// Deliveries that may be named.
const NAMED_MAX: usize = 1000;

/// Which deliveries. All that is given must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    /// The numbers of deliveries that are not pending. Default: all that were given up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deliveries: Vec<u64>,
    /// Only to this subscription.
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<String>,
}

impl Wanted {
    fn read(parameters: &str) -> Result<(Self, Option<SubscriptionId>), String> {
        let reader = &mut serde_json::Deserializer::from_str(parameters);
        let wanted: Self =
            serde_path_to_error::deserialize(reader).map_err(|error| error.to_string())?;
        if wanted.deliveries.len() > NAMED_MAX {
            return Err(format!(
                "`deliveries`: expected at most {NAMED_MAX} numbers"
            ));
        }
        let id = wanted.subscription.as_deref().map(|text| {
            let id = text.parse::<SubscriptionId>();
            id.map_err(|_| "`subscription`: expected the id of a subscription".to_owned())
        });
        let id = id.transpose()?;
        Ok((wanted, id))
    }
}

/// Does the jobs that send messages again.
pub struct SendNotification {
    store: Arc<dyn SubscriptionStore>,
    clock: Arc<dyn Clock>,
    wake: Arc<Notify>,
}

impl fmt::Debug for SendNotification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendNotification").finish_non_exhaustive()
    }
}

impl SendNotification {
    pub(super) fn new(
        store: Arc<dyn SubscriptionStore>,
        clock: Arc<dyn Clock>,
        wake: Arc<Notify>,
    ) -> Self {
        Self { store, clock, wake }
    }

    async fn again(&self, deliveries: Vec<Delivery>) -> Result<u64, StoreError> {
        let now_ms = self.clock.now().millis();
        let again = deliveries.into_iter().map(|one| Delivery {
            state: DeliveryState::Pending,
            attempts: 0,
            due_ms: now_ms,
            was_held: false,
            message: None,
            reference: None,
            note: Some("to be sent again by a job".into()),
            settled_ms: None,
            ..one
        });
        let again: Vec<_> = again.collect();
        let count = again.len() as u64;
        self.store.settle(again).await?;
        self.wake.notify_one();
        Ok(count)
    }

    /// Those that are named; one that is pending, or to another, is passed over.
    async fn named(
        &self,
        wanted: &Wanted,
        subscription: Option<SubscriptionId>,
        run: &dyn JobRun,
    ) -> Result<u64, JobError> {
        let (mut sent, total) = (0, wanted.deliveries.len() as u64);
        for (at, number) in (0..).zip(&wanted.deliveries) {
            if run.is_stopped() {
                return Err(JobError::Stopped);
            }
            run.progress(Progress::of(at, total, "messages"));
            let Some(found) = self.store.delivery(DeliveryId(*number)).await? else {
                continue;
            };
            let is_meant = subscription.is_none_or(|id| id == found.subscription);
            if is_meant && found.state != DeliveryState::Pending {
                sent += self.again(vec![found]).await?;
            }
        }
        Ok(sent)
    }

    /// All that were given up before the job was asked for.
    async fn dead(
        &self,
        subscription: Option<SubscriptionId>,
        run: &dyn JobRun,
    ) -> Result<u64, JobError> {
        let until_ms = run.job().created_at.millis();
        let filter = DeliveryFilter {
            subscription,
            states: vec![DeliveryState::Dead],
            alert: None,
        };
        let (mut before, mut sent) = (None, 0);
        loop {
            if run.is_stopped() {
                return Err(JobError::Stopped);
            }
            let mut page = self.store.deliveries(&filter, before, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(sent);
            };
            before = Some(last.id);
            // What was given up since then was tried since then.
            page.retain(|one| one.settled_ms.is_none_or(|at_ms| at_ms <= until_ms));
            sent += self.again(page).await?;
            run.progress(Progress {
                done: sent,
                total: None,
                note: "messages".into(),
            });
        }
    }
}

#[async_trait]
impl JobHandler for SendNotification {
    fn kind(&self) -> &'static str {
        "send_notification"
    }

    fn about(&self) -> &'static str {
        "Sends messages again that were given up: all of them, those of a subscription, or some by number."
    }

    fn example(&self) -> String {
        "{}".to_owned()
    }

    fn check(&self, parameters: &str, _: Timestamp) -> Result<String, String> {
        let (wanted, _) = Wanted::read(parameters)?;
        serde_json::to_string(&wanted).map_err(|error| error.to_string())
    }

    async fn run(&self, run: &dyn JobRun) -> Result<String, JobError> {
        let read = Wanted::read(&run.job().parameters);
        let (wanted, subscription) = read.map_err(JobError::Refused)?;
        let sent = if wanted.deliveries.is_empty() {
            self.dead(subscription, run).await?
        } else {
            self.named(&wanted, subscription, run).await?
        };
        Ok(serde_json::json!({ "sent_again": sent }).to_string())
    }
}
