//! The way of an order: a worker, a price, the stock, the money, the journal.

use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::faults::Fault;
use crate::shop::Shop;
use crate::words::{self, Order};
use crate::{payment, stock};

/// Orders that are worked on at a time.
pub(crate) const WORKERS: usize = 4;
/// Orders that may wait or be worked on; more are refused.
const QUEUE_MAX: usize = 40;
/// Waiting for longer is worth a line, in ms.
const WAIT_MAX_MS: u64 = 1000;

/// Why there is no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    NoSuchProduct,
    NoPrice,
    QueueFull,
    Unpaid,
    Unwritten,
}

impl Refusal {
    /// Status and phrase of the answer.
    pub(crate) const fn answer(self) -> (u16, &'static str) {
        match self {
            Self::NoSuchProduct => (404, "Not Found"),
            Self::NoPrice => (409, "Conflict"),
            Self::QueueFull => (503, "Service Unavailable"),
            Self::Unpaid => (502, "Bad Gateway"),
            Self::Unwritten => (507, "Insufficient Storage"),
        }
    }
}

/// Counts an order for as long as it is under way.
struct UnderWay<'a>(&'a Shop);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Takes an order to its end; gives what it costs, in cents.
pub(crate) async fn work(shop: &Shop, order: Order) -> Result<u64, Refusal> {
    let outcome = steps(shop, order).await;
    shop.measure(|readings, _| match outcome {
        Ok(_) => readings.orders_completed += 1.0,
        // Whoever has no price has no order: that is counted where it happens.
        Err(Refusal::NoPrice) => readings.pricing_errors += 1.0,
        Err(_) => readings.orders_failed += 1.0,
    });
    outcome
}

async fn steps(shop: &Shop, order: Order) -> Result<u64, Refusal> {
    let begun = Instant::now();
    let before = shop.under_way.fetch_add(1, Ordering::Relaxed);
    let _under_way = UnderWay(shop);
    if before >= QUEUE_MAX {
        shop.say(&words::order_refused(order, before));
        return Err(Refusal::QueueFull);
    }
    shop.say(&words::order_received(order));
    let Ok(_worker) = shop.workers.acquire().await else {
        return Err(Refusal::QueueFull);
    };
    let waited_ms = begun.elapsed().as_millis() as u64;
    if waited_ms > WAIT_MAX_MS {
        let depth = shop.under_way.load(Ordering::Relaxed);
        shop.say(&words::order_waited(order, waited_ms, depth));
    }
    let cents = price(shop, order)?;
    reserve(shop, order)?;
    if !payment::pay(shop, order).await {
        shop.say(&words::order_unpaid(order, payment::ATTEMPTS));
        return Err(Refusal::Unpaid);
    }
    let entry = format!(
        "{};{};{};{cents}\n",
        order.id, order.customer, order.product
    );
    if shop.volume.write_order(&entry).is_err() {
        shop.say(&words::order_unwritten(order));
        return Err(Refusal::Unwritten);
    }
    let ms = begun.elapsed().as_millis() as u64;
    shop.say(&words::order_completed(order, cents, ms));
    Ok(cents)
}

fn price(shop: &Shop, order: Order) -> Result<u64, Refusal> {
    if order.product == stock::FRAGILE && shop.faults.is_on(Fault::MissingPrice) {
        shop.say(&words::price_missing(order.product));
        shop.say(&words::order_without_price(order));
        return Err(Refusal::NoPrice);
    }
    let cents = stock::price(order.product) * order.quantity;
    shop.say(&words::price_computed(order, cents));
    Ok(cents)
}

fn reserve(shop: &Shop, order: Order) -> Result<(), Refusal> {
    let taken = shop.stock.take(order.product, order.quantity);
    let (left, is_delivered) = taken.ok_or(Refusal::NoSuchProduct)?;
    if is_delivered {
        shop.say(&words::replenished(order.product, stock::DELIVERED));
    }
    shop.say(&words::reserved(order, left));
    Ok(())
}
