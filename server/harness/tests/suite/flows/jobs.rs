//! Slow work goes on whatever happens to its server: killed, it is taken up after its lease and done
//! once; stopped, it is put back at once; and what is done without being asked is done.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tocsin_harness::{TestServer, wait_for};

/// Lines of the file: six chunks of 4 MiB.
const LINES: u64 = 200_000;
/// The most lines of a chunk: those of one that was delivered and not noted may come again.
const CHUNK_LINES: u64 = 45_000;
const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];

/// A server with a folder to read from, and a file in it.
fn reading(lease_secs: &str) -> anyhow::Result<(TestServer, tempfile::TempDir)> {
    let folder = tempfile::tempdir()?;
    let mut text = String::new();
    for number in 0..LINES {
        let pad = "x".repeat(60);
        writeln!(
            text,
            "2026-01-15T07:00:00Z INFO order {number} was shipped {pad}"
        )?;
    }
    std::fs::write(folder.path().join("orders.log"), text)?;
    let import_dir = folder.path().display().to_string();
    let server = TestServer::start_with(&[
        ("TOCSIN_JOBS__IMPORT_DIR", &import_dir),
        ("TOCSIN_JOBS__LEASE_SECS", lease_secs),
        ("TOCSIN_INGEST__HOST__ENABLED", "false"),
    ])?;
    Ok((server, folder))
}

fn ask(server: &TestServer, asked: &Value) -> anyhow::Result<String> {
    let (status, answer) = server.post("/api/v1/jobs", &JSON, asked.to_string().as_bytes())?;
    anyhow::ensure!(status == 202, "{status}: {answer}");
    let id = answer["job"]["id"].as_str().unwrap_or_default();
    Ok(id.to_owned())
}

fn job(server: &TestServer, id: &str) -> Option<Value> {
    let (status, job) = server.get(&format!("/api/v1/jobs/{id}")).ok()?;
    (status == 200).then_some(job)
}

fn until(server: &TestServer, id: &str, status: &str) -> anyhow::Result<Value> {
    wait_for(&format!("the job to be {status}"), || {
        job(server, id).filter(|job| job["status"] == status)
    })
}

/// Waits until a third of the file was read.
fn well_begun(server: &TestServer, id: &str) -> anyhow::Result<Value> {
    wait_for("the job to be well begun", || {
        let job = job(server, id)?;
        let (done, total) = (
            job["progress"]["done"].as_u64()?,
            job["progress"]["total"].as_u64()?,
        );
        (done * 3 >= total).then_some(job)
    })
}

fn lines_of(server: &TestServer, source: &str) -> anyhow::Result<u64> {
    let route = format!(
        "/api/v1/logs/search?source={source}&limit=1&from=2026-01-15T06:00:00Z&to=2026-01-15T08:00:00Z"
    );
    let (_, answer) = server.get(&route)?;
    Ok(answer["total"].as_u64().unwrap_or(0))
}

#[test]
fn a_job_whose_server_is_killed_is_finished_once() -> anyhow::Result<()> {
    let (mut server, _folder) = reading("5")?;
    let asked = json!({
        "kind": "process_data", "parameters": { "file": "orders.log", "source": "orders" },
    });
    let id = ask(&server, &asked)?;
    assert_eq!(
        ask(&server, &asked)?,
        id,
        "an equal one is the same while it runs"
    );
    let begun = well_begun(&server, &id)?;
    assert_eq!(begun["status"], "running", "{begun}");
    server.kill()?;
    server.resume()?;
    let done = until(&server, &id, "succeeded")?;
    assert_eq!(done["attempts"], 2, "{done}");
    assert_eq!(done["result"]["accepted"], LINES, "{done}");
    assert_ne!(done["worker"], begun["worker"]);
    let lines = wait_for("all lines to be there", || {
        lines_of(&server, "orders")
            .ok()
            .filter(|lines| *lines >= LINES)
    })?;
    assert!(
        lines <= LINES + CHUNK_LINES,
        "{lines}: it went on where it was"
    );
    let (_, all) = server.get("/api/v1/jobs?kind=process_data")?;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(1));
    let (_, metrics) = server.get_text("/metrics")?;
    let counted = "tocsin_jobs_attempts_total{kind=\"process_data\",outcome=\"succeeded\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    Ok(())
}

#[test]
fn a_job_whose_server_stops_goes_on_at_the_next_start() -> anyhow::Result<()> {
    let (mut server, _folder) = reading("600")?;
    let asked = json!({
        "kind": "process_data", "parameters": { "file": "orders.log", "source": "orders" },
    });
    let id = ask(&server, &asked)?;
    well_begun(&server, &id)?;
    server.stop()?;
    server.resume()?;
    // Long before its lease would end, and without an attempt that counts.
    let done = until(&server, &id, "succeeded")?;
    assert_eq!(done["attempts"], 1, "{done}");
    assert_eq!(done["result"]["accepted"], LINES, "{done}");
    wait_for("all lines to be there", || {
        lines_of(&server, "orders")
            .ok()
            .filter(|lines| *lines == LINES)
    })?;
    Ok(())
}

#[test]
fn jobs_are_asked_for_called_off_and_done_by_schedules() -> anyhow::Result<()> {
    let server = TestServer::start_with(&[("TOCSIN_INGEST__HOST__ENABLED", "false")])?;
    let (_, schedules) = server.get("/api/v1/jobs/schedules")?;
    let names = schedules["items"].as_array().cloned().unwrap_or_default();
    let names: Vec<_> = names
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(names, ["cleanup-metrics", "cleanup-records"]);
    let route = "/api/v1/jobs/schedules/cleanup-records/run";
    let (status, answer) = server.post(route, &JSON, b"{}")?;
    assert_eq!(status, 202, "{answer}");
    let id = answer["job"]["id"].as_str().unwrap_or_default().to_owned();
    let done = until(&server, &id, "succeeded")?;
    assert_eq!(done["result"]["removed"]["alerts"], 0, "{done}");
    assert_eq!(done["schedule"], "cleanup-records");

    let id = ask(&server, &json!({ "kind": "generate_report" }))?;
    let done = until(&server, &id, "succeeded")?;
    assert_eq!(done["has_document"], true, "{done}");
    let (_, report) = server.get_text(&format!("/api/v1/jobs/{id}/result"))?;
    assert!(report.starts_with("# "), "{report}");

    let (status, problem) = server.post("/api/v1/jobs", &JSON, b"{\"kind\":\"make_coffee\"}")?;
    assert_eq!(status, 400, "{problem}");
    let no_folder = br#"{"kind":"process_data","parameters":{"file":"x.log"}}"#;
    let (status, problem) = server.post("/api/v1/jobs", &JSON, no_folder)?;
    assert!(
        status == 400 && problem.to_string().contains("jobs.import_dir"),
        "{problem}"
    );
    let id = ask(&server, &json!({ "kind": "re_forecast" }))?;
    until(&server, &id, "succeeded")?;
    let (status, problem) = server.post(&format!("/api/v1/jobs/{id}/cancel"), &JSON, b"{}")?;
    assert_eq!(status, 409, "{problem}");
    Ok(())
}
