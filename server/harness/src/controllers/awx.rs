//! AWX, as far as launching templates is used; after answers of a real AWX 23.3.1. It is as lenient
//! as the real one where that is a trap: what a template does not ask for at launch is left out, with
//! status 201 and a note in `ignored_fields`.

use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use super::awx_jobs::{self, AwxJob};
use crate::web::{Mood, Reply, Request, Web, base64, lock};

/// The names of what is listed at the root of its API.
const ROOT: [&str; 9] = [
    "ping",
    "config",
    "me",
    "job_templates",
    "jobs",
    "workflow_job_templates",
    "workflow_jobs",
    "unified_jobs",
    "projects",
];

/// How the double behaves.
#[derive(Debug, Clone)]
pub struct AwxSettings {
    /// How often a job is asked how it goes until it is over.
    pub steps: u32,
    /// How jobs end.
    pub ends_as: String,
    /// What a job in check mode ends as, if it is something else.
    pub check_ends_as: Option<String>,
    /// What a launch leaves out though the template asks for it, as one that was just changed does.
    pub leaves_out: Option<String>,
    /// The revision of the project.
    pub revision: String,
}

impl Default for AwxSettings {
    fn default() -> Self {
        Self {
            steps: 3,
            ends_as: "successful".into(),
            check_ends_as: None,
            leaves_out: None,
            revision: "2d8c4f6e".into(),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) settings: AwxSettings,
    pub(super) templates: Vec<Value>,
    pub(super) jobs: Vec<AwxJob>,
}

/// An AWX of the organization `acme` with an inventory, a project and some templates.
#[derive(Debug)]
pub struct AwxDouble {
    web: Web,
    state: Arc<Mutex<State>>,
}

impl AwxDouble {
    /// The token of its account.
    pub const TOKEN: &'static str = "awx-t0ken";
    /// The name of its account.
    pub const USER: &'static str = "ops";
    /// The password of its account.
    pub const PASSWORD: &'static str = "awx-passw0rd";
    /// The hosts of its inventory, whose number is 2.
    pub const HOSTS: [&'static str; 3] = ["db-1", "web-1", "web-2"];
    /// A template that asks for everything.
    pub const RESTART: i64 = 8;
    /// A template that asks for nothing.
    pub const FIXED: i64 = 9;
    /// A template that has a survey, and asks for nothing else.
    pub const SURVEYED: i64 = 10;
    /// A workflow.
    pub const REPAIR: i64 = 20;

    /// Starts it on a free port.
    ///
    /// # Errors
    /// If there is none.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_at("/api/v2")
    }

    /// The same with the API at another path.
    ///
    /// # Errors
    /// If there is no free port.
    pub fn start_at(path: &'static str) -> anyhow::Result<Self> {
        let state = Arc::new(Mutex::new(State {
            templates: templates(),
            ..State::default()
        }));
        let own = state.clone();
        let web = Web::start(move |request| answer(&mut lock(&own), path, request))?;
        Ok(Self { web, state })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        self.web.url()
    }

    /// Changes how it behaves.
    pub fn configure(&self, change: impl FnOnce(&mut AwxSettings)) {
        change(&mut lock(&self.state).settings);
    }

    /// Sets a field of a template.
    pub fn set_field(&self, template: i64, field: &str, value: Value) {
        let mut state = lock(&self.state);
        let found = state.templates.iter_mut().find(|one| one["id"] == template);
        if let Some(template) = found {
            template[field] = value;
        }
    }

    /// Says what becomes of request number `n`, counted from now on from 0.
    pub fn set_mood(&self, mood: impl Fn(u64, &Request) -> Mood + Send + Sync + 'static) {
        self.web.set_mood(mood);
    }

    /// All jobs, the oldest first.
    #[must_use]
    pub fn jobs(&self) -> Vec<AwxJob> {
        lock(&self.state).jobs.clone()
    }

    /// All requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.web.seen()
    }
}

/// Which prompts a template has, by the field of a launch.
pub(super) const PROMPTS: [(&str, &str); 8] = [
    ("extra_vars", "ask_variables_on_launch"),
    ("limit", "ask_limit_on_launch"),
    ("inventory", "ask_inventory_on_launch"),
    ("job_type", "ask_job_type_on_launch"),
    ("diff_mode", "ask_diff_mode_on_launch"),
    ("job_tags", "ask_tags_on_launch"),
    ("skip_tags", "ask_skip_tags_on_launch"),
    ("scm_branch", "ask_scm_branch_on_launch"),
];

/// Where what belongs to something is.
fn related(path: &str, names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| ((*name).to_owned(), Value::from(format!("{path}{name}/"))))
        .collect()
}

fn template(id: i64, name: &str, asks: bool) -> Value {
    let mut template = json!({
        "id": id,
        "type": "job_template",
        "url": format!("/api/v2/job_templates/{id}/"),
        "related": related(&format!("/api/v2/job_templates/{id}/"), &["launch", "jobs", "survey_spec", "slice_workflow_jobs"]),
        "summary_fields": { "organization": { "id": 1, "name": "acme" }, "credentials": [{ "id": 3 }] },
        "name": name,
        "description": "",
        "organization": 1,
        "job_type": "run",
        "inventory": 2,
        "project": 6,
        "playbook": format!("{name}.yml"),
        "scm_branch": "",
        "limit": "",
        "extra_vars": "",
        "job_tags": "",
        "skip_tags": "",
        "execution_environment": null,
        "job_slice_count": 1,
        "survey_enabled": false,
        "survey": [],
    });
    for (_, prompt) in PROMPTS {
        template[prompt] = asks.into();
    }
    template
}

fn templates() -> Vec<Value> {
    let mut surveyed = template(AwxDouble::SURVEYED, "surveyed", false);
    surveyed["survey_enabled"] = true.into();
    let question = |variable: &str, kind: &str, required: bool| {
        json!({
            "question_name": variable, "question_description": "", "variable": variable,
            "type": kind, "required": required, "default": "", "min": null, "max": null,
            "choices": "", "new_question": true,
        })
    };
    let mut count = question("count", "integer", false);
    count["min"] = 1.into();
    count["max"] = 5.into();
    let mut mode = question("mode", "multiplechoice", false);
    mode["choices"] = json!(["fast", "slow"]);
    surveyed["survey"] = json!([
        question("svc", "text", true),
        count,
        mode,
        question("tocsin_run", "text", false),
    ]);
    let mut workflow = template(AwxDouble::REPAIR, "repair", true);
    workflow["type"] = "workflow_job_template".into();
    workflow["url"] = format!("/api/v2/workflow_job_templates/{}/", AwxDouble::REPAIR).into();
    let names = ["launch", "workflow_jobs", "survey_spec", "workflow_nodes"];
    let path = format!("/api/v2/workflow_job_templates/{}/", AwxDouble::REPAIR);
    workflow["related"] = related(&path, &names);
    for field in ["job_type", "project", "playbook", "job_slice_count"] {
        workflow[field].take();
    }
    for field in ["ask_job_type_on_launch", "ask_diff_mode_on_launch"] {
        workflow[field] = false.into();
    }
    vec![
        // Its own client asks for the options of number 1.
        template(1, "first", true),
        template(AwxDouble::RESTART, "restart", true),
        template(AwxDouble::FIXED, "fixed", false),
        surveyed,
        workflow,
    ]
}

fn answer(state: &mut State, base: &str, request: &Request) -> Reply {
    let found = || Reply::json(404, &json!({ "detail": "Not found." }));
    if request.path == "/api/" {
        let versions = json!({ "v2": format!("{base}/") });
        return Reply::json(
            200,
            &json!({ "description": "AWX REST API", "current_version": format!("{base}/"), "available_versions": versions }),
        );
    }
    let Some(path) = request
        .path
        .strip_prefix(base)
        .filter(|path| path.ends_with('/'))
    else {
        return found();
    };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] => return root(base),
        ["ping"] => {
            let ping = json!({ "ha": false, "version": "23.3.1", "active_node": "awx-1", "instances": [] });
            return Reply::json(200, &ping);
        }
        _ => {}
    }
    if !is_known(request) {
        let said = "Authentication credentials were not provided. To establish a login session, visit /api/login/.";
        return Reply::json(401, &json!({ "detail": said })).with(
            "WWW-Authenticate",
            "Bearer realm=api authorization_url=/api/o/authorize/",
        );
    }
    if request.method == "OPTIONS" {
        return options(&parts);
    }
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["me"]) => list(
            request,
            vec![json!({ "id": 1, "username": AwxDouble::USER })],
            &[],
        ),
        ("GET", ["config"]) => Reply::json(200, &json!({ "version": "23.3.1" })),
        ("GET", ["projects", "6"]) => {
            let revision = state.settings.revision.as_str();
            Reply::json(
                200,
                &json!({ "id": 6, "type": "project", "scm_revision": revision, "scm_update_on_launch": false }),
            )
        }
        ("GET", ["inventories"]) => {
            let fleet = json!({ "id": 2, "name": "fleet", "summary_fields": { "organization": { "name": "acme" } } });
            list(request, vec![fleet], &["name", "organization__name"])
        }
        ("GET", ["inventories", "2", "hosts"]) => hosts(request),
        (
            _,
            [
                kind @ ("job_templates" | "workflow_job_templates"),
                rest @ ..,
            ],
        ) => of_template(state, request, kind, rest),
        (_, ["jobs" | "workflow_jobs" | "unified_jobs", ..]) => {
            awx_jobs::answer(state, request, &parts)
        }
        _ => found(),
    }
}

/// Whether a request says who it is of, by the token or the password.
fn is_known(request: &Request) -> bool {
    let account = format!("{}:{}", AwxDouble::USER, AwxDouble::PASSWORD);
    let known = [
        format!("Bearer {}", AwxDouble::TOKEN),
        format!("Basic {}", base64(&account)),
    ];
    known
        .iter()
        .any(|known| known == request.header("authorization"))
}

/// Whether something has a number.
pub(super) fn has_id(one: &Value, id: &str) -> bool {
    id.parse::<i64>().is_ok_and(|id| one["id"] == id)
}

fn root(base: &str) -> Reply {
    let names = ROOT
        .iter()
        .map(|name| ((*name).to_owned(), format!("{base}/{name}/").into()));
    let mut names = Map::from_iter(names);
    names.insert("inventory".into(), format!("{base}/inventories/").into());
    Reply::json(200, &Value::Object(names))
}

/// What its own client asks before it does anything.
fn options(parts: &[&str]) -> Reply {
    let field = |kind: &str| json!({ "type": kind, "required": false, "filterable": true });
    let actions = match parts {
        [.., "launch"] => {
            let choices = json!([["run", "Run"], ["check", "Check"]]);
            json!({ "POST": {
                "extra_vars": field("json"),
                "limit": field("string"),
                "inventory": field("field"),
                "job_type": { "type": "choice", "required": false, "choices": choices },
                "diff_mode": field("boolean"),
                "job_tags": field("string"),
                "skip_tags": field("string"),
            } })
        }
        [_] => json!({ "GET": { "name": field("string"), "status": field("string") } }),
        _ => json!({ "GET": {} }),
    };
    Reply::json(200, &json!({ "name": "Double", "actions": actions }))
        .with("Allow", "GET, POST, HEAD, OPTIONS")
}

fn hosts(request: &Request) -> Reply {
    let wanted = request
        .query("name__in")
        .map(|names| names.split(',').collect::<Vec<_>>());
    let is_wanted = |name: &str| wanted.as_ref().is_none_or(|wanted| wanted.contains(&name));
    let hosts = AwxDouble::HOSTS.iter().filter(|name| is_wanted(name));
    let hosts = hosts.map(|name| json!({ "name": name, "enabled": true }));
    list(request, hosts.collect(), &["enabled", "name__in"])
}

/// A page of a list, of which the fields `filters` may be asked for.
pub(super) fn list(request: &Request, mut all: Vec<Value>, filters: &[&str]) -> Reply {
    for (name, value) in &request.query {
        match name.as_str() {
            "page" | "page_size" | "no_truncate" => continue,
            "order_by" => {
                if value == "-id" {
                    all.reverse();
                }
                continue;
            }
            name if !filters.contains(&name) => {
                let said = format!("Job has no field named '{name}'");
                return Reply::json(400, &json!({ "detail": said }));
            }
            _ => {}
        }
        match name.as_str() {
            "id" => all.retain(|one| has_id(one, value)),
            "name" => all.retain(|one| one["name"] == value.as_str()),
            "organization__name" => {
                all.retain(|one| one["summary_fields"]["organization"]["name"] == value.as_str());
            }
            "start_line__gte" => {
                let from: i64 = value.parse().unwrap_or(0);
                all.retain(|one| one["start_line"].as_i64().is_some_and(|line| line >= from));
            }
            _ => {}
        }
    }
    let number = |name: &str, default: usize| {
        let text = request.query(name);
        text.and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (page, size) = (number("page", 1).max(1), number("page_size", 25).min(200));
    let count = all.len();
    let results: Vec<Value> = all.into_iter().skip((page - 1) * size).take(size).collect();
    let next = (page * size < count).then(|| format!("{}?page={}", request.path, page + 1));
    Reply::json(
        200,
        &json!({ "count": count, "next": next, "previous": null, "results": results }),
    )
}

fn of_template(state: &mut State, request: &Request, kind: &str, rest: &[&str]) -> Reply {
    let word = kind.trim_end_matches('s');
    let of_kind = |one: &&Value| one["type"] == word;
    let [id, rest @ ..] = rest else {
        let all = state.templates.iter().filter(of_kind).cloned().collect();
        return list(request, all, &["name", "organization__name"]);
    };
    let mut found = state.templates.iter().filter(of_kind);
    let Some(template) = found.find(|one| has_id(one, id)).cloned() else {
        return Reply::json(404, &json!({ "detail": "Not found." }));
    };
    match (request.method.as_str(), rest) {
        ("GET", []) => Reply::json(200, &template),
        ("GET", ["launch"]) => Reply::json(200, &launch_info(&template)),
        ("POST", ["launch"]) => awx_jobs::launch(state, &template, request),
        ("GET", ["survey_spec"]) => {
            let spec = &template["survey"];
            Reply::json(200, &json!({ "name": "", "description": "", "spec": spec }))
        }
        ("GET", ["workflow_nodes"]) if kind == "workflow_job_templates" => {
            let node =
                json!({ "id": 1, "unified_job_template": AwxDouble::RESTART, "success_nodes": [] });
            list(request, vec![node], &[])
        }
        ("GET", ["jobs" | "workflow_jobs" | "slice_workflow_jobs"]) => {
            awx_jobs::jobs_of(state, &template, request)
        }
        _ => Reply::json(404, &json!({ "detail": "Not found." })),
    }
}

fn launch_info(template: &Value) -> Value {
    let mut info = json!({
        "can_start_without_user_input": true,
        "passwords_needed_to_start": template["passwords_needed"].as_array().cloned().unwrap_or_default(),
        "variables_needed_to_start": [],
        "credential_needed_to_start": false,
        "inventory_needed_to_start": template["inventory"].is_null(),
        "survey_enabled": template["survey_enabled"],
        "defaults": { "inventory": { "id": template["inventory"] } },
    });
    for (_, prompt) in PROMPTS {
        info[prompt] = template[prompt].clone();
    }
    info
}
