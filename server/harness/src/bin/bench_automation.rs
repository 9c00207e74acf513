//! Measures how soon a run is proposed after its alert, with ten thousand rules loaded.
//!
//! `bench_automation [ALERTS] [PACE_MS]`: ALERTS lines of as many units, one every PACE_MS (20), and beside the
//! rule that matches 10,000 others that do not. Printed is, as the server counts it, how many proposals were
//! kept within how long after the event of their alert, and from outside, how long it took from the line
//! until the run could be read.

use std::collections::HashMap;
use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tocsin_harness::automation::{Site, SitePlan};
use tocsin_harness::wait_for;

/// Rules that are loaded beside the one that matches.
const RULES: usize = 10_000;
/// The proposals that are to be within how many seconds.
const GOAL: (f64, &str) = (0.99, "0.05");

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise| arguments.next().map_or(Ok(otherwise), |text| text.parse());
    let (alerts, pace_ms): (u64, u64) = (number(2000)?, number(20)?);
    let rules = rules();
    let site = Site::start(&SitePlan {
        rules: &rules,
        scripts: &[],
        config: "",
    })?;
    let begun = Instant::now();
    let mut written = HashMap::new();
    for unit in 0..alerts {
        let due = begun + Duration::from_millis(pace_ms * unit);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let unit = format!("u{unit}");
        site.fire(&unit)?;
        written.insert(unit, Instant::now());
    }
    let last = format!("u{}", alerts - 1);
    let seen = wait_for("the last run", || {
        let (_, newest) = site.server.get("/api/v1/automation/runs?limit=1").ok()?;
        (newest["items"][0]["targets"][0] == last).then(Instant::now)
    })?;
    let behind = seen.duration_since(written[&last]);
    let counted = wait_for("all proposals", || {
        let metrics = site.server.get_text("/metrics").ok()?.1;
        (value(&metrics, "tocsin_automation_propose_seconds_count")? >= alerts as f64)
            .then_some(metrics)
    })?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{alerts} alerts, one every {pace_ms} ms, {RULES} other rules; from the alert's event to the \
         proposal on disk"
    )?;
    let all = value(&counted, "tocsin_automation_propose_seconds_count").context("no count")?;
    for end in [
        "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.5", "2.5",
    ] {
        let name = format!("tocsin_automation_propose_seconds_bucket{{le=\"{end}\"}}");
        let within = value(&counted, &name).context("no bucket")?;
        writeln!(out, "  within {end} s: {:.2} %", within / all * 100.0)?;
    }
    let sum = value(&counted, "tocsin_automation_propose_seconds_sum").context("no sum")?;
    writeln!(
        out,
        "  mean {:.1} ms; the last run could be read {behind:.1?} after its line",
        sum / all * 1e3
    )?;
    let name = format!(
        "tocsin_automation_propose_seconds_bucket{{le=\"{}\"}}",
        GOAL.1
    );
    let within = value(&counted, &name).context("no bucket")?;
    ensure!(
        within / all >= GOAL.0,
        "not {} of them within {} s",
        GOAL.0,
        GOAL.1
    );
    Ok(())
}

fn value(metrics: &str, name: &str) -> Option<f64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line?.trim().parse().ok()
}

fn rules() -> String {
    let mut rules = String::from(
        "automations:\n  - { id: pump, match: { labels: { alertname: pump } }, action: { provider: hooks, \
         params: { unit: \"{{ alert.labels.unit }}\" } }, targets: \"{{ alert.labels.unit }}\" }\n",
    );
    for number in 0..RULES {
        rules.push_str(&format!(
            "  - {{ id: other{number}, match: {{ failure_type: f{number}, when: \"count > {number}\" }}, \
             action: {{ provider: hooks }} }}\n"
        ));
    }
    rules
}
