//! Backups of what several processes share, under load: everything accepted before the mark is there
//! after a restoration into other engines, exactly once, and what comes then is not taken for it.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, ensure};
use serde_json::json;
use tempfile::TempDir;
use tocsin_harness::backups::{
    Accepted, Kept, SERIES, Sent, done, kept, objects, refused, there, tocsin,
};
use tocsin_harness::cluster::SharedEngines;
use tocsin_harness::{TestServer, wait_for};

/// Lines before the first backup, and between the first and the second.
const LINES_BEFORE: u64 = 8_000;
const LINES_BETWEEN: u64 = 1_000;
/// Between two requests, so that engines on the same machine have some of it.
const PAUSE: Duration = Duration::from_millis(100);
const PRICING: &str = "CRITICAL: Pricing error | Missing price for product 999";
const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];

/// Short flushes, so that positions move while a backup is made.
const SETTINGS: &[(&str, &str)] = &[
    ("TOCSIN_BUS__PARTITIONS", "2"),
    ("TOCSIN_PIPELINE__FLUSH_SECS", "1"),
    ("TOCSIN_METRICS__PIPELINE__FLUSH_SECS", "1"),
];

fn settings(engines: &SharedEngines) -> Vec<(&'static str, String)> {
    let own = SETTINGS
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    engines.settings().into_iter().chain(own).collect()
}

fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    let all = settings.iter();
    all.map(|(name, value)| (*name, value.as_str())).collect()
}

/// What was there when a backup began, and what the backups said.
struct Made {
    accepted: Accepted,
    kept: Kept,
    said: [String; 2],
}

/// Makes two backups while two processes work and lines come in, then kills everything.
fn back_up(engines: &SharedEngines, place: &str, base_ms: u64) -> anyhow::Result<Made> {
    let settings = settings(engines);
    let settings = borrowed(&settings);
    let server = TestServer::start_in(TempDir::new()?, &settings)?;
    let worker = [settings.as_slice(), &[("TOCSIN_SERVER__ROLE", "worker")]].concat();
    let worker = TestServer::start_in(TempDir::new()?, &worker)?;
    server.push("shop", &[PRICING, PRICING, "order 17 was shipped", PRICING])?;
    let hook = json!({ "type": "webhook", "url": "http://127.0.0.1:9/" });
    let wish = json!({ "name": "kept", "channel": hook }).to_string();
    wait_for("an alert and its ticket", || kept(&server).ok()).with_context(|| server.log())?;
    // On a busy machine nobody may lead for a moment.
    wait_for("a subscription", || {
        let made = server.post("/api/v1/subscriptions", JSON, wish.as_bytes());
        (made.ok()?.0 == 201).then_some(())
    })
    .with_context(|| server.log())?;
    let sent = Arc::new(Sent::with_pause(PAUSE));
    let senders = sent.start(&server.url(""), base_ms);
    let reached = |lines: u64| {
        let all = wait_for("load", || (sent.accepted().0 > lines).then_some(()));
        all.with_context(|| server.log())
    };
    reached(LINES_BEFORE)?;
    let backup = || {
        let made = tocsin(&server.data_dir(), &settings, &["backup", place])?;
        done(&made).with_context(|| server.log())
    };
    let first = backup()?;
    reached(sent.accepted().0 + LINES_BETWEEN)?;
    let kept = wait_for("what is kept", || kept(&server).ok())?;
    let accepted = sent.accepted();
    let second = backup()?;
    ensure!(
        sent.accepted() > accepted,
        "nothing came in while the backup was made"
    );
    drop((server, worker));
    sent.stop();
    for sender in senders {
        ensure!(sender.join().is_ok(), "a sender failed");
    }
    Ok(Made {
        accepted,
        kept,
        said: [first, second],
    })
}

#[test]
fn shared_engines_come_back_from_a_backup_that_was_made_under_load() -> anyhow::Result<()> {
    let place = TempDir::new()?;
    let backups = place.path().to_str().context("a path")?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let base_ms = now.as_millis() as u64 - 3_000_000;
    let start = || SharedEngines::start()?.with_vectors();
    let other = std::thread::spawn(start);
    let made = back_up(&start()?, backups, base_ms)?;
    let [first, second] = &made.said;
    println!("{first}{second}");
    let (all, new) = objects(second).context("no objects")?;
    ensure!(
        new * 4 < all * 3,
        "it is not incremental: {first}\n{second}"
    );

    let engines = other.join().map_err(|_| anyhow::anyhow!("no engines"))??;
    let settings = settings(&engines);
    let settings = borrowed(&settings);
    let elsewhere = TempDir::new()?;
    let began = Instant::now();
    let data_dir = elsewhere.path().join("data");
    let said = done(&tocsin(&data_dir, &settings, &["restore", backups])?)?;
    let server = TestServer::start_in(elsewhere, &settings)?;
    println!("{said}restored and up in {:?}", began.elapsed());
    let another = TempDir::new()?;
    let again = tocsin(
        &another.path().join("data"),
        &settings,
        &["restore", backups],
    )?;
    refused(&again, "not empty")?;

    there(&server, made.accepted, 4, base_ms).with_context(|| server.log())?;
    let after = wait_for("the process to lead", || kept(&server).ok())?;
    for (what, known) in &made.kept {
        ensure!(
            !known.is_empty() || *what == "runs",
            "there were no {what} to keep"
        );
        ensure!(
            known.is_subset(&after[what]),
            "{what}: {known:?}, {:?}",
            after[what]
        );
    }
    goes_on(&server)
}

/// What comes after the restoration is found, and is not taken for what was there.
fn goes_on(server: &TestServer) -> anyhow::Result<()> {
    for round in 0..20 {
        server.push("shop", &[&format!("parcel {round} left the building")])?;
    }
    server.wait_for_lines("parcel", 20)?;
    let line = |series| format!("load,series=s{series} n=7\n");
    let body: String = (0..SERIES).map(line).collect();
    let (status, answer) = server.post("/api/v2/write?bucket=b", &[], body.as_bytes())?;
    ensure!(status == 204, "{status}: {answer}");
    let found = wait_for("the newest points", || {
        let (_, answer) = server.get("/api/v1/query?query=load_n").ok()?;
        let series = answer["data"]["result"].as_array()?;
        let newest = series.iter().filter(|one| one["value"][1] == "7").count() as u64;
        (newest == SERIES && series.len() as u64 == SERIES).then_some(())
    });
    found.with_context(|| server.log())
}
