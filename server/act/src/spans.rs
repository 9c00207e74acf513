//! The spans of what is done about an alert. They follow from the span in which the alert opened, so
//! that they are in the trace of the request or file that brought it; without one there are none.

use std::fmt::Display;

use tocsin_domain::TraceContext;
use tocsin_domain::alert::Alert;
use tocsin_domain::automation::Run;
use tocsin_domain::subscription::{Delivery, Subscription};
use tocsin_domain::ticket::{NewDecision, Ticket, TicketTask};
use tocsin_trace::{TARGET, child_of, number};
use tracing::field::Empty;
use tracing::{Span, info_span};
use ureq::http::Uri;

use crate::channels::{Outcome, Verdict};
use crate::http::{Answer, Call, NoAnswer};

/// Sending one message about one alert or several; it is in the trace of the first that has one.
pub(crate) fn notify(subscription: &Subscription, told: &[(Delivery, Alert)]) -> Span {
    let mut traces = told.iter().filter_map(|(_, alert)| alert.trace);
    let Some(first) = traces.next() else {
        return Span::none();
    };
    let span = info_span!(
        target: TARGET,
        parent: None,
        "notify",
        tocsin.subscription.id = %subscription.id,
        tocsin.channel = subscription.channel.name(),
        tocsin.deliveries = number(told.len()),
        tocsin.alert.id = told.first().map(|(_, alert)| alert.id.to_string()),
    );
    let span = child_of(span, Some(first));
    traces
        .filter(|trace| *trace != first)
        .for_each(|trace| tocsin_trace::link(&span, trace));
    span
}

/// What a channel said of a message.
pub(crate) fn told(span: &Span, outcome: &Outcome) {
    if !matches!(outcome.verdict, Verdict::Accepted(_)) {
        tocsin_trace::failed(span, &outcome.detail);
    }
}

/// Deciding what happens to the ticket of an alert.
pub(crate) fn decide_ticket(decision: &NewDecision, alert: &Alert) -> Span {
    if alert.trace.is_none() {
        return Span::none();
    }
    let span = info_span!(
        target: TARGET,
        parent: None,
        "decide ticket",
        tocsin.alert.id = %alert.id,
        tocsin.ticket.id = Empty,
        tocsin.ticket.action = decision.action.name(),
        tocsin.reason = decision.reason,
    );
    child_of(span, alert.trace)
}

/// Telling a tracker one thing about a ticket: that it is to be opened, say.
pub(crate) fn ticket(task: &TicketTask, ticket: &Ticket, trace: Option<TraceContext>) -> Span {
    if trace.is_none() {
        return Span::none();
    }
    let kind = task.task.kind.name();
    let span = info_span!(
        target: TARGET,
        parent: None,
        "ticket",
        otel.name = format!("{kind} ticket"),
        tocsin.alert.id = %ticket.alert,
        tocsin.ticket.id = %ticket.id,
        tocsin.tracker = ticket.tracker.name(),
    );
    child_of(span, trace)
}

/// Proposing a run of a rule about an alert.
pub(crate) fn propose(rule: &str, alert: &Alert) -> Span {
    if alert.trace.is_none() {
        return Span::none();
    }
    let span = info_span!(
        target: TARGET,
        parent: None,
        "propose run",
        tocsin.alert.id = %alert.id,
        tocsin.automation.rule = rule,
        tocsin.run.id = Empty,
    );
    child_of(span, alert.trace)
}

/// Having a provider do something about a run: `execute`, `roll back` or `cancel`.
pub(crate) fn run(what: &str, run: &Run, trace: Option<TraceContext>) -> Span {
    if trace.is_none() {
        return Span::none();
    }
    let span = info_span!(
        target: TARGET,
        parent: None,
        "run",
        otel.name = format!("{what} run"),
        tocsin.alert.id = %run.episode.alert,
        tocsin.automation.rule = run.rule,
        tocsin.provider = run.provider,
        tocsin.run.id = %run.id,
    );
    child_of(span, trace)
}

/// Notes the id of what came of a span.
pub(crate) fn made(span: &Span, field: &'static str, id: &dyn Display) {
    span.record(field, tracing::field::display(id));
}

/// A request to the outside within the work at hand; none if that is not traced. Of its address
/// only the host is told: the rest may be a secret.
pub(crate) fn request(call: &Call) -> Span {
    if tocsin_trace::current().is_none() {
        return Span::none();
    }
    let uri = call.url.parse::<Uri>().ok();
    let method = call.method.name();
    info_span!(
        target: TARGET,
        "request",
        otel.name = method,
        otel.kind = "client",
        http.request.method = method,
        http.response.status_code = Empty,
        error.r#type = Empty,
        server.address = uri.as_ref().and_then(Uri::host),
        server.port = uri.as_ref().and_then(Uri::port_u16).map(i64::from),
    )
}

/// What came of a request.
pub(crate) fn answered(span: &Span, answer: &Result<Answer, NoAnswer>) {
    match answer {
        Ok(answer) => {
            span.record("http.response.status_code", i64::from(answer.status));
            if answer.status >= 400 {
                span.record("error.type", answer.status.to_string());
                tocsin_trace::failed(span, &format_args!("status {}", answer.status));
            }
        }
        Err(error) => {
            span.record("error.type", "no_answer");
            tocsin_trace::failed(span, &error.detail);
        }
    }
}
