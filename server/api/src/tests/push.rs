//! Pushes in every protocol: taken, refused, and held back.

use std::io::Write;

use serde_json::json;

use super::Server;
use super::fakes::{Refusal, lock};
use crate::ApiConfig;

const JSON: (&str, &str) = ("content-type", "application/json");

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn good_lines_are_taken_and_bad_ones_named() {
    let server = Server::new();
    let body = "{\"message\":\"one\"}\n7\n\"two\"\n";
    let answer = server
        .post("/api/v1/logs?source=app&host=web-9", &[], body)
        .await;
    assert_eq!(answer.status.as_u16(), 200);
    let answer = answer.json();
    assert_eq!(
        (&answer["accepted"], &answer["rejected"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(answer["errors"][0]["item"], 1);
    assert_eq!(server.fakes.bodies(), ["one", "two"]);
    let taken = lock(&server.fakes.taken);
    assert_eq!(&*taken[0].source, "app");
    assert_eq!(&*taken[0].hosts[taken[0].records[0].host as usize], "web-9");
}

#[tokio::test]
async fn gzip_comes_apart_and_truncated_gzip_does_not() {
    let server = Server::new();
    let body = gzip(&"{\"message\":\"hello\"}\n".repeat(1000));
    let headers = [
        ("content-encoding", "gzip"),
        ("content-type", "application/x-ndjson"),
    ];
    let answer = server.post("/api/v1/logs", &headers, body.clone()).await;
    assert_eq!(answer.json()["accepted"], 1000);
    let short = body[..body.len() - 9].to_vec();
    let answer = server.post("/api/v1/logs", &headers, short).await;
    let problem = answer.problem(400, "bad-request");
    assert!(
        problem["detail"].as_str().unwrap().contains("gzip"),
        "{problem}"
    );
    let unknown = [("content-encoding", "br")];
    server
        .post("/api/v1/logs", &unknown, "x")
        .await
        .problem(415, "unsupported-media-type");
}

#[tokio::test]
async fn what_cannot_be_taken_at_all_is_a_problem() {
    let server = Server::new();
    let answer = server.post("/api/v1/logs", &[], "7\nnot json\n").await;
    let problem = answer.problem(400, "bad-request");
    assert_eq!(
        (&problem["accepted"], &problem["rejected"]),
        (&json!(0), &json!(2))
    );
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2);
    server
        .post("/api/v1/logs", &[], "")
        .await
        .problem(400, "bad-request");
    let image = [("content-type", "image/png")];
    server
        .post("/api/v1/logs", &image, "{}")
        .await
        .problem(415, "unsupported-media-type");
    assert!(server.fakes.bodies().is_empty());
}

#[tokio::test]
async fn bodies_beyond_the_bounds_are_413() {
    let limits = tocsin_ingest::Limits {
        body_bytes_max: 1000,
        inflated_bytes_max: 5000,
        ..tocsin_ingest::Limits::default()
    };
    let server = Server::with(ApiConfig::default(), limits);
    let long = "{\"message\":\"hello\"}\n".repeat(100);
    server
        .post("/api/v1/logs", &[], long.clone())
        .await
        .problem(413, "too-large");
    let declared = [("content-length", "1900")];
    server
        .post("/api/v1/logs", &declared, long.clone())
        .await
        .problem(413, "too-large");
    let bomb = gzip(&"a".repeat(100_000));
    let headers = [("content-encoding", "gzip")];
    server
        .post("/api/v1/logs", &headers, bomb)
        .await
        .problem(413, "too-large");
    let answer = server.post("/_bulk", &[], long.clone()).await;
    assert_eq!(answer.json()["error"]["type"], "content_too_long_exception");
    let answer = server.post("/services/collector", &[], long).await;
    assert_eq!(answer.status.as_u16(), 413);
}

#[tokio::test]
async fn a_full_bus_holds_senders_back_in_their_own_words() {
    let server = Server::new();
    *lock(&server.fakes.refusal) = Refusal::Full;
    let answer = server
        .post("/api/v1/logs", &[], "{\"message\":\"one\"}")
        .await;
    answer.problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "3");

    let loki = r#"{"streams":[{"stream":{"app":"a"},"values":[["1799999999000000000","x"]]}]}"#;
    let answer = server.post("/loki/api/v1/push", &[JSON], loki).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("retry-after")),
        (503, "3")
    );
    assert!(answer.header("content-type").starts_with("text/plain"));

    let answer = server
        .post("/_bulk", &[JSON], "{\"index\":{}}\n{\"message\":\"x\"}\n")
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("retry-after")),
        (503, "3")
    );
    assert_eq!(answer.header("x-elastic-product"), "Elasticsearch");

    let answer = server
        .post("/services/collector", &[], "{\"event\":\"x\"}")
        .await;
    assert_eq!(answer.json(), json!({"text": "Server is busy", "code": 9}));
    assert_eq!(
        (answer.status.as_u16(), answer.header("retry-after")),
        (503, "3")
    );

    let otlp =
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]}"#;
    let answer = server.post("/v1/logs", &[JSON], otlp).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("retry-after")),
        (503, "3")
    );
    assert_eq!(answer.json()["code"], 14);

    *lock(&server.fakes.refusal) = Refusal::DiskFull;
    let answer = server
        .post("/api/v1/logs", &[], "{\"message\":\"one\"}")
        .await;
    let problem = answer.problem(503, "unavailable");
    assert!(
        !problem["detail"]
            .as_str()
            .unwrap()
            .contains("space left on device")
    );
    *lock(&server.fakes.refusal) = Refusal::None;
    let answer = server
        .post("/api/v1/logs", &[], "{\"message\":\"one\"}")
        .await;
    assert_eq!(answer.status.as_u16(), 200, "it recovers by itself");
}

#[tokio::test(start_paused = true)]
async fn pushes_wait_for_their_turn_and_are_then_told_to_slow_down() {
    let server = Server::new();
    let bounds = server.state.bounds.clone();
    let held = bounds
        .decodes
        .acquire_many(bounds.decodes.available_permits() as u32)
        .await;
    let answer = server
        .post("/api/v1/logs", &[], "{\"message\":\"one\"}")
        .await;
    answer.problem(429, "too-many-requests");
    drop(held);
    let all = bounds.bodies.available_permits();
    let held = bounds.bodies.acquire_many(all as u32).await;
    let answer = server
        .post("/_bulk", &[], "{\"index\":{}}\n{\"message\":\"x\"}\n")
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("retry-after")),
        (429, "1")
    );
    drop(held);
    server
        .post("/api/v1/logs", &[], "{\"message\":\"one\"}")
        .await;
    assert_eq!(bounds.bodies.available_permits(), all, "room is given back");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_is_given_up() {
    let server = Server::new();
    let never = futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>();
    let answer = server
        .post("/api/v1/logs", &[], axum::body::Body::from_stream(never))
        .await;
    answer.problem(408, "request-timeout");
}

#[tokio::test]
async fn a_body_in_many_pieces_is_one() {
    let server = Server::new();
    let text = "{\"message\":\"hello\"}\n".repeat(500);
    let pieces: Vec<_> = text
        .as_bytes()
        .chunks(7)
        .map(|piece| Ok::<_, std::io::Error>(bytes::Bytes::copy_from_slice(piece)))
        .collect();
    let body = axum::body::Body::from_stream(futures_util::stream::iter(pieces));
    assert_eq!(
        server.post("/api/v1/logs", &[], body).await.json()["accepted"],
        500
    );
}

#[tokio::test]
async fn otlp_is_answered_in_its_own_encoding() {
    let server = Server::new();
    let record = json!({"body": {"stringValue": "from otlp"}, "severityNumber": 17});
    let body = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).to_string();
    let answer = server.post("/v1/logs", &[JSON], body.clone()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.text().as_str()),
        (200, "{}")
    );
    assert_eq!(server.fakes.bodies(), ["from otlp"]);
    let protobuf = [("content-type", "application/x-protobuf")];
    let answer = server.post("/v1/logs", &protobuf, "").await;
    assert_eq!(answer.status.as_u16(), 200, "an empty message is valid");
    assert_eq!(answer.header("content-type"), "application/x-protobuf");
    let answer = server.post("/v1/logs", &protobuf, "nonsense").await;
    assert_eq!(answer.status.as_u16(), 400);
    assert_eq!(answer.header("content-type"), "application/x-protobuf");
    let text = [("content-type", "text/plain")];
    assert_eq!(
        server.post("/v1/logs", &text, body).await.status.as_u16(),
        415
    );
}

#[tokio::test]
async fn loki_takes_json_and_snappy_protobuf() {
    let server = Server::new();
    let stream =
        json!({"stream": {"app": "shop"}, "values": [["1799999999000000000", "from loki"]]});
    let body = json!({"streams": [stream]}).to_string();
    let answer = server.post("/loki/api/v1/push", &[JSON], body).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    // streams{labels:"{app=\"x\"}" entries{timestamp{seconds} line:"hi"}} in snappy's literal form.
    let entry = [
        b"\x0a\x06\x08\xff\xb5\xa3\xda\x06".as_slice(),
        b"\x12\x02hi",
    ]
    .concat();
    let labels = [
        b"\x0a\x09".as_slice(),
        b"{app=\"x\"}",
        b"\x12",
        &[entry.len() as u8],
    ]
    .concat();
    let stream = [labels, entry].concat();
    let message = [&[0x0a, stream.len() as u8], stream.as_slice()].concat();
    let snappy = [
        &[message.len() as u8, ((message.len() - 1) << 2) as u8],
        message.as_slice(),
    ]
    .concat();
    let plain = [("content-type", "application/x-protobuf")];
    let named = [plain[0], ("content-encoding", "snappy")];
    for headers in [&plain[..], &named[..]] {
        let answer = server
            .post("/loki/api/v1/push", headers, snappy.clone())
            .await;
        assert_eq!(answer.status.as_u16(), 204, "{}", answer.text());
    }
    assert_eq!(server.fakes.bodies(), ["from loki", "hi", "hi"]);
    let answer = server.post("/loki/api/v1/push", &[JSON], "[").await;
    assert_eq!(answer.status.as_u16(), 400);
}

#[tokio::test]
async fn elasticsearch_gets_an_item_for_each_action_and_its_header_always() {
    let server = Server::new();
    let body = "{\"create\":{\"_id\":\"\"}}\n{\"message\":\"one\"}\n{\"delete\":{\"_id\":\"1\"}}\n";
    for path in ["/_bulk", "/logs/_bulk", "/icinga2-2026.11.21/doc/_bulk"] {
        let answer = server.post(path, &[JSON], body).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
        assert_eq!(answer.header("x-elastic-product"), "Elasticsearch");
        let answer = answer.json();
        assert_eq!(answer["errors"], true);
        assert_eq!(answer["items"][0]["create"]["status"], 201);
        assert!(answer["items"][0]["create"]["_id"].as_str().unwrap().len() > 10);
        assert_eq!(answer["items"][1]["delete"]["status"], 400);
    }
    let sources: Vec<_> = lock(&server.fakes.taken)
        .iter()
        .map(|batch| batch.source.to_string())
        .collect();
    assert_eq!(sources, ["es", "es:logs", "es:icinga2-2026.11.21"]);
    let answer = server.post("/_bulk", &[JSON], "nonsense").await;
    assert_eq!(answer.json()["status"], 400);
    assert_eq!(answer.header("x-elastic-product"), "Elasticsearch");
}

#[tokio::test]
async fn splunk_is_answered_with_its_codes() {
    let server = Server::new();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = server
        .post(
            "/services/collector/event",
            &form,
            "{\"event\":\"a\"}{\"event\":\"b\"}",
        )
        .await;
    assert_eq!(answer.json(), json!({"text": "Success", "code": 0}));
    let answer = server
        .post(
            "/services/collector",
            &[],
            "{\"event\":\"c\"}{\"host\":\"h\"}",
        )
        .await;
    assert_eq!(answer.status.as_u16(), 400);
    assert_eq!(answer.json()["code"], 12);
    assert_eq!(answer.json()["invalid-event-number"], 1);
    assert_eq!(
        server.post("/services/collector", &[], "").await.json()["code"],
        5
    );
    let raw = "/services/collector/raw?source=cron&host=h1";
    assert_eq!(server.post(raw, &[], "d\ne\n").await.json()["code"], 0);
    assert_eq!(server.fakes.bodies(), ["a", "b", "c", "d", "e"]);
    assert_eq!(server.json("/services/collector/health").await["code"], 17);
}
