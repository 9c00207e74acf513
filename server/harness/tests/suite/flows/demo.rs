//! What a newcomer sees: `tocsin demo` comes up, breaks its shop, and tells what broke.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tocsin_harness::{binary, wait_for};

/// A running demo. Killed when dropped; its shop has to end by itself then.
pub(super) struct Demo {
    folder: TempDir,
    child: Child,
    address: String,
    shop: String,
}

impl Demo {
    /// A demo that shows what broke and proposes nothing.
    pub(super) fn start() -> anyhow::Result<Self> {
        Self::start_with(&["--no-automation"])
    }

    pub(super) fn start_with(more: &[&str]) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let data = folder.path().join("data");
        let child = Command::new(binary()?)
            .args(["demo", "--port", "0", "--data-dir"])
            .arg(&data)
            .args(more)
            .stdin(Stdio::null())
            .stdout(File::create(folder.path().join("guide.txt"))?)
            .stderr(File::create(folder.path().join("server.log"))?)
            .spawn()
            .context("cannot start the demo")?;
        let mut demo = Self {
            folder,
            child,
            address: String::new(),
            shop: String::new(),
        };
        let listening = data.join("tocsin/listening.json");
        let up = wait_for("the demo to listen", || {
            let text = std::fs::read_to_string(&listening).ok()?;
            let said: Value = serde_json::from_str(&text).ok()?;
            let guide = demo.guide();
            let shop = guide
                .split("shop     http://")
                .nth(1)?
                .split_whitespace()
                .next()?;
            Some((said["http"].as_str()?.to_owned(), shop.to_owned()))
        });
        (demo.address, demo.shop) = up.with_context(|| demo.said())?;
        Ok(demo)
    }

    /// A file of the folder of the shop.
    pub(super) fn of_shop(&self, name: &str) -> PathBuf {
        self.folder.path().join("data/shop").join(name)
    }

    /// Switches a fault of the shop on, before the guide does.
    pub(super) fn switch_on(&self, fault: &str) -> anyhow::Result<()> {
        let url = format!("http://{}/faults/{fault}", self.shop);
        ureq::post(url).send("on")?;
        Ok(())
    }

    /// Kills it and waits until nothing of it runs any more: the shop has to notice by itself.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        let folder = self.folder.path().to_owned();
        wait_for("the shop to end with the demo", || {
            processes_in(&folder).is_empty().then_some(())
        })
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    pub(super) fn guide(&self) -> String {
        self.file("guide.txt")
    }

    pub(super) fn said(&self) -> String {
        format!("{}\n{}", self.guide(), self.file("server.log"))
    }

    pub(super) fn get(&self, route: &str) -> Option<Value> {
        let mut answer = ureq::get(format!("http://{}{route}", self.address))
            .call()
            .ok()?;
        serde_json::from_str(&answer.body_mut().read_to_string().ok()?).ok()
    }

    /// The answer to a JSON body.
    pub(super) fn post(&self, route: &str, body: &Value) -> anyhow::Result<Value> {
        let request = ureq::post(format!("http://{}{route}", self.address));
        let mut answer = request
            .header("Content-Type", "application/json")
            .send(body.to_string())?;
        Ok(serde_json::from_str(&answer.body_mut().read_to_string()?)?)
    }

    /// Waits for an item of a list that `is_it`.
    pub(super) fn wait_for(
        &self,
        what: &str,
        route: &str,
        is_it: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        let mut last = Value::Null;
        let found = wait_for(what, || {
            last = self.get(route)?;
            last["items"]
                .as_array()?
                .iter()
                .find(|one| is_it(one))
                .cloned()
        });
        found.with_context(|| format!("last answer: {last:#}\n{}", self.said()))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn processes_in(folder: &Path) -> Vec<PathBuf> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let uses = |path: &PathBuf| {
        let command = std::fs::read(path.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&command).contains(&*folder.to_string_lossy())
    };
    processes.map(|entry| entry.path()).filter(uses).collect()
}

fn payments_and_orders_are_one_incident(demo: &Demo) -> anyhow::Result<()> {
    let mut joined = Vec::new();
    let incident = wait_for("an incident that joins payments and orders", || {
        let incidents = demo.get("/api/v1/incidents")?;
        for incident in incidents["items"].as_array()? {
            let whole = demo.get(&format!("/api/v1/incidents/{}", text(incident, "id")))?;
            joined = whole["alerts"].as_array()?.clone();
            let has = |failure: &str| {
                joined
                    .iter()
                    .find(|one| text(one, "failure_type") == failure)
            };
            if has("payment_provider_failure").is_some() && has("order_failed").is_some() {
                return Some(whole.clone());
            }
        }
        None
    });
    let incident = incident.with_context(|| demo.said())?;
    let reasons = joined
        .iter()
        .filter(|one| !text(one, "joined_because").is_empty());
    ensure!(
        reasons.count() >= 2,
        "each alert says why it is there: {incident:#}"
    );
    let stranger = joined
        .iter()
        .find(|one| text(one, "failure_type") == "missing_price");
    ensure!(
        stranger.is_none(),
        "another fault is in the incident of payments: {stranger:?}"
    );
    Ok(())
}

#[test]
fn a_newcomer_sees_what_broke_within_a_minute() -> anyhow::Result<()> {
    let mut demo = Demo::start()?;
    demo.wait_for(
        "a prediction that is an alert",
        "/api/v1/alerts?limit=100",
        |alert| {
            text(alert, "kind") == "predictive"
                && text(alert, "title").starts_with("filesystem full in")
        },
    )?;
    demo.wait_for(
        "templates",
        "/api/v1/logs/templates?limit=100",
        |template| text(template, "pattern").contains("completed: total"),
    )?;
    demo.wait_for("the missing price", "/api/v1/alerts?limit=100", |alert| {
        text(alert, "severity") == "critical" && text(alert, "failure_type") == "missing_price"
    })?;
    let ticket = demo.wait_for("its ticket", "/api/v1/tickets?limit=100", |ticket| {
        text(ticket, "failure_type") == "missing_price"
    })?;
    ensure!(
        text(&ticket, "tracker") == "built_in" && text(&ticket, "key").starts_with("T-"),
        "{ticket:#}"
    );
    demo.wait_for(
        "an anomaly of payments",
        "/api/v1/metrics/anomalies",
        |anomaly| anomaly.to_string().contains("shop_payment_"),
    )?;
    payments_and_orders_are_one_incident(&demo)?;
    let truth = ureq::get(format!("http://{}/faults", demo.shop))
        .call()?
        .body_mut()
        .read_to_string()?;
    ensure!(
        truth.contains("\"name\":\"payment_timeout\",\"on\":true"),
        "{truth}"
    );
    ensure!(
        demo.guide().contains("payment_timeout"),
        "the guide says it: {}",
        demo.guide()
    );

    ensure!(
        processes_in(demo.folder.path()).len() == 2,
        "the demo and its shop run"
    );
    demo.kill()
}
