//! How much is done at a time, how often it is tried, and what is done without being asked.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::Timestamp;

use crate::cron::Cron;
use crate::handlers::JobHandlers;

/// Jobs: slow work that is asked for, or done from time to time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JobsConfig {
    /// Jobs that a server does at a time, 1 to 64. Default 2: one that takes hours leaves room.
    pub concurrency: usize,
    /// Seconds that a job stays with a server that says nothing; another takes it then. 5 to 3600.
    /// Default 30: a server says every ten that it is still at work.
    pub lease_secs: u64,
    /// How often a job is begun before it is a dead letter, 1 to 100. Default 5: about ten minutes.
    pub attempts_max: u32,
    /// Seconds to wait after the first failure; the wait doubles each time. Default 10.
    pub retry_secs_first: u64,
    /// The most seconds between two attempts. Default 600.
    pub retry_secs_max: u64,
    /// Seconds that a job has to stop by itself when it is called off or the server stops. Default
    /// 10. What is not done by then is put back, and goes on at the next start or elsewhere.
    pub stop_secs: u64,
    /// Jobs of one kind that may wait or run. Default 100; beyond it, they are answered 429.
    pub waiting_max: usize,
    /// Days that jobs are kept after they ended. Default 30; those of schedules that succeeded are
    /// kept for a day.
    pub kept_days: u32,
    /// Folder on this server whose files may be read in by the job `process_data`. Default none: no
    /// file can be.
    pub import_dir: Option<PathBuf>,
    /// What is done from time to time: each is a `[[jobs.schedules]]` with `name`, `cron` (five fields
    /// in UTC, or `off`), `kind` and `parameters`. One with the name of a shipped schedule takes its
    /// place, and may give `cron` alone. Default none: the shipped ones, as docs/jobs.md lists them.
    pub schedules: Vec<ScheduleConfig>,
    /// The schedules that are shipped; `app` fills them in.
    #[serde(skip)]
    pub shipped: Vec<ScheduleConfig>,
}

/// Asks for a job at certain times.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleConfig {
    /// Its name: 1 to 60 letters, digits, `-` and `_`.
    pub name: String,
    /// When, such as `30 2 * * *`: minute, hour, day, month, weekday, in UTC; `off` for never.
    pub cron: String,
    /// The kind of job.
    pub kind: String,
    /// What is asked of it.
    pub parameters: serde_json::Map<String, serde_json::Value>,
}

impl Default for JobsConfig {
    fn default() -> Self {
        Self {
            concurrency: 2,
            lease_secs: 30,
            attempts_max: 5,
            retry_secs_first: 10,
            retry_secs_max: 600,
            stop_secs: 10,
            waiting_max: 100,
            kept_days: 30,
            import_dir: None,
            schedules: Vec::new(),
            shipped: Vec::new(),
        }
    }
}

impl JobsConfig {
    /// The schedules that are at work: the shipped ones, with what the configuration says of them.
    pub(crate) fn at_work(&self) -> Vec<ScheduleConfig> {
        let mut all = self.shipped.clone();
        for own in &self.schedules {
            match all.iter_mut().find(|known| known.name == own.name) {
                Some(known) => {
                    known.cron.clone_from(&own.cron);
                    if !own.kind.is_empty() {
                        known.kind.clone_from(&own.kind);
                        known.parameters.clone_from(&own.parameters);
                    }
                }
                None => all.push(own.clone()),
            }
        }
        all.retain(|schedule| schedule.cron.trim() != "off");
        all
    }

    /// Sees that everything is in its range, and that times of schedules can be.
    ///
    /// # Errors
    /// The key, and what was expected.
    pub fn check(&self) -> Result<(), String> {
        let ranges = [
            ("concurrency", self.concurrency as u64, 1, 64),
            ("lease_secs", self.lease_secs, 5, 3600),
            ("attempts_max", u64::from(self.attempts_max), 1, 100),
            ("retry_secs_first", self.retry_secs_first, 1, 86_400),
            ("retry_secs_max", self.retry_secs_max, 1, 86_400),
            ("stop_secs", self.stop_secs, 0, 3600),
            ("waiting_max", self.waiting_max as u64, 1, 100_000),
            ("kept_days", u64::from(self.kept_days), 1, 36_500),
        ];
        for (key, value, least, most) in ranges {
            if !(least..=most).contains(&value) {
                return Err(format!(
                    "`jobs.{key}`: expected {least} to {most}, not {value}"
                ));
            }
        }
        let all = self.at_work();
        for (at, schedule) in all.iter().enumerate() {
            let name = &schedule.name;
            let is_named = (1..=60).contains(&name.len())
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            if !is_named {
                return Err(schedule.wrong("expected a name of letters, digits, - and _"));
            }
            if all.iter().take(at).any(|other| other.name == *name) {
                return Err(schedule.wrong("expected one schedule of this name"));
            }
            Cron::parse(&schedule.cron).map_err(|error| schedule.wrong(error))?;
        }
        Ok(())
    }

    /// Sees that somebody does what schedules ask for.
    pub(crate) fn check_kinds(&self, handlers: &JobHandlers, now: Timestamp) -> Result<(), String> {
        for schedule in self.at_work() {
            let Some(handler) = handlers.get(&schedule.kind) else {
                let kinds = handlers.names().join(", ");
                let kind = &schedule.kind;
                let detail = format!("expected a kind of {kinds}, not `{kind}`");
                return Err(schedule.wrong(detail));
            };
            let parameters = serde_json::Value::from(schedule.parameters.clone()).to_string();
            handler
                .check(&parameters, now)
                .map_err(|detail| schedule.wrong(format!("`parameters`: {detail}")))?;
        }
        Ok(())
    }
}

impl ScheduleConfig {
    fn wrong(&self, detail: impl std::fmt::Display) -> String {
        format!("`jobs.schedules`, `{}`: {detail}", self.name)
    }
}
