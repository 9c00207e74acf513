//! The lane of one subscription: what is due is told in order, one message after the other.

use std::collections::HashMap;
use std::sync::Arc;

use tocsin_domain::alert::{Alert, AlertEventKind, AlertId};
use tocsin_domain::ports::StoreError;
use tocsin_domain::subscription::{
    Delivery, DeliveryId, DeliveryState, News, Subscription, SubscriptionId,
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::OutboxParts;
use crate::channels::{self, Outcome, Outgoing, Verdict};
use crate::message::{Message, Sender};
use crate::policy::{Backoff, Decision, Gathering, Situation, decide, gather};
use crate::{spans, words};

/// How many deliveries are looked at, and so told in one message, at most.
const PAGE: usize = 1000;
/// How many are looked at where each has a message of its own.
const SINGLES: usize = 32;
/// How far back silences are asked for, in ms: one that is over explains why nothing was told.
const SILENCES_MS: i64 = 86_400_000;

/// A delivery with its alert.
type Told = (Delivery, Alert);

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) parts: OutboxParts,
    pub(super) outgoing: Outgoing,
    pub(super) base_url: Arc<str>,
    pub(super) backoff: Backoff,
    pub(super) attempts_max: u32,
}

impl Lane {
    /// Tells what is due until nothing is.
    pub(super) async fn run(
        &self,
        id: SubscriptionId,
        shutdown: &CancellationToken,
    ) -> Result<(), StoreError> {
        while !shutdown.is_cancelled() && self.step(id).await? {}
        Ok(())
    }

    /// Sends one message, or settles what needs none; false if nothing is due.
    async fn step(&self, id: SubscriptionId) -> Result<bool, StoreError> {
        let store = &self.parts.store;
        let Some(subscription) = store.subscription(id).await? else {
            return Ok(false);
        };
        let page = match subscription.is_enabled && !is_gathered(&subscription) {
            true => SINGLES,
            false => PAGE,
        };
        let due = store.due(id, self.parts.now_ms(), page).await?;
        if due.is_empty() {
            return Ok(false);
        }
        if !subscription.is_enabled {
            self.skip(due, "the subscription is off").await?;
            return Ok(true);
        }
        // A message that was begun goes out as it was put together, or a receiver could not tell
        // that it has it already.
        if let Some(begun) = due.iter().find_map(|one| one.message) {
            let members = due.into_iter().filter(|one| one.message == Some(begun));
            let told = self.with_alerts(members.collect()).await?;
            self.tell(&subscription, told).await?;
            return Ok(true);
        }
        let to_send = self.decided(&subscription, due).await?;
        if to_send.is_empty() {
            return Ok(true);
        }
        let told = self.gathered(&subscription, to_send).await?;
        if !told.is_empty() {
            self.tell(&subscription, told).await?;
        }
        Ok(true)
    }

    async fn skip(&self, due: Vec<Delivery>, why: &str) -> Result<(), StoreError> {
        let now_ms = self.parts.now_ms();
        let skipped = due.into_iter().map(|one| Delivery {
            state: DeliveryState::Skipped,
            note: Some(why.to_owned()),
            settled_ms: Some(now_ms),
            ..one
        });
        self.parts.store.settle(skipped.collect()).await
    }

    /// Deliveries with their alerts; those whose alert was forgotten are settled.
    async fn with_alerts(&self, due: Vec<Delivery>) -> Result<Vec<Told>, StoreError> {
        let mut known: HashMap<AlertId, Option<Alert>> = HashMap::new();
        let (mut told, mut lost) = (Vec::new(), Vec::new());
        for delivery in due {
            let alert = match known.get(&delivery.alert) {
                Some(alert) => alert.clone(),
                None => {
                    let alert = self.parts.alerts.alert(delivery.alert).await?;
                    known.insert(delivery.alert, alert.clone());
                    alert
                }
            };
            match alert {
                Some(alert) => told.push((delivery, alert)),
                None => lost.push(delivery),
            }
        }
        self.skip(lost, "the alert is forgotten").await?;
        Ok(told)
    }

    /// What of that which is due is to be sent; the rest is settled. Without a need to gather,
    /// only the first.
    async fn decided(
        &self,
        subscription: &Subscription,
        due: Vec<Delivery>,
    ) -> Result<Vec<Told>, StoreError> {
        let now_ms = self.parts.now_ms();
        let oldest = due.iter().map(|one| one.at_ms).min().unwrap_or(now_ms);
        let since_ms = oldest.min(now_ms).max(now_ms - 7 * SILENCES_MS);
        let silences = self.parts.alerts.silences(since_ms).await?;
        let is_gathered = is_gathered(subscription);
        let (mut to_send, mut settled): (Vec<Told>, Vec<Delivery>) = (Vec::new(), Vec::new());
        for delivery in due {
            if !is_gathered && !to_send.is_empty() {
                break;
            }
            let Some((delivery, alert)) = self.with_alerts(vec![delivery]).await?.pop() else {
                continue;
            };
            let in_hand = to_send.iter().rev().find(|(one, _)| one.alert == alert.id);
            let is_open = match in_hand {
                Some((one, _)) => !one.news.is_end(),
                None => self.told(&delivery).await?.is_open,
            };
            let situation = Situation {
                subscription,
                alert: &alert,
                silences: &silences,
                is_open,
                now_ms,
            };
            match decide(&delivery, situation) {
                Decision::Send => to_send.push((delivery, alert)),
                Decision::Hold(until, why) => settled.push(Delivery {
                    due_ms: until.max(now_ms + 1),
                    was_held: true,
                    note: Some(why),
                    ..delivery
                }),
                Decision::Skip(why) => settled.push(Delivery {
                    state: DeliveryState::Skipped,
                    note: Some(why.to_owned()),
                    settled_ms: Some(now_ms),
                    ..delivery
                }),
            }
        }
        self.parts.store.settle(settled).await?;
        Ok(to_send)
    }

    async fn told(&self, one: &Delivery) -> Result<tocsin_domain::ports::Told, StoreError> {
        let store = &self.parts.store;
        store.told(one.subscription, one.alert, one.id).await
    }

    /// What of that which is to be sent goes into the next message; noted before it goes out where
    /// it could otherwise be put together in another way after a crash. Nothing if it must wait.
    async fn gathered(
        &self,
        subscription: &Subscription,
        mut to_send: Vec<Told>,
    ) -> Result<Vec<Told>, StoreError> {
        let store = &self.parts.store;
        let now_ms = self.parts.now_ms();
        let sent_ms = match subscription.rate_limit {
            None => Vec::new(),
            Some(limit) => {
                let since_ms = now_ms - i64::from(limit.window_secs) * 1000 + 1;
                store.messages_since(subscription.id, since_ms).await?
            }
        };
        match gather(subscription, to_send.len(), &sent_ms, now_ms) {
            Gathering::Wait(until) => {
                let waiting = to_send.into_iter().map(|(one, _)| Delivery {
                    due_ms: until,
                    note: Some("waits: the rate limit is reached".into()),
                    ..one
                });
                store.settle(waiting.collect()).await?;
                return Ok(Vec::new());
            }
            Gathering::Single => to_send.truncate(1),
            Gathering::Together => {}
        }
        if is_gathered(subscription) {
            let lead = to_send.first().map(|(one, _)| one.id);
            for (one, _) in &mut to_send {
                one.message = lead;
            }
            let begun = to_send.iter().map(|(one, _)| one.clone());
            store.settle(begun.collect()).await?;
        }
        Ok(to_send)
    }

    /// Sends one message and notes what became of it.
    async fn tell(&self, subscription: &Subscription, told: Vec<Told>) -> Result<(), StoreError> {
        let reference = match told.as_slice() {
            [(only, _)] => self.told(only).await?.reference,
            _ => None,
        };
        let Some((first, _)) = told.first() else {
            return Ok(());
        };
        let (key, lead) = (message_key(first, told.len()), first.id);
        let Some(mut message) = Message::of(&told, key, reference) else {
            return Ok(());
        };
        self.take_notes(&told, &mut message).await?;
        // While a delivery is pending its reference is what its channel noted at the last attempt.
        message.progress.clone_from(&first.reference);
        let sender = Sender {
            subscription,
            base_url: &self.base_url,
        };
        if let Err((field, error)) = words::fill(&mut message, &sender) {
            tracing::warn!(subscription = %subscription.id, field, error, "a template failed");
        }
        let now_ms = self.parts.now_ms();
        let span = spans::notify(subscription, &told);
        let delivery = channels::deliver(&self.outgoing, &sender, &message, now_ms);
        let mut outcome = delivery.instrument(span.clone()).await;
        spans::told(&span, &outcome);
        drop(span);
        if let (Verdict::Accepted(reference), true) = (&mut outcome.verdict, told.len() > 1) {
            // A message about several is not updated when one of them changes.
            *reference = None;
        }
        let settled = told
            .into_iter()
            .map(|(one, _)| self.settled(one, lead, &message.key, &outcome))
            .collect();
        self.parts.store.settle(settled).await
    }

    /// Gives a message what the server says of its alerts.
    async fn take_notes(&self, told: &[Told], message: &mut Message) -> Result<(), StoreError> {
        for (delivery, _) in told.iter().filter(|(one, _)| one.news == News::Noted) {
            let item = message.items.iter_mut();
            let mut item = item.filter(|one| one.news == News::Noted);
            let Some(item) = item.find(|one| one.alert.id == delivery.alert) else {
                continue;
            };
            let before = delivery.event_seq.saturating_sub(1);
            let events = self.parts.alerts.events_after(before, 1).await?;
            if let Some(AlertEventKind::Commented(text)) = events.first().map(|one| &one.kind) {
                item.note = Some(text.clone());
            }
        }
        Ok(())
    }

    /// A delivery after its message was sent.
    fn settled(&self, one: Delivery, lead: DeliveryId, key: &str, outcome: &Outcome) -> Delivery {
        let now_ms = self.parts.now_ms();
        let attempts = one.attempts.saturating_add(1);
        let said = Delivery {
            message: Some(lead),
            note: Some(outcome.detail.clone()),
            attempts,
            ..one
        };
        let dead = |said| Delivery {
            state: DeliveryState::Dead,
            settled_ms: Some(now_ms),
            ..said
        };
        match &outcome.verdict {
            Verdict::Accepted(reference) => Delivery {
                state: DeliveryState::Sent,
                reference: reference.clone(),
                settled_ms: Some(now_ms),
                ..said
            },
            Verdict::Refused => dead(said),
            Verdict::Later(_) if attempts >= self.attempts_max => dead(said),
            Verdict::Later(asked) => Delivery {
                due_ms: now_ms + self.backoff.wait_ms(attempts, key, *asked),
                reference: outcome.progress.clone(),
                ..said
            },
        }
    }
}

/// Whether several deliveries may be one message.
fn is_gathered(subscription: &Subscription) -> bool {
    subscription.digest_secs.is_some() || subscription.rate_limit.is_some()
}

/// The key of a message: that of its only delivery, or of its first and how many follow.
fn message_key(first: &Delivery, count: usize) -> String {
    match count {
        1 => first.idempotency_key(),
        _ => format!("{}:+{}", first.idempotency_key(), count - 1),
    }
}
