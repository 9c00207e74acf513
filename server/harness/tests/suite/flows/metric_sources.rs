//! Metrics from their real senders: the OpenTelemetry SDK, a real Prometheus as a target, targets
//! over TLS, and this machine.

use std::process::Command;

use anyhow::Context;
use serde_json::Value;
use tocsin_harness::{Counterparty, TestServer, find_program, free_port, python, wait_for};

/// Asks with PromQL; each answer is `series value`, sorted, without `job` and `instance`.
fn query(server: &TestServer, promql: &str) -> Vec<String> {
    let encoded: String = promql.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let Ok((200, answer)) = server.get(&format!("/api/v1/query?query={encoded}")) else {
        return Vec::new();
    };
    let results = answer["data"]["result"].as_array().cloned();
    let line = |result: &Value| {
        let metric = result["metric"].as_object().cloned().unwrap_or_default();
        let mut labels: Vec<String> = metric
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "job" | "instance"))
            .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
            .collect();
        labels.sort();
        let value = result["value"][1].as_str().unwrap_or_default();
        format!("{} {value}", labels.join(","))
    };
    let mut lines: Vec<String> = results.unwrap_or_default().iter().map(line).collect();
    lines.sort();
    lines
}

fn wait_for_value(server: &TestServer, promql: &str, expected: &str) -> anyhow::Result<()> {
    let found = wait_for(promql, || {
        let lines = query(server, promql);
        lines.iter().any(|line| line == expected).then_some(())
    });
    found.with_context(|| {
        let lines = query(server, promql);
        format!(
            "{promql}: expected {expected}, found {lines:#?}\n{}",
            server.log()
        )
    })
}

const SDK: &str = r#"
import sys, time
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider, UpDownCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
name = sys.argv[2]
temporality = AggregationTemporality[name.upper()]
exporter = OTLPMetricExporter(
    endpoint=sys.argv[1] + "/v1/metrics", compression=Compression.Gzip,
    preferred_temporality={Counter: temporality, Histogram: temporality, UpDownCounter: temporality})
reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3600_000)
resource = Resource({"service.name": name, "service.namespace": "shop", "service.instance.id": "i-1", "host.name": "web-07", "team": "pay"})
provider = MeterProvider(metric_readers=[reader], resource=resource,
    views=[View(instrument_name="payload.size", aggregation=ExponentialBucketHistogramAggregation())])
meter = provider.get_meter("shop.cart", "1.2")
requests = meter.create_counter("http.server.requests", unit="{request}")
depth = meter.create_up_down_counter("queue.depth")
meter.create_observable_gauge("system.cpu.utilization", [lambda o: [Observation(0.25, {"cpu": 1})]], unit="1")
duration = meter.create_histogram("http.server.duration", unit="ms", explicit_bucket_boundaries_advisory=[10.0, 100.0])
size = meter.create_histogram("payload.size", unit="By")
for turn in range(3):
    requests.add(2, {"http.route": "/pay"})
    depth.add(1)
    duration.record(50)
    size.record(1000)
    assert reader.force_flush()
    time.sleep(0.05)
provider.shutdown()
"#;

#[test]
fn the_opentelemetry_sdk_exports_metrics_of_all_kinds() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    for temporality in ["cumulative", "delta"] {
        let output = Command::new(python()?)
            .args(["-c", SDK, &server.url(""), temporality])
            .output()?;
        let complained = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(
            output.status.success() && complained.is_empty(),
            "{complained}"
        );
        let own = format!(r#"{{job="shop/{temporality}",instance="i-1",host="web-07"}}"#);
        for (name, labels, value) in [
            ("http_server_requests_total", ",http_route=/pay", "6"),
            ("queue_depth", "", "3"),
            ("http_server_duration_milliseconds_count", "", "3"),
            ("http_server_duration_milliseconds_sum", "", "150"),
            ("payload_size_bytes_count", "", "3"),
        ] {
            let expected =
                format!("__name__={name},host=web-07{labels},otel_scope_name=shop.cart {value}");
            wait_for_value(&server, &format!("{name}{own}"), &expected)?;
        }
        let bucket = "http_server_duration_milliseconds_bucket";
        assert_eq!(
            query(&server, &format!("sum by (le) ({bucket}{own})")),
            ["le=+Inf 3", "le=10 0", "le=100 3"]
        );
        assert_eq!(
            query(
                &server,
                &format!("sum by (cpu) (system_cpu_utilization_ratio{own})")
            ),
            ["cpu=1 0.25"]
        );
        // 1000 bytes are within the bucket up to 1024.
        let median =
            format!("histogram_quantile(0.5, sum by (le) (payload_size_bytes_bucket{own}))");
        let median = query(&server, &median).concat();
        let median: f64 = median.trim().parse()?;
        assert!((860.0..=1024.0).contains(&median), "{median}");
        let info = format!("count by (team) (target_info{own})");
        assert_eq!(query(&server, &info), ["team=pay 1"]);
    }
    Ok(())
}

#[test]
fn a_point_that_cannot_be_is_a_partial_success() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let body =
        br#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[
        {"asDouble":1.5},{"timeUnixNano":"1000000","asDouble":2}]}}]}]}]}"#;
    let json = [("Content-Type", "application/json")];
    for route in ["/v1/metrics", "/otlp/v1/metrics"] {
        let (status, answer) = server.post(route, &json, body)?;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(
            answer["partialSuccess"]["rejectedDataPoints"], "1",
            "{answer}"
        );
    }
    wait_for_value(&server, "a", "__name__=a 1.5")?;
    let (status, _) = server.post("/v1/metrics", &[("Content-Type", "text/plain")], body)?;
    assert_eq!(status, 415);
    Ok(())
}

/// A request of one delta of a counter over ten seconds.
fn delta(start_secs: u64, value: u64) -> String {
    let end = start_secs + 10;
    format!(
        r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"jobs","sum":{{
        "isMonotonic":true,"aggregationTemporality":1,"dataPoints":[{{
        "startTimeUnixNano":"{start_secs}000000000","timeUnixNano":"{end}000000000",
        "asInt":"{value}"}}]}}}}]}}]}}]}}"#
    )
}

#[test]
fn totals_of_deltas_lose_nothing_by_a_restart() -> anyhow::Result<()> {
    let mut server = TestServer::start()?;
    let json = [("Content-Type", "application/json")];
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let begin = now.as_secs() - 60;
    // The second comes twice, as if its answer had got lost.
    for (after, value) in [(0, 5), (10, 3), (10, 3)] {
        let (status, answer) =
            server.post("/v1/metrics", &json, delta(begin + after, value).as_bytes())?;
        assert_eq!(status, 200, "{answer}");
    }
    server.kill()?;
    server.resume()?;
    server.post("/v1/metrics", &json, delta(begin + 20, 9).as_bytes())?;
    wait_for_value(&server, "jobs_total", "__name__=jobs_total 9")?;
    let (_, answer) = server.get("/api/v1/query?query=jobs_total%5B5m%5D")?;
    let values = answer["data"]["result"][0]["values"].as_array().cloned();
    let values: Vec<(f64, f64)> = values
        .unwrap_or_default()
        .iter()
        .map(|pair| {
            let value = pair[1].as_str().unwrap_or_default().parse();
            let at = pair[0].as_f64().unwrap_or_default() - begin as f64;
            ((at * 1000.0).round() / 1000.0, value.unwrap_or(f64::NAN))
        })
        .collect();
    let expected = [
        (0.001, 0.0),
        (10.0, 5.0),
        (20.0, 8.0),
        (20.001, 0.0),
        (30.0, 9.0),
    ];
    assert_eq!(values, expected, "{answer:#}");
    Ok(())
}

#[test]
fn a_real_prometheus_is_scraped_and_its_end_is_seen() -> anyhow::Result<()> {
    let folder = tempfile::TempDir::new()?;
    let config = folder.path().join("prometheus.yml");
    std::fs::write(&config, "global: {scrape_interval: 1s}\n")?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let prometheus = Counterparty::start(
        Command::new(find_program("prometheus")?)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=error"),
    )?;
    let jobs = format!(
        r#"[{{job="prometheus",targets=["{address}"],interval_secs=1,labels={{env="test"}}}}]"#
    );
    let server = TestServer::start_with(&[("TOCSIN_INGEST__SCRAPE", &jobs)])?;
    wait_for_value(&server, "up", "__name__=up,env=test 1")?;
    let series = query(&server, "count({job=\"prometheus\"})").concat();
    assert!(series.trim().parse::<u32>()? > 200, "{series}");
    let build = query(&server, "count by (__name__) (prometheus_build_info)");
    assert_eq!(build, ["__name__=prometheus_build_info 1"]);
    drop(prometheus);
    wait_for_value(&server, "up", "__name__=up,env=test 0")?;
    assert!(
        query(&server, "prometheus_build_info").is_empty(),
        "it has ended"
    );
    Ok(())
}

const TLS: &str = r##"
import http.server, ssl, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"# TYPE over_tls gauge\nover_tls 7\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *rest): pass
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"##;

#[test]
fn a_target_over_tls_is_scraped_and_its_certificate_counts_down() -> anyhow::Result<()> {
    let folder = tempfile::TempDir::new()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let made = Command::new(find_program("openssl")?)
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ])
        .args(["-nodes", "-days", "30", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", &path("key.pem"), "-out", &path("cert.pem")])
        .output()?;
    let complained = String::from_utf8_lossy(&made.stderr);
    anyhow::ensure!(made.status.success(), "{complained}");
    let port = free_port()?.to_string();
    let _target = Counterparty::start(Command::new(python()?).args([
        "-c",
        TLS,
        &port,
        &path("cert.pem"),
        &path("key.pem"),
    ]))?;
    let jobs = format!(
        r#"[{{job="tls",targets=["https://localhost:{port}"],interval_secs=1,ca_file="{}"}},
            {{job="strict",targets=["https://localhost:{port}"],interval_secs=1}}]"#,
        path("cert.pem")
    );
    let server = TestServer::start_with(&[("TOCSIN_INGEST__SCRAPE", &jobs.replace('\n', ""))])?;
    wait_for_value(&server, "over_tls", "__name__=over_tls 7")?;
    let left = query(&server, "scrape_certificate_remaining_seconds / 86400").concat();
    let left: f64 = left.trim().parse()?;
    assert!((29.0..=30.0).contains(&left), "{left} days");
    wait_for_value(&server, "up{job=\"strict\"}", "__name__=up 0")?;
    Ok(())
}

#[test]
fn this_machine_appears_within_seconds() -> anyhow::Result<()> {
    let on = [
        ("TOCSIN_INGEST__HOST__ENABLED", "true"),
        ("TOCSIN_INGEST__HOST__FILES", "[]"),
        ("TOCSIN_INGEST__HOST__INTERVAL_SECS", "1"),
    ];
    let server = TestServer::start_with(&on)?;
    for ratio in ["host_memory_used_ratio", "host_cpu_used_ratio"] {
        let lines = wait_for(ratio, || {
            Some(query(&server, ratio)).filter(|all| !all.is_empty())
        })?;
        let value: f64 = lines[0].rsplit(' ').next().unwrap_or_default().parse()?;
        assert!((0.0..=1.0).contains(&value), "{lines:?}");
    }
    let root = query(&server, "node_filesystem_avail_bytes{mountpoint=\"/\"}");
    assert_eq!(root.len(), 1, "{root:?}");
    let modes = query(&server, "count by (mode) (node_cpu_seconds_total)");
    assert_eq!(modes.len(), 8, "{modes:?}");
    let off = TestServer::start()?;
    // It has nothing of its own, so a series that is pushed is the only one.
    off.post("/api/v2/write", &[], b"pushed value=1\n")?;
    wait_for_value(&off, "pushed_value", "__name__=pushed_value 1")?;
    assert!(query(&off, "{__name__=~\"node_.*|host_.*\"}").is_empty());
    Ok(())
}
