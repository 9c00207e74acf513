//! How improbable is a score? The distribution of scores that were seen, with a generalised Pareto
//! tail beyond them. Scores in, probabilities out; does not know what they are scores of.

use crate::snapshot::{Reader, SnapshotError, Writer};

/// Share of the scores that make the tail.
const TAIL_SHARE: f64 = 0.1;
/// Quantiles kept of the rest.
const KNOTS: usize = 33;
/// Weight in exceedances and place of the prior of the tail's shape.
const PRIOR: (f64, f64) = (10.0, 0.1);
/// Range of the shape. A tail that ends (below zero) would call a score impossible.
const SHAPE: (f64, f64) = (0.0, 0.7);
/// Fewer scores tell nothing.
const SCORES_MIN: usize = 40;

/// Distribution of scores.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tail {
    /// Quantiles at equal steps of probability up to the tail; none if too few scores were seen.
    body: Vec<f64>,
    /// Share of the scores that made the tail.
    share: f64,
    scale: f64,
    shape: f64,
}

impl Tail {
    /// Of no scores: everything is usual.
    pub(crate) const UNKNOWN: Self = Self {
        body: Vec::new(),
        share: TAIL_SHARE,
        scale: 1.0,
        shape: 0.0,
    };

    /// Fits the scores of normal rows.
    pub(crate) fn fit(scores: &[f64]) -> Self {
        let mut sorted: Vec<f64> = scores.iter().copied().filter(|s| s.is_finite()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let n = sorted.len();
        if n < SCORES_MIN {
            return Self::UNKNOWN;
        }
        let start = n - ((n as f64 * TAIL_SHARE) as usize).max(10);
        let at = |k: usize| sorted[k * start / (KNOTS - 1)];
        let body: Vec<f64> = (0..KNOTS).map(at).collect();
        let excess: Vec<f64> = sorted[start..].iter().map(|s| s - sorted[start]).collect();
        let (scale, shape) = pareto(&excess[1..]);
        Self {
            body,
            share: (n - start) as f64 / n as f64,
            scale,
            shape,
        }
    }

    /// Whether there were scores enough.
    pub(crate) fn is_known(&self) -> bool {
        !self.body.is_empty()
    }

    /// Probability that a normal row has at least this score, in `(0, 1]`; 1 if nothing is known.
    pub(crate) fn probability(&self, score: f64) -> f64 {
        let (Some(first), Some(last)) = (self.body.first(), self.body.last()) else {
            return 1.0;
        };
        if score.is_nan() || score <= *first {
            return 1.0;
        }
        if score < *last {
            let high = self.body.partition_point(|b| *b <= score);
            let (a, b) = (self.body[high - 1], self.body[high]);
            let within = (high - 1) as f64 + (score - a) / (b - a).max(f64::MIN_POSITIVE);
            return 1.0 - (1.0 - self.share) * within / (KNOTS - 1) as f64;
        }
        let excess = (score - last) / self.scale;
        let ln = if self.shape < 1e-6 {
            -excess
        } else {
            -(self.shape * excess).ln_1p() / self.shape
        };
        (self.share * ln.exp()).max(1e-300)
    }

    /// The score that has this probability: the inverse of [`Tail::probability`] in the tail.
    /// `None` where it lies below the tail or nothing is known.
    pub(crate) fn score_of(&self, probability: f64) -> Option<f64> {
        let last = self.body.last()?;
        let ln = (self.share / probability).ln();
        let excess = if self.shape < 1e-6 {
            ln
        } else {
            (self.shape * ln).exp_m1() / self.shape
        };
        (ln >= 0.0).then(|| last + self.scale * excess)
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        out.f64(self.share);
        out.f64(self.scale);
        out.f64(self.shape);
        out.u16(self.body.len() as u16);
        self.body.iter().for_each(|b| out.f64(*b));
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let (share, scale) = (r.f64()?, r.f64()?);
        let (shape, count) = (r.f64()?, r.u16()?);
        if (count != 0 && usize::from(count) != KNOTS) || scale.is_nan() || scale <= 0.0 {
            return Err(SnapshotError::Range);
        }
        let body = (0..count).map(|_| r.f64()).collect::<Result<Vec<_>, _>>()?;
        let ascending = body.windows(2).all(|w| w[0] <= w[1]);
        if !ascending || !(SHAPE.0..=SHAPE.1).contains(&shape) || !(0.0..=1.0).contains(&share) {
            return Err(SnapshotError::Range);
        }
        Ok(Self {
            body,
            share,
            scale,
            shape,
        })
    }
}

/// Scale and shape of a generalised Pareto distribution from ascending excesses (Zhang, Stephens,
/// "A New and Efficient Estimation Method for the Generalized Pareto Distribution", Technometrics
/// 2009), the shape drawn to a prior as in Vehtari, Gelman, Gabry (2017).
fn pareto(excess: &[f64]) -> (f64, f64) {
    let n = excess.len();
    let count = n as f64;
    let (Some(&largest), quarter) = (excess.last(), excess[(n / 4).min(n - 1)]) else {
        return (1.0, PRIOR.1);
    };
    let mean = excess.iter().sum::<f64>() / count;
    if quarter <= 0.0 || largest <= 0.0 {
        return (mean.max(1e-9), PRIOR.1);
    }
    let profile = |theta: f64| -> (f64, f64) {
        let shape = excess.iter().map(|x| (-theta * x).ln_1p()).sum::<f64>() / count;
        (count * ((-theta / shape).ln() - shape - 1.0), shape)
    };
    let m = 20 + count.sqrt() as usize;
    let candidates: Vec<(f64, f64)> = (1..=m)
        .map(|j| {
            let root = (m as f64 / (j as f64 - 0.5)).sqrt();
            let theta = 1.0 / largest + (1.0 - root) / (3.0 * quarter);
            (theta, profile(theta).0)
        })
        .filter(|c| c.1.is_finite())
        .collect();
    let best = candidates
        .iter()
        .map(|c| c.1)
        .fold(f64::NEG_INFINITY, f64::max);
    let weight = |likelihood: f64| (likelihood - best).exp();
    let total: f64 = candidates.iter().map(|c| weight(c.1)).sum();
    let theta = candidates.iter().map(|c| c.0 * weight(c.1)).sum::<f64>() / total;
    let raw = profile(theta).1;
    if !raw.is_finite() || theta == 0.0 {
        return (mean, PRIOR.1);
    }
    let shape = (raw * count + PRIOR.0 * PRIOR.1) / (count + PRIOR.0);
    let shape = shape.clamp(SHAPE.0, SHAPE.1);
    // The scale that keeps the mean excess with the shape as it was bounded.
    (mean * (1.0 - shape), shape)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn probabilities_beyond_the_data_are_those_of_the_distribution() {
        // Quantiles of the exponential distribution: P(score ≥ s) = e^−s.
        let n = 2_000;
        let scores: Vec<f64> = (0..n)
            .map(|i| -((i as f64 + 0.5) / f64::from(n)).ln())
            .collect();
        let tail = Tail::fit(&scores);
        for (score, within) in [(1.0, 1.05), (3.0, 1.2), (9.0, 4.0)] {
            let ratio = tail.probability(score) / f64::exp(-score);
            assert!(ratio < within && ratio > 1.0 / within, "{score}: {ratio}");
        }
    }

    #[test]
    fn few_or_equal_scores_make_nothing_impossible() {
        assert_eq!(Tail::fit(&[1.0; 10]).probability(5.0), 1.0);
        let tail = Tail::fit(&[1.0; 100]);
        assert!(tail.probability(1.0) > 0.05);
    }

    proptest! {
        #[test]
        fn probabilities_fall_with_scores(
            scores in prop::collection::vec(-5.0f64..50.0, 0..300), a in -10.0f64..90.0, d in 0.0f64..50.0,
        ) {
            let tail = Tail::fit(&scores);
            let (low, high) = (tail.probability(a + d), tail.probability(a));
            prop_assert!(low > 0.0 && high <= 1.0 && low <= high + 1e-12);
        }
    }
}
