//! What is counted of slow work.

use tocsin_jobs::{JobTelemetry, WORK_BUCKETS_SECS};

use super::{Simple, line};

/// What has no labels.
pub(super) fn simple(telemetry: &JobTelemetry) -> [Simple; 2] {
    [
        ("jobs_running", "gauge", telemetry.running()),
        ("jobs_leases_lost_total", "counter", telemetry.leases_lost()),
    ]
}

/// What is told apart: attempts by kind and how they ended, how long they took, and the jobs that are kept.
pub(super) fn labelled(text: &mut String, telemetry: &JobTelemetry) {
    let name = "tocsin_jobs_attempts_total";
    line(text, format_args!("# TYPE {name} counter"));
    for (kind, how, count) in telemetry.attempts() {
        let labels = format_args!("{{kind=\"{kind}\",outcome=\"{how}\"}}");
        line(text, format_args!("{name}{labels} {count}"));
    }
    let name = "tocsin_jobs_attempt_duration_seconds";
    line(text, format_args!("# TYPE {name} histogram"));
    for (kind, times) in telemetry.times() {
        for (end, count) in WORK_BUCKETS_SECS.iter().zip(times.buckets) {
            let labels = format_args!("{{kind=\"{kind}\",le=\"{end}\"}}");
            line(text, format_args!("{name}_bucket{labels} {count}"));
        }
        let (count, seconds) = (times.count, times.seconds);
        let labels = format_args!("{{kind=\"{kind}\",le=\"+Inf\"}}");
        line(text, format_args!("{name}_bucket{labels} {count}"));
        line(
            text,
            format_args!("{name}_sum{{kind=\"{kind}\"}} {seconds}"),
        );
        line(
            text,
            format_args!("{name}_count{{kind=\"{kind}\"}} {count}"),
        );
    }
    let name = "tocsin_jobs";
    line(text, format_args!("# TYPE {name} gauge"));
    for (kind, status, count) in telemetry.kept() {
        let labels = format_args!("{{kind=\"{kind}\",status=\"{}\"}}", status.name());
        line(text, format_args!("{name}{labels} {count}"));
    }
}
