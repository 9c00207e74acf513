//! The processes of a set-up: what each says of itself, so that whichever is asked can speak for all.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use tocsin_bus::RedisBoard;
use tocsin_domain::Timestamp;
use tocsin_domain::ports::server_status::{DataSource, DataSourceStatus, ProcessInfo};
use tocsin_domain::ports::{BusError, Clock};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::data_sources::{DataSources, add};

/// How often each says how it is.
const SAY_EVERY: Duration = Duration::from_secs(3);
/// How long that holds.
const HOLDS: Duration = Duration::from_secs(12);
/// Sources that a process tells of at most, those that brought most.
const SOURCES_TOLD_MAX: usize = 2000;

/// This process and, where several share a bus, what the others said last.
pub(crate) struct Processes {
    board: Option<RedisBoard>,
    sources: DataSources,
    /// This one's name, role and beginning.
    own: ProcessInfo,
    leads: AtomicBool,
    clock: Arc<dyn Clock>,
    others: RwLock<Vec<Told>>,
}

/// What one process tells the others.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Told {
    name: String,
    role: String,
    leads: bool,
    started_ns: i64,
    memory_bytes: u64,
    records_per_second: f64,
    points_per_second: f64,
    sources: Vec<ToldSource>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct ToldSource {
    name: String,
    kind: String,
    status: Doing,
    detail: String,
    records: u64,
    records_per_second: f64,
    last_ns: Option<i64>,
    first_ns: Option<i64>,
    issues: Vec<(String, u64)>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Doing {
    Reading,
    Waiting,
    Error,
}

impl Processes {
    /// This process, and those whose board it is.
    pub(crate) fn new(
        board: Option<RedisBoard>,
        sources: DataSources,
        own: ProcessInfo,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            board,
            sources,
            leads: AtomicBool::new(false),
            own,
            clock,
            others: RwLock::default(),
        }
    }

    /// Notes whether this process leads.
    pub(crate) fn set_leads(&self, leads: bool) {
        self.leads.store(leads, Ordering::Relaxed);
    }

    /// Says how this process is, and hears the others, until cancelled.
    pub(crate) async fn run(self: Arc<Self>, cancel: CancellationToken) {
        let Some(board) = &self.board else { return };
        let mut heard = Instant::now();
        loop {
            match self.meet(board).await {
                Ok(others) => {
                    *self.others.write() = others;
                    heard = Instant::now();
                }
                // The loops of the bus tell people that Redis is away.
                Err(error) => {
                    tracing::debug!(%error, "the other processes are not heard");
                    if heard.elapsed() > HOLDS {
                        self.others.write().clear();
                    }
                }
            }
            let pause = tokio::time::sleep(SAY_EVERY);
            if cancel.run_until_cancelled(pause).await.is_none() {
                break;
            }
        }
        if let Err(error) = board.leave().await {
            tracing::debug!(%error, "the others forget this process by themselves");
        }
    }

    async fn meet(&self, board: &RedisBoard) -> Result<Vec<Told>, BusError> {
        let unsayable = |error: serde_json::Error| BusError::Corrupt(error.to_string());
        let said = serde_json::to_vec(&self.tell()).map_err(unsayable)?;
        board.say(&said, HOLDS).await?;
        let others = board.others().await?;
        // One of another version may say what is not understood here.
        let heard = others
            .iter()
            .filter_map(|said| serde_json::from_slice(said).ok());
        Ok(heard.collect())
    }

    fn tell(&self) -> Told {
        let own = self.own();
        let mut sources: Vec<DataSource> =
            self.sources.at(self.clock.now()).into_values().collect();
        sources.sort_by_key(|source| std::cmp::Reverse(source.records));
        sources.truncate(SOURCES_TOLD_MAX);
        Told {
            name: own.name,
            role: own.role,
            leads: own.leads,
            started_ns: own.started_at.0,
            memory_bytes: own.memory_bytes,
            records_per_second: own.records_per_second,
            points_per_second: own.points_per_second,
            sources: sources.into_iter().map(ToldSource::from).collect(),
        }
    }

    fn own(&self) -> ProcessInfo {
        let now = self.clock.now();
        ProcessInfo {
            leads: self.leads.load(Ordering::Relaxed),
            memory_bytes: crate::memory::resident_bytes(),
            records_per_second: self.sources.logs.total().rate(now),
            points_per_second: self.sources.points.total().rate(now),
            ..self.own.clone()
        }
    }

    /// All processes, this one first.
    pub(crate) fn all(&self) -> Vec<ProcessInfo> {
        let others = self.others.read();
        let mut others: Vec<ProcessInfo> = others.iter().map(Told::info).collect();
        others.sort_by(|one, two| one.name.cmp(&two.name));
        std::iter::once(self.own()).chain(others).collect()
    }

    /// The sources of all processes, by name.
    pub(crate) fn sources(&self) -> BTreeMap<String, DataSource> {
        let mut all = self.sources.at(self.clock.now());
        for told in &*self.others.read() {
            for source in told.sources.iter().cloned() {
                add(&mut all, source.into());
            }
        }
        all
    }
}

impl Told {
    fn info(&self) -> ProcessInfo {
        ProcessInfo {
            name: self.name.clone(),
            role: self.role.clone(),
            leads: self.leads,
            started_at: Timestamp(self.started_ns),
            memory_bytes: self.memory_bytes,
            records_per_second: self.records_per_second,
            points_per_second: self.points_per_second,
        }
    }
}

impl From<DataSource> for ToldSource {
    fn from(source: DataSource) -> Self {
        Self {
            name: source.name,
            kind: source.kind,
            status: match source.status {
                DataSourceStatus::Reading => Doing::Reading,
                DataSourceStatus::Waiting => Doing::Waiting,
                DataSourceStatus::Error => Doing::Error,
            },
            detail: source.detail,
            records: source.records,
            records_per_second: source.records_per_second,
            last_ns: source.last_record_at.map(|at| at.0),
            first_ns: source.first_seen.map(|at| at.0),
            issues: source.issues,
        }
    }
}

impl From<ToldSource> for DataSource {
    fn from(told: ToldSource) -> Self {
        Self {
            name: told.name,
            kind: told.kind,
            status: match told.status {
                Doing::Reading => DataSourceStatus::Reading,
                Doing::Waiting => DataSourceStatus::Waiting,
                Doing::Error => DataSourceStatus::Error,
            },
            detail: told.detail,
            records: told.records,
            records_per_second: told.records_per_second,
            last_record_at: told.last_ns.map(Timestamp),
            issues: told.issues,
            first_seen: told.first_ns.map(Timestamp),
        }
    }
}
