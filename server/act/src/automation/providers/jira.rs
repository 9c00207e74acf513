//! `jira`: issues of a project of Jira Cloud. A rule opens one (`create`), says something on one
//! (`comment`), takes it to a status (`transition`), or links it to an address (`link`).
//!
//! An issue that was opened is known again by a label, a comment by a key in it, and a link by its
//! global id, with which telling it twice is telling it once. Texts become documents of text: no sign
//! in them is markup, and nobody is called.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tocsin_domain::automation::{Params, ProviderKind};
use tocsin_domain::ticket::{TicketRef, TicketStatus};

use super::records::{Find, Job, Keys, On, Progress, Reader, Records, Taken, marker, shown};
use crate::http::{HttpConfig, Method};
use crate::trackers::jira::{JiraAccess, JiraProject, SUMMARY_MAX};
use crate::trackers::{
    Aim, ConfigSecret, TrackerConfigError, TrackerError, adf, text, transitions,
};

/// What the account must be allowed to.
const RIGHTS: [&str; 4] = [
    "CREATE_ISSUES",
    "ADD_COMMENTS",
    "TRANSITION_ISSUES",
    "LINK_ISSUES",
];
/// Fields that rules give as parameters of their own, or not at all.
const OWN: [&str; 6] = [
    "project",
    "issuetype",
    "summary",
    "description",
    "labels",
    "priority",
];

/// Issues of a project of Jira Cloud.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JiraActionsConfig {
    /// Address of the site, such as `https://example.atlassian.net`.
    pub url: String,
    /// E-mail address of the account.
    pub email: String,
    /// An API token of that account.
    #[serde(default)]
    pub api_token: ConfigSecret,
    /// A file with the token, in place of `api_token`.
    pub api_token_file: Option<PathBuf>,
    /// Key of the project, such as `OPS`. Rules reach no other.
    pub project: String,
    /// Type of the issues that are opened, where a rule names none. Default Task.
    #[serde(default = "issue_type")]
    pub issue_type: String,
    /// Resolution that a transition gives where it asks for one. Default Done.
    #[serde(default = "resolution")]
    pub resolution: String,
    /// Seconds after which an issue is surely found by a search. Default 60: Jira's index lags.
    #[serde(default = "lag_secs")]
    pub lag_secs: u64,
}

fn issue_type() -> String {
    "Task".into()
}

fn resolution() -> String {
    "Done".into()
}

const fn lag_secs() -> u64 {
    60
}

/// The issues of a project.
pub(in crate::automation) struct JiraIssues {
    project: JiraProject,
    config: JiraActionsConfig,
}

impl JiraIssues {
    pub(in crate::automation) fn new(
        config: JiraActionsConfig,
        http: &HttpConfig,
    ) -> Result<Self, TrackerConfigError> {
        let access = JiraAccess {
            section: "",
            url: &config.url,
            email: &config.email,
            token: &config.api_token,
            token_file: config.api_token_file.as_deref(),
            project: &config.project,
        };
        let project = JiraProject::new(&access, http)?;
        if config.issue_type.trim().is_empty() {
            let expected = "the name of a type of issue, such as `Task`";
            return Err(TrackerConfigError::new("issue_type", expected));
        }
        Ok(Self { project, config })
    }

    /// The fields of a new issue.
    fn fields(&self, reader: &mut Reader<'_>, key: &str) -> Result<Value, String> {
        let mut fields = reader.map("fields")?;
        if let Some(name) = OWN.iter().find(|name| fields.contains_key(**name)) {
            return Err(format!(
                "`params.fields.{name}`: expected it as `params.{name}`"
            ));
        }
        let kind = reader.text("issue_type")?;
        let kind = kind.unwrap_or_else(|| self.config.issue_type.clone());
        let mut labels = vec![marker(key), "tocsin".to_owned()];
        for label in reader.texts("labels")? {
            if label.is_empty() || label.contains(char::is_whitespace) || label.len() > 255 {
                return Err("`params.labels`: expected labels without spaces".into());
            }
            labels.push(label);
        }
        let description = reader.text("description")?.unwrap_or_default();
        let summary = text::one_line(&reader.needed("summary")?, SUMMARY_MAX);
        let given = [
            ("project", json!({ "key": self.project.key() })),
            ("issuetype", json!({ "name": kind })),
            ("summary", summary.into()),
            ("description", adf::document(&description, "", "")),
            ("labels", labels.into()),
        ];
        for (name, value) in given {
            fields.insert(name.to_owned(), value);
        }
        if let Some(priority) = reader.text("priority")? {
            fields.insert("priority".to_owned(), json!({ "name": priority }));
        }
        Ok(Value::Object(fields))
    }

    /// The steps of an action, and what it does, for people.
    fn steps(&self, reader: &mut Reader<'_>, action: &str, key: &str) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        match action {
            "create" => {
                steps.push(Step::Open(self.fields(reader, key)?));
                steps.extend(link(reader, key)?);
            }
            "comment" => steps.push(say(&reader.needed("text")?, key)),
            "link" => {
                let link = link(reader, key)?;
                steps.push(link.ok_or("`params.url`: expected an address")?);
            }
            _ => {
                let comment = reader.text("comment")?;
                steps.extend(comment.map(|text| say(&text, key)));
                let resolution = reader.text("resolution")?;
                steps.push(Step::Move {
                    to: reader.needed("to")?,
                    resolution: resolution.unwrap_or_else(|| self.config.resolution.clone()),
                });
            }
        }
        Ok(steps)
    }

    /// The name of the status of an issue.
    async fn status(&self, record: &TicketRef) -> Result<String, TrackerError> {
        let issue = self.project.issue(record, "status").await?;
        let name = issue["fields"]["status"]["name"].as_str();
        let name = name.ok_or_else(|| self.project.wire().unreadable(Aim::Read))?;
        Ok(name.to_owned())
    }

    async fn has_link(&self, record: &TicketRef, body: &Value) -> Result<bool, TrackerError> {
        let to = (Method::Get, record, "/remotelink");
        let answer = self.project.on_issue(Aim::Read, to, None).await?;
        let links = self.project.wire().json(Aim::Read, &answer)?;
        let Some(links) = links.as_array() else {
            return Err(self.project.wire().unreadable(Aim::Read));
        };
        Ok(links.iter().any(|link| {
            link["globalId"] == body["globalId"] && link["object"]["url"] == body["object"]["url"]
        }))
    }
}

/// A step.
#[derive(Debug)]
pub(in crate::automation) enum Step {
    /// Opens an issue with these fields.
    Open(Value),
    /// Says something.
    Say(Value),
    /// Links the issue to an address.
    Link(Value),
    /// Takes the issue to a status.
    Move { to: String, resolution: String },
}

impl Step {
    fn shown(&self, api: &str, issue: &str) -> String {
        let of = format!("POST {api}/issue/{issue}");
        match self {
            Self::Open(fields) => shown(&format!("POST {api}/issue"), &json!({ "fields": fields })),
            Self::Say(document) => shown(&format!("{of}/comment"), &json!({ "body": document })),
            Self::Link(body) => shown(&format!("{of}/remotelink"), body),
            Self::Move { to, resolution } => format!(
                "{of}/transitions\nby the transition that leads to the status {}, with the resolution \
                 {} if it asks for one",
                json!(to),
                json!(resolution)
            ),
        }
    }
}

fn say(text: &str, key: &str) -> Step {
    Step::Say(adf::document(text, "", &marker(key)))
}

/// The link that parameters ask for.
fn link(reader: &mut Reader<'_>, key: &str) -> Result<Option<Step>, String> {
    let (url, title) = (reader.text("url")?, reader.text("title")?);
    let Some(url) = url else {
        return match title {
            Some(_) => Err("`params.url`: expected an address for the `title`".into()),
            None => Ok(None),
        };
    };
    if text::address(&url) != Some(&*url) {
        return Err("`params.url`: expected an address such as `https://example.org/a`".into());
    }
    let title = title.as_deref().unwrap_or("Tocsin");
    Ok(Some(Step::Link(json!({
        "globalId": marker(key),
        "application": { "name": "Tocsin" },
        "object": { "url": url, "title": text::one_line(title, SUMMARY_MAX) },
    }))))
}

#[async_trait]
impl Records for JiraIssues {
    type Step = Step;

    fn kind(&self) -> ProviderKind {
        ProviderKind::Jira
    }

    fn base(&self) -> &str {
        self.project.wire().base()
    }

    fn lag(&self) -> Duration {
        Duration::from_secs(self.config.lag_secs)
    }

    async fn check(&self) -> Result<String, TrackerError> {
        let name = self.project.myself(&RIGHTS).await?;
        self.project.issue_type(&self.config.issue_type).await?;
        let project = self.project.key();
        Ok(format!(
            "{name} may open, take on and link issues in {project}"
        ))
    }

    fn job(&self, params: &Params, keys: &Keys) -> Result<Job<Step>, String> {
        let mut reader = Reader::new(params);
        let action = reader.action(&["create", "comment", "transition", "link"])?;
        let (key, project) = (keys.own.clone(), self.project.key());
        let (on, short) = match action {
            "create" => (On::New, "(the new issue)".to_owned()),
            _ => {
                let named = reader.text("issue")?;
                if named
                    .as_deref()
                    .is_some_and(|name| !is_issue(name, project))
                {
                    return Err(format!(
                        "`params.issue`: expected an issue such as `{project}-1`"
                    ));
                }
                let short = named.clone();
                let short = short.unwrap_or_else(|| "(the issue of the run)".into());
                (keys.record("issue", named)?, short)
            }
        };
        let steps = self.steps(&mut reader, action, &key)?;
        reader.end()?;
        let api = format!("{}/rest/api/3", self.base());
        let requests = steps.iter().map(|step| step.shown(&api, &short));
        let title = match &on {
            On::New => format!("create in {project}"),
            _ => format!("{action} {short}"),
        };
        Ok(Job {
            key,
            on,
            title,
            request: requests.collect::<Vec<_>>().join("\n\n"),
            steps,
        })
    }

    async fn describe(
        &self,
        job: &Job<Step>,
        record: Option<&TicketRef>,
    ) -> Result<String, TrackerError> {
        let Some(record) = record else {
            return Ok(format!("Of the project {}:", self.project.key()));
        };
        let issue = self.project.issue(record, "summary,status").await?;
        let fields = &issue["fields"];
        let summary = fields["summary"].as_str().unwrap_or_default();
        let status = fields["status"]["name"].as_str().unwrap_or_default();
        for step in &job.steps {
            let Step::Move { to, .. } = step else {
                continue;
            };
            if status.eq_ignore_ascii_case(to) {
                continue;
            }
            let offered = self.project.offered(record).await?;
            let wanted = (TicketStatus::Resolved, Some(&**to));
            transitions::choose(&offered, wanted.0, wanted.1).map_err(|detail| {
                TrackerError::Refused(format!("Jira: {} {detail}", record.key))
            })?;
        }
        let summary = text::one_line(summary, SUMMARY_MAX);
        Ok(format!(
            "{} is in the status `{status}` now: {summary}",
            record.key
        ))
    }

    async fn find(
        &self,
        _job: &Job<Step>,
        on: Find<'_>,
    ) -> Result<Option<TicketRef>, TrackerError> {
        let name = match on {
            Find::Key(key) => return self.project.find(&marker(key)).await,
            Find::Name(name) => name,
        };
        if !is_issue(name, self.project.key()) {
            return Err(TrackerError::Gone(format!("Jira has no issue {name}")));
        }
        let asked = TicketRef {
            key: name.to_owned(),
            id: String::new(),
            url: String::new(),
        };
        let issue = self.project.issue(&asked, "project").await?;
        // An issue that was moved answers to its old name, and is another project's.
        if issue["key"]
            .as_str()
            .is_some_and(|key| !is_issue(key, self.project.key()))
        {
            let detail = format!("Jira: {name} is not in the project any more");
            return Err(TrackerError::Gone(detail));
        }
        Ok(self.project.reference(&issue))
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
                let has = self.project.has_comment(record, &marker(&job.key)).await?;
                (has, "commented\n".to_owned())
            }
            Step::Link(body) => {
                let url = body["object"]["url"].as_str().unwrap_or_default();
                let said = format!("linked to {url}\n");
                (self.has_link(record, body).await?, said)
            }
            Step::Move { to, .. } => {
                let is_there = self.status(record).await?.eq_ignore_ascii_case(to);
                (is_there, format!("in the status {to}\n"))
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
                let answer = self.project.post(fields).await?;
                self.project.opened(&answer)?
            }
            (Step::Say(document), Some(record)) => {
                self.project.comment(record, document).await?;
                record.clone()
            }
            (Step::Link(body), Some(record)) => {
                let to = (Method::Post, record, "/remotelink");
                self.project.on_issue(Aim::Write, to, Some(body)).await?;
                record.clone()
            }
            (Step::Move { to, resolution }, Some(record)) => {
                let wanted = (TicketStatus::Resolved, Some(&**to));
                self.project.transition(record, wanted, resolution).await?;
                record.clone()
            }
            (_, None) => return Err(TrackerError::Gone("Jira has no such issue".into())),
        };
        Ok(Taken {
            record,
            is_done: true,
        })
    }
}

/// Whether a text is the name of an issue of a project.
fn is_issue(name: &str, project: &str) -> bool {
    let number = name
        .strip_prefix(project)
        .and_then(|rest| rest.strip_prefix('-'));
    number.is_some_and(|number| {
        !number.is_empty() && number.len() < 12 && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}
