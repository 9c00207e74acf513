//! Bodies as people and agents send them.

use proptest::prelude::*;
use tocsin_domain::{Issues, LogBatch, Severity, Timestamp};

use super::decode;
use crate::{Context, Decoded, Limits};

const NOW: Timestamp = Timestamp::from_secs(1_795_273_200);

fn read(body: impl AsRef<[u8]>) -> Decoded {
    let limits = Limits::default();
    let mut random = || [7; 10];
    let mut context = Context::new(NOW, &mut random, &limits);
    context.host = "here";
    let decoded = decode(body.as_ref(), &mut context);
    assert!(decoded.batches.iter().all(LogBatch::validate));
    let held: usize = decoded
        .batches
        .iter()
        .map(|batch| batch.records.len())
        .sum();
    assert_eq!(held, decoded.accepted);
    decoded
}

/// The bodies of the first batch.
fn bodies(decoded: &Decoded) -> Vec<String> {
    let batch = &decoded.batches[0];
    let text = |record| String::from_utf8_lossy(batch.body(record)).into_owned();
    batch.records.iter().map(text).collect()
}

fn attributes(decoded: &Decoded, record: usize) -> Vec<String> {
    let batch = &decoded.batches[0];
    batch
        .attributes(&batch.records[record])
        .map(|(key, kind, value)| format!("{key}={} {kind:?}", String::from_utf8_lossy(value)))
        .collect()
}

#[test]
fn objects_strings_and_arrays_are_records() {
    for body in [
        "{\"body\":\"one\"}\n\"two\"\n\n{\"message\":\"three\"}",
        "{\"body\":\"one\"}\r\n\"two\"\r\n{\"message\":\"three\"}\r\n",
        "[{\"body\":\"one\"}, \"two\", {\"msg\":\"three\"}]",
        "\u{feff}{\"body\":\"one\"} \"two\" {\"log\":\"three\"}",
        "{\n  \"body\": \"one\"\n}\n\"two\"\n{\n  \"line\": \"three\"\n}\n",
    ] {
        let decoded = read(body);
        assert_eq!(bodies(&decoded), ["one", "two", "three"], "{body}");
        assert_eq!(decoded.rejected, 0, "{body}");
    }
    assert!(read("").batches.is_empty());
    assert!(read("[]").batches.is_empty());
}

#[test]
fn every_field_finds_its_place() {
    let decoded = read(
        r#"{"timestamp":"2026-11-21T12:04:46.5Z","level":"warning","host":"web-01","source":"app",
            "message":"a \"b\"","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331",
            "attributes":{"user":"x","n":{"m":1}},"extra":[1,2],"ok":true,"none":null}"#,
    );
    let batch = &decoded.batches[0];
    let record = &batch.records[0];
    assert_eq!(&*batch.source, "app");
    assert_eq!(batch.body(record), b"a \"b\"");
    assert_eq!(record.timestamp, Timestamp(1_795_262_686_500_000_000));
    assert_eq!(record.severity, Severity::WARN);
    assert_eq!(&*batch.hosts[record.host as usize], "web-01");
    assert_eq!(batch.traces[0].0.0[0], 0x0a);
    assert_eq!(batch.traces[0].1.unwrap().0[7], 0x31);
    assert_eq!(
        attributes(&decoded, 0),
        [
            "user=x Text",
            "n.m=1 Integer",
            "extra=[1,2] Text",
            "ok=true Bool"
        ]
    );
}

#[test]
fn what_the_record_does_not_say_is_found_in_its_body() {
    let decoded =
        read("{\"body\":\"2015-10-18 18:01:47,978 ERROR [main] x\"}\n{\"body\":\"plain\"}");
    let records = &decoded.batches[0].records;
    assert_eq!(records[0].timestamp, Timestamp(1_445_191_307_978_000_000));
    assert_eq!(records[0].severity, Severity::ERROR);
    assert_eq!(records[1].timestamp, NOW);
    assert_eq!(records[1].issues, Issues::TIMESTAMP_MISSING);
    assert_eq!(&*decoded.batches[0].hosts[records[0].host as usize], "here");
}

#[test]
fn an_object_without_a_body_is_its_own_body() {
    let decoded = read(r#" {"ts":1795262686,"level":30,"user":"x"} "#);
    assert_eq!(
        bodies(&decoded),
        [r#"{"ts":1795262686,"level":30,"user":"x"}"#]
    );
    let record = &decoded.batches[0].records[0];
    assert_eq!(record.timestamp, Timestamp::from_secs(1_795_262_686));
    assert_eq!(record.severity, Severity::INFO);
    assert!(attributes(&decoded, 0).is_empty());
}

#[test]
fn names_of_one_role_are_ranked_and_the_others_kept() {
    let decoded = read(r#"{"line":12,"msg":"b","body":"a","log":{"level":"error","file":"f"}}"#);
    assert_eq!(bodies(&decoded), ["a"]);
    assert_eq!(decoded.batches[0].records[0].severity, Severity::ERROR);
    assert_eq!(
        attributes(&decoded, 0),
        [
            "line=12 Integer",
            "msg=b Text",
            "log.level=error Text",
            "log.file=f Text"
        ]
    );
}

#[test]
fn a_time_that_is_not_believed_is_marked_and_kept_as_it_was() {
    let decoded = read(r#"{"body":"x","timestamp":"2099-01-01T00:00:00Z"}"#);
    let record = &decoded.batches[0].records[0];
    assert_eq!(
        (record.timestamp, record.issues),
        (NOW, Issues::TIMESTAMP_INVALID)
    );
    assert_eq!(
        attributes(&decoded, 0),
        ["timestamp=2099-01-01T00:00:00Z Text"]
    );
}

#[test]
fn a_bad_record_costs_only_itself() {
    let decoded = read(
        "{\"body\":\"one\"}\n{\"body\":\nplain text\n{\"body\":\"two\"} x\n7\n{\"body\":\"three\"}",
    );
    assert_eq!(bodies(&decoded), ["one", "two", "three"]);
    assert_eq!(decoded.rejected, 4);
    let items: Vec<_> = decoded.errors.iter().map(|error| error.item).collect();
    assert_eq!(items, [1, 2, 4, 5]);
    assert_eq!(decoded.errors[0].expected, "a JSON value");
    assert!(
        decoded.errors[1].detail.contains("`plain text`"),
        "{:?}",
        decoded.errors[1]
    );
    assert_eq!(decoded.errors[3].expected, "a JSON object or string");
}

#[test]
fn an_array_gives_what_comes_before_its_fault() {
    let decoded = read(r#"[{"body":"one"}, 5, {"body":"two"}, {"body" "three"}]"#);
    assert_eq!(bodies(&decoded), ["one", "two"]);
    assert_eq!(decoded.rejected, 2);
    assert_eq!(decoded.errors[1].expected, "`:`");
}

#[test]
fn each_source_has_its_batch_and_only_so_many_are_taken() {
    let limits = Limits {
        sources_max: 2,
        ..Limits::default()
    };
    let mut random = || [7; 10];
    let mut context = Context::new(NOW, &mut random, &limits);
    let body = "{\"body\":\"1\",\"source\":\"a\"}\n{\"body\":\"2\",\"source\":\"b\"}
{\"body\":\"3\",\"source\":\"a\"}\n{\"body\":\"4\",\"source\":\"c\"}";
    // The first source is that of the context, which is there for room.
    let decoded = decode(body.as_bytes(), &mut context);
    let sources: Vec<_> = decoded
        .batches
        .iter()
        .map(|batch| (&*batch.source, batch.records.len()))
        .collect();
    assert_eq!(sources, [("a", 2), ("b", 1)]);
    assert_eq!(decoded.errors[0].field.as_deref(), Some("source"));
}

#[test]
fn long_bodies_are_cut_and_odd_bytes_kept() {
    let long = format!("{{\"body\":\"{}\"}}", "ä".repeat(600_000));
    let decoded = read(long);
    let record = &decoded.batches[0].records[0];
    assert!(record.body.len() <= 1 << 20);
    assert!(record.issues.names().any(|name| name == "truncated"));
    let decoded = read(b"{\"body\":\"a \xff b\"}");
    let batch = &decoded.batches[0];
    assert_eq!(batch.body(&batch.records[0]), b"a \xff b");
    assert!(
        batch.records[0]
            .issues
            .names()
            .any(|name| name == "invalid_utf8")
    );
}

#[test]
fn many_errors_are_counted_and_few_kept() {
    let decoded = read("x\n".repeat(1000));
    assert_eq!(
        (decoded.rejected, decoded.errors.len()),
        (1000, crate::ERRORS_MAX)
    );
}

#[test]
fn a_full_batch_is_followed_by_another() {
    let limits = Limits {
        batch_records_max: 3,
        ..Limits::default()
    };
    let mut random = || [7; 10];
    let mut context = Context::new(NOW, &mut random, &limits);
    let decoded = decode("\"x\"\n".repeat(7).as_bytes(), &mut context);
    let sizes: Vec<_> = decoded
        .batches
        .iter()
        .map(|batch| batch.records.len())
        .collect();
    assert_eq!(sizes, [3, 3, 1]);
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read(bytes);
    }

    #[test]
    fn never_panics_on_what_looks_like_json(body in "[\\[\\]{}\":,a-z0-9\\\\\n ]{0,120}") {
        read(body);
    }

    #[test]
    fn texts_come_back(texts in proptest::collection::vec(".{1,40}", 1..20)) {
        let lines: Vec<String> =
            texts.iter().map(|text| serde_json::json!({"body": text}).to_string()).collect();
        prop_assert_eq!(&bodies(&read(lines.join("\n"))), &texts);
        let array = format!("[{}]", lines.join(","));
        prop_assert_eq!(&bodies(&read(array)), &texts);
    }
}
