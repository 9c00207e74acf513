//! What is usual for one series of an entity: its distribution, as quantiles. A value goes in and
//! the deviation of a standard normal variable comes out, so that heavy tails, bounds and units of
//! series do not matter to what looks at all of them together (a Gaussian copula). Knows one
//! series only.

use crate::normal;
use crate::snapshot::{Reader, SnapshotError, Writer};

/// Quantiles kept, beside the least and the largest value.
const KNOTS: usize = 48;
/// Largest deviation in magnitude.
const DEVIATION_MAX: f64 = 12.0;
/// Deviation of a series that was constant and is not any more.
const CONSTANT_BROKEN: f64 = 4.0;
/// Fewer present values tell nothing.
const PRESENT_MIN: usize = 20;

/// The distribution of one series.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Marginal {
    /// Values and their deviations, both strictly ascending. One knot for a constant series, none
    /// for one that was hardly there.
    knots: Vec<(f32, f32)>,
    /// Units per deviation below the first and above the last knot.
    spreads: [f32; 2],
    /// Share of rows in `[0, 1]` in which the series was there.
    pub(crate) presence: f32,
}

impl Marginal {
    /// Learns from `rows` values of which missing ones are NaN.
    pub(crate) fn learn(values: impl Iterator<Item = f32>, rows: usize) -> Self {
        let mut sorted: Vec<f32> = values.filter(|v| v.is_finite()).collect();
        sorted.sort_unstable_by(f32::total_cmp);
        let n = sorted.len();
        let presence = n as f32 / rows.max(1) as f32;
        if n < PRESENT_MIN {
            return Self {
                knots: Vec::new(),
                spreads: [1.0; 2],
                presence,
            };
        }
        let at = |p: f64| sorted[((p * n as f64) as usize).min(n - 1)];
        let inner = (0..KNOTS).map(|k| (k as f64 + 0.5) / KNOTS as f64);
        let edge = 0.5 / n as f64;
        let places = [edge].into_iter().chain(inner).chain([1.0 - edge]);
        let mut knots: Vec<(f32, f32)> = Vec::new();
        let mut ties = 1.0;
        for p in places {
            let (x, z) = (at(p), normal::quantile(p) as f32);
            match knots.last_mut() {
                // A value that fills several quantiles stands at the mean of their deviations.
                Some((last, mean)) if *last == x => {
                    ties += 1.0;
                    *mean += (z - *mean) / ties;
                }
                _ => {
                    ties = 1.0;
                    knots.push((x, z));
                }
            }
        }
        let whole = ((at(0.75) - at(0.25)) / 1.349)
            .max((at(0.95) - at(0.05)) / 3.29)
            .max((sorted[n - 1] - sorted[0]) / 50.0);
        // From the 90th percentile to the largest value there are this many deviations: a heavy
        // tail goes on as it was.
        let deviations = (-normal::quantile(edge) - 1.281_551_6).max(0.5) as f32;
        let spreads = [at(0.1) - sorted[0], sorted[n - 1] - at(0.9)]
            .map(|tail| whole.max(tail / deviations))
            .map(|s| if s.is_finite() && s > 0.0 { s } else { 1.0 });
        Self {
            knots,
            spreads,
            presence,
        }
    }

    /// Whether there was enough to judge a value by.
    pub(crate) fn is_known(&self) -> bool {
        !self.knots.is_empty()
    }

    /// Whether the series never moved.
    pub(crate) fn is_constant(&self) -> bool {
        self.knots.len() == 1
    }

    /// Deviation of a value, in `[−12, 12]`. NaN for a missing value or an unknown series.
    pub(crate) fn deviation(&self, value: f32) -> f32 {
        let (Some(first), Some(last)) = (self.knots.first(), self.knots.last()) else {
            return f32::NAN;
        };
        if !value.is_finite() {
            return f32::NAN;
        }
        if self.is_constant() {
            let sign = if value > first.0 { 1.0 } else { -1.0 };
            return if value == first.0 {
                0.0
            } else {
                sign * CONSTANT_BROKEN as f32
            };
        }
        let beyond = |knot: &(f32, f32), spread: f32| {
            let z = f64::from(knot.1) + (f64::from(value) - f64::from(knot.0)) / f64::from(spread);
            z.clamp(-DEVIATION_MAX, DEVIATION_MAX) as f32
        };
        if value <= first.0 {
            return beyond(first, self.spreads[0]);
        }
        if value >= last.0 {
            return beyond(last, self.spreads[1]);
        }
        let high = self.knots.partition_point(|k| k.0 <= value);
        let (a, b) = (self.knots[high - 1], self.knots[high]);
        a.1 + (b.1 - a.1) * ((value - a.0) / (b.0 - a.0))
    }

    /// The value with a deviation; the inverse of [`Marginal::deviation`] up to rounding.
    pub(crate) fn value(&self, deviation: f32) -> f32 {
        let (Some(first), Some(last)) = (self.knots.first(), self.knots.last()) else {
            return f32::NAN;
        };
        if self.is_constant() {
            return first.0;
        }
        if deviation <= first.1 {
            return first.0 + (deviation - first.1) * self.spreads[0];
        }
        if deviation >= last.1 {
            return last.0 + (deviation - last.1) * self.spreads[1];
        }
        let high = self.knots.partition_point(|k| k.1 <= deviation);
        let (a, b) = (self.knots[high - 1], self.knots[high]);
        a.0 + (b.0 - a.0) * ((deviation - a.1) / (b.1 - a.1))
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        out.f32(self.presence);
        self.spreads.iter().for_each(|s| out.f32(*s));
        out.u16(self.knots.len() as u16);
        for (x, z) in &self.knots {
            out.f32(*x);
            out.f32(*z);
        }
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let (presence, spreads) = (r.f32()?, [r.f32()?, r.f32()?]);
        let count = usize::from(r.u16()?);
        if count > KNOTS + 2 || !spreads.iter().all(|s| *s > 0.0) {
            return Err(SnapshotError::Range);
        }
        let knots = (0..count)
            .map(|_| Ok((r.f32()?, r.f32()?)))
            .collect::<Result<Vec<_>, SnapshotError>>()?;
        let ascending = knots.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1);
        let finite = knots.iter().all(|k| k.0.is_finite() && k.1.is_finite());
        if !ascending || !finite {
            return Err(SnapshotError::Range);
        }
        Ok(Self {
            knots,
            spreads,
            presence,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_constant_series_says_when_it_breaks() {
        let m = Marginal::learn([3.0; 50].into_iter(), 50);
        assert!(m.is_constant());
        assert_eq!(
            (m.deviation(3.0), m.deviation(3.1), m.deviation(-1.0)),
            (0.0, 4.0, -4.0)
        );
        assert!(!Marginal::learn([1.0, 2.0].into_iter(), 50).is_known());
    }

    #[test]
    fn heavy_tails_become_normal() {
        let values = (0..1_000).map(|i| ((i as f32 + 0.5) / 100.0).exp());
        let m = Marginal::learn(values, 1_000);
        assert!(m.deviation((5.0f32).exp()).abs() < 0.05);
        assert!((m.deviation((9.0f32).exp()) - 1.28).abs() < 0.1);
        assert!(m.deviation(1e9) <= 12.0);
    }

    proptest! {
        #[test]
        fn deviations_rise_with_values_and_turn_back(
            values in prop::collection::vec(-1e3f32..1e3, 20..200), x in -2e3f32..2e3, d in 0.0f32..100.0,
        ) {
            let m = Marginal::learn(values.iter().copied(), values.len());
            prop_assert!(m.deviation(x) <= m.deviation(x + d));
            let z = m.deviation(x);
            if !m.is_constant() && z.abs() < 11.9 {
                prop_assert!((m.value(z) - x).abs() < 0.5, "{} {}", m.value(z), x);
            }
        }
    }
}
