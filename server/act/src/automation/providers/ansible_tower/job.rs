//! Jobs of AWX: launched once under a key, found by it, and followed.

use serde_json::{Map, Value};
use tocsin_domain::automation::{Preview, RunId};

use super::template::{Api, Template};
use super::wanted::KEY;
use crate::automation::provider::{Certainty, Status};
use crate::automation::providers::remote::Failure;
use crate::civil::rfc3339;
use crate::http::Method;

/// How many jobs are looked at at a time for one with a key, and how often at most.
const PAGE: usize = 50;
const PAGES_MAX: usize = 40;
/// How far the clocks of AWX and ours may be apart, in ms.
const SKEW_MS: i64 = 3_600_000;
/// The most bytes of output that are said of what failed.
const TAIL_BYTES: usize = 2000;

/// A job, or a workflow of jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) id: i64,
    is_workflow: bool,
}

/// A job as AWX tells of it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) job: Job,
    pub(super) detail: Value,
}

impl Job {
    /// `job 12` or `workflow job 12`.
    pub(super) fn handle(&self) -> String {
        match self.is_workflow {
            true => format!("workflow job {}", self.id),
            false => format!("job {}", self.id),
        }
    }

    pub(super) fn of_handle(handle: &str) -> Option<Self> {
        let (kind, id) = handle.rsplit_once(' ')?;
        Some(Self {
            id: id.parse().ok()?,
            is_workflow: match kind {
                "job" => false,
                "workflow job" => true,
                _ => return None,
            },
        })
    }

    fn of(detail: &Value) -> Option<Self> {
        Some(Self {
            id: detail["id"].as_i64()?,
            is_workflow: detail["type"] == "workflow_job",
        })
    }

    fn path(&self) -> String {
        match self.is_workflow {
            true => format!("/workflow_jobs/{}", self.id),
            false => format!("/jobs/{}", self.id),
        }
    }

    pub(super) async fn see(self, at: Api<'_>) -> Result<Seen, Failure> {
        let detail = at.get(&format!("{}/", self.path())).await?;
        Ok(Seen { job: self, detail })
    }

    /// Asks for it to stop. What is over has stopped.
    pub(super) async fn cancel(&self, at: Api<'_>) -> Result<(), String> {
        let path = format!("{}{}/cancel/", at.path, self.path());
        match at
            .at
            .ask(Method::Post, &path, Some(&Value::Object(Map::new())))
            .await
        {
            Ok(_) => Ok(()),
            Err(failure) if failure.status == Some(405) => Ok(()),
            Err(failure) => Err(failure.detail),
        }
    }

    /// What it printed.
    pub(super) async fn stdout(&self, at: Api<'_>) -> Result<String, Failure> {
        if self.is_workflow {
            return self.nodes(at).await;
        }
        let answer = at
            .get(&format!("{}/stdout/?format=json&start_line=0", self.path()))
            .await?;
        Ok(answer["content"].as_str().unwrap_or_default().to_owned())
    }

    /// How the jobs of a workflow went, once it is over: a line each.
    async fn nodes(&self, at: Api<'_>) -> Result<String, Failure> {
        if self.clone().see(at).await?.is_going_on() {
            return Ok(String::new());
        }
        let nodes = at
            .list(&format!("{}/workflow_nodes/?order_by=id", self.path()), 5)
            .await?;
        let line = |node: &Value| {
            let job = &node["summary_fields"]["job"];
            let name = job["name"].as_str()?;
            let status = job["status"].as_str().unwrap_or("?");
            Some(format!("{name} (job {}): {status}\n", job["id"]))
        };
        Ok(nodes.iter().filter_map(line).collect())
    }

    /// The hosts that it ran on.
    pub(super) async fn hosts(&self, at: Api<'_>) -> Result<Vec<String>, Failure> {
        let path = format!("{}/job_host_summaries/?order_by=id", self.path());
        let found = at.list(&path, Preview::HOSTS_MAX / 200).await?;
        let names = found.iter().filter_map(|one| one["host_name"].as_str());
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }
}

impl Seen {
    pub(super) fn status(&self) -> &str {
        self.detail["status"].as_str().unwrap_or_default()
    }

    pub(super) fn is_going_on(&self) -> bool {
        self.detail["finished"].is_null()
    }

    /// Whether all that it printed is there.
    pub(super) fn is_complete(&self) -> bool {
        !self.is_going_on() && self.detail["event_processing_finished"] != false
    }

    /// What is other than it was asked for; none: nothing.
    fn differs(&self, body: &Map<String, Value>) -> Option<String> {
        let ignored = self.detail["ignored_fields"].as_object();
        if let Some(ignored) = ignored.filter(|ignored| !ignored.is_empty()) {
            let names: Vec<&str> = ignored.keys().map(String::as_str).collect();
            return Some(names.join(", "));
        }
        let fields = ["limit", "inventory", "job_type", "job_tags", "skip_tags"];
        let differs = |field: &&&str| {
            let told = &self.detail[**field];
            body.get(**field)
                .is_some_and(|asked| !told.is_null() && told != asked)
        };
        fields.iter().find(differs).map(|field| (*field).to_owned())
    }

    /// How it goes.
    pub(super) async fn told(&self, at: Api<'_>) -> Status {
        let handle = self.job.handle();
        let said = |word: &str| match self.detail["elapsed"].as_f64() {
            Some(secs) => format!("{handle} {word} after {secs:.0} s"),
            None => format!("{handle} {word}"),
        };
        match self.status() {
            "successful" => Status::Succeeded(said("was successful")),
            "canceled" => Status::Cancelled(said("was cancelled")),
            "failed" | "error" => Status::Failed(self.why(at, &said("failed")).await),
            _ if self.is_going_on() => Status::Running,
            // A word that is not known, of a job that is over.
            _ if self.detail["failed"] == false => Status::Succeeded(said("is over")),
            _ => Status::Failed(said("is over, and failed")),
        }
    }

    /// Why it failed, with the end of what it printed.
    pub(super) async fn why(&self, at: Api<'_>, said: &str) -> String {
        let explained = self.detail["job_explanation"].as_str().unwrap_or_default();
        let printed = self.job.stdout(at).await.unwrap_or_default();
        let start = printed.len().saturating_sub(TAIL_BYTES);
        let tail = printed.get(printed.ceil_char_boundary(start)..);
        let parts = [said, explained, tail.unwrap_or_default().trim()];
        let parts = parts.iter().filter(|part| !part.is_empty());
        parts.copied().collect::<Vec<_>>().join("\n")
    }
}

/// The newest job of a template that was launched for a run under a key.
pub(super) async fn find(
    at: Api<'_>,
    jobs: &str,
    (run, key): (RunId, &str),
) -> Result<Option<Seen>, Failure> {
    // It was launched after the run's alert began.
    let began_ms = i64::try_from(run.0 >> 80).unwrap_or(0);
    let oldest = rfc3339(began_ms.saturating_sub(SKEW_MS));
    for page in 1..=PAGES_MAX {
        let path = format!("{jobs}?order_by=-id&page_size={PAGE}&page={page}");
        let answer = at.get(&path).await?;
        let results = answer["results"].as_array();
        for detail in results.into_iter().flatten() {
            let variables = detail["extra_vars"].as_str().unwrap_or_default();
            let variables: Value = serde_json::from_str(variables).unwrap_or_default();
            let is_it = variables[KEY] == key;
            if let Some(job) = Job::of(detail).filter(|_| is_it) {
                let detail = detail.clone();
                return Ok(Some(Seen { job, detail }));
            }
        }
        let last = results.and_then(|all| all.last());
        let created = last.and_then(|last| last["created"].as_str());
        let is_older = created.is_some_and(|created| *created < *oldest);
        if answer["next"].is_null() || is_older {
            return Ok(None);
        }
    }
    Err(Failure::not_now(format!(
        "AWX: over {} jobs were launched since",
        PAGE * PAGES_MAX
    )))
}

/// What came of a launch.
pub(super) enum Launched {
    /// It goes on.
    Job(Job),
    /// AWX left out some of what it was asked for; the job was told to stop.
    Otherwise(Job, String),
}

/// Launches a template.
pub(super) async fn launch(
    at: Api<'_>,
    template: &Template,
    body: &Map<String, Value>,
) -> Result<Launched, Failure> {
    let path = format!("{}{}/launch/", at.path, template.base());
    let answer = at.at.post(&path, &Value::Object(body.clone())).await?;
    let detail = at.at.json(&answer)?;
    let unreadable = || Failure {
        certainty: Certainty::Unsure,
        ..Failure::never("AWX: the answer to the launch names no job")
    };
    let job = Job::of(&detail).ok_or_else(unreadable)?;
    as_asked(at, Seen { job, detail }, body).await
}

/// A job as it was asked for, or told to stop.
pub(super) async fn as_asked(
    at: Api<'_>,
    seen: Seen,
    body: &Map<String, Value>,
) -> Result<Launched, Failure> {
    let Some(what) = seen.differs(body) else {
        return Ok(Launched::Job(seen.job));
    };
    let stopped = seen.job.cancel(at).await;
    let stopped = match stopped {
        Ok(()) => "it was told to stop".to_owned(),
        Err(error) => format!("it could not be told to stop: {error}"),
    };
    let why = format!(
        "AWX ignored {what}, so {} is another one; {stopped}",
        seen.job.handle()
    );
    Ok(Launched::Otherwise(seen.job, why))
}
