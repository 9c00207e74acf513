//! Kills a process that appends, flushes and merges, many times, and looks for what is lost.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tocsin_domain::ports::MetricStore;
use tocsin_domain::{Offset, Partition, Timestamp};

use super::super::contract::{Point, START_MS, batch, found, labels, selection};
use super::{EmbeddedMetricStore, open, run};

const KILLS: u64 = 10;
const PARTITION: Partition = Partition(1);

/// The batch with an offset: 20 series, every 10 s for 5 minutes, one late point.
fn points_of(offset: u64) -> Vec<Point> {
    let hosts = (0..).map(|host| labels("m", &format!("h{host}")));
    let series = hosts.filter(|one| one.id().shard() == PARTITION.0).take(20);
    let start_ms = START_MS + offset as i64 * 300_000;
    let mut points = Vec::new();
    for (number, labels) in series.enumerate() {
        let value = |step: i64| (offset as i64 * 30 + step * (number as i64 % 5)) as f64;
        let late_ms = start_ms - (offset as i64 % 7) * 3_600_000 + 1;
        points.push((labels.clone(), late_ms, offset as f64));
        points.extend((0..30).map(|step| (labels.clone(), start_ms + step * 10_000, value(step))));
    }
    points
}

/// The process that is killed: this test again. It reads its folder from its input, and says what
/// was flushed.
#[test]
#[ignore = "run by the test that kills it"]
fn child() {
    let mut path = String::new();
    std::io::stdin().read_line(&mut path).unwrap();
    let store = open(&PathBuf::from(path.trim()), 1_000_000);
    run(work(&store));
}

async fn work(store: &EmbeddedMetricStore) {
    let mut offset = store.durable(PARTITION).0;
    loop {
        for _ in 0..4 {
            offset += 1;
            let batch = batch(&points_of(offset), false);
            let appended = store.append(PARTITION, Offset(offset), batch);
            appended.await.unwrap();
        }
        let flushed = store.flush(PARTITION).await.unwrap();
        if offset.is_multiple_of(24) {
            let now = Timestamp::from_millis(START_MS + offset as i64 * 300_000);
            store.retain(now).await.unwrap();
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nSTORE {}", flushed.0).unwrap();
        out.flush().unwrap();
    }
}

/// Kills a process after it flushed some times; returns what it said last.
fn kill_after(path: &Path, round: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "metrics::tests::crash::child",
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
    writeln!(input, "{}", path.display()).unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let flushed = lines
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("STORE ")?.parse::<u64>().ok());
    // Not before it works, then at another moment each time.
    let mut last = 0;
    for (count, offset) in flushed.enumerate() {
        last = offset;
        if count as u64 == 3 + round % 5 {
            std::thread::sleep(std::time::Duration::from_micros(round * 7_919 % 30_000));
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    last
}

#[test]
fn nothing_flushed_is_lost_by_kills_and_nothing_is_there_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics");
    for round in 0..KILLS {
        let said = kill_after(&path, round);
        let store = open(&path, 1_000_000);
        let durable = store.durable(PARTITION).0;
        assert!(
            durable >= said && said > 0,
            "{durable} is durable, {said} was said"
        );
        let mut expect: std::collections::BTreeMap<_, u64> = std::collections::BTreeMap::new();
        for (labels, at_ms, value) in (1..=durable).flat_map(points_of) {
            expect.insert((labels, at_ms), value.to_bits());
        }
        let everything = selection(Vec::new(), i64::MIN, i64::MAX);
        let found = run(found(&store, &everything));
        let expect: Vec<_> = expect
            .into_iter()
            .map(|((labels, at_ms), bits)| (labels, at_ms, bits))
            .collect();
        assert!(
            found == expect,
            "{} points, not {}",
            found.len(),
            expect.len()
        );
        assert_eq!(store.damaged_blocks(), 0);
    }
}
