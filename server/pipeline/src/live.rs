//! Live logs: shows records to those who watch, as they pass.
//!
//! A watcher has a bounded queue. When it is full, records are counted instead of queued, so a
//! slow watcher costs a comparison a record and never holds up the way of the lines.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use tocsin_domain::ParsedBatch;
use tocsin_domain::ports::live_logs::{LiveItem, LiveLogs, LiveSubscription};
use tocsin_domain::query::{Expression, RecordView, matches};
use tocsin_domain::record::LogRecord;
use tokio::sync::mpsc;

/// Where watchers subscribe and the runner publishes.
#[derive(Debug)]
pub struct LiveHub {
    queue: usize,
    /// None once the server shuts down.
    watchers: Mutex<Option<Vec<Watcher>>>,
}

#[derive(Debug)]
struct Watcher {
    filter: Expression,
    sender: mpsc::Sender<Arc<LogRecord>>,
    skipped: Arc<AtomicU64>,
}

impl LiveHub {
    /// A hub whose watchers have room for `queue` records each.
    #[must_use]
    pub fn new(queue: usize) -> Self {
        Self {
            queue: queue.max(1),
            watchers: Mutex::new(Some(Vec::new())),
        }
    }

    /// Shows the records of a batch to those who watch; never waits.
    pub fn publish(&self, batch: &ParsedBatch) {
        let mut watchers = self.watchers.lock();
        let Some(watchers) = watchers.as_mut() else {
            return;
        };
        watchers.retain(|watcher| !watcher.sender.is_closed());
        for watcher in watchers {
            watcher.show(batch);
        }
    }

    /// Ends all subscriptions, once the queues are read.
    pub fn close(&self) {
        *self.watchers.lock() = None;
    }
}

impl Watcher {
    fn show(&self, batch: &ParsedBatch) {
        for index in 0..batch.lines.len() {
            if !matches(&self.filter, &RecordView::of_parsed(batch, index)) {
                continue;
            }
            match self.sender.try_reserve() {
                Ok(place) => place.send(Arc::new(batch.record(index))),
                Err(_) => {
                    self.skipped.fetch_add(1, Ordering::Release);
                }
            }
        }
    }
}

impl LiveLogs for LiveHub {
    fn subscribe(&self, filter: Expression) -> Box<dyn LiveSubscription> {
        let (sender, receiver) = mpsc::channel(self.queue);
        let skipped = Arc::<AtomicU64>::default();
        if let Some(watchers) = self.watchers.lock().as_mut() {
            watchers.push(Watcher {
                filter,
                sender,
                skipped: skipped.clone(),
            });
        }
        Box::new(Subscription {
            receiver,
            skipped,
            told: 0,
        })
    }
}

struct Subscription {
    receiver: mpsc::Receiver<Arc<LogRecord>>,
    skipped: Arc<AtomicU64>,
    /// How many skipped records the watcher knows of.
    told: u64,
}

#[async_trait]
impl LiveSubscription for Subscription {
    async fn next(&mut self) -> Option<LiveItem> {
        // What is queued came before what was skipped, so the queue is read first.
        if let Ok(record) = self.receiver.try_recv() {
            return Some(LiveItem::Record(record));
        }
        let skipped = self.skipped.load(Ordering::Acquire);
        if skipped > self.told {
            self.told = skipped;
            return Some(LiveItem::Skipped(skipped));
        }
        self.receiver.recv().await.map(LiveItem::Record)
    }
}

#[cfg(test)]
mod tests {
    use tocsin_domain::{BatchBuilder, BatchId, NewRecord, Timestamp};
    use tocsin_templates::MinerConfig;

    use super::*;
    use crate::parse::ParseStage;

    fn batch(lines: &[&str]) -> ParsedBatch {
        let now = Timestamp::from_secs(1_700_000_000);
        let mut builder = BatchBuilder::new(BatchId::new(now, [1; 10]), now, "test".into());
        for line in lines {
            let record = NewRecord {
                body: line.as_bytes(),
                ..NewRecord::default()
            };
            builder.push(record).unwrap();
        }
        ParseStage::new(MinerConfig::default())
            .step(builder.finish())
            .batch
    }

    #[tokio::test]
    async fn a_watcher_sees_what_its_filter_lets_through_and_learns_what_it_missed() {
        let hub = LiveHub::new(2);
        let mut watching = hub.subscribe(Expression::Phrase(vec!["disk".into()]));
        hub.publish(&batch(&[
            "disk 1 full",
            "all is well",
            "disk 2 full",
            "disk 3 full",
        ]));
        let mut bodies = Vec::new();
        for _ in 0..2 {
            let Some(LiveItem::Record(record)) = watching.next().await else {
                panic!("no record")
            };
            bodies.push(String::from_utf8(record.body.clone()).unwrap());
        }
        assert_eq!(bodies, ["disk 1 full", "disk 2 full"]);
        assert_eq!(watching.next().await, Some(LiveItem::Skipped(1)));
        hub.close();
        assert_eq!(watching.next().await, None);
    }

    #[tokio::test]
    async fn a_watcher_that_left_is_forgotten() {
        let hub = LiveHub::new(2);
        drop(hub.subscribe(Expression::All));
        hub.publish(&batch(&["x"]));
        assert_eq!(hub.watchers.lock().as_ref().map(Vec::len), Some(0));
    }
}
