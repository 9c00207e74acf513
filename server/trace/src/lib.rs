//! Spans of Tocsin's own work: how one follows from another, also in another task or process.
//!
//! A span is one of `tracing` with the target [`TARGET`]. `app` installs a layer that takes these
//! and nothing else; without it they are disabled where they stand, and everything here gives
//! nothing. Not here: where spans go, and which of them are kept.

use std::fmt::Display;

use opentelemetry::trace::{SpanContext, Status, TraceContextExt, TraceFlags, TraceState};
use opentelemetry::{Context, SpanId, TraceId};
use tocsin_domain::TraceContext;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The target of the spans that are traces.
pub const TARGET: &str = "tocsin_trace";

/// A count as OpenTelemetry has it: a signed number. Others would become text.
#[must_use]
pub fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Whether spans are taken at all.
#[must_use]
pub fn is_on() -> bool {
    tracing::span_enabled!(target: TARGET, tracing::Level::INFO)
}

/// Where the work at hand stands in a trace; none if that trace is not recorded.
#[must_use]
pub fn current() -> Option<TraceContext> {
    Context::map_current(recorded)
}

/// Where a span stands in a trace; none if it is not recorded. The parent cannot be set any more.
#[must_use]
pub fn context(span: &Span) -> Option<TraceContext> {
    if span.is_disabled() {
        return None;
    }
    recorded(&span.context())
}

/// The span as the child of one that was elsewhere, or as it was if there is none.
#[must_use]
pub fn child_of(span: Span, parent: Option<TraceContext>) -> Span {
    if let Some(parent) = parent
        && !span.is_disabled()
    {
        let context = Context::new().with_remote_span_context(remote(parent));
        // An error says that no layer takes the span.
        drop(span.set_parent(context));
    }
    span
}

/// Says that a span has also to do with another.
pub fn link(span: &Span, to: TraceContext) {
    span.add_link(remote(to));
}

/// Says that what a span stands for failed.
pub fn failed(span: &Span, error: &dyn Display) {
    if !span.is_disabled() {
        span.set_status(Status::error(error.to_string()));
    }
}

/// Says why what a span stands for failed, if it did.
pub fn note<T, E: Display>(span: &Span, result: &Result<T, E>) {
    if let Err(error) = result {
        failed(span, error);
    }
}

fn recorded(context: &Context) -> Option<TraceContext> {
    let span = context.span();
    let context = span.span_context();
    if !context.is_sampled() {
        return None;
    }
    let trace = tocsin_domain::TraceId(context.trace_id().to_bytes());
    let span = tocsin_domain::SpanId(context.span_id().to_bytes());
    TraceContext::new(trace, span, context.trace_flags().to_u8())
}

fn remote(context: TraceContext) -> SpanContext {
    SpanContext::new(
        TraceId::from_bytes(context.trace().0),
        SpanId::from_bytes(context.span().0),
        TraceFlags::new(context.flags()),
        true,
        TraceState::NONE,
    )
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::{InMemorySpanExporter, Sampler, SdkTracerProvider};
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    const SENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    /// Does something while spans are kept.
    fn traced(work: impl FnOnce()) -> Vec<opentelemetry_sdk::trace::SpanData> {
        let exporter = InMemorySpanExporter::default();
        let sampler = Sampler::ParentBased(Box::new(Sampler::AlwaysOn));
        let provider = SdkTracerProvider::builder()
            .with_sampler(sampler)
            .with_simple_exporter(exporter.clone())
            .build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("tocsin"));
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, work);
        exporter.get_finished_spans().unwrap()
    }

    fn span() -> Span {
        tracing::info_span!(target: TARGET, "work")
    }

    #[test]
    fn work_elsewhere_continues_the_trace() {
        let spans = traced(|| {
            let parent: TraceContext = SENT.parse().unwrap();
            let here = child_of(span(), Some(parent));
            let sent = here.in_scope(current).unwrap();
            assert_eq!(Some(sent), context(&here));
            drop(here);
            let there = child_of(span(), Some(sent));
            failed(&there, &"the disk is full");
        });
        assert_eq!(spans.len(), 2);
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert!(
            spans
                .iter()
                .all(|one| one.span_context.trace_id().to_string() == trace)
        );
        assert_eq!(spans[0].parent_span_id.to_string(), "00f067aa0ba902b7");
        assert_eq!(spans[1].parent_span_id, spans[0].span_context.span_id());
        assert_eq!(spans[1].status, Status::error("the disk is full"));
    }

    #[test]
    fn what_is_not_sampled_goes_no_further() {
        let spans = traced(|| {
            let parent = SENT.replace("-01", "-00").parse().unwrap();
            let here = child_of(span(), Some(parent));
            assert_eq!(context(&here), None);
            assert_eq!(here.in_scope(current), None);
        });
        assert!(spans.is_empty());
    }

    #[test]
    fn without_a_layer_there_is_nothing() {
        let here = child_of(span(), SENT.parse().ok());
        assert_eq!(context(&here), None);
        assert_eq!(here.in_scope(current), None);
    }
}
