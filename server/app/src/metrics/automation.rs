//! What is counted of automation.

use std::sync::atomic::{AtomicU64, Ordering};

use tocsin_act::{AutomationProgress, PROPOSE_BUCKETS_SECS};
use tocsin_domain::automation::{RunState, Verification};

use super::{Simple, line};

fn count(number: &AtomicU64) -> u64 {
    number.load(Ordering::Relaxed)
}

/// What has no labels.
pub(super) fn simple(progress: &AutomationProgress, is_stopped: bool) -> [Simple; 3] {
    let waiting = progress.waiting.load(Ordering::Relaxed);
    [
        (
            "automation_proposals_total",
            "counter",
            count(&progress.proposals),
        ),
        (
            "automation_waiting",
            "gauge",
            u64::try_from(waiting).unwrap_or(0),
        ),
        ("automation_stopped", "gauge", u64::from(is_stopped)),
    ]
}

/// What has.
pub(super) fn labelled(text: &mut String, progress: &AutomationProgress) {
    let name = "tocsin_automation_runs_total";
    line(text, format_args!("# TYPE {name} counter"));
    let ended = RunState::ALL.iter().zip(&progress.ended);
    for (state, ended) in ended.filter(|(state, _)| state.is_final()) {
        let (state, ended) = (state.name(), count(ended));
        line(text, format_args!("{name}{{state=\"{state}\"}} {ended}"));
    }
    let name = "tocsin_automation_verifications_total";
    line(text, format_args!("# TYPE {name} counter"));
    for (result, seen) in Verification::ALL.iter().zip(&progress.verifications) {
        let (result, seen) = (result.name(), count(seen));
        line(text, format_args!("{name}{{result=\"{result}\"}} {seen}"));
    }
    let name = "tocsin_automation_propose_seconds";
    line(text, format_args!("# TYPE {name} histogram"));
    let buckets = progress.took_buckets.iter().zip(PROPOSE_BUCKETS_SECS);
    for (bucket, end) in buckets {
        let bucket = count(bucket);
        line(text, format_args!("{name}_bucket{{le=\"{end}\"}} {bucket}"));
    }
    let all = count(&progress.took_count);
    line(text, format_args!("{name}_bucket{{le=\"+Inf\"}} {all}"));
    let seconds = count(&progress.took_ms) as f64 / 1000.0;
    line(text, format_args!("{name}_sum {seconds}"));
    line(text, format_args!("{name}_count {all}"));
}
