//! `POST /api/v1/logs` and its neighbours: what is accepted, what is refused, and how.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;
use tocsin_harness::TestServer;

const NDJSON: [(&str, &str); 1] = [("Content-Type", "application/x-ndjson")];
const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];

#[test]
fn one_bad_record_never_costs_the_others() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let body = b"{\"body\":\"first good line\",\"severity\":\"error\"}\n{\"body\": broken\n\
        {\"message\":\"second good line\",\"timestamp\":\"2026-06-01T10:00:00Z\",\"user\":\"kim\"}\n";
    let (status, answer) = server.post("/api/v1/logs", &NDJSON, body)?;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        (&answer["accepted"], &answer["rejected"]),
        (&json!(2), &json!(1)),
        "{answer}"
    );
    assert_eq!(answer["errors"][0]["item"], 1, "{answer}");

    let items = server.wait_for_lines("good line", 2)?;
    let dated = items.iter().find(|item| item["body"] == "second good line");
    let dated = dated.unwrap_or_else(|| panic!("{items:#?}"));
    assert_eq!(dated["timestamp"], "2026-06-01T10:00:00Z");
    assert_eq!(dated["attributes"]["user"], "kim");
    let first = items
        .iter()
        .find(|item| item["body"] == "first good line")
        .unwrap();
    assert_eq!(first["severity"], "error");
    assert_eq!(first["issues"], json!(["timestamp_missing"]));
    Ok(())
}

#[test]
fn arrays_strings_gzip_and_zstd_are_taken() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let array = br#"["plain string one", {"body":"object two"}]"#;
    let (status, answer) = server.post("/api/v1/logs", &JSON, array)?;
    assert_eq!((status, &answer["accepted"]), (200, &json!(2)), "{answer}");

    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"{\"body\":\"gzip three\"}\n")?;
    let gzip = gzip.finish()?;
    let headers = [NDJSON[0], ("Content-Encoding", "gzip")];
    assert_eq!(server.post("/api/v1/logs", &headers, &gzip)?.0, 200);
    let (status, problem) = server.post("/api/v1/logs", &headers, &gzip[..gzip.len() - 9])?;
    assert_eq!(status, 400, "truncated gzip: {problem}");

    let zstd = zstd::encode_all(&b"{\"body\":\"zstd four\"}\n"[..], 1)?;
    let headers = [NDJSON[0], ("Content-Encoding", "zstd")];
    assert_eq!(server.post("/api/v1/logs", &headers, &zstd)?.0, 200);

    for words in ["plain string one", "object two", "gzip three", "zstd four"] {
        server.wait_for_lines(words, 1)?;
    }
    Ok(())
}

#[test]
fn lines_come_back_byte_for_byte() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let lines = [
        "  leading and trailing spaces  ",
        "tabs\tand \\ backslashes \"quotes\" 'single'",
        "ünïcödé 日本語 🔔 \u{0}\u{7f}",
        "",
        "007 0x00ff 1e10 +5 -0 00:00:00.000 10.0.0.256 1,234.50",
        r#"{"level":"info","msg":"user \"kim\" logged in","n":007.50,"nested":{"a":[1,2]}}"#,
        "level=warn msg=\"took 12ms\" user=kim empty= trailing",
    ];
    server.push("bytes", &lines)?;
    let items = server.wait_for_lines("source:bytes", lines.len() as u64)?;
    for line in lines {
        assert!(
            items.iter().any(|item| item["body"] == line),
            "lost: {line:?} in {items:#?}"
        );
    }
    Ok(())
}

#[test]
fn bodies_become_attributes() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    server.push(
        "bodies",
        &[
            r#"{"level":"error","msg":"payment refused","order":4711,"user":{"name":"kim"}}"#,
            "level=warn msg=\"cache is cold\" region=eu-west-1 took=12ms",
        ],
    )?;
    let json = &server.wait_for_lines("order:4711", 1)?[0];
    assert_eq!(json["attributes"]["user.name"], "kim", "{json}");
    assert_eq!(json["severity"], "error");
    let logfmt = &server.wait_for_lines("region:eu-west-1", 1)?[0];
    assert_eq!(logfmt["attributes"]["took"], "12ms", "{logfmt}");
    assert_eq!(logfmt["severity"], "warn");
    Ok(())
}

#[test]
fn what_cannot_be_taken_is_refused_with_the_reason() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let (status, problem) = server.post("/api/v1/logs", &NDJSON, b"")?;
    assert_eq!(status, 400, "empty: {problem}");
    let (status, problem) = server.post("/api/v1/logs", &NDJSON, &[0, 159, 146, 150, 7])?;
    assert_eq!(status, 400, "binary: {problem}");
    assert!(problem["errors"][0]["detail"].is_string(), "{problem}");
    let (status, problem) = server.post("/api/v1/logs", &[("Content-Type", "image/png")], b"x")?;
    assert_eq!(status, 415, "wrong type: {problem}");
    let (status, problem) = server.get("/api/v1/nothing")?;
    assert_eq!(
        (status, &problem["status"]),
        (404, &json!(404)),
        "{problem}"
    );
    Ok(())
}

#[test]
fn a_refusal_reaches_who_is_still_sending() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let host = server.address();
    let mut connection = TcpStream::connect(host)?;
    // More than the machine holds between the two.
    let body = vec![b'x'; 16 << 20];
    let size = body.len();
    let head = format!(
        "POST /api/v1/logs HTTP/1.1\r\nHost: {host}\r\nContent-Type: image/png\r\n\
         Content-Length: {size}\r\nConnection: close\r\n\r\n"
    );
    connection.write_all(head.as_bytes())?;
    connection.write_all(&body)?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    assert!(answer.starts_with("HTTP/1.1 415"), "{answer}");
    assert!(answer.contains("image/png"), "{answer}");
    Ok(())
}

#[test]
fn records_from_far_times_and_jumping_clocks_are_kept_in_their_place() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let body = b"{\"body\":\"clock a\",\"timestamp\":\"1999-12-31T23:59:59Z\"}\n\
        {\"body\":\"clock b\",\"timestamp\":\"2150-01-01T00:00:00Z\"}\n\
        {\"body\":\"clock c\",\"timestamp\":1700000000}\n\
        {\"body\":\"clock d\",\"timestamp\":\"1700000000123\"}\n\
        {\"body\":\"clock e\",\"timestamp\":\"yesterday\"}\n";
    let (status, answer) = server.post("/api/v1/logs", &NDJSON, body)?;
    assert_eq!(status, 200, "{answer}");
    let items = server.wait_for_lines("clock", answer["accepted"].as_u64().unwrap())?;
    let at = |body: &str| {
        let found = items.iter().find(|item| item["body"] == body);
        found.map(|item| item["timestamp"].as_str().unwrap_or_default().to_string())
    };
    assert_eq!(at("clock a").as_deref(), Some("1999-12-31T23:59:59Z"));
    assert_eq!(at("clock c").as_deref(), Some("2023-11-14T22:13:20Z"));
    assert_eq!(at("clock d").as_deref(), Some("2023-11-14T22:13:20.123Z"));
    let old = server
        .get("/api/v1/logs/search?q=clock&to=2000-01-01T00:00:00Z")?
        .1;
    assert_eq!(old["total"], 1, "{old}");
    Ok(())
}
