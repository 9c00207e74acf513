//! Backups of this server: what is in them, in which order it is taken, and how far they reach.

pub(crate) mod control;
pub(crate) mod folder;
pub(crate) mod restoration;
mod turn;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use tocsin_backup::{AwsSettings, Backup, Mark, Part, Place, Repository, Watcher, Written};
use tocsin_domain::Partition;
use tocsin_domain::ports::{Bus, Clock, LeaseStore, Snapshots};

use crate::clock::{SystemClock, random};
use crate::config::Config;
use turn::Turn;

/// How often a snapshot is taken again because something was acknowledged meanwhile.
const ATTEMPTS: u32 = 50;

/// Snapshots that are looked at for the newest of this data.
const LOOKS_MAX: usize = 10;

/// The bus of log lines in a backup.
pub(crate) const BUS: &str = "bus";
/// The bus of points.
pub(crate) const METRIC_BUS: &str = "bus-metrics";
/// The log store.
pub(crate) const LOGS: &str = "logs";
/// The metric store.
pub(crate) const METRICS: &str = "metrics";
/// The relational store.
pub(crate) const RELATIONAL: &str = "relational";
/// The vectors of prototypes.
pub(crate) const VECTORS: &str = "vectors";
/// What programs that are run keep.
pub(crate) const FILES: &str = "automation";
/// The states that stages keep in the metric store.
pub(crate) const STATES: [&str; 1] = ["detect"];

/// A part that a snapshot can be taken of.
type Source = (&'static str, Arc<dyn Snapshots>);
/// A bus: its name, how far it was read, and what a snapshot is taken of.
type BusSource = (&'static str, Arc<dyn Bus>, Arc<dyn Snapshots>);
/// The acknowledged offsets of a bus's partitions, by bus.
type Acknowledged = BTreeMap<String, Vec<u64>>;

/// What backups are made of.
#[derive(Clone, Default)]
pub(crate) struct Sources {
    /// Stores that hold what was read from a bus.
    pub(crate) stores: Vec<Source>,
    /// Buses, whose snapshot has what the stores do not have yet.
    pub(crate) buses: Vec<BusSource>,
    /// What rests on the stores and can be made again, or is of no moment.
    pub(crate) rest: Vec<Source>,
    /// Who may make a backup, where several processes could.
    pub(crate) leases: Option<Arc<dyn LeaseStore>>,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.stores.iter().chain(&self.rest).map(|(name, _)| name);
        f.debug_list().entries(names).finish()
    }
}

/// What a backup came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Its name.
    pub(crate) snapshot: String,
    /// Where it is.
    pub(crate) place: String,
    /// By part: its name, items and records.
    pub(crate) parts: Vec<(String, u64, u64)>,
    /// Bytes of everything that it needs.
    pub(crate) bytes: u64,
    /// Objects and bytes that were not there before.
    pub(crate) written: (u64, u64),
    /// How long it took, in ms.
    pub(crate) took_ms: u64,
}

/// Makes backups, one at a time.
#[derive(Debug, Clone)]
pub(crate) struct Backups {
    sources: Sources,
    lineage: String,
    settings: String,
    turn: Turn,
    counts: Arc<Counts>,
}

/// What is counted since the start.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Backups that were made.
    pub(crate) made: AtomicU64,
    /// Backups that were not.
    pub(crate) failed: AtomicU64,
    /// Bytes that were written.
    pub(crate) bytes: AtomicU64,
    /// How far apart they should be, in seconds; 0 if none is made by itself.
    pub(crate) every_secs: AtomicU64,
    /// To when the last one reaches, in seconds since the epoch.
    pub(crate) last_secs: AtomicU64,
}

impl Backups {
    /// Backups of what lies in a data folder and in the engines.
    ///
    /// # Errors
    /// If the folder cannot be written, or the relational store be asked.
    pub(crate) async fn new(
        mut sources: Sources,
        folder: &Path,
        config: &Config,
    ) -> anyhow::Result<Self> {
        // The relational store is taken last: it has every template that a line refers to, since
        // templates are registered before their lines are stored.
        sources.stores.sort_by_key(|(name, _)| *name == RELATIONAL);
        let counts = Counts {
            every_secs: AtomicU64::new(u64::from(config.backup.every_minutes) * 60),
            ..Counts::default()
        };
        Ok(Self {
            lineage: turn::lineage(sources.leases.as_ref(), folder).await?,
            settings: tocsin_backup::fingerprint(&serde_json::to_string(config)?),
            turn: Turn::new(sources.leases.clone()),
            counts: Arc::new(counts),
            sources,
        })
    }

    /// To when the newest backup of this data in a place reaches, in ms; none if there is none. What
    /// is counted says so from then on.
    ///
    /// # Errors
    /// If the place cannot be read.
    pub(crate) async fn newest(&self, place: Place) -> anyhow::Result<Option<i64>> {
        let repository = Repository::new(place);
        let names = repository.snapshots().await?;
        for name in names.iter().rev().take(LOOKS_MAX) {
            let Ok(manifest) = repository.manifest(Some(name)).await else {
                continue;
            };
            if manifest.lineage == self.lineage {
                let at_ms = manifest.mark.at_ms;
                let secs = u64::try_from(at_ms / 1_000).unwrap_or(0);
                self.counts.last_secs.fetch_max(secs, Ordering::Relaxed);
                return Ok(Some(at_ms));
            }
        }
        Ok(None)
    }

    /// What is counted of them.
    pub(crate) fn counts(&self) -> Arc<Counts> {
        self.counts.clone()
    }

    /// Makes a backup in a place.
    ///
    /// # Errors
    /// Why it was not made; what was written helps the next one.
    pub(crate) async fn make(&self, place: Place, watcher: &Watcher) -> anyhow::Result<Report> {
        let begun_secs = u64::try_from(now_ms() / 1_000).unwrap_or(0);
        let made = self.make_uncounted(place, watcher).await;
        match &made {
            Ok(report) => {
                let bytes = report.written.1;
                self.counts.made.fetch_add(1, Ordering::Relaxed);
                self.counts.bytes.fetch_add(bytes, Ordering::Relaxed);
                self.counts.last_secs.store(begun_secs, Ordering::Relaxed);
            }
            Err(_) => {
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
        made
    }

    async fn make_uncounted(&self, place: Place, watcher: &Watcher) -> anyhow::Result<Report> {
        let making = Box::pin(self.make_in_turn(place, watcher));
        self.turn.take(making).await
    }

    async fn make_in_turn(&self, place: Place, watcher: &Watcher) -> anyhow::Result<Report> {
        let started = std::time::Instant::now();
        let repository = Repository::new(place);
        // Before the views: what is accepted while they are taken may be in them or not.
        let at_ms = now_ms();
        let (parts, acknowledged) = self.take().await?;
        let backup = Backup {
            tocsin: env!("CARGO_PKG_VERSION").to_owned(),
            mark: Mark {
                at_ms,
                acknowledged,
            },
            lineage: self.lineage.clone(),
            settings: self.settings.clone(),
            unique: token(3),
            parts,
        };
        let written = backup.write(&repository, &now_ms, watcher).await?;
        Ok(report(&repository, &written, started.elapsed()))
    }

    /// Takes snapshots of everything. First the stores, then the buses: as long as nothing is let go
    /// of in between, the buses have every event that a store lacks, and every offset that a store
    /// has. Last what rests on the stores.
    async fn take(&self) -> anyhow::Result<(Vec<Part>, Acknowledged)> {
        for _ in 0..ATTEMPTS {
            let are_held = self.hold().await?;
            let before = self.acknowledged();
            let mut parts = Vec::new();
            for source in &self.sources.stores {
                parts.push(part(source).await?);
            }
            for (name, _, snapshots) in &self.sources.buses {
                parts.push(part(&(*name, snapshots.clone())).await?);
            }
            if !are_held && self.acknowledged() != before {
                continue;
            }
            for source in &self.sources.rest {
                parts.push(part(source).await?);
            }
            // What is held is written first, since it takes room on the bus; then the relational
            // store, whose snapshot is a transaction, which should not stay open long.
            let is_bus = |part: &Part| [BUS, METRIC_BUS].contains(&part.name.as_str());
            parts.sort_by_key(|part| (!(are_held && is_bus(part)), part.name != RELATIONAL));
            return Ok((parts, before));
        }
        bail!(
            "the server is too busy for a backup: {ATTEMPTS} times something was stored meanwhile"
        )
    }

    /// Has the buses keep what waits, if all of them can.
    async fn hold(&self) -> anyhow::Result<bool> {
        let mut are_held = true;
        for (name, _, snapshots) in &self.sources.buses {
            let held = snapshots.hold().await;
            are_held &= held.with_context(|| format!("the part `{name}` cannot be read"))?;
        }
        Ok(are_held)
    }

    fn acknowledged(&self) -> Acknowledged {
        let buses = self.sources.buses.iter();
        let offsets = |bus: &Arc<dyn Bus>| {
            let partitions = (0..bus.partitions()).map(Partition);
            partitions.map(|one| bus.acknowledged(one).0).collect()
        };
        buses
            .map(|(name, bus, _)| ((*name).to_owned(), offsets(bus)))
            .collect()
    }
}

async fn part((name, snapshots): &Source) -> anyhow::Result<Part> {
    let snapshot = snapshots.take().await;
    Ok(Part {
        name: (*name).to_owned(),
        form: snapshots.form().to_owned(),
        snapshot: snapshot.with_context(|| format!("the part `{name}` cannot be read"))?,
    })
}

fn report(repository: &Repository, written: &Written, took: std::time::Duration) -> Report {
    let parts = written.manifest.parts.iter();
    Report {
        snapshot: written.manifest.name.clone(),
        place: repository.name().to_owned(),
        parts: parts
            .map(|part| (part.name.clone(), part.items.len() as u64, part.records()))
            .collect(),
        bytes: written.manifest.bytes(),
        written: (written.objects, written.bytes),
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    }
}

/// The time in ms since the epoch.
pub(crate) fn now_ms() -> i64 {
    SystemClock.now().millis()
}

/// So many random bytes, at most ten, as hexadecimal digits.
fn token(bytes: usize) -> String {
    let random = random();
    let last = random.iter().rev().take(bytes);
    last.map(|byte| format!("{byte:02x}")).collect()
}

/// What reaches S3, from the environment of this process.
///
/// # Errors
/// Which file with a secret cannot be read.
pub(crate) fn aws() -> anyhow::Result<AwsSettings> {
    Ok(AwsSettings::of(std::env::vars())?)
}
