//! How improbable a departure is: robust scales, and bounds of tails that need no tables.

/// Degrees of freedom of the heavy tail that all departures are measured with. Series of operations have
/// outliers; under a normal tail one glitch of a quiet series would outrank everything.
const TAIL_FREEDOM: f64 = 4.0;
/// Median absolute deviation of a standard normal, inverted.
const MAD_TO_SIGMA: f64 = 1.4826;
/// 99th percentile of a standard normal.
const Z_99: f64 = 2.326;

/// `-ln` of a heavy tail's probability at `z` sigma, up to a constant: 0 at 0, 3 at 3, 20 at 100.
pub(crate) fn strength_of_z(z: f64) -> f64 {
    if !z.is_finite() || z <= 0.0 {
        return 0.0;
    }
    (TAIL_FREEDOM + 1.0) / 2.0 * (z * z / TAIL_FREEDOM).ln_1p()
}

/// The same, from a bound on the tail of a count (`-ln P`).
pub(crate) fn strength_of_bound(bound: f64) -> f64 {
    strength_of_z((2.0 * bound.max(0.0)).sqrt())
}

/// Chernoff's bound on `-ln P(X >= k)` for a binomial of `n` trials with chance `p`; 0 where `k <= n p`.
pub(crate) fn binomial_bound(k: f64, n: f64, p: f64) -> f64 {
    let p = p.clamp(1e-6, 1.0 - 1e-6);
    if n <= 0.0 || k <= n * p {
        return 0.0;
    }
    let q = (k / n).min(1.0);
    let rest = if q < 1.0 {
        (1.0 - q) * ((1.0 - q) / (1.0 - p)).ln()
    } else {
        0.0
    };
    n * (q * (q / p).ln() + rest)
}

/// Chernoff's bound on the tail of a Poisson with mean `mean > 0` beyond `k`, on either side.
pub(crate) fn poisson_bound(k: f64, mean: f64) -> f64 {
    let log = if k > 0.0 { k * (k / mean).ln() } else { 0.0 };
    (log - k + mean).max(0.0)
}

/// Bound on `-ln` of the chance that `count` excesses over a threshold are so large, where `logs` is the sum of the
/// logarithms of value over threshold: under a tail as heavy as `1/x` each of them is exponential.
pub(crate) fn excess_bound(logs: f64, count: f64) -> f64 {
    if count <= 0.0 || logs <= count {
        return 0.0;
    }
    logs - count - count * (logs / count).ln()
}

/// The `q`-quantile of sorted values by linear interpolation; 0 when there are none.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    let at = q.clamp(0.0, 1.0) * last as f64;
    let low = at.floor() as usize;
    let high = (low + 1).min(last);
    sorted[low] + (sorted[high] - sorted[low]) * (at - low as f64)
}

/// Finite values in order.
pub(crate) fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut out: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
    out.sort_by(f64::total_cmp);
    out
}

/// Where a baseline lies and how far it spreads on each side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) below: f64,
    pub(crate) above: f64,
}

impl Spread {
    /// Of sorted values. Each side's sigma is the greater of the MAD's and the 1st or 99th percentile's, so
    /// that a skewed baseline (availability, latency) is not alarmed by its own long side.
    pub(crate) fn of(values: &[f64], floor: f64) -> Self {
        let median = quantile(values, 0.5);
        let deviations = sorted(values.iter().map(|v| (v - median).abs()));
        let mad = quantile(&deviations, 0.5) * MAD_TO_SIGMA;
        let below = (median - quantile(values, 0.01)) / Z_99;
        let above = (quantile(values, 0.99) - median) / Z_99;
        Self {
            median,
            below: below.max(mad).max(floor),
            above: above.max(mad).max(floor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bounds_grow_with_what_was_counted(k in 1u32..100, n in 100u32..200, p in 0.01f64..0.99) {
            let (k, n) = (f64::from(k), f64::from(n));
            prop_assert!(binomial_bound(k + 1.0, n, p) >= binomial_bound(k, n, p));
            prop_assert!(binomial_bound(k, n, p) >= 0.0);
            prop_assert!(poisson_bound(n + k, n) >= 0.0);
            prop_assert!(poisson_bound(n + k + 1.0, n) > poisson_bound(n + k, n));
        }

        #[test]
        fn strength_is_finite_and_ordered(a in -1e9f64..1e9, b in -1e9f64..1e9) {
            prop_assert!(strength_of_z(a).is_finite());
            prop_assert!((a <= b) <= (strength_of_z(a) <= strength_of_z(b)));
        }

        #[test]
        fn a_quantile_lies_within_the_values(values in proptest::collection::vec(-1e6f64..1e6, 1..40), q in 0.0f64..1.0) {
            let values = sorted(values);
            let at = quantile(&values, q);
            prop_assert!(at >= values[0] - 1e-6 && at <= values[values.len() - 1] + 1e-6);
        }
    }

    #[test]
    fn a_certain_event_that_is_missing_is_improbable() {
        assert!(binomial_bound(60.0, 89.0, 2.0 / 63.0) > 100.0);
        assert_eq!(binomial_bound(1.0, 100.0, 0.1), 0.0);
    }
}
