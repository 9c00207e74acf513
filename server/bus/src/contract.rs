//! What every bus must do, whatever it is built on: one suite, called with a way to open a bus.
//!
//! A failed check is a panic with the place and the values, as in a test.

#[cfg(feature = "contract")]
mod redis_server;
mod shares;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::batch::{BatchBuilder, NewRecord};
use tocsin_domain::ports::{Bus, BusError};
use tocsin_domain::{BatchId, Delivery, Event, Offset, Partition, Payload, Timestamp};

#[cfg(feature = "contract")]
pub use redis_server::RedisServer;
pub use shares::{SharedFixture, run_shared};

/// Opens buses for the suite. Each is dropped before the next is opened.
pub trait Fixture {
    /// The bus under test.
    type Bus: Bus + 'static;

    /// Opens an empty bus of at least two partitions that holds at most `bytes_max` bytes.
    fn open_empty(&mut self, bytes_max: u64) -> impl Future<Output = Self::Bus>;

    /// Opens the last bus again with what it holds.
    fn reopen(&mut self) -> impl Future<Output = Self::Bus>;
}

/// Makes an event of `lines` lines of 100 bytes that names itself in each.
#[must_use]
pub fn event(source: &str, number: u64, lines: usize) -> Event {
    let observed = Timestamp::from_secs(1_700_000_000);
    let mut random = [0; 10];
    random[..8].copy_from_slice(&number.to_le_bytes());
    let id = BatchId::new(observed, random);
    let mut builder = BatchBuilder::new(id, observed, Arc::from(source));
    for line in 0..lines {
        let text = format!("{source} event {number} line {line} ");
        let body = format!("{text:x<100}");
        let record = NewRecord {
            body: body.as_bytes(),
            timestamp: Some(Timestamp(observed.0 + line as i64)),
            host: "web-01",
            ..NewRecord::default()
        };
        // The builder holds far more than any test makes.
        if builder.push(record).is_err() {
            break;
        }
    }
    Payload::Logs(builder.finish()).into()
}

/// Runs the whole suite.
///
/// # Panics
/// If the bus breaks the contract.
pub async fn run(fixture: &mut impl Fixture) {
    delivers_in_order(fixture).await;
    keeps_all_partitions_of_a_call(fixture).await;
    survives_being_opened_again(fixture).await;
    counts_on_after_all_is_acknowledged(fixture).await;
    refuses_what_is_beyond_its_bound(fixture).await;
    wakes_a_waiting_reader(fixture).await;
    closes_after_the_last_event(fixture).await;
    takes_appends_from_many_at_once(fixture).await;
}

const AMPLE: u64 = 64 << 20;

/// Balances until this process holds every partition, as it does once all others are gone.
///
/// # Panics
/// If that takes longer than twenty seconds.
pub async fn hold_all(bus: &impl Bus) {
    let all: Vec<_> = (0..bus.partitions()).map(Partition).collect();
    let outcome = until(async || {
        let shares = bus.balance().await;
        shares.is_ok_and(|shares| shares.held == all && shares.surplus.is_empty())
    });
    assert!(outcome.await, "one alone does not hold every partition");
}

/// Asks again and again until something is so; false if it is not within twenty seconds.
async fn until(mut ask: impl AsyncFnMut() -> bool) -> bool {
    let begin = std::time::Instant::now();
    while begin.elapsed() < Duration::from_secs(20) {
        if ask().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

/// Reads everything that waits, partition by partition.
///
/// # Panics
/// If less can be read than the bus says.
pub async fn waiting(bus: &impl Bus) -> Vec<(Partition, Delivery)> {
    let mut all = Vec::new();
    let expected = bus.usage().events;
    let mut places: Vec<_> = (0..bus.partitions())
        .map(|partition| (Partition(partition), bus.acknowledged(Partition(partition))))
        .collect();
    // A partition with nothing to read waits for ever, so each is asked again and again.
    for patience_ms in (10..).step_by(10).take(100) {
        for (partition, after) in &mut places {
            let patience = Duration::from_millis(patience_ms);
            while (all.len() as u64) < expected
                && let Ok(Ok(read)) =
                    tokio::time::timeout(patience, bus.read(*partition, *after, 1 << 20)).await
            {
                *after = read.last().map_or(*after, |delivery| delivery.offset);
                all.extend(read.into_iter().map(|delivery| (*partition, delivery)));
            }
        }
        if all.len() as u64 == expected {
            break;
        }
    }
    assert_eq!(all.len() as u64, expected, "what waits can be read");
    all.sort_by_key(|(partition, delivery)| (*partition, delivery.offset));
    all
}

async fn accept(bus: &impl Bus, events: Vec<Event>) {
    let outcome = bus.append(events).await;
    assert!(outcome.is_ok(), "the append was refused: {outcome:?}");
}

async fn delivers_in_order(fixture: &mut impl Fixture) {
    let bus = fixture.open_empty(AMPLE).await;
    hold_all(&bus).await;
    accept(&bus, Vec::new()).await;
    assert_eq!(bus.usage().events, 0, "an append of nothing adds nothing");
    let events: Vec<_> = (0..50).map(|number| event("a", number, 3)).collect();
    for chunk in events.chunks(7) {
        accept(&bus, chunk.to_vec()).await;
    }
    let found = waiting(&bus).await;
    let partition = found[0].0;
    assert!(
        found.iter().all(|(p, _)| *p == partition),
        "a source stays in one partition"
    );
    let offsets: Vec<_> = found.iter().map(|(_, d)| d.offset.0).collect();
    assert_eq!(
        offsets,
        (1..=50).collect::<Vec<_>>(),
        "offsets begin with 1 and have no gaps"
    );
    let found: Vec<_> = found.into_iter().map(|(_, d)| d.event).collect();
    assert_eq!(found, events);
    let read = bus.read(partition, Offset(20), 1).await;
    let one = read.map(|read| read.iter().map(|d| d.offset.0).collect::<Vec<_>>());
    assert_eq!(
        one.ok(),
        Some(vec![21]),
        "a read returns one event however small its bound"
    );
}

async fn keeps_all_partitions_of_a_call(fixture: &mut impl Fixture) {
    let bus = fixture.open_empty(AMPLE).await;
    hold_all(&bus).await;
    let names: Vec<_> = (0..40).map(|number| format!("source-{number}")).collect();
    accept(&bus, names.iter().map(|name| event(name, 1, 1)).collect()).await;
    let found = waiting(&bus).await;
    let mut partitions: Vec<_> = found.iter().map(|(partition, _)| partition.0).collect();
    partitions.dedup();
    assert!(
        partitions.len() > 1,
        "sources are spread over the partitions"
    );
}

async fn survives_being_opened_again(fixture: &mut impl Fixture) {
    let bus = fixture.open_empty(AMPLE).await;
    hold_all(&bus).await;
    let events: Vec<_> = (0..20).map(|number| event("a", number, 100)).collect();
    accept(&bus, events.clone()).await;
    let found = waiting(&bus).await;
    let (partition, through) = (found[0].0, found[4].1.offset);
    assert!(bus.acknowledge(partition, through).await.is_ok());
    assert!(
        bus.acknowledge(partition, Offset(1)).await.is_ok(),
        "less than before is nothing"
    );
    assert_eq!(bus.acknowledged(partition), through);
    let usage = bus.usage();
    assert_eq!(usage.events, 15);
    drop(bus);
    let bus = fixture.reopen().await;
    assert_eq!(bus.acknowledged(partition), through);
    assert_eq!(bus.usage(), usage, "what waits is counted as before");
    hold_all(&bus).await;
    let found = waiting(&bus).await;
    let found: Vec<_> = found
        .into_iter()
        .map(|(_, delivery)| delivery.event)
        .collect();
    assert_eq!(found, events[5..]);
}

async fn counts_on_after_all_is_acknowledged(fixture: &mut impl Fixture) {
    let bus = fixture.open_empty(AMPLE).await;
    hold_all(&bus).await;
    accept(&bus, (0..9).map(|number| event("a", number, 1)).collect()).await;
    let partition = waiting(&bus).await[0].0;
    assert!(bus.acknowledge(partition, Offset(9)).await.is_ok());
    assert_eq!((bus.usage().events, bus.usage().bytes), (0, 0));
    drop(bus);
    let bus = fixture.reopen().await;
    assert_eq!((bus.usage().events, bus.usage().bytes), (0, 0));
    hold_all(&bus).await;
    accept(&bus, vec![event("a", 10, 1)]).await;
    let found = waiting(&bus).await;
    let offsets: Vec<_> = found
        .iter()
        .map(|(_, delivery)| delivery.offset.0)
        .collect();
    assert_eq!(offsets, [10], "an offset is never given twice");
}

async fn refuses_what_is_beyond_its_bound(fixture: &mut impl Fixture) {
    let limit = 100_000;
    let bus = fixture.open_empty(limit).await;
    hold_all(&bus).await;
    let mut accepted = 0;
    let refused = loop {
        match bus.append(vec![event("a", accepted, 50)]).await {
            Ok(()) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, BusError::Full { limit_bytes, .. } if limit_bytes == limit));
    assert!(accepted > 10 && bus.usage().events == accepted && bus.usage().bytes <= limit);
    let found = waiting(&bus).await;
    assert_eq!(
        found.len() as u64,
        accepted,
        "what was refused is not there"
    );
    assert!(bus.acknowledge(found[0].0, Offset(5)).await.is_ok());
    accept(&bus, vec![event("a", 99, 50)]).await;
}

async fn wakes_a_waiting_reader(fixture: &mut impl Fixture) {
    let bus = fixture.open_empty(AMPLE).await;
    hold_all(&bus).await;
    accept(&bus, vec![event("a", 0, 1)]).await;
    let partition = waiting(&bus).await[0].0;
    let read = bus.read(partition, Offset(1), 1 << 20);
    let append = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        bus.append(vec![event("a", 1, 1)]).await
    };
    let both = async { tokio::join!(read, append) };
    let outcome = tokio::time::timeout(Duration::from_secs(5), both).await;
    let Ok((Ok(read), Ok(()))) = outcome else {
        panic_with(&format!("the reader was not woken: {outcome:?}"));
        return;
    };
    assert_eq!(read[0].event, event("a", 1, 1));
}

async fn closes_after_the_last_event(fixture: &mut impl Fixture) {
    let bus = fixture.open_empty(AMPLE).await;
    hold_all(&bus).await;
    accept(&bus, vec![event("a", 0, 1)]).await;
    let partition = waiting(&bus).await[0].0;
    bus.close();
    let refused = bus.append(vec![event("a", 1, 1)]).await;
    assert!(matches!(refused, Err(BusError::Closed)), "{refused:?}");
    let left = bus.read(partition, Offset(0), 1 << 20).await;
    assert_eq!(
        left.map(|left| left.len()).ok(),
        Some(1),
        "what is left can be read"
    );
    let patience = Duration::from_secs(5);
    let end = tokio::time::timeout(patience, bus.read(partition, Offset(1), 1 << 20)).await;
    assert!(matches!(end, Ok(Err(BusError::Closed))), "{end:?}");
}

async fn takes_appends_from_many_at_once(fixture: &mut impl Fixture) {
    let bus = fixture.open_empty(AMPLE).await;
    hold_all(&bus).await;
    let names: Vec<_> = (0..32).map(|number| format!("source-{number}")).collect();
    let call = async |name: &str| {
        for number in 0..10 {
            accept(&bus, vec![event(name, number, 20)]).await;
        }
    };
    futures_util::future::join_all(names.iter().map(|name| call(name))).await;
    let found = waiting(&bus).await;
    for name in &names {
        let of_source = found
            .iter()
            .filter_map(|(_, delivery)| match &delivery.event.payload {
                Payload::Logs(batch) if *batch.source == **name => Some(&delivery.event),
                _ => None,
            });
        let expected: Vec<_> = (0..10).map(|number| event(name, number, 20)).collect();
        assert!(
            of_source.eq(&expected),
            "events of {name} are whole and in order"
        );
    }
}

/// `panic!` is not for libraries, but a suite has no other way to fail.
fn panic_with(message: &str) {
    assert!(message.is_empty(), "{message}");
}
