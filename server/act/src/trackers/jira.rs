//! A project of Jira Cloud, by version 3 of its API.
//!
//! <https://developer.atlassian.com/cloud/jira/platform/rest/v3/>. Its index lags behind: an issue
//! that was just opened may be missing from a search, so those that were opened last are named in
//! it, which makes Jira look at them themselves.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use tocsin_domain::ticket::{TicketRef, TicketStatus};

use super::wire::{Wire, is_plain};
use super::{
    Aim, ConfigSecret, TrackerConfigError, TrackerError, adf, base_url, encoded, secret, text,
    transitions,
};
use crate::http::{Answer, Auth, HttpConfig, Method};

const API: &str = "/rest/api/3";
/// The most characters of a summary.
pub(crate) const SUMMARY_MAX: usize = 255;
/// The most issues that a search may be told to look at themselves.
const RECENT_MAX: usize = 50;
/// The most pages of a search: pages may be empty.
const PAGES_MAX: usize = 10;
/// Comments of a page, and the most of an issue, which is Jira's own limit.
const COMMENTS_PAGE: usize = 100;
const COMMENTS_MAX: usize = 5000;
/// What Jira says, with whatever status, when it took a wrong token for nobody.
const LOGIN_HEADER: &str = "x-seraph-loginreason";

/// Settings of a project.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JiraAccess<'a> {
    /// What comes before the names of settings in errors: `jira.`.
    pub(crate) section: &'a str,
    pub(crate) url: &'a str,
    pub(crate) email: &'a str,
    pub(crate) token: &'a ConfigSecret,
    pub(crate) token_file: Option<&'a Path>,
    pub(crate) project: &'a str,
}

/// A project of Jira.
#[derive(Debug)]
pub(crate) struct JiraProject {
    wire: Wire,
    key: String,
    /// Ids of the issues that were opened last.
    recent: Mutex<VecDeque<u64>>,
}

impl JiraProject {
    /// A client.
    ///
    /// # Errors
    /// [`TrackerConfigError`] with the setting that cannot be.
    pub(crate) fn new(
        access: &JiraAccess<'_>,
        http: &HttpConfig,
    ) -> Result<Self, TrackerConfigError> {
        let field = |name: &str| format!("{}{name}", access.section);
        let wrong =
            |name: &str, expected: &str| Err(TrackerConfigError::new(&field(name), expected));
        let url = base_url(&field("url"), access.url)?;
        let token = secret(&field("api_token"), access.token, access.token_file)?;
        let Some(token) = token else {
            return wrong("api_token", "an API token of the account");
        };
        if !access.email.contains('@') || access.email.contains(':') {
            return wrong("email", "the e-mail address of the account");
        }
        let is_key = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if access.project.is_empty() || !access.project.chars().all(is_key) {
            return wrong("project", "the key of a project, such as `OPS`");
        }
        let auth = Auth::Basic(access.email.to_owned(), token);
        let headers = [("Accept", "application/json")];
        Ok(Self {
            wire: Wire::new("Jira", http, (url, auth), &headers),
            key: access.project.to_owned(),
            recent: Mutex::default(),
        })
    }

    /// What requests leave by.
    pub(crate) const fn wire(&self) -> &Wire {
        &self.wire
    }

    /// The key of the project.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Asks, and gives what was answered, whatever its status.
    pub(crate) async fn ask(
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

    /// Looks at something.
    pub(crate) async fn read(
        &self,
        to: (Method, &str),
        body: Option<&Value>,
    ) -> Result<Value, TrackerError> {
        let answer = self.ask(Aim::Read, to, body).await?;
        match answer.status {
            200..=299 => self.wire.json(Aim::Read, &answer),
            _ => Err(self.wire.failure(Aim::Read, &answer)),
        }
    }

    /// Asks about an issue. One that is not there is told apart from one that we may not see.
    pub(crate) async fn on_issue(
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
                let project = format!("/project/{}", self.key);
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

    /// An issue with some of its fields.
    pub(crate) async fn issue(
        &self,
        ticket: &TicketRef,
        fields: &str,
    ) -> Result<Value, TrackerError> {
        let path = format!("?fields={fields}");
        let to = (Method::Get, ticket, &*path);
        let answer = self.on_issue(Aim::Read, to, None).await?;
        self.wire.json(Aim::Read, &answer)
    }

    /// The newest issue with a label.
    pub(crate) async fn find(&self, label: &str) -> Result<Option<TicketRef>, TrackerError> {
        if !is_plain(label) {
            let detail = "Jira: a marker has letters, digits and dashes";
            return Err(TrackerError::Refused(detail.into()));
        }
        let project = &self.key;
        let mut body = json!({
            "jql": format!("project = \"{project}\" AND labels = \"{label}\" ORDER BY created DESC"),
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
            let has_label = |issue: &&Value| {
                let labels = issue["fields"]["labels"].as_array();
                labels.is_some_and(|labels| labels.iter().any(|one| one == label))
            };
            if let Some(found) = issues.iter().find(has_label) {
                return Ok(self.reference(found));
            }
            match page["nextPageToken"].as_str() {
                Some(token) if page["isLast"] != true => body["nextPageToken"] = token.into(),
                _ => return Ok(None),
            }
        }
        Err(self.wire.unreadable(Aim::Read))
    }

    /// Asks for a new issue, and gives what was answered.
    pub(crate) async fn post(&self, fields: &Value) -> Result<Answer, TrackerError> {
        let body = json!({ "fields": fields });
        self.ask(Aim::Write, (Method::Post, "/issue"), Some(&body))
            .await
    }

    /// The issue that an answer to [`Self::post`] tells of.
    pub(crate) fn opened(&self, answer: &Answer) -> Result<TicketRef, TrackerError> {
        if answer.status != 201 {
            return Err(self.wire.failure(Aim::Write, answer));
        }
        let created = self.wire.json(Aim::Write, answer)?;
        let unreadable = || self.wire.unreadable(Aim::Write);
        let reference = self.reference(&created).ok_or_else(unreadable)?;
        self.remember(&reference.id);
        Ok(reference)
    }

    /// Says something on an issue.
    pub(crate) async fn comment(
        &self,
        ticket: &TicketRef,
        document: &Value,
    ) -> Result<(), TrackerError> {
        let body = json!({ "body": document });
        let to = (Method::Post, ticket, "/comment");
        self.on_issue(Aim::Write, to, Some(&body)).await.map(drop)
    }

    /// Whether a comment with a key is on an issue.
    pub(crate) async fn has_comment(
        &self,
        ticket: &TicketRef,
        key: &str,
    ) -> Result<bool, TrackerError> {
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

    /// The transitions that an issue offers now.
    pub(crate) async fn offered(&self, ticket: &TicketRef) -> Result<Value, TrackerError> {
        let path = "/transitions?expand=transitions.fields";
        let answer = self
            .on_issue(Aim::Read, (Method::Get, ticket, path), None)
            .await?;
        self.wire.json(Aim::Read, &answer)
    }

    /// Takes an issue to a status: the one with the name `wanted`, or one of the right category.
    pub(crate) async fn transition(
        &self,
        ticket: &TicketRef,
        (status, wanted): (TicketStatus, Option<&str>),
        resolution: &str,
    ) -> Result<(), TrackerError> {
        let offered = self.offered(ticket).await?;
        let transition = transitions::choose(&offered, status, wanted)
            .map_err(|detail| TrackerError::Refused(format!("Jira: {} {detail}", ticket.key)))?;
        let body = transitions::body(transition, status, resolution);
        let to = (Method::Post, ticket, "/transitions");
        self.on_issue(Aim::Write, to, Some(&body)).await.map(drop)
    }

    /// Who we are, as people call us; with rights that the account must have in the project.
    pub(crate) async fn myself(&self, rights: &[&str]) -> Result<String, TrackerError> {
        let myself = self.read((Method::Get, "/myself"), None).await?;
        let name = myself["displayName"].as_str().unwrap_or("somebody");
        let (project, names) = (&self.key, rights.join(","));
        let path = format!("/mypermissions?projectKey={project}&permissions={names}");
        let page = self.read((Method::Get, &path), None).await?;
        let has = |name: &&&str| page["permissions"][**name]["havePermission"] == true;
        let missing: Vec<&str> = rights.iter().filter(|name| !has(name)).copied().collect();
        match missing.is_empty() {
            true => Ok(name.to_owned()),
            false => {
                let missing = missing.join(", ");
                let detail = format!("Jira: the account lacks {missing} in `{project}`");
                Err(self.wire.denied(&detail))
            }
        }
    }

    /// The id of a type of issue.
    pub(crate) async fn issue_type(&self, wanted: &str) -> Result<String, TrackerError> {
        let project = &self.key;
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
                let is_ours = name.eq_ignore_ascii_case(wanted);
                if let Some(id) = one["id"].as_str().filter(|_| is_ours) {
                    return Ok(id.to_owned());
                }
                names.push(name.to_owned());
            }
            let total = page["total"].as_u64().unwrap_or_default();
            if names.len() == from || names.len() as u64 >= total {
                return Err(TrackerError::Refused(format!(
                    "Jira: the project `{project}` has no type of issue `{wanted}`, but {}",
                    names.join(", "),
                )));
            }
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

    /// An issue as people and we refer to it.
    pub(crate) fn reference(&self, issue: &Value) -> Option<TicketRef> {
        let key = issue["key"].as_str()?;
        Some(TicketRef {
            key: key.to_owned(),
            id: issue["id"].as_str()?.to_owned(),
            url: format!("{}/browse/{key}", self.wire.base()),
        })
    }
}

/// By what an issue is named in addresses: its id, since its key changes when it moves.
fn issue(ticket: &TicketRef) -> String {
    match ticket.id.is_empty() {
        true => encoded(&ticket.key),
        false => encoded(&ticket.id),
    }
}
