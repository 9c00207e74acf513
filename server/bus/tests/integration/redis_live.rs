//! Live logs from the processes where lines pass to those where people watch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use tocsin_bus::RedisLive;
use tocsin_domain::ports::live_logs::{LiveItem, LiveLogs, LiveSubscription};
use tocsin_domain::query::{Expression, RecordView, matches, parse};
use tocsin_domain::record::LogRecord;
use tocsin_domain::{Issues, RecordId, Severity, TemplateId, Timestamp};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::redis_contract::{config, redis};

/// The hub of a process where lines pass, as the pipeline has one.
#[derive(Default)]
struct Hub {
    watchers: Mutex<Vec<Watcher>>,
}

type Watcher = (Expression, mpsc::Sender<Arc<LogRecord>>, Arc<AtomicU64>);

struct Watching(mpsc::Receiver<Arc<LogRecord>>, Arc<AtomicU64>, u64);

const ROOM: usize = 50;

impl LiveLogs for Hub {
    fn subscribe(&self, filter: Expression) -> Box<dyn LiveSubscription> {
        let (sender, receiver) = mpsc::channel(ROOM);
        let skipped = Arc::<AtomicU64>::default();
        let watcher = (filter, sender, skipped.clone());
        self.watchers.lock().push(watcher);
        Box::new(Watching(receiver, skipped, 0))
    }
}

#[async_trait]
impl LiveSubscription for Watching {
    async fn next(&mut self) -> Option<LiveItem> {
        if let Ok(record) = self.0.try_recv() {
            return Some(LiveItem::Record(record));
        }
        let skipped = self.1.load(Ordering::Acquire);
        if skipped > self.2 {
            self.2 = skipped;
            return Some(LiveItem::Skipped(skipped));
        }
        self.0.recv().await.map(LiveItem::Record)
    }
}

impl Hub {
    fn publish(&self, body: &str) {
        let record = Arc::new(LogRecord {
            id: RecordId::from_bits(7),
            timestamp: Timestamp::from_secs(1_700_000_000),
            observed: Timestamp::from_secs(1_700_000_001),
            source: "syslog".into(),
            host: "web-1".into(),
            severity: Severity::WARN,
            body: body.as_bytes().to_vec(),
            attributes: Vec::new(),
            trace_id: None,
            span_id: None,
            template: TemplateId(3),
            issues: Issues::NONE,
        });
        for (filter, sender, skipped) in &*self.watchers.lock() {
            if matches(filter, &RecordView::of_record(&record))
                && sender.try_send(record.clone()).is_err()
            {
                skipped.fetch_add(1, Ordering::Release);
            }
        }
    }

    fn watchers(&self) -> usize {
        let mut watchers = self.watchers.lock();
        watchers.retain(|(_, sender, _)| !sender.is_closed());
        watchers.len()
    }
}

async fn until(what: &str, mut ask: impl FnMut() -> bool) {
    let begin = std::time::Instant::now();
    while !ask() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn next(watching: &mut Box<dyn LiveSubscription>) -> Option<LiveItem> {
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, watching.next())
        .await
        .unwrap()
}

async fn body(watching: &mut Box<dyn LiveSubscription>) -> String {
    let Some(LiveItem::Record(record)) = next(watching).await else {
        return String::new();
    };
    String::from_utf8(record.body.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_every_worker_are_seen_by_those_who_watch_elsewhere() {
    let Some(mut server) = redis(&[]) else { return };
    let config = config(&server).redis;
    let hubs = [Arc::new(Hub::default()), Arc::new(Hub::default())];
    let mut workers = JoinSet::new();
    for hub in &hubs {
        let (config, hub) = (config.clone(), hub.clone());
        workers.spawn(async move { RedisLive::serve(&config, hub).await.unwrap() });
    }
    let live = RedisLive::open(&config, 1000).unwrap();
    let mut disks = live.subscribe(parse("disk severity:warn").unwrap());
    let others = live.subscribe(parse("nothing").unwrap());
    until("both are served", || {
        hubs.iter().all(|hub| hub.watchers() == 2)
    })
    .await;
    hubs[0].publish("all is well");
    hubs[0].publish("disk 1 full");
    assert_eq!(body(&mut disks).await, "disk 1 full");
    hubs[1].publish("disk 2 full");
    assert_eq!(body(&mut disks).await, "disk 2 full");
    // Who leaves is not served any more.
    drop(others);
    until("one is left", || hubs.iter().all(|hub| hub.watchers() == 1)).await;

    // A restart of Redis interrupts it.
    let restart = tokio::task::spawn_blocking(move || {
        server.restart().unwrap();
        server
    });
    let _server = restart.await.unwrap();
    until("the watcher sees again", || {
        hubs[0].publish("disk 3 full");
        let seen = tokio::task::block_in_place(|| {
            let handle = tokio::runtime::Handle::current();
            let patience = Duration::from_millis(100);
            handle.block_on(async { tokio::time::timeout(patience, disks.next()).await })
        });
        seen.is_ok()
    })
    .await;
    live.close();
    while next(&mut disks).await.is_some() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_watcher_learns_what_it_missed() {
    let Some(server) = redis(&[]) else { return };
    let config = config(&server).redis;
    let hub = Arc::new(Hub::default());
    let mut workers = JoinSet::new();
    let (serving, shown) = (config.clone(), hub.clone());
    workers.spawn(async move { RedisLive::serve(&serving, shown).await.unwrap() });
    let live = RedisLive::open(&config, 10).unwrap();
    let mut watching = live.subscribe(Expression::All);
    until("it is served", || hub.watchers() == 1).await;
    // More than its queue here holds, and more than the hub's.
    const PUBLISHED: u64 = 2000;
    for number in 0..PUBLISHED {
        hub.publish(&format!("line {number}"));
    }
    let (mut seen, mut skipped) = (0, 0);
    while seen + skipped < PUBLISHED {
        match next(&mut watching).await {
            Some(LiveItem::Record(_)) => seen += 1,
            Some(LiveItem::Skipped(all)) => {
                assert!(all > skipped);
                skipped = all;
            }
            None => unreachable!(),
        }
        // What is skipped is told between two records.
        hub.watchers();
    }
    assert_eq!(seen + skipped, PUBLISHED);
    assert!(skipped > 0 && seen >= 10, "{seen} seen, {skipped} skipped");
}
