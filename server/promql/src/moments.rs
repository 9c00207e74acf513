//! Centred moments of points, so that windows can be joined of parts: variance and the line of
//! least squares.
//!
//! Parts are joined as in Chan, Golub and LeVeque, «Updating formulae and a pairwise algorithm for
//! computing sample variances» (1979); nothing large is ever subtracted from something large.

use tocsin_domain::metric::Sample;

/// Count, means and centred squares and products of points. Times are in seconds after an origin
/// near them: after the Unix epoch they would have but seven digits behind the point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    count: f64,
    time: f64,
    value: f64,
    time_squares: f64,
    products: f64,
    value_squares: f64,
    /// The first value, and whether all are the same.
    first: f64,
    is_flat: bool,
}

impl Moments {
    /// Those of one point, its time after `origin_ms`.
    pub(crate) fn of(point: &Sample, origin_ms: i64) -> Self {
        // What is not finite has no deviation.
        let none = if point.value.is_finite() {
            0.0
        } else {
            f64::NAN
        };
        Self {
            count: 1.0,
            time: (point.at_ms - origin_ms) as f64 / 1e3,
            value: point.value,
            time_squares: 0.0,
            products: none,
            value_squares: none,
            first: point.value,
            is_flat: true,
        }
    }

    /// Those of earlier and later points together.
    pub(crate) fn join(self, later: Self) -> Self {
        let count = self.count + later.count;
        let share = later.count / count;
        let weight = self.count * share;
        let time = later.time - self.time;
        let value = later.value - self.value;
        Self {
            count,
            time: self.time + time * share,
            value: self.value + value * share,
            time_squares: self.time_squares + later.time_squares + time * time * weight,
            products: self.products + later.products + time * value * weight,
            value_squares: self.value_squares + later.value_squares + value * value * weight,
            first: self.first,
            is_flat: self.is_flat && later.is_flat && self.first == later.first,
        }
    }

    /// The mean squared deviation of the values.
    pub(crate) fn variance(&self) -> f64 {
        self.value_squares / self.count
    }

    /// The line of least squares through at least two points.
    pub(crate) fn line(&self) -> Option<Line> {
        if self.count < 2.0 {
            return None;
        }
        let slope = match (self.is_flat, self.first.is_infinite()) {
            (true, true) => f64::NAN,
            (true, false) => 0.0,
            (false, _) => self.products / self.time_squares,
        };
        Some(Line {
            slope,
            time: self.time,
            value: self.value,
        })
    }
}

/// A straight line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    /// Per second.
    pub(crate) slope: f64,
    /// A time in seconds after the origin, and the value at it.
    time: f64,
    value: f64,
}

impl Line {
    /// The value at a time in seconds after the origin.
    pub(crate) fn at(&self, secs: f64) -> f64 {
        self.value + self.slope * (secs - self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ORIGIN_MS: i64 = 1_700_000_000_000;

    fn moments(points: &[(i64, f64)]) -> Moments {
        let one = |(at_ms, value): &(i64, f64)| {
            let point = Sample {
                at_ms: *at_ms,
                value: *value,
            };
            Moments::of(&point, ORIGIN_MS)
        };
        points.iter().map(one).reduce(Moments::join).unwrap()
    }

    #[test]
    fn a_line_is_found_at_a_great_height() {
        // 1e12 leaves four digits for the slope in sums of products.
        let points: Vec<(i64, f64)> = (0..100)
            .map(|at| (ORIGIN_MS + at * 10_000, 1e12 + at as f64))
            .collect();
        let line = moments(&points).line().unwrap();
        assert!((line.slope - 0.1).abs() < 1e-9, "{}", line.slope);
        assert!((line.at(2_000.0) - 1e12 - 200.0).abs() < 1e-2);
    }

    proptest! {
        #[test]
        fn parts_join_in_any_grouping(
            values in prop::collection::vec(-1e6f64..1e6, 2..40),
            cut in 1usize..39,
        ) {
            let points: Vec<(i64, f64)> =
                values.iter().enumerate().map(|(at, value)| (ORIGIN_MS + at as i64 * 977, *value)).collect();
            let cut = cut.min(points.len() - 1);
            let joined = moments(&points[..cut]).join(moments(&points[cut..]));
            let whole = moments(&points);
            let close = |left: f64, right: f64| (left - right).abs() <= 1e-9 * left.abs().max(1.0);
            prop_assert!(close(joined.variance(), whole.variance()));
            prop_assert!(close(joined.line().unwrap().slope, whole.line().unwrap().slope));
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            prop_assert!(close(whole.variance(), squares / values.len() as f64));
        }
    }
}
