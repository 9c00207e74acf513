//! What is counted of the language model.

use tocsin_llm::ModelTelemetry;

use super::{Simple, line};

/// What has no labels.
pub(super) fn simple(telemetry: &ModelTelemetry) -> [Simple; 6] {
    let counts = telemetry.counts();
    [
        ("llm_tokens_sent_total", "counter", counts.tokens_in),
        ("llm_tokens_received_total", "counter", counts.tokens_out),
        ("llm_cost_micro_usd_total", "counter", counts.micro_usd),
        ("llm_retries_total", "counter", counts.retries),
        ("llm_unrecorded_total", "counter", counts.unrecorded),
        ("llm_answers_in_flight", "gauge", counts.in_flight),
    ]
}

/// What is told apart: calls by outcome, questions that failed by the kind of the error, values that were
/// cut out by their kind.
pub(super) fn labelled(text: &mut String, telemetry: &ModelTelemetry) {
    let counts = telemetry.counts();
    for (name, label, values) in [
        ("tocsin_llm_calls_total", "outcome", counts.calls),
        ("tocsin_llm_errors_total", "kind", counts.errors),
        ("tocsin_llm_redactions_total", "kind", counts.redactions),
    ] {
        line(text, format_args!("# TYPE {name} counter"));
        for (value, count) in values {
            line(text, format_args!("{name}{{{label}=\"{value}\"}} {count}"));
        }
    }
}
