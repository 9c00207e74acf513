//! Backups: the lines at or below the positions, as they lie there, into another database.

use std::collections::BTreeMap;

use tocsin_domain::ports::log_store::{LogQuery, LogStore, Order};
use tocsin_domain::ports::{Restoration, SnapshotItem, Snapshots};
use tocsin_domain::{LogRecord, Offset, Partition, TimeRange};

use super::super::super::contract::corpus::{Line, batch};
use super::super::{ClickHouseLogStore, ClickHouseRestoration};
use super::front::Front;
use super::run;

const P: Partition = Partition(1);

async fn append(store: &ClickHouseLogStore, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        let lines: Vec<Line> = (0..20)
            .map(|at| Line::of(&format!("user={at} of batch {number} is \"late by {at}\"")))
            .collect();
        let parsed = batch(number, &format!("source-{}", number % 2), &lines);
        store.append(P, Offset(number), parsed).await.unwrap();
    }
    store.flush(P).await.unwrap();
}

/// The items of a snapshot, read only after more was written.
async fn items(
    store: &ClickHouseLogStore,
    known: &BTreeMap<String, String>,
    more: std::ops::RangeInclusive<u64>,
) -> Vec<SnapshotItem> {
    let mut snapshot = store.take().await.unwrap();
    append(store, more).await;
    let mut items = Vec::new();
    while let Some(item) = snapshot.next(known).await.unwrap() {
        items.push(item);
    }
    items
}

async fn all(store: &ClickHouseLogStore) -> Vec<LogRecord> {
    let query = LogQuery::all(TimeRange::ALL);
    let page = store.search(&query, Order::OldestFirst, None, 100_000);
    page.await.unwrap().records
}

#[test]
fn lines_come_back_with_their_positions_and_what_came_later_is_not_among_them() {
    let Some(front) = Front::start() else { return };
    run(async {
        let store = ClickHouseLogStore::open(front.config("from"))
            .await
            .unwrap();
        append(&store, 1..=700).await;
        let expected = all(&store).await;
        let first = items(&store, &BTreeMap::new(), 701..=720).await;
        assert!(first.len() > 2, "{} items", first.len());

        let opened = ClickHouseRestoration::open(front.config("to")).await;
        let mut restoration = opened.unwrap();
        assert!(restoration.reads(store.form()));
        for item in &first {
            restoration.put(item.clone()).await.unwrap();
        }
        restoration.finish().await.unwrap();
        let restored = ClickHouseLogStore::open(front.config("to")).await.unwrap();
        assert!(all(&restored).await == expected);
        // What the bus brings once more is passed over, and what it had not brought is taken.
        assert_eq!(restored.reopen(P).await.unwrap(), Offset(700));
        append(&restored, 690..=720).await;
        assert!(all(&restored).await == all(&store).await);
        let refused = ClickHouseRestoration::open(front.config("to")).await;
        assert!(refused.unwrap_err().to_string().contains("not empty"));

        let stamps = first
            .into_iter()
            .filter_map(|item| Some((item.name, item.stamp?)));
        let second = items(&store, &stamps.collect(), 721..=721).await;
        let known = second.iter().filter(|item| item.entries.is_none()).count();
        assert_eq!(known, 1, "only the newest piece has changed");
    });
}
