//! The worker: claims what is due, as much as it may do at a time, until it is stopped.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tocsin_domain::Timestamp;
use tocsin_domain::job::{Claimed, Job};
use tocsin_domain::ports::{Replaced, StoreError};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::config::{JobsConfig, ScheduleConfig};
use crate::lease::Lease;
use crate::run::Attempt;
use crate::{JobParts, schedules};

/// How often is looked for jobs that are due; one that is asked for here is begun at once.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long to wait after the store failed.
const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How often jobs are counted.
const COUNT_EVERY: Duration = Duration::from_secs(10);
/// How often old jobs are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(3600);
/// A day in ns.
const DAY_NS: i64 = 86_400_000_000_000;

/// The worker of a server.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct JobWorker {
    parts: JobParts,
    config: Arc<JobsConfig>,
    configured: Vec<ScheduleConfig>,
    kinds: Vec<String>,
    name: String,
    wake: Arc<Notify>,
}

impl JobWorker {
    pub(crate) fn new(parts: JobParts, config: JobsConfig, wake: Arc<Notify>) -> Self {
        let random = (parts.random)();
        // Two servers on a machine may have the same process id in containers of their own.
        let (server, process) = (&parts.server, std::process::id());
        let name = format!("{server}/{process}-{:02x}{:02x}", random[0], random[1]);
        let kinds = parts.handlers.names();
        Self {
            kinds: kinds.into_iter().map(str::to_owned).collect(),
            configured: config.at_work(),
            config: Arc::new(config),
            name,
            parts,
            wake,
        }
    }

    /// The same, for some of the kinds: another worker does the others.
    #[must_use]
    pub fn of_kinds(mut self, is_its: impl Fn(&str) -> bool) -> Self {
        self.kinds.retain(|kind| is_its(kind));
        self
    }

    /// Works until it is stopped. What it is doing then is told so, has its time to end, and is put
    /// back otherwise.
    pub async fn run(self, stop: CancellationToken) {
        let mut running = JoinSet::new();
        let mut chores = Chores::default();
        let mut is_away = false;
        while !stop.is_cancelled() {
            let wait = match self.round(&mut running, &mut chores, &stop).await {
                Ok(()) => {
                    if std::mem::take(&mut is_away) {
                        tracing::info!("the store of jobs answers again");
                    }
                    LOOK_EVERY
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_away, true) {
                        tracing::warn!(%error, "the store of jobs does not answer; trying again");
                    }
                    AGAIN_AFTER
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.wake.notified() => {}
                Some(_) = running.join_next() => {}
                () = sleep(wait) => {}
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Sees to schedules, and begins what is due.
    async fn round(
        &self,
        running: &mut JoinSet<()>,
        chores: &mut Chores,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        while running.try_join_next().is_some() {}
        if !chores.is_configured {
            schedules::keep(&self.parts, &self.configured).await?;
            chores.is_configured = true;
        }
        let now = self.parts.clock.now();
        schedules::tick(&self.parts, now, self.config.attempts_max).await?;
        self.begin(running, stop).await?;
        if is_time(&mut chores.counted, COUNT_EVERY) {
            self.parts
                .telemetry
                .counted(self.parts.store.counts().await?);
        }
        if is_time(&mut chores.forgotten, FORGET_EVERY) {
            let kept = i64::from(self.config.kept_days) * DAY_NS;
            let before = Timestamp(now.0 - kept);
            let scheduled = Timestamp(now.0 - DAY_NS);
            self.parts.store.forget_jobs(before, scheduled).await?;
        }
        Ok(())
    }

    /// Claims what is due, as far as there is room.
    async fn begin(
        &self,
        running: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let room = self.config.concurrency.saturating_sub(running.len());
        if room == 0 {
            return Ok(());
        }
        let lasts = Duration::from_secs(self.config.lease_secs);
        let store = &self.parts.store;
        // Others look at the same time, and some of these will be theirs.
        let found = store
            .ready(&self.kinds, self.parts.clock.now(), room + 8)
            .await?;
        for mut job in found {
            if running.len() >= self.config.concurrency || stop.is_cancelled() {
                break;
            }
            let now = self.parts.clock.now();
            let claimed = job.claim(&self.name, now, Lease::until(now, lasts));
            if claimed == Claimed::NotReady || store.replace(&job).await? != Replaced::Yes {
                continue;
            }
            match claimed {
                Claimed::Taken => self.start(job, lasts, running, stop),
                Claimed::Ended | Claimed::NotReady => {
                    let status = job.status.name();
                    tracing::warn!(job = %job.id, kind = job.kind, status, "a lost job has ended");
                    self.parts
                        .telemetry
                        .ended(&job.kind, status, Duration::ZERO);
                }
            }
        }
        Ok(())
    }

    fn start(
        &self,
        job: Job,
        lasts: Duration,
        running: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) {
        let Some(handler) = self.parts.handlers.get(&job.kind) else {
            return;
        };
        let random = (self.parts.random)();
        let attempt = Attempt {
            lease: Lease {
                store: self.parts.store.clone(),
                clock: self.parts.clock.clone(),
                job: job.id,
                fence: job.fence,
                lasts,
            },
            handler: handler.clone(),
            config: self.config.clone(),
            telemetry: self.parts.telemetry.clone(),
            random: u32::from_le_bytes([random[6], random[7], random[8], random[9]]),
            stop: stop.clone(),
            job,
        };
        let telemetry = self.parts.telemetry.clone();
        running.spawn(async move {
            telemetry.running.fetch_add(1, Ordering::Relaxed);
            attempt.run().await;
            telemetry.running.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// What is done less often than a look.
#[derive(Default)]
struct Chores {
    is_configured: bool,
    counted: Option<Instant>,
    forgotten: Option<Instant>,
}

/// Whether it is time again, and notes that it is done.
fn is_time(last: &mut Option<Instant>, every: Duration) -> bool {
    let is_due = last.is_none_or(|last| last.elapsed() >= every);
    if is_due {
        *last = Some(Instant::now());
    }
    is_due
}
