//! The queue in virtual time, over a store in memory, with handlers that do as they are told.

mod memory;
mod model;
mod queue;
mod times;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use tocsin_domain::Timestamp;
use tocsin_domain::job::{Job, JobId, JobStatus, Progress};
use tocsin_domain::ports::{Clock, JobDesk, JobError, JobHandler, JobRequest, JobRun};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use self::memory::Memory;
use crate::{JobHandlers, JobParts, JobService, JobsConfig, ScheduleConfig};

/// When the tests begin: 2027-01-15T08:00:00Z.
const BEGIN_SECS: i64 = 1_800_000_000;

/// A clock that goes with the timers of the runtime.
struct Virtual(Instant);

impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        let since = i64::try_from(self.0.elapsed().as_nanos()).unwrap();
        Timestamp(BEGIN_SECS * 1_000_000_000 + since)
    }
}

/// Does what the parameters say, as a script of words: `sleep:5`, `fail`, `refuse`, `panic`, `mark:x`,
/// `deaf:60` (sleeps and hears nothing), `hear:60` (sleeps until it is told to stop), `done`.
struct Scripted {
    runs: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl JobHandler for Scripted {
    fn kind(&self) -> &'static str {
        "scripted"
    }

    fn about(&self) -> &'static str {
        "Does as it is told."
    }

    fn example(&self) -> String {
        "{}".into()
    }

    fn check(&self, parameters: &str, _: Timestamp) -> Result<String, String> {
        match parameters.contains("nonsense") {
            true => Err("`script`: expected sense".into()),
            false => Ok(parameters.to_owned()),
        }
    }

    async fn run(&self, run: &dyn JobRun) -> Result<String, JobError> {
        let job = run.job();
        let begun = format!(
            "{}{}",
            job.attempts,
            job.checkpoint.clone().unwrap_or_default()
        );
        self.runs.lock().push(begun);
        let script: serde_json::Value = serde_json::from_str(&job.parameters).unwrap();
        let script = script["script"].as_str().unwrap_or_default().to_owned();
        for word in script.split_whitespace() {
            let (word, value) = word.split_once(':').unwrap_or((word, ""));
            let secs = Duration::from_secs(value.parse().unwrap_or(0));
            match word {
                "sleep" | "deaf" => sleep(secs).await,
                "hear" => tokio::select! {
                    () = sleep(secs) => {}
                    () = run.stopped() => return Err(JobError::Stopped),
                },
                "progress" => run.progress(Progress::of(secs.as_secs(), 10, "x".repeat(999))),
                "mark" => run.checkpoint(value.to_owned()).await?,
                "unless" if job.checkpoint.as_deref() == Some(value) => break,
                "first" if job.attempts > secs.as_secs() as u32 => break,
                "fail" => return Err(JobError::Failed("not now".into())),
                "refuse" => return Err(JobError::Refused("never".into())),
                "panic" => panic!("as it was told"),
                _ => {}
            }
        }
        Ok("{}".into())
    }
}

/// Servers over one store.
struct World {
    store: Arc<Memory>,
    runs: Arc<Mutex<Vec<String>>>,
    parts: JobParts,
    config: JobsConfig,
    ids: AtomicU64,
}

/// A server: it can be stopped, or killed.
struct Running {
    service: Arc<JobService>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

impl World {
    fn new() -> Self {
        Self::with(JobsConfig::default())
    }

    fn with(config: JobsConfig) -> Self {
        let store = Arc::new(Memory::default());
        let runs = Arc::<Mutex<Vec<String>>>::default();
        let numbers = AtomicU64::new(1);
        let random = move || {
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            let mut bytes = [0; 10];
            bytes[2..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
            bytes
        };
        let parts = JobParts {
            store: store.clone(),
            handlers: JobHandlers::default().with(Scripted { runs: runs.clone() }),
            clock: Arc::new(Virtual(Instant::now())),
            random: Arc::new(random),
            server: "here".into(),
            telemetry: Arc::default(),
        };
        Self {
            store,
            runs,
            parts,
            config,
            ids: AtomicU64::new(1),
        }
    }

    fn start(&self) -> Running {
        self.start_for(|_| true)
    }

    /// A server that does some of the kinds.
    fn start_for(&self, is_its: impl Fn(&str) -> bool) -> Running {
        let parts = JobParts {
            telemetry: Arc::default(),
            ..self.parts.clone()
        };
        let (service, worker) = crate::open(parts, &self.config).unwrap();
        let worker = worker.of_kinds(is_its);
        let stop = CancellationToken::new();
        let task = tokio::task::spawn_local(worker.run(stop.clone()));
        Running {
            service,
            stop,
            task,
        }
    }

    async fn ask(&self, desk: &JobService, script: &str) -> Job {
        let number = self.ids.fetch_add(1, Ordering::Relaxed);
        let request = JobRequest {
            id: JobId(u128::from(number)),
            kind: "scripted".into(),
            parameters: serde_json::json!({ "script": script }).to_string(),
            asked_by: "ana".into(),
        };
        desk.ask(request).await.unwrap()
    }

    /// Waits, for so many seconds at most, until the only job has a status.
    async fn until(&self, status: JobStatus, secs: u64) -> Job {
        let end = Instant::now() + Duration::from_secs(secs);
        loop {
            let job = self.store.only();
            if job.status == status {
                return job;
            }
            assert!(
                Instant::now() < end,
                "not {status:?} within {secs} s: {job:?}"
            );
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn runs(&self) -> Vec<String> {
        self.runs.lock().clone()
    }
}

/// Runs a test in virtual time, with its servers on its own thread.
fn in_virtual_time(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(tokio::task::LocalSet::new().run_until(test));
}

fn schedule(name: &str, cron: &str) -> ScheduleConfig {
    let mut parameters = serde_json::Map::new();
    parameters.insert("script".into(), "done".into());
    ScheduleConfig {
        name: name.into(),
        cron: cron.into(),
        kind: "scripted".into(),
        parameters,
    }
}
