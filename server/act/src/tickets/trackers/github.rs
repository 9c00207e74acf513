//! The issues of a repository on GitHub.
//!
//! <https://docs.github.com/rest/issues>. What a ticket is found by is hidden in its body, since a
//! label for each would fill the repository's list of labels. The newest issues with our label are
//! listed, which is always up to date; older ones are searched, whose index lags behind.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tocsin_domain::ports::Clock;
use tocsin_domain::ticket::{TicketRef, TicketStatus, TrackerKind};

use super::config::{GitHubConfig, TrackerConfigError, base_url, secret};
use super::wire::{Aim, Wire, encoded, is_plain};
use super::{markdown, text};
use crate::http::{Answer, Auth, HttpConfig, Method};
use crate::tickets::tracker::{Draft, Tracker, TrackerError};

/// The most characters of a title.
const TITLE_MAX: usize = 256;
/// How many pages of a hundred issues are listed before the search is asked.
const LISTED_PAGES: usize = 3;
/// The most pages of comments.
const COMMENT_PAGES: usize = 50;
/// The least wait when too much was asked at once, as GitHub's documentation has it.
const SECONDARY_WAIT: Duration = Duration::from_secs(60);

/// GitHub.
pub(crate) struct GitHub {
    wire: Wire,
    config: GitHubConfig,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GitHub").field(&self.config).finish()
    }
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
        let wrong = |field: &str, expected: &str| Err(TrackerConfigError::new(field, expected));
        let url = base_url("github.url", &config.url)?;
        let file = config.token_file.as_deref();
        let Some(token) = secret("github.token", &config.token, file)? else {
            return wrong("github.token", "a token that may write issues");
        };
        let is_name = |name: &str| {
            let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !name.is_empty() && name.chars().all(is_good)
        };
        match config.repository.split_once('/') {
            Some((owner, name)) if is_name(owner) && is_name(name) => {}
            _ => return wrong("github.repository", "a repository such as `example/shop`"),
        }
        let is_odd = |label: &String| label.trim().is_empty() || label.contains(',');
        if config.labels.is_empty() || config.labels.iter().any(is_odd) {
            return wrong(
                "github.labels",
                "at least one label, none empty or with a comma",
            );
        }
        let headers = [
            ("Accept", "application/vnd.github+json"),
            ("X-GitHub-Api-Version", "2022-11-28"),
        ];
        Ok(Self {
            wire: Wire::new("GitHub", http, (url, Auth::Bearer(token)), &headers),
            config: config.clone(),
            clock,
        })
    }

    /// What an answer means that is not good: limits are answered as if the token were wrong.
    fn failure(&self, aim: Aim, answer: &Answer) -> TrackerError {
        let error = self.wire.failure(aim, answer);
        let detail = error.to_string();
        let later = |wait: Duration| TrackerError::Later {
            is_unsure: false,
            wait: Some(wait),
            detail: detail.clone(),
        };
        let body = answer.body.to_lowercase();
        let is_spent = answer.header("x-ratelimit-remaining") == Some("0");
        let is_secondary = ["rate limit", "abuse", "too quickly"]
            .iter()
            .any(|said| body.contains(said));
        match answer.status {
            403 | 429 if answer.retry_after.is_some() => {
                later(answer.retry_after.unwrap_or_default())
            }
            403 | 429 if is_spent => {
                let reset = answer.header("x-ratelimit-reset");
                let reset: Option<i64> = reset.and_then(|at| at.parse().ok());
                let now_secs = self.clock.now().millis().div_euclid(1000);
                let wait = reset
                    .map_or(0, |at| at.saturating_sub(now_secs))
                    .clamp(1, 3600);
                later(Duration::from_secs(u64::try_from(wait).unwrap_or(60)))
            }
            403 | 422 | 429 if is_secondary => later(SECONDARY_WAIT),
            429 => later(SECONDARY_WAIT),
            _ => error,
        }
    }

    fn path(&self, rest: &str) -> String {
        format!("/repos/{}{rest}", self.config.repository)
    }

    async fn read(&self, path: &str) -> Result<(Value, Option<String>), TrackerError> {
        let answer = self.wire.ask(Aim::Read, (Method::Get, path), None).await?;
        if answer.status != 200 {
            return Err(self.failure(Aim::Read, &answer));
        }
        let next = answer
            .header("link")
            .and_then(|links| next(links, self.wire.base()));
        Ok((self.wire.json(Aim::Read, &answer)?, next))
    }

    /// Asks about an issue. One that is not there is told apart from one that we may not see.
    async fn on_issue(
        &self,
        aim: Aim,
        (method, ticket, rest): (Method, &TicketRef, &str),
        body: Option<&Value>,
    ) -> Result<Answer, TrackerError> {
        let path = self.path(&format!("/issues/{}{rest}", encoded(&ticket.id)));
        let answer = self.wire.ask(aim, (method, &path), body).await?;
        let gone = || TrackerError::Gone(format!("GitHub has no issue {} any more", ticket.key));
        match answer.status {
            200..=299 => Ok(answer),
            410 => Err(gone()),
            404 => {
                let to = (Method::Get, &*self.path(""));
                let seen = self.wire.ask(Aim::Read, to, None).await?;
                match seen.status {
                    200 => Err(gone()),
                    404 => Err(self.no_repository()),
                    _ => Err(self.failure(Aim::Read, &seen)),
                }
            }
            _ => Err(self.failure(aim, &answer)),
        }
    }

    /// Not to be seen and not to be there are one to GitHub, so it is as a wrong token.
    fn no_repository(&self) -> TrackerError {
        let detail = format!("GitHub shows no repository `{}`", self.config.repository);
        self.wire.denied(&detail)
    }

    fn reference(&self, issue: &Value) -> Option<TicketRef> {
        let number = issue["number"].as_u64()?;
        Some(TicketRef {
            key: format!("#{number}"),
            id: number.to_string(),
            url: issue["html_url"].as_str().unwrap_or_default().to_owned(),
        })
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

    /// The first of some issues with a marker. What GitHub lists among issues and is a change is not.
    fn with_marker(&self, issues: &Value, marker: &str) -> Option<TicketRef> {
        let hidden = markdown::hidden(marker);
        let mut issues = issues.as_array()?.iter();
        let found = issues.find(|issue| {
            let body = issue["body"].as_str().unwrap_or_default();
            issue.get("pull_request").is_none() && body.contains(&hidden)
        });
        self.reference(found?)
    }
}

/// The path of the next page, if there is one below an address.
fn next(links: &str, base: &str) -> Option<String> {
    let mut links = links.split(',');
    let link = links.find(|link| link.contains("rel=\"next\""))?;
    let url = link.trim().strip_prefix('<')?.split('>').next()?;
    url.strip_prefix(base).map(str::to_owned)
}

#[async_trait]
impl Tracker for GitHub {
    fn kind(&self) -> TrackerKind {
        TrackerKind::GitHub
    }

    fn target(&self) -> String {
        let host = self.wire.base().split("://").nth(1).unwrap_or_default();
        match host.strip_prefix("api.") {
            Some(site) => format!("{site}/{}", self.config.repository),
            None => format!("{} on {host}", self.config.repository),
        }
    }

    fn lag(&self) -> Duration {
        Duration::from_secs(self.config.lag_secs)
    }

    async fn check(&self) -> Result<String, TrackerError> {
        let to = (Method::Get, &*self.path(""));
        let answer = self.wire.ask(Aim::Read, to, None).await?;
        match answer.status {
            200 => {}
            404 => return Err(self.no_repository()),
            _ => return Err(self.failure(Aim::Read, &answer)),
        }
        let repository = self.wire.json(Aim::Read, &answer)?;
        let name = &self.config.repository;
        if repository["has_issues"] == false || repository["archived"] == true {
            let detail =
                format!("GitHub: `{name}` takes no issues: they are off, or it is archived");
            return Err(TrackerError::Refused(detail));
        }
        let may = ["admin", "maintain", "push", "triage"];
        if !may
            .iter()
            .any(|right| repository["permissions"][*right] == true)
        {
            let detail = format!("GitHub: the account may not label issues of `{name}`");
            return Err(self.wire.denied(&detail));
        }
        Ok(format!("issues can be opened in {name}"))
    }

    async fn find(&self, marker: &str) -> Result<Option<TicketRef>, TrackerError> {
        let label = self.config.labels.first().filter(|_| is_plain(marker));
        let Some(label) = label else {
            let detail = "GitHub: a marker has letters, digits and dashes";
            return Err(TrackerError::Refused(detail.into()));
        };
        let query = "state=all&sort=created&direction=desc&per_page=100";
        let mut path = self.path(&format!("/issues?labels={}&{query}", encoded(label)));
        for _ in 0..LISTED_PAGES {
            let (issues, next) = self.read(&path).await?;
            if let Some(found) = self.with_marker(&issues, marker) {
                return Ok(Some(found));
            }
            match next {
                Some(next) => path = next,
                None => return Ok(None),
            }
        }
        let query = format!(
            "repo:{} is:issue in:body \"{marker}\"",
            self.config.repository
        );
        let order = "sort=created&order=desc&per_page=50";
        let path = format!("/search/issues?q={}&{order}", encoded(&query));
        let (found, _) = self.read(&path).await?;
        match self.with_marker(&found["items"], marker) {
            Some(found) => Ok(Some(found)),
            None if found["incomplete_results"] == true => Err(TrackerError::Later {
                is_unsure: false,
                wait: Some(SECONDARY_WAIT),
                detail: "GitHub's search did not finish".into(),
            }),
            None => Ok(None),
        }
    }

    async fn create(&self, draft: &Draft) -> Result<TicketRef, TrackerError> {
        let to = (Method::Post, &*self.path("/issues"));
        let answer = self
            .wire
            .ask(Aim::Write, to, Some(&self.fields(draft)))
            .await?;
        match answer.status {
            201 => {}
            404 => return Err(self.no_repository()),
            _ => return Err(self.failure(Aim::Write, &answer)),
        }
        let issue = self.wire.json(Aim::Write, &answer)?;
        let unreadable = || self.wire.unreadable(Aim::Write);
        let reference = self.reference(&issue).ok_or_else(unreadable)?;
        let first = self.config.labels.first();
        let mut labels = issue["labels"].as_array().into_iter().flatten();
        if !labels.any(|label| label["name"].as_str() == first.map(String::as_str)) {
            let issue = &reference.key;
            tracing::warn!(
                issue,
                "GitHub dropped the labels: the ticket is not found again"
            );
        }
        Ok(reference)
    }

    async fn comment(&self, ticket: &TicketRef, text: &str, key: &str) -> Result<(), TrackerError> {
        let body = json!({ "body": markdown::document(text, &markdown::hidden(key)) });
        let to = (Method::Post, ticket, "/comments");
        self.on_issue(Aim::Write, to, Some(&body)).await.map(drop)
    }

    async fn has_comment(&self, ticket: &TicketRef, key: &str) -> Result<bool, TrackerError> {
        let hidden = markdown::hidden(key);
        let to = (Method::Get, ticket, "/comments?per_page=100");
        let mut answer = self.on_issue(Aim::Read, to, None).await?;
        for _ in 0..COMMENT_PAGES {
            let page = self.wire.json(Aim::Read, &answer)?;
            let Some(comments) = page.as_array() else {
                return Err(self.wire.unreadable(Aim::Read));
            };
            let has_key = |comment: &Value| {
                comment["body"]
                    .as_str()
                    .is_some_and(|body| body.contains(&hidden))
            };
            if comments.iter().any(has_key) {
                return Ok(true);
            }
            let next = answer
                .header("link")
                .and_then(|links| next(links, self.wire.base()));
            let Some(next) = next else { return Ok(false) };
            answer = self.wire.ask(Aim::Read, (Method::Get, &next), None).await?;
            if answer.status != 200 {
                return Err(self.failure(Aim::Read, &answer));
            }
        }
        Ok(false)
    }

    async fn status(&self, ticket: &TicketRef) -> Result<TicketStatus, TrackerError> {
        let to = (Method::Get, ticket, "");
        let answer = self.on_issue(Aim::Read, to, None).await?;
        match self.wire.json(Aim::Read, &answer)?["state"].as_str() {
            Some("closed") => Ok(TicketStatus::Resolved),
            Some("open") => Ok(TicketStatus::Open),
            _ => Err(self.wire.unreadable(Aim::Read)),
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
        let to = (Method::Patch, ticket, "");
        self.on_issue(Aim::Write, to, Some(&body)).await.map(drop)
    }
}
