//! How many requests a client may make: the same rules for whoever counts them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tocsin_bus::{LocalRates, RedisRates};
use tocsin_domain::ports::RateLimiter;

use super::redis_contract::{config, redis};

/// So many requests come at once that one more is refused, and then one a share of the minute.
async fn contract(one: &dyn RateLimiter, other: &dyn RateLimiter) {
    const PER_MINUTE: u32 = 30;
    let begun = Instant::now();
    let (mut taken, mut refused) = (0, 0);
    for number in 0..PER_MINUTE * 2 {
        let rates = if number % 2 == 0 { one } else { other };
        let allowance = rates.take("ana", PER_MINUTE).await;
        assert!(
            allowance.whole_after <= Duration::from_secs(60),
            "{allowance:?}"
        );
        match allowance.refused_for {
            None => taken += 1,
            Some(wait) => {
                refused += 1;
                assert_eq!(allowance.remaining, 0);
                assert!(wait <= Duration::from_secs(2), "{allowance:?}");
            }
        }
    }
    // A share of the minute is two seconds.
    let filled = u32::try_from(begun.elapsed().as_secs() / 2).unwrap() + 1;
    assert!(
        taken >= PER_MINUTE && taken <= PER_MINUTE + filled,
        "{taken}"
    );
    assert!(refused >= PER_MINUTE - filled, "{refused}");
    let bob = one.take("bob", PER_MINUTE).await;
    assert_eq!((bob.refused_for, bob.remaining), (None, PER_MINUTE - 1));
    assert!(bob.whole_after <= Duration::from_secs(2));
    // One that was refused may come when it was told to.
    let rates = one;
    assert_eq!(rates.take("eve", 1200).await.refused_for, None);
    let deadline = Instant::now() + Duration::from_secs(60);
    let wait = loop {
        assert!(Instant::now() < deadline);
        if let Some(wait) = rates.take("dan", 600).await.refused_for {
            break wait;
        }
    };
    assert!(wait <= Duration::from_millis(100), "{wait:?}");
    tokio::time::sleep(wait).await;
    assert_eq!(rates.take("dan", 600).await.refused_for, None);
}

#[tokio::test]
async fn one_process_counts_by_itself() {
    let rates = LocalRates::default();
    contract(&rates, &rates).await;
}

#[tokio::test]
async fn processes_count_together_and_alone_while_redis_is_away() {
    let Some(mut server) = redis(&[]) else { return };
    let open = || Arc::new(RedisRates::open(&config(&server).redis).unwrap());
    let (one, other) = (open(), open());
    contract(&*one, &*other).await;
    for _ in 0..20 {
        one.take("zoe", 10).await;
    }
    assert!(other.take("zoe", 10).await.refused_for.is_some());
    // One that hangs, then one that is gone: nobody waits long, and each counts alone.
    server.freeze().unwrap();
    let begun = Instant::now();
    for _ in 0..10 {
        assert_eq!(other.take("zoe", 10).await.refused_for, None);
    }
    assert!(other.take("zoe", 10).await.refused_for.is_some());
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    server.thaw().unwrap();
    server.kill().unwrap();
    assert!(other.take("zoe", 10).await.refused_for.is_some());
    server.restart().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        // A new client at one is known to the other once both count together.
        let name = format!("{:?}", Instant::now());
        one.take(&name, 1).await;
        if other.take(&name, 1).await.refused_for.is_some() {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "they do not count together again"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
