//! The log store on ClickHouse's real engine: the contract, random lines and queries against the
//! plain scan, crashes and hand-over.

mod backup;
mod crash;
mod front;
mod side_by_side;
mod statements;

use std::sync::Arc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use tocsin_domain::ports::log_store::{LogQuery, LogStore};
use tocsin_domain::{Offset, ParsedBatch, TimeRange};

use super::super::contract::{agrees, holds, query, scan};
use super::super::tests::{corpus, log_query, partition_of};
use super::ClickHouseLogStore;
use front::Front;

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work)
}

#[test]
fn the_official_client_makes_a_round_trip_through_the_front() {
    let Some(front) = Front::start() else { return };
    assert!(front.witness().starts_with("ok "));
}

#[test]
fn holds_the_contract_of_log_stores() {
    let Some(front) = Front::start() else { return };
    run(async {
        for (database, insert_rows) in [("large", 65_536), ("small", 3)] {
            let config = super::ClickHouseLogsConfig {
                insert_rows,
                ..front.config(database)
            };
            let store = ClickHouseLogStore::open(config).await.unwrap();
            holds(Arc::new(store)).await;
        }
    });
}

async fn store_all(store: &ClickHouseLogStore, batches: &[ParsedBatch]) {
    for _ in 0..2 {
        for (at, parsed) in batches.iter().enumerate() {
            let offset = Offset(at as u64 + 1);
            let appended = store.append(partition_of(parsed), offset, parsed.clone());
            appended.await.unwrap();
        }
    }
}

/// A number that who runs the tests may set.
fn number_of(variable: &str) -> Option<usize> {
    std::env::var_os(variable)?.to_str()?.parse().ok()
}

/// Random inputs as a property test has them; all cases share one engine.
fn each_case<T: std::fmt::Debug>(inputs: impl Strategy<Value = T>, mut case: impl FnMut(usize, T)) {
    let mut runner = TestRunner::new(Config::default());
    for number in 0..number_of("TOCSIN_CLICKHOUSE_CASES").unwrap_or(6) {
        let input = inputs.new_tree(&mut runner).unwrap().current();
        case(number, input);
    }
}

#[test]
fn every_answer_equals_the_plain_scan() {
    let Some(front) = Front::start() else { return };
    let inputs = (corpus(), proptest::collection::vec(log_query(), 8));
    each_case(inputs, |number, (batches, mut queries)| {
        run(async {
            let config = front.config(&format!("case{number}"));
            let store = ClickHouseLogStore::open(config).await.unwrap();
            store_all(&store, &batches).await;
            let some = batches.iter().flat_map(|parsed| &parsed.templates);
            queries.push(LogQuery::all(TimeRange::ALL));
            queries[0].templates = Some(some.map(|one| one.id).step_by(2).collect());
            for query in &queries {
                agrees(&store, &batches, query).await;
            }
        });
    });
}

#[test]
fn what_is_deleted_is_gone_and_the_rest_stays() {
    let Some(front) = Front::start() else { return };
    let inputs = (corpus(), log_query());
    each_case(inputs, |number, (batches, doomed)| {
        run(async {
            let config = front.config(&format!("deleted{number}"));
            let store = ClickHouseLogStore::open(config).await.unwrap();
            store_all(&store, &batches).await;
            let expect = scan(&batches, &doomed);
            let gone = store.delete(&doomed).await.unwrap();
            assert_eq!(gone, expect.len() as u64, "{doomed:?}");
            assert_eq!(store.count(&doomed).await.unwrap(), 0, "{doomed:?}");
            let all = LogQuery::all(TimeRange::ALL);
            let left = scan(&batches, &all).len() as u64 - gone;
            assert_eq!(store.count(&all).await.unwrap(), left);
        });
    });
}

#[test]
fn odd_words_and_numbers_are_found_as_the_plain_scan_finds_them() {
    use super::super::contract::corpus::{Line, batch};
    let Some(front) = Front::start() else { return };
    run(async {
        let bodies = [
            "a_b blk_-38 __ _ Größe=5 GRÖSSE größe",
            "' OR 1=1 -- \\x41 \\' ?{x:String} %_",
            "n=12 n=12.0 n=1e1 n=+12 n=012 n=12. n=.5 n=-0 n=0x1f n=1e400 n=inf n=nan",
            "n=999999999999999 n=9007199254740993 n=12.000000000001 n=11.9999999999",
            "k=\"a \\\"b\\\" 5\" k='x' k=\"\" k=\" k=\"\\u0041\\n\" user=root;DROP",
            "one\u{0}two\tthree\u{7f}four",
        ];
        let lines: Vec<Line> = bodies.iter().map(|body| Line::of(body)).collect();
        let batches = [batch(1, "s", &lines)];
        let store = ClickHouseLogStore::open(front.config("odd")).await.unwrap();
        store_all(&store, &batches).await;
        let texts = [
            "a_b",
            "a",
            "b",
            "blk_",
            "__",
            "größe",
            "GRÖSSE",
            "gr*",
            "_*",
            "__*",
            "a_*",
            "\"a_b blk_ 38\"",
            "\"or 1 1\"",
            "x41",
            "'",
            "n:12",
            "n:>=12",
            "n:>12",
            "n:<12",
            "n:[0 TO 0.5]",
            "n:[12 TO 12]",
            "n:>999999999999998.5",
            "n:>9007199254740992",
            "n:*",
            "n:1*",
            "k:\"a \\\"b\\\" 5\"",
            "k:x",
            "k:\"\"",
            "k:A*",
            "k:\"\\\"\"",
            "user:root;DROP",
            "-n:12",
            "-(n:>11 OR k:x)",
            "two",
            "four",
            "\"one two three four\"",
            "x:1",
            "template:>=0",
            "id:0*",
            "severity:info n:>12",
        ];
        for text in texts {
            agrees(&store, &batches, &query(text)).await;
        }
    });
}

#[test]
fn stats_tell_what_is_held() {
    use super::super::contract::corpus::{Line, batch};
    let Some(front) = Front::start() else { return };
    run(async {
        let store = ClickHouseLogStore::open(front.config("stats"))
            .await
            .unwrap();
        let mut lines = vec![Line::of("one"), Line::of("three")];
        lines[1].host = "web-01".into();
        store_all(&store, &[batch(1, "a", &lines), batch(2, "b", &lines[..1])]).await;
        let stats = store.stats().await.unwrap();
        assert_eq!(
            (stats.records, stats.raw_bytes, stats.head_records),
            (3, 11, 0)
        );
        assert!(stats.disk_bytes > 0 && stats.blocks > 0);
        let hosts: Vec<_> = stats
            .sources
            .iter()
            .map(|source| source.hosts.len())
            .collect();
        assert_eq!(hosts, [1, 0]);
        assert_eq!(stats.sources[0].records, 2);
    });
}
