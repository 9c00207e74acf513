//! Pushes of metrics in every protocol: taken, refused in its words, and held back.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use super::Server;
use super::fakes::{Refusal, lock};

const AT: &str = "1799999990";

/// A `WriteRequest` in snappy's format: series `up{job="a"}` with one sample.
fn write_request(at_ms: u64) -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| {
        let mut out = vec![number << 3 | 2, bytes.len() as u8];
        out.extend_from_slice(bytes);
        out
    };
    let label = |name: &str, value: &str| {
        let pair = [field(1, name.as_bytes()), field(2, value.as_bytes())].concat();
        field(1, &pair)
    };
    let mut sample = vec![1 << 3 | 1];
    sample.extend_from_slice(&1.5f64.to_le_bytes());
    sample.push(2 << 3);
    let mut rest = at_ms;
    while rest >= 0x80 {
        sample.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    sample.push(rest as u8);
    let series = [
        label("__name__", "up"),
        label("job", "a"),
        field(2, &sample),
    ]
    .concat();
    let message = field(1, &series);
    // Snappy: the length, then one literal.
    let mut out = vec![message.len() as u8, 60 << 2, message.len() as u8 - 1];
    out.extend_from_slice(&message);
    out
}

#[tokio::test]
async fn line_protocol_is_taken_in_three_dialects() {
    let server = Server::new();
    for (path, value) in [
        ("/write?db=telegraf&rp=&consistency=one&precision=s", 1),
        ("/api/v2/write?org=o&bucket=b&precision=s", 2),
        ("/api/v3/write_lp?db=x&precision=second", 3),
        ("/webhooks/telegraf", 4),
    ] {
        let body = format!("cpu,host=a usage={value} {AT}\n");
        let answer = server
            .post(path, &[("authorization", "Token t")], body)
            .await;
        assert_eq!(answer.status.as_u16(), 204, "{path}: {}", answer.text());
    }
    let expected = [
        format!("cpu_usage{{db=\"telegraf\",host=\"a\"}} 1@{AT}000"),
        format!("cpu_usage{{db=\"x\",host=\"a\"}} 3@{AT}000"),
        format!("cpu_usage{{host=\"a\"}} 2@{AT}000"),
        format!("cpu_usage{{host=\"a\"}} 4@{AT}000"),
    ];
    assert_eq!(server.fakes.points(), expected);
}

#[tokio::test]
async fn good_lines_are_kept_and_bad_ones_named_in_each_dialect() {
    let server = Server::new();
    let body = format!("m a=1 {AT}\nm a=\nm a=2 {AT}\ncpu\n");
    let answer = server.post("/write?precision=s", &[], body.clone()).await;
    assert_eq!(answer.status.as_u16(), 400);
    let message = "partial write: unable to parse 'm a=': missing field value dropped=2";
    assert_eq!(answer.json(), json!({ "error": message }));
    let answer = server
        .post("/api/v2/write?precision=s", &[], body.clone())
        .await;
    assert_eq!(answer.status.as_u16(), 400);
    assert_eq!(
        answer.json(),
        json!({ "code": "invalid", "message": message })
    );
    let answer = server.post("/api/v3/write_lp?precision=s", &[], body).await;
    assert_eq!(answer.status.as_u16(), 400);
    assert_eq!(answer.json()["data"][1]["line_number"], 4);
    assert_eq!(server.fakes.points().len(), 6);

    let answer = server.post("/write", &[], "m a=").await;
    let message = "unable to parse 'm a=': missing field value";
    assert_eq!(answer.json(), json!({ "error": message }));
    let answer = server.post("/write?precision=days", &[], "m a=1").await;
    assert_eq!(answer.status.as_u16(), 400);
    assert!(answer.text().contains("precision `days`"));
}

#[tokio::test]
async fn what_clients_ask_before_they_write_is_answered() {
    let server = Server::new();
    for method in ["GET", "HEAD"] {
        let request = Request::builder().method(method).uri("/ping");
        let answer = server.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status.as_u16(), 204);
        assert!(!answer.header("x-influxdb-version").is_empty());
    }
    let done = json!({ "results": [{ "statement_id": 0 }] });
    let answer = server.get("/query?q=CREATE%20DATABASE%20%22t%22").await;
    assert_eq!(answer.json(), done);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = server
        .post("/query", &form, "q=create+database+t&db=")
        .await;
    assert_eq!(answer.json(), done);
    let answer = server.get("/query?q=SELECT%20*%20FROM%20cpu").await;
    assert_eq!(answer.status.as_u16(), 400);
    assert!(answer.text().contains("PromQL"));
}

#[tokio::test]
async fn telegraf_sends_json_or_lines_and_is_told_what_was_dropped() {
    let server = Server::new();
    let metric = format!(
        r#"{{"name":"docker","tags":{{"host":"r"}},"fields":{{"n":30}},"timestamp":{AT}}}"#
    );
    let json_type = [("content-type", "application/json")];
    for headers in [&json_type[..], &[]] {
        let batch = format!("{{\"metrics\":[{metric}]}}");
        let answer = server.post("/webhooks/telegraf", headers, batch).await;
        assert_eq!(answer.status.as_u16(), 204, "{}", answer.text());
    }
    let batch = format!("{{\"metrics\":[{metric},{{\"name\":\"x\"}}]}}");
    let answer = server.post("/webhooks/telegraf", &json_type, batch).await;
    assert_eq!(answer.status.as_u16(), 200);
    let answer = answer.json();
    assert_eq!(
        (&answer["accepted"], &answer["rejected"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(answer["errors"][0]["item"], 1);
    let answer = server.post("/webhooks/telegraf", &json_type, "{]").await;
    answer.problem(400, "bad-request");
    let expected = vec![format!("docker_n{{host=\"r\"}} 30@{AT}000"); 3];
    assert_eq!(server.fakes.points(), expected);
}

#[tokio::test]
async fn remote_write_is_taken_and_another_message_is_415() {
    let server = Server::new();
    let headers = [
        ("content-encoding", "snappy"),
        ("content-type", "application/x-protobuf"),
        ("x-prometheus-remote-write-version", "0.1.0"),
    ];
    let good = write_request(1_799_999_990_000);
    let answer = server.post("/api/v1/write", &headers, good.clone()).await;
    assert_eq!(answer.status.as_u16(), 204, "{}", answer.text());
    assert_eq!(
        answer.header("x-prometheus-remote-write-samples-written"),
        "1"
    );
    assert_eq!(server.fakes.points(), ["up{job=\"a\"} 1.5@1799999990000"]);

    let old = write_request(1_799_999);
    let answer = server.post("/api/v1/write", &headers, old).await;
    assert_eq!(answer.status.as_u16(), 400);
    assert!(
        answer.text().starts_with("1 of 1 samples"),
        "{}",
        answer.text()
    );
    assert_eq!(
        answer.header("x-prometheus-remote-write-samples-written"),
        "0"
    );

    let other = [(
        "content-type",
        "application/x-protobuf;proto=io.prometheus.write.v3.Request",
    )];
    let answer = server.post("/api/v1/write", &other, good.clone()).await;
    assert_eq!(answer.status.as_u16(), 415);
    let answer = server
        .post("/api/v1/write", &headers, good[..20].to_vec())
        .await;
    assert_eq!(answer.status.as_u16(), 400);
    let answer = server.post("/api/v1/write", &headers, vec![0]).await;
    assert_eq!(
        answer.status.as_u16(),
        204,
        "a request without samples is metadata"
    );
}

#[tokio::test]
async fn a_full_bus_holds_senders_back_and_labels_travel_again() {
    let server = Server::new();
    *lock(&server.fakes.refusal) = Refusal::Full;
    let line = format!("m a=1 {AT}");
    for (path, field) in [
        ("/write", "error"),
        ("/api/v2/write", "message"),
        ("/api/v3/write_lp", "error"),
    ] {
        let answer = server.post(path, &[], line.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("retry-after")),
            (503, "3")
        );
        assert!(answer.json()[field].as_str().unwrap().contains("later"));
    }
    let answer = server.post("/webhooks/telegraf", &[], line.clone()).await;
    answer.problem(503, "unavailable");
    let answer = server
        .post("/api/v1/write", &[], write_request(1_799_999_990_000))
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("retry-after")),
        (503, "3")
    );

    *lock(&server.fakes.refusal) = Refusal::None;
    for _ in 0..3 {
        let answer = server.post("/write", &[], line.clone()).await;
        assert_eq!(answer.status.as_u16(), 204);
    }
    // The first batch that was accepted had the labels, or this could not name its series.
    assert_eq!(server.fakes.points().len(), 3);
    let taken = lock(&server.fakes.points);
    let labelled = taken
        .iter()
        .filter(|batch| batch.labels(&batch.series[0]).is_some());
    assert_eq!(labelled.count(), 1);
}

#[tokio::test]
async fn otlp_metrics_are_taken() {
    let server = Server::new();
    let body = format!(
        r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"queue","gauge":
        {{"dataPoints":[{{"asDouble":2,"timeUnixNano":"{AT}000000000"}}]}}}}]}}]}}]}}"#
    );
    let json_type = [("content-type", "application/json")];
    let answer = server.post("/v1/metrics", &json_type, body).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    let points = server.fakes.points();
    assert!(
        points.iter().any(|point| point.starts_with("queue")),
        "{points:?}"
    );
}
