//! Metrics pushed by their real senders: InfluxDB's client, Prometheus and vmagent.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use anyhow::Context;
use serde_json::Value;
use tocsin_harness::{Counterparty, TestServer, find_program, free_port, python, wait_for};

/// A query as part of an address.
fn encoded(promql: &str) -> String {
    promql.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The only value of a query, if there is one.
fn value(server: &TestServer, promql: &str) -> Option<String> {
    let path = format!("/api/v1/query?query={}", encoded(promql));
    let (_, answer) = server.get(&path).ok()?;
    let results = answer["data"]["result"].as_array()?;
    match results.as_slice() {
        [one] => Some(one["value"][1].as_str()?.to_owned()),
        _ => None,
    }
}

fn wait_for_value(server: &TestServer, promql: &str, expected: &str) -> anyhow::Result<()> {
    let found = wait_for(promql, || {
        (value(server, promql).as_deref() == Some(expected)).then_some(())
    });
    found.with_context(|| {
        let last = value(server, promql);
        format!(
            "{promql}: expected {expected}, found {last:?}\n{}",
            server.log()
        )
    })
}

const CLIENT: &str = r#"
import sys, time
from influxdb_client import InfluxDBClient, Point, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
now = time.time_ns()
for gzip in (False, True):
    with InfluxDBClient(url=sys.argv[1], token="t", org="o", enable_gzip=gzip) as client:
        assert client.ping()
        with client.write_api(write_options=SYNCHRONOUS) as api:
            point = Point("h2o feet").tag("location", "coyote creek,west").field("water level", 8.125)
            api.write("b", "o", point.field("depth", 3).field("wet", True).field("note", "calm").time(now))
            api.write("b", "o", [Point("m").tag("gzip", str(gzip)).field("a", 1.5).time(now // 10**6, WritePrecision.MS)],
                write_precision=WritePrecision.MS)
            try:
                api.write("b", "o", "good a=1\nbad\n")
                raise SystemExit("a bad line was not refused")
            except ApiException as error:
                assert error.status == 400, error
                assert "partial write" in error.message, error.message
        # Batches in the background, as most use it.
        with client.write_api() as api:
            for index in range(1000):
                api.write("b", "o", Point("batched").tag("gzip", str(gzip)).field("n", index).time(now + index * 10**6))
"#;

#[test]
fn the_influxdb_client_writes_and_is_told_of_bad_lines() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let output = Command::new(python()?)
        .args(["-c", CLIENT, &server.url("")])
        .output()?;
    let complained = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{complained}\n{}", server.log());
    let place = r#"{location="coyote creek,west"}"#;
    for (series, expected) in [
        (format!("h2o_feet_water_level{place}"), "8.125"),
        (format!("h2o_feet_depth{place}"), "3"),
        (format!("h2o_feet_wet{place}"), "1"),
        (r#"m_a{gzip="True"}"#.into(), "1.5"),
        ("good_a".into(), "1"),
        (r#"max_over_time(batched_n{gzip="True"}[5m])"#.into(), "999"),
        ("sum(count_over_time(batched_n[5m]))".into(), "2000"),
    ] {
        wait_for_value(&server, &series, expected)?;
    }
    assert_eq!(value(&server, "h2o_feet_note"), None);
    Ok(())
}

/// The times of a series' points and their values, by a range selector.
fn samples(answer: &Value) -> BTreeMap<i64, String> {
    let values = answer["data"]["result"][0]["values"].as_array();
    let pair = |pair: &Value| {
        let at_ms = (pair[0].as_f64()? * 1000.0).round() as i64;
        Some((at_ms, pair[1].as_str()?.to_owned()))
    };
    values.into_iter().flatten().filter_map(pair).collect()
}

#[test]
fn a_real_prometheus_writes_on_over_a_kill_without_a_gap() -> anyhow::Result<()> {
    let listen = format!("127.0.0.1:{}", free_port()?);
    let mut server = TestServer::start_with(&[("TOCSIN_SERVER__LISTEN", &listen)])?;
    let folder = tempfile::TempDir::new()?;
    let own = format!("127.0.0.1:{}", free_port()?);
    let config = format!(
        "global:\n  scrape_interval: 250ms\n  scrape_timeout: 250ms\n\
         scrape_configs:\n  - job_name: self\n    static_configs: [{{targets: ['{own}']}}]\n\
         remote_write:\n  - url: {}\n    queue_config: {{batch_send_deadline: 300ms, max_backoff: 500ms}}\n\
         \x20   metadata_config: {{send_interval: 1s}}\n",
        server.url("/api/v1/write")
    );
    let file = folder.path().join("prometheus.yml");
    std::fs::write(&file, config)?;
    let _prometheus = Counterparty::start(
        Command::new(find_program("prometheus")?)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={own}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    )?;
    let up = r#"up{job="self"}"#;
    wait_for_value(&server, up, "1")?;
    server.kill()?;
    server.resume()?;
    // What it scraped meanwhile it sends again from its log; so do new points come.
    let query = format!("/api/v1/query?query={}", encoded(&format!("{up}[10m]")));
    let agent = ureq::Agent::new_with_defaults();
    let theirs = || -> anyhow::Result<BTreeMap<i64, String>> {
        let text = agent
            .get(format!("http://{own}{query}"))
            .call()?
            .body_mut()
            .read_to_string()?;
        Ok(samples(&serde_json::from_str(&text)?))
    };
    let resumed = theirs()?.len();
    wait_for("points after the kill", || {
        (theirs().ok()?.len() > resumed + 8).then_some(())
    })?;
    let expected = theirs()?;
    let found = wait_for("all points", || {
        let ours = samples(&server.get(&query).ok()?.1);
        expected
            .iter()
            .all(|(at, value)| ours.get(at) == Some(value))
            .then_some(())
    });
    found.with_context(|| {
        let ours = server.get(&query).map(|answer| samples(&answer.1));
        format!("expected {expected:?}, found {ours:?}\n{}", server.log())
    })?;
    // The labels and the kind of its series came along.
    assert!(value(&server, "prometheus_build_info").is_some());
    wait_for("counters", || {
        value(
            &server,
            r#"rate(prometheus_http_requests_total{handler="/metrics"}[1m])"#,
        )
    })?;
    Ok(())
}

#[test]
fn vmagent_writes_what_it_scrapes() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let folder = tempfile::TempDir::new()?;
    let own = format!("127.0.0.1:{}", free_port()?);
    let config = format!(
        "global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}\n\
         scrape_configs:\n  - job_name: vm\n    static_configs: [{{targets: ['{own}']}}]\n"
    );
    let file = folder.path().join("scrape.yml");
    std::fs::write(&file, config)?;
    let _vmagent = Counterparty::start(
        Command::new(find_program("vmagent")?)
            .arg(format!("-promscrape.config={}", file.display()))
            .arg(format!("-remoteWrite.url={}", server.url("/api/v1/write")))
            .arg("-remoteWrite.flushInterval=500ms")
            .arg(format!(
                "-remoteWrite.tmpDataPath={}",
                folder.path().join("data").display()
            ))
            .arg(format!("-httpListenAddr={own}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    )?;
    wait_for_value(&server, r#"up{job="vm"}"#, "1")?;
    wait_for("its own metrics", || {
        value(&server, "count(vm_app_version)").filter(|count| count == "1")
    })?;
    Ok(())
}
