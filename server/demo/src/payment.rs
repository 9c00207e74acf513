//! The payment provider, and how the shop asks it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::faults::Fault;
use crate::shop::Shop;
use crate::words::{self, Order};

/// How long the shop waits for the provider.
const TIMEOUT: Duration = Duration::from_secs(3);
/// How often it asks.
pub(crate) const ATTEMPTS: u32 = 2;
/// The usual duration of a payment, in seconds.
pub(crate) const MEDIAN_SECS: f64 = 0.3;
/// A payment that takes longer is worth a line, in seconds.
const SLOW_SECS: f64 = 0.75;
/// Payments over which the mean is taken.
pub(crate) const RECENT: Duration = Duration::from_secs(10);

/// The payments of the last seconds.
#[derive(Debug, Default)]
pub(crate) struct RecentPayments(VecDeque<(Instant, f64)>);

impl RecentPayments {
    pub(crate) fn add(&mut self, secs: f64) {
        self.0.push_back((Instant::now(), secs));
    }

    /// The mean duration in seconds; none if nothing was paid of late.
    pub(crate) fn mean_secs(&mut self) -> Option<f64> {
        while self.0.front().is_some_and(|(at, _)| at.elapsed() > RECENT) {
            self.0.pop_front();
        }
        let sum: f64 = self.0.iter().map(|(_, secs)| secs).sum();
        (!self.0.is_empty()).then(|| sum / self.0.len() as f64)
    }
}

/// Asks the provider for money; false if it does not answer.
pub(crate) async fn pay(shop: &Shop, order: Order) -> bool {
    for attempt in 1..=ATTEMPTS {
        let usual = shop.random.lock().around(MEDIAN_SECS);
        let is_down = shop.faults.is_on(Fault::PaymentTimeout);
        let took = if is_down {
            TIMEOUT
        } else {
            Duration::from_secs_f64(usual)
        };
        tokio::time::sleep(took).await;
        let ms = took.as_millis() as u64;
        shop.measure(|readings, recent| {
            readings.payments += 1.0;
            readings.payment_secs += took.as_secs_f64();
            readings.payment_errors += f64::from(u8::from(is_down));
            recent.add(took.as_secs_f64());
        });
        if !is_down {
            shop.say(&words::paid(order, ms));
            if took.as_secs_f64() > SLOW_SECS {
                shop.say(&words::payment_slow(order, ms));
            }
            return true;
        }
        shop.say(&words::payment_timed_out(order, ms, (attempt, ATTEMPTS)));
    }
    false
}
