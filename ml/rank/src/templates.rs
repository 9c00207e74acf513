//! Signals from log templates: what is new, what bursts, what is no longer said.

use std::collections::BTreeSet;

use crate::tail::{poisson_bound, strength_of_bound};
use crate::{Direction, Signal, SignalKind};

/// Lines a template may have had unseen in the baseline: half a line, the usual prior of a rate.
const PRIOR_LINES: f64 = 0.5;

/// What a kind of error that the baseline has heard of nobody counts by itself: nineteen of twenty errors
/// that a program can name are not named in normal times, and `-ln 0.05` is 3.
const UNHEARD_ERROR: f64 = 3.0;

/// How often one entity said one thing.
#[derive(Debug, Clone, Copy)]
pub struct TemplateCount<'a> {
    /// Who said it.
    pub entity: &'a str,
    /// The template, to be shown to people.
    pub what: &'a str,
    /// Whether the lines have the severity of an error or worse.
    pub severe: bool,
    /// Lines in the baseline.
    pub baseline: u64,
    /// Lines in the window.
    pub window: u64,
    /// When the first line of the window came, in milliseconds since 1970, UTC; the window's begin if none.
    pub first_ms: i64,
}

/// Signals of templates that come more or less often than `exposure` times their baseline. `exposure` is how
/// much more was going on in the window than in the baseline, in requests, or else in time; `> 0`.
#[must_use]
pub fn template_signals(counts: &[TemplateCount<'_>], exposure: f64) -> Vec<Signal> {
    let heard: BTreeSet<&str> = counts
        .iter()
        .filter(|c| c.baseline > 0)
        .map(|c| c.what)
        .collect();
    counts
        .iter()
        .filter_map(|count| template_signal(count, exposure.max(1e-6), &heard))
        .collect()
}

fn template_signal(
    count: &TemplateCount<'_>,
    exposure: f64,
    heard: &BTreeSet<&str>,
) -> Option<Signal> {
    let (before, now) = (count.baseline as f64, count.window as f64);
    let expected = (before + PRIOR_LINES) * exposure;
    // The baseline's own rate is uncertain too, which spreads what may be expected.
    let certainty = 1.0 / (1.0 + exposure);
    let bound = poisson_bound(now, expected) * certainty;
    let more = now > expected;
    let kind = match (more, count.severe, count.baseline) {
        (true, true, _) => SignalKind::Errors,
        (true, false, 0) => SignalKind::NewTemplate,
        (true, false, _) => SignalKind::Burst,
        // Fewer errors are nobody's complaint.
        (false, true, _) => return None,
        (false, false, _) => SignalKind::Missing,
    };
    let unheard = if kind == SignalKind::Errors && !heard.contains(count.what) {
        UNHEARD_ERROR
    } else {
        0.0
    };
    let strength = strength_of_bound(bound) + unheard;
    (strength > 0.0).then(|| Signal {
        entity: count.entity.to_owned(),
        kind,
        onset_ms: count.first_ms,
        strength,
        direction: match (more, count.baseline, count.window) {
            (true, 0, _) => Direction::Appeared,
            (true, ..) => Direction::Up,
            (false, _, 0) => Direction::Vanished,
            (false, ..) => Direction::Down,
        },
        what: count.what.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(severe: bool, baseline: u64, window: u64) -> TemplateCount<'static> {
        TemplateCount {
            entity: "a",
            what: "it failed",
            severe,
            baseline,
            window,
            first_ms: 7,
        }
    }

    #[test]
    fn new_errors_bursts_and_silence_are_told_apart() {
        let told = template_signals(
            &[
                count(true, 0, 20),
                count(false, 10, 200),
                count(false, 50, 0),
                count(true, 50, 0),
            ],
            1.0,
        );
        let kinds: Vec<_> = told.iter().map(|s| (s.kind, s.direction)).collect();
        assert_eq!(
            kinds,
            [
                (SignalKind::Errors, Direction::Appeared),
                (SignalKind::Burst, Direction::Up),
                (SignalKind::Missing, Direction::Vanished),
            ]
        );
    }

    #[test]
    fn more_traffic_explains_more_lines() {
        let same = template_signals(&[count(false, 100, 300)], 3.0);
        let more = template_signals(&[count(false, 100, 300)], 1.0);
        assert!(more[0].strength > 3.0);
        assert!(same.is_empty() || same[0].strength < 0.2, "{same:?}");
    }
}
