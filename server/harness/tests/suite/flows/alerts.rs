//! Alerts: a line, a value or their absence becomes one alert, whatever is killed in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tocsin_harness::{TestServer, wait_for};

const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];
const PRICING: &str = "CRITICAL: Pricing error | Missing price for product 999";

fn alerts(server: &TestServer, query: &str) -> Option<Vec<Value>> {
    let (status, answer) = server
        .get(&format!("/api/v1/alerts?limit=100&{query}"))
        .ok()?;
    (status == 200).then(|| answer["items"].as_array().cloned())?
}

fn post(server: &TestServer, route: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
    server.post(route, JSON, body.to_string().as_bytes())
}

#[test]
fn lines_of_one_cause_are_one_alert_that_keeps_its_status_over_a_kill() -> anyhow::Result<()> {
    let mut server = TestServer::start()?;
    server.push("shop", &[PRICING, PRICING, "order 17 was shipped", PRICING])?;
    let alert = wait_for("the alert", || {
        alerts(&server, "firing=true")?
            .into_iter()
            .find(|one| one["count"] == 3)
    })
    .with_context(|| server.log())?;
    ensure!(
        alert["kind"] == "realtime" && alert["status"] == "new",
        "{alert}"
    );
    ensure!(alert["failure_type"].is_string(), "{alert}");
    ensure!(
        alert["title"]
            .as_str()
            .is_some_and(|title| title.contains("product 999")),
        "{alert}"
    );
    let id = alert["id"].as_str().context("no id")?.to_owned();
    let evidence = alert["evidence"].as_array().context("no evidence")?;
    let line = evidence
        .iter()
        .find(|one| one["type"] == "record")
        .context("no line")?;
    let record = line["id"].as_str().context("no record")?;
    let (status, _) = server.get(&format!("/api/v1/logs/{record}/context"))?;
    ensure!(
        status == 200,
        "the line it rests on cannot be opened: {status}"
    );

    let (status, acted) = post(
        &server,
        &format!("/api/v1/alerts/{id}/acknowledge"),
        &json!({}),
    )?;
    ensure!(
        status == 200 && acted["status"] == "acknowledged",
        "{status}: {acted}"
    );
    server.kill()?;
    server.resume()?;
    server.push("shop", &[PRICING])?;
    let alert = wait_for("the same alert, counted on", || {
        alerts(&server, "")?
            .into_iter()
            .find(|one| one["count"] == 4)
    })
    .with_context(|| server.log())?;
    ensure!(
        alert["id"] == id && alert["status"] == "acknowledged",
        "{alert}"
    );

    // Everything that happened can be read again from any point.
    let (status, whole) = server.get(&format!("/api/v1/alerts/{id}"))?;
    let events = whole["events"].as_array().context("no events")?;
    let kinds: Vec<_> = events
        .iter()
        .filter_map(|event| event["kind"].as_str())
        .collect();
    ensure!(
        status == 200 && kinds.first() == Some(&"fired"),
        "{kinds:?}"
    );
    ensure!(kinds.contains(&"acknowledged"), "{kinds:?}");
    Ok(())
}

/// Sends batches of lines of three causes until the server goes away; gives how many were accepted
/// and how many were cut off without an answer.
fn send(url: &str, stop: &AtomicBool) -> (u64, u64) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into();
    let mut accepted = 0;
    while !stop.load(Ordering::Relaxed) {
        let line = |cause: u64| {
            format!(
                "{{\"body\":\"FATAL worker {cause} lost its queue\",\"severity\":\"fatal\",\"host\":\"h{cause}\"}}\n"
            )
        };
        let body: String = (0..30).map(|n| line(n % 3)).collect();
        let answer = agent
            .post(url)
            .header("Content-Type", "application/x-ndjson")
            .send(body.as_bytes());
        match answer {
            Ok(_) => accepted += 30,
            Err(_) => return (accepted, 30),
        }
    }
    (accepted, 0)
}

#[test]
fn kills_in_a_storm_lose_no_line_from_the_counts_and_count_none_twice() -> anyhow::Result<()> {
    let mut server = TestServer::start_with(&[
        ("TOCSIN_PIPELINE__FLUSH_SECS", "1"),
        ("TOCSIN_LOGS__STORE__HEAD_ROWS_MAX", "500"),
    ])?;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let mut seed = since.as_nanos() as u64;
    let (mut accepted, mut unanswered) = (0, 0);
    for _ in 0..10 {
        let stop = Arc::new(AtomicBool::new(false));
        let url = server.url("/api/v1/logs?source=storm");
        let sender = {
            let stop = stop.clone();
            std::thread::spawn(move || send(&url, &stop))
        };
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // The moment of the kill is the input of this test, not a wait for something.
        std::thread::sleep(Duration::from_millis(30 + (seed >> 33) % 300));
        server.kill()?;
        stop.store(true, Ordering::Relaxed);
        let (taken, cut) = sender
            .join()
            .map_err(|_| anyhow::anyhow!("the sender panicked"))?;
        accepted += taken;
        unanswered += cut;
        server.resume()?;
    }
    ensure!(accepted > 100, "only {accepted} lines were accepted");
    let counted = |server: &TestServer| -> Option<u64> {
        alerts(server, "label=source%3D%22storm%22")
            .map(|all| all.iter().filter_map(|one| one["count"].as_u64()).sum())
    };
    let lines = |server: &TestServer| -> Option<u64> {
        let (_, answer) = server
            .get("/api/v1/logs/search?limit=1&source=storm")
            .ok()?;
        answer["total"].as_u64()
    };
    // What was stored is what was accepted, and perhaps some of what got no answer.
    let last = wait_for("the counts of lines and alerts to agree", || {
        let (counted, lines) = (counted(&server)?, lines(&server)?);
        (counted == lines && lines >= accepted).then_some(lines)
    })
    .with_context(|| {
        format!(
            "counted {:?}, stored {:?}, accepted {accepted}\n{}",
            counted(&server),
            lines(&server),
            server.log()
        )
    })?;
    ensure!(
        last <= accepted + unanswered,
        "{last} lines of at most {}",
        accepted + unanswered
    );
    let all = alerts(&server, "label=source%3D%22storm%22").context("no answer")?;
    ensure!(
        all.len() == 3,
        "three causes should be three alerts: {all:?}"
    );
    Ok(())
}

#[test]
fn a_rule_on_a_metric_is_tried_fires_is_explained_and_clears() -> anyhow::Result<()> {
    let server = TestServer::start_with(&[("TOCSIN_ALERTS__EVERY_SECS", "1")])?;
    let write = |value: f64| -> anyhow::Result<()> {
        let line = format!("oven,room=a temperature={value}");
        let (status, answer) = server.post("/api/v2/write?bucket=b", &[], line.as_bytes())?;
        ensure!(status == 204, "{answer}");
        Ok(())
    };
    let rule = json!({
        "id": "oven_hot", "on": "metric", "query": "oven_temperature", "when": "value > 200.0",
        "group_by": ["room"], "severity": "critical", "title": "The oven in {{ labels.room }} is hot",
    });
    let (status, problem) = post(
        &server,
        "/api/v1/alert-rules",
        &json!({"id": "x", "on": "metric", "query": "oven_temperature", "when": "valeu > 1"}),
    )?;
    ensure!(
        status == 400
            && problem["detail"]
                .as_str()
                .is_some_and(|d| d.contains("`valeu`")),
        "{status}: {problem}"
    );
    let (status, made) = post(&server, "/api/v1/alert-rules", &rule)?;
    ensure!(status == 200 || status == 201, "{status}: {made}");

    write(250.0)?;
    let alert = wait_for("the alert", || {
        alerts(&server, "rule=oven_hot&firing=true")?.pop()
    })
    .with_context(|| server.log())?;
    ensure!(
        alert["title"] == "The oven in a is hot" && alert["severity"] == "critical",
        "{alert}"
    );
    let incident = wait_for("its incident", || {
        let (_, answer) = server.get("/api/v1/incidents").ok()?;
        answer["items"].as_array()?.first().cloned()
    })?;
    ensure!(incident["severity"] == "critical", "{incident}");

    let (status, why) = server.get("/api/v1/alert-rules/oven_hot/why")?;
    ensure!(status == 200 && why["evaluation"] == "fired", "{why}");
    let (status, replay) = post(
        &server,
        "/api/v1/alert-rules/oven_hot/test",
        &json!({"from": "now-10m"}),
    )?;
    let would = replay["alerts"].as_array().context("no alerts")?.len();
    ensure!(status == 200 && would == 1, "{status}: {replay}");

    write(20.0)?;
    let cleared = wait_for("it to clear", || {
        alerts(&server, "rule=oven_hot")?
            .into_iter()
            .find(|one| one["status"] == "resolved")
    });
    cleared.with_context(|| server.log())?;
    Ok(())
}
