//! The issues of a repository on GitHub.
//!
//! <https://docs.github.com/rest/issues>. What an issue is found by is hidden in its body, since a
//! label for each would fill the repository's list of labels. The newest issues with a label are
//! listed, which is always up to date; older ones are searched, whose index lags behind.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tocsin_domain::ports::Clock;
use tocsin_domain::ticket::TicketRef;

use super::wire::{Wire, is_plain};
use super::{
    Aim, ConfigSecret, TrackerConfigError, TrackerError, base_url, encoded, markdown, secret,
};
use crate::http::{Answer, Auth, HttpConfig, Method};

/// The most characters of a title.
pub(crate) const TITLE_MAX: usize = 256;
/// How many pages of a hundred issues are listed before the search is asked.
const LISTED_PAGES: usize = 3;
/// The most pages of comments.
const COMMENT_PAGES: usize = 50;
/// The least wait when too much was asked at once, as GitHub's documentation has it.
const SECONDARY_WAIT: Duration = Duration::from_secs(60);

/// Settings of a repository.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GitHubAccess<'a> {
    /// What comes before the names of settings in errors: `github.`.
    pub(crate) section: &'a str,
    pub(crate) url: &'a str,
    pub(crate) repository: &'a str,
    pub(crate) token: &'a ConfigSecret,
    pub(crate) token_file: Option<&'a Path>,
}

/// A repository of GitHub.
pub(crate) struct GitHubRepository {
    wire: Wire,
    name: String,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for GitHubRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GitHubRepository").field(&self.name).finish()
    }
}

impl GitHubRepository {
    /// A client. The clock is for limits, which end at a time.
    ///
    /// # Errors
    /// [`TrackerConfigError`] with the setting that cannot be.
    pub(crate) fn new(
        access: &GitHubAccess<'_>,
        http: &HttpConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TrackerConfigError> {
        let field = |name: &str| format!("{}{name}", access.section);
        let wrong =
            |name: &str, expected: &str| Err(TrackerConfigError::new(&field(name), expected));
        let url = base_url(&field("url"), access.url)?;
        let token = secret(&field("token"), access.token, access.token_file)?;
        let Some(token) = token else {
            return wrong("token", "a token that may write issues");
        };
        let is_name = |name: &str| {
            let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !name.is_empty() && name.chars().all(is_good)
        };
        match access.repository.split_once('/') {
            Some((owner, name)) if is_name(owner) && is_name(name) => {}
            _ => return wrong("repository", "a repository such as `example/shop`"),
        }
        let headers = [
            ("Accept", "application/vnd.github+json"),
            ("X-GitHub-Api-Version", "2022-11-28"),
        ];
        Ok(Self {
            wire: Wire::new("GitHub", http, (url, Auth::Bearer(token)), &headers),
            name: access.repository.to_owned(),
            clock,
        })
    }

    /// What requests leave by.
    pub(crate) const fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Its name: `example/shop`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What an answer means that is not good: limits are answered as if the token were wrong.
    pub(crate) fn failure(&self, aim: Aim, answer: &Answer) -> TrackerError {
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
        format!("/repos/{}{rest}", self.name)
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
    pub(crate) async fn on_issue(
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
        let detail = format!("GitHub shows no repository `{}`", self.name);
        self.wire.denied(&detail)
    }

    /// An issue as people and we refer to it.
    pub(crate) fn reference(&self, issue: &Value) -> Option<TicketRef> {
        let number = issue["number"].as_u64()?;
        Some(TicketRef {
            key: format!("#{number}"),
            id: number.to_string(),
            url: issue["html_url"].as_str().unwrap_or_default().to_owned(),
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

    /// Whether issues can be opened and labelled.
    pub(crate) async fn check(&self) -> Result<String, TrackerError> {
        let to = (Method::Get, &*self.path(""));
        let answer = self.wire.ask(Aim::Read, to, None).await?;
        match answer.status {
            200 => {}
            404 => return Err(self.no_repository()),
            _ => return Err(self.failure(Aim::Read, &answer)),
        }
        let repository = self.wire.json(Aim::Read, &answer)?;
        let name = &self.name;
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

    /// The newest issue with a label and a hidden marker.
    pub(crate) async fn find(
        &self,
        label: &str,
        marker: &str,
    ) -> Result<Option<TicketRef>, TrackerError> {
        if !is_plain(marker) || label.is_empty() {
            let detail = "GitHub: a marker has letters, digits and dashes";
            return Err(TrackerError::Refused(detail.into()));
        }
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
        let query = format!("repo:{} is:issue in:body \"{marker}\"", self.name);
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

    /// Opens an issue. `label` is the one by which it is found.
    pub(crate) async fn create(
        &self,
        fields: &Value,
        label: &str,
    ) -> Result<TicketRef, TrackerError> {
        let to = (Method::Post, &*self.path("/issues"));
        let answer = self.wire.ask(Aim::Write, to, Some(fields)).await?;
        match answer.status {
            201 => {}
            404 => return Err(self.no_repository()),
            _ => return Err(self.failure(Aim::Write, &answer)),
        }
        let issue = self.wire.json(Aim::Write, &answer)?;
        let unreadable = || self.wire.unreadable(Aim::Write);
        let reference = self.reference(&issue).ok_or_else(unreadable)?;
        let mut labels = issue["labels"].as_array().into_iter().flatten();
        if !labels.any(|one| one["name"].as_str() == Some(label)) {
            let issue = &reference.key;
            tracing::warn!(
                issue,
                "GitHub dropped the labels: the issue is not found again"
            );
        }
        Ok(reference)
    }

    /// An issue.
    pub(crate) async fn issue(&self, ticket: &TicketRef) -> Result<Value, TrackerError> {
        let to = (Method::Get, ticket, "");
        let answer = self.on_issue(Aim::Read, to, None).await?;
        self.wire.json(Aim::Read, &answer)
    }

    /// Sets fields of an issue.
    pub(crate) async fn set(&self, ticket: &TicketRef, fields: &Value) -> Result<(), TrackerError> {
        let to = (Method::Patch, ticket, "");
        self.on_issue(Aim::Write, to, Some(fields)).await.map(drop)
    }

    /// Says something on an issue.
    pub(crate) async fn comment(
        &self,
        ticket: &TicketRef,
        body: &Value,
    ) -> Result<(), TrackerError> {
        let to = (Method::Post, ticket, "/comments");
        self.on_issue(Aim::Write, to, Some(body)).await.map(drop)
    }

    /// Whether a comment with a hidden key is on an issue.
    pub(crate) async fn has_comment(
        &self,
        ticket: &TicketRef,
        key: &str,
    ) -> Result<bool, TrackerError> {
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
}

/// The path of the next page, if there is one below an address.
fn next(links: &str, base: &str) -> Option<String> {
    let mut links = links.split(',');
    let link = links.find(|link| link.contains("rel=\"next\""))?;
    let url = link.trim().strip_prefix('<')?.split('>').next()?;
    url.strip_prefix(base).map(str::to_owned)
}
