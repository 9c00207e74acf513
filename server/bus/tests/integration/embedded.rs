//! What is the embedded bus's own: its lock, bad bytes, more than fits in memory, calls given up.

use std::path::Path;

use fjall::{Database, KeyspaceCreateOptions, PersistMode};
use tocsin_bus::contract::{event, waiting};
use tocsin_bus::{BusConfig, FjallBus};
use tocsin_domain::ports::{Bus, BusError};
use tocsin_domain::{Offset, Partition};

use super::{name, small};

const FIRST: Partition = Partition(0);

#[test]
fn a_second_process_is_told_who_is_in_its_way() {
    let folder = tempfile::tempdir().unwrap();
    let _bus = small(folder.path());
    let refused = FjallBus::open(folder.path(), BusConfig::default()).unwrap_err();
    let BusError::Unavailable(why) = refused else {
        panic!("{refused}")
    };
    assert!(
        why.to_string().contains("another process holds the bus"),
        "{why}"
    );
}

fn spoil(path: &Path, offset: u64) {
    let database = Database::builder(path).open().unwrap();
    let queue = database
        .keyspace("queue", KeyspaceCreateOptions::default)
        .unwrap();
    let key = [[1, 0, 0].as_slice(), &offset.to_be_bytes()].concat();
    queue.insert(key, b"\x01\x01not an event").unwrap();
    database.persist(PersistMode::SyncAll).unwrap();
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_reported_once_and_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let bus = small(folder.path());
    bus.append((1..=4).map(|number| event("a", number, 1)).collect())
        .await
        .unwrap();
    drop(bus);
    spoil(folder.path(), 2);
    spoil(folder.path(), 3);
    let bus = small(folder.path());
    let read = bus.read(FIRST, Offset(0), 1 << 20).await.unwrap();
    assert_eq!(read.len(), 1, "what comes before is delivered first");
    for offset in [2, 3] {
        let corrupt = bus.read(FIRST, Offset(1), 1 << 20).await.unwrap_err();
        let BusError::Corrupt(what) = corrupt else {
            panic!("{corrupt}")
        };
        assert!(
            what.starts_with(&format!("partition 0, offset {offset}:")),
            "{what}"
        );
    }
    let read = bus.read(FIRST, Offset(1), 1 << 20).await.unwrap();
    assert_eq!(read[0].offset, Offset(4));
    assert_eq!(bus.corrupt_events(), 2);
    bus.acknowledge(FIRST, Offset(4)).await.unwrap();
    assert_eq!((bus.usage().events, bus.usage().bytes), (0, 0));
}

/// Bytes that the files of a folder take on disk. Files may go while they are looked at.
fn files_bytes(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let Ok(entries) = std::fs::read_dir(path) else {
        return 0;
    };
    let of_entry = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => files_bytes(&entry.path()),
        Ok(metadata) => metadata.blocks() * 512,
        Err(_) => 0,
    };
    entries.flatten().map(of_entry).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_fits_in_memory_is_kept_on_disk_and_dropped_when_done() {
    let folder = tempfile::tempdir().unwrap();
    let bus = small(folder.path());
    for number in 0..60 {
        bus.append(vec![event("a", number, 1000)]).await.unwrap();
    }
    let usage = bus.usage();
    drop(bus);
    let bus = small(folder.path());
    assert_eq!(bus.usage(), usage);
    let mut after = Offset(0);
    for number in 0..60 {
        let read = bus.read(FIRST, after, 1).await.unwrap();
        assert_eq!(name(&read[0].event), ("a".to_owned(), number));
        after = read[0].offset;
    }
    // 60 MB more, acknowledged as they come: the folder must not grow with them.
    let large = event("a", 60, 5000);
    for number in 60..180 {
        bus.append(vec![large.clone()]).await.unwrap();
        bus.acknowledge(FIRST, Offset(number)).await.unwrap();
    }
    assert_eq!(bus.usage().events, 1);
    let bytes = files_bytes(folder.path());
    assert!(bytes < 180 << 20, "{} MB are left", bytes >> 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_bus_gives_its_disk_back() {
    let folder = tempfile::tempdir().unwrap();
    let bus = small(folder.path());
    let large = event("a", 1, 20_000);
    for _ in 0..60 {
        bus.append(vec![large.clone()]).await.unwrap();
    }
    let full = files_bytes(folder.path());
    bus.acknowledge(FIRST, Offset(60)).await.unwrap();
    let mut left = full;
    for _ in 0..600 {
        left = files_bytes(folder.path());
        // What stays is the journal.
        if left * 2 < full {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{left} of {full} bytes are left");
}

#[tokio::test]
async fn partitions_change_only_when_nothing_waits() {
    let folder = tempfile::tempdir().unwrap();
    let open = |partitions| {
        let config = BusConfig {
            partitions,
            ..BusConfig::default()
        };
        FjallBus::open(folder.path(), config).unwrap()
    };
    let bus = open(4);
    let partition = bus.partition_of("a");
    bus.append(vec![event("a", 1, 1)]).await.unwrap();
    drop(bus);
    let bus = open(7);
    assert_eq!(bus.partitions(), 4);
    bus.acknowledge(partition, Offset(1)).await.unwrap();
    drop(bus);
    let bus = open(7);
    assert_eq!(bus.partitions(), 7);
    assert_eq!(bus.acknowledged(partition), Offset(1), "offsets count on");
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_all_or_nothing_and_no_reservation() {
    let folder = tempfile::tempdir().unwrap();
    let bus = small(folder.path());
    for number in 0..50 {
        let pair = vec![event("a", number, 100), event("b", number, 100)];
        let call = bus.append(pair);
        let patience = std::time::Duration::from_micros(number * 40);
        let _ = tokio::time::timeout(patience, call).await;
    }
    bus.append(vec![event("end", 0, 1)]).await.unwrap();
    let found: Vec<_> = waiting(&bus)
        .await
        .into_iter()
        .map(|(_, found)| found)
        .collect();
    let (pairs, end) = found.split_at(found.len() - 1);
    assert_eq!(name(&end[0].event).0, "end");
    for pair in pairs.chunks(2) {
        assert_eq!(name(&pair[0].event).1, name(&pair[1].event).1);
    }
    bus.acknowledge(FIRST, end[0].offset).await.unwrap();
    assert_eq!((bus.usage().events, bus.usage().bytes), (0, 0));
}
