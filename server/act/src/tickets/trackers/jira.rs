//! Tickets in Jira Cloud.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tocsin_domain::alert::AlertSeverity;
use tocsin_domain::ticket::{TicketRef, TicketStatus, TrackerKind};

use super::config::JiraConfig;
use crate::http::{HttpConfig, Method};
use crate::tickets::tracker::{Draft, Tracker, TrackerError};
use crate::trackers::jira::{JiraAccess, JiraProject, SUMMARY_MAX};
use crate::trackers::{Aim, TrackerConfigError, adf, text};

/// Jira Cloud.
#[derive(Debug)]
pub(crate) struct Jira {
    site: JiraProject,
    config: JiraConfig,
    /// Whether the project was seen to refuse a priority.
    is_without_priority: AtomicBool,
}

impl Jira {
    /// Joins the parts.
    ///
    /// # Errors
    /// [`TrackerConfigError`] with the setting that cannot be.
    pub(crate) fn new(config: &JiraConfig, http: &HttpConfig) -> Result<Self, TrackerConfigError> {
        let wrong = |field: &str, expected: &str| Err(TrackerConfigError::new(field, expected));
        let access = JiraAccess {
            section: "jira.",
            url: &config.url,
            email: &config.email,
            token: &config.api_token,
            token_file: config.api_token_file.as_deref(),
            project: &config.project,
        };
        let site = JiraProject::new(&access, http)?;
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
        Ok(Self {
            site,
            config: config.clone(),
            is_without_priority: AtomicBool::new(false),
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

    /// Whether a new issue of a type can be opened with what we give, and what is left out.
    async fn check_fields(&self, issue_type: &str) -> Result<String, TrackerError> {
        let project = &self.config.project;
        let path = format!("/issue/createmeta/{project}/issuetypes/{issue_type}?maxResults=200");
        let page = self.site.read((Method::Get, &path), None).await?;
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
}

#[async_trait]
impl Tracker for Jira {
    fn kind(&self) -> TrackerKind {
        TrackerKind::Jira
    }

    fn target(&self) -> String {
        let host = self.site.wire().base().split("://").nth(1);
        let host = host.unwrap_or_default();
        format!("project {} on {host}", self.config.project)
    }

    fn lag(&self) -> Duration {
        Duration::from_secs(self.config.lag_secs)
    }

    async fn check(&self) -> Result<String, TrackerError> {
        let wanted = ["CREATE_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES"];
        let name = self.site.myself(&wanted).await?;
        let issue_type = self.site.issue_type(&self.config.issue_type).await?;
        let left_out = self.check_fields(&issue_type).await?;
        Ok(format!(
            "{name} may open issues of the type {} in {}{left_out}",
            self.config.issue_type, self.config.project
        ))
    }

    async fn find(&self, marker: &str) -> Result<Option<TicketRef>, TrackerError> {
        self.site.find(marker).await
    }

    async fn create(&self, draft: &Draft) -> Result<TicketRef, TrackerError> {
        let mut fields = self.fields(draft);
        let mut answer = self.site.post(&fields).await?;
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
            answer = self.site.post(&fields).await?;
            if answer.status == 201 {
                self.is_without_priority.store(true, Ordering::Relaxed);
            }
        }
        self.site.opened(&answer)
    }

    async fn comment(&self, ticket: &TicketRef, text: &str, key: &str) -> Result<(), TrackerError> {
        let document = adf::document(text, "", key);
        self.site.comment(ticket, &document).await
    }

    async fn has_comment(&self, ticket: &TicketRef, key: &str) -> Result<bool, TrackerError> {
        self.site.has_comment(ticket, key).await
    }

    async fn status(&self, ticket: &TicketRef) -> Result<TicketStatus, TrackerError> {
        let issue = self.site.issue(ticket, "status").await?;
        match issue["fields"]["status"]["statusCategory"]["key"].as_str() {
            Some("done") => Ok(TicketStatus::Resolved),
            Some(_) => Ok(TicketStatus::Open),
            None => Err(self.site.wire().unreadable(Aim::Read)),
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
        let wanted = match status {
            TicketStatus::Resolved => self.config.resolve_status.as_deref(),
            TicketStatus::Open => self.config.reopen_status.as_deref(),
        };
        let resolution = &self.config.resolution;
        self.site
            .transition(ticket, (status, wanted), resolution)
            .await
    }
}
