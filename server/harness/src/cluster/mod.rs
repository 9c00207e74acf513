//! Several processes of the real binary over shared engines.

pub mod chaos;
mod engines;

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
pub use engines::{Absence, Engine, Leases, SharedEngines};
use tempfile::TempDir;

use crate::{TestServer, wait_for};

/// Processes that work and processes that serve.
#[derive(Debug)]
pub struct Cluster {
    /// Those of the role `worker`.
    pub workers: Vec<TestServer>,
    /// Those of the role `api`.
    pub apis: Vec<TestServer>,
}

impl Cluster {
    /// Starts so many of each over the engines, with settings of their own beside.
    ///
    /// # Errors
    /// If one does not come up, or nobody leads.
    pub fn start(
        engines: &SharedEngines,
        (workers, apis): (usize, usize),
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let start = |role: &str| {
            let shared = engines.settings();
            let mut all: Vec<(&str, &str)> = shared
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            all.extend_from_slice(settings);
            all.push(("TOCSIN_SERVER__ROLE", role));
            TestServer::start_in(TempDir::new()?, &all)
        };
        let cluster = Self {
            workers: (0..workers)
                .map(|_| start("worker"))
                .collect::<Result<_, _>>()?,
            apis: (0..apis).map(|_| start("api")).collect::<Result<_, _>>()?,
        };
        cluster.wait_for_leader()?;
        Ok(cluster)
    }

    /// Waits until every process that serves reaches the one that leads.
    ///
    /// # Errors
    /// If nobody leads.
    pub fn wait_for_leader(&self) -> anyhow::Result<()> {
        for api in &self.apis {
            let led = wait_for("a process that leads", || {
                let (status, _) = api.get("/api/v1/silences").ok()?;
                (status == 200).then_some(())
            });
            led.with_context(|| api.log())?;
        }
        Ok(())
    }

    /// Kills a process and starts it again.
    ///
    /// # Errors
    /// If it does not come up again.
    pub fn kill(&mut self, number: usize) -> anyhow::Result<()> {
        let all = self.workers.len() + self.apis.len();
        ensure!(all > 0, "there is nothing to kill");
        let at = number % all;
        let one = match at.checked_sub(self.workers.len()) {
            None => &mut self.workers[at],
            Some(api) => &mut self.apis[api],
        };
        one.kill()?;
        one.resume()
    }
}

/// Asks again and again until `look` finds something, for longer than one thing takes.
///
/// # Errors
/// Says what was waited for if it does not come.
pub fn wait_long<T>(
    what: &str,
    most: Duration,
    mut look: impl FnMut() -> Option<T>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + most;
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        ensure!(Instant::now() < deadline, "waited {most:?} for {what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}
