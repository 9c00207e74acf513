//! One attempt: the handler works, and beside it the lease is renewed, progress is kept, and what
//! people ask meanwhile is heard.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use parking_lot::Mutex;
use tocsin_domain::job::{Ending, Job, JobStatus, Progress, retry_after_ms};
use tocsin_domain::ports::{JobError, JobHandler, JobRun};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::config::JobsConfig;
use crate::lease::Lease;
use crate::telemetry::JobTelemetry;

/// How often is looked whether the job was called off, and progress is kept.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long to wait after the store did not take the end of an attempt.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Why a handler is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    CalledOff,
    Stopping,
    Lost,
}

/// An attempt.
pub(crate) struct Attempt {
    pub(crate) job: Job,
    pub(crate) lease: Lease,
    pub(crate) handler: Arc<dyn JobHandler>,
    pub(crate) config: Arc<JobsConfig>,
    pub(crate) telemetry: Arc<JobTelemetry>,
    /// Chooses how long is waited before the next attempt.
    pub(crate) random: u32,
    /// The server stops.
    pub(crate) stop: CancellationToken,
}

impl Attempt {
    /// Has the handler do the job, and writes down how that ended.
    pub(crate) async fn run(self) {
        let begun = Instant::now();
        let told = Told {
            job: self.job.clone(),
            lease: self.lease.clone(),
            token: CancellationToken::new(),
            why: Mutex::default(),
            progress: Mutex::default(),
        };
        let work = AssertUnwindSafe(self.handler.run(&told)).catch_unwind();
        let outcome = tokio::select! {
            outcome = work => Some(outcome),
            () = self.watch(&told) => None,
        };
        let why = *told.why.lock();
        let ending = match outcome {
            Some(Ok(Ok(result))) => Some(Ending::Done(result)),
            Some(Ok(Err(JobError::Refused(error)))) => Some(Ending::Refused(error)),
            Some(Ok(Err(JobError::Failed(error)))) => Some(self.failed(error)),
            Some(Err(_)) => Some(self.failed("it panicked; the log says where".into())),
            Some(Ok(Err(JobError::Stopped))) | None => match why {
                Some(Why::CalledOff) => Some(Ending::Cancelled),
                Some(Why::Stopping) => Some(Ending::PutBack),
                Some(Why::Lost) => None,
                None => Some(self.failed("it stopped by itself".into())),
            },
        };
        let ended = match ending {
            Some(ending) => self.finish(ending, told.progress.into_inner()).await,
            None => None,
        };
        self.tell(ended.as_ref(), begun.elapsed());
    }

    fn failed(&self, error: String) -> Ending {
        let ms = |secs: u64| i64::try_from(secs.saturating_mul(1000)).unwrap_or(i64::MAX);
        let first = ms(self.config.retry_secs_first);
        let most = ms(self.config.retry_secs_max);
        Ending::Failed {
            error,
            retry_after_ms: retry_after_ms(self.job.attempts, first, most, self.random),
        }
    }

    /// Renews the lease and listens, until the handler is to be dropped where it stands.
    async fn watch(&self, told: &Told) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let grace = Duration::from_secs(self.config.stop_secs);
        let mut renewed = self.job.started_at.unwrap_or(self.job.created_at);
        let mut deadline: Option<Instant> = None;
        loop {
            let is_told = deadline.is_some();
            tokio::select! {
                () = until(deadline) => return,
                () = self.stop.cancelled(), if !is_told => {
                    told.tell(Why::Stopping);
                    deadline = Some(Instant::now() + grace);
                    continue;
                }
                _ = ticks.tick() => {}
            }
            let now = self.lease.clock.now();
            let progress = told.progress.lock().take();
            let is_old = now.0 >= Lease::until(renewed, self.lease.lasts / 3).0;
            let kept = if is_old || progress.is_some() {
                self.lease.renew(progress.clone()).await
            } else {
                self.lease.look().await
            };
            match kept {
                Ok(Some(job)) => {
                    if is_old || progress.is_some() {
                        renewed = now;
                    }
                    if job.is_cancel_asked && !is_told {
                        told.tell(Why::CalledOff);
                        deadline = Some(Instant::now() + grace);
                    }
                }
                Ok(None) => {
                    told.tell(Why::Lost);
                    return;
                }
                Err(error) => {
                    told.put_back(progress);
                    tracing::debug!(job = %self.job.id, %error, "a lease could not be renewed yet");
                    // From then on another may have it.
                    if now.0 >= Lease::until(renewed, self.lease.lasts).0 {
                        told.tell(Why::Lost);
                        return;
                    }
                }
            }
        }
    }

    /// Writes down how the attempt ended; the job then, or none if the lease was lost.
    async fn finish(&self, ending: Ending, progress: Option<Progress>) -> Option<Job> {
        let fence = self.lease.fence;
        let give_up = Instant::now() + self.lease.lasts;
        loop {
            let changed = self.lease.change(|job, now| {
                if let Some(progress) = progress.clone().filter(|_| job.is_held(fence)) {
                    job.progress = progress;
                }
                job.finish(fence, now, ending.clone())
            });
            match changed.await {
                Ok(job) => return job,
                // After the lease's time another begins anew: what was done is done again.
                Err(error) if Instant::now() >= give_up || self.stop.is_cancelled() => {
                    let job = self.job.id;
                    tracing::warn!(%job, %error, "how a job ended could not be kept");
                    return None;
                }
                Err(_) => sleep(AGAIN_AFTER).await,
            }
        }
    }

    fn tell(&self, ended: Option<&Job>, took: Duration) {
        let (id, kind, worker) = (self.job.id, &self.job.kind, &self.job.worker);
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let how = match ended.map(|job| job.status) {
            Some(JobStatus::Queued)
                if ended.is_some_and(|job| job.attempts < self.job.attempts) =>
            {
                "put_back"
            }
            Some(JobStatus::Queued) => "retried",
            Some(status) => status.name(),
            None => "lost",
        };
        self.telemetry.ended(kind, how, took);
        if ended.is_none() {
            self.telemetry.lost.fetch_add(1, Ordering::Relaxed);
        }
        let error = ended.and_then(|job| job.error.as_deref());
        match how {
            "succeeded" | "cancelled" | "put_back" => {
                tracing::info!(job = %id, kind, how, took_ms, "a job ended");
            }
            _ => tracing::warn!(job = %id, kind, how, took_ms, worker, error, "a job was not done"),
        }
    }
}

/// Waits for a time; for ever if there is none.
async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// What the handler sees of its attempt, and says of it.
struct Told {
    job: Job,
    lease: Lease,
    token: CancellationToken,
    why: Mutex<Option<Why>>,
    /// What is not kept yet.
    progress: Mutex<Option<Progress>>,
}

impl Told {
    /// Tells the handler to stop. The first reason stays, unless the lease is lost.
    fn tell(&self, why: Why) {
        let mut known = self.why.lock();
        if known.is_none() || why == Why::Lost {
            *known = Some(why);
        }
        self.token.cancel();
    }

    /// Progress that could not be kept; what was said since is newer.
    fn put_back(&self, progress: Option<Progress>) {
        let mut newest = self.progress.lock();
        if newest.is_none() {
            *newest = progress;
        }
    }
}

#[async_trait]
impl JobRun for Told {
    fn job(&self) -> &Job {
        &self.job
    }

    fn is_stopped(&self) -> bool {
        self.token.is_cancelled()
    }

    async fn stopped(&self) {
        self.token.cancelled().await;
    }

    fn progress(&self, mut progress: Progress) {
        let mut end = progress.note.len().min(Progress::NOTE_BYTES_MAX);
        while !progress.note.is_char_boundary(end) {
            end -= 1;
        }
        progress.note.truncate(end);
        *self.progress.lock() = Some(progress);
    }

    async fn checkpoint(&self, checkpoint: String) -> Result<(), JobError> {
        let progress = self.progress.lock().take();
        let fence = self.lease.fence;
        let kept = self.lease.change(|job, now| {
            let until = Lease::until(now, self.lease.lasts);
            job.renew(fence, until, progress.clone()) && job.mark(fence, checkpoint.clone())
        });
        match kept.await? {
            Some(_) => Ok(()),
            None => {
                self.tell(Why::Lost);
                Err(JobError::Stopped)
            }
        }
    }
}
