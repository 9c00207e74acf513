//! The outbox: deliveries, and how far events were taken.
//!
//! Every change is one transaction. Not here: when something is due, or what is needless.

use tocsin_domain::alert::AlertId;
use tocsin_domain::ports::{DeliveryFilter, StoreError, Told};
use tocsin_domain::subscription::{
    Delivery, DeliveryId, DeliveryState, NewDelivery, News, SubscriptionId,
};

use super::alerts::{count, get, id, id_bytes, named};
use super::sql::{self, Area, Pool, QueryBuilder, Row};
use super::{RelationalStore, limit, store_error};

const POSITION: &str = "SELECT position FROM outbox_position WHERE id = 1";
// It never goes back, whoever is late.
const SET_POSITION: &str = "INSERT INTO outbox_position (id, position) VALUES (1, $1) \
    ON CONFLICT (id) DO UPDATE SET position = excluded.position \
    WHERE outbox_position.position < excluded.position";

const ENQUEUE: &str = "INSERT INTO deliveries (subscription, alert, event_seq, news, at_ms, state, \
    attempts, due_ms, was_held) SELECT $1, $2, $3, $4, $5, 'pending', 0, $6, FALSE \
    WHERE EXISTS (SELECT 1 FROM subscriptions WHERE id = $1) \
    ON CONFLICT (subscription, alert, event_seq) DO NOTHING";

// By subscription, of which there are few, and not by delivery, of which there may be many.
const READY: &str = "SELECT id AS subscription FROM subscriptions s \
    WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.subscription = s.id \
    AND d.state = 'pending' AND d.due_ms <= $1) AND NOT EXISTS (SELECT 1 FROM deliveries w \
    WHERE w.subscription = s.id AND w.state = 'pending' AND w.attempts > 0 \
    AND w.due_ms > $1) ORDER BY id";

const WAITS: &str = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE subscription = $1 \
    AND state = 'pending' AND attempts > 0 AND due_ms > $2)";

const NEXT_DUE: &str = "SELECT min(due_ms) FROM (SELECT (SELECT d.due_ms FROM deliveries d \
    WHERE d.subscription = s.id AND d.state = 'pending' AND d.due_ms > $1 \
    ORDER BY d.due_ms LIMIT 1) AS due_ms FROM subscriptions s) AS next";

const SETTLE: &str = "UPDATE deliveries SET state = $2, attempts = $3, due_ms = $4, was_held = $5, \
    message = $6, reference = $7, note = $8, settled_ms = $9 WHERE id = $1";

const MESSAGES: &str = "SELECT min(settled_ms) AS sent_ms FROM deliveries \
    WHERE subscription = $1 AND state = 'sent' AND settled_ms >= $2 GROUP BY message ORDER BY 1";

const TOLD: &str = "SELECT news FROM deliveries WHERE subscription = $1 AND alert = $2 AND id < $3 \
    AND state = 'sent' ORDER BY id DESC LIMIT 1";

const REFERENCE: &str = "SELECT reference FROM deliveries WHERE subscription = $1 AND alert = $2 \
    AND id < $3 AND state = 'sent' AND reference IS NOT NULL ORDER BY id DESC LIMIT 1";

const FORGET: &str = "DELETE FROM deliveries WHERE state <> 'pending' AND settled_ms < $1";

/// All that [`delivery`] reads.
macro_rules! columns {
    () => {
        "SELECT id, subscription, alert, event_seq, news, at_ms, state, attempts, due_ms, was_held, \
        message, reference, note, settled_ms FROM deliveries WHERE "
    };
}

// The sign keeps the index by time away: in order, the first are found without sorting all.
const DUE: &str = concat!(
    columns!(),
    "subscription = $1 AND state = 'pending' AND due_ms + 0 <= $2 ORDER BY id LIMIT $3"
);
const ONE: &str = concat!(columns!(), "id = $1");

pub(super) async fn position(pool: &Pool) -> Result<Option<u64>, StoreError> {
    let position: Option<i64> = sql::query_scalar(POSITION)
        .fetch_optional(pool)
        .await
        .map_err(store_error)?;
    Ok(position.map(i64::cast_unsigned))
}

pub(super) async fn enqueue(
    store: &RelationalStore,
    position: u64,
    deliveries: Vec<NewDelivery>,
) -> Result<usize, StoreError> {
    let mut transaction = store.write(Area::Deliveries).await?;
    let mut new = 0;
    for one in &deliveries {
        let done = sql::query(ENQUEUE)
            .bind(id_bytes(one.subscription.0))
            .bind(id_bytes(one.alert.0))
            .bind(one.event_seq.cast_signed())
            .bind(one.news.name())
            .bind(one.at_ms)
            .bind(one.due_ms)
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        new += usize::from(done.rows_affected() > 0);
    }
    sql::query(SET_POSITION)
        .bind(position.cast_signed())
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    transaction.commit().await.map_err(store_error)?;
    Ok(new)
}

pub(super) async fn ready(pool: &Pool, now_ms: i64) -> Result<Vec<SubscriptionId>, StoreError> {
    let rows = sql::query(READY)
        .bind(now_ms)
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    let ids = rows.iter().map(|row| id(row, "subscription"));
    ids.map(|id| id.map(SubscriptionId)).collect()
}

pub(super) async fn due(
    pool: &Pool,
    subscription: SubscriptionId,
    now_ms: i64,
    page: usize,
) -> Result<Vec<Delivery>, StoreError> {
    let waits: bool = sql::query_scalar(WAITS)
        .bind(id_bytes(subscription.0))
        .bind(now_ms)
        .fetch_one(pool)
        .await
        .map_err(store_error)?;
    if waits {
        return Ok(Vec::new());
    }
    let rows = sql::query(DUE)
        .bind(id_bytes(subscription.0))
        .bind(now_ms)
        .bind(limit(page))
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    rows.iter().map(delivery).collect()
}

pub(super) async fn next_due_ms(pool: &Pool, now_ms: i64) -> Result<Option<i64>, StoreError> {
    sql::query_scalar(NEXT_DUE)
        .bind(now_ms)
        .fetch_one(pool)
        .await
        .map_err(store_error)
}

pub(super) async fn settle(
    store: &RelationalStore,
    deliveries: &[Delivery],
) -> Result<(), StoreError> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let mut transaction = store.write(Area::Deliveries).await?;
    for one in deliveries {
        sql::query(SETTLE)
            .bind(one.id.0.cast_signed())
            .bind(one.state.name())
            .bind(i64::from(one.attempts))
            .bind(one.due_ms)
            .bind(one.was_held)
            .bind(one.message.map(|id| id.0.cast_signed()))
            .bind(one.reference.as_deref())
            .bind(one.note.as_deref())
            .bind(one.settled_ms)
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
    }
    transaction.commit().await.map_err(store_error)
}

pub(super) async fn messages_since(
    pool: &Pool,
    subscription: SubscriptionId,
    since_ms: i64,
) -> Result<Vec<i64>, StoreError> {
    sql::query_scalar(MESSAGES)
        .bind(id_bytes(subscription.0))
        .bind(since_ms)
        .fetch_all(pool)
        .await
        .map_err(store_error)
}

pub(super) async fn told(
    pool: &Pool,
    (subscription, alert): (SubscriptionId, AlertId),
    before: DeliveryId,
) -> Result<Told, StoreError> {
    let mut found = [None, None];
    for (sql, found) in [TOLD, REFERENCE].into_iter().zip(&mut found) {
        *found = sql::query_scalar::<String>(sql)
            .bind(id_bytes(subscription.0))
            .bind(id_bytes(alert.0))
            .bind(before.0.cast_signed())
            .fetch_optional(pool)
            .await
            .map_err(store_error)?;
    }
    let [news, reference] = found;
    let news = news.and_then(|name| News::from_name(&name));
    Ok(Told {
        is_open: news.is_some_and(|news| !news.is_end()),
        reference,
    })
}

pub(super) async fn page(
    pool: &Pool,
    filter: &DeliveryFilter,
    before: Option<DeliveryId>,
    page: usize,
) -> Result<Vec<Delivery>, StoreError> {
    let before = before.map_or(i64::MAX, |id| id.0.cast_signed());
    let mut sql = QueryBuilder::new(pool.engine(), concat!(columns!(), "id < "));
    sql.push_bind(before);
    if let Some(subscription) = filter.subscription {
        sql.push(" AND subscription = ")
            .push_bind(id_bytes(subscription.0));
    }
    if let Some(alert) = filter.alert {
        sql.push(" AND alert = ").push_bind(id_bytes(alert.0));
    }
    if !filter.states.is_empty() {
        let states = filter.states.iter().map(|state| state.name());
        sql.push(" AND state IN (").push_binds(states).push(")");
    }
    sql.push(" ORDER BY id DESC LIMIT ").push_bind(limit(page));
    let rows = sql.build().fetch_all(pool).await.map_err(store_error)?;
    rows.iter().map(delivery).collect()
}

pub(super) async fn one(pool: &Pool, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
    let row = sql::query(ONE)
        .bind(i64::try_from(id.0).unwrap_or(i64::MAX))
        .fetch_optional(pool)
        .await
        .map_err(store_error)?;
    row.as_ref().map(delivery).transpose()
}

pub(super) async fn forget(store: &RelationalStore, before_ms: i64) -> Result<u64, StoreError> {
    let mut transaction = store.write(Area::Deliveries).await?;
    let gone = sql::query(FORGET)
        .bind(before_ms)
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    transaction.commit().await.map_err(store_error)?;
    Ok(gone.rows_affected())
}

fn delivery(row: &Row) -> Result<Delivery, StoreError> {
    let message: Option<i64> = get(row, "message")?;
    let attempts = u32::try_from(count(row, "attempts")?);
    Ok(Delivery {
        id: DeliveryId(count(row, "id")?),
        subscription: SubscriptionId(id(row, "subscription")?),
        alert: AlertId(id(row, "alert")?),
        event_seq: count(row, "event_seq")?,
        news: named(row, "news", News::from_name)?,
        at_ms: get(row, "at_ms")?,
        state: named(row, "state", DeliveryState::from_name)?,
        attempts: attempts.unwrap_or(u32::MAX),
        due_ms: get(row, "due_ms")?,
        was_held: get(row, "was_held")?,
        message: message.map(|id| DeliveryId(id.cast_unsigned())),
        reference: get(row, "reference")?,
        note: get(row, "note")?,
        settled_ms: get(row, "settled_ms")?,
    })
}
