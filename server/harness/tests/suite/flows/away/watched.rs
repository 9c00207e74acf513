//! What an absence costs the processes.

use std::fmt::{Display, Formatter};
use std::time::{Duration, Instant};

use anyhow::Context;
use tocsin_harness::cluster::Cluster;
use tocsin_harness::{TestServer, processes};

/// The memory of a process, in MB, and how many lines it has logged.
pub(super) struct Watched<'a> {
    name: &'static str,
    server: &'a TestServer,
    before_mb: f64,
    most_mb: f64,
    logged: usize,
}

impl<'a> Watched<'a> {
    fn new(name: &'static str, server: &'a TestServer) -> anyhow::Result<Self> {
        let mut watched = Self {
            name,
            server,
            before_mb: 0.0,
            most_mb: 0.0,
            logged: server.log().lines().count(),
        };
        watched.look()?;
        watched.before_mb = watched.most_mb;
        Ok(watched)
    }

    /// The two processes of a cluster.
    pub(super) fn both(cluster: &'a Cluster) -> anyhow::Result<[Self; 2]> {
        Ok([
            Self::new("api", &cluster.apis[0])?,
            Self::new("worker", &cluster.workers[0])?,
        ])
    }

    fn look(&mut self) -> anyhow::Result<()> {
        let process = self.server.process().context("it does not run")?;
        let now = processes::memory_mb(process, "VmRSS")?;
        self.most_mb = self.most_mb.max(now);
        Ok(())
    }
}

impl Display for Watched<'_> {
    fn fmt(&self, text: &mut Formatter<'_>) -> std::fmt::Result {
        let (name, before, most) = (self.name, self.before_mb, self.most_mb);
        let logged = self.server.log().lines().count() - self.logged;
        write!(
            text,
            "{name} {before:.0} MB, then {most:.0} at most, {logged} lines logged"
        )
    }
}

/// Looks at them until `length` after `begun`.
pub(super) fn during(
    watched: &mut [Watched<'_>],
    begun: Instant,
    length: Duration,
) -> anyhow::Result<()> {
    while begun.elapsed() < length {
        // How long it is away is the input.
        let left = length.saturating_sub(begun.elapsed());
        std::thread::sleep(left.min(Duration::from_secs(1)));
        watched.iter_mut().try_for_each(Watched::look)?;
    }
    Ok(())
}
