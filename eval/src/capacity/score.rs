//! Counts of what was said about cases whose future is known.

use serde::Serialize;

use super::shapes::DAY;

/// The horizon of the question, in points.
pub(crate) const HORIZON: usize = 7 * DAY;

/// One answer beside the truth, in points after now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    /// Whether it says "full within 7 days".
    pub says: bool,
    /// When, if it says a time at all.
    pub at: Option<f64>,
    /// When it is full.
    pub truth: Option<usize>,
}

/// How one method does on some cases. Shares are in `[0, 1]`, absent where nothing was to count.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Score {
    /// Share of "full within 7 days" that came true.
    pub precision: Option<f64>,
    /// Share of the cases full within 7 days that were said.
    pub recall: Option<f64>,
    /// Harmonic mean of both.
    pub f1: Option<f64>,
    /// Times "full within 7 days" was said and did not come true.
    pub false_alarms: usize,
    /// Median error of the time of crossing as share of the horizon, over the cases full within 7
    /// days; a time that was not said counts as a whole horizon.
    pub error_of_horizon: Option<f64>,
    /// The same as share of the time that was left.
    pub error_of_left: Option<f64>,
}

/// Scores answers.
pub(crate) fn score(answers: &[Answer]) -> Score {
    let full = |answer: &&Answer| answer.truth.is_some_and(|truth| truth <= HORIZON);
    let said = answers.iter().filter(|answer| answer.says).count();
    let right = answers
        .iter()
        .filter(|answer| answer.says)
        .filter(full)
        .count();
    let came = answers.iter().filter(full).count();
    let (mut of_horizon, mut of_left) = (Vec::new(), Vec::new());
    for answer in answers.iter().filter(full) {
        let truth = answer.truth.unwrap_or(0) as f64;
        let error = answer
            .at
            .map_or(HORIZON as f64, |at| (at - truth).abs().min(HORIZON as f64));
        of_horizon.push(error / HORIZON as f64);
        of_left.push(error / truth.max(1.0));
    }
    let precision = share(right, said);
    let recall = share(right, came);
    let f1 = precision
        .zip(recall)
        .and_then(|(p, r)| (p + r > 0.0).then(|| 2.0 * p * r / (p + r)));
    Score {
        precision,
        recall,
        f1,
        false_alarms: said - right,
        error_of_horizon: median(of_horizon),
        error_of_left: median(of_left),
    }
}

/// A part of a whole, absent when there is none.
pub(crate) fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
