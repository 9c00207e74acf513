//! Points: killed under load, none that was accepted is lost, and the detectors go on as if nothing
//! had happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use serde_json::Value;
use tocsin_harness::{TestServer, wait_for};

/// How often the server is killed.
const KILLS: u32 = 20;
/// Series of one request, one point each.
const SERIES: u64 = 100;

fn now_ms() -> anyhow::Result<u64> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(since.as_millis() as u64)
}

/// Writes requests, each a millisecond of its own, until the server goes away; gives those that
/// were accepted, and the one that was cut off.
fn send(url: &str, first: u64, base_ms: u64, stop: &AtomicBool) -> (Vec<u64>, Option<u64>) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into();
    let mut accepted = Vec::new();
    for request in first.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let at = base_ms + request;
        let line = |series| format!("kill,series=s{series} n={request} {at}\n");
        let body: String = (0..SERIES).map(line).collect();
        let answer = agent.post(url).send(body.as_bytes());
        match answer {
            Ok(answer) if answer.status() == 204 => accepted.push(request),
            _ => return (accepted, Some(request)),
        }
    }
    (accepted, None)
}

#[test]
fn kills_under_load_lose_no_point_and_double_none() -> anyhow::Result<()> {
    // Short flushes, so that kills fall into every kind of write.
    let mut server = TestServer::start_with(&[
        ("TOCSIN_METRICS__PIPELINE__FLUSH_SECS", "1"),
        ("TOCSIN_METRICS__STORE__HEAD_SAMPLES_MAX", "20000"),
    ])?;
    let base_ms = now_ms()? - 3_000_000;
    let mut seed = base_ms;
    let (mut accepted, mut unanswered, mut next) = (Vec::new(), Vec::new(), 0);
    for _ in 0..KILLS {
        let stop = Arc::new(AtomicBool::new(false));
        let url = server.url("/api/v2/write?bucket=b&precision=ms");
        let sender = {
            let stop = stop.clone();
            std::thread::spawn(move || send(&url, next, base_ms, &stop))
        };
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // The moment of the kill is the input of this test, not a wait for something.
        std::thread::sleep(Duration::from_millis(30 + (seed >> 33) % 300));
        server.kill()?;
        stop.store(true, Ordering::Relaxed);
        let (sent, cut) = sender
            .join()
            .map_err(|_| anyhow::anyhow!("the sender panicked"))?;
        accepted.extend(sent);
        unanswered.extend(cut);
        next = accepted
            .iter()
            .chain(&unanswered)
            .max()
            .map_or(next, |max| max + 1);
        server.resume()?;
    }
    ensure!(
        accepted.len() > 50,
        "only {} requests were accepted",
        accepted.len()
    );
    for series in [0, 1, SERIES / 2, SERIES - 1] {
        let found = wait_for("all points", || {
            let found = stored(&server, series, base_ms, next).ok()?;
            accepted
                .iter()
                .all(|request| found.contains(request))
                .then_some(found)
        })
        .with_context(|| {
            let found = stored(&server, series, base_ms, next).unwrap_or_default();
            let lost = accepted.iter().filter(|request| !found.contains(request));
            let lost: Vec<_> = lost.collect();
            format!(
                "series s{series} lost {lost:?} of {}\n{}",
                accepted.len(),
                server.log()
            )
        })?;
        for request in &found {
            let is_known = accepted.contains(request) || unanswered.contains(request);
            ensure!(is_known, "point {request} of s{series} was never sent");
        }
        let mut once = found.clone();
        once.dedup();
        ensure!(once == found, "points of s{series} are there twice");
    }
    Ok(())
}

/// The values of a series, in the order of time.
fn stored(server: &TestServer, series: u64, base_ms: u64, next: u64) -> anyhow::Result<Vec<u64>> {
    let end = (base_ms + next) as f64 / 1000.0;
    let span = next / 1000 + 10;
    let query = format!("kill_n%7Bseries%3D%22s{series}%22%7D%5B{span}s%5D");
    let (status, answer) = server.get(&format!("/api/v1/query?query={query}&time={end}"))?;
    ensure!(status == 200, "{answer}");
    let values = answer["data"]["result"][0]["values"]
        .as_array()
        .context("no points")?;
    let value = |pair: &Value| pair[1].as_str()?.parse().ok();
    values
        .iter()
        .map(|pair| value(pair).context("a value"))
        .collect()
}

/// A quiet series with two departures; one point every two minutes.
fn points(from: u64, to: u64, base_ms: u64) -> String {
    let value = |step: u64| {
        let noise = (step.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44) as f64 / f64::from(1 << 20);
        let odd = match step {
            700..704 => 60.0,
            1100..1104 => -200.0,
            _ => 0.0,
        };
        20.0 + noise + odd
    };
    (from..to)
        .map(|step| {
            format!(
                "oven temperature={} {}\n",
                value(step),
                base_ms + step * 120_000
            )
        })
        .collect()
}

/// What the detectors said, without the ids of nothing but time.
fn findings(server: &TestServer) -> anyhow::Result<Vec<String>> {
    let (status, answer) =
        server.get("/api/v1/metrics/anomalies?from=now-3d&q=oven_temperature")?;
    ensure!(status == 200, "{answer}");
    let items = answer["items"].as_array().context("items")?;
    let told = |item: &Value| {
        let of = |name: &str| item[name].to_string();
        let parts = [
            "id",
            "detector",
            "score",
            "observed",
            "yhat",
            "started_at",
            "ended_at",
        ];
        parts.map(of).join(" ")
    };
    Ok(items.iter().map(told).collect())
}

#[test]
fn detectors_that_were_killed_judge_the_same_points_the_same() -> anyhow::Result<()> {
    let base_ms = now_ms()? - 1_400 * 120_000;
    let write = |server: &TestServer, from, to| -> anyhow::Result<()> {
        let route = "/api/v2/write?bucket=b&precision=ms";
        let (status, answer) = server.post(route, &[], points(from, to, base_ms).as_bytes())?;
        ensure!(status == 204, "{answer}");
        Ok(())
    };
    let settings = [("TOCSIN_METRICS__PIPELINE__FLUSH_SECS", "1")];
    let whole = TestServer::start_with(&settings)?;
    let mut killed = TestServer::start_with(&settings)?;
    for (from, to) in [(0, 500), (500, 702), (702, 1000), (1000, 1400)] {
        write(&whole, from, to)?;
        write(&killed, from, to)?;
        killed.kill()?;
        killed.resume()?;
    }
    let expected = wait_for("both departures to be found", || {
        let found = findings(&whole).ok()?;
        let ended = found.iter().all(|one| !one.ends_with("null"));
        (found.len() >= 2 && ended).then_some(found)
    })?;
    wait_for("the killed server to say the same", || {
        (findings(&killed).ok()? == expected).then_some(())
    })
    .with_context(|| format!("{expected:#?}\nagainst\n{:#?}", findings(&killed)))
}
