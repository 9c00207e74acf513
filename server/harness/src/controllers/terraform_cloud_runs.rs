//! The runs of the double of HCP Terraform: planned, confirmed, applied.

use serde_json::{Map, Value, json};

use super::terraform_cloud::{State, TerraformCloudDouble, document, refused};
use crate::web::{Reply, Request};

const FIXED_TIME: &str = "2026-11-29T00:00:00.000Z";
/// How each log begins; the command line leaves these three lines out of that of an apply.
const HEAD: &str = "Terraform v1.11.4\non linux_amd64\nInitializing plugins and modules...\n";
const FINAL: [&str; 6] = [
    "applied",
    "planned_and_finished",
    "errored",
    "discarded",
    "canceled",
    "force_canceled",
];

/// A run.
#[derive(Debug, Clone, Default)]
pub struct CloudRun {
    /// Its number.
    pub id: String,
    /// Its message.
    pub message: String,
    /// How far it is.
    pub status: String,
    /// What it was made with.
    pub attributes: Map<String, Value>,
    /// What was said when it was confirmed, discarded or stopped.
    pub comments: Vec<String>,
    /// How often its apply began.
    pub applies: u32,
    applies_itself: bool,
    is_speculative: bool,
    configuration: Value,
}

impl CloudRun {
    /// The value of a variable: an expression of HCL.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        let all = self.attributes.get("variables")?.as_array()?;
        let found = all.iter().find(|one| one["key"] == name)?;
        found["value"].as_str().map(str::to_owned)
    }

    fn is_plan_only(&self) -> bool {
        self.is_speculative || self.attributes.get("plan-only") == Some(&json!(true))
    }

    fn is_final(&self) -> bool {
        FINAL.contains(&self.status.as_str())
    }

    /// Whether no other run of its workspace goes on.
    pub(super) fn holds(&self) -> bool {
        !self.is_final() && !self.is_plan_only() && self.status != "pending"
    }

    fn number(&self) -> &str {
        self.id.trim_start_matches("run-")
    }

    fn is_waiting(&self) -> bool {
        ["planned", "cost_estimated", "policy_checked"].contains(&self.status.as_str())
    }

    /// Goes on by a step.
    fn step(&mut self, settings: &super::TerraformCloudSettings) {
        let planned = || match (&settings.plan_ends_as, counts(settings).iter().sum::<u64>()) {
            (Some(end), _) => end.clone(),
            (None, 0) => "planned_and_finished".to_owned(),
            _ if self.is_plan_only() => "planned_and_finished".to_owned(),
            _ => settings.waits_as.clone(),
        };
        let next = match self.status.as_str() {
            "pending" => "plan_queued".to_owned(),
            "plan_queued" => "planning".to_owned(),
            "planning" => planned(),
            "confirmed" => "apply_queued".to_owned(),
            "apply_queued" => "applying".to_owned(),
            "applying" => settings.apply_ends_as.clone(),
            _ if self.is_waiting() && self.applies_itself => {
                self.applies += 1;
                "confirmed".to_owned()
            }
            same => same.to_owned(),
        };
        self.status = next;
    }

    fn data(&self) -> Value {
        let status = self.status.as_str();
        let is_discardable = self.is_waiting() || ["pending", "policy_override"].contains(&status);
        let is_cancelable =
            ["plan_queued", "planning", "apply_queued", "applying"].contains(&status);
        let is_planned = !["pending", "plan_queued", "planning"].contains(&status);
        let number = self.number();
        let related = |kind: &str, id: String| json!({ "data": { "id": id, "type": kind } });
        json!({
            "id": self.id,
            "type": "runs",
            "attributes": {
                "status": status,
                "message": self.message,
                "source": "tfe-api",
                "created-at": FIXED_TIME,
                "auto-apply": self.applies_itself,
                "plan-only": self.is_plan_only(),
                "is-destroy": self.attributes.get("is-destroy") == Some(&json!(true)),
                "refresh": true,
                "refresh-only": false,
                "has-changes": is_planned,
                "save-plan": false,
                "variables": self.attributes.get("variables").cloned().unwrap_or_else(|| json!([])),
                "actions": {
                    "is-confirmable": self.is_waiting(),
                    "is-discardable": is_discardable,
                    "is-cancelable": is_cancelable,
                    "is-force-cancelable": false,
                },
                "permissions": {
                    "can-apply": true, "can-cancel": true, "can-comment": true, "can-discard": true,
                    "can-force-cancel": true, "can-force-execute": true,
                },
                "status-timestamps": {},
            },
            "relationships": {
                "plan": related("plans", format!("plan-{number}")),
                "apply": related("applies", format!("apply-{number}")),
                "workspace": related("workspaces", TerraformCloudDouble::WORKSPACE_ID.into()),
                "configuration-version": self.configuration,
            },
        })
    }
}

/// How much is added, changed and destroyed.
fn counts(settings: &super::TerraformCloudSettings) -> [u64; 3] {
    let mut counts = [0; 3];
    for change in settings.changes.as_array().into_iter().flatten() {
        for action in change["change"]["actions"].as_array().into_iter().flatten() {
            match action.as_str() {
                Some("create") => counts[0] += 1,
                Some("update") => counts[1] += 1,
                Some("delete") => counts[2] += 1,
                _ => {}
            }
        }
    }
    counts
}

/// The runs of the workspace, the newest first. They go on meanwhile.
pub(super) fn list(state: &mut State, request: &Request) -> Reply {
    let ids: Vec<String> = state.runs.iter().map(|run| run.id.clone()).collect();
    for id in ids {
        goes_on(state, &id);
    }
    let number = |name: &str, default: usize| {
        let text = request.query(name);
        text.and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (page, size) = (
        number("page[number]", 1).max(1),
        number("page[size]", 20).min(100),
    );
    let all = state.runs.iter().rev().skip((page - 1) * size).take(size);
    let data: Vec<Value> = all.map(CloudRun::data).collect();
    let count = state.runs.len();
    let next = (page * size < count).then_some(page + 1);
    let pagination = json!({
        "current-page": page, "page-size": size, "prev-page": null, "next-page": next,
        "total-pages": count.div_ceil(size).max(1), "total-count": count,
    });
    document(
        200,
        &json!({ "data": data, "meta": { "pagination": pagination } }),
    )
}

pub(super) fn answer(state: &mut State, request: &Request, parts: &[&str]) -> Reply {
    let not_found = || refused(404, "not found");
    match (request.method.as_str(), parts) {
        ("POST", ["runs"]) => make(state, request),
        ("GET", ["runs", id]) => {
            goes_on(state, id);
            let found = state.runs.iter().find(|run| run.id == *id);
            found.map_or_else(not_found, |run| {
                document(200, &json!({ "data": run.data() }))
            })
        }
        (
            "GET",
            [
                "runs",
                _,
                "run-events" | "policy-checks" | "task-stages" | "comments",
            ],
        ) => document(200, &json!({ "data": [] })),
        ("POST", ["runs", id, "actions", action]) => act(state, request, id, action),
        ("GET", [kind @ ("plans" | "applies"), id, rest @ ..]) => {
            let number = id.split_once('-').map_or("", |(_, number)| number);
            // It goes on whenever its plan or its apply is looked at, too.
            let goes = |run: &&CloudRun| run.number() == number && !run.is_waiting();
            let going = state.runs.iter().find(goes).map(|run| run.id.clone());
            if let Some(id) = going {
                goes_on(state, &id);
            }
            let Some(run) = state.runs.iter().find(|run| run.number() == number) else {
                return not_found();
            };
            match rest {
                [] => document(200, &json!({ "data": part(state, run, kind) })),
                ["json-output" | "json-output-redacted"] if *kind == "plans" => {
                    json_output(state, run)
                }
                _ => not_found(),
            }
        }
        _ => not_found(),
    }
}

/// A run goes on whenever it is looked at, unless one before it holds its workspace.
fn goes_on(state: &mut State, id: &str) {
    let Some(at) = state.runs.iter().position(|run| run.id == id) else {
        return;
    };
    let is_held = state.runs[..at].iter().any(CloudRun::holds);
    let is_queued = state.runs[at].status == "pending" && !state.runs[at].is_plan_only();
    if is_queued && (is_held || state.settings.is_busy) {
        return;
    }
    let settings = state.settings.clone();
    state.runs[at].step(&settings);
}

fn make(state: &mut State, request: &Request) -> Reply {
    let Some(body) = request.json() else {
        return refused(400, "invalid JSON");
    };
    let data = &body["data"];
    let workspace = &data["relationships"]["workspace"]["data"]["id"];
    if data["type"] != "runs" || *workspace != TerraformCloudDouble::WORKSPACE_ID {
        return refused(404, "not found");
    }
    let attributes = data["attributes"].as_object().cloned().unwrap_or_default();
    let number = state.runs.len() + 1;
    let message = attributes.get("message").and_then(Value::as_str);
    let configuration = &data["relationships"]["configuration-version"];
    let asked = attributes.get("auto-apply") == Some(&json!(true));
    let of = configuration["data"]["id"].as_str();
    let run = CloudRun {
        is_speculative: state
            .speculative
            .iter()
            .any(|known| Some(known.as_str()) == of),
        id: format!("run-{number:016}"),
        message: message.unwrap_or("Queued manually via API").to_owned(),
        status: "pending".into(),
        applies_itself: asked || state.settings.applies_itself,
        configuration: match configuration {
            Value::Null => {
                json!({ "data": { "id": "cv-0000000000000000", "type": "configuration-versions" } })
            }
            given => given.clone(),
        },
        attributes,
        ..CloudRun::default()
    };
    let reply = document(201, &json!({ "data": run.data() }));
    state.runs.push(run);
    reply
}

fn act(state: &mut State, request: &Request, id: &str, action: &str) -> Reply {
    let Some(run) = state.runs.iter_mut().find(|run| run.id == id) else {
        return refused(404, "not found");
    };
    let actions = run.data()["attributes"]["actions"].clone();
    let (needs, status) = match action {
        "apply" => ("is-confirmable", "confirmed"),
        "discard" => ("is-discardable", "discarded"),
        "cancel" => ("is-cancelable", "canceled"),
        _ => return refused(404, "not found"),
    };
    if actions[needs] != true {
        return refused(409, "transition not allowed");
    }
    if action == "apply" {
        run.applies += 1;
    }
    run.status = status.into();
    let comment = request
        .json()
        .and_then(|body| body["comment"].as_str().map(str::to_owned));
    run.comments.extend(comment);
    Reply::empty(202)
}

fn part(state: &State, run: &CloudRun, kind: &str) -> Value {
    let number = run.number();
    let (id, is_plan) = match kind {
        "plans" => (format!("plan-{number}"), true),
        _ => (format!("apply-{number}"), false),
    };
    let is_planned = !["pending", "plan_queued", "planning"].contains(&run.status.as_str());
    let status = match (is_plan, run.status.as_str()) {
        (true, "pending") => "pending",
        (true, "plan_queued") => "queued",
        (true, "planning") => "running",
        (true, "errored") if run.applies == 0 => "errored",
        (true, _) => "finished",
        (false, "applying") => "running",
        (false, "apply_queued" | "confirmed") => "queued",
        (false, "applied") => "finished",
        (false, "errored") if run.applies > 0 => "errored",
        (false, "canceled") => "canceled",
        (false, _) => "unreachable",
    };
    let [add, change, destroy] = match is_planned {
        true => counts(&state.settings),
        false => [0; 3],
    };
    json!({
        "id": id,
        "type": kind,
        "attributes": {
            "status": status,
            "has-changes": add + change + destroy > 0,
            "resource-additions": add,
            "resource-changes": change,
            "resource-destructions": destroy,
            "resource-imports": 0,
            "structured-run-output-enabled": false,
            "log-read-url": format!("{}/v1/object/{id}-log", state.archive),
            "status-timestamps": {},
        },
    })
}

/// The JSON of a plan is elsewhere.
fn json_output(state: &State, run: &CloudRun) -> Reply {
    if state.settings.is_json_hidden {
        return refused(404, "not found");
    }
    let in_archive = format!("{}/v1/object/plan-{}-json", state.archive, run.number());
    let at = state.settings.json_at.clone().unwrap_or(in_archive);
    Reply::empty(307).with("Location", at)
}

/// What is in the archive under a name.
pub(super) fn archived(state: &State, request: &Request, name: &str) -> Reply {
    let mut parts = name.splitn(3, '-');
    let (kind, number, what) = (parts.next(), parts.next(), parts.next());
    let run = state.runs.iter().find(|run| Some(run.number()) == number);
    let Some(run) = run else {
        return Reply::empty(404);
    };
    let [add, change, destroy] = counts(&state.settings);
    let log = match (kind, what) {
        (Some("plan"), Some("json")) => {
            let plan = json!({
                "format_version": "1.2",
                "terraform_version": "1.11.4",
                "resource_changes": state.settings.changes,
            });
            return Reply::json(200, &plan);
        }
        (Some("plan"), Some("log")) => {
            format!(
                "\u{2}{HEAD}Plan: {add} to add, {change} to change, {destroy} to destroy.\n\u{3}"
            )
        }
        (Some("apply"), Some("log")) if run.status == "applied" => {
            format!(
                "\u{2}{HEAD}Apply complete! Resources: {add} added, {change} changed, {destroy} destroyed.\n\u{3}"
            )
        }
        (Some("apply"), Some("log")) if run.status == "errored" => {
            format!("\u{2}{HEAD}Error: quota exceeded\n\u{3}")
        }
        (Some("apply"), Some("log")) => format!("\u{2}{HEAD}"),
        _ => return Reply::empty(404),
    };
    let number = |name: &str| {
        request
            .query(name)
            .and_then(|text| text.parse::<usize>().ok())
    };
    let from = number("offset").unwrap_or(0);
    let piece = log
        .bytes()
        .skip(from)
        .take(number("limit").unwrap_or(65_536));
    let body = String::from_utf8_lossy(&piece.collect::<Vec<u8>>()).into_owned();
    Reply {
        status: 200,
        headers: Vec::new(),
        body,
    }
}
