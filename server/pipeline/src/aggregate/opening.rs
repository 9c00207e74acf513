//! The spans in which alerts open: each follows from the work that found it, and what is done about
//! the alert (messages, tickets, runs) follows from the span.

use tocsin_domain::alert::{Alert, AlertEventKind};
use tocsin_trace::TARGET;
use tracing::{Span, info_span};

use super::book::{Book, Changes};
use crate::alert_rules::Signal;

/// The span of an alert that a signal opened or opened again, if it did: among what changed after
/// the first `before` events. The alert is made to remember it.
pub(super) fn of(
    signal: &Signal,
    book: &mut Book,
    changes: &mut Changes,
    before: usize,
) -> Option<Span> {
    let mut news = changes.events.iter().skip(before);
    let (_, alert) = news.find(|(event, _)| {
        matches!(event.kind, AlertEventKind::Fired | AlertEventKind::Returned)
    })?;
    let span = tocsin_trace::child_of(open(alert), signal.trace);
    let (id, trace) = (alert.id, tocsin_trace::context(&span).or(signal.trace));
    if trace != alert.trace {
        book.follow_from(id, trace, changes);
    }
    (!span.is_disabled()).then_some(span)
}

fn open(alert: &Alert) -> Span {
    info_span!(
        target: TARGET,
        parent: None,
        "open alert",
        tocsin.alert.id = %alert.id,
        tocsin.alert.severity = alert.severity.name(),
        tocsin.rule = alert.rule,
    )
}
