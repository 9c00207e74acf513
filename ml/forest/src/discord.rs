//! How far is the latest stretch of a series from every stretch before it? The distance to the
//! nearest earlier window of the same length, kept up to date point by point (the left matrix
//! profile: Lu, Wu, Mueen, Zuluaga, Keogh, "Matrix Profile XXIV: DAMP", KDD 2022), over a bounded
//! history. Values should be of moderate size, since sums are kept running.

use crate::recent::Recent;

/// Distance of the newest window of one length to its nearest neighbour in the past.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Discord {
    /// Points of a window.
    length: usize,
    /// Whether the means of both windows are taken off before they are compared.
    centred: bool,
    /// At lag `k`: sum of squared differences of the newest window and the one `k` points earlier.
    sums: Vec<f64>,
    /// Means of the windows that ended at recent points, newest first; none where they stay.
    means: Recent,
}

impl Discord {
    /// For windows of `length` points and lags below `lags`.
    pub(crate) fn new(length: usize, lags: usize, centred: bool) -> Self {
        Self {
            length,
            centred,
            sums: vec![0.0; lags],
            means: Recent::new(if centred { lags } else { 1 }),
        }
    }

    /// Takes the newest of `values` in (newest first, at least `length + lags` of them kept by the
    /// caller) and gives the root mean squared distance to the nearest window that ended at least
    /// `length` points earlier. `None` while there is none.
    pub(crate) fn observe(&mut self, values: &[f64]) -> Option<f64> {
        let m = self.length;
        let newest = *values.first()?;
        // Differences of pairs that are both known; a window before the beginning is no neighbour.
        let lags = self.sums.len().min(values.len());
        for (sum, value) in self.sums[..lags].iter_mut().zip(values) {
            *sum += (newest - value) * (newest - value);
        }
        if let Some(leaving) = values.get(m) {
            for (sum, value) in self.sums.iter_mut().zip(&values[m..]) {
                *sum -= (leaving - value) * (leaving - value);
            }
        }
        let window = values.get(..m)?;
        if self.centred {
            self.means.push(window.iter().sum::<f64>() / m as f64);
        }
        // Windows at lags up to this one lie within the known values.
        let known = (values.len() + 1 - m).min(lags);
        let sums = self.sums.get(m..known).filter(|s| !s.is_empty())?;
        let square = if self.centred {
            let means = self.means.as_slice();
            let mean = means[0];
            let pairs = sums.iter().zip(&means[m..]);
            least(pairs.map(|(sum, other)| sum / m as f64 - (mean - other) * (mean - other)))
        } else {
            least(sums.iter().copied()) / m as f64
        };
        Some(square.max(0.0).sqrt())
    }

    /// How many points earlier the window lies that is nearest to the newest one, means included;
    /// `known` values were seen. `None` while there is none.
    pub(crate) fn nearest(&self, known: usize) -> Option<usize> {
        let m = self.length;
        let known = (known + 1).saturating_sub(m).min(self.sums.len());
        let sums = self.sums.get(m..known)?.iter().enumerate();
        let least = sums.min_by(|a, b| a.1.total_cmp(b.1));
        least.map(|(at, _)| m + at)
    }
}

/// The least of the numbers, in four strands so that comparisons need not wait for each other.
fn least(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut strands = [f64::INFINITY; 4];
    for (i, n) in numbers.enumerate() {
        let strand = &mut strands[i % 4];
        *strand = if n < *strand { n } else { *strand };
    }
    strands.into_iter().fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By the definition, over all pairs of windows.
    fn direct(values: &[f64], m: usize, lags: usize, centred: bool) -> Option<f64> {
        let end = values.len();
        let newest = values.get(end.checked_sub(m)?..end)?;
        let mut best: Option<f64> = None;
        for lag in m..lags {
            let Some(start) = (end - m).checked_sub(lag) else {
                break;
            };
            let other = &values[start..start + m];
            let mean = |w: &[f64]| {
                if centred {
                    w.iter().sum::<f64>() / m as f64
                } else {
                    0.0
                }
            };
            let (a, b) = (mean(newest), mean(other));
            let square = |(x, y): (&f64, &f64)| ((x - a) - (y - b)).powi(2);
            let mean_square = newest.iter().zip(other).map(square).sum::<f64>() / m as f64;
            best = Some(best.map_or(mean_square, |b| b.min(mean_square)));
        }
        best.map(f64::sqrt)
    }

    proptest! {
        #[test]
        fn distances_are_those_of_the_definition(
            values in prop::collection::vec(-3.0f64..3.0, 0..90),
            m in 2usize..6, lags in 8usize..40, centred in any::<bool>(),
        ) {
            let mut discord = Discord::new(m, lags, centred);
            let mut recent = Recent::new(m + lags);
            for (i, value) in values.iter().enumerate() {
                recent.push(*value);
                let got = discord.observe(recent.as_slice());
                let want = direct(&values[..=i], m, lags, centred);
                prop_assert_eq!(got.is_some(), want.is_some());
                if let (Some(got), Some(want)) = (got, want) {
                    prop_assert!((got - want).abs() < 1e-6, "{} {}", got, want);
                }
            }
        }
    }
}
