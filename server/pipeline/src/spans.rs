//! The spans of what happens to a batch. There is one for each batch and stage, never one for a
//! line; and none for a batch whose event does not say which work it follows from.

use tocsin_domain::{Offset, ParsedBatch, Partition, TraceContext};
use tocsin_trace::{TARGET, child_of, number};
use tracing::{Span, info_span};

/// All that is done with an event of the bus.
pub(crate) fn process(
    from: Option<TraceContext>,
    (partition, offset): (Partition, Offset),
    source: &str,
) -> Span {
    if from.is_none() {
        return Span::none();
    }
    let span = info_span!(
        target: TARGET,
        parent: None,
        "process",
        otel.kind = "consumer",
        messaging.operation.r#type = "process",
        messaging.operation.name = "process",
        messaging.destination.partition.id = %partition.0,
        messaging.message.id = %offset.0,
        tocsin.source = source,
    );
    child_of(span, from)
}

/// Finding the templates of lines.
pub(crate) fn parse(process: &Span, records: usize) -> Span {
    if process.is_disabled() {
        return Span::none();
    }
    info_span!(target: TARGET, parent: process, "parse", tocsin.records = number(records))
}

/// A stage within the work at hand; none if that is not traced.
macro_rules! stage {
    ($name:literal, $($field:tt)*) => {
        match tocsin_trace::current() {
            Some(_) => info_span!(target: TARGET, $name, $($field)*),
            None => Span::none(),
        }
    };
}

/// Holding lines against the rules.
pub(crate) fn classify(batch: &ParsedBatch) -> Span {
    stage!(
        "classify",
        tocsin.records = number(batch.lines.len()),
        tocsin.templates = number(batch.templates.len())
    )
}

/// Handing lines to their store.
pub(crate) fn store(records: usize) -> Span {
    stage!(
        "store",
        db.operation.name = "append",
        tocsin.records = number(records)
    )
}

/// Handing points to their store.
pub(crate) fn store_points(points: usize) -> Span {
    stage!(
        "store",
        db.operation.name = "append",
        tocsin.points = number(points)
    )
}

/// Showing points to their detectors.
pub(crate) fn detect(points: usize) -> Span {
    stage!("detect", tocsin.points = number(points))
}

/// Telling whoever writes alerts what was found.
pub(crate) fn tell(signals: usize) -> Span {
    stage!("tell", tocsin.signals = number(signals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_nothing_known_has_no_span() {
        let place = (Partition(0), Offset(1));
        let span = process(None, place, "web");
        assert!(span.is_disabled());
        assert!(parse(&span, 1).is_disabled());
        assert!(span.in_scope(|| store(1)).is_disabled());
    }
}
