//! Backups under load: what was accepted before the mark is there after a restoration elsewhere,
//! exactly once; the second backup writes what is new.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use anyhow::{Context, ensure};
use tempfile::TempDir;
use tocsin_harness::backups::{SERIES, Sent, done, kept, objects, refused, there, tocsin};
use tocsin_harness::{TestServer, wait_for};

/// Lines before the first backup.
const LINES_BEFORE: u64 = 60_000;
const PRICING: &str = "CRITICAL: Pricing error | Missing price for product 999";

/// Small blocks and short flushes, so that a backup meets every kind of write.
const SETTINGS: &[(&str, &str)] = &[
    ("TOCSIN_LOGS__STORE__HEAD_ROWS_MAX", "4000"),
    ("TOCSIN_PIPELINE__FLUSH_SECS", "1"),
    ("TOCSIN_METRICS__PIPELINE__FLUSH_SECS", "1"),
    ("TOCSIN_METRICS__STORE__HEAD_SAMPLES_MAX", "20000"),
];

#[test]
fn what_was_accepted_before_a_backup_is_there_after_a_restoration() -> anyhow::Result<()> {
    let mut server = TestServer::start_with(SETTINGS)?;
    let place = TempDir::new()?;
    let backups = place.path().to_str().context("a path")?;
    server.push("shop", &[PRICING, PRICING, "order 17 was shipped", PRICING])?;
    wait_for("an alert and its ticket", || kept(&server).ok()).with_context(|| server.log())?;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let base_ms = since.as_millis() as u64 - 3_000_000;
    let sent = Arc::new(Sent::default());
    let senders = sent.start(&server.url(""), base_ms);
    let load = wait_for("load", || (sent.accepted().0 > LINES_BEFORE).then_some(()));
    load.with_context(|| format!("{:?}\n{}", sent.ends(), server.log()))?;
    let first = done(&tocsin(&server.data_dir(), &[], &["backup", backups])?)?;
    let before = kept(&server)?;
    let accepted = sent.accepted();
    let began = Instant::now();
    let second = done(&tocsin(&server.data_dir(), &[], &["backup", backups])?)?;
    let took = began.elapsed();
    server.kill()?;
    sent.stop();
    for sender in senders {
        ensure!(sender.join().is_ok(), "a sender failed");
    }
    // The MB that are told are of one digit, which such small ones do not have.
    let (all, new) = objects(&second).context("no objects")?;
    ensure!(
        new < all,
        "the second is not incremental: {first}\n{second}"
    );
    let verify = ["backup", backups, "--verify"];
    let verified = done(&tocsin(&server.data_dir(), &[], &verify)?)?;
    ensure!(verified.contains("as they were written"), "{verified}");

    let elsewhere = TempDir::new()?;
    let data_dir = elsewhere.path().join("data");
    let began = Instant::now();
    let said = done(&tocsin(&data_dir, &[], &["restore", backups])?)?;
    let restored = TestServer::start_in(elsewhere, SETTINGS)?;
    let recovery = began.elapsed();
    refused(
        &tocsin(&server.data_dir(), &[], &["restore", backups])?,
        "not empty",
    )?;
    there(&restored, accepted, 4, base_ms).with_context(|| restored.log())?;
    let after = kept(&restored)?;
    for (what, known) in &before {
        ensure!(
            known.is_subset(&after[what]),
            "{what}: {known:?}, {:?}",
            after[what]
        );
    }
    println!("{second}{said}");
    let (lines, points) = accepted;
    println!(
        "{lines} lines, {} points before the mark; backup {took:?}, restored and up in {recovery:?}",
        points * SERIES
    );
    Ok(())
}

#[test]
fn a_folder_without_a_server_is_backed_up_and_moved() -> anyhow::Result<()> {
    let mut server = TestServer::start_with(SETTINGS)?;
    let place = TempDir::new()?;
    let backups = place.path().to_str().context("a path")?;
    server.push("shop", &[PRICING, PRICING, "order 17 was shipped", PRICING])?;
    let route = "/api/v2/write?bucket=b&precision=ms";
    let points = server.post(route, &[], b"load,series=s1 n=1\nload,series=s2 n=2\n")?;
    ensure!(points.0 == 204, "{points:?}");
    wait_for("an alert and its ticket", || kept(&server).ok()).with_context(|| server.log())?;
    let before = kept(&server)?;
    server.stop()?;
    let said = done(&tocsin(&server.data_dir(), &[], &["backup", backups])?)?;
    ensure!(said.contains("logs"), "{said}");
    let list = ["backup", backups, "--list"];
    let listed = done(&tocsin(&server.data_dir(), &[], &list)?)?;
    ensure!(listed.lines().count() == 1, "{listed}");

    let elsewhere = TempDir::new()?;
    let data_dir = elsewhere.path().join("data");
    let from = server.data_dir();
    let from = from.to_str().context("a path")?;
    let moved = done(&tocsin(&data_dir, &[], &["migrate", "--from", from])?)?;
    ensure!(moved.contains("everything is there"), "{moved}");
    println!("{moved}");
    refused(
        &tocsin(&data_dir, &[], &["migrate", "--from", from])?,
        "not empty",
    )?;
    let compare = ["migrate", "--from", from, "--compare"];
    let again = done(&tocsin(&data_dir, &[], &compare)?)?;
    ensure!(again.contains("everything is there"), "{again}");
    let moved = TestServer::start_in(elsewhere, SETTINGS)?;
    ensure!(kept(&moved)? == before, "{:?}, {before:?}", kept(&moved)?);
    // Its bus begins anew, and what comes on it is not taken for what was there.
    moved.push("shop", &["order 18 was shipped", PRICING])?;
    moved.wait_for_lines("shipped", 2)?;
    moved.wait_for_lines("pricing", 4)?;
    Ok(())
}
