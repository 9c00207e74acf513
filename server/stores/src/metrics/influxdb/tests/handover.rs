//! Partitions that go from one process to another.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;

use std::io::{BufRead, BufReader, Write};
use tocsin_domain::metric::MatchOp;
use tocsin_domain::ports::MetricStore;
use tocsin_domain::{MetricKind, Offset, Partition};

use super::super::{InfluxConfig, InfluxMetricStore, InfluxToken};
use super::double::Double;
use super::{everything, expected, run, series_of};
use crate::metrics::contract::{Point, START_MS, batch, matcher, selection};

const PARTITION: Partition = Partition(1);

fn points_at(series: &[tocsin_domain::Labels], at_ms: i64, value: f64) -> Vec<Point> {
    let points = series.iter().map(|one| (one.clone(), at_ms, value));
    points.collect()
}

#[test]
fn a_partition_goes_on_in_another_process() {
    run(async {
        let double = Double::start().await;
        let (one, two) = (double.store("tocsin").await, double.store("tocsin").await);
        let series = series_of(PARTITION.0, 5);
        let first = points_at(&series, START_MS, 1.0);
        one.append(PARTITION, Offset(1), batch(&first, false))
            .await
            .unwrap();
        assert_eq!(one.flush(PARTITION).await.unwrap(), Offset(1));
        // The second has read nothing since it was opened, and yet sees what the first wrote.
        assert_eq!(everything(&two).await, expected(&first));
        let all = [matcher(MatchOp::Equal, "__name__", "m")];
        let known = two.series(&all, (START_MS, START_MS), 9).await.unwrap();
        assert_eq!(known.len(), 5);
        assert_eq!(
            (known[0].kind, &*known[0].source),
            (MetricKind::Gauge, "test")
        );
        assert_eq!(two.durable(PARTITION), Offset(0));
        assert_eq!(two.reopen(PARTITION).await.unwrap(), Offset(1));
        assert_eq!(two.durable(PARTITION), Offset(1));
        // Its batches name series without their labels.
        let second = points_at(&series, START_MS + 1, 2.0);
        two.append(PARTITION, Offset(2), batch(&second, true))
            .await
            .unwrap();
        two.flush(PARTITION).await.unwrap();
        let both = [first, second].concat();
        assert_eq!(everything(&one).await, expected(&both));
        let later = one.series(&all, (START_MS + 1, i64::MAX), 9).await.unwrap();
        assert_eq!(later.len(), 5);
        // The first, which takes itself for the owner still, sets nothing back.
        let late = points_at(&series, START_MS + 2, 3.0);
        one.append(PARTITION, Offset(2), batch(&late, true))
            .await
            .unwrap();
        assert_eq!(one.flush(PARTITION).await.unwrap(), Offset(2));
        one.save_state(PARTITION, "detect", Offset(1), vec![1])
            .await
            .unwrap();
        two.save_state(PARTITION, "detect", Offset(3), vec![3])
            .await
            .unwrap();
        one.save_state(PARTITION, "detect", Offset(2), vec![2])
            .await
            .unwrap();
        let state = two.load_state(PARTITION, "detect").await.unwrap();
        assert_eq!(state, Some((Offset(3), vec![3])));
        let third = points_at(&series, START_MS + 3, 3.0);
        two.append(PARTITION, Offset(9), batch(&third, true))
            .await
            .unwrap();
        two.flush(PARTITION).await.unwrap();
        one.append(PARTITION, Offset(3), batch(&third, true))
            .await
            .unwrap();
        one.flush(PARTITION).await.unwrap();
        assert_eq!(one.reopen(PARTITION).await.unwrap(), Offset(9));
    });
}

#[test]
fn what_was_appended_and_not_flushed_is_forgotten() {
    run(async {
        let double = Double::start().await;
        let store = double.store("tocsin").await;
        let series = series_of(PARTITION.0, 2);
        let points = points_at(&series, START_MS, 1.0);
        store
            .append(PARTITION, Offset(4), batch(&points, false))
            .await
            .unwrap();
        assert_eq!(store.reopen(PARTITION).await.unwrap(), Offset(0));
        assert_eq!(everything(&store).await, []);
        store
            .append(PARTITION, Offset(4), batch(&points, false))
            .await
            .unwrap();
        assert_eq!(everything(&store).await, expected(&points));
    });
}

#[test]
fn removed_series_are_gone_everywhere_and_may_come_again() {
    run(async {
        let double = Double::start().await;
        let (one, two) = (double.store("tocsin").await, double.store("tocsin").await);
        let series = series_of(PARTITION.0, 20);
        let points = points_at(&series, START_MS, 1.0);
        one.append(PARTITION, Offset(1), batch(&points, false))
            .await
            .unwrap();
        one.flush(PARTITION).await.unwrap();
        let all = [matcher(MatchOp::Equal, "__name__", "m")];
        let before = double.ask("calm", serde_json::json!({})).await["deletes"]
            .as_u64()
            .unwrap();
        assert_eq!(two.delete(&all).await.unwrap(), 20);
        let after = double.ask("calm", serde_json::json!({})).await["deletes"]
            .as_u64()
            .unwrap();
        assert_eq!(after - before, 3, "a metric is removed by its name");
        assert_eq!(
            one.series(&all, (i64::MIN, i64::MAX), 99).await.unwrap(),
            []
        );
        // A process that is new knows the labels still.
        let three = double.store("tocsin").await;
        let again = points_at(&series[..3], START_MS + 1, 2.0);
        three.reopen(PARTITION).await.unwrap();
        three
            .append(PARTITION, Offset(5), batch(&again, true))
            .await
            .unwrap();
        three.flush(PARTITION).await.unwrap();
        assert_eq!(everything(&one).await, expected(&again));
        assert_eq!(three.unknown_series_points(), 0);
    });
}

#[test]
fn states_of_any_bytes_come_back() {
    run(async {
        let double = Double::start().await;
        let store = double.store("tocsin").await;
        let mut seed = 1u64;
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as u8
        };
        let state: Vec<u8> = (0..4_000_000).map(|_| next()).collect();
        store
            .save_state(PARTITION, "detect", Offset(7), state.clone())
            .await
            .unwrap();
        let kept = store.load_state(PARTITION, "detect").await.unwrap();
        assert!(kept == Some((Offset(7), state)));
        let points =
            double.ask("calm", serde_json::json!({})).await["points"]["tocsin_state"].as_u64();
        store
            .save_state(PARTITION, "detect", Offset(8), vec![0])
            .await
            .unwrap();
        let fewer =
            double.ask("calm", serde_json::json!({})).await["points"]["tocsin_state"].as_u64();
        assert!(fewer < points, "{fewer:?} rows after {points:?}");
    });
}

/// The batch with an offset: 10 series, every 10 s for 5 minutes, one late point.
fn points_of(offset: u64) -> Vec<Point> {
    let start_ms = START_MS + offset as i64 * 300_000;
    let mut points = Vec::new();
    for (number, labels) in series_of(PARTITION.0, 10).into_iter().enumerate() {
        let value = |step: i64| (offset as i64 * 30 + step * (number as i64 % 5)) as f64;
        let late_ms = start_ms - (offset as i64 % 7) * 3_600_000 + 1;
        points.push((labels.clone(), late_ms, offset as f64));
        points.extend((0..30).map(|step| (labels.clone(), start_ms + step * 10_000, value(step))));
    }
    points
}

/// The process that is killed: this test again. It reads the address from its input, and says what was
/// flushed.
#[test]
#[ignore = "run by the test that kills it"]
fn child() {
    let mut url = String::new();
    std::io::stdin().read_line(&mut url).unwrap();
    run(async {
        let config = InfluxConfig {
            url: url.trim().into(),
            token: InfluxToken::new("admin".into()),
            batch_lines_max: 200,
            ..InfluxConfig::default()
        };
        let store = InfluxMetricStore::open(config, crate::metrics::MetricStoreConfig::default());
        let store = store.await.unwrap();
        let mut offset = store.reopen(PARTITION).await.unwrap().0;
        loop {
            for _ in 0..3 {
                offset += 1;
                let batch = batch(&points_of(offset), false);
                store
                    .append(PARTITION, Offset(offset), batch)
                    .await
                    .unwrap();
            }
            let flushed = store.flush(PARTITION).await.unwrap();
            let mut out = std::io::stdout().lock();
            writeln!(out, "\nSTORE {}", flushed.0).unwrap();
            out.flush().unwrap();
        }
    });
}

/// Kills a process after it flushed some times; returns what it said last.
fn kill_after(url: &str, round: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "metrics::influxdb::tests::handover::child",
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{url}").unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let flushed = lines
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("STORE ")?.parse::<u64>().ok());
    let mut last = 0;
    for (count, offset) in flushed.enumerate() {
        last = offset;
        if count as u64 == 1 + round % 3 {
            std::thread::sleep(std::time::Duration::from_micros(round * 7_919 % 30_000));
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    last
}

#[test]
fn nothing_flushed_is_lost_by_kills_and_nothing_is_there_twice() {
    run(async {
        let double = Double::start().await;
        for round in 0..8 {
            let said = kill_after(&double.url, round);
            let store = double.store("tocsin").await;
            let durable = store.reopen(PARTITION).await.unwrap().0;
            assert!(
                durable >= said && said > 0,
                "{durable} is durable, {said} was said"
            );
            // The bus brings the rest again; some of it is written already.
            let rest = durable + 1..=durable + 3;
            for offset in rest.clone() {
                let batch = batch(&points_of(offset), false);
                store
                    .append(PARTITION, Offset(offset), batch)
                    .await
                    .unwrap();
            }
            let points: Vec<Point> = (1..=durable + 3).flat_map(points_of).collect();
            let found = everything(&store).await;
            let expect = expected(&points);
            assert!(
                found == expect,
                "{} points, not {}",
                found.len(),
                expect.len()
            );
        }
    });
}

#[test]
fn what_others_write_is_seen_without_a_flush() {
    run(async {
        let double = Double::start().await;
        let mut config = double.config("tocsin");
        config.batch_ms_max = 20;
        let keep = crate::metrics::MetricStoreConfig::default();
        let one = InfluxMetricStore::open(config, keep).await.unwrap();
        let one = Arc::new(one);
        let two = double.store("tocsin").await;
        let series = series_of(PARTITION.0, 3);
        let points = points_at(&series, START_MS, 1.0);
        one.append(PARTITION, Offset(1), batch(&points, false))
            .await
            .unwrap();
        let seen = async {
            while everything(&two).await.is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            () = one.keep_writing() => {}
            () = seen => {}
        }
        assert_eq!(everything(&two).await, expected(&points));
        assert_eq!(one.durable(PARTITION), Offset(0));
        let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
        for one in two
            .select(&selection(Vec::new(), START_MS, START_MS))
            .await
            .unwrap()
        {
            *counts.entry(one.series.id.0).or_default() += one.samples.len();
        }
        assert!(counts.values().all(|count| *count == 1));
    });
}
