//! Lines that are sent meanwhile, and what became of them.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tocsin_harness::TestServer;
use tocsin_harness::cluster::chaos::lines;
use tocsin_harness::cluster::{Cluster, wait_long};
use tocsin_harness::wait_for;

use super::ANSWER_WITHIN;

/// What is sent meanwhile, and what became of it.
#[derive(Debug, Default)]
pub(super) struct Load {
    accepted: Mutex<Vec<u64>>,
    refused: AtomicU64,
    unknown: AtomicU64,
    /// Refusals that do not say when to come again.
    unfriendly: AtomicU64,
    slowest_ms: AtomicU64,
    stop: AtomicBool,
}

impl Load {
    /// Begins to send to a server.
    pub(super) fn start(server: &TestServer) -> anyhow::Result<(Arc<Self>, JoinHandle<()>)> {
        let load = Arc::<Self>::default();
        let url = server.url("/api/v1/logs?source=away");
        let sending = load.clone();
        let sender = std::thread::spawn(move || sending.run(&url));
        wait_for("the load to begin", || (load.accepted() > 0).then_some(()))?;
        Ok((load, sender))
    }

    fn run(&self, url: &str) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_WITHIN * 2))
            .build()
            .into();
        for number in 0.. {
            if self.stop.load(Ordering::Acquire) {
                return;
            }
            let line = serde_json::json!({
                "body": format!("order {number} failed: part 7 is broken"),
                "severity": "fatal",
                "host": "till",
            });
            let begun = Instant::now();
            let request = agent
                .post(url)
                .header("Content-Type", "application/x-ndjson");
            match request.send(line.to_string().as_bytes()) {
                Ok(answer) if answer.status() == 200 => self.numbers().push(number),
                Ok(answer) => {
                    self.refused.fetch_add(1, Ordering::Relaxed);
                    if answer.status() != 503 || !answer.headers().contains_key("retry-after") {
                        self.unfriendly.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Err(_) => drop(self.unknown.fetch_add(1, Ordering::Relaxed)),
            }
            let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.slowest_ms.fetch_max(took, Ordering::Relaxed);
            // The pace of the load, not a wait for something.
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn numbers(&self) -> std::sync::MutexGuard<'_, Vec<u64>> {
        let numbers = self.accepted.lock();
        numbers.unwrap_or_else(PoisonError::into_inner)
    }

    /// How many lines were accepted so far.
    pub(super) fn accepted(&self) -> usize {
        self.numbers().len()
    }

    /// Ends, and looks at how pushes were answered and what became of the lines.
    pub(super) fn end(
        &self,
        sender: JoinHandle<()>,
        cluster: &Cluster,
        within: Duration,
    ) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Release);
        if sender.join().is_err() {
            bail!("the sender panicked");
        }
        let slowest = Duration::from_millis(self.slowest_ms.load(Ordering::Relaxed));
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (accepted, refused) = (self.accepted(), count(&self.refused));
        let unknown = count(&self.unknown);
        writeln!(
            std::io::stderr().lock(),
            "{accepted} accepted, {refused} refused, {unknown} without an answer, the slowest {slowest:?}"
        )?;
        ensure!(count(&self.unfriendly) == 0, "503 with Retry-After");
        ensure!(slowest < ANSWER_WITHIN, "a push took {slowest:?}");
        self.judge(cluster, within)
    }

    /// Every accepted line is there once, and they are one alert, which counts each of them.
    fn judge(&self, cluster: &Cluster, within: Duration) -> anyhow::Result<()> {
        let api = &cluster.apis[0];
        let mut last = BTreeMap::new();
        let whole = wait_long("every line to be there", within, || {
            last = lines(api).ok()?;
            let mut accepted = self.numbers().clone().into_iter();
            accepted.all(|one| last.contains_key(&one)).then_some(())
        });
        whole.with_context(|| cluster.workers[0].log())?;
        let double: Vec<_> = last.iter().filter(|(_, times)| **times > 1).collect();
        ensure!(double.is_empty(), "more than once: {double:?}");
        let mut seen = Value::Null;
        let counted = wait_long("one alert that counts every line", within, || {
            seen = api.get("/api/v1/alerts?limit=100").ok()?.1;
            let alerts = seen["items"].as_array()?;
            let ours: Vec<_> = alerts
                .iter()
                .filter(|one| one["labels"]["host"] == "till")
                .collect();
            let count = ours.first()?["count"].as_u64()?;
            (ours.len() == 1 && count == last.len() as u64).then_some(())
        });
        counted.with_context(|| format!("{} lines; {seen:#}", last.len()))
    }
}
