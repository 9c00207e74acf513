//! Bodies as the loggers of Splunk send them.

use proptest::prelude::*;
use tocsin_domain::{LogBatch, Severity, Timestamp};

use super::{HecCode, HecDecoded, decode_events, decode_raw};
use crate::{Context, Limits};

const NOW: Timestamp = Timestamp::from_secs(1_795_273_200);

fn read(body: &[u8]) -> HecDecoded {
    let limits = Limits::default();
    let mut random = || [7; 10];
    let mut context = Context::new(NOW, &mut random, &limits);
    let decoded = decode_events(body, &mut context);
    assert!(decoded.decoded.batches.iter().all(LogBatch::validate));
    decoded
}

#[test]
fn objects_after_one_another_are_events() {
    let decoded = read(
        br#"{"time":1795262686.01,"host":"web-01","source":"app","sourcetype":"json","index":"main","event":"disk full","fields":{"level":"error","n":1}}{"time":"1795262686.5","source":"app","event":{"a":1}}
[]"#,
    );
    let batch = &decoded.decoded.batches[0];
    let record = &batch.records[0];
    assert_eq!(&*batch.source, "splunk:app");
    assert_eq!(batch.body(record), b"disk full");
    assert_eq!(record.timestamp, Timestamp(1_795_262_686_010_000_000));
    assert_eq!(record.severity, Severity::ERROR);
    assert_eq!(&*batch.hosts[record.host as usize], "web-01");
    let keys: Vec<_> = batch
        .attributes(record)
        .map(|(key, ..)| key.to_string())
        .collect();
    assert_eq!(keys, ["sourcetype", "index", "level", "n"]);
    assert_eq!(batch.body(&batch.records[1]), br#"{"a":1}"#);
    assert_eq!(
        batch.records[1].timestamp,
        Timestamp(1_795_262_686_500_000_000)
    );
    assert_eq!(
        (decoded.code, decoded.invalid_event),
        (HecCode::InvalidFormat, Some(2))
    );
}

#[test]
fn the_first_bad_event_is_named_and_the_others_taken() {
    for (body, accepted, code, number) in [
        (r#"{"event":"a"}{"event":"b"}"#, 2, HecCode::Success, None),
        (
            r#"[{"event":"a"},{"event":"b"}]"#,
            2,
            HecCode::Success,
            None,
        ),
        (
            r#"{"event":"a"}{"time":1}{"event":"b"}"#,
            2,
            HecCode::EventMissing,
            Some(1),
        ),
        (
            r#"{"event":" "}{"event":"b"}"#,
            1,
            HecCode::EventBlank,
            Some(0),
        ),
        (
            r#"{"event":"a"}{"event""#,
            1,
            HecCode::InvalidFormat,
            Some(1),
        ),
        ("", 0, HecCode::NoData, None),
    ] {
        let decoded = read(body.as_bytes());
        assert_eq!(decoded.decoded.accepted, accepted, "{body}");
        assert_eq!(
            (decoded.code, decoded.invalid_event),
            (code, number),
            "{body}"
        );
    }
    let answer = read(b"{\"event\":\"\"}").answer();
    let json: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(
        (&json["code"], &json["invalid-event-number"]),
        (&13.into(), &0.into())
    );
}

#[test]
fn raw_lines_are_events() {
    let limits = Limits::default();
    let mut random = || [7; 10];
    let mut context = Context::new(NOW, &mut random, &limits);
    let metadata = [("host", "web-01"), ("sourcetype", "syslog")];
    let decoded = decode_raw(b"one\r\n\ntwo ERROR x\n", &metadata, &mut context);
    let batch = &decoded.decoded.batches[0];
    assert_eq!(&*batch.source, "splunk:syslog");
    assert_eq!(batch.records.len(), 2);
    assert_eq!(batch.records[1].severity, Severity::ERROR);
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        read(&bytes);
        read(&[b"{\"event\":".as_slice(), &bytes].concat());
    }

    #[test]
    fn events_come_back(texts in proptest::collection::vec("[!-~].{0,40}", 1..10)) {
        let body: String =
            texts.iter().map(|text| serde_json::json!({"event": text}).to_string()).collect();
        let decoded = read(body.as_bytes());
        let batch = &decoded.decoded.batches[0];
        let found: Vec<_> = batch.records.iter().map(|record| batch.body(record)).collect();
        let expected: Vec<_> = texts.iter().map(|text| text.as_bytes()).collect();
        prop_assert_eq!(found, expected);
    }
}
