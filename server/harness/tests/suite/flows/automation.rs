//! Automation: from a line of a log to a change that people agreed to, that was made once and that was
//! seen to help, with the real binary.

use std::process::Output;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tocsin_harness::automation::{Site, SitePlan, text};
use tocsin_harness::wait_for;

/// Notes the run and waits until someone opens the gate.
const REPAIR: &str = "#!/bin/sh\n\
    echo \"$TOCSIN_RUN $1\" >> {site}/repaired\n\
    echo \"repairing $1\"\n\
    while [ ! -e {site}/gate-$1 ]; do sleep 0.05; done\n";
const UNDO: &str = "#!/bin/sh\necho \"$TOCSIN_RUN $1\" >> {site}/undone\n";
const SCRIPTS: &[(&str, &str)] = &[("repair", REPAIR), ("undo", UNDO)];

const RULES: &str = r#"
automations:
  - id: repair
    name: Repair the pump
    match: { labels: { alertname: pump } }
    action: { provider: scripts, params: { script: repair, args: ["{{ alert.labels.unit }}"] } }
    targets: "{{ alert.labels.unit }}"
    verify:
      timeout: 30s
      expect: metrics.pressure > 2.0
      metrics: { pressure: { query: plant_pressure, labels: unit } }
    risk: { level: low, reasons: [the pump stands still for a moment] }
"#;

fn site(rules: &str) -> anyhow::Result<Option<Site>> {
    if !Site::may_have_programs()? {
        return Ok(None);
    }
    let plan = SitePlan {
        rules,
        scripts: SCRIPTS,
        config: "",
    };
    Site::start(&plan).map(Some)
}

fn open_gate(site: &Site, unit: &str) -> anyhow::Result<()> {
    Ok(std::fs::write(site.path(&format!("gate-{unit}")), "")?)
}

/// Waits until a program noted a unit in a file.
fn noted(site: &Site, file: &str, unit: &str) -> anyhow::Result<()> {
    let noted = wait_for("the program", || {
        let lines = site.lines(file);
        lines.iter().any(|line| line.ends_with(unit)).then_some(())
    });
    noted.with_context(|| site.server.log())
}

/// How often a program noted a unit in a file.
fn times(site: &Site, file: &str, unit: &str) -> usize {
    let lines = site.lines(file).into_iter();
    lines.filter(|line| line.ends_with(unit)).count()
}

fn alert_is(site: &Site, run: &Value, status: &str) -> anyhow::Result<Value> {
    let route = format!("/api/v1/alerts/{}", text(run, "alert"));
    let mut last = Value::Null;
    let found = wait_for(status, || {
        last = site.server.get(&route).ok()?.1;
        (last["status"] == status).then(|| last.clone())
    });
    found.with_context(|| format!("{last:#}"))
}

fn said(output: &Output) -> String {
    let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&all).into_owned()
}

fn a_plan_is_shown_and_binds(site: &Site, run: &Value) -> anyhow::Result<()> {
    let plan = &run["plan_details"];
    let hash = text(run, "plan");
    ensure!(hash.len() == 64 && plan["hash"] == hash, "{run:#}");
    let params = &plan["action"]["params"];
    ensure!(
        params == &json!({ "script": "repair", "args": ["u1"] }),
        "{run:#}"
    );
    let preview = &plan["preview"];
    ensure!(text(preview, "text").contains("u1"), "{run:#}");
    ensure!(preview["artifacts"][0]["sha256"].is_string(), "{run:#}");
    ensure!(plan["risk"]["level"] == "low", "{run:#}");
    ensure!(run["can"]["approve"] == true, "{run:#}");
    let wrong = json!({ "plan": "0".repeat(64) });
    let route = format!("/runs/{}/approve", text(run, "id"));
    let (status, problem) = site.post(&route, Some("ana"), &wrong)?;
    ensure!(
        status == 409 && text(&problem, "detail").contains("another one"),
        "{status}: {problem}"
    );
    let (status, _) = site.server.get(&format!("/api/v1/automation{route}"))?;
    ensure!(
        status == 405 || status == 404,
        "a GET approves nothing: {status}"
    );
    ensure!(site.run(text(run, "id"))?["state"] == "awaiting_approval");
    Ok(())
}

#[test]
fn a_line_becomes_an_approved_repair_that_is_verified_and_resolves_its_alert() -> anyhow::Result<()>
{
    let Some(site) = site(RULES)? else {
        return Ok(());
    };
    site.measure("u1", 0.1)?;
    site.fire("u1")?;
    let run = site.run_in("u1", "awaiting_approval")?;
    a_plan_is_shown_and_binds(&site, &run)?;
    ensure!(site.lines("repaired").is_empty(), "nothing is done yet");
    site.approve(&run, Some("ana"))?;
    noted(&site, "repaired", "u1")?;
    let executing = site.run_in("u1", "executing")?;
    ensure!(executing["votes"][0]["actor"] == "ana", "{executing:#}");
    site.measure("u1", 3.5)?;
    open_gate(&site, "u1")?;
    let run = site.run_in("u1", "succeeded")?;
    ensure!(run["verified"] == true, "{run:#}");
    alert_is(&site, &run, "resolved")?;
    ensure!(times(&site, "repaired", "u1") == 1);
    let id = text(&run, "id");
    let (_, output) = site
        .server
        .get(&format!("/api/v1/automation/runs/{id}/output"))?;
    ensure!(text(&output, "text").contains("repairing u1"), "{output}");

    // The alert is resolved a moment before that is written down.
    let is_last = |all: &Vec<String>| all.iter().any(|one| one.ends_with(".alert_resolved"));
    let audited = wait_for("the last step in the audit", || {
        site.audited(&run).ok().filter(is_last)
    })?;
    let audited: Vec<&str> = audited
        .iter()
        .filter_map(|action| action.strip_prefix("automation.run."))
        .collect();
    // What is told to others is told beside what happens, whenever its turn comes.
    let (told, happened): (Vec<&str>, Vec<&str>) = audited
        .into_iter()
        .partition(|what| ["announced", "recorded"].contains(what));
    ensure!(told == ["announced", "recorded"], "{told:?}");
    let expected = [
        "proposed",
        "planned",
        "approved",
        "told",
        "begun",
        "done",
        "verified",
        "alert_resolved",
    ];
    ensure!(happened == expected, "{happened:?}");

    let (_, metrics) = site.server.get_text("/metrics")?;
    for line in [
        "tocsin_automation_runs_total{state=\"succeeded\"} 1",
        "tocsin_automation_proposals_total 1",
        "tocsin_automation_verifications_total{result=\"held\"} 1",
        "tocsin_automation_propose_seconds_count 1",
        "tocsin_automation_waiting 0",
        "tocsin_automation_stopped 0",
    ] {
        ensure!(metrics.lines().any(|one| one == line), "{line}\n{metrics}");
    }
    the_command_line_approves_as_well(&site)
}

fn the_command_line_approves_as_well(site: &Site) -> anyhow::Result<()> {
    site.measure("u2", 0.1)?;
    site.fire("u2")?;
    let run = site.run_in("u2", "awaiting_approval")?;
    let (id, plan) = (text(&run, "id"), text(&run, "plan"));
    let listed = said(&site.cli(&["run", "list", "--state", "awaiting_approval"])?);
    ensure!(
        listed.contains(id) && listed.lines().count() == 1,
        "{listed}"
    );
    let shown = said(&site.cli(&["run", "show", id])?);
    ensure!(
        shown.contains(plan) && shown.contains("stands still"),
        "{shown}"
    );
    let asked = site.cli(&["run", "approve", id])?;
    ensure!(
        !asked.status.success() && said(&asked).contains("--plan"),
        "{}",
        said(&asked)
    );
    let wrong = site.cli(&["run", "approve", id, "--plan", &"0".repeat(64)])?;
    ensure!(!wrong.status.success() && said(&wrong).contains("409"));
    let other = ["--as", "ben", "--user-header", "X-Other"];
    let unbelieved = [&["run", "approve", id, "--plan", plan], &other[..]].concat();
    let unbelieved = site.cli(&unbelieved)?;
    ensure!(!unbelieved.status.success() && said(&unbelieved).contains("user_header"));
    let approved = site.cli(&["run", "approve", id, "--plan", plan, "--as", "ben"])?;
    ensure!(approved.status.success(), "{}", said(&approved));
    noted(site, "repaired", "u2")?;
    site.measure("u2", 3.5)?;
    open_gate(site, "u2")?;
    let run = site.run_in("u2", "succeeded")?;
    let vote = &run["votes"][0];
    ensure!(
        vote["actor"] == "ben" && vote["channel"] == "cli",
        "{run:#}"
    );
    ensure!(times(site, "repaired", "u2") == 1);
    let undone = site.cli(&["run", "rollback", id])?;
    ensure!(
        !undone.status.success() && said(&undone).contains("how it is undone"),
        "{}",
        said(&undone)
    );
    Ok(())
}

#[test]
fn a_program_goes_on_while_the_server_is_killed_and_is_seen_to_its_end() -> anyhow::Result<()> {
    let Some(mut site) = site(RULES)? else {
        return Ok(());
    };
    site.measure("u1", 0.1)?;
    site.fire("u1")?;
    let run = site.run_in("u1", "awaiting_approval")?;
    site.approve(&run, None)?;
    noted(&site, "repaired", "u1")?;
    site.server.kill()?;
    site.server.resume()?;
    let run = site.run_in("u1", "executing")?;
    ensure!(times(&site, "repaired", "u1") == 1, "{run:#}");
    site.measure("u1", 3.5)?;
    open_gate(&site, "u1")?;
    let run = site.run_in("u1", "succeeded")?;
    ensure!(run["verified"] == true, "{run:#}");
    ensure!(times(&site, "repaired", "u1") == 1);
    alert_is(&site, &run, "resolved")?;
    Ok(())
}

#[test]
fn the_kill_switch_stops_a_program_at_once_and_nothing_begins_until_it_is_lifted()
-> anyhow::Result<()> {
    let Some(site) = site(RULES)? else {
        return Ok(());
    };
    for unit in ["u1", "u2"] {
        site.fire(unit)?;
    }
    let run = site.run_in("u1", "awaiting_approval")?;
    let waiting = site.run_in("u2", "awaiting_approval")?;
    site.approve(&run, Some("ana"))?;
    noted(&site, "repaired", "u1")?;
    let is_there = || programs(&site, "repair").is_ok_and(|found| !found.is_empty());
    ensure!(is_there(), "the program should be there");
    let stopped = site.cli(&[
        "automation",
        "stop",
        "--reason",
        "fire drill",
        "--as",
        "ana",
    ])?;
    ensure!(stopped.status.success(), "{}", said(&stopped));
    let gone = std::time::Instant::now();
    wait_for("the program to be gone", || (!is_there()).then_some(()))?;
    let took = gone.elapsed();
    ensure!(took.as_secs() < 3, "it was there for {took:?} more");
    let (_, safety) = site.server.get("/api/v1/automation/safety")?;
    ensure!(safety["kill"]["by"] == "ana", "{safety}");
    let body = json!({ "plan": waiting["plan"] });
    let route = format!("/runs/{}/approve", text(&waiting, "id"));
    let (status, problem) = site.post(&route, Some("ben"), &body)?;
    ensure!(
        status == 409 && text(&problem, "detail").contains("fire drill"),
        "{status}: {problem}"
    );
    let (_, metrics) = site.server.get_text("/metrics")?;
    ensure!(metrics.contains("tocsin_automation_stopped 1"));
    site.fire("u3")?;
    let run = site.run_in("u1", "cancelled")?;
    ensure!(
        text(&run, "state_because").contains("fire drill"),
        "{run:#}"
    );
    ensure!(site.runs("")?.len() == 2, "nothing is proposed");

    let resumed = site.cli(&["automation", "resume", "--as", "ana"])?;
    ensure!(resumed.status.success(), "{}", said(&resumed));
    site.approve(&waiting, Some("ben"))?;
    noted(&site, "repaired", "u2")?;
    open_gate(&site, "u2")?;
    Ok(())
}

/// The processes that run a program of the site.
fn programs(site: &Site, name: &str) -> anyhow::Result<Vec<u32>> {
    let path = site.path(name).display().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let mut words = command.split(|byte| *byte == 0);
        if words.any(|word| word == path.as_bytes()) {
            found.extend(entry.file_name().to_string_lossy().parse::<u32>().ok());
        }
    }
    Ok(found)
}
