//! From events to deliveries: reads what happened in order and writes down who is to be told.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::alert::{Alert, AlertEvent, AlertId, AlertKind, Evidence};
use tocsin_domain::ports::{AlertListener, Heard, StoreError};
use tocsin_domain::subscription::{NewDelivery, News, Subscription};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::OutboxParts;
use crate::policy::due_ms;

/// How many events are read at once.
const PAGE: usize = 500;
/// How long nothing may be heard before the store is asked, and how long an error is waited out.
const ROUND: Duration = Duration::from_secs(5);
const AFTER_ERROR: Duration = Duration::from_secs(1);
/// How far back the prediction of an alert is looked for, in ms, and how many are looked at.
const PREDICTION_MS: i64 = 86_400_000;
const PREDICTIONS: usize = 500;

pub(super) struct Reader {
    parts: OutboxParts,
    wake: Arc<Notify>,
    listener: Box<dyn AlertListener>,
    position: u64,
}

impl Reader {
    /// Goes on where it stopped; at the very first, with what happens from now on.
    pub(super) async fn open(parts: OutboxParts, wake: Arc<Notify>) -> Result<Self, StoreError> {
        // Listening begins before the store is read, so that nothing falls between.
        let listener = parts.desk.listen();
        let position = match parts.store.outbox_position().await? {
            Some(position) => position,
            None => {
                let last = parts.alerts.last_seq().await?;
                parts.store.enqueue(last, Vec::new()).await?;
                last
            }
        };
        Ok(Self {
            parts,
            wake,
            listener,
            position,
        })
    }

    pub(super) async fn run(&mut self, shutdown: &CancellationToken) {
        let mut is_open = true;
        while !shutdown.is_cancelled() {
            let wait = match self.catch_up(shutdown).await {
                Ok(()) => ROUND,
                Err(error) => {
                    tracing::warn!(%error, "events of alerts cannot be taken for subscriptions");
                    AFTER_ERROR
                }
            };
            let position = self.position;
            let heard = async {
                loop {
                    match self.listener.next().await {
                        // A change that was read from the store already.
                        Some(Heard::Change(change)) if change.event.seq <= position => {}
                        other => return other.is_some(),
                    }
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                still = heard, if is_open => is_open = still,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn catch_up(&mut self, shutdown: &CancellationToken) -> Result<(), StoreError> {
        while !shutdown.is_cancelled() {
            let events = self.parts.alerts.events_after(self.position, PAGE).await?;
            let Some(last) = events.last().map(|event| event.seq) else {
                return Ok(());
            };
            let deliveries = matching(&self.parts, &events).await?;
            let is_any = !deliveries.is_empty();
            self.parts.store.enqueue(last, deliveries).await?;
            self.position = last;
            if is_any {
                self.wake.notify_one();
            }
        }
        Ok(())
    }
}

/// Who is to be told of some events.
async fn matching(
    parts: &OutboxParts,
    events: &[AlertEvent],
) -> Result<Vec<NewDelivery>, StoreError> {
    let mut deliveries = Vec::new();
    let news = events.iter();
    let news: Vec<(&AlertEvent, News)> = news
        .filter_map(|event| Some((event, News::of(event)?)))
        .collect();
    if news.is_empty() {
        return Ok(deliveries);
    }
    let mut subscriptions = parts.store.subscriptions().await?;
    subscriptions.retain(|one| one.is_enabled);
    if subscriptions.is_empty() {
        return Ok(deliveries);
    }
    let wants_lead = subscriptions
        .iter()
        .any(|one| one.filter.min_lead_hours.is_some());
    let now_ms = parts.now_ms();
    let mut known: HashMap<AlertId, Option<(Alert, Option<i64>)>> = HashMap::new();
    for (event, news) in news {
        if let Entry::Vacant(place) = known.entry(event.alert) {
            let found = read(parts, event.alert, wants_lead, now_ms).await?;
            place.insert(found);
        }
        // An alert that was forgotten meanwhile ended long ago.
        let Some(Some((alert, lead_ms))) = known.get(&event.alert) else {
            continue;
        };
        let meant = subscriptions
            .iter()
            .filter(|one| event.at_ms >= one.created_ms)
            .filter(|one| one.filter.holds(alert, news, *lead_ms));
        deliveries.extend(meant.map(|one| delivery(one, event, news, now_ms)));
    }
    Ok(deliveries)
}

/// An alert, and how far away the crossing is that it speaks of, in ms.
async fn read(
    parts: &OutboxParts,
    id: AlertId,
    wants_lead: bool,
    now_ms: i64,
) -> Result<Option<(Alert, Option<i64>)>, StoreError> {
    let Some(alert) = parts.alerts.alert(id).await? else {
        return Ok(None);
    };
    let mut lead_ms = None;
    if wants_lead && alert.kind == AlertKind::Predictive {
        // The newest prediction that the alert rests on.
        let newest = alert.evidence.iter().rev().find_map(|one| match one {
            Evidence::Prediction { id, series, .. } => Some((*id, *series)),
            _ => None,
        });
        if let Some((prediction, series)) = newest {
            let from_ms = alert.last_ms.min(now_ms) - PREDICTION_MS;
            let predictions = &parts.predictions;
            let made = predictions
                .predictions_of(series, from_ms, PREDICTIONS)
                .await?;
            let found = made.into_iter().find(|one| one.id == prediction);
            let crossing = found.and_then(|one| one.crossing_ms);
            lead_ms = crossing.map(|(_, median, _)| median - now_ms);
        }
    }
    Ok(Some((alert, lead_ms)))
}

fn delivery(
    subscription: &Subscription,
    event: &AlertEvent,
    news: News,
    now_ms: i64,
) -> NewDelivery {
    NewDelivery {
        subscription: subscription.id,
        alert: event.alert,
        event_seq: event.seq,
        news,
        at_ms: event.at_ms,
        due_ms: due_ms(subscription, now_ms),
    }
}
