//! Jira Cloud, by version 3 of its API.
//!
//! <https://developer.atlassian.com/cloud/jira/platform/rest/v3/>. Its index lags behind: an issue
//! that was just opened may be missing from a search, so those that were opened last are named in
//! it, which makes Jira look at them themselves.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tocsin_domain::alert::AlertSeverity;
use tocsin_domain::ticket::{TicketRef, TicketStatus, TrackerKind};

use super::config::{JiraConfig, TrackerConfigError, base_url, secret};
use super::wire::{Aim, Wire, encoded, is_plain};
use super::{adf, text, transitions};
use crate::http::{Answer, Auth, HttpConfig, Method};
use crate::tickets::tracker::{Draft, Tracker, TrackerError};

const API: &str = "/rest/api/3";
/// The most characters of a summary.
const SUMMARY_MAX: usize = 255;
/// The most issues that a search may be told to look at themselves.
const RECENT_MAX: usize = 50;
/// The most pages of a search: pages may be empty.
const PAGES_MAX: usize = 10;
/// Comments of a page, and the most of an issue, which is Jira's own limit.
const COMMENTS_PAGE: usize = 100;
const COMMENTS_MAX: usize = 5000;
/// What Jira says, with whatever status, when it took a wrong token for nobody.
const LOGIN_HEADER: &str = "x-seraph-loginreason";

/// Jira Cloud.
#[derive(Debug)]
pub(crate) struct Jira {
    wire: Wire,
    config: JiraConfig,
    /// Whether the project was seen to refuse a priority.
    is_without_priority: AtomicBool,
    /// Ids of the issues that were opened last.
    recent: Mutex<VecDeque<u64>>,
}

impl Jira {
    /// Joins the parts.
    ///
    /// # Errors
    /// [`TrackerConfigError`] with the setting that cannot be.
    pub(crate) fn new(config: &JiraConfig, http: &HttpConfig) -> Result<Self, TrackerConfigError> {
        let wrong = |field: &str, expected: &str| Err(TrackerConfigError::new(field, expected));
        let url = base_url("jira.url", &config.url)?;
        let file = config.api_token_file.as_deref();
        let Some(token) = secret("jira.api_token", &config.api_token, file)? else {
            return wrong("jira.api_token", "an API token of the account");
        };
        if !config.email.contains('@') || config.email.contains(':') {
            return wrong("jira.email", "the e-mail address of the account");
        }
        let is_key = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if config.project.is_empty() || !config.project.chars().all(is_key) {
            return wrong("jira.project", "the key of a project, such as `OPS`");
        }
        if config.issue_type.trim().is_empty() {
            return wrong(
                "jira.issue_type",
                "the name of a type of issue, such as `Bug`",
            );
        }
        let is_odd = |label: &String| label.is_empty() || label.contains(char::is_whitespace);
        if config.labels.iter().any(is_odd) {
            return wrong("jira.labels", "labels without spaces");
        }
        let auth = Auth::Basic(config.email.clone(), token);
        let headers = [("Accept", "application/json")];
        Ok(Self {
            wire: Wire::new("Jira", http, (url, auth), &headers),
            config: config.clone(),
            is_without_priority: AtomicBool::new(false),
            recent: Mutex::default(),
        })
    }

    async fn ask(
        &self,
        aim: Aim,
        (method, path): (Method, &str),
        body: Option<&Value>,
    ) -> Result<Answer, TrackerError> {
        let path = format!("{API}{path}");
        let answer = self.wire.ask(aim, (method, &path), body).await?;
        // A wrong token can be answered with 200 and what everybody may see: nothing.
        match answer.header(LOGIN_HEADER) {
            Some(reason) if reason.contains("FAILED") || reason.contains("DENIED") => {
                Err(self.wire.denied("Jira did not take the token"))
            }
            _ => Ok(answer),
        }
    }

    async fn read(&self, to: (Method, &str), body: Option<&Value>) -> Result<Value, TrackerError> {
        let answer = self.ask(Aim::Read, to, body).await?;
        match answer.status {
            200..=299 => self.wire.json(Aim::Read, &answer),
            _ => Err(self.wire.failure(Aim::Read, &answer)),
        }
    }

    /// Asks about an issue. One that is not there is told apart from one that we may not see.
    async fn on_issue(
        &self,
        aim: Aim,
        (method, ticket, path): (Method, &TicketRef, &str),
        body: Option<&Value>,
    ) -> Result<Answer, TrackerError> {
        let path = format!("/issue/{}{path}", issue(ticket));
        let answer = self.ask(aim, (method, &path), body).await?;
        match answer.status {
            200..=299 => Ok(answer),
            404 => {
                let project = format!("/project/{}", self.config.project);
                let seen = self.ask(Aim::Read, (Method::Get, &project), None).await?;
                match seen.status {
                    200..=299 => Err(TrackerError::Gone(format!(
                        "Jira has no issue {} any more",
                        ticket.key
                    ))),
                    404 => Err(self.wire.denied("Jira shows neither issue nor project")),
                    _ => Err(self.wire.failure(Aim::Read, &seen)),
                }
            }
            _ => Err(self.wire.failure(aim, &answer)),
        }
    }

    fn recent(&self) -> Vec<u64> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().copied().collect()
    }

    fn remember(&self, id: &str) {
        let Ok(id) = id.parse() else { return };
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.push_front(id);
        recent.truncate(RECENT_MAX);
    }

    fn reference(&self, issue: &Value) -> Option<TicketRef> {
        let key = issue["key"].as_str()?;
        Some(TicketRef {
            key: key.to_owned(),
            id: issue["id"].as_str()?.to_owned(),
            url: format!("{}/browse/{key}", self.wire.base()),
        })
    }

    /// The fields of a new issue.
    fn fields(&self, draft: &Draft) -> Value {
        let labels: Vec<&String> = draft.markers.iter().chain(&self.config.labels).collect();
        let mut fields = json!({
            "project": { "key": self.config.project },
            "issuetype": { "name": self.config.issue_type },
            "summary": text::one_line(&draft.title, SUMMARY_MAX),
            "description": adf::document(&draft.description, &draft.link, ""),
            "labels": labels,
        });
        let priority = self.config.priorities.of(draft.severity);
        if !priority.is_empty() && !self.is_without_priority.load(Ordering::Relaxed) {
            fields["priority"] = json!({ "name": priority });
        }
        if let Some(component) = &self.config.component {
            fields["components"] = json!([{ "name": component }]);
        }
        fields
    }

    async fn post(&self, fields: &Value) -> Result<Answer, TrackerError> {
        let body = json!({ "fields": fields });
        self.ask(Aim::Write, (Method::Post, "/issue"), Some(&body))
            .await
    }

    /// The id of the configured type of issue.
    async fn issue_type(&self) -> Result<String, TrackerError> {
        let project = &self.config.project;
        let mut names: Vec<String> = Vec::new();
        loop {
            let from = names.len();
            let path =
                format!("/issue/createmeta/{project}/issuetypes?startAt={from}&maxResults=50");
            let answer = self.ask(Aim::Read, (Method::Get, &path), None).await?;
            if answer.status == 404 {
                let what = "is not there, or the account may not open issues in it";
                let detail = format!("Jira: the project `{project}` {what}");
                return Err(TrackerError::Refused(detail));
            }
            if answer.status != 200 {
                return Err(self.wire.failure(Aim::Read, &answer));
            }
            let page = self.wire.json(Aim::Read, &answer)?;
            let types = page["issueTypes"].as_array().or(page["values"].as_array());
            for one in types.into_iter().flatten() {
                let name = one["name"].as_str().unwrap_or_default();
                let is_ours = name.eq_ignore_ascii_case(&self.config.issue_type);
                if let Some(id) = one["id"].as_str().filter(|_| is_ours) {
                    return Ok(id.to_owned());
                }
                names.push(name.to_owned());
            }
            let total = page["total"].as_u64().unwrap_or_default();
            if names.len() == from || names.len() as u64 >= total {
                return Err(TrackerError::Refused(format!(
                    "Jira: the project `{project}` has no type of issue `{}`, but {}",
                    self.config.issue_type,
                    names.join(", "),
                )));
            }
        }
    }

    /// Whether a new issue of a type can be opened with what we give, and what is left out.
    async fn check_fields(&self, issue_type: &str) -> Result<String, TrackerError> {
        let project = &self.config.project;
        let path = format!("/issue/createmeta/{project}/issuetypes/{issue_type}?maxResults=200");
        let page = self.read((Method::Get, &path), None).await?;
        let fields = page["fields"].as_array().or(page["values"].as_array());
        let fields: Vec<&Value> = fields.into_iter().flatten().collect();
        let id = |field: &Value| {
            let id = field["fieldId"].as_str().or(field["key"].as_str());
            id.unwrap_or_default().to_owned()
        };
        let given = [
            "project",
            "issuetype",
            "summary",
            "description",
            "labels",
            "priority",
        ];
        let is_missing = |field: &&&Value| {
            let id = id(field);
            let is_given = given.contains(&&*id)
                || id == "components" && self.config.component.is_some()
                || id == "reporter";
            field["required"] == true && field["hasDefaultValue"] != true && !is_given
        };
        let missing = fields.iter().filter(is_missing);
        let missing: Vec<&str> = missing.filter_map(|field| field["name"].as_str()).collect();
        if !missing.is_empty() {
            return Err(TrackerError::Refused(format!(
                "Jira: the project `{project}` requires {} of a new issue, which Tocsin does not give",
                missing.join(", "),
            )));
        }
        let has = |name: &str| fields.iter().any(|field| id(field) == name);
        if !has("labels") {
            return Err(TrackerError::Refused(format!(
                "Jira: a new issue of the project `{project}` takes no labels; put the field Labels \
                 on its screen, since tickets are found by them",
            )));
        }
        let priority = fields.iter().find(|field| id(field) == "priority");
        let Some(priority) = priority else {
            return Ok(", without a priority, since the project takes none".into());
        };
        let allowed = priority["allowedValues"].as_array();
        let is_unknown = |name: &&str| {
            let known = |value: &Value| value["name"] == **name;
            allowed.is_some_and(|allowed| !name.is_empty() && !allowed.iter().any(known))
        };
        let wanted = AlertSeverity::ALL
            .iter()
            .map(|one| self.config.priorities.of(*one));
        let unknown: Vec<&str> = wanted.filter(is_unknown).collect();
        Ok(match unknown.is_empty() {
            true => String::new(),
            false => format!(
                ", some without a priority, since the project has none called {}",
                unknown.join(", ")
            ),
        })
    }

    async fn check_permissions(&self) -> Result<(), TrackerError> {
        let wanted = ["CREATE_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES"];
        let project = &self.config.project;
        let names = wanted.join(",");
        let path = format!("/mypermissions?projectKey={project}&permissions={names}");
        let page = self.read((Method::Get, &path), None).await?;
        let has = |name: &&str| page["permissions"][*name]["havePermission"] == true;
        let missing: Vec<&str> = wanted.into_iter().filter(|name| !has(name)).collect();
        match missing.is_empty() {
            true => Ok(()),
            false => {
                let missing = missing.join(", ");
                let detail = format!("Jira: the account lacks {missing} in `{project}`");
                Err(self.wire.denied(&detail))
            }
        }
    }
}

/// By what an issue is named in addresses: its id, since its key changes when it moves.
fn issue(ticket: &TicketRef) -> String {
    match ticket.id.is_empty() {
        true => encoded(&ticket.key),
        false => encoded(&ticket.id),
    }
}

#[async_trait]
impl Tracker for Jira {
    fn kind(&self) -> TrackerKind {
        TrackerKind::Jira
    }

    fn target(&self) -> String {
        let host = self.wire.base().split("://").nth(1).unwrap_or_default();
        format!("project {} on {host}", self.config.project)
    }

    fn lag(&self) -> Duration {
        Duration::from_secs(self.config.lag_secs)
    }

    async fn check(&self) -> Result<String, TrackerError> {
        let myself = self.read((Method::Get, "/myself"), None).await?;
        let name = myself["displayName"].as_str().unwrap_or("somebody");
        self.check_permissions().await?;
        let issue_type = self.issue_type().await?;
        let left_out = self.check_fields(&issue_type).await?;
        Ok(format!(
            "{name} may open issues of the type {} in {}{left_out}",
            self.config.issue_type, self.config.project
        ))
    }

    async fn find(&self, marker: &str) -> Result<Option<TicketRef>, TrackerError> {
        if !is_plain(marker) {
            let detail = "Jira: a marker has letters, digits and dashes";
            return Err(TrackerError::Refused(detail.into()));
        }
        let project = &self.config.project;
        let mut body = json!({
            "jql": format!("project = \"{project}\" AND labels = \"{marker}\" ORDER BY created DESC"),
            "maxResults": 10,
            "fields": ["labels"],
            "reconcileIssues": self.recent(),
        });
        for _ in 0..PAGES_MAX {
            let page = self
                .read((Method::Post, "/search/jql"), Some(&body))
                .await?;
            let Some(issues) = page["issues"].as_array() else {
                return Err(self.wire.unreadable(Aim::Read));
            };
            let has_marker = |issue: &&Value| {
                let labels = issue["fields"]["labels"].as_array();
                labels.is_some_and(|labels| labels.iter().any(|label| label == marker))
            };
            if let Some(found) = issues.iter().find(has_marker) {
                return Ok(self.reference(found));
            }
            match page["nextPageToken"].as_str() {
                Some(token) if page["isLast"] != true => body["nextPageToken"] = token.into(),
                _ => return Ok(None),
            }
        }
        Err(self.wire.unreadable(Aim::Read))
    }

    async fn create(&self, draft: &Draft) -> Result<TicketRef, TrackerError> {
        let mut fields = self.fields(draft);
        let mut answer = self.post(&fields).await?;
        let refusal = || serde_json::from_str::<Value>(&answer.body).unwrap_or_default();
        if answer.status == 400 && refusal()["errors"].get("priority").is_some() {
            let project = &self.config.project;
            tracing::warn!(
                project,
                "Jira takes no such priority: tickets are opened without"
            );
            if let Some(fields) = fields.as_object_mut() {
                fields.remove("priority");
            }
            answer = self.post(&fields).await?;
            if answer.status == 201 {
                self.is_without_priority.store(true, Ordering::Relaxed);
            }
        }
        if answer.status != 201 {
            return Err(self.wire.failure(Aim::Write, &answer));
        }
        let created = self.wire.json(Aim::Write, &answer)?;
        let unreadable = || self.wire.unreadable(Aim::Write);
        let reference = self.reference(&created).ok_or_else(unreadable)?;
        self.remember(&reference.id);
        Ok(reference)
    }

    async fn comment(&self, ticket: &TicketRef, text: &str, key: &str) -> Result<(), TrackerError> {
        let body = json!({ "body": adf::document(text, "", key) });
        let to = (Method::Post, ticket, "/comment");
        self.on_issue(Aim::Write, to, Some(&body)).await.map(drop)
    }

    async fn has_comment(&self, ticket: &TicketRef, key: &str) -> Result<bool, TrackerError> {
        let mut read = 0;
        while read < COMMENTS_MAX {
            let path =
                format!("/comment?startAt={read}&maxResults={COMMENTS_PAGE}&orderBy=-created");
            let to = (Method::Get, ticket, &*path);
            let answer = self.on_issue(Aim::Read, to, None).await?;
            let page = self.wire.json(Aim::Read, &answer)?;
            let Some(comments) = page["comments"].as_array() else {
                return Err(self.wire.unreadable(Aim::Read));
            };
            let has_key = |comment: &Value| text::has_key(&adf::plain(&comment["body"]), key);
            if comments.iter().any(has_key) {
                return Ok(true);
            }
            read += comments.len();
            if comments.is_empty() || read as u64 >= page["total"].as_u64().unwrap_or_default() {
                break;
            }
        }
        Ok(false)
    }

    async fn status(&self, ticket: &TicketRef) -> Result<TicketStatus, TrackerError> {
        let to = (Method::Get, ticket, "?fields=status");
        let answer = self.on_issue(Aim::Read, to, None).await?;
        let issue = self.wire.json(Aim::Read, &answer)?;
        match issue["fields"]["status"]["statusCategory"]["key"].as_str() {
            Some("done") => Ok(TicketStatus::Resolved),
            Some(_) => Ok(TicketStatus::Open),
            None => Err(self.wire.unreadable(Aim::Read)),
        }
    }

    async fn set_status(
        &self,
        ticket: &TicketRef,
        status: TicketStatus,
        _why: &str,
    ) -> Result<(), TrackerError> {
        if self.status(ticket).await? == status {
            return Ok(());
        }
        let to = (
            Method::Get,
            ticket,
            "/transitions?expand=transitions.fields",
        );
        let answer = self.on_issue(Aim::Read, to, None).await?;
        let offered = self.wire.json(Aim::Read, &answer)?;
        let wanted = match status {
            TicketStatus::Resolved => self.config.resolve_status.as_deref(),
            TicketStatus::Open => self.config.reopen_status.as_deref(),
        };
        let transition = transitions::choose(&offered, status, wanted)
            .map_err(|detail| TrackerError::Refused(format!("Jira: {} {detail}", ticket.key)))?;
        let body = transitions::body(transition, status, &self.config.resolution);
        let to = (Method::Post, ticket, "/transitions");
        self.on_issue(Aim::Write, to, Some(&body)).await.map(drop)
    }
}
