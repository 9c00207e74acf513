//! What processes say of themselves: the others hear it while it holds.

use std::time::Duration;

use tocsin_bus::RedisBoard;

use super::redis_contract::{config, redis};

const LONG: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread")]
async fn others_hear_what_a_process_said_last_until_it_leaves_or_is_silent() {
    let Some(mut server) = redis(&[]) else { return };
    let config = config(&server).redis;
    let boards = [(); 3].map(|()| RedisBoard::open(&config).unwrap());
    boards[0].say(b"one", LONG).await.unwrap();
    boards[0].say(b"one again", LONG).await.unwrap();
    boards[1].say(b"two", LONG).await.unwrap();
    boards[2].say(b"three", Duration::ZERO).await.unwrap();
    assert_eq!(boards[0].others().await.unwrap(), [b"two".to_vec()]);
    assert_eq!(boards[1].others().await.unwrap(), [b"one again".to_vec()]);
    boards[1].leave().await.unwrap();
    assert!(boards[0].others().await.unwrap().is_empty());

    tokio::task::block_in_place(|| server.kill().unwrap());
    assert!(boards[0].others().await.is_err());
    tokio::task::block_in_place(|| server.restart().unwrap());
    // A connection that broke is noticed by the first who uses it.
    let begun = std::time::Instant::now();
    while let Err(error) = boards[2].say(b"three", LONG).await {
        assert!(begun.elapsed() < Duration::from_secs(20), "{error}");
    }
    assert_eq!(boards[0].others().await.unwrap().last().unwrap(), b"three");
}
