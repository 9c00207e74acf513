//! `github`: issues of a repository. A rule opens one (`create`), says something on one (`comment`),
//! or changes its state (`close`, `reopen`).
//!
//! An issue that was opened, and what was said, is known again by a marker that is not shown. Texts are
//! shown as they are: they call nobody, link nothing and cannot forge a marker.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tocsin_domain::automation::{Params, ProviderKind};
use tocsin_domain::ports::Clock;
use tocsin_domain::ticket::TicketRef;

use super::records::{Find, Job, Keys, On, Progress, Reader, Records, Taken, marker, shown};
use crate::http::HttpConfig;
use crate::trackers::github::{GitHubAccess, GitHubRepository, TITLE_MAX};
use crate::trackers::{ConfigSecret, TrackerConfigError, TrackerError, markdown, text};

/// The most characters of a label.
const LABEL_MAX: usize = 50;

/// Issues of a repository on GitHub.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GitHubActionsConfig {
    /// Address of the API; that of GitHub Enterprise ends in `/api/v3`. Default https://api.github.com.
    #[serde(default = "api")]
    pub url: String,
    /// The repository, such as `example/shop`. Rules reach no other.
    pub repository: String,
    /// A token that may read and write issues of the repository.
    #[serde(default)]
    pub token: ConfigSecret,
    /// A file with the token, in place of `token`.
    pub token_file: Option<PathBuf>,
    /// A label that every issue gets, by which it is found again. Default tocsin.
    #[serde(default = "label")]
    pub label: String,
    /// Seconds after which an issue is surely listed. Default 20: GitHub gives up on a request
    /// after 10.
    #[serde(default = "lag_secs")]
    pub lag_secs: u64,
}

fn api() -> String {
    "https://api.github.com".into()
}

fn label() -> String {
    "tocsin".into()
}

const fn lag_secs() -> u64 {
    20
}

/// The issues of a repository.
pub(in crate::automation) struct GitHubIssues {
    repository: GitHubRepository,
    config: GitHubActionsConfig,
}

impl GitHubIssues {
    pub(in crate::automation) fn new(
        config: GitHubActionsConfig,
        http: &HttpConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TrackerConfigError> {
        let access = GitHubAccess {
            section: "",
            url: &config.url,
            repository: &config.repository,
            token: &config.token,
            token_file: config.token_file.as_deref(),
        };
        let repository = GitHubRepository::new(&access, http, clock)?;
        if !is_label(&config.label) {
            let expected = "a label: not empty, without a comma, at most 50 characters";
            return Err(TrackerConfigError::new("label", expected));
        }
        Ok(Self { repository, config })
    }

    /// What a new issue is made of.
    fn issue(&self, reader: &mut Reader<'_>, key: &str) -> Result<Value, String> {
        let title = text::one_line(&reader.needed("title")?, TITLE_MAX);
        let body = reader.text("body")?.unwrap_or_default();
        let mut labels = vec![self.config.label.clone()];
        for label in reader.texts("labels")? {
            if !is_label(&label) {
                return Err("`params.labels`: expected labels of GitHub, without commas".into());
            }
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        let end = markdown::hidden(&marker(key));
        Ok(json!({
            "title": title,
            "body": markdown::document(&body, &end),
            "labels": labels,
        }))
    }
}

fn is_label(label: &str) -> bool {
    let length = label.chars().count();
    !label.trim().is_empty()
        && length <= LABEL_MAX
        && !label.contains(|c: char| c == ',' || c.is_control())
}

/// The number of an issue: `12` or `#12`.
fn number(name: &str) -> Option<u64> {
    let number = name.strip_prefix('#').unwrap_or(name);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    number
        .parse()
        .ok()
        .filter(|number| is_number && *number > 0)
}

/// A step.
#[derive(Debug)]
pub(in crate::automation) enum Step {
    /// Opens an issue with these fields.
    Open(Value),
    /// Says something.
    Say(Value),
    /// Sets the state.
    Set(Value),
}

fn say(text: &str, key: &str) -> Step {
    let body = markdown::document(text, &markdown::hidden(&marker(key)));
    Step::Say(json!({ "body": body }))
}

#[async_trait]
impl Records for GitHubIssues {
    type Step = Step;

    fn kind(&self) -> ProviderKind {
        ProviderKind::GitHub
    }

    fn base(&self) -> &str {
        self.repository.wire().base()
    }

    fn lag(&self) -> Duration {
        Duration::from_secs(self.config.lag_secs)
    }

    async fn check(&self) -> Result<String, TrackerError> {
        self.repository.check().await
    }

    fn job(&self, params: &Params, keys: &Keys) -> Result<Job<Step>, String> {
        let mut reader = Reader::new(params);
        let action = reader.action(&["create", "comment", "close", "reopen"])?;
        let key = keys.own.clone();
        let repository = self.repository.name();
        let at = format!("{}/repos/{repository}/issues", self.base());
        if action == "create" {
            let issue = self.issue(&mut reader, &key)?;
            reader.end()?;
            return Ok(Job {
                key,
                on: On::New,
                title: format!("create in {repository}"),
                request: shown(&format!("POST {at}"), &issue),
                steps: vec![Step::Open(issue)],
            });
        }
        let named = reader.text("issue")?;
        let named = match named {
            Some(name) => {
                Some(number(&name).ok_or("`params.issue`: expected the number of an issue")?)
            }
            None => None,
        };
        let on = keys.record("issue", named.map(|number| format!("#{number}")))?;
        let (short, of) = match named {
            Some(number) => (format!("#{number}"), format!("{at}/{number}")),
            None => (
                "the issue of the run".to_owned(),
                format!("{at}/(the issue of the run)"),
            ),
        };
        let mut steps = Vec::new();
        match action {
            "comment" => steps.push(say(&reader.needed("text")?, &key)),
            _ => {
                let comment = reader.text("comment")?;
                steps.extend(comment.map(|text| say(&text, &key)));
                let set = match action {
                    "close" => {
                        let reason = reader.word("reason", &["completed", "not_planned"])?;
                        json!({ "state": "closed", "state_reason": reason })
                    }
                    _ => json!({ "state": "open", "state_reason": "reopened" }),
                };
                steps.push(Step::Set(set));
            }
        }
        reader.end()?;
        let requests = steps.iter().map(|step| match step {
            Step::Set(body) => shown(&format!("PATCH {of}"), body),
            Step::Say(body) | Step::Open(body) => shown(&format!("POST {of}/comments"), body),
        });
        Ok(Job {
            key,
            on,
            title: format!("{action} {short} of {repository}"),
            request: requests.collect::<Vec<_>>().join("\n\n"),
            steps,
        })
    }

    async fn describe(
        &self,
        _job: &Job<Step>,
        record: Option<&TicketRef>,
    ) -> Result<String, TrackerError> {
        let Some(record) = record else {
            return Ok(format!("Of the repository {}:", self.repository.name()));
        };
        let issue = self.repository.issue(record).await?;
        let title = text::one_line(issue["title"].as_str().unwrap_or_default(), TITLE_MAX);
        let state = issue["state"].as_str().unwrap_or("in no state");
        Ok(format!("{} is {state} now: {title}", record.key))
    }

    async fn find(
        &self,
        _job: &Job<Step>,
        on: Find<'_>,
    ) -> Result<Option<TicketRef>, TrackerError> {
        let name = match on {
            Find::Key(key) => {
                let label = &self.config.label;
                return self.repository.find(label, &marker(key)).await;
            }
            Find::Name(name) => name,
        };
        let Some(number) = number(name) else {
            return Err(TrackerError::Gone(format!("GitHub has no issue {name}")));
        };
        let asked = TicketRef {
            key: format!("#{number}"),
            id: number.to_string(),
            url: String::new(),
        };
        let issue = self.repository.issue(&asked).await?;
        if issue.get("pull_request").is_some() {
            let detail = format!("GitHub: #{number} is a change and no issue");
            return Err(TrackerError::Refused(detail));
        }
        Ok(self.repository.reference(&issue))
    }

    async fn progress(
        &self,
        job: &Job<Step>,
        step: &Step,
        record: &TicketRef,
    ) -> Result<Progress, TrackerError> {
        let (is_done, said) = match step {
            Step::Open(_) => (true, String::new()),
            Step::Say(_) => {
                let has = self
                    .repository
                    .has_comment(record, &marker(&job.key))
                    .await?;
                (has, "commented\n".to_owned())
            }
            Step::Set(body) => {
                let issue = self.repository.issue(record).await?;
                let state = body["state"].as_str().unwrap_or_default();
                (issue["state"] == body["state"], format!("{state}\n"))
            }
        };
        Ok(match is_done {
            true => Progress::Done(said),
            false => Progress::Ready(String::new()),
        })
    }

    async fn take(
        &self,
        _job: &Job<Step>,
        step: &Step,
        record: Option<&TicketRef>,
    ) -> Result<Taken, TrackerError> {
        let record = match (step, record) {
            (Step::Open(fields), _) => {
                let label = &self.config.label;
                self.repository.create(fields, label).await?
            }
            (Step::Say(body), Some(record)) => {
                self.repository.comment(record, body).await?;
                record.clone()
            }
            (Step::Set(body), Some(record)) => {
                self.repository.set(record, body).await?;
                record.clone()
            }
            (_, None) => return Err(TrackerError::Gone("GitHub has no such issue".into())),
        };
        Ok(Taken {
            record,
            is_done: true,
        })
    }
}
