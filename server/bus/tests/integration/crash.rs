//! Kills a process that appends, reads and acknowledges, many times, and looks for what is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tocsin_bus::contract::{event, waiting};
use tocsin_bus::{BusConfig, FjallBus};
use tocsin_domain::ports::Bus;
use tocsin_domain::{Offset, Partition};

use super::name;

const KILLS: u64 = 20;
const SOURCES: u64 = 6;

fn open(path: &Path) -> FjallBus {
    let config = BusConfig {
        partitions: 3,
        memory_bytes_max: 1 << 20,
        ..BusConfig::default()
    };
    FjallBus::open(path, config).unwrap()
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nBUS {line}").unwrap();
    out.flush().unwrap();
}

/// The process that is killed: this test again. It reads its folder and round from its input, and
/// says what was accepted and what was processed before it is acknowledged.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test that kills it"]
async fn child() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let (round, path) = line.trim().split_once(' ').unwrap();
    let round: u64 = round.parse().unwrap();
    let bus = Arc::new(open(&PathBuf::from(path)));
    let append = async |source: u64| {
        for step in 0u64.. {
            let number = round * 1_000_000 + step;
            let lines = 1 + (step % 7) as usize * 100;
            bus.append(vec![event(&format!("s{source}"), number, lines)])
                .await
                .unwrap();
            say(&format!("accepted s{source} {number}"));
        }
    };
    let process = async |partition: u16| {
        let partition = Partition(partition);
        let mut after = bus.acknowledged(partition);
        loop {
            for delivery in bus.read(partition, after, 100_000).await.unwrap() {
                let (source, number) = name(&delivery.event);
                let offset = delivery.offset.0;
                assert!(offset > after.0, "offsets grow");
                say(&format!(
                    "processed {source} {number} {} {offset}",
                    partition.0
                ));
                after = delivery.offset;
            }
            tokio::time::sleep(Duration::from_millis(7)).await;
            bus.acknowledge(partition, after).await.unwrap();
        }
    };
    tokio::join!(
        append(0),
        append(1),
        append(2),
        append(3),
        append(4),
        append(5),
        process(0),
        process(1),
        process(2),
    );
}

/// What the killed processes said, and what is found after them.
#[derive(Default)]
struct Ledger {
    accepted: BTreeSet<(String, u64)>,
    processed: BTreeSet<(String, u64)>,
    places: BTreeMap<(u16, u64), (String, u64)>,
}

impl Ledger {
    fn hear(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["BUS", "accepted", source, number] => {
                self.accepted
                    .insert((source.to_owned(), number.parse().unwrap()));
            }
            ["BUS", "processed", source, number, partition, offset] => {
                let name = (source.to_owned(), number.parse().unwrap());
                self.place(partition.parse().unwrap(), offset.parse().unwrap(), name);
            }
            // The test harness's own words, or a line cut by the kill.
            _ => {}
        }
    }

    fn place(&mut self, partition: u16, offset: u64, name: (String, u64)) {
        self.processed.insert(name.clone());
        let known = self
            .places
            .entry((partition, offset))
            .or_insert_with(|| name.clone());
        assert_eq!(
            *known, name,
            "partition {partition}, offset {offset} is given twice"
        );
    }
}

fn kill_after(path: &Path, round: u64, ledger: &mut Ledger) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "crash::child",
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
    writeln!(input, "{round} {}", path.display()).unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // Not before it works, then at another moment each time.
    let mut patience = SOURCES + round;
    for line in lines.by_ref().map_while(Result::ok) {
        ledger.hear(&line);
        patience -= u64::from(line.starts_with("BUS accepted"));
        if patience == 0 {
            break;
        }
    }
    std::thread::sleep(Duration::from_micros(round * 7_919 % 50_000));
    child.kill().unwrap();
    for line in lines.map_while(Result::ok) {
        ledger.hear(&line);
    }
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_accepted_is_lost_by_kills_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus");
    let mut ledger = Ledger::default();
    for round in 0..KILLS {
        kill_after(&path, round, &mut ledger);
        if round % 5 == 4 {
            check(&path, &mut ledger).await;
        }
    }
    check(&path, &mut ledger).await;
    let accepted = ledger.accepted.len() as u64;
    assert!(
        accepted >= KILLS * SOURCES,
        "only {accepted} events were accepted: no load"
    );
}

async fn check(path: &Path, ledger: &mut Ledger) {
    let bus = open(path);
    let found = waiting(&bus).await;
    for partition in (0..3).map(Partition) {
        let after = bus.acknowledged(partition).0;
        let found: Vec<_> = found.iter().filter(|(p, _)| *p == partition).collect();
        let expected = after + 1..=after + found.len() as u64;
        assert!(
            found.iter().map(|(_, d)| d.offset).eq(expected.map(Offset)),
            "no gaps"
        );
        for (_, delivery) in found {
            ledger.place(partition.0, delivery.offset.0, name(&delivery.event));
        }
    }
    let lost: Vec<_> = ledger.accepted.difference(&ledger.processed).collect();
    assert!(
        lost.is_empty(),
        "{} accepted events are lost: {:?}",
        lost.len(),
        lost.first()
    );
}
