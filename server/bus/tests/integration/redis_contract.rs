//! The contract suite on the bus on Redis, and what only that bus can be asked.

use redis::AsyncCommands;
use tocsin_bus::contract::{RedisServer, event, hold_all, waiting};
use tocsin_bus::{BusConfig, RedisBus, RedisBusConfig, RedisUrl, contract};
use tocsin_domain::ports::{Bus, BusError};
use tocsin_domain::{Offset, Partition};

use super::name;

/// A Redis, or none with a word about it.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
pub(super) fn redis(arguments: &[&str]) -> Option<RedisServer> {
    let server = RedisServer::start(arguments).unwrap();
    if server.is_none() {
        eprintln!("SKIPPED: `redis-server` is not installed: run `make tools`");
    }
    server
}

/// A bus with short leases, for tests that wait for their end.
pub(super) fn config(server: &RedisServer) -> BusConfig {
    BusConfig {
        redis: RedisBusConfig {
            url: RedisUrl::new(server.url()),
            lease_secs: 1,
            ..RedisBusConfig::default()
        },
        ..BusConfig::default()
    }
}

struct Shared {
    config: BusConfig,
    opened: u32,
}

impl contract::Fixture for Shared {
    type Bus = RedisBus;

    async fn open_empty(&mut self, bytes_max: u64) -> RedisBus {
        self.opened += 1;
        self.config.bytes_max = bytes_max;
        self.reopen().await
    }

    async fn reopen(&mut self) -> RedisBus {
        let name = format!("test-{}", self.opened);
        RedisBus::open(&self.config, &name, "pipeline")
            .await
            .unwrap()
    }
}

impl contract::SharedFixture for Shared {
    async fn join(&mut self) -> RedisBus {
        contract::Fixture::reopen(self).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bus_on_redis_keeps_the_contract() {
    let Some(server) = redis(&[]) else { return };
    let config = config(&server);
    contract::run(&mut Shared { config, opened: 0 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bus_on_redis_is_shared() {
    let Some(server) = redis(&[]) else { return };
    let config = config(&server);
    contract::run_shared(&mut Shared { config, opened: 0 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_stay_until_every_group_has_acknowledged_them() {
    let Some(server) = redis(&[]) else { return };
    let config = config(&server);
    let lines = RedisBus::open(&config, "logs", "pipeline").await.unwrap();
    let audit = RedisBus::open(&config, "logs", "audit").await.unwrap();
    hold_all(&lines).await;
    hold_all(&audit).await;
    let events: Vec<_> = (0..10).map(|number| event("a", number, 5)).collect();
    lines.append(events.clone()).await.unwrap();
    let partition = waiting(&lines).await[0].0;
    lines.acknowledge(partition, Offset(10)).await.unwrap();
    assert_eq!(lines.usage().events, 10, "the other group has seen none");
    let found = audit.read(partition, Offset(0), 1 << 20).await.unwrap();
    assert_eq!(found.len(), 10, "each group gets each event");
    audit.acknowledge(partition, Offset(4)).await.unwrap();
    assert_eq!(audit.usage().events, 6);
    let bytes = audit.usage().bytes;
    assert!(bytes > 0);
    audit.acknowledge(partition, Offset(10)).await.unwrap();
    assert_eq!((audit.usage().events, audit.usage().bytes), (0, 0));
    assert_eq!(lines.acknowledged(partition), Offset(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_below_what_the_stores_have_seen_are_counted_anew() {
    let Some(server) = redis(&[]) else { return };
    let bus = RedisBus::open(&config(&server), "logs", "pipeline")
        .await
        .unwrap();
    let events: Vec<_> = (0..150).map(|number| event("a", number, 1)).collect();
    for event in &events {
        bus.append(vec![event.clone()]).await.unwrap();
    }
    hold_all(&bus).await;
    let partition = bus.partition_of("a");
    // The stores were filled from an embedded bus before.
    let mut found = Vec::new();
    let mut after = Offset(1000);
    while found.len() < events.len() {
        let read = bus.read(partition, after, 4096).await.unwrap();
        after = read.last().unwrap().offset;
        found.extend(read);
    }
    assert!(found.iter().map(|d| d.offset.0).eq(1001..=1150));
    assert!(found.iter().map(|d| &d.event).eq(&events));
    bus.append(vec![event("a", 150, 1)]).await.unwrap();
    let next = bus.read(partition, after, 4096).await.unwrap();
    assert_eq!(next[0].offset, Offset(1151));
    bus.acknowledge(partition, Offset(1151)).await.unwrap();
    assert_eq!((bus.usage().events, bus.usage().bytes), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_cannot_be_read_are_reported_once_and_passed_over() {
    let Some(server) = redis(&[]) else { return };
    let mut config = config(&server);
    config.partitions = 1;
    let bus = RedisBus::open(&config, "logs", "pipeline").await.unwrap();
    hold_all(&bus).await;
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut commands = redis::pipe();
    let key = "{tocsin:logs}:0";
    commands.hset(format!("{key}:state"), "last", 1).ignore();
    let entry = [("d", "no event")];
    commands
        .xadd(format!("{key}:events"), "1-0", &entry)
        .ignore();
    commands.rpush(format!("{key}:sizes"), 8).ignore();
    commands.hincr("{tocsin:logs}:bus", "events", 1).ignore();
    commands.hincr("{tocsin:logs}:bus", "bytes", 8).ignore();
    commands.exec_async(&mut connection).await.unwrap();
    bus.append(vec![event("a", 1, 1)]).await.unwrap();
    let corrupt = bus.read(Partition(0), Offset(0), 1).await;
    let Err(BusError::Corrupt(what)) = corrupt else {
        panic!("{corrupt:?}")
    };
    assert!(what.contains("offset 1"), "{what}");
    let read = bus.read(Partition(0), Offset(0), 1).await.unwrap();
    assert_eq!(name(&read[0].event), ("a".into(), 1));
    assert_eq!(bus.corrupt_events(), 1);
    bus.acknowledge(Partition(0), Offset(2)).await.unwrap();
    assert_eq!((bus.usage().events, bus.usage().bytes), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_change_only_when_nothing_waits_and_nobody_works() {
    let Some(server) = redis(&[]) else { return };
    let config = config(&server);
    let open = async |partitions| {
        let config = BusConfig {
            partitions,
            ..config.clone()
        };
        RedisBus::open(&config, "logs", "pipeline").await.unwrap()
    };
    let bus = open(4).await;
    hold_all(&bus).await;
    bus.append(vec![event("a", 1, 1)]).await.unwrap();
    assert_eq!(open(7).await.partitions(), 4, "something waits");
    let partition = bus.partition_of("a");
    bus.acknowledge(partition, Offset(1)).await.unwrap();
    assert_eq!(open(7).await.partitions(), 4, "somebody works");
    let api = open(4).await;
    bus.close();
    for partition in (0..4).map(Partition) {
        bus.release(partition).await.unwrap();
    }
    let bus = open(7).await;
    assert_eq!(bus.partitions(), 7);
    hold_all(&bus).await;
    let refused = api.append(vec![event("a", 2, 1)]).await.unwrap_err();
    let why = std::error::Error::source(&refused).unwrap().to_string();
    assert!(why.contains("7 partitions now"), "{why}");
    assert_eq!(bus.usage().events, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_given_up_leaves_all_or_nothing_and_counts_once() {
    let Some(server) = redis(&[]) else { return };
    let bus = RedisBus::open(&config(&server), "logs", "pipeline")
        .await
        .unwrap();
    hold_all(&bus).await;
    let pair = |number| vec![event("a", number, 100), event("b", number, 100)];
    for number in 0..50 {
        let patience = std::time::Duration::from_micros(number * 40);
        let _ = tokio::time::timeout(patience, bus.append(pair(number))).await;
    }
    // Whoever gave up tries again.
    for number in 0..50 {
        bus.append(pair(number)).await.unwrap();
    }
    let mut names: Vec<_> = waiting(&bus)
        .await
        .iter()
        .map(|(_, found)| name(&found.event))
        .collect();
    names.sort();
    // What had come through in time was accepted, and was appended anew.
    let doubled = names.len() - 100;
    assert_eq!(doubled % 2, 0, "a pair came apart");
    let again: Vec<_> = names.windows(2).filter(|two| two[0] == two[1]).collect();
    assert_eq!(again.len(), doubled);
    names.dedup();
    assert_eq!(names.len(), 100);
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<String> = connection.keys("*:calls:*").await.unwrap();
    assert_eq!(keys.len(), 1);
    let kept: usize = connection.hlen(&keys[0]).await.unwrap();
    assert!(kept < 5, "{kept} calls are remembered");
}
