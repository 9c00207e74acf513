//! Requests as all processes count them together, in Redis.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use redis::Script;
use tocsin_domain::ports::{Allowance, BusError, RateLimiter};
use xxhash_rust::xxh3::xxh3_128;

use super::config::RedisBusConfig;
use super::link::Link;
use super::resting::{Change, Resting};
use super::trouble::unavailable;
use crate::rates::{LocalRates, allowance, shares};

/// How long Redis may take: a request must not wait for its count.
const WITHIN: Duration = Duration::from_millis(500);

/// The buckets of all processes. While Redis is away each counts by itself.
pub struct RedisRates {
    link: Link,
    take: Script,
    tag: String,
    alone: LocalRates,
    resting: Resting,
}

impl fmt::Debug for RedisRates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRates")
            .field("resting", &self.resting)
            .finish_non_exhaustive()
    }
}

impl RedisRates {
    /// Buckets in the Redis of the bus; connects to nothing yet.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] if the configuration cannot be; the source says what to do.
    pub fn open(config: &RedisBusConfig) -> Result<Self, BusError> {
        config.check().map_err(unavailable)?;
        let client = config.client().map_err(unavailable)?;
        Ok(Self {
            link: Link::new(client, config.timeout()),
            take: Script::new(include_str!("scripts/take.lua")),
            tag: format!("{{{}:rates}}", config.key_prefix),
            alone: LocalRates::default(),
            resting: Resting::default(),
        })
    }

    async fn together(&self, client: &str, per_minute: u32) -> Option<Allowance> {
        let (share, room) = shares(per_minute);
        // Names of people are no part of keys, and of any length.
        let key = format!("{}:{:032x}", self.tag, xxh3_128(client.as_bytes()));
        let mut script = self.take.key(key);
        script.arg(share).arg(room);
        let answer = tokio::time::timeout(WITHIN, self.link.run(&script)).await;
        let mut answer = answer.ok()?.ok()?;
        let is_taken = answer.number().ok()? == 1;
        let whole = answer.number().ok()?;
        Some(allowance(per_minute, whole, is_taken))
    }

    fn note(&self, is_away: bool) {
        match self.resting.note(is_away) {
            Change::Away => tracing::warn!(
                "requests are counted by each process alone: Redis does not answer in time"
            ),
            Change::Back => tracing::info!("requests are counted together again"),
            Change::None => {}
        }
    }
}

#[async_trait]
impl RateLimiter for RedisRates {
    async fn take(&self, client: &str, per_minute: u32) -> Allowance {
        if !self.resting.is_on() {
            let together = self.together(client, per_minute).await;
            self.note(together.is_none());
            if let Some(together) = together {
                return together;
            }
        }
        self.alone.count(client, per_minute)
    }
}
