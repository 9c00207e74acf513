//! Pushes of Loki decoded from both encodings.

use proptest::prelude::*;
use tocsin_domain::{LogBatch, Severity, Timestamp};

use super::{LokiEncoding, decode};
use crate::protobuf::{write_bytes, write_varint};
use crate::{Context, DecodeError, Decoded, Limits};

const NOW: Timestamp = Timestamp::from_secs(1_795_273_200);

fn read(body: &[u8], encoding: LokiEncoding) -> Result<Decoded, DecodeError> {
    let limits = Limits::default();
    let mut random = || [7; 10];
    let mut context = Context::new(NOW, &mut random, &limits);
    let decoded = decode(body, encoding, &mut context)?;
    assert!(decoded.batches.iter().all(LogBatch::validate));
    Ok(decoded)
}

fn json(body: &str) -> Decoded {
    read(body.as_bytes(), LokiEncoding::Json).unwrap()
}

fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_bytes(number, bytes, &mut out);
    out
}

fn entry(line: &str, metadata: &[(&str, &str)]) -> Vec<u8> {
    let mut time = Vec::new();
    write_varint(1, 1_795_262_686, &mut time);
    write_varint(2, 123_456_789, &mut time);
    let mut entry = [field(1, &time), field(2, line.as_bytes())].concat();
    for (name, value) in metadata {
        entry.extend(field(
            3,
            &[field(1, name.as_bytes()), field(2, value.as_bytes())].concat(),
        ));
    }
    entry
}

fn push(labels: &str, entries: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = field(1, labels.as_bytes());
    for entry in entries {
        stream.extend(field(2, entry));
    }
    field(1, &stream)
}

fn snappy(body: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(body).unwrap()
}

const JSON: &str = r#"{"streams":[{"stream":{"app":"tl","level":"error","host":"web-01"},
    "values":[["1795262686123456789","disk \"full\"",{"trace_id":"0af7651916cd43dd8448eb211c80319c","user":"x"}]]}]}"#;

fn check_whole(decoded: &Decoded) {
    let batch = &decoded.batches[0];
    let record = &batch.records[0];
    assert_eq!(&*batch.source, "tl");
    assert_eq!(batch.body(record), b"disk \"full\"");
    assert_eq!(record.timestamp, Timestamp(1_795_262_686_123_456_789));
    assert_eq!(record.severity, Severity::ERROR);
    assert_eq!(&*batch.hosts[record.host as usize], "web-01");
    assert_eq!(batch.traces.len(), 1);
    let keys: Vec<_> = batch.attributes(record).map(|(key, ..)| &**key).collect();
    assert_eq!(keys, ["app", "level", "host", "user"]);
}

#[test]
fn both_encodings_give_the_same_record() {
    check_whole(&json(JSON));
    let metadata = [
        ("trace_id", "0af7651916cd43dd8448eb211c80319c"),
        ("user", "x"),
    ];
    let entries = [entry("disk \"full\"", &metadata)];
    let body = push(r#"{app="tl", level="error", host="web-01"}"#, &entries);
    check_whole(&read(&snappy(&body), LokiEncoding::Protobuf).unwrap());
}

#[test]
fn a_time_that_is_a_number_is_the_fault_of_its_entry_alone() {
    let decoded = json(
        r#"{"streams":[{"stream":{"job":"x"},"values":[
            [1795262686123456789,"a"],["1795262686123456789","b"],["x","c"],["1795262686123456789"]]}]}"#,
    );
    assert_eq!((decoded.accepted, decoded.rejected), (1, 3));
    let fields: Vec<_> = decoded
        .errors
        .iter()
        .map(|error| error.field.as_deref().unwrap())
        .collect();
    assert_eq!(fields, ["timestamp", "timestamp", "line"]);
    assert_eq!(&*decoded.batches[0].source, "x");
}

#[test]
fn the_best_label_names_the_source() {
    let source = |labels: &str| {
        let body = push(labels, &[entry("x", &[])]);
        let decoded = read(&snappy(&body), LokiEncoding::Protobuf).unwrap();
        decoded.batches[0].source.to_string()
    };
    assert_eq!(source(r#"{job="j", app="a"}"#), "a");
    assert_eq!(source(r#"{service_name="s", app="a"}"#), "s");
    assert_eq!(source("{}"), "loki");
}

#[test]
fn labels_that_cannot_be_read_cost_only_their_stream() {
    let good = push("{app=\"a\"}", &[entry("x", &[])]);
    let body = [push("{app=", &[entry("y", &[])]), good].concat();
    let decoded = read(&snappy(&body), LokiEncoding::Protobuf).unwrap();
    assert_eq!((decoded.accepted, decoded.rejected), (1, 1));
    assert_eq!(decoded.errors[0].field.as_deref(), Some("labels"));
}

#[test]
fn what_is_no_push_is_refused() {
    for body in ["", "[]", "{}", "{\"streams\":{}}", "not json"] {
        assert!(read(body.as_bytes(), LokiEncoding::Json).is_err(), "{body}");
    }
    assert!(read(b"not snappy", LokiEncoding::Protobuf).is_err());
    assert!(read(&snappy(b"\xff\xff"), LokiEncoding::Protobuf).is_err());
}

#[test]
fn old_clients_are_understood() {
    let decoded = json(
        r#"{"streams":[{"labels":"{app=\"a\"}","entries":[{"ts":"2026-11-21T12:04:46Z","line":"x"}]}]}"#,
    );
    assert_eq!(
        decoded.batches[0].records[0].timestamp,
        Timestamp::from_secs(1_795_262_686)
    );
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, LokiEncoding::Json);
        let _ = read(&bytes, LokiEncoding::Protobuf);
        let _ = read(&snappy(&bytes), LokiEncoding::Protobuf);
    }

    #[test]
    fn never_panics_on_damaged_pushes(at in 0usize..400, byte in any::<u8>()) {
        let mut body = JSON.as_bytes().to_vec();
        let length = body.len();
        body[at % length] = byte;
        let _ = read(&body, LokiEncoding::Json);
        let mut body = push("{app=\"a\"}", &[entry("line", &[("a", "b")])]);
        let length = body.len();
        body[at % length] = byte;
        let _ = read(&snappy(&body), LokiEncoding::Protobuf);
    }

    #[test]
    fn lines_come_back(lines in proptest::collection::vec(".{1,40}", 1..10)) {
        let entries: Vec<_> = lines.iter().map(|line| entry(line, &[])).collect();
        let decoded = read(&snappy(&push("{app=\"a\"}", &entries)), LokiEncoding::Protobuf).unwrap();
        let batch = &decoded.batches[0];
        let found: Vec<_> = batch.records.iter().map(|record| batch.body(record)).collect();
        let expected: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
        prop_assert_eq!(found, expected);
    }
}
