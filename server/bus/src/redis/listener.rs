//! Listens to a channel of Redis, for ever.

use std::time::Duration;

use futures_util::StreamExt;
use redis::{Client, Value};

/// How long to wait after the connection was lost.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// How often a silent connection is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(10);

/// Calls `hear` with each message, and with none whenever listening began: what was said before
/// is lost. Never ends; to be dropped.
pub(super) async fn listen(
    client: Client,
    channel: String,
    timeout: Duration,
    mut hear: impl FnMut(Option<Vec<u8>>),
) {
    loop {
        if let Err(error) = attend(&client, &channel, timeout, &mut hear).await {
            tracing::debug!(%error, "listening to Redis was interrupted");
        }
        tokio::time::sleep(RETRY_AFTER).await;
    }
}

async fn attend(
    client: &Client,
    channel: &str,
    timeout: Duration,
    hear: &mut impl FnMut(Option<Vec<u8>>),
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let begin = async {
        let mut listening = client.get_async_pubsub().await?;
        listening.subscribe(channel).await?;
        Ok::<_, redis::RedisError>(listening)
    };
    let listening = tokio::time::timeout(timeout, begin).await??;
    let (mut sink, mut messages) = listening.split();
    hear(None);
    loop {
        tokio::select! {
            message = messages.next() => match message {
                Some(message) => hear(Some(message.get_payload()?)),
                None => return Ok(()),
            },
            () = tokio::time::sleep(PING_EVERY) => {
                tokio::time::timeout(timeout, sink.ping::<Value>()).await??;
            }
        }
    }
}
