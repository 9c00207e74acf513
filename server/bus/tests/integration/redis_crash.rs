//! Kills processes that work on the bus, and looks how long their partitions lie idle and what
//! becomes of what they had read.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use tocsin_bus::contract::{event, hold_all, waiting};
use tocsin_bus::{BusConfig, RedisBus, RedisBusConfig, RedisUrl};
use tocsin_domain::Partition;
use tocsin_domain::ports::{Bus, BusError};

use super::name;
use super::redis_contract::redis;

const KILLS: usize = 4;

async fn open(url: &str) -> RedisBus {
    let config = BusConfig {
        redis: RedisBusConfig {
            url: RedisUrl::new(url.into()),
            lease_secs: 3,
            ..RedisBusConfig::default()
        },
        ..BusConfig::default()
    };
    RedisBus::open(&config, "logs", "pipeline").await.unwrap()
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nBUS {line}").unwrap();
    out.flush().unwrap();
}

async fn work(bus: &RedisBus, partition: Partition) {
    let mut after = bus.acknowledged(partition);
    loop {
        match bus.read(partition, after, 20_000).await {
            Ok(read) => {
                for delivery in read {
                    let (source, number) = name(&delivery.event);
                    say(&format!("processed {source} {number} {}", partition.0));
                    after = delivery.offset;
                }
                if let Err(error) = bus.acknowledge(partition, after).await {
                    assert!(matches!(error, BusError::Fenced), "{error:?}");
                    return;
                }
            }
            Err(error) => {
                assert!(matches!(error, BusError::Fenced), "{error:?}");
                return;
            }
        }
    }
}

/// The process that is killed: this test again.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test that kills it"]
async fn child() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let bus = std::sync::Arc::new(open(line.trim()).await);
    let mut at_work = BTreeSet::new();
    let mut loops = tokio::task::JoinSet::new();
    say("opened");
    loop {
        let shares = bus.balance().await.unwrap();
        for partition in shares.held {
            if at_work.insert(partition) {
                say(&format!("holds {}", partition.0));
                let bus = bus.clone();
                loops.spawn(async move {
                    work(&bus, partition).await;
                    partition
                });
            }
        }
        for partition in shares.surplus {
            bus.release(partition).await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        while let Some(ended) = loops.try_join_next() {
            at_work.remove(&ended.unwrap());
        }
    }
}

struct Worker {
    child: Child,
    heard: std::thread::JoinHandle<()>,
    _input: ChildStdin,
}

/// A line of a worker and when it was heard.
type Heard = (usize, Instant, String);
type Name = (String, u64);

fn start(url: &str, number: usize, say: SyncSender<Heard>) -> Worker {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["redis_crash::child", "--exact", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{url}").unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let heard = std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if let Some(line) = line.strip_prefix("BUS ") {
                let _ = say.send((number, Instant::now(), line.to_owned()));
            }
        }
    });
    Worker {
        child,
        heard,
        _input: input,
    }
}

/// Two workers on one bus, and what is known of them.
struct Drama {
    bus: RedisBus,
    url: String,
    workers: Vec<Worker>,
    sender: SyncSender<Heard>,
    heard: Receiver<Heard>,
    next: u64,
    accepted: BTreeSet<Name>,
    processed: BTreeSet<Name>,
}

impl Drama {
    async fn open(url: String) -> Self {
        let (sender, heard) = std::sync::mpsc::sync_channel(100_000);
        Self {
            bus: open(&url).await,
            workers: (0..2).map(|at| start(&url, at, sender.clone())).collect(),
            url,
            sender,
            heard,
            next: 0,
            accepted: BTreeSet::new(),
            processed: BTreeSet::new(),
        }
    }

    async fn append(&mut self) {
        for source in 0..12 {
            let source = format!("s{source}");
            self.bus
                .append(vec![event(&source, self.next, 3)])
                .await
                .unwrap();
            self.accepted.insert((source, self.next));
        }
        self.next += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    /// Takes in what the workers said, and returns which partitions they worked on.
    fn hear(&mut self, counts: impl Fn(usize, Instant) -> bool) -> BTreeSet<u16> {
        let mut partitions = BTreeSet::new();
        for (worker, at, line) in self.heard.try_iter() {
            let words: Vec<_> = line.split(' ').collect();
            if let ["processed", source, number, partition] = words[..] {
                let name = (source.to_owned(), number.parse().unwrap());
                self.processed.insert(name);
                if counts(worker, at) {
                    partitions.insert(partition.parse().unwrap());
                }
            }
        }
        partitions
    }

    /// Appends until each partition was worked on by someone who counts.
    async fn all_at_work(&mut self, counts: impl Fn(usize, Instant) -> bool) {
        let (begin, mut at_work) = (Instant::now(), BTreeSet::new());
        while at_work.len() < 4 {
            self.append().await;
            at_work.extend(self.hear(&counts));
            assert!(
                begin.elapsed() < Duration::from_secs(60),
                "{at_work:?} are at work"
            );
        }
    }

    /// Kills a worker, and returns how long it took until the other works on everything.
    async fn kill(&mut self, number: usize) -> Duration {
        self.all_at_work(|_, _| true).await;
        self.workers[number].child.kill().unwrap();
        let killed = Instant::now();
        self.all_at_work(|worker, at| worker != number && at > killed)
            .await;
        let idle = killed.elapsed();
        let worker = start(&self.url, number, self.sender.clone());
        std::mem::replace(&mut self.workers[number], worker).end();
        idle
    }
}

impl Worker {
    fn end(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.heard.join().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_killed_worked_on_is_taken_over() {
    let Some(server) = redis(&[]) else { return };
    let mut drama = Drama::open(server.url()).await;
    let mut idle = Duration::ZERO;
    for kill in 0..KILLS {
        idle = idle.max(drama.kill(kill % 2).await);
    }
    let events = drama.accepted.len();
    println!("{KILLS} kills, {events} events; idle for at most {idle:?} with leases of 3 s");
    assert!(
        idle < Duration::from_secs(5),
        "a partition lay idle for {idle:?}"
    );
    drama.workers.drain(..).for_each(Worker::end);
    drama.hear(|_, _| false);
    hold_all(&drama.bus).await;
    let left = waiting(&drama.bus).await;
    let left = left.iter().map(|(_, delivery)| name(&delivery.event));
    drama.processed.extend(left);
    let lost: Vec<_> = drama.accepted.difference(&drama.processed).collect();
    assert!(
        lost.is_empty(),
        "{} events are lost: {:?}",
        lost.len(),
        lost.first()
    );
}
