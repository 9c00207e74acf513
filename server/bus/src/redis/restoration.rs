//! Putting the events of a backup back into a Redis where no bus is.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tocsin_domain::ports::{BusError, Restoration, SnapshotItem, StoreError};

use super::durability;
use super::keys::Keys;
use super::link::{Failure, Link};
use super::scripts::Scripts;
use super::snapshot::refused;
use super::trouble::unavailable;
use crate::BusConfig;
use crate::backed::{FORM, Key, number};

/// The most partitions of a bus.
const PARTITIONS_MAX: u64 = 1024;

/// Puts events back at their offsets. Nobody may work on the bus meanwhile.
pub struct RedisRestoration {
    link: Link,
    keys: Keys,
    scripts: Scripts,
    partitions: u64,
    acknowledged: BTreeMap<u16, u64>,
}

impl std::fmt::Debug for RedisRestoration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RedisRestoration({})", self.keys.bus())
    }
}

impl RedisRestoration {
    /// Begins with the Redis of `config.redis`, for the bus `name` and the `group` of its readers.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if there was something on that bus already, [`StoreError::Unavailable`]
    /// if Redis cannot be used.
    pub async fn open(config: &BusConfig, name: &str, group: &str) -> Result<Self, StoreError> {
        let checked = config.redis.check().map_err(unavailable);
        checked.map_err(refused)?;
        let client = config.redis.client().map_err(unavailable);
        let client = client.map_err(refused)?;
        let link = Link::new(client, config.redis.timeout());
        let durable = durability::check(&link, config.redis.require_durable).await;
        durable.map_err(refused)?;
        let keys = Keys::new(&config.redis.key_prefix, name, group, "restore");
        let mut changes = redis::cmd("HGET");
        changes.arg(keys.bus()).arg("changes");
        let changes: Option<u64> = link.ask(&changes).await.map_err(failed)?;
        if changes.is_some() {
            return Err(StoreError::Invalid(format!(
                "the bus is not empty: there is `{}` in Redis",
                keys.bus()
            )));
        }
        Ok(Self {
            link,
            keys,
            scripts: Scripts::new(),
            partitions: 0,
            acknowledged: BTreeMap::new(),
        })
    }

    async fn put_back(&self, partition: u16, events: &[(u64, Vec<u8>)]) -> Result<(), StoreError> {
        let mut script = self.scripts.put_back.key(self.keys.bus());
        script.key(self.keys.events(partition));
        script.key(self.keys.sizes(partition));
        script.key(self.keys.state(partition));
        for (offset, bytes) in events {
            script.arg(*offset).arg(bytes.as_slice());
        }
        self.link.run(&script).await.map(drop).map_err(failed)
    }
}

fn failed(failure: Failure) -> StoreError {
    refused(BusError::from(failure))
}

fn odd(name: &str) -> StoreError {
    StoreError::Invalid(format!("`{name}` holds what is no event of a bus"))
}

#[async_trait]
impl Restoration for RedisRestoration {
    fn reads(&self, form: &str) -> bool {
        form == FORM
    }

    async fn put(&mut self, item: SnapshotItem) -> Result<(), StoreError> {
        let mut events: BTreeMap<u16, Vec<(u64, Vec<u8>)>> = BTreeMap::new();
        for (key, value) in item.entries.ok_or_else(|| odd(&item.name))? {
            let of = |value: &[u8]| number(value).ok_or_else(|| odd(&item.name));
            match Key::read(&key).ok_or_else(|| odd(&item.name))? {
                Key::Partitions => self.partitions = of(&value)?,
                Key::Acknowledged(partition) => {
                    self.acknowledged.insert(partition, of(&value)?);
                }
                Key::Event(partition, offset) => {
                    events.entry(partition).or_default().push((offset, value));
                }
            }
        }
        for (partition, events) in events {
            self.put_back(partition, &events).await?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        if self.partitions == 0 || self.partitions > PARTITIONS_MAX {
            return Err(StoreError::Invalid(format!(
                "expected 1 to {PARTITIONS_MAX} partitions, there are {}",
                self.partitions
            )));
        }
        let mut script = self.scripts.stand.key(self.keys.bus());
        script.key(self.keys.groups());
        script.arg(self.keys.group());
        for partition in 0..self.partitions as u16 {
            script.key(self.keys.state(partition));
            script.arg(self.acknowledged.get(&partition).copied().unwrap_or(0));
        }
        self.link.run(&script).await.map(drop).map_err(failed)
    }
}
