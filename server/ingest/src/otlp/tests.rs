//! OTLP decoded from both encodings, and its answers.

use proptest::prelude::*;
use tocsin_domain::batch::ValueType;
use tocsin_domain::{LogBatch, Severity, Timestamp};

use super::{OtlpEncoding, Status, accepted, decode, refused};
use crate::protobuf::{write_bytes, write_varint};
use crate::{Context, DecodeError, Decoded, Limits};

const NOW: Timestamp = Timestamp::from_secs(1_795_273_200);

fn read(body: &[u8], encoding: OtlpEncoding) -> Result<Decoded, DecodeError> {
    let limits = Limits::default();
    let mut random = || [7; 10];
    let mut context = Context::new(NOW, &mut random, &limits);
    let decoded = decode(body, encoding, &mut context)?;
    assert!(decoded.batches.iter().all(LogBatch::validate));
    Ok(decoded)
}

fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_bytes(number, bytes, &mut out);
    out
}

fn fixed64(number: u32, value: u64) -> Vec<u8> {
    let mut out = vec![(number << 3 | 1) as u8];
    out.extend_from_slice(&value.to_le_bytes());
    out
}

fn varint(number: u32, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    write_varint(number, value, &mut out);
    out
}

fn attribute(number: u32, key: &str, value: &[u8]) -> Vec<u8> {
    field(
        number,
        &[field(1, key.as_bytes()), field(2, value)].concat(),
    )
}

fn text(value: &str) -> Vec<u8> {
    field(1, value.as_bytes())
}

/// A request of one resource, one scope and the given records, as an SDK writes it.
fn request(records: &[Vec<u8>]) -> Vec<u8> {
    let resource = [
        attribute(1, "service.name", &text("shop")),
        attribute(1, "host.name", &text("web-01")),
    ]
    .concat();
    let scope = [field(1, b"shop.cart"), field(2, b"1.2")].concat();
    let mut scope_logs = field(1, &scope);
    for record in records {
        scope_logs.extend(field(2, record));
    }
    field(1, &[field(1, &resource), field(2, &scope_logs)].concat())
}

fn record() -> Vec<u8> {
    let list = field(5, &[field(1, &text("a")), field(1, &varint(3, 2))].concat());
    let map = field(6, &attribute(1, "inner", &varint(2, 1)));
    [
        fixed64(1, 1_795_262_686_123_456_789),
        varint(2, 17),
        field(3, b"Error"),
        field(5, &text("payment failed")),
        attribute(6, "http.status", &varint(3, 500)),
        attribute(6, "ratio", &fixed64(4, 1.5f64.to_bits())),
        attribute(6, "list", &list),
        attribute(6, "map", &map),
        vec![0x45, 1, 0, 0, 0],
        field(9, &[1; 16]),
        field(10, &[2; 8]),
    ]
    .concat()
}

const JSON: &str = r#"{"resourceLogs":[{
    "resource":{"attributes":[
        {"key":"service.name","value":{"stringValue":"shop"}},
        {"key":"host.name","value":{"stringValue":"web-01"}}]},
    "scopeLogs":[{"scope":{"name":"shop.cart","version":"1.2"},"logRecords":[{
        "timeUnixNano":"1795262686123456789","severityNumber":17,"severityText":"Error",
        "body":{"stringValue":"payment failed"},
        "attributes":[
            {"key":"http.status","value":{"intValue":"500"}},
            {"key":"ratio","value":{"doubleValue":1.5}},
            {"key":"list","value":{"arrayValue":{"values":[{"stringValue":"a"},{"intValue":2}]}}},
            {"key":"map","value":{"kvlistValue":{"values":[{"key":"inner","value":{"boolValue":true}}]}}}],
        "flags":1,"traceId":"01010101010101010101010101010101","spanId":"0202020202020202",
        "unknown":{"x":1}}]}]}]}"#;

fn check_whole(decoded: &Decoded) {
    let batch = &decoded.batches[0];
    let record = &batch.records[0];
    assert_eq!(&*batch.source, "otlp:shop");
    assert_eq!(&*batch.hosts[record.host as usize], "web-01");
    assert_eq!(batch.body(record), b"payment failed");
    assert_eq!(record.timestamp, Timestamp(1_795_262_686_123_456_789));
    assert_eq!(record.severity, Severity::ERROR);
    assert_eq!(batch.traces[0].0.0, [1; 16]);
    assert_eq!(batch.traces[0].1.unwrap().0, [2; 8]);
    let attributes: Vec<_> = batch
        .attributes(record)
        .map(|(key, kind, value)| (&**key, kind, std::str::from_utf8(value).unwrap()))
        .collect();
    assert_eq!(
        attributes,
        [
            ("service.name", ValueType::Text, "shop"),
            ("host.name", ValueType::Text, "web-01"),
            ("otel.scope.name", ValueType::Text, "shop.cart"),
            ("otel.scope.version", ValueType::Text, "1.2"),
            ("http.status", ValueType::Integer, "500"),
            ("ratio", ValueType::Float, "1.5"),
            ("list", ValueType::Text, "[\"a\",2]"),
            ("map.inner", ValueType::Bool, "true"),
            ("trace_flags", ValueType::Integer, "1"),
        ]
    );
}

#[test]
fn both_encodings_give_the_same_record() {
    check_whole(&read(&request(&[record()]), OtlpEncoding::Protobuf).unwrap());
    check_whole(&read(JSON.as_bytes(), OtlpEncoding::Json).unwrap());
}

/// Recorded from the exporter of the Python SDK, version 1.45.2.
#[test]
fn the_python_sdk_is_understood() {
    let body = include_bytes!("../../fuzz/corpus/otlp_protobuf/python_sdk.bin");
    let decoded = read(body, OtlpEncoding::Protobuf).unwrap();
    let batch = &decoded.batches[0];
    let texts: Vec<_> = batch
        .records
        .iter()
        .map(|record| batch.body(record))
        .collect();
    let expected = [
        b"started on port 8080".as_slice(),
        b"cache is nearly full",
        b"payment failed",
    ];
    assert_eq!(texts, expected);
    let bands: Vec<_> = batch
        .records
        .iter()
        .map(|record| record.severity.name())
        .collect();
    assert_eq!(bands, ["info", "warn", "error"]);
    assert_eq!((&*batch.source, &*batch.hosts[1]), ("otlp:shop", "web-01"));
    let of_warning: Vec<_> = batch.attributes(&batch.records[1]).collect();
    let value = |key: &str| {
        of_warning
            .iter()
            .find(|(name, ..)| &***name == key)
            .unwrap()
            .2
    };
    assert_eq!(value("ratio"), b"0.93");
    assert_eq!(value("keys"), br#"["a","b"]"#);
    assert_eq!(value("nested.x"), b"1");
}

#[test]
fn a_body_that_is_a_map_becomes_json_and_a_missing_time_the_observed_one() {
    let map = field(
        6,
        &[
            attribute(1, "a", &varint(3, 1)),
            attribute(1, "b", &text("x\"y")),
        ]
        .concat(),
    );
    let record = [fixed64(11, 1_795_262_686_000_000_000), field(5, &map)].concat();
    let decoded = read(&request(&[record]), OtlpEncoding::Protobuf).unwrap();
    let batch = &decoded.batches[0];
    assert_eq!(batch.body(&batch.records[0]), br#"{"a":1,"b":"x\"y"}"#);
    assert_eq!(
        batch.records[0].timestamp,
        Timestamp::from_secs(1_795_262_686)
    );
}

#[test]
fn a_damaged_record_costs_only_itself_and_is_told() {
    let damaged = vec![0x0a, 0x7f];
    let body = request(&[record(), damaged, record()]);
    let decoded = read(&body, OtlpEncoding::Protobuf).unwrap();
    assert_eq!((decoded.accepted, decoded.rejected), (2, 1));
    assert_eq!(decoded.errors[0].item, 1);
    let answer = accepted(&decoded, OtlpEncoding::Protobuf);
    assert_eq!(&answer.body[2..4], [0x08, 1], "one log record was rejected");
    let answer = accepted(&decoded, OtlpEncoding::Json);
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(json["partialSuccess"]["rejectedLogRecords"], "1");
}

#[test]
fn what_is_no_request_is_refused() {
    for body in [b"\x0a\xff\xff".as_slice(), b"hello world", &[0x0f]] {
        assert!(read(body, OtlpEncoding::Protobuf).is_err(), "{body:?}");
    }
    for body in [b"".as_slice(), b"[]", b"{\"resourceLogs\":", b"{} x"] {
        assert!(read(body, OtlpEncoding::Json).is_err(), "{body:?}");
    }
    assert_eq!(read(b"", OtlpEncoding::Protobuf).unwrap().accepted, 0);
    assert_eq!(read(b"{}", OtlpEncoding::Json).unwrap().accepted, 0);
}

#[test]
fn answers_are_in_the_encoding_of_the_request() {
    let nothing = Decoded::default();
    assert!(accepted(&nothing, OtlpEncoding::Protobuf).body.is_empty());
    assert_eq!(accepted(&nothing, OtlpEncoding::Json).body, b"{}");
    let status = refused(Status::Unavailable, "full", OtlpEncoding::Protobuf);
    assert_eq!(status.body, b"\x08\x0e\x12\x04full");
    assert_eq!(status.content_type, "application/x-protobuf");
    assert_eq!(
        OtlpEncoding::from_content_type("application/json; charset=utf-8"),
        Some(OtlpEncoding::Json)
    );
    assert_eq!(OtlpEncoding::from_content_type("text/plain"), None);
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, OtlpEncoding::Protobuf);
        let _ = read(&bytes, OtlpEncoding::Json);
    }

    #[test]
    fn never_panics_on_damaged_requests(at in 0usize..400, byte in any::<u8>(), cut in 0usize..400) {
        for (whole, encoding) in [
            (request(&[record(), record()]), OtlpEncoding::Protobuf),
            (JSON.as_bytes().to_vec(), OtlpEncoding::Json),
        ] {
            let mut body = whole;
            let length = body.len();
            body[at % length] = byte;
            let _ = read(&body, encoding);
            let _ = read(&body[..cut % length], encoding);
        }
    }
}
