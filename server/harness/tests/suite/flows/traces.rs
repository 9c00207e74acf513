//! Traces: one from a request to everything that was done about what it brought, told to a real
//! collector; and a collector that is away, which costs nothing but spans.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tocsin_harness::automation::{Site, SitePlan, text};
use tocsin_harness::cluster::{Cluster, SharedEngines};
use tocsin_harness::collector::{CollectedSpan, Collector};
use tocsin_harness::trackers::JiraDouble;
use tocsin_harness::webhook::WebhookDouble;
use tocsin_harness::{TestServer, free_port, wait_for};

const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const LINE: &str = r#"{"body":"the pump lost its pressure","severity":"fatal","host":"s1","attributes":{"unit":"h1"}}"#;

const RULES: &str = r#"
automations:
  - id: hook
    match: { labels: { alertname: pump } }
    action: { provider: hooks, params: { unit: "{{ alert.labels.unit }}" } }
    targets: "{{ alert.labels.unit }}"
"#;

/// The spans of the trace by their names; the last of each name.
type ByName = BTreeMap<String, CollectedSpan>;

/// Sends a line within the trace of someone else.
fn send(server: &TestServer) -> anyhow::Result<()> {
    let parent = format!("00-{TRACE}-{PARENT}-01");
    let headers = [
        ("Content-Type", "application/x-ndjson"),
        ("traceparent", parent.as_str()),
    ];
    let sent = server.post("/api/v1/logs?source=plant", &headers, LINE.as_bytes())?;
    ensure!(sent.0 == 200 && sent.1["accepted"] == 1, "{sent:?}");
    Ok(())
}

/// Waits until the collector has spans of all these names in the trace.
fn collected(collector: &Collector, names: &[&str]) -> anyhow::Result<ByName> {
    let mut spans = ByName::new();
    let found = wait_for("the spans", || {
        let all = collector.spans(TRACE).into_iter();
        spans = all.map(|span| (span.name.clone(), span)).collect();
        names
            .iter()
            .all(|name| spans.contains_key(*name))
            .then_some(())
    });
    found.with_context(|| format!("{names:?} should be in {:?}", spans.keys()))?;
    Ok(spans)
}

/// Checks that each span follows from the one before it.
fn in_a_row(spans: &ByName, names: &[&str]) -> anyhow::Result<()> {
    for pair in names.windows(2) {
        let (parent, child) = (&spans[pair[0]], &spans[pair[1]]);
        ensure!(child.parent == parent.id, "{parent:#?} {child:#?}");
        ensure!(!child.is_error, "{child:#?}");
    }
    Ok(())
}

fn counter(server: &TestServer, name: &str) -> Option<u64> {
    let (_, text) = server.get_text("/metrics").ok()?;
    let prefix = format!("tocsin_{name} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&prefix))?;
    line.trim().parse().ok()
}

fn subscribe(server: &TestServer, url: &str) -> anyhow::Result<()> {
    let wish = json!({ "name": "tell", "channel": { "type": "webhook", "url": url } });
    let body = wish.to_string();
    let (status, answer) = server.post("/api/v1/subscriptions", JSON, body.as_bytes())?;
    ensure!(status == 201, "{status}: {answer}");
    Ok(())
}

/// The trace that the alert of a server names.
fn trace_of_alert(server: &TestServer) -> anyhow::Result<Value> {
    wait_for("the alert", || {
        let (_, answer) = server.get("/api/v1/alerts").ok()?;
        let alert = answer["items"].as_array()?.first()?.clone();
        Some(alert["trace_id"].clone())
    })
}

#[test]
fn a_request_and_all_that_is_done_about_it_are_one_trace() -> anyhow::Result<()> {
    let (collector, jira) = (Collector::start()?, JiraDouble::start()?);
    let receiver = WebhookDouble::start()?;
    let (email, token) = (JiraDouble::EMAIL, JiraDouble::TOKEN);
    let plan = SitePlan {
        rules: RULES,
        config: &format!(
            "[telemetry]\notlp_endpoint = {:?}\nservice_name = \"plant\"\n[tickets]\n\
             tracker = \"jira\"\n[tickets.jira]\nurl = {:?}\nemail = {email:?}\n\
             api_token = {token:?}\nproject = {:?}\nlag_secs = 1\n",
            collector.url(),
            jira.url(),
            JiraDouble::PROJECT,
        ),
        ..SitePlan::default()
    };
    let site = Site::start(&plan)?;
    subscribe(&site.server, &receiver.url())?;
    send(&site.server)?;
    site.approve(&site.run_in("h1", "awaiting_approval")?, None)?;
    site.run_in("h1", "succeeded")?;

    let request = "POST /api/v1/logs";
    let names = [
        request,
        "publish logs",
        "process",
        "parse",
        "classify",
        "store",
        "tell",
        "open alert",
        "notify",
        "decide ticket",
        "create ticket",
        "propose run",
        "execute run",
    ];
    let spans = collected(&collector, &names)
        .with_context(|| format!("{}\n{}", site.server.log(), collector.text()))?;
    they_follow_from_one_another(&spans)?;
    what_they_say(&spans, &site)?;

    // Whoever is told something is told where it belongs.
    let mut requests = receiver.requests();
    requests.extend(jira.requests());
    let of_trace = format!("00-{TRACE}-");
    let parents = requests.iter().map(|one| one.headers.get("traceparent"));
    let told = parents.flatten().filter(|one| one.starts_with(&of_trace));
    ensure!(told.count() >= 2, "{requests:#?}");
    ensure!(
        trace_of_alert(&site.server)? == TRACE,
        "the alert names another trace"
    );
    let exported = counter(&site.server, "trace_spans_exported_total");
    ensure!(exported >= Some(names.len() as u64), "{exported:?}");
    ensure!(
        counter(&site.server, "trace_spans_dropped_total") == Some(0),
        "spans were dropped"
    );
    Ok(())
}

/// From the request of someone else to everything that was done.
fn they_follow_from_one_another(spans: &ByName) -> anyhow::Result<()> {
    let request = "POST /api/v1/logs";
    ensure!(spans[request].parent == PARENT, "{:#?}", spans[request]);
    in_a_row(spans, &[request, "publish logs", "process", "open alert"])?;
    for stage in ["parse", "classify", "store", "tell"] {
        in_a_row(spans, &["process", stage])?;
    }
    let done = [
        "notify",
        "decide ticket",
        "create ticket",
        "propose run",
        "execute run",
    ];
    for action in done {
        in_a_row(spans, &["open alert", action])?;
    }
    Ok(())
}

/// The attributes that OpenTelemetry names, and some of ours.
fn what_they_say(spans: &ByName, site: &Site) -> anyhow::Result<()> {
    let says = |span: &str, kind: &str, pairs: &[(&str, &str)]| -> anyhow::Result<()> {
        let span = &spans[span];
        ensure!(span.kind == kind && span.service == "plant", "{span:#?}");
        for (name, value) in pairs {
            ensure!(span.attribute(name) == *value, "{name} of {span:#?}");
        }
        Ok(())
    };
    let http = [
        ("http.request.method", "POST"),
        ("http.route", "/api/v1/logs"),
        ("http.response.status_code", "#200"),
    ];
    says("POST /api/v1/logs", "SERVER", &http)?;
    let publish = [
        ("messaging.system", "fjall"),
        ("messaging.destination.name", "logs"),
        ("messaging.batch.message_count", "#1"),
    ];
    says("publish logs", "PRODUCER", &publish)?;
    let partition = spans["publish logs"].attribute("messaging.destination.partition.id");
    ensure!(!partition.is_empty(), "no partition");
    let process = [("messaging.destination.partition.id", partition)];
    says("process", "CONSUMER", &process)?;
    says("parse", "INTERNAL", &[("tocsin.records", "#1")])?;
    says("open alert", "INTERNAL", &[("tocsin.rule", "pump")])?;
    says("notify", "INTERNAL", &[("tocsin.channel", "webhook")])?;
    says("create ticket", "INTERNAL", &[("tocsin.tracker", "jira")])?;
    let run = site.run_in("h1", "succeeded")?;
    let run = [
        ("tocsin.run.id", text(&run, "id")),
        ("tocsin.provider", "hooks"),
    ];
    says("execute run", "INTERNAL", &run)
}

#[test]
fn a_trace_goes_on_in_other_processes() -> anyhow::Result<()> {
    let (engines, collector) = (SharedEngines::start()?, Collector::start()?);
    let receiver = WebhookDouble::start()?;
    let url = collector.url();
    let settings = |name| {
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &*url),
            ("OTEL_SERVICE_NAME", name),
        ]
    };
    let mut cluster = Cluster::start(&engines, (1, 0), &settings("work"))?;
    let apis = Cluster::start(&engines, (0, 1), &settings("serve"))?;
    cluster.apis.extend(apis.apis);
    cluster.wait_for_leader()?;
    let api = &cluster.apis[0];
    subscribe(api, &receiver.url())?;
    send(api)?;
    let names = [
        "POST /api/v1/logs",
        "publish logs",
        "process",
        "open alert",
        "notify",
    ];
    let spans = collected(&collector, &names)
        .with_context(|| format!("{}\n{}", api.log(), cluster.workers[0].log()))?;
    in_a_row(&spans, &names)?;
    let services = names.map(|name| spans[name].service.as_str());
    ensure!(
        services == ["serve", "serve", "work", "work", "work"],
        "{services:?}"
    );
    let system = spans["publish logs"].attribute("messaging.system");
    ensure!(system == "redis", "{system}");
    Ok(())
}

#[test]
fn a_collector_that_is_away_costs_nothing_but_spans() -> anyhow::Result<()> {
    let endpoint = format!("http://127.0.0.1:{}", free_port()?);
    let mut server = TestServer::start_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)])?;
    for _ in 0..50 {
        send(&server)?;
    }
    server.wait_for_lines("pressure", 50)?;
    let lost = wait_for("spans to be left out", || {
        let dropped = counter(&server, "trace_spans_dropped_total")?;
        let failures = counter(&server, "trace_export_failures_total")?;
        (dropped > 0 && failures > 0).then_some(())
    });
    lost.with_context(|| server.log())?;
    ensure!(
        counter(&server, "trace_spans_exported_total") == Some(0),
        "exported to nobody"
    );
    let ended = server.stop()?;
    let log = server.log();
    ensure!(ended.success(), "{log}");
    let warnings = log.matches("spans cannot be sent").count();
    ensure!(warnings == 1, "{warnings} warnings: {log}");
    Ok(())
}

#[test]
fn nothing_is_traced_unless_someone_says_so() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    send(&server)?;
    ensure!(
        trace_of_alert(&server)?.is_null(),
        "a trace that nobody has"
    );
    let of = |name| counter(&server, name);
    let counts = [
        of("trace_spans_exported_total"),
        of("trace_spans_dropped_total"),
    ];
    ensure!(counts == [Some(0), Some(0)], "{counts:?}");
    Ok(())
}
