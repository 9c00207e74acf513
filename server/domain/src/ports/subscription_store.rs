//! The store of subscriptions and of what is to be told to them: an outbox, so that nothing is
//! missed and nothing told twice, whenever the server stops.

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::alert::AlertId;
use crate::subscription::{
    Delivery, DeliveryId, DeliveryState, NewDelivery, Subscription, SubscriptionId,
};

/// Which deliveries are meant. Everything that is given must hold; an empty list is not given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveryFilter {
    /// To this subscription.
    pub subscription: Option<SubscriptionId>,
    /// In one of these states.
    pub states: Vec<DeliveryState>,
    /// Of this alert.
    pub alert: Option<AlertId>,
}

/// What a subscription was told of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Whether it was told that the alert is there, and not yet that it is over.
    pub is_open: bool,
    /// What the channel calls the newest message of the alert that can be updated.
    pub reference: Option<String>,
}

/// Subscriptions and their outbox. One outbox writes, any number of readers.
#[async_trait]
pub trait SubscriptionStore: Send + Sync {
    /// All subscriptions, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError>;

    /// One subscription.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>, StoreError>;

    /// Keeps a subscription in place of the one with its id. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn put_subscription(&self, subscription: Subscription) -> Result<(), StoreError>;

    /// Drops a subscription with all its deliveries; false if there is no such one.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn delete_subscription(&self, id: SubscriptionId) -> Result<bool, StoreError>;

    /// The number of the last event that was taken; none before the first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn outbox_position(&self) -> Result<Option<u64>, StoreError>;

    /// Keeps deliveries and how far events were taken, all of it or nothing. One of the same
    /// subscription, alert and event stays as it is; one to a subscription that is gone is dropped.
    /// Returns how many are new. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn enqueue(
        &self,
        position: u64,
        deliveries: Vec<NewDelivery>,
    ) -> Result<usize, StoreError>;

    /// The subscriptions that have something due at a time, in ms. One with a delivery that was
    /// tried and waits for its next attempt is not among them: what follows must not pass it.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn ready(&self, now_ms: i64) -> Result<Vec<SubscriptionId>, StoreError>;

    /// What is due to a subscription at a time, in ms, oldest first; nothing while it is not ready.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn due(
        &self,
        subscription: SubscriptionId,
        now_ms: i64,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// When the next delivery that is not due yet will be, in ms.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn next_due_ms(&self, now_ms: i64) -> Result<Option<i64>, StoreError>;

    /// Keeps deliveries, each in place of the one with its id, all of them or none. One that is
    /// gone stays so. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn settle(&self, deliveries: Vec<Delivery>) -> Result<(), StoreError>;

    /// When messages were sent to a subscription at `since_ms` or later, in ms, oldest first. A
    /// message that told several things counts once.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn messages_since(
        &self,
        subscription: SubscriptionId,
        since_ms: i64,
    ) -> Result<Vec<i64>, StoreError>;

    /// What a subscription was told of an alert by deliveries before `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn told(
        &self,
        subscription: SubscriptionId,
        alert: AlertId,
        before: DeliveryId,
    ) -> Result<Told, StoreError>;

    /// One page of deliveries: the newest first, those with an id below `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn deliveries(
        &self,
        filter: &DeliveryFilter,
        before: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// One delivery.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError>;

    /// Forgets deliveries that were sent, skipped or given up before a time, in ms. Returns how
    /// many went.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn forget_deliveries(&self, before_ms: i64) -> Result<u64, StoreError>;
}
