//! Crashes of the engine and of this side, and partitions that change hands: every record is there
//! once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{LogQuery, LogStore, Order};
use tocsin_domain::{Offset, ParsedBatch, Partition, TimeRange};

use super::super::super::contract::corpus::{Line, batch};
use super::super::{ClickHouseLogStore, ClickHouseLogsConfig};
use super::front::Front;
use super::{number_of, run};

const P: Partition = Partition(0);
/// So many batches are taken between two kills of the engine.
const BATCHES_A_KILL: u64 = 5;

fn numbered(number: u64) -> ParsedBatch {
    let lines: Vec<Line> = (0..20)
        .map(|at| Line::of(&format!("batch {number} line {at}")))
        .collect();
    batch(number, "s", &lines)
}

async fn open(config: ClickHouseLogsConfig) -> ClickHouseLogStore {
    ClickHouseLogStore::open(config).await.unwrap()
}

/// Asserts that exactly the batches `1..=last` are there, in the order of the bus.
async fn holds_through(store: &ClickHouseLogStore, last: u64) {
    let all = LogQuery::all(TimeRange::ALL);
    let page = store
        .search(&all, Order::OldestFirst, None, 1_000_000)
        .await;
    let found: Vec<_> = page
        .unwrap()
        .records
        .into_iter()
        .map(|one| one.id)
        .collect();
    let expect: Vec<_> = (1..=last)
        .flat_map(|number| {
            let parsed = numbered(number);
            (0..20).map(move |row| parsed.batch.record_id(row))
        })
        .collect();
    assert_eq!(found.len(), expect.len());
    assert!(found == expect, "every record once");
}

#[test]
fn rows_without_their_position_are_not_written_twice() {
    let Some(front) = Front::start() else { return };
    run(async {
        let first = open(front.config("d")).await;
        for number in 1..=3 {
            first
                .append(P, Offset(number), numbered(number))
                .await
                .unwrap();
        }
        assert_eq!(first.flush(P).await.unwrap(), Offset(3));
        // As if the process had died between rows and position, and half the rows were there.
        let sql = "INSERT INTO logs SELECT * REPLACE (toUInt64(4) AS bus_offset, \
                   id + bitShiftLeft(toUInt128(1), 80) AS id) FROM logs WHERE bus_offset = 3 AND \
                   body LIKE '%1%'";
        first.execute(sql).await;
        let fourth = ids_moved(numbered(3));
        let second = open(front.config("d")).await;
        assert_eq!(second.durable(P), Offset(3));
        assert_eq!(second.reopen(P).await.unwrap(), Offset(3));
        second.append(P, Offset(4), fourth.clone()).await.unwrap();
        assert_eq!(second.flush(P).await.unwrap(), Offset(4));
        let all = LogQuery::all(TimeRange::ALL);
        assert_eq!(second.count(&all).await.unwrap(), 80);
        let page = second
            .search(&all, Order::NewestFirst, None, 100)
            .await
            .unwrap();
        let mut ids: Vec<_> = page.records.iter().map(|record| record.id).collect();
        ids.dedup();
        assert_eq!(ids.len(), 80);
        for row in 0..20 {
            let id = fourth.batch.record_id(row);
            assert!(second.get(id).await.unwrap().is_some());
        }
    });
}

/// The batch with another id, as the statement of the test above makes it.
fn ids_moved(mut parsed: ParsedBatch) -> ParsedBatch {
    let moved = parsed.batch.id.bits() + (1 << 80);
    parsed.batch.id = tocsin_domain::BatchId::from_bits(moved);
    parsed
}

#[test]
fn who_lost_a_partition_can_write_nothing_more() {
    let Some(front) = Front::start() else { return };
    run(async {
        let old = open(front.config("d")).await;
        let new = open(front.config("d")).await;
        for number in 1..=4 {
            old.append(P, Offset(number), numbered(number))
                .await
                .unwrap();
            if number == 2 {
                old.flush(P).await.unwrap();
            }
        }
        assert_eq!(new.reopen(P).await.unwrap(), Offset(2));
        // The old one wakes up: what waits in it was read again by the new one.
        assert!(matches!(
            old.flush(P).await,
            Err(StoreError::Unavailable(_))
        ));
        let again = old.append(P, Offset(5), numbered(5)).await;
        assert!(matches!(again, Err(StoreError::Unavailable(_))));
        for number in 1..=6 {
            new.append(P, Offset(number), numbered(number))
                .await
                .unwrap();
        }
        assert_eq!(new.flush(P).await.unwrap(), Offset(6));
        holds_through(&new, 6).await;
        // The old one may read, and may take the partition back.
        holds_through(&old, 6).await;
        assert_eq!(old.reopen(P).await.unwrap(), Offset(6));
        old.append(P, Offset(7), numbered(7)).await.unwrap();
        old.flush(P).await.unwrap();
        assert!(new.append(P, Offset(7), numbered(7)).await.is_ok());
        assert!(new.flush(P).await.is_err());
        holds_through(&old, 7).await;
    });
}

#[test]
fn an_engine_that_is_away_is_waited_for_within_bounds() {
    let Some(mut front) = Front::start() else {
        return;
    };
    run(async {
        let config = ClickHouseLogsConfig {
            insert_rows: 40,
            buffer_bytes_max: 40_000,
            ..front.config("d")
        };
        let store = open(config).await;
        store.append(P, Offset(1), numbered(1)).await.unwrap();
        store.flush(P).await.unwrap();
        front.kill();
        let mut next = 2;
        let refused = loop {
            match store.append(P, Offset(next), numbered(next)).await {
                Ok(()) => next += 1,
                Err(error) => break error,
            }
            assert!(next < 200, "memory has a bound");
        };
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
        let asked = store.count(&LogQuery::all(TimeRange::ALL)).await;
        assert!(matches!(asked, Err(StoreError::Unavailable(_))));
        assert!(matches!(
            store.flush(P).await,
            Err(StoreError::Unavailable(_))
        ));
        assert_eq!(store.durable(P), Offset(1));
        front.run();
        assert_eq!(store.flush(P).await.unwrap(), Offset(next - 1));
        store.append(P, Offset(next), numbered(next)).await.unwrap();
        store.flush(P).await.unwrap();
        holds_through(&store, next).await;
    });
}

/// Kills the engine and starts it again, at another moment of an insert each time, whenever some
/// batches more were taken.
fn killer(front: Front, taken: Arc<AtomicU64>, kills_max: u64) -> JoinHandle<Front> {
    std::thread::spawn(move || {
        let mut front = front;
        for kill in 1..=kills_max {
            while taken.load(Ordering::Relaxed) < kill * BATCHES_A_KILL {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_millis(kill * 37 % 151));
            front.kill();
            front.run();
        }
        front
    })
}

#[test]
fn every_record_is_there_once_whenever_the_engine_is_killed() {
    let Some(front) = Front::start() else { return };
    let config = ClickHouseLogsConfig {
        insert_rows: 30,
        ..front.config("d")
    };
    let kills_max = number_of("TOCSIN_CLICKHOUSE_KILLS").unwrap_or(8) as u64;
    let last = (kills_max + 1) * BATCHES_A_KILL;
    let taken = Arc::new(AtomicU64::new(0));
    let killer = killer(front, Arc::clone(&taken), kills_max);
    run(async {
        let pause = || tokio::time::sleep(Duration::from_millis(20));
        let mut store = None;
        let (mut next, mut died_at) = (1, 0);
        while next <= last {
            if store.is_none() || next >= died_at + 3 * BATCHES_A_KILL {
                // This side dies, too: what was in memory is gone, and read again from the bus.
                store = ClickHouseLogStore::open(config.clone()).await.ok();
                let Some(opened) = &store else {
                    pause().await;
                    continue;
                };
                match opened.reopen(P).await {
                    Ok(position) => (died_at, next) = (next, position.0 + 1),
                    Err(_) => store = None,
                }
                continue;
            }
            let Some(open) = &store else { continue };
            match open.append(P, Offset(next), numbered(next)).await {
                Ok(()) => {
                    taken.fetch_max(next, Ordering::Relaxed);
                    next += 1;
                }
                Err(StoreError::Unavailable(_)) => pause().await,
                Err(error) => panic!("{error}"),
            }
        }
        let front = killer.join().unwrap();
        let store = store.unwrap();
        // The first question after a restart may meet a connection of before.
        while store.flush(P).await.is_err() {
            pause().await;
        }
        assert_eq!(store.durable(P), Offset(last));
        holds_through(&store, last).await;
        drop(front);
    });
}
