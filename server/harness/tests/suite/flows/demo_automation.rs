//! The demo to its end: what is proposed about its faults is approved, done and seen to help, and what does
//! not help is undone.

use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tocsin_harness::wait_for;

use super::demo::{Demo, text};

/// Waits for the proposal of a rule, and gives the run with its plan.
fn proposal(demo: &Demo, rule: &str) -> anyhow::Result<Value> {
    let route = format!("/api/v1/automation/runs?state=awaiting_approval&rule={rule}");
    let run = demo.wait_for(&format!("a proposal of {rule}"), &route, |_| true)?;
    let route = format!("/api/v1/automation/runs/{}", text(&run, "id"));
    let run = demo.get(&route).context("the run is there no longer")?;
    let link = format!("/automation/runs/{}", text(&run, "id"));
    wait_for("the guide to say where it waits", || {
        demo.guide().contains(&link).then_some(())
    })
    .with_context(|| demo.said())?;
    Ok(run)
}

/// Says yes to the plan of a run.
fn approve(demo: &Demo, run: &Value) -> anyhow::Result<()> {
    let route = format!("/api/v1/automation/runs/{}/approve", text(run, "id"));
    let answer = demo.post(&route, &json!({"plan": run["plan"], "comment": "go ahead"}))?;
    ensure!(text(&answer, "id") == text(run, "id"), "{answer:#}");
    Ok(())
}

/// Waits until a run is in a state.
fn ends(demo: &Demo, run: &Value, state: &str) -> anyhow::Result<Value> {
    let route = format!("/api/v1/automation/runs/{}", text(run, "id"));
    let mut last = Value::Null;
    let ended = wait_for(&format!("{} to be {state}", text(run, "rule")), || {
        last = demo.get(&route)?;
        (text(&last, "state") == state).then(|| last.clone())
    });
    ended.with_context(|| format!("last answer: {last:#}\n{}", demo.said()))
}

fn alert_of(demo: &Demo, run: &Value) -> anyhow::Result<Value> {
    let route = format!("/api/v1/alerts/{}", text(run, "alert"));
    demo.get(&route).context("the alert is there no longer")
}

/// Waits until the alert of a run is resolved.
fn is_resolved(demo: &Demo, run: &Value) -> anyhow::Result<()> {
    let mut last = Value::Null;
    let resolved = wait_for(&format!("the alert of {}", text(run, "rule")), || {
        last = alert_of(demo, run).ok()?;
        (text(&last, "status") == "resolved").then_some(())
    });
    resolved.with_context(|| format!("last answer: {last:#}\n{}", demo.said()))
}

fn preview(run: &Value) -> &str {
    text(&run["plan_details"]["preview"], "text")
}

fn exports(volume: &Path) -> usize {
    let files = std::fs::read_dir(volume.join("spool"));
    files.map_or(0, |files| files.count())
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn did_not_help_and_is_undone(demo: &Demo, evict: &Value) -> anyhow::Result<()> {
    let evict = ends(demo, evict, "rolled_back")?;
    ensure!(evict["verified"] == false, "{evict:#}");
    ensure!(
        read(&demo.of_shop("shop.conf")) == "session_idle_secs=3600\n",
        "the setting is as it was"
    );
    ensure!(
        read(&demo.of_shop("shop.log")).contains("idle for 60 s are evicted from now on: 0 of "),
        "the shop followed it in vain"
    );
    let mut leak = Value::Null;
    wait_for("the alert to be escalated", || {
        leak = alert_of(demo, &evict).ok()?;
        (text(&leak, "severity") == "critical").then_some(())
    })
    .with_context(|| format!("{leak:#}"))?;
    ensure!(text(&leak, "status") != "resolved", "{leak:#}");
    Ok(())
}

#[test]
fn what_broke_is_mended_once_someone_agrees_and_what_does_not_help_is_undone() -> anyhow::Result<()>
{
    let mut demo = Demo::start_with(&[])?;
    wait_for("the shop to open", || {
        demo.guide().contains("disk_fill").then_some(())
    })?;
    // Sooner than the guide would.
    demo.switch_on("payment_timeout")?;
    demo.switch_on("memory_leak")?;

    let clean = proposal(&demo, "clean_volume")?;
    let volume = clean["targets"][0].as_str().context("it has a target")?;
    let volume = Path::new(volume);
    ensure!(exports(volume) > 20, "it is still full");
    ensure!(
        preview(&clean).contains("spool/export-000001.csv")
            && preview(&clean).contains("+    \"state\": \"absent\""),
        "the plan shows what check mode says: {clean:#}"
    );
    approve(&demo, &clean)?;

    let switch = proposal(&demo, "switch_payment_provider")?;
    ensure!(
        preview(&switch).contains("\"paygate\" -> \"cardline\"")
            && switch["plan_details"]["preview"]["counts"]["change"] == 1,
        "{switch:#}"
    );
    approve(&demo, &switch)?;

    let evict = proposal(&demo, "evict_idle_sessions")?;
    ensure!(
        preview(&evict).contains("+session_idle_secs=60"),
        "{evict:#}"
    );
    approve(&demo, &evict)?;

    let clean = ends(&demo, &clean, "succeeded")?;
    ensure!(clean["verified"] == true, "{clean:#}");
    ensure!(exports(volume) < 10, "the exports are gone");
    is_resolved(&demo, &clean)?;

    let switch = ends(&demo, &switch, "succeeded")?;
    ensure!(switch["verified"] == true, "{switch:#}");
    ensure!(
        read(&demo.of_shop("shop.log")).contains("msg=\"cardline authorised order "),
        "payments go through the other provider"
    );
    is_resolved(&demo, &switch)?;

    did_not_help_and_is_undone(&demo, &evict)?;

    wait_for("the guide to tell all of it", || {
        let guide = demo.guide();
        let told = [
            "Remove old exports from the shop's volume: succeeded",
            "Send payments through the other provider: succeeded",
            "Keep idle sessions for a minute, not for an hour: it did not help and was undone",
        ];
        told.iter().all(|told| guide.contains(told)).then_some(())
    })
    .with_context(|| demo.said())?;

    demo.kill()?;
    wait_for("the volume to go with the shop", || {
        let mounts = read(Path::new("/proc/self/mounts"));
        let is_mounted = mounts.contains(&format!(" {} tmpfs ", volume.display()));
        (!is_mounted && exports(volume) == 0).then_some(())
    })
}
