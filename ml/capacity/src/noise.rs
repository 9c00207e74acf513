//! How a level moves about its trend: steady noise around it, and a walk of the level itself.
//! What flows in is a series without jumps, what flows out two variances. No trend is needed:
//! second differences do not see a line.

use crate::robust::{median, scale_about};

/// Second differences are held within this many robust standard deviations.
const CLIP: f64 = 4.0;

/// The walk may exceed what the spread of the whole history shows by this factor.
const WALK_SLACK: f64 = 1.5;

/// The two parts of the noise, per step of the grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Noise {
    /// Variance of the steady noise about the level.
    pub steady: f64,
    /// Variance that the level gains per step as it walks.
    pub walk: f64,
}

impl Noise {
    /// The variance of a sum of values with `weights`, oldest first, that add up to nothing.
    pub(crate) fn of_sum(&self, weights: impl DoubleEndedIterator<Item = f64>) -> f64 {
        let (mut walk, mut steady, mut tail) = (0.0, 0.0, 0.0);
        for weight in weights.rev() {
            tail += weight;
            walk += tail * tail;
            steady += weight * weight;
        }
        self.walk * walk + self.steady * steady
    }

    /// The mean of two estimates, of which `other` weighs `weight` in `[0, 1]`.
    pub(crate) fn mixed(&self, other: &Self, weight: f64) -> Self {
        let mix = |own: f64, other: f64| own * (1.0 - weight) + other * weight;
        Self {
            steady: mix(self.steady, other.steady),
            walk: mix(self.walk, other.walk),
        }
    }

    /// The gain of the best running estimate of the level (Kalman filter of the local level
    /// model in its steady state; Harvey, 1989, §4.1).
    pub(crate) fn gain(&self) -> f64 {
        if self.steady <= 0.0 {
            return 1.0;
        }
        let ratio = (self.walk / self.steady).min(1e9);
        (2.0 * ratio / ((ratio * ratio + 4.0 * ratio).sqrt() + ratio).max(1e-300)).clamp(0.0, 1.0)
    }
}

/// Estimates both parts from second differences over growing lags `h`, whose variance is
/// `6 * steady + 2 * h * walk`.
pub(crate) fn noise(values: &[f64]) -> Noise {
    let mut lags = Vec::new();
    let mut lag = 1;
    while 5 * lag < values.len() && lags.len() < 24 {
        lags.push(lag);
        lag += lag.div_ceil(3);
    }
    let spreads: Vec<(f64, f64, f64)> = lags
        .iter()
        .map(|&lag| (lag as f64, variance(values, lag), weight(values, lag)))
        .collect();
    let mut found = Noise {
        steady: 0.0,
        walk: 0.0,
    };
    // Weights by the expected, not the observed variance, so that small ones do not win.
    for round in 0..4 {
        let expected = |lag: f64, seen: f64| match round {
            0 => seen,
            _ => 6.0 * found.steady + 2.0 * lag * found.walk,
        };
        let rows: Vec<_> = spreads
            .iter()
            .map(|&(lag, seen, weight)| {
                (lag, seen, weight / expected(lag, seen).powi(2).max(1e-300))
            })
            .collect();
        found = fit(&rows);
    }
    found.walk = found.walk.min(WALK_SLACK * walk_at_most(values));
    found
}

/// The walk that explains all of the spread about a line: the mean square about the line of least
/// squares through a walk of `n` steps is `n / 15` times the variance of a step. What stays
/// within bounds over the whole history does not walk, however it looks from near.
fn walk_at_most(values: &[f64]) -> f64 {
    let length = values.len() as f64;
    let centre = (length - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / length.max(1.0);
    let (mut cross, mut at_square, mut square) = (0.0, 0.0, 0.0);
    for (at, value) in values.iter().enumerate() {
        let x = at as f64 - centre;
        cross += x * (value - mean);
        at_square += x * x;
        square += (value - mean) * (value - mean);
    }
    let about_line = square - ratio(cross * cross, at_square);
    15.0 * about_line.max(0.0) / (length * length).max(1.0)
}

fn weight(values: &[f64], lag: usize) -> f64 {
    (values.len() as f64 / lag as f64 - 2.0).max(0.1)
}

fn variance(values: &[f64], lag: usize) -> f64 {
    let mut differences: Vec<f64> = values
        .windows(2 * lag + 1)
        .map(|w| w[0] - 2.0 * w[lag] + w[2 * lag])
        .collect();
    let middle = median(&mut differences);
    let scale = scale_about(&differences, middle);
    let mean = differences.iter().map(|d| (d - middle).abs()).sum::<f64>()
        / (differences.len() as f64).max(1.0);
    // Where more than half of the values are equal the median sees nothing; the mean still does.
    let width = CLIP * scale.max(1.25 * mean);
    differences
        .iter()
        .map(|d| (d - middle).clamp(-width, width).powi(2))
        .sum::<f64>()
        / (differences.len() as f64).max(1.0)
}

/// Weighted least squares of `6 * steady + 2 * lag * walk` with neither below nothing.
fn fit(rows: &[(f64, f64, f64)]) -> Noise {
    let (mut aa, mut ab, mut bb, mut ay, mut by) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for &(lag, seen, weight) in rows {
        let (a, b) = (6.0, 2.0 * lag);
        aa += weight * a * a;
        ab += weight * a * b;
        bb += weight * b * b;
        ay += weight * a * seen;
        by += weight * b * seen;
    }
    let determinant = aa * bb - ab * ab;
    let (steady, walk) = if determinant > 1e-12 * aa * bb {
        (
            (bb * ay - ab * by) / determinant,
            (aa * by - ab * ay) / determinant,
        )
    } else {
        (0.0, 0.0)
    };
    let (alone_steady, alone_walk) = (ratio(ay, aa), ratio(by, bb));
    if walk < 0.0 || determinant <= 1e-12 * aa * bb {
        Noise {
            steady: alone_steady,
            walk: 0.0,
        }
    } else if steady < 0.0 {
        Noise {
            steady: 0.0,
            walk: alone_walk,
        }
    } else {
        Noise { steady, walk }
    }
}

fn ratio(over: f64, under: f64) -> f64 {
    if under > 0.0 {
        (over / under).max(0.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;

    #[test]
    fn tells_a_walk_from_steady_noise() {
        let mut random = Random::new(3);
        let steady: Vec<f64> = (0..2000).map(|_| 2.0 * random.normal()).collect();
        let found = noise(&steady);
        assert!(
            (found.steady - 4.0).abs() < 0.8 && found.walk < 0.02,
            "{found:?}"
        );
        let mut level = 0.0;
        let walk: Vec<f64> = (0..2000)
            .map(|at| {
                level += random.normal();
                level + 0.3 * at as f64
            })
            .collect();
        let found = noise(&walk);
        assert!(
            (found.walk - 1.0).abs() < 0.3 && found.steady < 0.3,
            "{found:?}"
        );
    }

    #[test]
    fn a_line_has_no_noise() {
        let line: Vec<f64> = (0..100).map(|at| 3.0 * f64::from(at)).collect();
        let found = noise(&line);
        assert!(found.steady < 1e-12 && found.walk < 1e-12, "{found:?}");
        assert_eq!(
            noise(&[]),
            Noise {
                steady: 0.0,
                walk: 0.0
            }
        );
    }

    #[test]
    fn the_variance_of_a_mean_difference_is_exact() {
        let noise = Noise {
            steady: 1.0,
            walk: 1.0,
        };
        assert_eq!(noise.of_sum([-1.0, 1.0].into_iter()), 3.0);
        assert_eq!(
            Noise {
                steady: 0.0,
                walk: 1.0
            }
            .gain(),
            1.0
        );
        assert!(
            Noise {
                steady: 1.0,
                walk: 0.0
            }
            .gain()
                < 1e-9
        );
    }
}
