//! How fast does the level rise now, and since when? What flows in is a series without seasons,
//! bursts and jumps; what flows out the slope of the longest recent stretch on which one slope
//! holds, with its error, and the curve where the rise speeds up or slows down.
//!
//! The stretch is found by the intersection of confidence intervals (Goldenshluger and Nemirovski,
//! 1997): stretches grow back from now, and the last one whose interval still meets those of all
//! shorter ones is taken.

use crate::noise::Noise;

/// Half width of the intervals that have to meet, in standard errors.
const WIDTH: f64 = 2.5;
/// Each stretch is longer than the one before by this factor.
const GROWTH: f64 = 1.2;
/// Least size of a curvature in standard errors for it to be believed.
const CURVED_MIN: f64 = 4.0;
/// A curve has to hold for this many times the stretch on which a line holds.
const CURVED_LONGER: f64 = 1.6;

/// The motion of the level, per step of the grid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Regime {
    /// Steps for which it has held.
    pub age: usize,
    /// Whether it held for the whole history.
    pub whole: bool,
    /// The level now.
    pub level: f64,
    /// Standard error of the level.
    pub level_error: f64,
    /// Rise per step, now.
    pub slope: f64,
    /// Standard error of the slope.
    pub slope_error: f64,
    /// Half the change of the slope per step; 0 for a line.
    pub curve: f64,
    /// The rise per step over the whole history.
    pub long_slope: f64,
}

impl Regime {
    /// No motion at all.
    pub(crate) const FLAT: Self = Self {
        age: 1,
        whole: true,
        level: 0.0,
        level_error: 0.0,
        slope: 0.0,
        slope_error: 0.0,
        curve: 0.0,
        long_slope: 0.0,
    };
}

#[derive(Debug, Clone, Copy)]
struct Estimate {
    value: f64,
    error: f64,
}

/// Least squares on the last `length` values.
struct Fit {
    mean: f64,
    slope: Estimate,
    /// The slope at the newest value of a parabola, and its curvature.
    end_slope: Estimate,
    curve: Estimate,
}

/// Finds the regime; stretches have at least `shortest` steps. `None` for fewer than 4 values.
pub(crate) fn regime(values: &[f64], noise: &Noise, shortest: usize) -> Option<Regime> {
    let length = values.len();
    if length < 4 {
        return None;
    }
    let shortest = shortest.clamp(4, length);
    let mut lengths = vec![shortest];
    while let Some(&last) = lengths.last().filter(|&&last| last < length) {
        let next = ((last as f64 * GROWTH) as usize).max(last + 1);
        // The rest of the history joins the last stretch where it is short.
        lengths.push(if next as f64 * GROWTH > length as f64 {
            length
        } else {
            next
        });
    }
    let fits: Vec<Fit> = lengths
        .iter()
        .map(|&stretch| fit(&values[length - stretch..], noise))
        .collect();
    let line = longest(fits.iter().map(|fit| fit.slope));
    let bend = longest(fits.iter().map(|fit| fit.end_slope));
    let curve = fits[bend].curve;
    let curved = curve.value.abs() > CURVED_MIN * curve.error
        && lengths[bend] as f64 >= CURVED_LONGER * lengths[line] as f64
        && lengths[bend] >= 2 * shortest
        && !is_kink(&values[length - lengths[bend]..], &lengths, &fits[bend]);
    let chosen = if curved { bend } else { line };
    let (fit, age) = (&fits[chosen], lengths[chosen]);
    let slope = if curved { fit.end_slope } else { fit.slope };
    let bent = if curved { curve.value } else { 0.0 };
    let (level, level_error) = level(&values[length - age..], fit, slope.value, (bent, noise));
    Some(Regime {
        age,
        whole: age == length,
        level,
        level_error,
        slope: slope.value,
        slope_error: slope.error,
        curve: bent,
        long_slope: fits.last().map_or(slope.value, |fit| fit.slope.value),
    })
}

/// The last of the estimates, shortest stretch first, whose interval meets all before it.
fn longest(estimates: impl Iterator<Item = Estimate>) -> usize {
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut last = 0;
    for (at, estimate) in estimates.enumerate() {
        // Rounding alone must not part the intervals of a line without noise.
        let width = WIDTH * estimate.error + 1e-9 * estimate.value.abs() + f64::MIN_POSITIVE;
        low = low.max(estimate.value - width);
        high = high.min(estimate.value + width);
        if low > high {
            break;
        }
        last = at;
    }
    last
}

/// Whether two lines that meet one of `lengths` before now fit better than the parabola of `fit`.
fn is_kink(values: &[f64], lengths: &[usize], fit: &Fit) -> bool {
    let length = values.len() as f64;
    let centre = (length - 1.0) / 2.0;
    let offset = (length * length - 1.0) / 12.0;
    let line = |at: usize| fit.mean + fit.slope.value * (at as f64 - centre);
    let bend = |at: usize| (at as f64 - centre).powi(2) - offset;
    let parabola: f64 = values
        .iter()
        .enumerate()
        .map(|(at, value)| (value - line(at) - fit.curve.value * bend(at)).powi(2))
        .sum();
    let straight: f64 = values
        .iter()
        .enumerate()
        .map(|(at, value)| (value - line(at)).powi(2))
        .sum();
    lengths
        .iter()
        .filter(|&&knot| knot + 2 < values.len())
        .any(|&knot| {
            // The hinge less its own line is what the second line adds to one line.
            let start = (values.len() - knot) as f64;
            let hinge = |at: usize| (at as f64 - start).max(0.0);
            let (mut mean, mut cross, mut square) = (0.0, 0.0, 0.0);
            for at in 0..values.len() {
                mean += hinge(at) / length;
                cross += hinge(at) * (at as f64 - centre);
                square += (at as f64 - centre).powi(2);
            }
            let tilt = cross / square;
            let (mut along, mut size) = (0.0, 0.0);
            for (at, value) in values.iter().enumerate() {
                let shape = hinge(at) - mean - tilt * (at as f64 - centre);
                along += shape * (value - line(at));
                size += shape * shape;
            }
            straight - along * along / size.max(f64::MIN_POSITIVE) < parabola
        })
}

fn fit(values: &[f64], noise: &Noise) -> Fit {
    let length = values.len() as f64;
    let centre = (length - 1.0) / 2.0;
    let offset = (length * length - 1.0) / 12.0;
    let first = |at: usize| at as f64 - centre;
    let second = |at: usize| first(at) * first(at) - offset;
    let mean = values.iter().sum::<f64>() / length;
    let (mut first_square, mut second_square, mut first_cross, mut second_cross) =
        (0.0, 0.0, 0.0, 0.0);
    for (at, value) in values.iter().enumerate() {
        let (a, b) = (first(at), second(at));
        first_square += a * a;
        second_square += b * b;
        first_cross += a * (value - mean);
        second_cross += b * (value - mean);
    }
    let second_square = second_square.max(f64::MIN_POSITIVE);
    let slope = first_cross / first_square;
    let curve = second_cross / second_square;
    let places = 0..values.len();
    let slope_weight = |at: usize| first(at) / first_square;
    let curve_weight = |at: usize| second(at) / second_square;
    let error = |weight: &dyn Fn(usize) -> f64| noise.of_sum(places.clone().map(weight)).sqrt();
    Fit {
        mean,
        slope: Estimate {
            value: slope,
            error: error(&slope_weight),
        },
        end_slope: Estimate {
            value: slope + 2.0 * curve * centre,
            error: error(&|at| slope_weight(at) + 2.0 * centre * curve_weight(at)),
        },
        curve: Estimate {
            value: curve,
            error: error(&curve_weight),
        },
    }
}

/// The level now: what the walk has done to the fitted motion, followed with the best gain.
fn level(values: &[f64], fit: &Fit, slope: f64, (curve, noise): (f64, &Noise)) -> (f64, f64) {
    let length = values.len() as f64;
    let centre = (length - 1.0) / 2.0;
    let offset = (length * length - 1.0) / 12.0;
    let middle_slope = slope - 2.0 * curve * centre;
    let motion = |at: usize| {
        let x = at as f64 - centre;
        fit.mean + middle_slope * x + curve * (x * x - offset)
    };
    let gain = noise.gain();
    let mut walked = 0.0;
    for (at, value) in values.iter().enumerate() {
        // Early values count as a mean, until the gain of the steady state takes over.
        let gain = gain.max(1.0 / (at as f64 + 1.0));
        walked += gain * (value - motion(at) - walked);
    }
    let share = gain.max(1.0 / length);
    (
        motion(values.len() - 1) + walked,
        (share * noise.steady).sqrt(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Random, noise::noise};

    fn with_noise(value: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut random = Random::new(11);
        (0..480)
            .map(|at| value(f64::from(at)) + 0.3 * random.normal())
            .collect()
    }

    #[test]
    fn a_line_is_one_regime() {
        let values = with_noise(|at| 0.1 * at);
        let found = regime(&values, &noise(&values), 8).unwrap();
        assert!(found.whole, "{found:?}");
        assert!(
            (found.slope - 0.1).abs() < 0.002 && found.curve == 0.0,
            "{found:?}"
        );
        assert!((found.level - 47.9).abs() < 0.5);
    }

    #[test]
    fn a_new_slope_is_seen_and_the_old_one_forgotten() {
        let values = with_noise(|at| 0.02 * at + (at - 420.0).max(0.0));
        let found = regime(&values, &noise(&values), 8).unwrap();
        assert!((found.slope - 1.02).abs() < 0.1, "{found:?}");
        assert!((30..=80).contains(&found.age), "{found:?}");
    }

    #[test]
    fn a_rise_that_speeds_up_is_a_curve() {
        let values = with_noise(|at| 0.0005 * at * at);
        let found = regime(&values, &noise(&values), 8).unwrap();
        assert!((found.curve - 0.0005).abs() < 0.0001, "{found:?}");
        assert!((found.slope - 0.48).abs() < 0.05, "{found:?}");
    }
}
