//! Tickets as the issues of a repository on GitHub.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tocsin_domain::ports::Clock;
use tocsin_domain::ticket::{TicketRef, TicketStatus, TrackerKind};

use super::config::GitHubConfig;
use crate::http::HttpConfig;
use crate::tickets::tracker::{Draft, Tracker, TrackerError};
use crate::trackers::github::{GitHubAccess, GitHubRepository, TITLE_MAX};
use crate::trackers::{Aim, TrackerConfigError, markdown, text};

/// GitHub.
#[derive(Debug)]
pub(crate) struct GitHub {
    repository: GitHubRepository,
    config: GitHubConfig,
}

impl GitHub {
    /// Joins the parts. The clock is for limits, which end at a time.
    ///
    /// # Errors
    /// [`TrackerConfigError`] with the setting that cannot be.
    pub(crate) fn new(
        config: &GitHubConfig,
        http: &HttpConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TrackerConfigError> {
        let access = GitHubAccess {
            section: "github.",
            url: &config.url,
            repository: &config.repository,
            token: &config.token,
            token_file: config.token_file.as_deref(),
        };
        let repository = GitHubRepository::new(&access, http, clock)?;
        let is_odd = |label: &String| label.trim().is_empty() || label.contains(',');
        if config.labels.is_empty() || config.labels.iter().any(is_odd) {
            return Err(TrackerConfigError::new(
                "github.labels",
                "at least one label, none empty or with a comma",
            ));
        }
        Ok(Self {
            repository,
            config: config.clone(),
        })
    }

    /// The label by which tickets are found.
    fn label(&self) -> &str {
        self.config.labels.first().map_or("", String::as_str)
    }

    /// What a new issue is made of.
    fn fields(&self, draft: &Draft) -> Value {
        let mut end = String::new();
        if !draft.description.contains(&draft.link) {
            end = format!(
                "[Open it in Tocsin](<{}>)\n\n",
                text::one_line(&draft.link, 2000)
            );
        }
        let [fingerprint, own] = &draft.markers;
        end.push_str(&markdown::hidden(fingerprint));
        end.push('\n');
        end.push_str(&markdown::hidden(own));
        let mut labels: Vec<&str> = self.config.labels.iter().map(String::as_str).collect();
        labels.push(self.config.severity_labels.of(draft.severity));
        labels.retain(|label| !label.is_empty());
        json!({
            "title": text::one_line(&draft.title, TITLE_MAX),
            "body": markdown::document(&draft.description, &end),
            "labels": labels,
        })
    }
}

#[async_trait]
impl Tracker for GitHub {
    fn kind(&self) -> TrackerKind {
        TrackerKind::GitHub
    }

    fn target(&self) -> String {
        let host = self.repository.wire().base().split("://").nth(1);
        let host = host.unwrap_or_default();
        match host.strip_prefix("api.") {
            Some(site) => format!("{site}/{}", self.config.repository),
            None => format!("{} on {host}", self.config.repository),
        }
    }

    fn lag(&self) -> Duration {
        Duration::from_secs(self.config.lag_secs)
    }

    async fn check(&self) -> Result<String, TrackerError> {
        self.repository.check().await
    }

    async fn find(&self, marker: &str) -> Result<Option<TicketRef>, TrackerError> {
        self.repository.find(self.label(), marker).await
    }

    async fn create(&self, draft: &Draft) -> Result<TicketRef, TrackerError> {
        let fields = self.fields(draft);
        self.repository.create(&fields, self.label()).await
    }

    async fn comment(&self, ticket: &TicketRef, text: &str, key: &str) -> Result<(), TrackerError> {
        let body = json!({ "body": markdown::document(text, &markdown::hidden(key)) });
        self.repository.comment(ticket, &body).await
    }

    async fn has_comment(&self, ticket: &TicketRef, key: &str) -> Result<bool, TrackerError> {
        self.repository.has_comment(ticket, key).await
    }

    async fn status(&self, ticket: &TicketRef) -> Result<TicketStatus, TrackerError> {
        match self.repository.issue(ticket).await?["state"].as_str() {
            Some("closed") => Ok(TicketStatus::Resolved),
            Some("open") => Ok(TicketStatus::Open),
            _ => Err(self.repository.wire().unreadable(Aim::Read)),
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
        let body = match status {
            TicketStatus::Resolved => json!({ "state": "closed", "state_reason": "completed" }),
            TicketStatus::Open => json!({ "state": "open", "state_reason": "reopened" }),
        };
        self.repository.set(ticket, &body).await
    }
}
