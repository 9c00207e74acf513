//! The shop itself: what all its parts share, and what it does by itself.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::faults::{Fault, Faults};
use crate::journal::{Journal, Line};
use crate::leak::Memory;
use crate::payment::RecentPayments;
use crate::random::Random;
use crate::readings::{Readings, resident_bytes};
use crate::room::Place;
use crate::settings::{self, Settings};
use crate::stock::{PRODUCTS, Stock};
use crate::volume::{QUOTA_BYTES, Volume};
use crate::{customers, orders, words};

/// Bytes that the fault `disk_fill` writes a second: 2.2 % of the volume an hour.
pub(crate) const FILL_BYTES_PER_SEC: u64 = QUOTA_BYTES * 22 / 1000 / 3600;
/// How often it writes.
const FILL_EVERY: Duration = Duration::from_secs(10);
/// How often the fault `memory_leak` keeps more.
const LEAK_EVERY: Duration = Duration::from_millis(500);
/// How often the shop says how it is.
const CHORES_EVERY: Duration = Duration::from_secs(15);

/// The shop.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) memory: Memory,
    pub(crate) settings: Settings,
    pub(crate) volume: Volume,
    pub(crate) stock: Stock,
    pub(crate) random: Mutex<Random>,
    pub(crate) workers: Semaphore,
    /// Orders that wait or are worked on.
    pub(crate) under_way: AtomicUsize,
    pub(crate) tasks: TaskTracker,
    next_order: AtomicU64,
    is_open: AtomicBool,
    measured: Mutex<(Readings, RecentPayments)>,
    stop: CancellationToken,
}

impl Shop {
    /// Takes up the shop in a folder, with its volume at a place. Its doors are closed.
    pub(crate) fn open(
        folder: &Path,
        volume: Place,
        settings: Settings,
        stop: CancellationToken,
    ) -> anyhow::Result<Arc<Self>> {
        let journal = Journal::open(&folder.join("shop.log"));
        let volume = Volume::open(volume);
        let seed = crate::clock::now_ms() as u64;
        Ok(Arc::new(Self {
            faults: Faults::new(),
            journal: journal.context("cannot open `shop.log`")?,
            memory: Memory::new(),
            settings,
            volume: volume.context("cannot make the volume")?,
            stock: Stock::new(),
            random: Mutex::new(Random::new(seed)),
            workers: Semaphore::new(orders::WORKERS),
            under_way: AtomicUsize::new(0),
            tasks: TaskTracker::new(),
            next_order: AtomicU64::new(seed / 1000 % 1_000_000),
            is_open: AtomicBool::new(false),
            measured: Mutex::default(),
            stop,
        }))
    }

    /// Lets customers in and begins to measure; a second time does nothing.
    pub(crate) fn open_doors(self: &Arc<Self>) {
        if self.is_open.swap(true, Ordering::Relaxed) {
            return;
        }
        self.run(customers::come(self.clone()));
        self.run(fill(self.clone()));
        self.run(leak(self.clone()));
        self.run(chores(self.clone()));
        self.run(settings::follow(self.clone()));
    }

    /// Runs something until the shop ends.
    pub(crate) fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = task => {}
                () = stop.cancelled() => {}
            }
        });
    }

    pub(crate) fn say(&self, line: &Line) {
        self.journal.write(line);
    }

    pub(crate) fn next_order(&self) -> u64 {
        self.next_order.fetch_add(1, Ordering::Relaxed)
    }

    /// Changes what is measured.
    pub(crate) fn measure(&self, change: impl FnOnce(&mut Readings, &mut RecentPayments)) {
        let (readings, recent) = &mut *self.measured.lock();
        change(readings, recent);
    }

    /// The page for Prometheus; empty while the doors are closed.
    pub(crate) fn page(&self) -> String {
        if !self.is_open.load(Ordering::Relaxed) {
            return String::new();
        }
        let used = self.volume.used_bytes() as f64;
        let depth = self.under_way.load(Ordering::Relaxed) as f64;
        let mut page = String::new();
        let volume = self.volume.path().display().to_string();
        self.measure(|readings, recent| {
            readings.queue_depth = depth;
            readings.disk_used_bytes = used;
            readings.disk_total_bytes = QUOTA_BYTES as f64;
            if let Some(mean) = recent.mean_secs() {
                readings.payment_latency_secs = mean;
            }
            readings.resident_bytes = resident_bytes().unwrap_or(readings.resident_bytes);
            page = readings.page(&volume);
        });
        page
    }
}

/// Writes exports for as long as the fault is on.
async fn fill(shop: Arc<Shop>) {
    let mut every = tokio::time::interval(FILL_EVERY);
    loop {
        every.tick().await;
        if !shop.faults.is_on(Fault::DiskFill) {
            continue;
        }
        let bytes = FILL_BYTES_PER_SEC * FILL_EVERY.as_secs();
        match shop.volume.write_export(bytes) {
            Ok(number) => shop.say(&words::export_written(number, bytes)),
            Err((number, _)) => shop.say(&words::export_failed(number)),
        }
    }
}

/// Keeps memory for as long as the fault is on.
async fn leak(shop: Arc<Shop>) {
    let mut every = tokio::time::interval(LEAK_EVERY);
    let mut told = 0;
    loop {
        every.tick().await;
        if shop.faults.is_on(Fault::MemoryLeak) {
            let megabytes = shop.memory.leak();
            if megabytes >= told + 40 {
                told = megabytes;
                shop.say(&words::sessions_kept(megabytes));
            }
        } else {
            shop.memory.forget();
            told = 0;
        }
    }
}

/// Says how the shop is.
async fn chores(shop: Arc<Shop>) {
    let mut every = tokio::time::interval(CHORES_EVERY);
    loop {
        every.tick().await;
        let used = shop.volume.used_bytes();
        let percent = used * 100 / QUOTA_BYTES;
        let free = QUOTA_BYTES.saturating_sub(used) >> 20;
        let (loaded_ms, synced_ms, idle) = {
            let mut random = shop.random.lock();
            (1 + random.below(9), 20 + random.below(60), random.below(4))
        };
        shop.say(&words::prices_loaded(PRODUCTS as usize + 1, loaded_ms));
        shop.say(&words::stock_synced(synced_ms));
        shop.say(&words::pool(shop.settings.now().provider, idle, 4 - idle));
        shop.say(&words::volume_checked(percent, free));
    }
}
