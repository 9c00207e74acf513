//! Several processes over shared engines: killed at random, they lose nothing and do nothing twice.
//!
//! `TOCSIN_CHAOS_SECS` says for how long (40): `make chaos` does it for 20 minutes.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::json;
use tocsin_harness::cluster::chaos::{self, ChaosPlan};
use tocsin_harness::cluster::{Cluster, SharedEngines, wait_long};
use tocsin_harness::{TestServer, wait_for};

/// A partition that nobody works on for longer than this is too long.
const UNOWNED: Duration = Duration::from_secs(10);
const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];

/// The ids of all alerts, as a process tells them.
fn alerts(process: &TestServer) -> anyhow::Result<Vec<String>> {
    let some = wait_for("alerts", || {
        let (status, answer) = process.get("/api/v1/alerts").ok()?;
        let items = answer["items"].as_array()?;
        let id = |item: &serde_json::Value| item["id"].as_str().map(str::to_owned);
        let ids: Vec<String> = items.iter().filter_map(id).collect();
        (status == 200 && !ids.is_empty()).then_some(ids)
    });
    some.with_context(|| process.log())
}

#[test]
fn what_one_takes_in_all_show_and_the_leader_alone_tells() -> anyhow::Result<()> {
    let engines = SharedEngines::start()?;
    let cluster = Cluster::start(&engines, (2, 2), &[])?;
    let fatal = r#"{"body":"order 1 failed: part 7 is broken","severity":"fatal","host":"s1"}"#;
    let ndjson = [("Content-Type", "application/x-ndjson")];
    let pushed = cluster.apis[0].post("/api/v1/logs?source=shop", &ndjson, fatal.as_bytes())?;
    ensure!(pushed.0 == 200, "{}", pushed.1);
    for process in cluster.apis.iter().chain(&cluster.workers) {
        process.wait_for_lines("broken", 1)?;
        ensure!(alerts(process)?.len() == 1, "{}", process.log());
    }
    // Whichever is asked speaks for all of them.
    for process in cluster.apis.iter().chain(&cluster.workers) {
        wait_for("the processes to know each other", || {
            let (_, stats) = process.get("/api/v1/stats").ok()?;
            let all = stats["processes"].as_array()?;
            let leading = all.iter().filter(|one| one["leads"] == true).count();
            let (_, sources) = process.get("/api/v1/data-sources").ok()?;
            let items = sources["items"].as_array()?;
            let shop = items.iter().find(|source| source["name"] == "shop")?;
            (all.len() == 4 && leading == 1 && !shop["first_seen"].is_null()).then_some(())
        })?;
    }
    let alert = format!("/api/v1/alerts/{}", alerts(&cluster.apis[1])?[0]);
    let told = cluster.apis[1].post(&format!("{alert}/acknowledge"), JSON, b"{}")?;
    ensure!(told.0 == 200, "{}", told.1);
    let (_, seen) = cluster.apis[0].get(&alert)?;
    ensure!(seen["status"] == "acknowledged", "{seen}");
    for process in cluster.apis.iter().chain(&cluster.workers) {
        let (status, answer) = process.get("/health/ready")?;
        ensure!(status == 200, "{answer}");
    }
    Ok(())
}

#[test]
fn every_worker_has_its_share_of_slow_work() -> anyhow::Result<()> {
    let (engines, folder) = (SharedEngines::start()?, tempfile::tempdir()?);
    // So long that the other worker looks for work while one is at it.
    let text: String = (0..300_000)
        .map(|number| format!("2026-01-15T07:00:00Z INFO order {number} was shipped\n"))
        .collect();
    let settings = [
        ("TOCSIN_JOBS__IMPORT_DIR", &*folder.path().to_string_lossy()),
        ("TOCSIN_JOBS__CONCURRENCY", "1"),
    ];
    let cluster = Cluster::start(&engines, (2, 1), &settings)?;
    let api = &cluster.apis[0];
    let mut asked = Vec::new();
    for number in 0..2 {
        let file = format!("orders-{number}.log");
        std::fs::write(folder.path().join(&file), &text)?;
        let parameters = json!({ "file": file, "source": format!("orders-{number}") });
        let job = json!({ "kind": "process_data", "parameters": parameters }).to_string();
        let (status, answer) = api.post("/api/v1/jobs", JSON, job.as_bytes())?;
        ensure!(status == 202, "{status}: {answer}");
        asked.push(answer["job"]["id"].as_str().context("an id")?.to_owned());
    }
    let mut workers = BTreeSet::new();
    for id in asked {
        let done = wait_long("a job to be done", Duration::from_secs(180), || {
            let (_, job) = api.get(&format!("/api/v1/jobs/{id}")).ok()?;
            (job["status"] == "succeeded").then_some(job)
        })?;
        workers.extend(done["worker"].as_str().map(str::to_owned));
    }
    ensure!(workers.len() == 2, "{workers:?}");
    Ok(())
}

#[test]
fn kills_of_processes_and_engines_lose_nothing_and_double_nothing() -> anyhow::Result<()> {
    let mut engines = SharedEngines::start()?;
    let secs = std::env::var_os("TOCSIN_CHAOS_SECS");
    let secs: u64 = secs.map_or(Ok(40), |text| text.to_string_lossy().parse())?;
    let plan = ChaosPlan {
        processes: (3, 2),
        length: Duration::from_secs(secs),
        every: Duration::from_secs(10),
        causes: 20,
        seed: 7,
    };
    let result = chaos::run(&mut engines, plan)?;
    writeln!(std::io::stderr().lock(), "{plan:?}\n  {result:?}")?;
    ensure!(result.accepted > 0 && result.points > 0, "{result:?}");
    ensure!(result.is_whole(UNOWNED), "{result:?}");
    Ok(())
}

/// The status of an answer to a person, how many more requests it has, and whether it is told when to
/// come again.
fn ask_as(user: &str, process: &TestServer, route: &str) -> anyhow::Result<(u16, u32, bool)> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let answer = agent
        .get(process.url(route))
        .header("x-user", user)
        .call()?;
    let left = answer.headers().get("ratelimit-remaining");
    let left = left.context("no ratelimit-remaining")?.to_str()?.parse()?;
    let is_told = answer.headers().contains_key("retry-after");
    Ok((answer.status().as_u16(), left, is_told))
}

#[test]
fn processes_count_what_a_client_asks_together() -> anyhow::Result<()> {
    const PER_MINUTE: u32 = 60;
    let engines = SharedEngines::start()?;
    let settings = [
        ("TOCSIN_API__REQUESTS_PER_MINUTE", "60"),
        ("TOCSIN_SERVER__USER_HEADER", "x-user"),
        ("TOCSIN_SERVER__TRUSTED_PROXIES", "[\"127.0.0.1\"]"),
    ];
    let cluster = Cluster::start(&engines, (1, 2), &settings)?;
    // What is handed on to the leader counts once.
    let begun = Instant::now();
    let mut left = PER_MINUTE;
    for number in 0..10 {
        let (status, now, _) = ask_as("bob", &cluster.apis[number % 2], "/api/v1/alerts")?;
        ensure!(status == 200, "{status}");
        left = now;
    }
    let filled = u32::try_from(begun.elapsed().as_secs())? + 1;
    let most = PER_MINUTE - 10 + filled;
    ensure!((PER_MINUTE - 10..=most).contains(&left), "{left} are left");
    let begun = Instant::now();
    let mut answered = 0;
    for number in 0..PER_MINUTE as usize * 2 {
        match ask_as("ana", &cluster.apis[number % 2], "/api/v1/me")? {
            (200, ..) => answered += 1,
            (status, left, is_told) => {
                ensure!((status, left, is_told) == (429, 0, true), "{status} {left}");
            }
        }
    }
    let filled = u32::try_from(begun.elapsed().as_secs())? + 1;
    let allowed = PER_MINUTE..=PER_MINUTE + filled;
    ensure!(allowed.contains(&answered), "{answered} were answered");
    let (_, metrics) = cluster.apis[0].get_text("/metrics")?;
    let refused = metrics
        .lines()
        .find(|line| line.starts_with("tocsin_http_requests_limited_total "));
    let refused = refused.context("no count")?.rsplit(' ').next();
    ensure!(refused.is_some_and(|count| count != "0"), "{refused:?}");
    Ok(())
}
