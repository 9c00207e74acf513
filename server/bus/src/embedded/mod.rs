//! The embedded bus: `fjall` on the local disk and one thread that writes.

mod committer;
mod engine;
mod inbox;
mod snapshot;
mod state;

use std::collections::VecDeque;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::RwLock;
use tocsin_domain::ports::{Bus, BusError, BusUsage, Shares};
use tocsin_domain::{Delivery, Event, Offset, Partition};
use tokio::sync::{Semaphore, oneshot};

use crate::placement::{self, NoPartition};
use crate::{BusConfig, codec};
use committer::Committer;
pub use snapshot::BusRestoration;

use engine::{Changes, Engine, EngineError, Found};
use inbox::{Inbox, Request};
use state::{Gauge, Queue};

/// What a caller is told when the bus is full.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Room in memory is counted in units of this many bytes.
const PERMIT_BYTES: usize = 1024;

/// The durable queue on the local disk.
///
/// Dropping it waits for what was appended; [`Bus::close`] stops appends earlier.
pub struct FjallBus {
    shared: Arc<Shared>,
    in_flight: Arc<Semaphore>,
    committer: Option<JoinHandle<()>>,
}

/// What callers, readers and the committer share.
struct Shared {
    config: BusConfig,
    engine: RwLock<Option<Engine>>,
    queues: Vec<Queue>,
    gauge: Arc<Gauge>,
    inbox: Inbox,
    corrupt_events: AtomicU64,
}

impl fmt::Debug for FjallBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FjallBus")
            .field("partitions", &self.shared.queues.len())
            .field("usage", &self.shared.gauge.usage())
            .finish_non_exhaustive()
    }
}

impl FjallBus {
    /// Opens the bus in a folder, which is made if it is not there, and starts its thread.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] if the folder cannot be used; its source says if another process
    /// holds it.
    pub fn open(path: &Path, config: BusConfig) -> Result<Self, BusError> {
        let engine = Engine::open(path, &config).map_err(unavailable)?;
        let found = engine.find().map_err(unavailable)?;
        let (queues, removed) = queues(&engine, &config, found).map_err(unavailable)?;
        let totals = queues.iter().map(Queue::totals);
        let totals = totals.fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        let permits = (config.in_flight_bytes_max / PERMIT_BYTES).max(1);
        let shared = Arc::new(Shared {
            gauge: Arc::new(Gauge::new(config.bytes_max, totals)),
            engine: RwLock::new(Some(engine)),
            queues,
            inbox: Inbox::default(),
            corrupt_events: AtomicU64::new(0),
            config,
        });
        let committer = Committer::new(Arc::clone(&shared), path.to_owned(), removed);
        let committer = std::thread::Builder::new()
            .name("bus-committer".into())
            .spawn(move || committer.run())
            .map_err(unavailable)?;
        Ok(Self {
            shared,
            in_flight: Arc::new(Semaphore::new(permits)),
            committer: Some(committer),
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
        placement::partition_of(source, self.partitions())
    }

    fn queue(&self, partition: Partition) -> Result<&Queue, BusError> {
        let queue = self.shared.queues.get(usize::from(partition.0));
        queue.ok_or_else(|| unavailable(NoPartition(partition.0)))
    }
}

#[async_trait]
impl Bus for FjallBus {
    fn partitions(&self) -> u16 {
        self.shared.queues.len() as u16
    }

    async fn append(&self, events: Vec<Event>) -> Result<(), BusError> {
        if self.shared.inbox.is_closed() {
            return Err(BusError::Closed);
        }
        if events.is_empty() {
            return Ok(());
        }
        let full = |used_bytes| BusError::Full {
            used_bytes,
            limit_bytes: self.shared.config.bytes_max,
            retry_after: RETRY_AFTER,
        };
        // A full bus must not cost the work of encoding.
        let text = events.iter().map(codec::least_bytes).sum::<usize>() as u64;
        drop(self.shared.gauge.reserve(text).map_err(full)?);
        let encoded = placement::encode(&events, self.partitions())?;
        drop(events);
        let bytes = encoded.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
        let reservation = self.shared.gauge.reserve(bytes as u64).map_err(full)?;
        let most = (self.shared.config.in_flight_bytes_max / PERMIT_BYTES).max(1);
        let permits = bytes.div_ceil(PERMIT_BYTES).min(most) as u32;
        let in_flight = Arc::clone(&self.in_flight);
        let permit = in_flight.acquire_many_owned(permits).await;
        let permit = permit.map_err(|_| BusError::Closed)?;
        let (answer, answered) = oneshot::channel();
        let request = Request {
            events: encoded,
            bytes,
            reservation,
            permit,
            answer,
        };
        if self.shared.inbox.push(request).is_err() {
            return Err(BusError::Closed);
        }
        match answered.await {
            Ok(outcome) => outcome.map_err(unavailable),
            Err(_) => Err(BusError::Closed),
        }
    }

    async fn read(
        &self,
        partition: Partition,
        after: Offset,
        bytes_max: usize,
    ) -> Result<Vec<Delivery>, BusError> {
        let queue = self.queue(partition)?;
        let mut horizon = queue.watch();
        loop {
            let seen = *horizon.borrow_and_update();
            let offsets = queue.plan(after.0, bytes_max);
            if offsets.is_empty() {
                if seen.is_final || horizon.changed().await.is_err() {
                    return Err(BusError::Closed);
                }
                continue;
            }
            let shared = Arc::clone(&self.shared);
            let read = tokio::task::spawn_blocking(move || shared.read(partition, &offsets));
            let deliveries = read.await.map_err(unavailable)??;
            if !deliveries.is_empty() {
                return Ok(deliveries);
            }
        }
    }

    async fn acknowledge(&self, partition: Partition, through: Offset) -> Result<(), BusError> {
        let gone = self.queue(partition)?.acknowledge(through.0);
        if gone != (0, 0) {
            self.shared.gauge.remove(gone);
            self.shared.inbox.acknowledged();
        }
        Ok(())
    }

    fn acknowledged(&self, partition: Partition) -> Offset {
        let queue = self.shared.queues.get(usize::from(partition.0));
        Offset(queue.map_or(0, Queue::acknowledged))
    }

    async fn balance(&self) -> Result<Shares, BusError> {
        let held = (0..self.partitions()).map(Partition).collect();
        let surplus = Vec::new();
        Ok(Shares { held, surplus })
    }

    async fn release(&self, _: Partition) -> Result<(), BusError> {
        Ok(())
    }

    fn held_until(&self) -> Option<Instant> {
        None
    }

    fn usage(&self) -> BusUsage {
        self.shared.gauge.usage()
    }

    fn close(&self) {
        self.shared.inbox.close();
    }
}

impl Drop for FjallBus {
    fn drop(&mut self) {
        self.shared.inbox.stop();
        if let Some(committer) = self.committer.take()
            && committer.join().is_err()
        {
            tracing::error!("the thread of the bus ended by a panic");
        }
    }
}

impl Shared {
    /// Reads and decodes events. What cannot be read is reported once, when nothing readable
    /// comes before it, and passed over from then on.
    fn read(&self, partition: Partition, offsets: &[u64]) -> Result<Vec<Delivery>, BusError> {
        let engine = self.engine.read();
        let engine = engine
            .as_ref()
            .ok_or_else(|| unavailable(EngineError::Stopped))?;
        let mut deliveries = Vec::with_capacity(offsets.len());
        for &offset in offsets {
            let event = match engine.get(partition.0, offset) {
                Ok(Some(bytes)) => codec::decode(&bytes).map_err(|error| error.to_string()),
                Ok(None) => Err("its bytes are gone".to_owned()),
                Err(error) if error.is_corruption() => Err(committer::chain(&error)),
                Err(error) => return Err(unavailable(error)),
            };
            match event {
                Ok(event) => deliveries.push(Delivery {
                    offset: Offset(offset),
                    event,
                }),
                Err(_) if !deliveries.is_empty() => break,
                Err(why) if self.queues[usize::from(partition.0)].set_corrupt(offset) => {
                    self.corrupt_events.fetch_add(1, Ordering::Relaxed);
                    return Err(BusError::Corrupt(format!(
                        "partition {}, offset {offset}: {why}",
                        partition.0
                    )));
                }
                // Acknowledged by someone else in the meantime.
                Err(_) => {}
            }
        }
        Ok(deliveries)
    }
}

/// The queues of what was found, and through which offset of each events are gone from disk.
///
/// Sources keep their partition, so a new number of partitions waits until nothing is left.
fn queues(
    engine: &Engine,
    config: &BusConfig,
    mut found: Found,
) -> Result<(Vec<Queue>, Vec<u64>), EngineError> {
    let wanted = config.partitions.clamp(1, 1024);
    let is_empty = found.sizes.iter().all(|(partition, (first, sizes))| {
        let acknowledged = found.acknowledged.get(partition).copied().unwrap_or(0);
        first + sizes.len() as u64 <= acknowledged + 1
    });
    let partitions = match found.partitions {
        Some(partitions) if partitions != wanted && !is_empty => {
            tracing::warn!(
                partitions,
                wanted,
                "the bus keeps its partitions until it is empty"
            );
            partitions
        }
        _ => wanted,
    };
    if found.partitions != Some(partitions) {
        engine.commit(&Changes {
            partitions: Some(partitions),
            ..Changes::default()
        })?;
    }
    let mut removed = Vec::with_capacity(usize::from(partitions));
    let queues = (0..partitions).map(|partition| {
        let acknowledged = found.acknowledged.remove(&partition).unwrap_or(0);
        let (first, sizes) = found
            .sizes
            .remove(&partition)
            .unwrap_or((acknowledged + 1, VecDeque::new()));
        removed.push(acknowledged.min(first.saturating_sub(1)));
        Queue::new(acknowledged, first, sizes)
    });
    Ok((queues.collect(), removed))
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> BusError {
    BusError::Unavailable(Box::new(error))
}
