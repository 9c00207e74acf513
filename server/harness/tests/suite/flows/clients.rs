//! Vendors' own clients push to the server: OpenTelemetry, Elasticsearch, Loki, Splunk's wire form.

use std::process::Command;

use serde_json::json;
use tocsin_harness::{TestServer, python};

fn run(server: &TestServer, script: &str) -> anyhow::Result<String> {
    let output = Command::new(python()?)
        .args(["-c", script, &server.url("")])
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{said}\n{complained}");
    Ok(said)
}

#[test]
fn the_opentelemetry_sdk_exports_logs() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    run(
        &server,
        r#"
import logging, sys
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http import Compression
resource = Resource.create({"service.name": "checkout", "host.name": "web-07"})
for compression in (Compression.NoCompression, Compression.Gzip):
    provider = LoggerProvider(resource=resource)
    exporter = OTLPLogExporter(endpoint=sys.argv[1] + "/v1/logs", compression=compression)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    logger = logging.getLogger("shop." + compression.value)
    logger.addHandler(LoggingHandler(logger_provider=provider))
    logger.error("card %s was declined", "visa", extra={"order": 4711})
    provider.shutdown()
"#,
    )?;
    let items = server.wait_for_lines("\"card visa was declined\"", 2)?;
    for item in &items {
        assert_eq!(item["severity"], "error", "{item:#}");
        assert_eq!(item["host"], "web-07");
        assert_eq!(item["attributes"]["order"], 4711);
        assert!(
            item["source"]
                .as_str()
                .is_some_and(|source| source.contains("checkout"))
        );
    }
    Ok(())
}

#[test]
fn the_elasticsearch_client_bulk_indexes() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let said = run(
        &server,
        r#"
import sys
from elasticsearch import Elasticsearch, helpers
client = Elasticsearch(sys.argv[1])
print(client.info()["tagline"])
actions = [{"_op_type": "create", "_index": "logs-shop", "@timestamp": "2026-06-01T10:00:00Z",
            "message": f"stock of item {i} is low", "log": {"level": "warn"}, "host": {"name": "es-1"}} for i in range(10)]
print(helpers.bulk(client, actions))
ok, errors = helpers.bulk(client, [{"_op_type": "delete", "_index": "logs-shop", "_id": "1"}], raise_on_error=False)
print(ok, len(errors))
"#,
    )?;
    assert!(said.contains("(10, [])") && said.contains("0 1"), "{said}");
    let items = server.wait_for_lines("\"is low\"", 10)?;
    assert_eq!(items[0]["severity"], "warn", "{:#}", items[0]);
    assert_eq!(items[0]["host"], "es-1");
    assert_eq!(items[0]["timestamp"], "2026-06-01T10:00:00Z");
    Ok(())
}

#[test]
fn the_loki_handler_pushes() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    run(
        &server,
        r#"
import logging, logging_loki, sys
handler = logging_loki.LokiHandler(url=sys.argv[1] + "/loki/api/v1/push", tags={"app": "billing"}, version="1")
logger = logging.getLogger("billing")
logger.addHandler(handler)
logger.error("invoice 17 could not be printed")
"#,
    )?;
    let item = &server.wait_for_lines("\"could not be printed\"", 1)?[0];
    assert_eq!(item["attributes"]["app"], "billing", "{item:#}");
    assert_eq!(item["severity"], "error");
    Ok(())
}

#[test]
fn splunk_hec_takes_concatenated_events_under_a_wrong_content_type() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let form = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        (
            "Authorization",
            "Splunk 00000000-0000-0000-0000-000000000000",
        ),
    ];
    let events = br#"{"time":1795262686.01,"host":"h1","source":"app","event":"first hec event","fields":{"region":"eu"}}{"event":{"message":"second hec event","level":"error"},"time":"1795262687"}"#;
    let (status, answer) = server.post("/services/collector/event", &form, events)?;
    assert_eq!((status, &answer["code"]), (200, &json!(0)), "{answer}");
    let items = server.wait_for_lines("hec event", 2)?;
    let first = items
        .iter()
        .find(|i| i["body"] == "first hec event")
        .unwrap();
    assert_eq!(
        (&first["host"], &first["attributes"]["region"]),
        (&json!("h1"), &json!("eu"))
    );
    let (status, answer) = server.post("/services/collector/event", &form, b"")?;
    assert_eq!((status, &answer["code"]), (400, &json!(5)), "{answer}");
    assert_eq!(server.get("/services/collector/health")?.0, 200);
    Ok(())
}
