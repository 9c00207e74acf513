//! The payment providers, and how the shop asks the one that payments go through.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::faults::Fault;
use crate::shop::Shop;
use crate::words::{self, Order};

/// Who takes the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    /// The usual one, which can be made not to answer.
    Paygate,
    /// The other one, which answers.
    Cardline,
}

impl Provider {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Paygate => "paygate",
            Self::Cardline => "cardline",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Paygate, Self::Cardline];
        all.into_iter().find(|one| one.name() == name)
    }
}

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
        let provider = shop.settings.now().provider;
        let is_down = provider == Provider::Paygate && shop.faults.is_on(Fault::PaymentTimeout);
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
            shop.say(&words::paid(provider, order, ms));
            if took.as_secs_f64() > SLOW_SECS {
                shop.say(&words::payment_slow(provider, order, ms));
            }
            return true;
        }
        let attempt = (attempt, ATTEMPTS);
        shop.say(&words::payment_timed_out(provider, order, ms, attempt));
    }
    false
}
