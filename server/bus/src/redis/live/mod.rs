//! Live logs across processes: who watches in one sees what passes in all others.
//!
//! A process with watchers says in Redis what they look for, for as long as it renews that. Every
//! process that works watches its own lines for them, and publishes what they are to see on the
//! channel of the process that asked. Nothing of it is kept: whoever looks away misses it.

mod feed;
mod watching;

use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::ports::BusError;
use tocsin_domain::ports::live_logs::{LiveItem, LiveLogs, LiveSubscription};
use tocsin_domain::query::Expression;
use tokio::task::JoinSet;

use super::config::RedisBusConfig;
use super::link::Link;
use super::scripts::Scripts;
use super::trouble::unavailable;
use super::{listener, process};
use watching::{Queue, Watching};

/// What live logs share of Redis.
struct Place {
    link: Link,
    scripts: Scripts,
    tag: String,
}

impl Place {
    /// Hash: the filters of each process.
    fn filters(&self) -> String {
        format!("{}:filters", self.tag)
    }

    /// Sorted set: until when the filters of a process hold.
    fn watching(&self) -> String {
        format!("{}:watching", self.tag)
    }

    /// Channel: somebody looks for something else.
    fn changes(&self) -> String {
        format!("{}:changes", self.tag)
    }

    /// Channel: what the watchers of a process see.
    fn seen(&self, process: &str) -> String {
        format!("{}:seen:{process}", self.tag)
    }
}

/// Opens the place of live logs; connects to nothing yet.
fn place(config: &RedisBusConfig) -> Result<(Place, redis::Client), BusError> {
    config.check().map_err(unavailable)?;
    let client = config.client().map_err(unavailable)?;
    let place = Place {
        link: Link::new(client.clone(), config.timeout()),
        scripts: Scripts::new(),
        tag: format!("{{{}:live}}", config.key_prefix),
    };
    Ok((place, client))
}

/// Live logs of all processes that [serve](RedisLive::serve) them, for a process where people
/// watch. While Redis is away nothing is seen; it goes on by itself.
pub struct RedisLive {
    watching: Arc<Watching>,
    _tasks: JoinSet<()>,
}

impl std::fmt::Debug for RedisLive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisLive").finish_non_exhaustive()
    }
}

impl RedisLive {
    /// Live logs whose watchers have room for `queue` records each. Connects in the background; to
    /// be called within a runtime.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] if the configuration cannot be.
    pub fn open(config: &RedisBusConfig, queue: usize) -> Result<Self, BusError> {
        let (place, client) = place(config)?;
        let process = process();
        let channel = place.seen(&process);
        let watching = Arc::new(Watching::new(place, process, queue));
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&watching).keep_asking());
        let shown = Arc::clone(&watching);
        let timeout = config.timeout();
        tasks.spawn(async move {
            let hear = |message: Option<Vec<u8>>| match message {
                Some(message) => shown.show(&message),
                // What was published before is lost, but nobody may have known of the watchers.
                None => shown.ask_again(),
            };
            listener::listen(client, channel, timeout, hear).await;
        });
        Ok(Self {
            watching,
            _tasks: tasks,
        })
    }

    /// Shows the records of this process, by its own `hub`, to watchers everywhere. Never ends
    /// otherwise; to be dropped.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] if the configuration cannot be.
    pub async fn serve(config: &RedisBusConfig, hub: Arc<dyn LiveLogs>) -> Result<(), BusError> {
        let (place, client) = place(config)?;
        feed::serve(Arc::new(place), client, config.timeout(), hub).await;
        Ok(())
    }

    /// Ends all subscriptions, once the queues are read.
    pub fn close(&self) {
        self.watching.close();
    }
}

impl LiveLogs for RedisLive {
    fn subscribe(&self, filter: Expression) -> Box<dyn LiveSubscription> {
        Box::new(Subscription {
            queue: self.watching.subscribe(filter),
            watching: Arc::clone(&self.watching),
            told: 0,
        })
    }
}

struct Subscription {
    queue: Queue,
    watching: Arc<Watching>,
    /// How many skipped records the watcher knows of.
    told: u64,
}

#[async_trait]
impl LiveSubscription for Subscription {
    async fn next(&mut self) -> Option<LiveItem> {
        loop {
            // What is queued came before what was skipped, so the queue is read first.
            if let Ok(record) = self.queue.records.try_recv() {
                return Some(LiveItem::Record(record));
            }
            let skipped = self.queue.skipped();
            if skipped > self.told {
                self.told = skipped;
                return Some(LiveItem::Skipped(skipped));
            }
            if let Some(record) = self.queue.next().await {
                return record.map(LiveItem::Record);
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.queue.records.close();
        self.watching.ask_again();
    }
}
