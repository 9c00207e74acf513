//! Functions of numbers that differ in detail from Rust's: Go's, which Prometheus uses.

/// The greater, not a number if either is not, save that infinity is greater than anything.
pub(crate) fn max(left: f64, right: f64) -> f64 {
    if left == f64::INFINITY || right == f64::INFINITY {
        f64::INFINITY
    } else if left.is_nan() || right.is_nan() {
        f64::NAN
    } else {
        left.max(right)
    }
}

/// The lesser; see [`max`].
pub(crate) fn min(left: f64, right: f64) -> f64 {
    -max(-left, -right)
}

/// -1, 0 or 1; what is not a number stays.
pub(crate) fn sgn(value: f64) -> f64 {
    if value < 0.0 {
        -1.0
    } else if value > 0.0 {
        1.0
    } else {
        value
    }
}

pub(crate) fn deg(radians: f64) -> f64 {
    radians * 180.0 / std::f64::consts::PI
}

pub(crate) fn rad(degrees: f64) -> f64 {
    degrees * std::f64::consts::PI / 180.0
}

/// To the nearest multiple of `nearest`; ties go up.
pub(crate) fn round(value: f64, nearest: f64) -> f64 {
    // Inverted, as Prometheus does: fewer results are off in the last place.
    let inverse = 1.0 / nearest;
    (value * inverse + 0.5).floor() / inverse
}

/// A sum that keeps what rounding loses (Neumaier 1974).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    pub(crate) fn add(&mut self, value: f64) {
        let total = self.total + value;
        if total.is_infinite() {
            self.lost = 0.0;
        } else if self.total.abs() >= value.abs() {
            self.lost += (self.total - total) + value;
        } else {
            self.lost += (value - total) + self.total;
        }
        self.total = total;
    }

    /// Two sums as one.
    pub(crate) fn join(mut self, other: Self) -> Self {
        self.add(other.total);
        self.lost += other.lost;
        self
    }

    pub(crate) fn value(self) -> f64 {
        if self.total.is_infinite() {
            self.total
        } else {
            self.total + self.lost
        }
    }
}

/// The mean of values, also where their sum is beyond what a float holds; infinities and NaN as
/// in arithmetic.
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let mut mean = Sum::default();
    let mut count = 0.0;
    for value in values {
        count += 1.0;
        let so_far = mean.total;
        if so_far.is_infinite() {
            let same = value.is_infinite() && (so_far > 0.0) == (value > 0.0);
            if same || value.is_finite() {
                continue;
            }
        }
        mean.add(value / count - so_far / count);
    }
    mean.value()
}

/// The variance of values (Welford 1962), 0 for a single one.
pub(crate) fn variance(values: impl Iterator<Item = f64>) -> f64 {
    let mut count = 0.0;
    let mut mean = Sum::default();
    let mut squares = Sum::default();
    for value in values {
        count += 1.0;
        let delta = value - (mean.total + mean.lost);
        mean.add(delta / count);
        squares.add(delta * (value - (mean.total + mean.lost)));
    }
    (squares.total + squares.lost) / count
}

/// A quantile of values, which are put in another order; between two values in proportion. NaN sorts first.
/// Below 0 and above 1 it is infinite; of nothing it is not a number.
pub(crate) fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    // The total order has NaN first if its sign is negative.
    for value in values.iter_mut().filter(|value| value.is_nan()) {
        *value = -f64::NAN.abs();
    }
    let last = values.len() - 1;
    let rank = q * last as f64;
    let lower = (rank.floor() as usize).min(last);
    let weight = rank - rank.floor();
    let (_, below, above) = values.select_nth_unstable_by(lower, f64::total_cmp);
    let next = above
        .iter()
        .copied()
        .reduce(|least, value| if value < least { value } else { least });
    // Unless the lower value is the last, the least of those above it is the next.
    let next = if above.iter().any(|value| value.is_nan()) {
        f64::NAN
    } else {
        next.unwrap_or(*below)
    };
    *below * (1.0 - weight) + next * weight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_keep_what_is_lost_in_any_grouping() {
        let values = [1.0, 1e100, 1.0, -1e100];
        let mut sum = Sum::default();
        values.iter().for_each(|value| sum.add(*value));
        assert_eq!(sum.value(), 2.0);
        let (mut left, mut right) = (Sum::default(), Sum::default());
        values[..2].iter().for_each(|value| left.add(*value));
        values[2..].iter().for_each(|value| right.add(*value));
        assert_eq!(left.join(right).value(), 2.0);
    }

    #[test]
    fn the_mean_of_huge_values_is_finite() {
        assert_eq!(mean([1e308, 1e308, 1e308].into_iter()), 1e308);
        assert_eq!(mean([f64::INFINITY, 1.0].into_iter()), f64::INFINITY);
        assert!(mean([f64::INFINITY, f64::NEG_INFINITY].into_iter()).is_nan());
    }

    #[test]
    fn greater_and_lesser_are_go_s() {
        assert_eq!(max(f64::NAN, f64::INFINITY), f64::INFINITY);
        assert!(max(f64::NAN, 1.0).is_nan());
        assert_eq!(min(2.0, 1.0), 1.0);
        assert_eq!(round(-0.5, 1.0), 0.0);
        assert_eq!(quantile(0.5, &mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(quantile(0.5, &mut [3.0, f64::NAN, 2.0]), 2.0);
        assert_eq!(quantile(0.75, &mut [3.0, -f64::NAN, 2.0]), 2.5);
        assert!(quantile(0.25, &mut [3.0, f64::NAN, 2.0]).is_nan());
        assert!(quantile(0.1, &mut [f64::NAN, f64::NAN, 2.0]).is_nan());
    }
}
