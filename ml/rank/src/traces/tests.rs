//! Traces of two services and a store, healthy and with one fault each.

use super::*;
use crate::SignalKind;

struct Fault {
    way_us: i64,
    work_us: i64,
    query: bool,
}

/// Forty requests: shop → (client span) → cart → query.
fn requests(fault: &Fault) -> (Vec<Span<'static>>, Vec<SpanEvent<'static>>) {
    let (mut spans, mut events) = (Vec::new(), Vec::new());
    for i in 0..40u64 {
        let begin = i as i64 * 1_000_000;
        let mut span = |n: u64, parent: Option<u64>, entity, operation, took: i64| {
            spans.push(Span {
                id: i * 10 + n,
                parent: parent.map(|p| i * 10 + p),
                entity,
                operation,
                start_us: begin,
                end_us: begin + took,
                failed: false,
            });
        };
        let work = 3_000 + fault.work_us;
        span(1, None, "shop", "GET /", 5_000 + work + fault.way_us);
        span(2, Some(1), "shop", "HTTP GET", 1_000 + work + fault.way_us);
        span(3, Some(2), "cart", "read", work);
        if fault.query {
            span(4, Some(3), "cart", "SELECT", 1_000);
        }
        events.push(SpanEvent {
            span: i * 10 + 3,
            what: "reading",
        });
    }
    (spans, events)
}

fn told(fault: &Fault) -> Vec<Signal> {
    let (spans, events) = requests(&Fault {
        way_us: 0,
        work_us: 0,
        query: true,
    });
    let (bad, said) = requests(fault);
    let baseline = TraceWindow {
        spans: &spans,
        events: &events,
    };
    trace_signals(
        &baseline,
        &TraceWindow {
            spans: &bad,
            events: &said,
        },
    )
}

#[test]
fn healthy_traces_tell_nothing() {
    assert_eq!(
        told(&Fault {
            way_us: 0,
            work_us: 0,
            query: true
        }),
        []
    );
}

#[test]
fn slow_work_is_the_workers_and_not_the_callers() {
    let told = told(&Fault {
        way_us: 0,
        work_us: 500_000,
        query: true,
    });
    let who: Vec<_> = told.iter().map(|s| (s.entity.as_str(), s.kind)).collect();
    assert_eq!(who, [("cart", SignalKind::OwnLatency)]);
}

#[test]
fn a_slow_way_is_told_of_an_end() {
    let told = told(&Fault {
        way_us: 500_000,
        work_us: 0,
        query: true,
    });
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].what.starts_with("40 slow calls"));
}

#[test]
fn a_step_that_always_followed_is_missed() {
    let told = told(&Fault {
        way_us: 0,
        work_us: 0,
        query: false,
    });
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (told[0].entity.as_str(), told[0].kind),
        ("cart", SignalKind::BrokenSequence)
    );
    assert!(told[0].strength > 7.0);
}
