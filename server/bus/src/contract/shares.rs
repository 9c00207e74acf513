//! What a bus that several processes share must do beyond: leases, fair shares, fencing.

use std::time::{Duration, Instant};

use tocsin_domain::ports::{Bus, BusError};
use tocsin_domain::{Offset, Partition};

use super::{AMPLE, Fixture, accept, event, hold_all, panic_with, until, waiting};

/// Opens buses that are shared. Leases last a few seconds at most.
pub trait SharedFixture: Fixture {
    /// Opens the last bus as another process would, beside those that are open.
    fn join(&mut self) -> impl Future<Output = Self::Bus>;
}

/// Runs the suite of what is shared.
///
/// # Panics
/// If the bus breaks the contract.
pub async fn run_shared(fixture: &mut impl SharedFixture) {
    one_alone_holds_everything(fixture).await;
    those_who_come_get_their_share(fixture).await;
    what_is_given_back_can_be_taken_at_once(fixture).await;
    the_shares_of_the_dead_are_taken(fixture).await;
    a_zombie_is_refused(fixture).await;
    nothing_is_read_that_is_not_held(fixture).await;
}

async fn held(bus: &impl Bus) -> Vec<Partition> {
    let shares = bus.balance().await;
    let shares = shares.map(|shares| [shares.held, shares.surplus].concat());
    let mut held = shares.unwrap_or_default();
    held.sort();
    held
}

async fn one_alone_holds_everything(fixture: &mut impl SharedFixture) {
    let bus = fixture.open_empty(AMPLE).await;
    let other = fixture.join().await;
    accept(&other, vec![event("a", 1, 1)]).await;
    let asked_at = Instant::now();
    hold_all(&bus).await;
    let Some(until) = bus.held_until() else {
        panic_with("a shared bus says until when what it holds is held");
        return;
    };
    assert!(until > asked_at && until < asked_at + Duration::from_secs(60));
    let found = waiting(&bus).await;
    assert_eq!(found[0].1.event, event("a", 1, 1), "another appended it");
}

async fn those_who_come_get_their_share(fixture: &mut impl SharedFixture) {
    let first = fixture.open_empty(AMPLE).await;
    hold_all(&first).await;
    let all: Vec<_> = (0..first.partitions()).map(Partition).collect();
    let second = fixture.join().await;
    assert_eq!(held(&second).await, [], "what is held is not taken");
    let fair = until(async || {
        let shares = first.balance().await.unwrap_or_default();
        for partition in shares.surplus {
            assert!(first.release(partition).await.is_ok());
        }
        held(&second).await.len() == all.len() / 2
    });
    assert!(fair.await, "the second gets its half");
    let mut both = [held(&first).await, held(&second).await].concat();
    both.sort();
    assert_eq!(both, all, "each partition is held once");
    let shares = first.balance().await.unwrap_or_default();
    assert_eq!(shares.surplus, [], "and it stays so");
}

async fn what_is_given_back_can_be_taken_at_once(fixture: &mut impl SharedFixture) {
    let first = fixture.open_empty(AMPLE).await;
    hold_all(&first).await;
    let second = fixture.join().await;
    first.close();
    for partition in (0..first.partitions()).map(Partition) {
        assert!(first.release(partition).await.is_ok());
    }
    let all = usize::from(second.partitions());
    assert_eq!(held(&second).await.len(), all, "who left is not waited for");
}

async fn the_shares_of_the_dead_are_taken(fixture: &mut impl SharedFixture) {
    let first = fixture.open_empty(AMPLE).await;
    hold_all(&first).await;
    let events: Vec<_> = (0..20).map(|number| event("a", number, 2)).collect();
    accept(&first, events.clone()).await;
    let found = waiting(&first).await;
    let (partition, through) = (found[0].0, found[6].1.offset);
    assert!(first.acknowledge(partition, through).await.is_ok());
    let second = fixture.join().await;
    drop(first);
    hold_all(&second).await;
    assert_eq!(second.acknowledged(partition), through);
    let found: Vec<_> = waiting(&second)
        .await
        .into_iter()
        .map(|(_, delivery)| delivery.event)
        .collect();
    assert_eq!(
        found,
        events[7..],
        "what was read and not acknowledged is read again"
    );
    assert!(second.acknowledge(partition, Offset(20)).await.is_ok());
    assert_eq!(second.usage().events, 0);
}

async fn a_zombie_is_refused(fixture: &mut impl SharedFixture) {
    let first = fixture.open_empty(AMPLE).await;
    hold_all(&first).await;
    accept(&first, (0..9).map(|number| event("a", number, 2)).collect()).await;
    let partition = waiting(&first).await[0].0;
    let reading = first.read(partition, Offset(9), 1 << 20);
    let second = fixture.join().await;
    // The first sleeps through its lease, a reader of it too.
    let taking = async {
        let taken = until(async || held(&second).await.contains(&partition));
        assert!(taken.await, "the second takes what is not renewed");
        accept(&second, vec![event("a", 9, 2)]).await;
    };
    let patience = Duration::from_secs(30);
    let both = async { tokio::join!(reading, taking).0 };
    let read = tokio::time::timeout(patience, both).await;
    assert!(matches!(read, Ok(Err(BusError::Fenced))), "{read:?}");
    let late = first.acknowledge(partition, Offset(5)).await;
    assert!(matches!(late, Err(BusError::Fenced)), "{late:?}");
    assert_eq!(second.acknowledged(partition), Offset(0));
    assert!(!held(&first).await.contains(&partition), "it is told so");
    assert!(first.release(partition).await.is_ok(), "which does nothing");
    assert!(held(&second).await.contains(&partition));
    assert!(second.acknowledge(partition, Offset(10)).await.is_ok());
}

async fn nothing_is_read_that_is_not_held(fixture: &mut impl SharedFixture) {
    let bus = fixture.open_empty(AMPLE).await;
    let read = bus.read(Partition(0), Offset(0), 1).await;
    assert!(matches!(read, Err(BusError::Fenced)), "{read:?}");
    let acknowledged = bus.acknowledge(Partition(0), Offset(1)).await;
    assert!(
        matches!(acknowledged, Err(BusError::Fenced)),
        "{acknowledged:?}"
    );
}
