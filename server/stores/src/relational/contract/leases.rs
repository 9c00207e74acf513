//! The suite of leases.

use std::time::Duration;

use tocsin_domain::Timestamp;
use tocsin_domain::ports::{LeaseHolder, LeaseStore, StoreError};

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(30);
/// How often it is tried to take a lease that is soon over.
const TRIES_MAX: usize = 100_000;

/// Takes a lease as soon as it is over; none if it never is.
async fn take(store: &dyn LeaseStore, name: &str, holder: &str) -> Result<Option<u64>, StoreError> {
    for _ in 0..TRIES_MAX {
        let token = store.acquire(name, holder, "", LONG).await?;
        if token.is_some() {
            return Ok(token);
        }
        std::thread::yield_now();
    }
    Ok(None)
}

/// The suite of [`LeaseStore`].
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn leases(store: &dyn LeaseStore) -> Result<(), StoreError> {
    assert_eq!(store.lease("writer").await?, None);
    store.release("writer", 1).await?;
    let first = store.acquire("writer", "a", "host-a:1", LONG).await?;
    assert_eq!(first, Some(1), "it was free");
    assert_eq!(store.acquire("writer", "b", "host-b:1", LONG).await?, None);
    let held = store.lease("writer").await?;
    let until = held.as_ref().map_or(Timestamp(0), |held| held.until);
    let holder = |holder: &str, note: &str, token, until| {
        Some(LeaseHolder {
            holder: holder.to_owned(),
            note: note.to_owned(),
            token,
            until,
        })
    };
    assert_eq!(held, holder("a", "host-a:1", 1, until));

    // Renewed, it keeps its fence, says what is new of it, and may be made shorter.
    let renewed = store.acquire("writer", "a", "it's \"ö\"", LONG).await?;
    assert_eq!(renewed, Some(1), "it is ours");
    let held = store
        .lease("writer")
        .await?
        .map(|held| (held.note, held.until >= until));
    assert_eq!(held, Some(("it's \"ö\"".to_owned(), true)));
    assert_eq!(
        store.acquire("other", "b", "", LONG).await?,
        Some(1),
        "names are apart"
    );

    // Given back, it is free at once, and only by its token.
    store.release("writer", 2).await?;
    assert!(store.lease("writer").await?.is_some());
    store.release("writer", 1).await?;
    assert_eq!(store.lease("writer").await?, None);
    assert_eq!(store.acquire("writer", "b", "", LONG).await?, Some(2));
    store.release("writer", 1).await?;
    assert!(
        store.lease("writer").await?.is_some(),
        "the old token does nothing"
    );

    // What is over is anybody's, and has a new fence even if it is taken by the same.
    assert_eq!(store.acquire("writer", "b", "", SHORT).await?, Some(2));
    assert_eq!(take(store, "writer", "c").await?, Some(3));
    store.acquire("writer", "c", "", Duration::ZERO).await?;
    assert_eq!(store.lease("writer").await?, None);
    assert_eq!(take(store, "writer", "c").await?, Some(4));
    Ok(())
}

/// Many that want one lease at once: one gets it.
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn one_of_many(store: &dyn LeaseStore) -> Result<(), StoreError> {
    let ask = async |holder: &str| store.acquire("one", holder, "", LONG).await;
    let (a, b, c, d) = tokio::join!(ask("a"), ask("b"), ask("c"), ask("d"));
    let got = [a?, b?, c?, d?];
    let won: Vec<u64> = got.into_iter().flatten().collect();
    assert_eq!(won, [1], "{got:?}");
    Ok(())
}
