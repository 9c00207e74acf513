//! Requests as one process counts them.

use std::collections::HashMap;
use std::time::Instant;

use async_trait::async_trait;
use parking_lot::Mutex;
use tocsin_domain::ports::{Allowance, RateLimiter};

use super::{allowance, shares};

/// Clients that are remembered at most. Beyond it those with a full bucket are forgotten, and if there is
/// none, all are: memory is bounded, and nobody is refused for what others did.
const CLIENTS_MAX: usize = 100_000;

/// The buckets of this process.
#[derive(Debug)]
pub struct LocalRates {
    begun: Instant,
    /// When each bucket is full again, in µs since the beginning.
    full_at: Mutex<HashMap<String, u64>>,
}

impl Default for LocalRates {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            full_at: Mutex::default(),
        }
    }
}

impl LocalRates {
    pub(crate) fn count(&self, client: &str, per_minute: u32) -> Allowance {
        let now = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let (share, room) = shares(per_minute);
        let mut all = self.full_at.lock();
        let whole = all.get(client).map_or(0, |at| at.saturating_sub(now));
        if whole + share > room {
            return allowance(per_minute, whole, false);
        }
        let whole = whole + share;
        match all.get_mut(client) {
            Some(at) => *at = now + whole,
            None => {
                if all.len() >= CLIENTS_MAX {
                    all.retain(|_, at| *at > now);
                }
                if all.len() >= CLIENTS_MAX {
                    all.clear();
                }
                all.insert(client.to_owned(), now + whole);
            }
        }
        allowance(per_minute, whole, true)
    }
}

#[async_trait]
impl RateLimiter for LocalRates {
    async fn take(&self, client: &str, per_minute: u32) -> Allowance {
        self.count(client, per_minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_that_are_remembered_are_bounded() {
        let rates = LocalRates::default();
        for client in 0..=CLIENTS_MAX {
            assert_eq!(rates.count(&client.to_string(), 1).refused_for, None);
        }
        assert!(rates.full_at.lock().len() <= CLIENTS_MAX);
    }
}
