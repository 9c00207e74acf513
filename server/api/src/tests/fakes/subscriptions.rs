//! Subscriptions in memory, and a notifier that sends nothing.

use async_trait::async_trait;
use tocsin_domain::alert::{Alert, AlertId};
use tocsin_domain::ports::{
    ChannelAnswer, DeliveryFilter, MessagePreview, Notifier, StoreError, SubscriptionStore, Told,
};
use tocsin_domain::subscription::{
    Delivery, DeliveryId, NewDelivery, News, Subscription, SubscriptionError, SubscriptionId,
};

use super::{Fakes, alerts, lock};

#[derive(Default)]
pub(crate) struct SubscriptionFakes {
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) wakes: usize,
}

#[async_trait]
impl SubscriptionStore for Fakes {
    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        Ok(lock(&self.telling).subscriptions.clone())
    }
    async fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>, StoreError> {
        let all = lock(&self.telling);
        Ok(all.subscriptions.iter().find(|one| one.id == id).cloned())
    }
    async fn put_subscription(&self, one: Subscription) -> Result<(), StoreError> {
        let all = &mut lock(&self.telling).subscriptions;
        all.retain(|known| known.id != one.id);
        all.push(one);
        Ok(())
    }
    async fn delete_subscription(&self, id: SubscriptionId) -> Result<bool, StoreError> {
        let all = &mut lock(&self.telling).subscriptions;
        let before = all.len();
        all.retain(|known| known.id != id);
        Ok(all.len() < before)
    }
    async fn outbox_position(&self) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }
    async fn enqueue(&self, _: u64, _: Vec<NewDelivery>) -> Result<usize, StoreError> {
        Ok(0)
    }
    async fn ready(&self, _: i64) -> Result<Vec<SubscriptionId>, StoreError> {
        Ok(Vec::new())
    }
    async fn due(&self, _: SubscriptionId, _: i64, _: usize) -> Result<Vec<Delivery>, StoreError> {
        Ok(Vec::new())
    }
    async fn next_due_ms(&self, _: i64) -> Result<Option<i64>, StoreError> {
        Ok(None)
    }
    async fn settle(&self, changed: Vec<Delivery>) -> Result<(), StoreError> {
        let all = &mut lock(&self.telling).deliveries;
        for one in changed {
            if let Some(known) = all.iter_mut().find(|known| known.id == one.id) {
                *known = one;
            }
        }
        Ok(())
    }
    async fn messages_since(&self, _: SubscriptionId, _: i64) -> Result<Vec<i64>, StoreError> {
        Ok(Vec::new())
    }
    async fn told(&self, _: SubscriptionId, _: AlertId, _: DeliveryId) -> Result<Told, StoreError> {
        Ok(Told::default())
    }
    async fn deliveries(
        &self,
        filter: &DeliveryFilter,
        before: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut all = lock(&self.telling).deliveries.clone();
        all.retain(|one| {
            filter.subscription.is_none_or(|id| one.subscription == id)
                && filter.alert.is_none_or(|id| one.alert == id)
                && (filter.states.is_empty() || filter.states.contains(&one.state))
                && before.is_none_or(|before| one.id < before)
        });
        all.sort_by_key(|one| std::cmp::Reverse(one.id));
        all.truncate(limit);
        Ok(all)
    }
    async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let all = lock(&self.telling);
        Ok(all.deliveries.iter().find(|one| one.id == id).cloned())
    }
    async fn forget_deliveries(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[async_trait]
impl Notifier for Fakes {
    fn check(&self, subscription: &Subscription) -> Result<(), SubscriptionError> {
        subscription.check()
    }

    fn sample(&self, _: i64) -> Alert {
        alerts::alert("sample", "web-1", 1)
    }

    fn preview(
        &self,
        subscription: &Subscription,
        alert: &Alert,
        news: News,
    ) -> Result<MessagePreview, SubscriptionError> {
        Ok(MessagePreview {
            title: format!("{} of {}", news.name(), alert.rule),
            text: subscription.template.text.clone().unwrap_or_default(),
            body: r#"{"version":"4"}"#.into(),
        })
    }

    async fn test(&self, _: &Subscription) -> ChannelAnswer {
        ChannelAnswer {
            is_accepted: false,
            status: Some(404),
            detail: "404: no_service".into(),
            took_ms: 12,
        }
    }

    fn wake(&self) {
        lock(&self.telling).wakes += 1;
    }
}
