//! What the shop says: each form of its log lines, for the present and for the past alike.

use crate::journal::{Level, Line};
use crate::payment::Provider;

const fn line(service: &'static str, level: Level, text: String) -> Line {
    Line {
        service,
        upstream: None,
        level,
        text,
    }
}

impl Line {
    /// The same line of a service that suffers from another.
    const fn waiting_for(mut self, upstream: &'static str) -> Self {
        self.upstream = Some(upstream);
        self
    }
}

/// An order: which, of whom, how many of what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) customer: u64,
    pub(crate) product: u64,
    pub(crate) quantity: u64,
}

pub(crate) fn request(method: &str, route: &str, answer: (u16, &str), ms: u64) -> Line {
    let (status, phrase) = answer;
    let level = match status {
        500.. => Level::Error,
        400.. => Level::Warning,
        _ => Level::Info,
    };
    let text = format!("{method} {route} {status} {phrase} in {ms} ms");
    let line = line("web", level, text);
    if status >= 500 {
        line.waiting_for("orders")
    } else {
        line
    }
}

pub(crate) fn session(customer: u64) -> Line {
    let address = format!("10.4.{}.{}", customer % 7, customer % 251);
    line(
        "web",
        Level::Debug,
        format!("session of customer {customer} from {address} opened"),
    )
}

pub(crate) fn sessions_kept(megabytes: u64) -> Line {
    let text = format!("session cache holds {megabytes} MB, no entry was evicted");
    line("sessions", Level::Warning, text)
}

pub(crate) fn sessions_evicted(idle_secs: u64, gone: usize, all: usize) -> Line {
    let text = format!(
        "sessions that were idle for {idle_secs} s are evicted from now on: {gone} of {all} were"
    );
    line("sessions", Level::Info, text)
}

pub(crate) fn order_received(order: Order) -> Line {
    let Order {
        id,
        customer,
        product,
        quantity,
    } = order;
    let text =
        format!("order {id} of customer {customer} received: {quantity} x product {product}");
    line("orders", Level::Info, text)
}

pub(crate) fn order_completed(order: Order, cents: u64, ms: u64) -> Line {
    let (whole, part) = (cents / 100, cents % 100);
    let text = format!(
        "order {} completed: total {whole}.{part:02} EUR in {ms} ms",
        order.id
    );
    line("orders", Level::Info, text)
}

pub(crate) fn order_waited(order: Order, ms: u64, depth: usize) -> Line {
    let text = format!(
        "order {} waited {ms} ms for a worker, {depth} orders in the queue",
        order.id
    );
    line("orders", Level::Warning, text)
}

pub(crate) fn order_unpaid(order: Order, attempts: u32) -> Line {
    let text = format!(
        "order {} could not be completed: no payment after {attempts} attempts",
        order.id
    );
    line("orders", Level::Error, text).waiting_for("payment")
}

pub(crate) fn order_refused(order: Order, depth: usize) -> Line {
    let text = format!(
        "order queue is full: {depth} waiting, order {} refused",
        order.id
    );
    line("orders", Level::Error, text)
}

pub(crate) fn order_without_price(order: Order) -> Line {
    let text = format!("order {} was put back into the cart by pricing", order.id);
    line("orders", Level::Warning, text).waiting_for("pricing")
}

pub(crate) fn order_unwritten(order: Order) -> Line {
    let text = format!(
        "cannot write order {} to the journal: No space left on device (os error 28)",
        order.id
    );
    line("orders", Level::Error, text).waiting_for("volume")
}

pub(crate) fn price_missing(product: u64) -> Line {
    // The line that the demo is known for.
    let text = format!("CRITICAL: Pricing error | Missing price for product {product}");
    line("pricing", Level::Critical, text)
}

pub(crate) fn price_computed(order: Order, cents: u64) -> Line {
    let text = format!(
        "product {} x {}: {cents} cents",
        order.product, order.quantity
    );
    line("pricing", Level::Debug, text)
}

pub(crate) fn prices_loaded(count: usize, ms: u64) -> Line {
    let text = format!("loaded {count} prices from the catalogue in {ms} ms");
    line("pricing", Level::Info, text)
}

pub(crate) fn reserved(order: Order, left: u64) -> Line {
    let text = format!(
        "reserved {} of product {} for order {}, {left} left",
        order.quantity, order.product, order.id
    );
    line("inventory", Level::Debug, text)
}

pub(crate) fn replenished(product: u64, count: u64) -> Line {
    let text = format!("stock of product {product} replenished to {count}");
    line("inventory", Level::Info, text)
}

pub(crate) fn stock_synced(ms: u64) -> Line {
    let text = format!("synchronised 40 products with the warehouse in {ms} ms");
    line("inventory", Level::Info, text)
}

pub(crate) fn paid(provider: Provider, order: Order, ms: u64) -> Line {
    let provider = provider.name();
    let text = format!("{provider} authorised order {} in {ms} ms", order.id);
    line("payment", Level::Info, text)
}

pub(crate) fn payment_timed_out(
    provider: Provider,
    order: Order,
    ms: u64,
    (attempt, of): (u32, u32),
) -> Line {
    let (provider, id) = (provider.name(), order.id);
    let text = format!(
        "payment provider {provider} timed out after {ms} ms for order {id} (attempt {attempt} of {of})"
    );
    line("payment", Level::Error, text)
}

pub(crate) fn payment_slow(provider: Provider, order: Order, ms: u64) -> Line {
    let text = format!("{} took {ms} ms for order {}", provider.name(), order.id);
    line("payment", Level::Warning, text)
}

pub(crate) fn pool(provider: Provider, idle: u64, busy: u64) -> Line {
    let provider = provider.name();
    let text = format!("connections to {provider}: {idle} idle, {busy} busy");
    line("payment", Level::Debug, text)
}

pub(crate) fn provider_changed(from: Provider, to: Provider) -> Line {
    let (from, to) = (from.name(), to.name());
    let text = format!("payments go through {to} from now on, no longer through {from}");
    line("payment", Level::Info, text)
}

pub(crate) fn export_written(number: u64, bytes: u64) -> Line {
    let text = format!("wrote spool/export-{number:06}.csv, {bytes} bytes");
    line("volume", Level::Info, text)
}

pub(crate) fn export_failed(number: u64) -> Line {
    let text = format!("write of spool/export-{number:06}.csv failed: No space left on device");
    line("volume", Level::Error, text)
}

pub(crate) fn volume_checked(percent: u64, free_megabytes: u64) -> Line {
    let level = if percent >= 90 {
        Level::Warning
    } else {
        Level::Info
    };
    let text = format!("volume data is {percent}% used, {free_megabytes} MB free");
    line("volume", level, text)
}
