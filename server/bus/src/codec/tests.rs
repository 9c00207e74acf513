//! Round trips, and bytes that are not ours.

use proptest::prelude::*;
use tocsin_domain::batch::{BatchBuilder, NewRecord};
use tocsin_domain::{Issues, Severity};

use super::*;

type Row = (
    Vec<u8>,
    Option<i64>,
    u8,
    u8,
    String,
    Vec<(String, Vec<u8>)>,
    Option<([u8; 16], Option<[u8; 8]>)>,
);

fn row() -> impl Strategy<Value = Row> {
    (
        proptest::collection::vec(any::<u8>(), 0..60),
        proptest::option::of(any::<i64>()),
        0u8..=24,
        0u8..16,
        "[a-c]{0,2}",
        proptest::collection::vec(
            ("[a-d]{1,2}", proptest::collection::vec(any::<u8>(), 0..8)),
            0..3,
        ),
        proptest::option::of((any::<[u8; 16]>(), proptest::option::of(any::<[u8; 8]>()))),
    )
}

fn event(rows: &[Row], observed: i64) -> Event {
    let observed = Timestamp(observed);
    let id = BatchId::new(Timestamp::from_millis(observed.millis().abs()), [7; 10]);
    let mut builder = BatchBuilder::new(id, observed, Arc::from("file:/var/log/x"));
    let types = [
        ValueType::Text,
        ValueType::Integer,
        ValueType::Float,
        ValueType::Bool,
    ];
    for (body, timestamp, severity, issues, host, attributes, trace) in rows {
        let attributes: Vec<_> = attributes
            .iter()
            .enumerate()
            .map(|(at, (key, value))| (key.as_str(), types[at % 4], value.as_slice()))
            .collect();
        let record = NewRecord {
            body,
            timestamp: timestamp.map(Timestamp),
            severity: Severity::from_number(*severity).unwrap(),
            issues: Issues(*issues),
            host,
            attributes: &attributes,
            trace: trace.map(|(trace, span)| (TraceId(trace), span.map(SpanId))),
        };
        builder.push(record).unwrap();
    }
    Payload::Logs(builder.finish()).into()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_event_comes_back_as_it_was(
        rows in proptest::collection::vec(row(), 0..20),
        observed in any::<i64>(),
    ) {
        let event = event(&rows, observed);
        let bytes = encode(&event).unwrap();
        prop_assert_eq!(decode(&bytes).unwrap(), event);
    }

    #[test]
    fn a_trace_context_comes_back_and_costs_its_bytes_alone(
        rows in proptest::collection::vec(row(), 0..6),
        (trace, span, flags) in (any::<[u8; 16]>(), any::<[u8; 8]>(), any::<u8>()),
    ) {
        let mut event = event(&rows, 5);
        let untraced = encode(&event).unwrap();
        event.trace = TraceContext::new(TraceId(trace), SpanId(span), flags);
        let traced = encode(&event).unwrap();
        prop_assert_eq!(decode(&traced).unwrap(), event.clone());
        let more = if event.trace.is_some() { TraceContext::BYTES } else { 0 };
        prop_assert_eq!(traced.len(), untraced.len() + more);
    }

    #[test]
    fn a_cut_event_is_an_error(rows in proptest::collection::vec(row(), 0..6), cut in any::<prop::sample::Index>()) {
        let bytes = encode(&event(&rows, 5)).unwrap();
        let cut = cut.index(bytes.len());
        prop_assert!(decode(&bytes.slice(..cut)).is_err());
    }

    #[test]
    fn changed_bytes_never_panic(
        rows in proptest::collection::vec(row(), 0..6),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = encode(&event(&rows, 5)).unwrap().to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        // Changed bytes may name another kind.
        if let Ok(Event { payload: Payload::Logs(batch), .. }) = decode(&Bytes::from(bytes)) {
            prop_assert!(batch.validate());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&Bytes::from(bytes.clone()));
        if bytes.len() > 2 {
            bytes[..2].copy_from_slice(&[VERSION, KIND_LOGS]);
        }
        let _ = decode(&Bytes::from(bytes));
    }
}

#[test]
fn decoding_copies_no_text() {
    let row = (vec![b'x'; 100], None, 9, 0, "web".to_owned(), vec![], None);
    let bytes = encode(&event(&vec![row; 50], 5)).unwrap();
    let Payload::Logs(batch) = decode(&bytes).unwrap().payload else {
        unreachable!()
    };
    let inside = bytes.as_ptr_range();
    assert!(inside.contains(&batch.arena.as_ptr()));
}

#[test]
fn ordinary_lines_cost_few_bytes_beside_their_text() {
    let rows: Vec<Row> = (0..1000)
        .map(|at| {
            (
                vec![b'x'; 90 + at % 50],
                Some(at as i64 * 1_000_000),
                9,
                0,
                String::new(),
                vec![],
                None,
            )
        })
        .collect();
    let event = event(&rows, 5);
    let overhead = encode(&event).unwrap().len() - least_bytes(&event);
    assert!(overhead < 6 * 1000, "{overhead}");
}

#[test]
fn a_batch_that_breaks_its_own_rules_is_not_written() {
    let mut event = event(&[], 5);
    let Payload::Logs(batch) = &mut event.payload else {
        unreachable!()
    };
    batch.hosts.clear();
    assert!(encode(&event).is_err());
}

/// Bytes of both versions, kept for ever: what was written once must be readable always.
#[test]
fn versions_1_and_2_are_still_read() {
    let row = (
        b"hello".to_vec(),
        Some(1_000),
        17,
        4,
        "web-01".to_owned(),
        vec![("user".to_owned(), b"root".to_vec())],
        Some(([1; 16], Some([2; 8]))),
    );
    let mut event = event(&[row], 1_700_000_000_000_000_000);
    let fixture = include_bytes!("../../tests/fixtures/event-v1.bin");
    assert_eq!(decode(&Bytes::from_static(fixture)).unwrap(), event);
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    event.trace = trace.parse().ok();
    let fixture = include_bytes!("../../tests/fixtures/event-v2.bin");
    assert_eq!(decode(&Bytes::from_static(fixture)).unwrap(), event);
}

#[test]
fn feedback_comes_back() {
    for verdict in [Verdict::NotAnomaly, Verdict::Missed] {
        let feedback = Feedback {
            series: SeriesId(0xdead_beef),
            verdict,
            at_ms: 1_700_000_000_123,
        };
        let mut event = Event::from(Payload::Feedback(feedback));
        assert_eq!(decode(&encode(&event).unwrap()).as_ref(), Ok(&event));
        event.trace = TraceContext::new(TraceId([1; 16]), SpanId([2; 8]), 1);
        assert_eq!(decode(&encode(&event).unwrap()), Ok(event));
    }
}
