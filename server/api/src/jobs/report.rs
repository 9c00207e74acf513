//! Reports: what the copilot says of a time, kept as a document.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;
use tocsin_domain::ports::{Copilot, CopilotError, JobError, JobHandler, JobRun, SummarySubject};
use tocsin_domain::{TimeRange, Timestamp};

use crate::errors::ApiError;
use crate::views;
use crate::wire::time;

const DAY_NS: i64 = 86_400_000_000_000;

/// Which time a report is of.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    /// The first time, as in a search. Default: a day before `to`.
    from: Option<String>,
    /// The first time after. Default: now.
    to: Option<String>,
}

impl Wanted {
    fn range(&self, now: Timestamp) -> Result<TimeRange, ApiError> {
        let at = |field: &str, text: &Option<String>| {
            let text = text.as_deref().filter(|text| !text.trim().is_empty());
            text.map(|text| time::parse(field, text, now)).transpose()
        };
        let to = at("to", &self.to)?.unwrap_or(now);
        let from = at("from", &self.from)?.unwrap_or(Timestamp(to.0.saturating_sub(DAY_NS)));
        if from >= to {
            let detail = "`from` is not before `to`";
            return Err(ApiError::field("from", "a time before `to`", detail));
        }
        Ok(TimeRange { from, to })
    }
}

/// Does the jobs that write reports.
#[expect(
    missing_debug_implementations,
    reason = "holds a port, which has no Debug"
)]
pub struct GenerateReport {
    copilot: Arc<dyn Copilot>,
}

impl GenerateReport {
    /// A handler that has the copilot sum up.
    #[must_use]
    pub fn new(copilot: Arc<dyn Copilot>) -> Self {
        Self { copilot }
    }
}

#[async_trait]
impl JobHandler for GenerateReport {
    fn kind(&self) -> &'static str {
        "generate_report"
    }

    fn about(&self) -> &'static str {
        "Sums up what happened within a time, as a document to keep."
    }

    fn example(&self) -> String {
        json!({ "from": "now-1d", "to": "now" }).to_string()
    }

    fn check(&self, parameters: &str, now: Timestamp) -> Result<String, String> {
        let wanted: Wanted = super::read(parameters)?;
        let range = wanted.range(now).map_err(super::detail)?;
        let parameters = json!({ "from": time::format(range.from), "to": time::format(range.to) });
        Ok(parameters.to_string())
    }

    async fn run(&self, run: &dyn JobRun) -> Result<String, JobError> {
        let job = run.job();
        let wanted: Wanted = super::read(&job.parameters).map_err(JobError::Refused)?;
        let range = wanted.range(job.created_at);
        let range = range.map_err(|error| JobError::Refused(super::detail(error)))?;
        let summary = tokio::select! {
            () = run.stopped() => return Err(JobError::Stopped),
            summary = self.copilot.summarise(SummarySubject::Digest(range), &job.asked_by) => summary,
        };
        let summary = summary.map_err(|error| match error {
            CopilotError::Store(error) => error.into(),
            CopilotError::Busy => JobError::Failed(error.to_string()),
            error => JobError::Refused(error.to_string()),
        })?;
        let Some(summary) = summary else {
            return Err(JobError::Refused(
                "there is nothing to be said of it".into(),
            ));
        };
        let markdown = views::copilot_markdown::summary(&summary);
        Ok(json!({ "title": summary.title, "markdown": markdown }).to_string())
    }
}
