//! GitHub, as far as issues of one repository are used: labels, comments, pages, a search whose
//! index lags behind, and limits.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::web::{Mood, Reply, Request, Web, lock};

/// The most characters of a title and of a body.
const TITLE_MAX: usize = 256;
const BODY_MAX: usize = 65_536;
const FIXED_TIME: &str = "2026-11-29T00:00:00Z";

/// How the double behaves.
#[derive(Debug, Clone, Copy)]
pub struct GitHubSettings {
    /// The most issues or comments of a page, whatever is asked for. Default 100.
    pub page_max: usize,
    /// How many of the newest issues the search does not know yet. Default 0.
    pub unsearched: usize,
    /// Whether the account may label issues; labels are dropped without a word if not. Default true.
    pub may_label: bool,
    /// Whether the repository has issues. Default true.
    pub has_issues: bool,
}

impl Default for GitHubSettings {
    fn default() -> Self {
        Self {
            page_max: 100,
            unsearched: 0,
            may_label: true,
            has_issues: true,
        }
    }
}

/// An issue.
#[derive(Debug, Clone, Default)]
pub struct GitHubIssue {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its body.
    pub body: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// `open` or `closed`.
    pub state: String,
    /// Why it has its state.
    pub state_reason: Option<String>,
    /// The bodies of its comments, in order.
    pub comments: Vec<String>,
    /// Whether it is a change and no issue.
    pub is_pull_request: bool,
}

#[derive(Debug, Default)]
struct State {
    settings: GitHubSettings,
    issues: Vec<GitHubIssue>,
    opened: u64,
    deleted: Vec<u64>,
}

/// A GitHub with the repository `example/shop`.
#[derive(Debug)]
pub struct GitHubDouble {
    web: Web,
    state: Arc<Mutex<State>>,
}

impl GitHubDouble {
    /// The token of its account.
    pub const TOKEN: &'static str = "github-t0ken";
    /// Its repository.
    pub const REPOSITORY: &'static str = "example/shop";

    /// Starts it on a free port.
    ///
    /// # Errors
    /// If there is none.
    pub fn start() -> anyhow::Result<Self> {
        let state: Arc<Mutex<State>> = Arc::default();
        let own = state.clone();
        let web = Web::start(move |request| answer(&mut lock(&own), request))?;
        Ok(Self { web, state })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        self.web.url()
    }

    /// Changes how it behaves.
    pub fn configure(&self, change: impl FnOnce(&mut GitHubSettings)) {
        change(&mut lock(&self.state).settings);
    }

    /// Says what becomes of request number `n`, counted from now on from 0.
    pub fn set_mood(&self, mood: impl Fn(u64, &Request) -> Mood + Send + Sync + 'static) {
        self.web.set_mood(mood);
    }

    /// All issues and changes, the oldest first.
    #[must_use]
    pub fn issues(&self) -> Vec<GitHubIssue> {
        lock(&self.state).issues.clone()
    }

    /// How many issues have a text in their body, such as a hidden marker, or a label.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        let has = |one: &&GitHubIssue| {
            one.body.contains(text) || one.labels.iter().any(|label| label == text)
        };
        lock(&self.state).issues.iter().filter(has).count()
    }

    /// All requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.web.seen()
    }

    /// Opens an issue, or a change, as somebody else.
    pub fn open(&self, mut issue: GitHubIssue) {
        let mut state = lock(&self.state);
        state.opened += 1;
        issue.number = state.opened;
        issue.state = "open".into();
        state.issues.push(issue);
    }

    /// Deletes an issue.
    pub fn delete(&self, number: u64) {
        let mut state = lock(&self.state);
        state.issues.retain(|one| one.number != number);
        state.deleted.push(number);
    }
}

fn refused(status: u16, message: &str) -> Reply {
    let url = "https://docs.github.com/rest";
    Reply::json(
        status,
        &json!({ "message": message, "documentation_url": url }),
    )
}

fn invalid(field: &str, code: &str) -> Reply {
    Reply::json(
        422,
        &json!({
            "message": "Validation Failed",
            "errors": [{ "resource": "Issue", "field": field, "code": code }],
            "documentation_url": "https://docs.github.com/rest/issues/issues",
        }),
    )
}

fn answer(state: &mut State, request: &Request) -> Reply {
    if request.header("user-agent").is_empty() {
        return refused(
            403,
            "Request forbidden by administrative rules. Please make sure your \
            request has a User-Agent header.",
        );
    }
    let given = request.header("authorization");
    let token = given
        .strip_prefix("Bearer ")
        .or_else(|| given.strip_prefix("token "));
    if token != Some(GitHubDouble::TOKEN) {
        return refused(401, "Bad credentials");
    }
    let parts = request.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let reply = match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["user"]) => Reply::json(200, &json!({ "login": "ops", "id": 1 })),
        ("GET", ["search", "issues"]) => search(state, request),
        (_, ["repos", owner, name, rest @ ..])
            if format!("{owner}/{name}") == GitHubDouble::REPOSITORY =>
        {
            in_repository(state, rest, request)
        }
        _ => refused(404, "Not Found"),
    };
    reply
        .with("X-RateLimit-Limit", 5000)
        .with("X-RateLimit-Remaining", 4990)
        .with("X-RateLimit-Reset", 1_800_000_000)
}

fn base(request: &Request) -> String {
    format!("http://{}", request.header("host"))
}

fn in_repository(state: &mut State, rest: &[&str], request: &Request) -> Reply {
    let settings = state.settings;
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let name = GitHubDouble::REPOSITORY;
            let may = settings.may_label;
            Reply::json(
                200,
                &json!({
                    "id": 7, "name": "shop", "full_name": name, "private": true, "archived": false,
                    "has_issues": settings.has_issues, "url": format!("{}/repos/{name}", base(request)),
                    "permissions": { "admin": false, "push": may, "triage": may, "pull": true },
                }),
            )
        }
        (_, ["issues", ..]) if !settings.has_issues => {
            refused(410, "Issues has been disabled in this repository.")
        }
        ("GET", ["issues"]) => list(state, request),
        ("POST", ["issues"]) => create(state, request),
        (method, ["issues", number, rest @ ..]) => {
            let number = number.parse().unwrap_or(0);
            if state.deleted.contains(&number) {
                return refused(410, "This issue was deleted");
            }
            let Some(issue) = state.issues.iter_mut().find(|one| one.number == number) else {
                return refused(404, "Not Found");
            };
            match (method, rest) {
                ("GET", []) => Reply::json(200, &shown(issue, request)),
                ("PATCH", []) => change(issue, request),
                ("POST", ["comments"]) => {
                    let body = request.json().unwrap_or_default();
                    let body = body["body"].as_str().unwrap_or_default();
                    if body.trim().is_empty() || body.chars().count() > BODY_MAX {
                        return invalid("body", "invalid");
                    }
                    issue.comments.push(body.to_owned());
                    let shown = comment(issue, issue.comments.len() - 1, request);
                    Reply::json(201, &shown)
                }
                ("GET", ["comments"]) => {
                    let all = 0..issue.comments.len();
                    let all = all.map(|at| comment(issue, at, request)).collect();
                    page(settings, all, request)
                }
                _ => refused(404, "Not Found"),
            }
        }
        _ => refused(404, "Not Found"),
    }
}

fn list(state: &State, request: &Request) -> Reply {
    let labels = request.query("labels").unwrap_or_default();
    let wanted: Vec<&str> = labels
        .split(',')
        .filter(|label| !label.is_empty())
        .collect();
    let of = request.query("state").unwrap_or("open");
    let is_met = |one: &&GitHubIssue| {
        (of == "all" || one.state == of)
            && wanted
                .iter()
                .all(|label| one.labels.iter().any(|own| own == label))
    };
    let mut all: Vec<Value> = state
        .issues
        .iter()
        .filter(is_met)
        .map(|one| shown(one, request))
        .collect();
    if request.query("direction") != Some("asc") {
        all.reverse();
    }
    page(state.settings, all, request)
}

/// A page of some things, with the address of the next.
fn page(settings: GitHubSettings, all: Vec<Value>, request: &Request) -> Reply {
    let number = |name: &str, default: usize| {
        request
            .query(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let most = number("per_page", 30).clamp(1, settings.page_max.max(1));
    let at = number("page", 1).max(1);
    let total = all.len();
    let shown: Vec<Value> = all.into_iter().skip((at - 1) * most).take(most).collect();
    let reply = Reply::json(200, &shown.into());
    if at * most >= total {
        return reply;
    }
    let others = request.query.iter().filter(|(name, _)| name != "page");
    let others: Vec<String> = others
        .map(|(name, value)| format!("{name}={}", value.replace(' ', "+")))
        .collect();
    let url = format!(
        "{}{}?{}&page={}",
        base(request),
        request.path,
        others.join("&"),
        at + 1
    );
    reply.with(
        "Link",
        format!("<{url}>; rel=\"next\", <{url}>; rel=\"last\""),
    )
}

/// A search by `repo:`, `is:issue`, `in:body` and a text in quotes.
fn search(state: &State, request: &Request) -> Reply {
    let query = request.query("q").unwrap_or_default();
    if !query.contains(&format!("repo:{}", GitHubDouble::REPOSITORY)) {
        return invalid("q", "invalid");
    }
    let text = query.split('"').nth(1).unwrap_or_default();
    let known = state.issues.len().saturating_sub(state.settings.unsearched);
    let found = state.issues.iter().take(known).rev();
    let found = found.filter(|one| one.body.contains(text) && !one.is_pull_request);
    let items: Vec<Value> = found.map(|one| shown(one, request)).collect();
    Reply::json(
        200,
        &json!({
            "total_count": items.len(), "incomplete_results": false, "items": items,
        }),
    )
}

fn create(state: &mut State, request: &Request) -> Reply {
    let Some(body) = request.json().filter(Value::is_object) else {
        return refused(400, "Problems parsing JSON");
    };
    let title = body["title"].as_str().unwrap_or_default();
    if title.trim().is_empty() {
        return invalid("title", "missing_field");
    }
    let text = body["body"].as_str().unwrap_or_default();
    if title.chars().count() > TITLE_MAX || text.chars().count() > BODY_MAX {
        return invalid("body", "too_long");
    }
    let labels = body["labels"].as_array().into_iter().flatten();
    let labels = labels.filter_map(|label| label.as_str().map(str::to_owned));
    let labels: Vec<String> = labels.filter(|_| state.settings.may_label).collect();
    if labels
        .iter()
        .any(|label| label.is_empty() || label.chars().count() > 50)
    {
        return invalid("labels", "invalid");
    }
    state.opened += 1;
    let issue = GitHubIssue {
        number: state.opened,
        title: title.to_owned(),
        body: text.to_owned(),
        labels,
        state: "open".into(),
        ..GitHubIssue::default()
    };
    let reply = Reply::json(201, &shown(&issue, request));
    state.issues.push(issue);
    reply
}

fn change(issue: &mut GitHubIssue, request: &Request) -> Reply {
    let body = request.json().unwrap_or_default();
    if let Some(state) = body["state"].as_str() {
        if !["open", "closed"].contains(&state) {
            return invalid("state", "invalid");
        }
        let reason = body["state_reason"].as_str();
        let known = ["completed", "not_planned", "duplicate", "reopened"];
        if reason.is_some_and(|reason| !known.contains(&reason)) {
            return invalid("state_reason", "invalid");
        }
        state.clone_into(&mut issue.state);
        issue.state_reason = reason.map(str::to_owned);
    }
    Reply::json(200, &shown(issue, request))
}

fn shown(issue: &GitHubIssue, request: &Request) -> Value {
    let (name, number) = (GitHubDouble::REPOSITORY, issue.number);
    let labels = issue.labels.iter();
    let labels: Vec<Value> = labels.map(|label| json!({ "name": label })).collect();
    let url = format!("{}/repos/{name}/issues/{number}", base(request));
    let mut shown = json!({
        "id": 1000 + number, "number": number, "title": issue.title, "body": issue.body,
        "labels": labels, "state": issue.state, "state_reason": issue.state_reason,
        "comments": issue.comments.len(), "url": url, "comments_url": format!("{url}/comments"),
        "html_url": format!("https://github.com/{name}/issues/{number}"),
        "created_at": FIXED_TIME, "updated_at": FIXED_TIME, "user": { "login": "ops", "id": 1 },
    });
    if issue.is_pull_request {
        shown["pull_request"] = json!({ "url": url });
    }
    shown
}

fn comment(issue: &GitHubIssue, at: usize, request: &Request) -> Value {
    let name = GitHubDouble::REPOSITORY;
    let id = issue.number * 1000 + at as u64;
    json!({
        "id": id, "body": issue.comments[at], "created_at": FIXED_TIME, "updated_at": FIXED_TIME,
        "url": format!("{}/repos/{name}/issues/comments/{id}", base(request)),
        "user": { "login": "ops", "id": 1 },
    })
}
