//! What is counted of questions and answers.

use tocsin_copilot::CopilotTelemetry;

use super::Simple;

/// All of it.
pub(super) fn simple(telemetry: &CopilotTelemetry) -> [Simple; 8] {
    let counts = telemetry.counts();
    [
        ("copilot_answers_total", "counter", counts.answered),
        ("copilot_answers_stopped_total", "counter", counts.stopped),
        ("copilot_questions_refused_total", "counter", counts.refused),
        ("copilot_statements_total", "counter", counts.statements),
        (
            "copilot_statements_dropped_total",
            "counter",
            counts.dropped,
        ),
        ("copilot_answers_by_model_total", "counter", counts.by_model),
        (
            "copilot_model_failures_total",
            "counter",
            counts.model_failures,
        ),
        (
            "copilot_answer_milliseconds_total",
            "counter",
            counts.took_ms,
        ),
    ]
}
