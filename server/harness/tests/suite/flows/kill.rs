//! Accepted means durable: killed at random moments under load, nothing accepted is lost and
//! nothing is stored twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use serde_json::Value;
use tocsin_harness::TestServer;

/// How often the server is killed; the issue asks for 50 at least.
const KILLS: u32 = 50;
/// Lines in one request.
const LINES: u64 = 200;
/// Senders at a time.
const SENDERS: u64 = 3;

/// What a sender knows of its requests: accepted for certain, or cut off without an answer.
#[derive(Default)]
struct Sent {
    accepted: Vec<u64>,
    unanswered: Vec<u64>,
}

/// Sends numbered requests until the server goes away.
fn send(url: String, first: u64, stop: &AtomicBool) -> Sent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent: ureq::Agent = config
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into();
    let mut sent = Sent::default();
    for request in (first..).step_by(SENDERS as usize) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let mut body = String::new();
        for line in 0..LINES {
            body.push_str(&format!(
                "{{\"body\":\"order {} of customer {} failed after {} ms\"}}\n",
                request * LINES + line,
                line % 7,
                request % 91,
            ));
        }
        let answer = agent
            .post(format!("{url}/api/v1/logs?source=kill-{}", request % 5))
            .header("Content-Type", "application/x-ndjson")
            .send(body.as_bytes());
        match answer {
            Ok(answer) if answer.status() == 200 => sent.accepted.push(request),
            // Anything else than "taken" or a cut line would be a fault; it counts as accepted, so
            // that the comparison at the end shows it.
            Ok(_) => sent.accepted.push(request),
            Err(_) => {
                sent.unanswered.push(request);
                break;
            }
        }
    }
    sent
}

/// Moments that differ from run to run, `[0, 1)`.
fn random(seed: &mut u64) -> f64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) as f64 / (1u64 << 31) as f64
}

#[test]
fn fifty_kills_under_load_lose_nothing_and_double_nothing() -> anyhow::Result<()> {
    // Small blocks and short flushes, so that kills fall into every kind of write.
    let mut server = TestServer::start_with(&[
        ("TOCSIN_LOGS__STORE__HEAD_ROWS_MAX", "2000"),
        ("TOCSIN_PIPELINE__FLUSH_SECS", "1"),
    ])?;
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let mut seed = since_epoch.as_nanos() as u64;
    let first_seed = seed;
    let mut all = Sent::default();
    let mut next = 0;
    for _ in 0..KILLS {
        let stop = Arc::new(AtomicBool::new(false));
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let (url, stop) = (server.url(""), stop.clone());
                std::thread::spawn(move || send(url, next + sender, &stop))
            })
            .collect();
        // The moment of the kill is the input of this test, not a wait for something.
        std::thread::sleep(Duration::from_millis(
            (20.0 + 300.0 * random(&mut seed)) as u64,
        ));
        server.kill()?;
        stop.store(true, Ordering::Relaxed);
        for sender in senders {
            let sent = sender.join().unwrap();
            all.accepted.extend(sent.accepted);
            all.unanswered.extend(sent.unanswered);
        }
        next = all
            .accepted
            .iter()
            .chain(&all.unanswered)
            .max()
            .map_or(next, |max| max + 1);
        next += SENDERS - next % SENDERS;
        server.resume()?;
    }
    let found = stored(&server, &all)?;
    let twice: Vec<_> = found.iter().filter(|(_, times)| **times > 1).collect();
    assert!(
        twice.is_empty(),
        "seed {first_seed}: stored twice: {twice:?}"
    );
    let lost: Vec<u64> = all
        .accepted
        .iter()
        .flat_map(|request| request * LINES..(request + 1) * LINES)
        .filter(|order| !found.contains_key(order))
        .collect();
    assert!(
        lost.is_empty(),
        "seed {first_seed}: {} lost, first {:?}",
        lost.len(),
        lost.first()
    );
    for request in &all.unanswered {
        let lines = (request * LINES..(request + 1) * LINES).filter(|id| found.contains_key(id));
        let count = lines.count() as u64;
        assert!(
            count == 0 || count == LINES,
            "a request is taken whole or not at all: {count}"
        );
    }
    Ok(())
}

/// How often each order is stored, once the bus is drained.
fn stored(server: &TestServer, all: &Sent) -> anyhow::Result<HashMap<u64, u32>> {
    let least = all.accepted.len() as u64 * LINES;
    let mut stats = Value::Null;
    let drained = tocsin_harness::wait_for("the bus to be drained", || {
        stats = server.get("/api/v1/stats").ok()?.1;
        (stats["records"].as_u64()? >= least).then_some(())
    });
    drained.with_context(|| format!("{least} were accepted: {stats:#}\n{}", server.log()))?;
    let text = server.get_text("/api/v1/logs/export?format=ndjson&q=")?.1;
    let mut found: HashMap<u64, u32> = HashMap::new();
    for line in text.lines() {
        let record: Value = serde_json::from_str(line)?;
        let body = record["body"].as_str().unwrap_or_default();
        let order = body.split(' ').nth(1).and_then(|word| word.parse().ok());
        *found.entry(order.unwrap_or(u64::MAX)).or_default() += 1;
    }
    Ok(found)
}
