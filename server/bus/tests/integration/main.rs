//! The buses against the contract and against the world: kills, full disks, bad bytes, a Redis
//! that goes away.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod contract;
mod crash;
mod disk_full;
mod embedded;
mod rates;
mod redis_away;
mod redis_backup;
mod redis_board;
mod redis_contract;
mod redis_crash;
mod redis_embeddings;
mod redis_live;
mod redis_setup;
mod redis_shares;

use std::path::Path;

use tocsin_bus::{BusConfig, FjallBus};
use tocsin_domain::{Event, Payload};

/// A bus of one partition that keeps little in memory.
fn small(path: &Path) -> FjallBus {
    let config = BusConfig {
        partitions: 1,
        memory_bytes_max: 1 << 20,
        in_flight_bytes_max: 1 << 20,
        ..BusConfig::default()
    };
    FjallBus::open(path, config).unwrap()
}

/// The name that `contract::event` gave to an event: its source and number.
fn name(event: &Event) -> (String, u64) {
    let Payload::Logs(batch) = &event.payload else {
        unreachable!()
    };
    let first = String::from_utf8(batch.body(&batch.records[0]).to_vec()).unwrap();
    let words: Vec<_> = first.split(' ').collect();
    (batch.source.to_string(), words[2].parse().unwrap())
}
