//! What does it cost to take a stretch of points as one segment? Residual sums of squares of a
//! constant or a line in constant time each, from sums over prefixes. Does not choose segments.

use crate::segment::Shape;

/// Sums over a prefix, of the points that are not missing.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    count: f64,
    t: f64,
    tt: f64,
    y: f64,
    ty: f64,
    yy: f64,
}

/// A constant or a line fitted by least squares, on the axes the cost was built on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fit {
    /// Value at `t = 0`.
    pub(crate) intercept: f64,
    /// Change of the value per unit of `t`; zero for a constant.
    pub(crate) slope: f64,
}

/// Prefix sums of a series with `len` points, of which missing ones weigh nothing.
#[derive(Debug)]
pub(crate) struct Cost {
    sums: Vec<Sums>,
    shape: Shape,
}

impl Cost {
    /// Takes points `(t, y)`. Both should be centred and of moderate size, since the sums cancel.
    pub(crate) fn new(times: &[f64], values: &[f64], shape: Shape) -> Self {
        let mut sums = Vec::with_capacity(values.len() + 1);
        let mut s = Sums::default();
        sums.push(s);
        for (&t, &y) in times.iter().zip(values) {
            if y.is_finite() && t.is_finite() {
                s.count += 1.0;
                s.t += t;
                s.tt += t * t;
                s.y += y;
                s.ty += t * y;
                s.yy += y * y;
            }
            sums.push(s);
        }
        Self { sums, shape }
    }

    /// Points in the series.
    pub(crate) fn len(&self) -> usize {
        self.sums.len() - 1
    }

    /// Sum of squared residuals of points `from..to`.
    #[inline]
    pub(crate) fn squares(&self, from: usize, to: usize) -> f64 {
        let (a, b) = (&self.sums[from], &self.sums[to]);
        let count = b.count - a.count;
        if count < 1.5 {
            return 0.0;
        }
        let y = b.y - a.y;
        let mut squares = b.yy - a.yy - y * y / count;
        if self.shape == Shape::Slope {
            let t = b.t - a.t;
            let tt = b.tt - a.tt - t * t / count;
            let ty = b.ty - a.ty - t * y / count;
            if tt > 0.0 {
                squares -= ty * ty / tt;
            }
        }
        squares.max(0.0)
    }

    /// The fit behind [`Cost::squares`].
    pub(crate) fn fit(&self, from: usize, to: usize) -> Fit {
        let (a, b) = (&self.sums[from], &self.sums[to]);
        let count = (b.count - a.count).max(1.0);
        let (t, y) = (b.t - a.t, b.y - a.y);
        let tt = b.tt - a.tt - t * t / count;
        let ty = b.ty - a.ty - t * y / count;
        let slope = if self.shape == Shape::Slope && tt > 0.0 {
            ty / tt
        } else {
            0.0
        };
        Fit {
            intercept: (y - slope * t) / count,
            slope,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Residual sum of squares by the textbook, two passes.
    fn direct(times: &[f64], values: &[f64], shape: Shape) -> f64 {
        let n = values.len() as f64;
        let (mt, my) = (
            times.iter().sum::<f64>() / n,
            values.iter().sum::<f64>() / n,
        );
        let tt: f64 = times.iter().map(|t| (t - mt) * (t - mt)).sum();
        let ty: f64 = times
            .iter()
            .zip(values)
            .map(|(t, y)| (t - mt) * (y - my))
            .sum();
        let slope = if shape == Shape::Slope && tt > 0.0 {
            ty / tt
        } else {
            0.0
        };
        let residual = |(t, y): (&f64, &f64)| y - my - slope * (t - mt);
        times.iter().zip(values).map(residual).map(|r| r * r).sum()
    }

    proptest! {
        #[test]
        fn costs_equal_the_direct_sums(
            values in prop::collection::vec(-10.0f64..10.0, 4..80),
            cut in (0usize..4, 0usize..4),
        ) {
            let times: Vec<f64> = (0..values.len()).map(|i| i as f64 - 20.0).collect();
            let (from, to) = (cut.0.min(values.len() - 2), values.len() - cut.1.min(1));
            for shape in [Shape::Level, Shape::Slope] {
                let cost = Cost::new(&times, &values, shape);
                let want = direct(&times[from..to], &values[from..to], shape);
                prop_assert!((cost.squares(from, to) - want).abs() < 1e-6);
            }
        }
    }
}
