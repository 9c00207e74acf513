//! The side where lines pass: watches them for others and publishes what they are to see.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use redis::Client;
use tocsin_domain::ports::live_logs::{LiveItem, LiveLogs, LiveSubscription};
use tocsin_domain::query::Expression;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use super::Place;
use crate::codec::live::{Shown, begin_message, decode_filters, put_shown};
use crate::redis::link::Failure;
use crate::redis::listener;

/// How often it is looked who watches, if nothing tells.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Watchers that are served at most; others see nothing of this process.
const WATCHERS_MAX: usize = 1000;
/// Bytes that one message holds about; what comes together travels together.
const MESSAGE_BYTES: usize = 64 << 10;

type Watchers = BTreeMap<(String, u64), Expression>;

/// Serves for ever.
pub(super) async fn serve(
    place: Arc<Place>,
    client: Client,
    timeout: Duration,
    hub: Arc<dyn LiveLogs>,
) {
    let (bell, changes) = watch::channel(());
    let ring = |_: Option<Vec<u8>>| {
        bell.send_replace(());
    };
    let channel = place.changes();
    tokio::select! {
        () = listener::listen(client, channel, timeout, ring) => {}
        () = feed(&place, &hub, changes) => {}
    }
}

async fn feed(place: &Arc<Place>, hub: &Arc<dyn LiveLogs>, mut changes: watch::Receiver<()>) {
    let mut served: BTreeMap<(String, u64), AbortHandle> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    loop {
        changes.borrow_and_update();
        match watchers(place).await {
            Ok(watchers) => {
                served.retain(|watcher, task| {
                    let stays = watchers.contains_key(watcher);
                    if !stays {
                        task.abort();
                    }
                    stays
                });
                for (watcher, filter) in watchers {
                    if served.len() < WATCHERS_MAX && !served.contains_key(&watcher) {
                        let subscription = hub.subscribe(filter);
                        let channel = place.seen(&watcher.0);
                        let place = Arc::clone(place);
                        let showing = show(place, channel, watcher.1, subscription);
                        served.insert(watcher, tasks.spawn(showing));
                    }
                }
            }
            // They are served on; what cannot be published is counted as skipped.
            Err(error) => tracing::debug!(?error, "it cannot be seen who watches"),
        }
        while tasks.try_join_next().is_some() {}
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn watchers(place: &Place) -> Result<Watchers, Failure> {
    let mut script = place.scripts.watched.key(place.filters());
    script.key(place.watching());
    let mut answer = place.link.run(&script).await?;
    let mut watchers = Watchers::new();
    while !answer.is_empty() {
        let process = answer.text()?;
        match decode_filters(&answer.bytes()?) {
            Ok(filters) => {
                let filters = filters.into_iter();
                watchers.extend(filters.map(|(at, filter)| ((process.clone(), at), filter)));
            }
            // Of another version, perhaps; its watchers see nothing of this process.
            Err(error) => tracing::debug!(%error, process, "filters cannot be read"),
        }
    }
    Ok(watchers)
}

/// Publishes what one watcher is to see, until the hub closes.
async fn show(
    place: Arc<Place>,
    channel: String,
    watcher: u64,
    mut subscription: Box<dyn LiveSubscription>,
) {
    let mut told = 0;
    // Records that could not be published.
    let mut lost = 0;
    while let Some(first) = subscription.next().await {
        let mut message = begin_message(watcher);
        let mut records = 0;
        let mut skipped = std::mem::take(&mut lost);
        let mut next = Some(first);
        while let Some(item) = next {
            match item {
                LiveItem::Record(record) => {
                    records += 1;
                    put_shown(&mut message, &Shown::Record(record));
                }
                LiveItem::Skipped(all) => {
                    skipped += all.saturating_sub(told);
                    told = all;
                }
            }
            if message.len() >= MESSAGE_BYTES {
                break;
            }
            next = subscription.next().now_or_never().flatten();
        }
        if skipped > 0 {
            put_shown(&mut message, &Shown::Skipped(skipped));
        }
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(&channel).arg(&message[..]);
        if place.link.ask::<i64>(&publish).await.is_err() {
            lost = records + skipped;
        }
    }
}
