//! Automation: what is not done, what did not help, and who may say yes.

use anyhow::ensure;
use serde_json::{Value, json};
use tocsin_harness::automation::{Site, SitePlan, text};
use tocsin_harness::wait_for;

const RULES: &str = r#"
automations:
  - id: rejected
    match: { labels: { unit: no } }
    action: &hook { provider: hooks, params: { unit: "{{ alert.labels.unit }}" } }
    targets: &unit "{{ alert.labels.unit }}"
  - id: expired
    match: { labels: { unit: late } }
    action: *hook
    targets: *unit
    approval: { expires_after: 1s }
  - id: dry
    match: { labels: { unit: dry } }
    action: *hook
    targets: *unit
    dry_run: true
  - id: two
    match: { labels: { unit: two } }
    action: *hook
    targets: *unit
    approval: { two_person: true }
  - id: named
    match: { labels: { unit: named } }
    action: *hook
    targets: *unit
    approval: { stages: [{ approvers: [ana] }, { approvers: [ben, cleo] }] }
  - id: useless
    match: { labels: { unit: useless } }
    action: *hook
    targets: *unit
    rollback: { provider: hooks, params: { undo: "{{ alert.labels.unit }}" } }
    verify: { timeout: 1s, expect: "!alert.firing" }
    on_failure: { escalate: critical }
"#;

fn site(config: &str) -> anyhow::Result<Site> {
    Site::start(&SitePlan {
        rules: RULES,
        scripts: &[],
        config,
    })
}

fn effects(site: &Site, run: &Value) -> u32 {
    let effects = site.receiver.effects();
    effects.get(text(run, "id")).copied().unwrap_or_default()
}

#[test]
fn what_is_rejected_late_or_only_planned_is_not_done() -> anyhow::Result<()> {
    let site = site("")?;
    for unit in ["no", "late", "dry"] {
        site.fire(unit)?;
    }
    let run = site.run_in("no", "awaiting_approval")?;
    let body = json!({ "plan": run["plan"], "comment": "not today" });
    let route = format!("/runs/{}/reject", text(&run, "id"));
    let (status, _) = site.post(&route, None, &body)?;
    ensure!(status == 200, "{status}");
    let rejected = site.run_in("no", "rejected")?;
    ensure!(text(&rejected, "state_because").contains("not today"));
    let approve = format!("/runs/{}/approve", text(&run, "id"));
    let (status, problem) = site.post(&approve, Some("ana"), &body)?;
    ensure!(status == 409, "a no is a no: {status}: {problem}");

    let late = site.run_in("late", "expired")?;
    let body = json!({ "plan": late["plan"] });
    let route = format!("/runs/{}/approve", text(&late, "id"));
    let (status, _) = site.post(&route, Some("ana"), &body)?;
    ensure!(status == 409, "{status}");

    let dry = site.run_in("dry", "cancelled")?;
    ensure!(
        dry["dry_run"] == true && dry["plan_details"]["hash"] == dry["plan"],
        "{dry:#}"
    );
    ensure!(site.receiver.effects().is_empty());
    let (_, metrics) = site.server.get_text("/metrics")?;
    for state in ["rejected", "expired", "cancelled"] {
        let line = format!("tocsin_automation_runs_total{{state=\"{state}\"}} 1");
        ensure!(metrics.lines().any(|one| one == line), "{line}\n{metrics}");
    }
    Ok(())
}

#[test]
fn names_come_from_the_proxy_and_two_people_are_two() -> anyhow::Result<()> {
    let site = site("")?;
    for unit in ["two", "named"] {
        site.fire(unit)?;
    }
    let refused = |run: &Value, name: Option<&str>, why: &str| -> anyhow::Result<()> {
        let body = json!({ "plan": run["plan"] });
        let route = format!("/runs/{}/approve", text(run, "id"));
        let (status, problem) = site.post(&route, name, &body)?;
        ensure!(status == 409 || status == 400, "{status}: {problem}");
        ensure!(text(&problem, "detail").contains(why), "{why}: {problem}");
        Ok(())
    };
    let two = site.run_in("two", "awaiting_approval")?;
    site.approve(&two, Some("ana"))?;
    refused(&two, Some("ana"), "agreed already")?;
    refused(&two, Some("system"), "")?;
    ensure!(effects(&site, &two) == 0, "one person is not two");
    site.approve(&two, Some("ben"))?;
    let done = site.run_in("two", "succeeded")?;
    ensure!(effects(&site, &done) == 1);
    let actors: Vec<_> = [0, 1].map(|at| text(&done["votes"][at], "actor")).into();
    ensure!(actors == ["ana", "ben"], "{done:#}");

    let named = site.run_in("named", "awaiting_approval")?;
    refused(&named, None, "may not say it")?;
    refused(&named, Some("ben"), "may not say it")?;
    site.approve(&named, Some("ana"))?;
    refused(&named, Some("ana"), "may not say it")?;
    site.approve(&named, Some("cleo"))?;
    let done = site.run_in("named", "succeeded")?;
    ensure!(effects(&site, &done) == 1);
    Ok(())
}

#[test]
fn what_did_not_help_is_undone_and_people_are_told() -> anyhow::Result<()> {
    let site = site("")?;
    site.fire("useless")?;
    let run = site.run_in("useless", "awaiting_approval")?;
    site.approve(&run, Some("ana"))?;
    let run = site.run_in("useless", "rolled_back")?;
    ensure!(run["verified"] == false, "{run:#}");
    let id = text(&run, "id");
    let effects = site.receiver.effects();
    let undo = format!("{id}-rollback");
    ensure!(
        effects.len() == 2 && effects[id] == 1 && effects[&undo] == 1,
        "{effects:?}"
    );
    let route = format!("/api/v1/alerts/{}", text(&run, "alert"));
    wait_for("the alert to be escalated", || {
        let alert = site.server.get(&route).ok()?.1;
        let events = alert["events"].as_array()?.clone();
        let is_told = events.iter().any(|event| event["kind"] == "commented");
        (alert["severity"] == "critical" && is_told).then_some(())
    })?;
    let audited = site.audited(&run)?.join(" ");
    for what in ["not_verified", "undone", "escalated"] {
        ensure!(
            audited.contains(&format!("automation.run.{what}")),
            "{audited}"
        );
    }
    Ok(())
}

#[test]
fn while_it_is_switched_off_nothing_is_proposed() -> anyhow::Result<()> {
    // The server's own section cannot be given twice, so it is switched off by a variable.
    let folder = tempfile::TempDir::new()?;
    let rules = folder.path().join("automations.yml");
    std::fs::write(
        &rules,
        RULES.replace("provider: hooks", "provider: scripts"),
    )?;
    let config = "[automation.providers.scripts]\nkind = \"script\"\nscripts = {}\n";
    std::fs::write(folder.path().join("tocsin.toml"), config)?;
    let settings = [
        ("TOCSIN_AUTOMATION__ENABLED", "false"),
        ("TOCSIN_AUTOMATION__RULES", "automations.yml"),
    ];
    let server = tocsin_harness::TestServer::start_in(folder, &settings)?;
    let line = json!({ "body": "FATAL the pump is gone", "severity": "fatal", "unit": "no" });
    let headers = [("Content-Type", "application/x-ndjson")];
    server.post(
        "/api/v1/logs?source=plant",
        &headers,
        line.to_string().as_bytes(),
    )?;
    let alert = wait_for("the alert", || {
        let alerts = server.get("/api/v1/alerts?limit=10").ok()?.1;
        alerts["items"].as_array()?.first().cloned()
    })?;
    let headers = [("Content-Type", "application/json")];
    let body = json!({ "alert": alert["id"] }).to_string();
    let route = "/api/v1/automation/rules/dry/propose";
    let (status, problem) = server.post(route, &headers, body.as_bytes())?;
    ensure!(
        status == 409 && text(&problem, "detail").contains("switched off"),
        "{status}: {problem}"
    );
    let (status, runs) = server.get("/api/v1/automation/runs")?;
    ensure!(status == 200 && runs["items"] == json!([]), "{runs}");
    let (status, rules) = server.get("/api/v1/automation/rules")?;
    ensure!(status == 200 && rules["items"].as_array().map(Vec::len) == Some(6));
    Ok(())
}
