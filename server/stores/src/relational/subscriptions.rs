//! Subscriptions: reading and changing them, and the port in front of their outbox.

use async_trait::async_trait;
use tocsin_domain::alert::AlertId;
use tocsin_domain::ports::{DeliveryFilter, StoreError, SubscriptionStore, Told};
use tocsin_domain::subscription::{
    Delivery, DeliveryId, NewDelivery, Subscription, SubscriptionId,
};

use super::alerts::{from_text, get, id, id_bytes, to_text};
use super::sql::{self, Area, Row};
use super::subscription_json::SubscriptionRow;
use super::{RelationalStore, store_error, subscriptions_outbox as outbox};

const ALL: &str = "SELECT id, subscription FROM subscriptions ORDER BY id";
const ONE: &str = "SELECT id, subscription FROM subscriptions WHERE id = $1";
const PUT: &str = "INSERT INTO subscriptions (id, subscription) VALUES ($1, $2) \
    ON CONFLICT (id) DO UPDATE SET subscription = excluded.subscription";
const DROP: &str = "DELETE FROM subscriptions WHERE id = $1";
const DROP_DELIVERIES: &str = "DELETE FROM deliveries WHERE subscription = $1";

#[async_trait]
impl SubscriptionStore for RelationalStore {
    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        let rows = sql::query(ALL)
            .fetch_all(&self.pool)
            .await
            .map_err(store_error)?;
        rows.iter().map(subscription).collect()
    }

    async fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>, StoreError> {
        let row = sql::query(ONE)
            .bind(id_bytes(id.0))
            .fetch_optional(&self.pool)
            .await
            .map_err(store_error)?;
        row.as_ref().map(subscription).transpose()
    }

    async fn put_subscription(&self, one: Subscription) -> Result<(), StoreError> {
        let id = one.id;
        let text = to_text(&SubscriptionRow::of(one)?)?;
        let mut transaction = self.write(Area::Deliveries).await?;
        sql::query(PUT)
            .bind(id_bytes(id.0))
            .bind(text)
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }

    async fn delete_subscription(&self, id: SubscriptionId) -> Result<bool, StoreError> {
        let mut transaction = self.write(Area::Deliveries).await?;
        let dropped = sql::query(DROP)
            .bind(id_bytes(id.0))
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        sql::query(DROP_DELIVERIES)
            .bind(id_bytes(id.0))
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(dropped.rows_affected() > 0)
    }

    async fn outbox_position(&self) -> Result<Option<u64>, StoreError> {
        outbox::position(&self.pool).await
    }

    async fn enqueue(
        &self,
        position: u64,
        deliveries: Vec<NewDelivery>,
    ) -> Result<usize, StoreError> {
        outbox::enqueue(self, position, deliveries).await
    }

    async fn ready(&self, now_ms: i64) -> Result<Vec<SubscriptionId>, StoreError> {
        outbox::ready(&self.pool, now_ms).await
    }

    async fn due(
        &self,
        subscription: SubscriptionId,
        now_ms: i64,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        outbox::due(&self.pool, subscription, now_ms, limit).await
    }

    async fn next_due_ms(&self, now_ms: i64) -> Result<Option<i64>, StoreError> {
        outbox::next_due_ms(&self.pool, now_ms).await
    }

    async fn settle(&self, deliveries: Vec<Delivery>) -> Result<(), StoreError> {
        outbox::settle(self, &deliveries).await
    }

    async fn messages_since(
        &self,
        subscription: SubscriptionId,
        since_ms: i64,
    ) -> Result<Vec<i64>, StoreError> {
        outbox::messages_since(&self.pool, subscription, since_ms).await
    }

    async fn told(
        &self,
        subscription: SubscriptionId,
        alert: AlertId,
        before: DeliveryId,
    ) -> Result<Told, StoreError> {
        outbox::told(&self.pool, (subscription, alert), before).await
    }

    async fn deliveries(
        &self,
        filter: &DeliveryFilter,
        before: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        outbox::page(&self.pool, filter, before, limit).await
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        outbox::one(&self.pool, id).await
    }

    async fn forget_deliveries(&self, before_ms: i64) -> Result<u64, StoreError> {
        outbox::forget(self, before_ms).await
    }
}

fn subscription(row: &Row) -> Result<Subscription, StoreError> {
    let id = SubscriptionId(id(row, "id")?);
    from_text::<SubscriptionRow>(get(row, "subscription")?, "a subscription")?.read(id)
}
