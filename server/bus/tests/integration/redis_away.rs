//! A Redis that goes away and comes back while the bus is in use.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tocsin_bus::RedisBus;
use tocsin_bus::contract::{event, hold_all};
use tocsin_domain::ports::{Bus, BusError};
use tocsin_domain::{Offset, Partition};

use super::name;
use super::redis_contract::{config, redis};

const RESTARTS: u64 = 8;
const SOURCES: u64 = 4;

/// What was appended and found.
#[derive(Default)]
struct Ledger {
    accepted: Mutex<Vec<(String, u64)>>,
    /// Where each event was found, the first time it was read.
    found: Mutex<BTreeMap<(String, u64), Vec<Offset>>>,
    refusals: Mutex<u64>,
    is_over: AtomicBool,
}

async fn appends(bus: &RedisBus, ledger: &Ledger, source: u64) {
    let source = format!("s{source}");
    for number in 0u64.. {
        let event = event(&source, number, 1 + (number % 5) as usize * 20);
        // As whoever reads a file does: the same again until it is accepted.
        while let Err(error) = bus.append(vec![event.clone()]).await {
            assert!(matches!(error, BusError::Unavailable(_)), "{error:?}");
            *ledger.refusals.lock() += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        ledger.accepted.lock().push((source.clone(), number));
        if ledger.is_over.load(Ordering::Relaxed) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn process(bus: &RedisBus, ledger: &Ledger, partition: Partition) {
    let mut after = bus.acknowledged(partition);
    loop {
        let read = match bus.read(partition, after, 100_000).await {
            Ok(read) => read,
            Err(BusError::Closed) => return,
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        for delivery in &read {
            assert!(delivery.offset > after, "offsets grow");
            after = delivery.offset;
            let mut found = ledger.found.lock();
            let places = found.entry(name(&delivery.event)).or_default();
            places.push(delivery.offset);
        }
        // Refused or lost, the next one says the same.
        let _ = bus
            .acknowledge(partition, Offset(after.0.saturating_sub(10)))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_of_redis_lose_nothing_and_double_nothing() {
    let Some(mut server) = redis(&["--appendfsync", "always"]) else {
        return;
    };
    let open = async || {
        RedisBus::open(&config(&server), "logs", "pipeline")
            .await
            .unwrap()
    };
    let (api, worker) = (open().await, open().await);
    hold_all(&worker).await;
    let ledger = Arc::new(Ledger::default());
    let partitions: Vec<_> = (0..worker.partitions()).map(Partition).collect();
    let chaos = async {
        for round in 0..RESTARTS {
            tokio::time::sleep(Duration::from_millis(150 + round * 37)).await;
            let killing = tokio::task::spawn_blocking(move || {
                server.kill().unwrap();
                std::thread::sleep(Duration::from_millis(100));
                server.restart().unwrap();
                server
            });
            server = killing.await.unwrap();
        }
        ledger.is_over.store(true, Ordering::Relaxed);
        server
    };
    let renew = async {
        while !ledger.is_over.load(Ordering::Relaxed) {
            let _ = worker.balance().await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    let appends = futures_util::future::join_all((0..SOURCES).map(|at| appends(&api, &ledger, at)));
    let readers = partitions.iter().map(|at| process(&worker, &ledger, *at));
    let work = async {
        let (server, _, ()) = tokio::join!(chaos, appends, renew);
        worker.close();
        server
    };
    let both = async { tokio::join!(work, futures_util::future::join_all(readers)).0 };
    let _server = tokio::time::timeout(Duration::from_secs(120), both)
        .await
        .unwrap();
    let (accepted, found) = (ledger.accepted.lock(), ledger.found.lock());
    let refusals = *ledger.refusals.lock();
    println!(
        "{} accepted, {refusals} refusals, {RESTARTS} restarts",
        accepted.len()
    );
    assert!(accepted.len() > 100, "no load");
    for event in accepted.iter() {
        let places = found.get(event).map_or(0, Vec::len);
        assert_eq!(places, 1, "{event:?}");
    }
    assert_eq!(found.len(), accepted.len(), "nothing else is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_redis_is_away_it_is_said_and_then_all_goes_on() {
    let Some(mut server) = redis(&[]) else { return };
    let bus = RedisBus::open(&config(&server), "logs", "pipeline")
        .await
        .unwrap();
    hold_all(&bus).await;
    bus.append(vec![event("a", 1, 1)]).await.unwrap();
    let partition = bus.partition_of("a");
    server.kill().unwrap();
    let begin = Instant::now();
    let mut refused = bus.append(vec![event("a", 2, 1)]).await;
    if begin.elapsed() > Duration::from_secs(5) {
        // The first one was on its way when the connection broke, and was asked about.
        refused = bus.append(vec![event("a", 2, 1)]).await;
    }
    let Err(BusError::Unavailable(why)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(why.to_string(), "Redis is away");
    let said = std::error::Error::source(&*why).unwrap().to_string();
    assert!(said.contains("cannot be reached"), "{said}");
    for outcome in [
        bus.read(partition, Offset(1), 1).await.map(drop),
        bus.acknowledge(partition, Offset(1)).await,
        bus.balance().await.map(drop),
        bus.release(partition).await,
    ] {
        assert!(
            matches!(outcome, Err(BusError::Unavailable(_))),
            "{outcome:?}"
        );
    }
    assert_eq!(bus.usage().events, 1, "the last that was known");
    server.restart().unwrap();
    hold_all(&bus).await;
    // Each connection comes back by itself, if not at once.
    while bus.append(vec![event("a", 3, 1)]).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    while bus.read(partition, Offset(0), 1).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let read = bus.read(partition, Offset(0), 1 << 20).await.unwrap();
    let names: Vec<_> = read.iter().map(|read| name(&read.event).1).collect();
    assert_eq!(names.first(), Some(&1));
    assert_eq!(names.last(), Some(&3));
    assert!(names.len() <= 3 && names.windows(2).all(|pair| pair[0] < pair[1]));
}
