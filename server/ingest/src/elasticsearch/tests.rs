//! Bodies as rsyslog, syslog-ng, Icinga and the official clients send them.

use proptest::prelude::*;
use serde_json::Value;
use tocsin_domain::{LogBatch, Severity, Timestamp};

use super::{Bulk, answer, decode};
use crate::{Context, DecodeError, Limits};

const NOW: Timestamp = Timestamp::from_secs(1_795_273_200);

fn read(body: &[u8], index: &str) -> Result<Bulk, DecodeError> {
    let limits = Limits::default();
    let mut random = || [7; 10];
    let mut context = Context::new(NOW, &mut random, &limits);
    let bulk = decode(body, index, &mut context)?;
    assert!(bulk.decoded.batches.iter().all(LogBatch::validate));
    Ok(bulk)
}

fn answered(bulk: &Bulk) -> Value {
    let mut made = 0;
    let mut id_of = || {
        made += 1;
        format!("made-{made}")
    };
    serde_json::from_slice(&answer(bulk, 3, &mut id_of)).unwrap()
}

#[test]
fn documents_of_many_senders_become_records() {
    let bulk = read(
        br#"{"create":{"_index":"logs-app-default","_id":""}}
{"@timestamp":"2026-11-21T12:04:46+0000","message":"disk full","log":{"level":"error"},"host":{"name":"web-01"},"event":{"dataset":"app"}}
{"index": {} }
{"message":"second","severity":"warning"}
"#,
        "icinga2-2026.11.21",
    )
    .unwrap();
    let batch = &bulk.decoded.batches[0];
    let record = &batch.records[0];
    assert_eq!(&*batch.source, "es:logs-app-default");
    assert_eq!(batch.body(record), b"disk full");
    assert_eq!(record.timestamp, Timestamp::from_secs(1_795_262_686));
    assert_eq!(record.severity, Severity::ERROR);
    assert_eq!(&*batch.hosts[record.host as usize], "web-01");
    let keys: Vec<_> = batch
        .attributes(record)
        .map(|(key, ..)| key.to_string())
        .collect();
    assert_eq!(keys, ["log.level", "host.name", "event.dataset"]);
    assert_eq!(&*bulk.decoded.batches[1].source, "es:icinga2-2026.11.21");
    let answer = answered(&bulk);
    assert_eq!(answer["errors"], false);
    assert_eq!(answer["items"][0]["create"]["status"], 201);
    assert_eq!(answer["items"][0]["create"]["_id"], "made-1");
    assert_eq!(answer["items"][1]["index"]["_index"], "icinga2-2026.11.21");
}

#[test]
fn each_action_has_its_item_whatever_becomes_of_it() {
    let bulk = read(
        br#"{"delete":{"_index":"a","_id":"1"}}
{"update":{"_index":"a","_id":"2"}}
{"doc":{"x":1}}
{"index":{"_index":"a","_id":"3"}}
{"message":
{"index":{"_index":"a","_id":"4"}}
{"message":"good"}
{"create":{"_index":"a"}}"#,
        "",
    )
    .unwrap();
    assert_eq!((bulk.decoded.accepted, bulk.decoded.rejected), (1, 4));
    let answer = answered(&bulk);
    assert_eq!(answer["errors"], true);
    let statuses: Vec<_> = answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let (action, outcome) = item.as_object().unwrap().iter().next().unwrap();
            (action.as_str(), outcome["status"].as_u64().unwrap())
        })
        .collect();
    let expected = [
        ("delete", 400),
        ("update", 400),
        ("index", 400),
        ("index", 201),
        ("create", 400),
    ];
    assert_eq!(statuses, expected);
}

#[test]
fn what_is_no_bulk_is_refused() {
    assert!(matches!(read(b"\n\n", ""), Err(DecodeError::Empty { .. })));
    for body in ["{\"message\":\"x\"}\n", "[]\n", "x\n", "{\"index\":1}\n"] {
        let error = read(body.as_bytes(), "").unwrap_err();
        assert!(matches!(error, DecodeError::Malformed { .. }), "{body}");
    }
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = read(&bytes, "a");
        let _ = read(&[b"{\"index\":{}}\n".as_slice(), &bytes].concat(), "a");
    }

    #[test]
    fn documents_come_back(texts in proptest::collection::vec(".{1,40}", 1..10)) {
        let body: String = texts
            .iter()
            .map(|text| format!("{{\"index\":{{}}}}\n{}\n", serde_json::json!({"message": text})))
            .collect();
        let bulk = read(body.as_bytes(), "a").unwrap();
        prop_assert_eq!(bulk.items.len(), texts.len());
        let batch = &bulk.decoded.batches[0];
        let found: Vec<_> = batch.records.iter().map(|record| batch.body(record)).collect();
        let expected: Vec<_> = texts.iter().map(|text| text.as_bytes()).collect();
        prop_assert_eq!(found, expected);
    }
}
