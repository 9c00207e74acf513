//! The measures of `score_logad.py`, and the area under the ROC curve.

use serde::Serialize;

/// Where a session is called anomalous.
const THRESHOLD: f64 = 0.5;

/// How well the anomalous sessions are told from the normal ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Scores {
    /// Harmonic mean of precision and recall, in `[0, 1]`.
    pub(crate) f1: f64,
    /// At the true share of anomalies, in `[0, 1]`.
    pub(crate) precision: f64,
    /// In `[0, 1]`.
    pub(crate) recall: f64,
    /// Matthews' correlation coefficient, in `[-1, 1]`.
    pub(crate) mcc: f64,
    /// Probability that an anomalous session has a higher score than a normal one, ties by half.
    pub(crate) auroc: f64,
}

/// Scores of sessions, of which each normal one stands for `weight`.
pub(crate) fn score(normal: &[f64], abnormal: &[f64], weight: f64) -> Scores {
    let told = |scores: &[f64]| scores.iter().filter(|s| **s >= THRESHOLD).count() as f64;
    let true_positives = told(abnormal);
    let false_negatives = abnormal.len() as f64 - true_positives;
    let false_positives = told(normal) * weight;
    let true_negatives = normal.len() as f64 * weight - false_positives;
    let precision = ratio(true_positives, true_positives + false_positives);
    let recall = ratio(true_positives, abnormal.len() as f64);
    let product = (true_positives + false_positives)
        * (true_positives + false_negatives)
        * (true_negatives + false_positives)
        * (true_negatives + false_negatives);
    Scores {
        f1: ratio(2.0 * precision * recall, precision + recall),
        precision,
        recall,
        mcc: ratio(
            true_positives * true_negatives - false_positives * false_negatives,
            product.sqrt(),
        ),
        auroc: auroc(normal, abnormal),
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn auroc(normal: &[f64], abnormal: &[f64]) -> f64 {
    let mut sorted = normal.to_vec();
    sorted.sort_by(f64::total_cmp);
    let below = |score: &f64| {
        let less = sorted.partition_point(|other| other < score);
        let not_more = sorted.partition_point(|other| other <= score);
        0.5 * (less + not_more) as f64
    };
    let won: f64 = abnormal.iter().map(below).sum();
    ratio(won, normal.len() as f64 * abnormal.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_scorer_on_a_case_with_every_outcome() {
        // score_logad.py with --normal-weight 2 on the same numbers.
        let scores = score(&[0.1, 0.2, 0.6, 0.1], &[0.9, 0.5, 0.2], 2.0);
        assert!((scores.precision - 0.5).abs() < 1e-9);
        assert!((scores.recall - 2.0 / 3.0).abs() < 1e-9);
        assert!((scores.f1 - 0.5714).abs() < 1e-4);
        assert!((scores.mcc - 0.3858).abs() < 1e-4);
        assert!((scores.auroc - 9.5 / 12.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_told_is_zero_and_not_a_number() {
        let scores = score(&[0.1], &[0.2], 1.0);
        assert_eq!((scores.f1, scores.precision, scores.mcc), (0.0, 0.0, 0.0));
    }
}
