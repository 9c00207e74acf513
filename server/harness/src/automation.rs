//! The real binary with automation rules, programs that they may run, and a receiver of actions.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::actions::ActionReceiver;
use crate::{TestServer, binary, wait_for};

const JSON: (&str, &str) = ("Content-Type", "application/json");
/// The header in which the name of a person comes.
pub const USER_HEADER: &str = "X-Forwarded-User";
/// One alert for each unit, by lines that speak of a pump.
const ALERTS: &str = "alerts:\n  - { id: pump, on: log, \
    when: 'template.contains(\"lost its pressure\")', group_by: [unit], severity: high, \
    keep_firing_for: 1h }\n";

/// What a site begins with.
#[derive(Debug, Default)]
pub struct SitePlan<'a> {
    /// The automation rules.
    pub rules: &'a str,
    /// Programs by their names; `{site}` in them is the folder of the site.
    pub scripts: &'a [(&'a str, &'a str)],
    /// More of the configuration.
    pub config: &'a str,
}

/// A server with automation.
#[derive(Debug)]
pub struct Site {
    /// The server.
    pub server: TestServer,
    /// Where provider `hooks` sends actions.
    pub receiver: ActionReceiver,
}

impl Site {
    /// Starts a server whose providers are `scripts` and `hooks`, with a budget that is no limit. Lines
    /// of [`Site::fire`] are alerts of the rule `pump` with a label `unit`.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn start(plan: &SitePlan<'_>) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let receiver = ActionReceiver::start()?;
        std::fs::write(folder.path().join("alerts.yml"), ALERTS)?;
        std::fs::write(folder.path().join("automations.yml"), plan.rules)?;
        let mut scripts = String::new();
        for (name, text) in plan.scripts {
            let path = program(folder.path(), name, text)?;
            scripts.push_str(&format!("{name} = {{ path = {path:?} }}\n"));
        }
        let (url, status_url) = (receiver.url(), receiver.status_url());
        let secret = ActionReceiver::SECRET;
        let config = format!(
            "[server]\nuser_header = {USER_HEADER:?}\n[alerts]\nrules = \"alerts.yml\"\n\
             every_secs = 1\n[automation]\nrules = \"automations.yml\"\n\
             [automation.budget]\nruns_per_hour = 100000\nprovider_runs_per_hour = 100000\n\
             rule_runs_per_hour = 100000\nwaiting_max = 10000\n\
             [automation.providers.scripts]\nkind = \"script\"\n\
             [automation.providers.scripts.scripts]\n{scripts}\
             [automation.providers.hooks]\nkind = \"webhook\"\nurl = {url:?}\n\
             status_url = {status_url:?}\nsecret = {secret:?}\n{}",
            plan.config
        );
        std::fs::write(folder.path().join("tocsin.toml"), config)?;
        Ok(Self {
            server: TestServer::start_in(folder, &[])?,
            receiver,
        })
    }

    /// Whether programs can be run: they must be root's, which only root can make them.
    ///
    /// # Errors
    /// If it cannot be asked who we are.
    pub fn may_have_programs() -> anyhow::Result<bool> {
        let user = Command::new("id").arg("-u").output()?;
        let is_root = user.stdout == b"0\n";
        if !is_root {
            writeln!(
                std::io::stderr(),
                "not run: only root has programs that are root's"
            )?;
        }
        Ok(is_root)
    }

    /// A file of the site.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.server.folder().join(name)
    }

    /// The lines of a file of the site; none if it is not there.
    #[must_use]
    pub fn lines(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Sends a line that makes an alert of a unit.
    ///
    /// # Errors
    /// If it is not accepted.
    pub fn fire(&self, unit: &str) -> anyhow::Result<()> {
        let line = json!({
            "body": "the pump lost its pressure", "severity": "error",
            "attributes": { "unit": unit },
        });
        let headers = [("Content-Type", "application/x-ndjson")];
        let body = format!("{line}\n");
        let pushed = self
            .server
            .post("/api/v1/logs?source=plant", &headers, body.as_bytes())?;
        ensure!(pushed.0 == 200 && pushed.1["accepted"] == 1, "{pushed:?}");
        Ok(())
    }

    /// Says a value of a unit: the series `plant_pressure`.
    ///
    /// # Errors
    /// If it is not accepted.
    pub fn measure(&self, unit: &str, value: f64) -> anyhow::Result<()> {
        let line = format!("plant,unit={unit} pressure={value}");
        let written = self
            .server
            .post("/api/v2/write?bucket=b", &[], line.as_bytes())?;
        ensure!(written.0 == 204, "{written:?}");
        Ok(())
    }

    /// The runs that a query finds, at most 1000.
    ///
    /// # Errors
    /// If the server does not answer.
    pub fn runs(&self, query: &str) -> anyhow::Result<Vec<Value>> {
        let route = format!("/api/v1/automation/runs?limit=1000&{query}");
        let (status, answer) = self.server.get(&route)?;
        let items = answer["items"].as_array().cloned();
        items.with_context(|| format!("{status}: {answer}"))
    }

    /// Waits until the only run about a unit is in a state; gives everything about it.
    ///
    /// # Errors
    /// If it never is; says how it was last.
    pub fn run_in(&self, unit: &str, state: &str) -> anyhow::Result<Value> {
        let mut last = Value::Null;
        let found = wait_for(state, || {
            let runs = self.runs("").ok()?;
            let mut of_unit = runs
                .into_iter()
                .filter(|run| run["targets"] == json!([unit]));
            let id = text(&of_unit.next()?, "id").to_owned();
            if of_unit.next().is_some() {
                return None;
            }
            last = self.run(&id).ok()?;
            (last["state"] == state).then(|| last.clone())
        });
        found.with_context(|| format!("{unit}: {last:#}\n{}", self.server.log()))
    }

    /// Everything about a run.
    ///
    /// # Errors
    /// If the server does not answer, or does not know it.
    pub fn run(&self, id: &str) -> anyhow::Result<Value> {
        let (status, run) = self.server.get(&format!("/api/v1/automation/runs/{id}"))?;
        ensure!(status == 200, "{status}: {run}");
        Ok(run)
    }

    /// Posts JSON to a route of automation, as someone.
    ///
    /// # Errors
    /// If the server does not answer.
    pub fn post(
        &self,
        route: &str,
        name: Option<&str>,
        body: &Value,
    ) -> anyhow::Result<(u16, Value)> {
        let mut headers = vec![JSON];
        headers.extend(name.map(|name| (USER_HEADER, name)));
        let route = format!("/api/v1/automation{route}");
        self.server
            .post(&route, &headers, body.to_string().as_bytes())
    }

    /// Approves the plan of a run, as someone.
    ///
    /// # Errors
    /// If it is refused.
    pub fn approve(&self, run: &Value, name: Option<&str>) -> anyhow::Result<()> {
        let body = json!({ "plan": run["plan"], "comment": "go ahead" });
        let route = format!("/runs/{}/approve", text(run, "id"));
        let (status, answer) = self.post(&route, name, &body)?;
        ensure!(status == 200, "{status}: {answer}");
        Ok(())
    }

    /// Runs the command line against the server.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn cli(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let mut command = Command::new(binary()?);
        let command = command.args(arguments).stdin(Stdio::null());
        Ok(command.args(["--server", &self.server.url("")]).output()?)
    }

    /// What the audit log says of a run, the oldest first.
    ///
    /// # Errors
    /// If the server does not answer.
    pub fn audited(&self, run: &Value) -> anyhow::Result<Vec<String>> {
        let (status, answer) = self.server.get("/api/v1/automation/audit?limit=1000")?;
        let items = answer["items"].as_array();
        let items = items.with_context(|| format!("{status}: {answer}"))?;
        let subject = format!("run:{}", text(run, "id"));
        let of_run = items.iter().filter(|entry| entry["subject"] == subject);
        let mut actions: Vec<String> = of_run.map(|one| text(one, "action").to_owned()).collect();
        actions.reverse();
        Ok(actions)
    }
}

/// A text of JSON; empty if there is none.
#[must_use]
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// Installs a program of a site.
fn program(folder: &Path, name: &str, text: &str) -> anyhow::Result<PathBuf> {
    let source = folder.join(format!("{name}.source"));
    std::fs::write(
        &source,
        text.replace("{site}", &folder.display().to_string()),
    )?;
    // Copied by another process: what is open for writing here, or in a child of ours, cannot be run.
    let path = folder.join(name);
    let mut install = Command::new("install");
    let installed = install
        .args(["-m", "755"])
        .arg(&source)
        .arg(&path)
        .status()?;
    ensure!(installed.success(), "{name} cannot be installed");
    Ok(path)
}
