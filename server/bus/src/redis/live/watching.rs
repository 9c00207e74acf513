//! The side of those who watch: their queues, and what Redis is told that they look for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tocsin_domain::query::Expression;
use tocsin_domain::record::LogRecord;
use tokio::sync::{Notify, mpsc};

use super::Place;
use crate::codec::live::{Shown, decode_message, encode_filters};
use crate::redis::link::Failure;

/// How often filters are renewed.
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// How long filters hold that nobody renews.
const HOLDS: Duration = Duration::from_secs(15);

/// The watchers of this process.
pub(super) struct Watching {
    place: Place,
    process: String,
    queue: usize,
    /// None once the server shuts down.
    watchers: Mutex<Option<Watchers>>,
    changed: Notify,
}

#[derive(Default)]
struct Watchers {
    last: u64,
    all: BTreeMap<u64, Watcher>,
}

struct Watcher {
    filter: Expression,
    records: mpsc::Sender<Arc<LogRecord>>,
    skipped: Arc<Skipped>,
}

/// How many records a watcher missed, and that it does not know all of them yet.
#[derive(Default)]
struct Skipped {
    all: AtomicU64,
    news: Notify,
}

/// What one watcher reads.
pub(super) struct Queue {
    pub(super) records: mpsc::Receiver<Arc<LogRecord>>,
    skipped: Arc<Skipped>,
}

impl Queue {
    /// How many records were left out since the beginning.
    pub(super) fn skipped(&self) -> u64 {
        self.skipped.all.load(Ordering::Acquire)
    }

    /// Waits for the next record, or the end (none in it), or until more were left out (none).
    pub(super) async fn next(&mut self) -> Option<Option<Arc<LogRecord>>> {
        tokio::select! {
            record = self.records.recv() => Some(record),
            () = self.skipped.news.notified() => None,
        }
    }
}

impl Watching {
    pub(super) fn new(place: Place, process: String, queue: usize) -> Self {
        Self {
            place,
            process,
            queue: queue.max(1),
            watchers: Mutex::new(Some(Watchers::default())),
            changed: Notify::new(),
        }
    }

    pub(super) fn subscribe(&self, filter: Expression) -> Queue {
        let (sender, records) = mpsc::channel(self.queue);
        let skipped = Arc::<Skipped>::default();
        if let Some(watchers) = self.watchers.lock().as_mut() {
            watchers.last += 1;
            let watcher = Watcher {
                filter,
                records: sender,
                skipped: skipped.clone(),
            };
            watchers.all.insert(watchers.last, watcher);
        }
        self.changed.notify_one();
        Queue { records, skipped }
    }

    pub(super) fn close(&self) {
        *self.watchers.lock() = None;
        self.changed.notify_one();
    }

    /// Has Redis told again what is looked for.
    pub(super) fn ask_again(&self) {
        self.changed.notify_one();
    }

    /// Puts what was published into the watcher's queue; never waits.
    pub(super) fn show(&self, message: &[u8]) {
        let (number, all) = match decode_message(message) {
            Ok(message) => message,
            Err(error) => {
                tracing::debug!(%error, "a live record cannot be read");
                return;
            }
        };
        let watchers = self.watchers.lock();
        let Some(watcher) = watchers.as_ref().and_then(|all| all.all.get(&number)) else {
            return;
        };
        for shown in all {
            let more = match shown {
                Shown::Record(record) => u64::from(watcher.records.try_send(record).is_err()),
                Shown::Skipped(more) => more,
            };
            if more > 0 {
                watcher.skipped.all.fetch_add(more, Ordering::Release);
                watcher.skipped.news.notify_one();
            }
        }
    }

    /// Tells Redis what is looked for, whenever that changes and again before it runs out.
    pub(super) async fn keep_asking(self: Arc<Self>) {
        let mut told = Vec::new();
        loop {
            let wanted = self.filters();
            let is_changed = wanted != told;
            if is_changed || !wanted.is_empty() {
                match self.ask(&wanted, is_changed).await {
                    Ok(()) => told = wanted,
                    Err(error) => {
                        tracing::debug!(?error, "live logs cannot be asked for");
                        // Whatever Redis holds then, it is to be told.
                        told = vec![u8::MAX];
                    }
                }
            }
            tokio::select! {
                () = self.changed.notified() => {}
                () = tokio::time::sleep(RENEW_EVERY) => {}
            }
        }
    }

    /// What is looked for, as bytes; none if nothing is. Forgets watchers that left.
    fn filters(&self) -> Vec<u8> {
        let mut watchers = self.watchers.lock();
        let Some(watchers) = watchers.as_mut() else {
            return Vec::new();
        };
        watchers
            .all
            .retain(|_, watcher| !watcher.records.is_closed());
        if watchers.all.is_empty() {
            return Vec::new();
        }
        let all = watchers.all.iter();
        encode_filters(all.map(|(number, watcher)| (*number, &watcher.filter)))
    }

    async fn ask(&self, filters: &[u8], is_changed: bool) -> Result<(), Failure> {
        let mut script = self.place.scripts.watch.key(self.place.filters());
        script.key(self.place.watching());
        script.arg(&self.process).arg(filters);
        script.arg(HOLDS.as_millis() as u64);
        let told = if is_changed {
            self.place.changes()
        } else {
            String::new()
        };
        script.arg(told);
        self.place.link.value(&script).await.map(drop)
    }
}
