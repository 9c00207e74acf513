//! What the bus knows in memory: the sizes of waiting events, what is acknowledged, how full it
//! is. Small: four bytes for each waiting event.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use tocsin_domain::ports::BusUsage;
use tokio::sync::watch;

/// How far a partition can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Horizon {
    /// The offset that the next event will have.
    pub(super) next: u64,
    /// The bus is closed and no event will come.
    pub(super) is_final: bool,
}

/// One queue.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    horizon: watch::Sender<Horizon>,
}

#[derive(Debug)]
struct Waiting {
    acknowledged: u64,
    /// Sizes from the offset after the acknowledged one on; 0 where there is no event.
    sizes: VecDeque<u32>,
    /// Events that cannot be read and were reported.
    corrupt: BTreeSet<u64>,
}

impl Queue {
    /// Makes a queue from what was found; `first` is the offset of the first size.
    pub(super) fn new(acknowledged: u64, first: u64, mut sizes: VecDeque<u32>) -> Self {
        // Acknowledged but not yet removed when the process ended.
        let gone = usize::try_from((acknowledged + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        sizes.drain(..gone.min(sizes.len()));
        if !sizes.is_empty() {
            for _ in acknowledged + 1..first {
                sizes.push_front(0);
            }
        }
        let next = acknowledged + 1 + sizes.len() as u64;
        let horizon = watch::Sender::new(Horizon {
            next,
            is_final: false,
        });
        Self {
            waiting: Mutex::new(Waiting {
                acknowledged,
                sizes,
                corrupt: BTreeSet::new(),
            }),
            horizon,
        }
    }

    pub(super) fn watch(&self) -> watch::Receiver<Horizon> {
        self.horizon.subscribe()
    }

    pub(super) fn next(&self) -> u64 {
        self.horizon.borrow().next
    }

    pub(super) fn acknowledged(&self) -> u64 {
        self.waiting.lock().acknowledged
    }

    /// Events that wait and their bytes.
    pub(super) fn totals(&self) -> (u64, u64) {
        let waiting = self.waiting.lock();
        let events = waiting.sizes.iter().filter(|size| **size > 0).count();
        let bytes = waiting.sizes.iter().map(|size| u64::from(*size)).sum();
        (events as u64, bytes)
    }

    /// The offsets to read after `after`: at least one if there is any, about `bytes_max` bytes.
    pub(super) fn plan(&self, after: u64, bytes_max: usize) -> Vec<u64> {
        let waiting = self.waiting.lock();
        let skip = after.saturating_sub(waiting.acknowledged);
        let from = waiting.acknowledged + 1 + skip;
        let mut bytes = 0usize;
        let mut offsets = Vec::new();
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        for (offset, size) in (from..).zip(waiting.sizes.iter().skip(skip)) {
            if *size == 0 || waiting.corrupt.contains(&offset) {
                continue;
            }
            bytes = bytes.saturating_add(*size as usize);
            if !offsets.is_empty() && bytes > bytes_max {
                break;
            }
            offsets.push(offset);
        }
        offsets
    }

    /// Remembers that an event cannot be read; true the first time.
    pub(super) fn set_corrupt(&self, offset: u64) -> bool {
        let mut waiting = self.waiting.lock();
        offset > waiting.acknowledged && waiting.corrupt.insert(offset)
    }

    /// Moves the acknowledged offset and returns the events and bytes that are gone by that.
    pub(super) fn acknowledge(&self, through: u64) -> (u64, u64) {
        let mut waiting = self.waiting.lock();
        let mut gone = (0, 0);
        while waiting.acknowledged < through {
            let Some(size) = waiting.sizes.pop_front() else {
                break;
            };
            waiting.acknowledged += 1;
            gone.0 += u64::from(size > 0);
            gone.1 += u64::from(size);
        }
        let acknowledged = waiting.acknowledged;
        waiting.corrupt.retain(|offset| *offset > acknowledged);
        gone
    }

    /// Makes events that are on disk visible.
    pub(super) fn publish(&self, sizes: &[u32]) {
        self.waiting.lock().sizes.extend(sizes);
        self.horizon
            .send_modify(|horizon| horizon.next += sizes.len() as u64);
    }

    /// Says that no event will come.
    pub(super) fn finish(&self) {
        self.horizon.send_modify(|horizon| horizon.is_final = true);
    }
}

/// How full the bus is, counting what is on its way.
#[derive(Debug)]
pub(super) struct Gauge {
    limit: u64,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    events: u64,
    bytes: u64,
    reserved: u64,
}

impl Gauge {
    pub(super) fn new(limit: u64, (events, bytes): (u64, u64)) -> Self {
        let held = Held {
            events,
            bytes,
            reserved: 0,
        };
        Self {
            limit,
            held: Mutex::new(held),
        }
    }

    pub(super) fn usage(&self) -> BusUsage {
        let held = self.held.lock();
        BusUsage {
            events: held.events,
            bytes: held.bytes,
            limit_bytes: self.limit,
        }
    }

    /// Takes room for `bytes`, or says how many bytes are in use.
    pub(super) fn reserve(self: &Arc<Self>, bytes: u64) -> Result<Reservation, u64> {
        let mut held = self.held.lock();
        let used = held.bytes + held.reserved;
        if used + bytes > self.limit {
            return Err(used);
        }
        held.reserved += bytes;
        Ok(Reservation {
            gauge: Arc::clone(self),
            bytes,
        })
    }

    /// Counts events that are gone.
    pub(super) fn remove(&self, (events, bytes): (u64, u64)) {
        let mut held = self.held.lock();
        held.events = held.events.saturating_sub(events);
        held.bytes = held.bytes.saturating_sub(bytes);
    }
}

/// Room taken for a call; given back when dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    gauge: Arc<Gauge>,
    bytes: u64,
}

impl Reservation {
    /// Turns the room into `events` events that wait.
    pub(super) fn fill(self, events: u64) {
        let mut held = self.gauge.held.lock();
        held.events += events;
        held.bytes += self.bytes;
        // The room itself is given back by dropping.
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.gauge.held.lock().reserved -= self.bytes;
    }
}
