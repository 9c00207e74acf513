//! Jira Cloud, as far as version 3 of its API is used: one project, a workflow of three statuses,
//! an index that lags behind.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{adf, jira_fields, jira_issue};
use crate::web::{Mood, Reply, Request, Web, base64, lock};

/// Statuses: id, name, key of the category; and the ids of the transitions that lead to them.
pub(super) const STATUSES: [(&str, &str, &str); 3] = [
    ("10000", "To Do", "new"),
    ("10001", "In Progress", "indeterminate"),
    ("10002", "Done", "done"),
];
pub(super) const TRANSITIONS: [&str; 3] = ["11", "21", "31"];

/// How the double behaves.
#[derive(Debug, Clone)]
pub struct JiraSettings {
    /// How long an issue is missing from searches that do not name it. Default zero.
    pub lag: Duration,
    /// Whether the project has the field of the priority. Default true.
    pub takes_priority: bool,
    /// Whether the transition to Done requires a resolution. Default false.
    pub asks_resolution: bool,
    /// A field that a new issue must have, beside those that all must have.
    pub required_field: Option<String>,
    /// Whether a wrong token is taken for nobody, who sees nothing, where Jira does so. Default false.
    pub is_open_to_nobody: bool,
    /// The most comments of a page, whatever is asked for. Default 100.
    pub page_max: usize,
}

impl Default for JiraSettings {
    fn default() -> Self {
        Self {
            lag: Duration::ZERO,
            takes_priority: true,
            asks_resolution: false,
            required_field: None,
            is_open_to_nobody: false,
            page_max: 100,
        }
    }
}

/// An issue.
#[derive(Debug, Clone)]
pub struct JiraIssue {
    /// Its number, as text.
    pub id: String,
    /// Its key: `OPS-1`.
    pub key: String,
    /// The fields it was opened with.
    pub fields: Value,
    /// The name of its status.
    pub status: String,
    /// The name of its resolution.
    pub resolution: Option<String>,
    /// The documents of its comments, in order.
    pub comments: Vec<Value>,
    /// Its links to other places, in order.
    pub links: Vec<Value>,
    opened: Instant,
}

impl JiraIssue {
    /// Its labels.
    #[must_use]
    pub fn labels(&self) -> Vec<String> {
        let labels = self.fields["labels"].as_array().into_iter().flatten();
        labels
            .filter_map(|label| label.as_str().map(str::to_owned))
            .collect()
    }

    /// The text of its description.
    #[must_use]
    pub fn description(&self) -> String {
        adf::plain(&self.fields["description"])
    }

    /// How many of its comments have a text.
    #[must_use]
    pub fn comments_with(&self, text: &str) -> usize {
        let has = |comment: &&Value| adf::plain(comment).contains(text);
        self.comments.iter().filter(has).count()
    }
}

#[derive(Debug, Default)]
struct State {
    settings: JiraSettings,
    issues: Vec<JiraIssue>,
    opened: usize,
}

/// A Jira Cloud with the project `OPS` and the account `ops@example.org`.
#[derive(Debug)]
pub struct JiraDouble {
    web: Web,
    state: Arc<Mutex<State>>,
}

impl JiraDouble {
    /// The e-mail address of its account.
    pub const EMAIL: &'static str = "ops@example.org";
    /// The token of its account.
    pub const TOKEN: &'static str = "jira-t0ken";
    /// Its project.
    pub const PROJECT: &'static str = "OPS";

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
    pub fn configure(&self, change: impl FnOnce(&mut JiraSettings)) {
        change(&mut lock(&self.state).settings);
    }

    /// Says what becomes of request number `n`, counted from now on from 0.
    pub fn set_mood(&self, mood: impl Fn(u64, &Request) -> Mood + Send + Sync + 'static) {
        self.web.set_mood(mood);
    }

    /// All issues, the oldest first.
    #[must_use]
    pub fn issues(&self) -> Vec<JiraIssue> {
        lock(&self.state).issues.clone()
    }

    /// How many issues have a label.
    #[must_use]
    pub fn count(&self, label: &str) -> usize {
        let has = |issue: &&JiraIssue| issue.labels().iter().any(|one| one == label);
        lock(&self.state).issues.iter().filter(has).count()
    }

    /// All requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.web.seen()
    }

    /// Deletes an issue.
    pub fn delete(&self, key: &str) {
        lock(&self.state).issues.retain(|issue| issue.key != key);
    }
}

/// An error as Jira writes it.
pub(super) fn refused(status: u16, messages: &[&str], errors: &Value) -> Reply {
    Reply::json(
        status,
        &json!({ "errorMessages": messages, "errors": errors }),
    )
}

fn not_there() -> Reply {
    let said = "Issue does not exist or you do not have permission to see it.";
    refused(404, &[said], &json!({}))
}

fn answer(state: &mut State, request: &Request) -> Reply {
    let parts = request.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let ["rest", "api", version, rest @ ..] = parts.as_slice() else {
        return Reply::empty(404);
    };
    let method = request.method.as_str();
    if (method, rest) == ("GET", &["serverInfo"]) {
        return Reply::json(
            200,
            &json!({
                "baseUrl": "https://example.atlassian.net", "version": "1001.0.0-SNAPSHOT",
                "versionNumbers": [1001, 0, 0], "deploymentType": "Cloud", "buildNumber": 100_300,
            }),
        );
    }
    let account = format!("{}:{}", JiraDouble::EMAIL, JiraDouble::TOKEN);
    if request.header("authorization") != format!("Basic {}", base64(&account)) {
        return nobody(state, rest);
    }
    let reply = match (method, rest) {
        (_, ["search"]) => {
            let said = "The requested API has been removed. Please migrate to the \
                /rest/api/3/search/jql API.";
            refused(410, &[said], &json!({}))
        }
        ("GET", ["myself"]) => Reply::json(
            200,
            &json!({
                "accountId": "5b10a2844c20165700ede21g", "displayName": "Ops", "active": true,
                "emailAddress": JiraDouble::EMAIL,
            }),
        ),
        ("GET", ["field"]) => jira_fields::all(),
        ("GET", ["mypermissions"]) => permissions(request),
        ("GET", ["project", key]) if is_project(key) => Reply::json(
            200,
            &json!({ "id": "10000", "key": JiraDouble::PROJECT, "name": "Ops" }),
        ),
        ("GET", ["project", key]) => refused(
            404,
            &[&format!("No project could be found with key '{key}'.")],
            &json!({}),
        ),
        ("GET", ["issue", "createmeta", key, "issuetypes", ..]) if !is_project(key) => not_there(),
        ("GET", ["issue", "createmeta", _, "issuetypes"]) => jira_fields::issue_types(),
        ("GET", ["issue", "createmeta", _, "issuetypes", id]) => {
            jira_fields::fields_of(&state.settings, id)
        }
        ("GET" | "POST", ["search", "jql"]) if *version == "3" => search(state, request),
        ("POST", ["issue"]) => create(state, request, version),
        (_, ["issue", name, rest @ ..]) => {
            let settings = state.settings.clone();
            let mut issues = state.issues.iter_mut();
            match issues.find(|issue| issue.key == *name || issue.id == *name) {
                Some(issue) => jira_issue::answer(&settings, issue, (rest, request)),
                None => not_there(),
            }
        }
        _ => Reply::empty(404),
    };
    reply.with("X-Seraph-LoginReason", "OK")
}

fn is_project(key: &str) -> bool {
    key == JiraDouble::PROJECT
}

/// What one who is not known gets: a 401, or what everybody may see.
fn nobody(state: &State, rest: &[&str]) -> Reply {
    let reply = match rest {
        ["search", "jql"] if state.settings.is_open_to_nobody => {
            Reply::json(200, &json!({ "issues": [], "isLast": true }))
        }
        ["issue", ..] if state.settings.is_open_to_nobody => not_there(),
        _ => {
            let said = "Client must be authenticated to access this resource.";
            Reply::json(401, &json!({ "message": said, "status-code": 401 }))
        }
    };
    reply.with("X-Seraph-LoginReason", "AUTHENTICATED_FAILED")
}

fn permissions(request: &Request) -> Reply {
    let Some(names) = request.query("permissions") else {
        let said = "Permissions must be provided";
        return refused(400, &[said], &json!({}));
    };
    let mut all = serde_json::Map::new();
    for name in names.split(',') {
        all.insert(name.into(), json!({ "key": name, "havePermission": true }));
    }
    Reply::json(200, &json!({ "permissions": all }))
}

fn create(state: &mut State, request: &Request, version: &str) -> Reply {
    let Some(body) = request.json() else {
        return refused(400, &["There was an error parsing JSON."], &json!({}));
    };
    let errors = jira_fields::check(&state.settings, &body["fields"], version);
    if !errors.is_empty() {
        return refused(400, &[], &Value::Object(errors));
    }
    state.opened += 1;
    let issue = JiraIssue {
        id: (10_000 + state.opened).to_string(),
        key: format!("{}-{}", JiraDouble::PROJECT, state.opened),
        fields: body["fields"].clone(),
        status: STATUSES[0].1.into(),
        resolution: None,
        comments: Vec::new(),
        links: Vec::new(),
        opened: Instant::now(),
    };
    let url = format!(
        "http://{}/rest/api/3/issue/{}",
        request.header("host"),
        issue.id
    );
    let reply = json!({ "id": issue.id, "key": issue.key, "self": url });
    state.issues.push(issue);
    Reply::json(201, &reply)
}

/// A search: clauses of equality, joined by AND, and an order.
fn search(state: &State, request: &Request) -> Reply {
    let body = request.json().unwrap_or_default();
    let of_body = |name: &str| body[name].as_str().map(str::to_owned);
    let value = |name: &str| request.query(name).map(str::to_owned).or(of_body(name));
    let jql = value("jql").unwrap_or_default();
    let (clauses, order) = jql.split_once("ORDER BY").unwrap_or((&jql, ""));
    if clauses.trim().is_empty() {
        let said = "Unbounded JQL queries are not allowed here. Please add a search restriction.";
        return refused(400, &[said], &json!({}));
    }
    let named = body["reconcileIssues"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if named.len() > 50 || named.iter().any(|id| !id.is_u64()) {
        return refused(400, &["Invalid request payload."], &json!({}));
    }
    let mut found: Vec<&JiraIssue> = state.issues.iter().collect();
    found.retain(|issue| {
        let is_named = named.iter().any(|id| id.as_u64() == issue.id.parse().ok());
        is_named || issue.opened.elapsed() >= state.settings.lag
    });
    for clause in clauses.split(" AND ") {
        let Some((field, wanted)) = clause.split_once('=') else {
            let said = format!("Error in the JQL Query: the clause '{clause}' is not understood.");
            return refused(400, &[&said], &json!({}));
        };
        let wanted = wanted.trim().trim_matches('"');
        match field.trim() {
            "project" if !is_project(wanted) => {
                let said = format!("The value '{wanted}' does not exist for the field 'project'.");
                return refused(400, &[&said], &json!({}));
            }
            "project" => {}
            "labels" => found.retain(|issue| issue.labels().iter().any(|one| one == wanted)),
            "key" => found.retain(|issue| issue.key == wanted),
            other => {
                let said = format!("Field '{other}' does not exist or you do not have permission.");
                return refused(400, &[&said], &json!({}));
            }
        }
    }
    if order.contains("DESC") {
        found.reverse();
    }
    let from: usize = value("nextPageToken")
        .and_then(|at| at.parse().ok())
        .unwrap_or(0);
    let limit = body["maxResults"].as_u64().map(|most| most.to_string());
    let limit = request.query("maxResults").map(str::to_owned).or(limit);
    let limit = limit.and_then(|most| most.parse().ok()).unwrap_or(50_usize);
    let of_body = body["fields"].as_array().into_iter().flatten();
    let mut fields: Vec<String> = of_body
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    // In an address they are told one by one, or with commas.
    for (_, names) in request.query.iter().filter(|(name, _)| name == "fields") {
        fields.extend(names.split(',').map(str::to_owned));
    }
    let page: Vec<Value> = found
        .iter()
        .skip(from)
        .take(limit)
        .map(|issue| jira_fields::shown(issue, &fields))
        .collect();
    let is_last = from + page.len() >= found.len();
    let mut reply = json!({ "issues": page, "isLast": is_last });
    if !is_last {
        reply["nextPageToken"] = (from + limit).to_string().into();
    }
    Reply::json(200, &reply)
}
