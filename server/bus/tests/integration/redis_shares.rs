//! Many processes that come, go and die: nothing is held twice, and shares become even.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tocsin_bus::{BusConfig, RedisBus};
use tocsin_domain::Partition;
use tocsin_domain::ports::{Bus, Shares};

use super::redis_contract::{config, redis};

const PARTITIONS: u16 = 12;
const ROUNDS: u64 = 60;

/// What a process says it holds, after it gave back what others lack.
async fn round(bus: &RedisBus) -> Vec<Partition> {
    let Shares { held, surplus } = bus.balance().await.unwrap();
    for partition in surplus {
        bus.release(partition).await.unwrap();
    }
    held
}

/// All processes in turn; true if each partition is held once and no share is larger than another
/// by two.
async fn is_settled(processes: &[RedisBus]) -> bool {
    let mut holders = BTreeMap::new();
    let mut sizes = Vec::new();
    for (at, process) in processes.iter().enumerate() {
        let held = round(process).await;
        sizes.push(held.len());
        for partition in held {
            let other = holders.insert(partition, at);
            assert_eq!(other, None, "{partition:?} is held by {at} as well");
        }
    }
    let spread = sizes.iter().max().unwrap_or(&0) - sizes.iter().min().unwrap_or(&0);
    holders.len() == usize::from(PARTITIONS) && spread <= 1
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_become_even_whoever_comes_and_goes() {
    let Some(server) = redis(&[]) else { return };
    let config = BusConfig {
        partitions: PARTITIONS,
        ..config(&server)
    };
    let open = async || RedisBus::open(&config, "logs", "pipeline").await.unwrap();
    let mut processes = vec![open().await];
    let mut random = 7u64;
    for _ in 0..ROUNDS {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let chosen = (random >> 33) as usize;
        match chosen % 8 {
            0..=1 if processes.len() < 7 => processes.push(open().await),
            // Dies.
            2 if processes.len() > 1 => drop(processes.swap_remove(chosen % processes.len())),
            // Leaves as it should.
            3 if processes.len() > 1 => {
                let leaving = processes.swap_remove(chosen % processes.len());
                leaving.close();
                for partition in (0..PARTITIONS).map(Partition) {
                    leaving.release(partition).await.unwrap();
                }
            }
            _ => {}
        }
        is_settled(&processes).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let begin = Instant::now();
    while !is_settled(&processes).await {
        assert!(
            begin.elapsed() < Duration::from_secs(10),
            "shares stay uneven"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!(
        "{} processes, even after {:?}",
        processes.len(),
        begin.elapsed()
    );
    // And then nothing moves any more.
    let mut before = Vec::new();
    for process in &processes {
        before.push(round(process).await);
    }
    for (process, held) in processes.iter().zip(before) {
        assert_eq!(round(process).await, held);
    }
}
