//! Slow work: who does which kind, what is done without being asked, opened and started.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::json;
use tocsin_act::SendNotification;
use tocsin_api::{DeleteLogs, GenerateReport};
use tocsin_domain::ports::{Clock, Copilot, Intake, LogStore, MetricStore};
use tocsin_ingest::{Door, ProcessData};
use tocsin_jobs::{
    JobHandlers, JobParts, JobService, JobTelemetry, JobWorker, JobsConfig, ScheduleConfig,
};
use tocsin_pipeline::enrich::{EnrichParts, ReEmbed, TemplateWatch};
use tocsin_pipeline::predict::ReForecast;
use tocsin_stores::relational::RelationalStore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::backup::BackupJob;
use super::listeners::host_name;
use crate::backup::Backups;
use crate::clock;
use crate::config::Config;
use crate::housekeeping::{self, Cleanup, KeptDays};

/// What every process that works may do, where several do. The rest is for the one that leads: it
/// needs what only that one has, or must not be done while another begins to lead.
const ANYWHERE: [&str; 3] = ["delete_logs", "process_data", "re_embed"];

/// Which kinds of job a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JobShare {
    /// All: it is by itself.
    All,
    /// Those that only the one that leads may do.
    OfLeader,
    /// Those that any process may do.
    OfAny,
}

impl JobShare {
    fn has(self, kind: &str) -> bool {
        match self {
            Self::All => true,
            Self::OfLeader => !ANYWHERE.contains(&kind),
            Self::OfAny => ANYWHERE.contains(&kind),
        }
    }
}

/// The queue of slow work.
pub(super) struct JobSide {
    pub(super) desk: Arc<JobService>,
    worker: Mutex<Option<JobWorker>>,
}

/// What the handlers work with.
pub(super) struct JobSources<'a> {
    pub(super) logs: &'a Arc<dyn LogStore>,
    pub(super) relational: &'a Arc<RelationalStore>,
    pub(super) metrics: &'a Arc<dyn MetricStore>,
    pub(super) copilot: Arc<dyn Copilot>,
    pub(super) intake: &'a Arc<dyn Intake>,
    pub(super) enrich: EnrichParts,
    pub(super) watch: Arc<dyn TemplateWatch>,
    pub(super) forecast: ReForecast,
    pub(super) resend: Option<SendNotification>,
    pub(super) backups: Backups,
    pub(super) telemetry: &'a Arc<JobTelemetry>,
    pub(super) clock: &'a Arc<dyn Clock>,
}

impl JobSources<'_> {
    /// Who does which kind. A kind that is to be done is added here.
    fn handlers(self, config: &Config) -> JobHandlers {
        let (logs, relational, clock) = (self.logs, self.relational, self.clock);
        let door = Door {
            intake: self.intake.clone(),
            clock: clock.clone(),
            random: Arc::new(clock::random),
        };
        let folder = config.jobs.import_dir.clone();
        let limits = config.ingest.limits.clone();
        let cleanup = Cleanup {
            logs: logs.clone(),
            rules: housekeeping::rules(&config.logs.retention),
            metrics: self.metrics.clone(),
            anomalies: relational.clone(),
            relational: relational.clone(),
            kept: KeptDays {
                alerts: config.alerts.kept_days,
                tickets: config.tickets.kept_days,
                runs: config.automation.kept_days,
                copilot: config.copilot.kept_days,
            },
            clock: clock.clone(),
        };
        let delete = DeleteLogs::new(logs.clone(), relational.clone(), clock.clone());
        let backup = BackupJob {
            backups: self.backups,
            settings: config.backup.clone(),
        };
        let handlers = JobHandlers::default()
            .with(backup)
            .with(delete)
            .with(cleanup)
            .with(GenerateReport::new(self.copilot))
            .with(ProcessData::new(folder, door, limits))
            .with(ReEmbed::new(self.enrich, Some(self.watch)))
            .with(self.forecast);
        match self.resend {
            Some(resend) => handlers.with(resend),
            None => handlers,
        }
    }
}

impl JobSide {
    /// Joins the parts.
    pub(super) fn open(config: &Config, sources: JobSources<'_>) -> anyhow::Result<Self> {
        let parts = JobParts {
            store: sources.relational.clone(),
            clock: sources.clock.clone(),
            random: Arc::new(clock::random),
            server: host_name(),
            telemetry: sources.telemetry.clone(),
            handlers: sources.handlers(config),
        };
        let settings = JobsConfig {
            shipped: shipped(config),
            ..config.jobs.clone()
        };
        let (desk, worker) = tocsin_jobs::open(parts, &settings).map_err(anyhow::Error::msg)?;
        Ok(Self {
            desk,
            worker: Mutex::new(Some(worker)),
        })
    }

    /// Starts to do jobs, until it is cancelled. A server that only answers does not call it.
    pub(super) fn start(&self, share: JobShare, tasks: &TaskTracker, cancel: &CancellationToken) {
        if let Some(worker) = self.worker.lock().take() {
            let worker = worker.of_kinds(|kind| share.has(kind));
            tasks.spawn(worker.run(cancel.clone()));
        }
    }
}

/// What is done without being asked, unless the configuration says otherwise.
fn shipped(config: &Config) -> Vec<ScheduleConfig> {
    let schedule = |name: &str, cron: &str, what: &str| {
        let parameters = json!({ "what": what });
        ScheduleConfig {
            name: name.to_owned(),
            cron: cron.to_owned(),
            kind: "cleanup".to_owned(),
            parameters: parameters.as_object().cloned().unwrap_or_default(),
        }
    };
    let mut all = vec![
        schedule("cleanup-metrics", "7 * * * *", "metrics"),
        schedule("cleanup-records", "17 * * * *", "records"),
    ];
    // Without rules nothing goes, and there is nothing to look at.
    if !config.logs.retention.is_empty() {
        all.push(schedule("cleanup-logs", "*/5 * * * *", "logs"));
    }
    all
}
