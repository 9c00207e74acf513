//! Backups of the running server: asked for over its socket, and by themselves.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use tocsin_backup::{BackupConfig, Place, Progress, Repository, Watcher};
use tocsin_domain::Timestamp;
use tocsin_domain::ports::{JobError, JobHandler, JobRun};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backup::{Backups, Report, aws, control, now_ms};
use crate::data_dir::DataDir;

/// How soon after a failure, or after the first start, a backup is tried.
const SOON: Duration = Duration::from_secs(60);

/// Listens for those who ask.
pub(super) fn listen(
    backups: &Backups,
    folder: &DataDir,
    (tasks, stop): (&TaskTracker, &CancellationToken),
) {
    if let Err(error) = control::listen(folder.path(), backups.clone(), tasks, stop.clone()) {
        tracing::warn!(%error, "`tocsin backup` cannot ask this server: there is no socket");
    }
}

/// Makes backups every so often, if that is set. The time of the newest one counts, whoever made it:
/// a process that begins to lead goes on where the one before was.
pub(super) fn keep_making(
    backups: &Backups,
    settings: &BackupConfig,
    (tasks, stop): (&TaskTracker, &CancellationToken),
) {
    if settings.every_minutes == 0 {
        return;
    }
    let every = Duration::from_secs(u64::from(settings.every_minutes) * 60);
    let (backups, settings, stop) = (backups.clone(), settings.clone(), stop.clone());
    let keep = async move {
        let mut has_failed = false;
        loop {
            let wait = wait(&backups, &settings, every).await;
            tokio::time::sleep(if has_failed { SOON.min(every) } else { wait }).await;
            let made = make(&backups, &settings).await;
            has_failed = made.is_err();
            tell(made);
        }
    };
    tasks.spawn(async move {
        stop.run_until_cancelled(keep).await;
    });
}

/// How long until the next backup is due.
async fn wait(backups: &Backups, settings: &BackupConfig, every: Duration) -> Duration {
    let newest = async {
        let place = Place::open(&settings.destination, &aws()?, true)?;
        backups.newest(place).await
    };
    let age_ms = match newest.await {
        Ok(Some(at_ms)) => now_ms().saturating_sub(at_ms),
        Ok(None) => return SOON.min(every),
        Err(error) => {
            let error = format!("{error:#}");
            tracing::warn!(error, "it cannot be seen how old the newest backup is");
            return SOON.min(every);
        }
    };
    let age = Duration::from_millis(u64::try_from(age_ms).unwrap_or(0));
    every.saturating_sub(age)
}

/// Makes a backup where the configuration says, and takes away what is too old.
///
/// # Errors
/// Why it was not made.
async fn make(backups: &Backups, settings: &BackupConfig) -> anyhow::Result<Report> {
    let watcher: Watcher = Arc::new(|_: &Progress| {});
    let place = Place::open(&settings.destination, &aws()?, true)?;
    let report = backups.make(place.clone(), &watcher).await?;
    let repository = Repository::new(place);
    let pruned = repository.prune(settings.keep as usize, now_ms()).await?;
    if pruned.snapshots > 0 {
        tracing::info!(
            snapshots = pruned.snapshots,
            bytes = pruned.bytes,
            "old backups are gone"
        );
    }
    Ok(report)
}

fn tell(made: anyhow::Result<Report>) {
    match made {
        Ok(report) => tracing::info!(
            snapshot = report.snapshot,
            new_bytes = report.written.1,
            took_ms = report.took_ms,
            "a backup was made"
        ),
        Err(error) => tracing::error!(error = format!("{error:#}"), "a backup was not made"),
    }
}

/// Does the jobs that make a backup where the configuration says.
pub(super) struct BackupJob {
    pub(super) backups: Backups,
    pub(super) settings: BackupConfig,
}

#[async_trait]
impl JobHandler for BackupJob {
    fn kind(&self) -> &'static str {
        "backup"
    }

    fn about(&self) -> &'static str {
        "Makes a backup in `backup.destination`, and takes away those that are too old."
    }

    fn example(&self) -> String {
        "{}".to_owned()
    }

    fn check(&self, parameters: &str, _: Timestamp) -> Result<String, String> {
        if self.settings.destination.is_empty() {
            return Err("`backup.destination` is not set: expected a folder or s3://".to_owned());
        }
        match serde_json::from_str::<serde_json::Map<_, serde_json::Value>>(parameters) {
            Ok(none) if none.is_empty() => Ok("{}".to_owned()),
            _ => Err("expected no parameters: {}".to_owned()),
        }
    }

    async fn run(&self, run: &dyn JobRun) -> Result<String, JobError> {
        let made = tokio::select! {
            () = run.stopped() => return Err(JobError::Stopped),
            made = make(&self.backups, &self.settings) => made,
        };
        let report = made.map_err(|error| JobError::Failed(format!("{error:#}")))?;
        Ok(json!(report).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::Sources;
    use crate::config::Config;

    #[tokio::test]
    async fn the_next_backup_is_due_by_the_age_of_the_newest_of_the_same_data() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let place = tempfile::tempdir().unwrap();
        let settings = BackupConfig {
            destination: place.path().to_str().unwrap().to_owned(),
            every_minutes: 60,
            ..BackupConfig::default()
        };
        let open = async |folder: &tempfile::TempDir| {
            let config = Config::default();
            let backups = Backups::new(Sources::default(), folder.path(), &config);
            backups.await.unwrap()
        };
        let every = Duration::from_secs(3_600);
        let backups = open(&one).await;
        assert_eq!(wait(&backups, &settings, every).await, SOON);
        make(&backups, &settings).await.unwrap();
        // Whoever begins to lead, or is started again, goes on from there.
        let again = open(&one).await;
        let left = wait(&again, &settings, every).await;
        assert!(left > every - SOON && left <= every, "{left:?}");
        let newest = again
            .counts()
            .last_secs
            .load(std::sync::atomic::Ordering::Relaxed);
        assert!(newest > 0, "the metric says so, too");
        assert_eq!(wait(&open(&other).await, &settings, every).await, SOON);
    }
}
