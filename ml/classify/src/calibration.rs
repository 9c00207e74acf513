//! Temperature: the one number that makes a classifier's probabilities mean what they say.
//!
//! Scores of samples that the model was not trained on flow in, the temperature that makes their
//! true classes likeliest comes out. (Guo et al., "On Calibration of Modern Neural Networks", 2017.)

/// The logarithms of the temperatures that are considered.
const LOG_RANGE: (f64, f64) = (-4.0, 3.0);
/// Halvings (by the golden ratio) of that range: to about 1e-6.
const STEPS: usize = 34;

/// The temperature in `[e⁻⁴, e³]` at which the scores (log-odds, one for each class) of held-out
/// samples explain their classes best; 1 if there are none.
pub(crate) fn temperature(held: &[(&[f64], usize)]) -> f64 {
    if held.is_empty() {
        return 1.0;
    }
    // The loss is convex in 1 / t, so it has one valley in ln t.
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = LOG_RANGE;
    let loss = |log: f64| loss(held, log.exp());
    let (mut left, mut right) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_left, mut at_right) = (loss(left), loss(right));
    for _ in 0..STEPS {
        if at_left <= at_right {
            high = right;
            (right, at_right) = (left, at_left);
            left = high - golden * (high - low);
            at_left = loss(left);
        } else {
            low = left;
            (left, at_left) = (right, at_right);
            right = low + golden * (high - low);
            at_right = loss(right);
        }
    }
    f64::midpoint(low, high).exp()
}

/// Mean negative log-likelihood of the true classes.
pub(crate) fn loss(held: &[(&[f64], usize)], temperature: f64) -> f64 {
    let of = |scores: &[f64], class: usize| {
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = scores
            .iter()
            .map(|score| ((score - largest) / temperature).exp())
            .sum();
        sum.ln() - (scores[class] - largest) / temperature
    };
    let sum: f64 = held.iter().map(|(scores, class)| of(scores, *class)).sum();
    sum / held.len() as f64
}

/// Probabilities at a temperature: `[n_classes]`, their sum 1.
pub(crate) fn softmax(scores: &[f64], temperature: f64) -> Vec<f64> {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut odds: Vec<f64> = scores
        .iter()
        .map(|score| ((score - largest) / temperature).exp())
        .collect();
    let sum: f64 = odds.iter().sum();
    for one in &mut odds {
        *one /= sum;
    }
    odds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_that_are_too_bold_are_cooled() {
        // Says 99.99 % each time and is right three times of four.
        let scores = [9.2, 0.0];
        let held: Vec<(&[f64], usize)> = (0..40)
            .map(|at| (&scores[..], usize::from(at % 4 == 0)))
            .collect();
        let found = temperature(&held);
        assert!((softmax(&scores, found)[0] - 0.75).abs() < 1e-3, "{found}");
    }

    #[test]
    fn probabilities_sum_to_one_however_large_the_scores() {
        let odds = softmax(&[1e6, -1e6, 1e6], 0.5);
        assert!((odds.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((odds[0] - 0.5).abs() < 1e-12);
    }
}
