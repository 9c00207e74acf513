//! The bus on Redis 7: a stream a partition, shared by any number of processes.
//!
//! Offsets are given by Redis, so event *N* of a partition is the entry `N-0` of its stream. What
//! must happen as one is a script. Who works on a partition holds a lease with a token; what comes
//! with an older token is refused. Reading is by place, as the port says: what the group of
//! readers was given before is found in the stream, and what is new is taken through the group, so
//! that Redis knows what is on its way and to whom.

mod appending;
mod board;
mod calls;
mod config;
mod durability;
mod embeddings;
mod holdings;
mod keys;
mod known;
mod link;
mod listener;
mod live;
mod rates;
mod reading;
mod resting;
mod restoration;
mod scripts;
mod snapshot;
mod trouble;
mod working;

use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use redis::Client;
use tocsin_domain::ports::{Bus, BusError, BusUsage, Shares};
use tocsin_domain::{Delivery, Event, Offset, Partition};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::BusConfig;
use crate::placement::NoPartition;
use calls::Calls;
use holdings::Holdings;
use keys::Keys;
use known::Known;
use link::Link;
use scripts::{Answer, Scripts, Totals};
use trouble::unavailable;

pub use board::RedisBoard;
pub use config::{RedisBusConfig, RedisConfigError, RedisUrl};
pub use durability::NotDurable;
pub use embeddings::{EmbeddingCounts, RedisEmbeddings};
pub use live::RedisLive;
pub use rates::RedisRates;
pub use restoration::RedisRestoration;
pub use trouble::RedisTrouble;

/// How often it is asked how full the bus is, if nothing else tells.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The durable queue on Redis.
///
/// Dropping it ends its tasks; what this process holds is free once the leases are over. To leave
/// at once, [`close`](Bus::close) it and [`release`](Bus::release) what it holds.
pub struct RedisBus {
    shared: Arc<Shared>,
    in_flight: Arc<Semaphore>,
    _tasks: JoinSet<()>,
}

/// What callers and the tasks of the bus share.
struct Shared {
    config: BusConfig,
    partitions: u16,
    keys: Keys,
    scripts: Scripts,
    /// Events on their way in, events on their way out, and everything that is small: what is
    /// large must not hold up a lease.
    appends: Link,
    reads: Link,
    control: Link,
    calls: Calls,
    known: Known,
    holdings: Holdings,
    /// A bell a partition, rung when there may be something new to know.
    bells: Vec<watch::Sender<()>>,
    /// Per partition the last offset when the bus was closed, once it is known.
    finals: Mutex<Vec<Option<u64>>>,
    /// Events that cannot be read and were reported.
    corrupt: Mutex<std::collections::BTreeSet<(u16, u64)>>,
    corrupt_events: AtomicU64,
    is_closed: AtomicBool,
}

impl fmt::Debug for RedisBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBus")
            .field("partitions", &self.shared.partitions)
            .field("usage", &self.shared.known.usage())
            .finish_non_exhaustive()
    }
}

impl RedisBus {
    /// Connects to the Redis of `config.redis`, and opens the bus `name` there for the `group` of
    /// those who read it. Every group gets every event, and events stay until all of them have
    /// acknowledged. Says in the log what Redis lacks for durability.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] if Redis cannot be reached, is older than 7.0, or is not durable
    /// and must be, or if the configuration cannot be; the source says what to do.
    pub async fn open(config: &BusConfig, name: &str, group: &str) -> Result<Self, BusError> {
        config.redis.check().map_err(unavailable)?;
        let client = config.redis.client().map_err(unavailable)?;
        let link = || Link::new(client.clone(), config.redis.timeout());
        let (appends, reads, control) = (link(), link(), link());
        durability::check(&control, config.redis.require_durable).await?;
        let keys = Keys::new(&config.redis.key_prefix, name, group, &process());
        let scripts = Scripts::new();
        let partitions = enter(config.partitions, &control, &keys, &scripts).await?;
        let count = usize::from(partitions);
        let shared = Arc::new(Shared {
            config: config.clone(),
            partitions,
            keys,
            scripts,
            appends,
            reads,
            control,
            calls: Calls::default(),
            known: Known::new(config.bytes_max, partitions),
            holdings: Holdings::default(),
            bells: (0..count).map(|_| watch::Sender::new(())).collect(),
            finals: Mutex::new(vec![None; count]),
            corrupt: Mutex::default(),
            corrupt_events: AtomicU64::new(0),
            is_closed: AtomicBool::new(false),
        });
        shared.look().await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&shared).keep_looking());
        tasks.spawn(Arc::clone(&shared).hear_bells(client));
        Ok(Self {
            in_flight: Arc::new(Semaphore::new(appending::permits(&shared.config))),
            shared,
            _tasks: tasks,
        })
    }

    /// How many events could not be read since the bus was opened; they were passed over.
    #[must_use]
    pub fn corrupt_events(&self) -> u64 {
        self.shared.corrupt_events.load(Ordering::Relaxed)
    }

    /// The partition that events of `source` go to.
    #[must_use]
    pub fn partition_of(&self, source: &str) -> Partition {
        crate::placement::partition_of(source, self.shared.partitions)
    }
}

#[async_trait]
impl Bus for RedisBus {
    fn partitions(&self) -> u16 {
        self.shared.partitions
    }

    async fn append(&self, events: Vec<Event>) -> Result<(), BusError> {
        self.shared.append(events, &self.in_flight).await
    }

    async fn read(
        &self,
        partition: Partition,
        after: Offset,
        bytes_max: usize,
    ) -> Result<Vec<Delivery>, BusError> {
        self.shared.read(partition, after, bytes_max).await
    }

    async fn acknowledge(&self, partition: Partition, through: Offset) -> Result<(), BusError> {
        self.shared.acknowledge(partition, through).await
    }

    fn acknowledged(&self, partition: Partition) -> Offset {
        Offset(self.shared.known.acknowledged(partition.0))
    }

    async fn balance(&self) -> Result<Shares, BusError> {
        self.shared.balance().await
    }

    async fn release(&self, partition: Partition) -> Result<(), BusError> {
        self.shared.release(partition).await
    }

    fn held_until(&self) -> Option<Instant> {
        // Before the first balance nothing is held.
        Some(self.shared.holdings.until().unwrap_or_else(Instant::now))
    }

    async fn check(&self) -> Result<(), BusError> {
        self.shared.look().await
    }

    fn usage(&self) -> BusUsage {
        self.shared.known.usage()
    }

    fn close(&self) {
        self.shared.is_closed.store(true, Ordering::Release);
        self.shared.bells.iter().for_each(ring);
    }
}

impl Shared {
    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    fn check(&self, partition: Partition) -> Result<usize, BusError> {
        if partition.0 < self.partitions {
            Ok(usize::from(partition.0))
        } else {
            Err(unavailable(NoPartition(partition.0)))
        }
    }

    /// Asks how full the bus is and what is acknowledged.
    async fn look(&self) -> Result<(), BusError> {
        let asked_at = Instant::now();
        let mut script = self.scripts.look.key(self.keys.bus());
        for partition in 0..self.partitions {
            script.key(self.keys.state(partition));
        }
        script.arg(self.keys.group());
        let mut answer = self.control.run(&script).await?;
        self.hear_totals(asked_at, &mut answer)?;
        for partition in 0..self.partitions {
            let through = answer.number().map_err(unavailable)?;
            self.known.hear_acknowledged(partition, through);
        }
        Ok(())
    }

    async fn keep_looking(self: Arc<Self>) {
        let mut is_away = false;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match self.look().await {
                Ok(()) if is_away => {
                    is_away = false;
                    tracing::info!("the bus reaches Redis again");
                }
                Ok(()) => {}
                Err(error) if !is_away => {
                    is_away = true;
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(cause, "the bus cannot reach Redis and will try again");
                }
                Err(_) => {}
            }
        }
    }

    async fn hear_bells(self: Arc<Self>, client: Client) {
        let hear = |message: Option<Vec<u8>>| {
            let Some(message) = message else {
                // Whatever was appended meanwhile rang no bell here.
                self.bells.iter().for_each(ring);
                return;
            };
            let partition = std::str::from_utf8(&message).ok();
            let partition = partition.and_then(|text| text.parse::<usize>().ok());
            if let Some(bell) = partition.and_then(|partition| self.bells.get(partition)) {
                ring(bell);
            }
        };
        let timeout = self.config.redis.timeout();
        listener::listen(client, self.keys.bell(), timeout, hear).await;
    }

    fn hear_totals(&self, asked_at: Instant, answer: &mut Answer) -> Result<Totals, BusError> {
        let totals = answer.totals().map_err(unavailable)?;
        self.known.hear(asked_at, totals);
        Ok(totals)
    }
}

fn ring(bell: &watch::Sender<()>) {
    bell.send_replace(());
}

/// Settles how many partitions there are, and makes the group known.
async fn enter(
    wanted: u16,
    control: &Link,
    keys: &Keys,
    scripts: &Scripts,
) -> Result<u16, BusError> {
    let wanted = wanted.clamp(1, 1024);
    let mut script = scripts.enter.key(keys.bus());
    script.key(keys.groups()).key(keys.members());
    script.arg(keys.group()).arg(wanted);
    let value = control.value(&script).await?;
    let answer = Answer::new(redis::Value::Array(vec![value]));
    let partitions = answer.and_then(|mut answer| answer.number());
    let partitions = partitions.map_err(unavailable)?.clamp(1, 1024) as u16;
    if partitions != wanted {
        tracing::warn!(
            partitions,
            wanted,
            "the bus keeps its partitions until it is empty and nobody works on it"
        );
    }
    Ok(partitions)
}

/// A name for this process, or this opening of the bus, that no other has.
fn process() -> String {
    // Each state is seeded by the system's randomness.
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    format!("{}-{:016x}", std::process::id(), hasher.finish())
}
