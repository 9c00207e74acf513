//! The jobs of the double of AWX: launched, followed, cancelled.

use serde_json::{Map, Value, json};

use super::awx::{AwxDouble, AwxSettings, PROMPTS, State, list};
use crate::web::{Reply, Request};

const FIXED_TIME: &str = "2026-11-29T00:00:00.000000Z";

/// A job.
#[derive(Debug, Clone)]
pub struct AwxJob {
    /// Its number.
    pub id: i64,
    /// The number of its template.
    pub template: i64,
    /// Whether it is a workflow of jobs.
    pub is_workflow: bool,
    /// What it runs with: the fields of the launch that were taken.
    pub fields: Map<String, Value>,
    /// Its extra variables, as AWX keeps them: JSON in a text.
    pub extra_vars: String,
    /// How it goes.
    pub status: String,
    steps: u32,
    name: String,
    playbook: Value,
}

impl AwxJob {
    /// Its extra variables.
    #[must_use]
    pub fn variables(&self) -> Value {
        serde_json::from_str(&self.extra_vars).unwrap_or_default()
    }

    /// Whether it is in check mode.
    #[must_use]
    pub fn is_check(&self) -> bool {
        self.fields.get("job_type") == Some(&json!("check"))
    }

    /// The key under which Tocsin launched it.
    #[must_use]
    pub fn key(&self) -> String {
        let key = self.variables()["tocsin_run"].as_str().map(str::to_owned);
        key.unwrap_or_default()
    }

    fn is_over(&self) -> bool {
        ["successful", "failed", "error", "canceled"].contains(&self.status.as_str())
    }

    /// Goes on by a step.
    fn step(&mut self, settings: &AwxSettings) {
        if self.is_over() {
            return;
        }
        self.steps += 1;
        let check = settings.check_ends_as.clone().filter(|_| self.is_check());
        self.status = match self.steps {
            steps if steps > settings.steps => check.unwrap_or_else(|| settings.ends_as.clone()),
            1 => "waiting".into(),
            _ => "running".into(),
        };
    }

    fn path(&self) -> String {
        let kind = if self.is_workflow {
            "workflow_jobs"
        } else {
            "jobs"
        };
        format!("/api/v2/{kind}/{}/", self.id)
    }

    fn hosts(&self) -> Vec<String> {
        match self.fields.get("limit").and_then(Value::as_str) {
            Some(limit) if !limit.is_empty() => limit.split(',').map(str::to_owned).collect(),
            _ => AwxDouble::HOSTS.map(str::to_owned).to_vec(),
        }
    }

    /// What it printed so far, line by line.
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("PLAY [{}]", self.name), String::new()];
        if self.fields.get("diff_mode") == Some(&json!(true)) {
            lines.extend(
                [
                    "--- before",
                    "+++ after",
                    "-MaxClients 10",
                    "+MaxClients 50",
                ]
                .map(String::from),
            );
        }
        lines.extend(self.hosts().iter().map(|host| format!("changed: [{host}]")));
        lines.push("PLAY RECAP".into());
        match self.status.as_str() {
            "pending" | "waiting" => lines.clear(),
            "running" => lines.truncate(2),
            "failed" => lines.push("fatal: [web-1]: FAILED!".into()),
            _ => {}
        }
        lines
    }

    fn detail(&self) -> Value {
        let path = self.path();
        let field = |name: &str| self.fields.get(name).cloned();
        let is_failed = ["failed", "error", "canceled"].contains(&self.status.as_str());
        let mut detail = json!({
            "id": self.id,
            "type": if self.is_workflow { "workflow_job" } else { "job" },
            "url": path,
            "related": {
                "cancel": format!("{path}cancel/"),
                "stdout": format!("{path}stdout/"),
                "job_events": format!("{path}job_events/"),
                "job_host_summaries": format!("{path}job_host_summaries/"),
            },
            "summary_fields": { "organization": { "id": 1, "name": "acme" } },
            "created": FIXED_TIME,
            "modified": FIXED_TIME,
            "name": self.name,
            "job_type": field("job_type").unwrap_or_else(|| "run".into()),
            "inventory": field("inventory").unwrap_or_else(|| 2.into()),
            "limit": field("limit").unwrap_or_else(|| "".into()),
            "job_tags": field("job_tags").unwrap_or_else(|| "".into()),
            "skip_tags": field("skip_tags").unwrap_or_else(|| "".into()),
            "diff_mode": field("diff_mode").unwrap_or_else(|| false.into()),
            "playbook": self.playbook,
            "extra_vars": self.extra_vars,
            "unified_job_template": self.template,
            "status": self.status,
            "failed": is_failed,
            "started": FIXED_TIME,
            "finished": self.is_over().then_some(FIXED_TIME),
            "elapsed": 4.2,
            "job_explanation": "",
            "event_processing_finished": self.is_over(),
        });
        let of_kind = match self.is_workflow {
            true => "workflow_job_template",
            false => "job_template",
        };
        detail[of_kind] = self.template.into();
        detail
    }
}

/// Launches a template, leaving out what it does not ask for.
pub(super) fn launch(state: &mut State, template: &Value, request: &Request) -> Reply {
    let Some(Value::Object(body)) = request.json() else {
        return Reply::json(400, &json!({ "detail": "JSON parse error" }));
    };
    let mut fields = Map::new();
    let mut ignored = Map::new();
    let mut variables = Map::new();
    for (name, value) in body {
        let prompt = PROMPTS.iter().find(|(known, _)| *known == name);
        let asks = prompt.is_some_and(|(_, prompt)| template[*prompt] == true);
        let is_left_out = state.settings.leaves_out.as_deref() == Some(name.as_str());
        if name == "extra_vars" {
            match extra_vars(template, value) {
                Ok((taken, left)) => {
                    variables = taken;
                    if !left.is_empty() {
                        ignored.insert(name, left.into());
                    }
                }
                Err(reply) => return *reply,
            }
        } else if asks && !is_left_out {
            fields.insert(name, value);
        } else {
            ignored.insert(name, value);
        }
    }
    if let Some(refused) = refused(template, &fields, &variables) {
        return Reply::json(400, &refused);
    }
    let is_workflow = template["type"] == "workflow_job_template"
        || template["job_slice_count"]
            .as_i64()
            .is_some_and(|count| count > 1);
    let job = AwxJob {
        id: i64::try_from(state.jobs.len()).unwrap_or(0) + 1,
        template: template["id"].as_i64().unwrap_or(0),
        is_workflow,
        fields,
        extra_vars: Value::Object(variables).to_string(),
        status: "pending".into(),
        steps: 0,
        name: template["name"].as_str().unwrap_or_default().to_owned(),
        playbook: template["playbook"].clone(),
    };
    let mut told = job.detail();
    told[if is_workflow { "workflow_job" } else { "job" }] = job.id.into();
    told["ignored_fields"] = ignored.into();
    let reply = Reply::json(201, &told).with("Location", job.path());
    state.jobs.push(job);
    reply
}

type Variables = Map<String, Value>;

/// The variables that are taken, and those that are left out.
fn extra_vars(template: &Value, given: Value) -> Result<(Variables, Variables), Box<Reply>> {
    let given = match given {
        Value::String(text) => serde_json::from_str(&text).unwrap_or_default(),
        given => given,
    };
    let Value::Object(given) = given else {
        let said = json!({ "extra_vars": ["Cannot parse as JSON or YAML."] });
        return Err(Box::new(Reply::json(400, &said)));
    };
    if template["ask_variables_on_launch"] == true {
        return Ok((given, Variables::new()));
    }
    let survey = template["survey"].as_array().cloned().unwrap_or_default();
    let is_asked = |name: &String| {
        template["survey_enabled"] == true
            && survey.iter().any(|one| one["variable"] == name.as_str())
    };
    Ok(given.into_iter().partition(|(name, _)| is_asked(name)))
}

fn refused(template: &Value, fields: &Variables, variables: &Variables) -> Option<Value> {
    if let Some(inventory) = fields.get("inventory")
        && *inventory != 2
    {
        let said = format!("Invalid pk \"{inventory}\" - object does not exist.");
        return Some(json!({ "inventory": [said] }));
    }
    if template["inventory"].is_null() && !fields.contains_key("inventory") {
        return Some(json!({ "inventory": ["Job Template 'inventory' is missing or undefined."] }));
    }
    let survey = template["survey"].as_array().cloned().unwrap_or_default();
    let survey = survey.iter().filter(|_| template["survey_enabled"] == true);
    let missing: Vec<String> = survey
        .filter(|one| one["required"] == true)
        .filter_map(|one| one["variable"].as_str())
        .filter(|name| !variables.contains_key(*name))
        .map(|name| format!("'{name}' value missing"))
        .collect();
    (!missing.is_empty()).then(|| json!({ "variables_needed_to_start": missing }))
}

/// The jobs of a template. Each look at one lets it go on.
pub(super) fn jobs_of(state: &mut State, template: &Value, request: &Request) -> Reply {
    let wants_workflows = !request.path.ends_with("/jobs/");
    let settings = state.settings.clone();
    let jobs = state
        .jobs
        .iter_mut()
        .filter(|job| template["id"] == job.template && job.is_workflow == wants_workflows);
    let jobs = jobs.map(|job| {
        job.step(&settings);
        job.detail()
    });
    list(request, jobs.collect(), &["id"])
}

/// Answers what is asked about jobs.
pub(super) fn answer(state: &mut State, request: &Request, parts: &[&str]) -> Reply {
    let [kind, id, rest @ ..] = parts else {
        let all = state.jobs.iter().map(AwxJob::detail).collect();
        return list(request, all, &["unified_job_node__workflow_job"]);
    };
    let settings = state.settings.clone();
    let is_workflow = *kind == "workflow_jobs";
    let found = state.jobs.iter_mut();
    let mut found = found.filter(|job| job.is_workflow == is_workflow);
    let Some(job) = found.find(|job| job.id.to_string() == *id) else {
        return Reply::json(404, &json!({ "detail": "Not found." }));
    };
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            job.step(&settings);
            Reply::json(200, &job.detail())
        }
        ("GET", ["cancel"]) => Reply::json(200, &json!({ "can_cancel": !job.is_over() })),
        ("POST", ["cancel"]) if job.is_over() => {
            Reply::json(405, &json!({ "detail": "Method \"POST\" not allowed." }))
        }
        ("POST", ["cancel"]) => {
            job.status = "canceled".into();
            Reply::empty(202)
        }
        ("GET", ["stdout"]) => {
            let lines = job.lines();
            let content: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let range = json!({ "start": 0, "end": lines.len(), "absolute_end": lines.len() });
            match request.query("format") {
                Some("json") => Reply::json(200, &json!({ "range": range, "content": content })),
                _ => Reply {
                    status: 200,
                    headers: Vec::new(),
                    body: content,
                },
            }
        }
        ("GET", ["job_events"]) => {
            let event = |(at, line): (usize, String)| {
                json!({ "id": at + 1, "type": "job_event", "event": "verbose", "counter": at + 1,
                    "stdout": line, "start_line": at, "end_line": at + 1 })
            };
            let events = job.lines().into_iter().enumerate().map(event);
            list(request, events.collect(), &["start_line__gte"])
        }
        ("GET", ["job_host_summaries"]) => {
            let summary =
                |host: String| json!({ "host_name": host, "changed": 1, "failed": false });
            let hosts = job.hosts().into_iter().map(summary);
            list(request, hosts.collect(), &[])
        }
        ("GET", ["workflow_nodes"]) => {
            let node = json!({ "id": 1, "summary_fields": { "job": {
                "id": 70, "name": "restart", "status": job.status } } });
            list(request, vec![node], &[])
        }
        _ => Reply::json(404, &json!({ "detail": "Not found." })),
    }
}
