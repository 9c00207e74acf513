//! What traces say: which span takes the time, and which failed first.

use crate::rules::{Role, Rules, Severity};
use crate::subject::Subject;
use crate::trace::{Span, first_failed, slowest};

use super::{Observation, Origin};

/// What a span does that asks a database.
const QUERY: &str = "a database query";
/// The most spans that failed of which something is said.
const FAILED_MAX: usize = 3;

/// What the spans of a document say.
pub(super) fn observe<'r>(spans: &[Span], rules: &'r Rules) -> Vec<Observation<'r>> {
    let mut all = Vec::new();
    if let Some((slow, root)) = slowest(spans) {
        let mut seen = slow_span(slow, root);
        // What helps against it stands with the rule.
        let is_query = kind_of_work(slow) == QUERY;
        seen.rule = is_query
            .then(|| rules.say("slow query"))
            .flatten()
            .map(|said| said.rule);
        all.push(seen);
    }
    for span in first_failed(spans).into_iter().take(FAILED_MAX) {
        let quote = span
            .detail
            .as_ref()
            .map_or("", |(detail, _)| detail.as_str());
        let text = format!("its span `{}` is the deepest that failed", span.name);
        let mut observation =
            Observation::plain(Role::Cause, Origin::Trace, &text, quote, span.place)
                .about(of_service(span))
                .rated(Severity::High);
        observation
            .places
            .extend(span.detail.as_ref().map(|(_, place)| *place));
        all.push(observation);
    }
    all
}

fn slow_span<'r>(slow: &Span, root: &Span) -> Observation<'r> {
    let took = if slow.duration.is_empty() {
        String::new()
    } else {
        format!(" ({})", slow.duration)
    };
    let work = kind_of_work(slow);
    let whole = if slow.place == root.place || root.duration.is_empty() {
        String::new()
    } else {
        format!(", of the {} of `{}`", root.duration, root.name)
    };
    let text = format!(
        "it is slow due to {work}: most of the time is spent in its span `{}`{took}{whole}",
        slow.name
    );
    let quote = slow
        .detail
        .as_ref()
        .map_or("", |(detail, _)| detail.as_str());
    let mut observation = Observation::plain(Role::Cause, Origin::Trace, &text, quote, slow.place)
        .about(of_service(slow))
        .rated(Severity::High);
    observation
        .places
        .extend(slow.detail.as_ref().map(|(_, place)| *place));
    if slow.place != root.place {
        observation.places.push(root.place);
    }
    // The slower, the more it says.
    observation.with((slow.own_ms.max(1.0).log10() * 0.1).min(0.6))
}

/// In words: what a span does.
fn kind_of_work(span: &Span) -> &'static str {
    let text = format!(
        "{} {}",
        span.name.to_lowercase(),
        span.detail
            .as_ref()
            .map_or(String::new(), |(detail, _)| detail.to_lowercase())
    );
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&[
        "select ",
        "insert ",
        "update ",
        "delete from",
        "query",
        "postgres",
        "mysql",
        "sql",
        "mongo",
        "db.",
    ]) {
        QUERY
    } else if says(&["redis", "memcache", "cache"]) {
        "the cache"
    } else if says(&["kafka", "publish", "consume", "queue", "amqp", "sqs"]) {
        "a queue"
    } else if says(&[
        "http", "get ", "post ", "put ", "grpc", "callout", "fetch", "request",
    ]) {
        "a call to another service"
    } else {
        "its own work"
    }
}

fn of_service(span: &Span) -> Option<Subject> {
    (!span.service.is_empty()).then(|| Subject {
        kind: String::new(),
        name: span.service.clone(),
        namespace: None,
    })
}
