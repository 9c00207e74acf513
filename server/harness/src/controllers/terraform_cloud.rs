//! HCP Terraform, as far as runs on workspaces are used. Runs of a workspace are planned one after the
//! other, what waits can be confirmed once, and large things are elsewhere: in an archive that knows
//! no token, and notes whether it was shown one.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::terraform_cloud_runs::{self as runs, CloudRun};
use crate::web::{Mood, Reply, Request, Web, lock};

/// How the double behaves.
#[derive(Debug, Clone)]
pub struct TerraformCloudSettings {
    /// What a plan changes: `resource_changes` of Terraform's JSON.
    pub changes: Value,
    /// In which state a planned run waits.
    pub waits_as: String,
    /// How a plan ends instead, such as `errored`.
    pub plan_ends_as: Option<String>,
    /// How an apply ends.
    pub apply_ends_as: String,
    /// Whether runs stay in the queue.
    pub is_busy: bool,
    /// Whether the token may not read the JSON of plans.
    pub is_json_hidden: bool,
    /// Where the JSON of plans is instead of in the archive.
    pub json_at: Option<String>,
    /// Whether a run applies itself, whatever was asked for.
    pub applies_itself: bool,
}

impl Default for TerraformCloudSettings {
    fn default() -> Self {
        Self {
            changes: json!([{
                "address": "terraform_data.flag",
                "change": { "actions": ["create"], "before": null, "after": { "input": "on" },
                    "after_unknown": { "id": true }, "before_sensitive": false, "after_sensitive": {} },
            }]),
            waits_as: "planned".into(),
            plan_ends_as: None,
            apply_ends_as: "applied".into(),
            is_busy: false,
            is_json_hidden: false,
            json_at: None,
            applies_itself: false,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) settings: TerraformCloudSettings,
    pub(super) runs: Vec<CloudRun>,
    /// Uploaded configurations, by their number.
    pub(super) uploaded: Vec<String>,
    configurations: usize,
    /// Configurations whose runs are planned only.
    pub(super) speculative: Vec<String>,
    pub(super) archive: String,
}

/// An HCP Terraform with the organization `acme` and its workspace `shop`.
#[derive(Debug)]
pub struct TerraformCloudDouble {
    web: Web,
    archive: Web,
    state: Arc<Mutex<State>>,
}

impl TerraformCloudDouble {
    /// The token of its account.
    pub const TOKEN: &'static str = "tfc-t0ken";
    /// Its organization.
    pub const ORGANIZATION: &'static str = "acme";
    /// The name of its workspace.
    pub const WORKSPACE: &'static str = "shop";
    /// The number of its workspace.
    pub const WORKSPACE_ID: &'static str = "ws-Shop000000000001";

    /// Starts it on two free ports.
    ///
    /// # Errors
    /// If there are none.
    pub fn start() -> anyhow::Result<Self> {
        let state: Arc<Mutex<State>> = Arc::default();
        let own = state.clone();
        let archive = Web::start(move |request| archived(&mut lock(&own), request))?;
        lock(&state).archive = archive.url();
        let own = state.clone();
        let web = Web::start(move |request| answer(&mut lock(&own), request))?;
        Ok(Self {
            web,
            archive,
            state,
        })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        self.web.url()
    }

    /// Changes how it behaves.
    pub fn configure(&self, change: impl FnOnce(&mut TerraformCloudSettings)) {
        change(&mut lock(&self.state).settings);
    }

    /// Says what becomes of request number `n`, counted from now on from 0.
    pub fn set_mood(&self, mood: impl Fn(u64, &Request) -> Mood + Send + Sync + 'static) {
        self.web.set_mood(mood);
    }

    /// All runs, the oldest first.
    #[must_use]
    pub fn runs(&self) -> Vec<CloudRun> {
        lock(&self.state).runs.clone()
    }

    /// Changes a run behind everyone's back, as a person in its pages does.
    pub fn change_run(&self, id: &str, change: impl FnOnce(&mut CloudRun)) {
        let mut state = lock(&self.state);
        if let Some(run) = state.runs.iter_mut().find(|run| run.id == id) {
            change(run);
        }
    }

    /// How many configurations were uploaded.
    #[must_use]
    pub fn uploads(&self) -> usize {
        lock(&self.state).uploaded.len()
    }

    /// All requests to its API so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.web.seen()
    }

    /// All requests to its archive so far.
    #[must_use]
    pub fn archive_requests(&self) -> Vec<Request> {
        self.archive.seen()
    }
}

pub(super) fn refused(status: u16, title: &str) -> Reply {
    let error = json!({ "status": status.to_string(), "title": title });
    document(status, &json!({ "errors": [error] }))
}

pub(super) fn document(status: u16, body: &Value) -> Reply {
    Reply::json(status, body).with("Content-Type", "application/vnd.api+json")
}

fn answer(state: &mut State, request: &Request) -> Reply {
    let parts = request.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        [".well-known", "terraform.json"] => {
            let path = "/api/v2/";
            return Reply::json(
                200,
                &json!({ "tfe.v2": path, "tfe.v2.1": path, "tfe.v2.2": path, "state.v2": path }),
            );
        }
        ["api", "v2", "ping"] => {
            return Reply::empty(204)
                .with("TFP-API-Version", "2.6")
                .with("TFP-AppName", "HCP Terraform");
        }
        _ => {}
    }
    let token = format!("Bearer {}", TerraformCloudDouble::TOKEN);
    if request.header("authorization") != token {
        return refused(401, "unauthorized");
    }
    let is_json = request
        .header("content-type")
        .starts_with("application/vnd.api+json");
    if request.method == "POST" && !request.body.is_empty() && !is_json {
        return refused(415, "unsupported media type");
    }
    let ["api", "v2", parts @ ..] = parts.as_slice() else {
        return refused(404, "not found");
    };
    match (request.method.as_str(), parts) {
        (
            "GET",
            [
                "organizations",
                TerraformCloudDouble::ORGANIZATION,
                rest @ ..,
            ],
        ) => of_organization(state, rest),
        (_, ["workspaces", TerraformCloudDouble::WORKSPACE_ID, rest @ ..]) => {
            of_workspace(state, request, rest)
        }
        ("GET", ["configuration-versions", id]) => configuration(state, id),
        (_, ["runs" | "plans" | "applies", ..]) => runs::answer(state, request, parts),
        _ => refused(404, "not found"),
    }
}

fn of_organization(state: &State, rest: &[&str]) -> Reply {
    let name = TerraformCloudDouble::ORGANIZATION;
    match rest {
        [] => {
            let attributes = json!({ "name": name, "external-id": "org-Acme000000000001" });
            let data = json!({ "id": name, "type": "organizations", "attributes": attributes });
            document(200, &json!({ "data": data }))
        }
        ["entitlement-set"] => {
            let attributes = json!({
                "operations": true, "state-storage": true, "private-module-registry": true,
                "sentinel": false, "vcs-integrations": true, "teams": true, "cost-estimation": false,
            });
            let data = json!({ "id": "org-Acme000000000001", "type": "entitlement-sets", "attributes": attributes });
            document(200, &json!({ "data": data }))
        }
        ["workspaces", TerraformCloudDouble::WORKSPACE] => {
            document(200, &json!({ "data": workspace(state) }))
        }
        ["capacity"] => {
            let attributes = json!({ "pending": 0, "running": 0 });
            let data =
                json!({ "id": name, "type": "organization-capacity", "attributes": attributes });
            document(200, &json!({ "data": data }))
        }
        _ => refused(404, "not found"),
    }
}

fn workspace(state: &State) -> Value {
    let permissions = [
        "can-update",
        "can-queue-run",
        "can-queue-apply",
        "can-queue-destroy",
        "can-lock",
        "can-unlock",
        "can-read-settings",
        "can-create-state-versions",
        "can-read-variable",
        "can-update-variable",
    ];
    let permissions: Vec<(String, Value)> = permissions
        .iter()
        .map(|name| ((*name).to_owned(), true.into()))
        .collect();
    json!({
        "id": TerraformCloudDouble::WORKSPACE_ID,
        "type": "workspaces",
        "attributes": {
            "name": TerraformCloudDouble::WORKSPACE,
            "auto-apply": false,
            "execution-mode": "remote",
            "operations": true,
            "locked": state.runs.iter().any(CloudRun::holds),
            "terraform-version": "1.11.4",
            "working-directory": "",
            "structured-run-output-enabled": false,
            "permissions": serde_json::Map::from_iter(permissions),
            "tag-names": [],
        },
        "relationships": {
            "organization": { "data": { "id": TerraformCloudDouble::ORGANIZATION, "type": "organizations" } },
        },
    })
}

fn of_workspace(state: &mut State, request: &Request, rest: &[&str]) -> Reply {
    match (request.method.as_str(), rest) {
        ("GET", []) => document(200, &json!({ "data": workspace(state) })),
        ("GET", ["runs"]) => runs::list(state, request),
        ("POST", ["configuration-versions"]) => {
            state.configurations += 1;
            let id = format!("cv-{:016}", state.configurations);
            let body = request.json().unwrap_or_default();
            if body["data"]["attributes"]["speculative"] == true {
                state.speculative.push(id.clone());
            }
            Reply {
                status: 201,
                ..configuration(state, &id)
            }
        }
        // There is no state yet, and there are no variables.
        ("GET", ["vars" | "all-vars"]) => document(200, &json!({ "data": [] })),
        _ => refused(404, "not found"),
    }
}

fn configuration(state: &State, id: &str) -> Reply {
    let is_uploaded = state.uploaded.iter().any(|known| known == id);
    let attributes = json!({
        "status": if is_uploaded { "uploaded" } else { "pending" },
        "upload-url": format!("{}/upload/{id}", state.archive),
        "auto-queue-runs": false,
        "speculative": state.speculative.iter().any(|known| known == id),
        "provisional": false,
    });
    let data = json!({ "id": id, "type": "configuration-versions", "attributes": attributes });
    document(200, &json!({ "data": data }))
}

/// What is in the archive: whoever knows an address may have what is there.
fn archived(state: &mut State, request: &Request) -> Reply {
    let parts = request.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("PUT", ["upload", id]) => {
            state.uploaded.push((*id).to_owned());
            Reply::empty(200)
        }
        ("GET", ["v1", "object", name]) => runs::archived(state, request, name),
        _ => Reply::empty(404),
    }
}
