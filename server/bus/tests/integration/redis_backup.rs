//! Backups of the bus on Redis: what waits stays readable however far the readers come meanwhile, and
//! comes back at its offsets, into either bus.

use std::collections::BTreeMap;

use tocsin_bus::contract::{event, hold_all, waiting};
use tocsin_bus::{BusRestoration, FjallBus, RedisBus, RedisRestoration};
use tocsin_domain::ports::{Bus, Restoration, SnapshotItem, Snapshots};
use tocsin_domain::{Offset, Partition};

use super::redis_contract::{config, redis};

async fn items(bus: &RedisBus) -> Vec<SnapshotItem> {
    let mut snapshot = bus.take().await.unwrap();
    let mut items = Vec::new();
    while let Some(item) = snapshot.next(&BTreeMap::new()).await.unwrap() {
        items.push(item);
    }
    items
}

async fn put(mut restoration: impl Restoration, items: &[SnapshotItem]) {
    assert!(restoration.reads("bus-events/1"));
    for item in items {
        restoration.put(item.clone()).await.unwrap();
    }
    restoration.finish().await.unwrap();
}

/// Partition and offset of everything that waits.
async fn places(bus: &impl Bus) -> Vec<(Partition, Offset)> {
    let all = waiting(bus).await.into_iter();
    all.map(|(partition, delivery)| (partition, delivery.offset))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_comes_back_although_all_of_it_was_acknowledged() {
    let (Some(server), Some(other)) = (redis(&[]), redis(&[])) else {
        return;
    };
    let bus = RedisBus::open(&config(&server), "logs", "pipeline").await;
    let bus = bus.unwrap();
    hold_all(&bus).await;
    for number in 0..200 {
        let source = format!("source-{}", number % 7);
        bus.append(vec![event(&source, number, 2)]).await.unwrap();
    }
    let before = places(&bus).await;
    let (partition, offset) = before[2];
    bus.acknowledge(partition, offset).await.unwrap();
    let mut expected = before.clone();
    expected.retain(|place| place.0 != partition || place.1 > offset);
    assert!(bus.take().await.is_err(), "nothing is held yet");
    assert!(bus.hold().await.unwrap());
    for place in &before {
        bus.acknowledge(place.0, place.1).await.unwrap();
    }
    for number in 200..210 {
        bus.append(vec![event("late", number, 2)]).await.unwrap();
    }
    let at = bus.partition_of("late");
    let late = bus.read(at, bus.acknowledged(at), 1 << 20).await.unwrap();
    assert_eq!(late.len(), 10);
    expected.extend(late.into_iter().map(|delivery| (at, delivery.offset)));
    expected.sort_unstable();
    assert_eq!(bus.usage().events, expected.len() as u64, "it takes room");
    let items = items(&bus).await;
    bus.check().await.unwrap();
    assert_eq!(bus.usage().events, 10, "what was read is let go of");

    let into = RedisRestoration::open(&config(&other), "logs", "pipeline").await;
    put(into.unwrap(), &items).await;
    let again = RedisBus::open(&config(&other), "logs", "pipeline").await;
    let again = again.unwrap();
    hold_all(&again).await;
    let mut found = places(&again).await;
    found.sort_unstable();
    assert_eq!(found, expected);
    // A store that has seen some of it goes on behind that.
    let (partition, seen) = expected[5];
    let after = again.read(partition, seen, 1).await.unwrap();
    assert_eq!((partition, after[0].offset), expected[6]);
    again.append(vec![event("late", 210, 1)]).await.unwrap();
    let last = |places: &[(Partition, Offset)]| {
        let of_it = places.iter().filter(|place| place.0 == at);
        of_it.map(|place| place.1.0).max()
    };
    let newest = last(&places(&again).await);
    assert_eq!(newest, last(&expected).map(|offset| offset + 1));
    let refused = RedisRestoration::open(&config(&other), "logs", "pipeline").await;
    assert!(refused.unwrap_err().to_string().contains("not empty"));

    let folder = tempfile::tempdir().unwrap();
    put(BusRestoration::open(folder.path()).unwrap(), &items).await;
    let embedded = FjallBus::open(folder.path(), config(&server)).unwrap();
    let mut found = places(&embedded).await;
    found.sort_unstable();
    assert_eq!(found, expected);
}
