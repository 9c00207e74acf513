//! From a data folder to engines that several processes share: everything is moved, the comparison
//! says so, and the server over the engines answers as the one before did.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tocsin_harness::backups::{done, kept, refused, tocsin};
use tocsin_harness::cluster::SharedEngines;
use tocsin_harness::{TestServer, wait_for};

const PRICING: &str = "CRITICAL: Pricing error | Missing price for product 999";
const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];
/// Points of each series, a minute apart.
const POINTS: u64 = 120;

/// Lines of a real system if they are at hand, with lines like them otherwise.
fn lines() -> Vec<String> {
    let data = std::env::var_os("TOCSIN_DATA").map(std::path::PathBuf::from);
    let file = data.map(|data| data.join("parsing/OpenSSH/OpenSSH_2k.log"));
    let text = file.and_then(|file| std::fs::read_to_string(file).ok());
    match text {
        Some(text) => text.lines().map(str::to_owned).collect(),
        None => (0..2000)
            .map(|at| match at % 3 {
                0 => format!(
                    "Failed password for user{} from 10.0.0.{} port {at}",
                    at % 9,
                    at % 250
                ),
                1 => format!("session opened for user user{} by (uid={})", at % 9, at % 4),
                _ => format!("key=\"value {at}\" took {}.5 ms of {at}", at % 77),
            })
            .collect(),
    }
}

fn post(server: &TestServer, route: &str, body: &Value) -> anyhow::Result<Value> {
    let (status, answer) = server.post(route, JSON, body.to_string().as_bytes())?;
    ensure!((200..300).contains(&status), "{route}: {status}: {answer}");
    Ok(answer)
}

/// Fills a server with something of every kind; gives the time of the first point and the thread.
fn fill(server: &TestServer) -> anyhow::Result<(u64, String)> {
    let lines = lines();
    for (at, part) in lines.chunks(500).enumerate() {
        let part: Vec<&str> = part.iter().map(String::as_str).collect();
        server.push(&format!("source-{}", at % 3), &part)?;
    }
    server.push("shop", &[PRICING, PRICING, "order 17 was shipped", PRICING])?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let base_ms = now.as_millis() as u64 - POINTS * 60_000;
    let point = |at: u64| {
        let of = |series: u64| {
            let value = (at * (series + 3)) % 17;
            format!(
                "load,series=s{series} n={value}.25 {}\n",
                base_ms + at * 60_000
            )
        };
        (0..5).map(of).collect::<String>()
    };
    let body: String = (0..POINTS).map(point).collect();
    let route = "/api/v2/write?bucket=b&precision=ms";
    let (status, answer) = server.post(route, &[], body.as_bytes())?;
    ensure!(status == 204, "{status}: {answer}");
    let hook = json!({ "type": "webhook", "url": "http://127.0.0.1:9/" });
    let wish = json!({ "name": "moved", "channel": hook });
    post(server, "/api/v1/subscriptions", &wish)?;
    let thread = post(server, "/api/v1/copilot/threads", &json!({}))?;
    let thread = thread["id"].as_str().context("no thread")?.to_owned();
    let question = json!({ "text": "how many alerts are there?" });
    let route = format!("/api/v1/copilot/threads/{thread}/messages");
    let (status, _) = server.post(&route, JSON, question.to_string().as_bytes())?;
    ensure!(status == 200, "the question: {status}");
    let all = lines.len() as u64 + 4;
    wait_for("everything to be stored", || {
        let (_, stats) = server.get("/api/v1/stats").ok()?;
        kept(server).ok()?;
        (stats["records"].as_u64()? == all).then_some(())
    })
    .with_context(|| server.log())?;
    Ok((base_ms, thread))
}

/// What a server answers, without what changes by itself.
fn answers(
    server: &TestServer,
    base_ms: u64,
    thread: &str,
) -> anyhow::Result<BTreeMap<String, Value>> {
    let (from, to) = (base_ms / 1000, (base_ms + POINTS * 60_000) / 1000);
    let routes = [
        "/api/v1/logs/search?limit=1000&q=".to_owned(),
        "/api/v1/logs/search?limit=1000&q=port".to_owned(),
        "/api/v1/logs/histogram?buckets=200".to_owned(),
        format!("/api/v1/query_range?query=sum(load_n)&start={from}&end={to}&step=60"),
        format!(
            "/api/v1/query_range?query=max_over_time(load_n%5B5m%5D)&start={from}&end={to}&step=60"
        ),
        "/api/v1/subscriptions".to_owned(),
        format!("/api/v1/copilot/threads/{thread}"),
    ];
    let mut all = BTreeMap::new();
    for route in routes {
        let (status, mut answer) = server.get(&route)?;
        ensure!(status == 200, "{route}: {status}: {answer}");
        if let Some(answer) = answer.as_object_mut() {
            answer.remove("took_ms");
        }
        all.insert(route, answer);
    }
    Ok(all)
}

fn moved_to(
    data_dir: &Path,
    settings: &[(&str, &str)],
    from: &Path,
    more: &[&str],
) -> anyhow::Result<std::process::Output> {
    let from = from.to_str().context("a path")?;
    let arguments = [&["migrate", "--from", from], more].concat();
    tocsin(data_dir, settings, &arguments)
}

#[test]
fn a_data_folder_moves_into_shared_engines() -> anyhow::Result<()> {
    let mut server = TestServer::start()?;
    let (base_ms, thread) = fill(&server)?;
    let before = answers(&server, base_ms, &thread)?;
    let kept_before = kept(&server)?;
    server.stop()?;

    let engines = SharedEngines::start()?.with_vectors()?;
    let settings = engines.settings();
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let elsewhere = TempDir::new()?;
    let data_dir = elsewhere.path().join("data");
    let from = server.data_dir();
    let said = done(&moved_to(&data_dir, &settings, &from, &[])?)?;
    ensure!(said.contains("everything is there"), "{said}");
    for part in ["logs", "metrics", "relational", "vectors"] {
        ensure!(said.contains(part), "{part} is not compared: {said}");
    }
    println!("{said}");
    let again = moved_to(&data_dir, &settings, &from, &[])?;
    refused(&again, "not empty")?;
    let compared = done(&moved_to(&data_dir, &settings, &from, &["--compare"])?)?;
    ensure!(compared.contains("everything is there"), "{compared}");

    let moved = TestServer::start_in(elsewhere, &settings)?;
    wait_for("the process to lead", || kept(&moved).ok()).with_context(|| moved.log())?;
    let after = answers(&moved, base_ms, &thread)?;
    for (route, answer) in &before {
        ensure!(
            after[route] == *answer,
            "{route}:\n{answer:#}\n{:#}",
            after[route]
        );
    }
    let kept_after = kept(&moved)?;
    ensure!(kept_after == kept_before, "{kept_after:?}, {kept_before:?}");
    // The bus begins anew, and what comes on it is not taken for what was there.
    moved.push("shop", &["order 18 was shipped", PRICING])?;
    moved.wait_for_lines("shipped", 2)?;
    moved.wait_for_lines("pricing", 4)?;
    Ok(())
}
