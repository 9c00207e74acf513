//! The queue of slow work: what is asked for is kept, done by one worker at a time under a lease,
//! tried again if it fails, and given up where that does not help.
//!
//! In come requests of people ([`JobService`]) and times of schedules; out go calls of the handlers
//! that `app` registered, whose subjects this crate does not know. What happens next to a job is decided
//! by `tocsin_domain::job`; the loops here own time and the order of effects. Not here: HTTP, SQL, the
//! work itself.

mod config;
mod cron;
mod desk;
mod handlers;
mod lease;
mod run;
mod schedules;
mod telemetry;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::Arc;

use tocsin_domain::ports::{Clock, JobStore};
use tokio::sync::Notify;

pub use config::{JobsConfig, ScheduleConfig};
pub use cron::CronError;
pub use desk::JobService;
pub use handlers::JobHandlers;
pub use telemetry::{JobTelemetry, WORK_BUCKETS_SECS};
pub use worker::JobWorker;

/// What the queue works with.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "a bundle of ports, which have no Debug"
)]
pub struct JobParts {
    /// Where jobs and schedules are.
    pub store: Arc<dyn JobStore>,
    /// Who does which kind.
    pub handlers: JobHandlers,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Gives ten random bytes, for ids and for how long is waited.
    pub random: Arc<dyn Fn() -> [u8; 10] + Send + Sync>,
    /// What this server is called, for people: the machine's name, as a rule.
    pub server: String,
    /// Where is counted what becomes of jobs.
    pub telemetry: Arc<JobTelemetry>,
}

/// The queue: who is asked for jobs, and who does them. A server that does none drops the worker.
///
/// # Errors
/// What is wrong with the configuration: the key, and what was expected.
pub fn open(parts: JobParts, config: &JobsConfig) -> Result<(Arc<JobService>, JobWorker), String> {
    config.check()?;
    config.check_kinds(&parts.handlers, parts.clock.now())?;
    let wake = Arc::<Notify>::default();
    let service = JobService::new(parts.clone(), config, wake.clone());
    let worker = JobWorker::new(parts, config.clone(), wake);
    Ok((Arc::new(service), worker))
}
