//! How fast does the level rise now, and since when? What flows in is a series without seasons,
//! bursts and jumps; what flows out the motion of the longest recent stretch on which one motion
//! holds, with its error and its noise.
//!
//! Stretches grow back from now until one falls into two parts whose slopes differ.

use crate::bend::{Factor, bend};
use crate::noise::{Noise, noise};
use crate::robust::{median, quantile};

/// Least difference of two slopes in standard errors for the slope to have changed.
const CHANGE_MIN: f64 = 3.8;
/// A steeper slope is new when it differs by this factor more than any did before.
const RISE_NEW_MIN: f64 = 1.5;
/// A flatter slope is new when it differs by this factor more than nearly all did before.
const FALL_NEW_MIN: f64 = 1.3;
/// Each half of a stretch with a new slope has at least this share of the change.
const SUSTAINED: f64 = 0.45;
/// Spread of a rate that was seen for less than a day, as share of its change: rates differ by
/// day and by night.
const RATE_SPREAD: f64 = 0.4;
/// Standard deviation of the relative change of a rate per day, for a rate that seems steady.
const DRIFT: f64 = 0.003;
/// Least stretches before now for that question.
const BEFORE_MIN: usize = 12;
/// Each stretch is longer than the one before by this factor.
const GROWTH: f64 = 1.25;
/// A curve has to hold for this many times the stretch on which a line holds.
const CURVED_LONGER: f64 = 1.6;
/// Days for which a curve has to hold: within a day a rate comes and goes.
const CURVED_DAYS: usize = 2;
/// The noise of the whole history counts as so many steps when that of a stretch is estimated.
const NOISE_STEPS: f64 = 8.0;

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
    /// Standard error of `curve`.
    pub curve_error: f64,
    /// What an error of `curve` adds to `slope`: both are of one fit.
    pub lever: f64,
    /// Whether the curve is seen, not only allowed for.
    pub is_curved: bool,
    /// The motion by a steady factor through the same values.
    pub factor: Option<Factor>,
    /// Whether that fits better than a change by a steady amount.
    pub compound: bool,
    /// The rise per step over the whole history.
    pub long_slope: f64,
    /// The noise about the motion.
    pub noise: Noise,
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
        curve_error: 0.0,
        lever: 0.0,
        is_curved: false,
        factor: None,
        compound: false,
        long_slope: 0.0,
        noise: Noise {
            steady: 0.0,
            walk: 0.0,
        },
    };
}

/// Finds the regime; stretches have at least `shortest` steps, and a `day` has so many.
/// `None` for fewer than 4 values.
pub(crate) fn regime(values: &[f64], shortest: usize, day: usize) -> Option<Regime> {
    let length = values.len();
    if length < 4 {
        return None;
    }
    let lengths = lengths(shortest.clamp(4, length), length);
    let everywhere = noise(values);
    let line = unbroken(values, &lengths, (&everywhere, day));
    let long_slope = Slopes::new(values).over(0, length);
    let is_whole = line + 1 == lengths.len();
    for place in (line..lengths.len()).rev() {
        let age = lengths[place];
        let long_enough = is_whole || age as f64 >= CURVED_LONGER * lengths[line] as f64;
        let recent = &values[length - age..];
        if !long_enough || age < (CURVED_DAYS * day).max(2 * lengths[0]) {
            break;
        }
        let noise = local(recent, &everywhere);
        if let Some((bend, fitted)) = bend(recent, &noise) {
            let (walked, level_error) = walked(recent, |at| fitted[at], &noise);
            return Some(Regime {
                age,
                whole: age == length,
                level: bend.level + walked,
                level_error,
                slope: bend.slope,
                slope_error: bend.slope_error,
                curve: bend.curve,
                curve_error: bend.curve_error,
                lever: age as f64 - 1.0,
                is_curved: true,
                factor: bend.factor,
                compound: bend.compound,
                long_slope,
                noise,
            });
        }
    }
    let age = lengths[line];
    let found = straight(&values[length - age..], &everywhere, day);
    let unseen = RATE_SPREAD * (-1.5 * age as f64 / day as f64).exp();
    let change = if is_whole {
        found.slope
    } else {
        found.slope - long_slope
    };
    let slope_error = found.slope_error.hypot(unseen * change);
    Some(Regime {
        long_slope,
        whole: is_whole,
        slope_error,
        ..found
    })
}

/// The lengths of the stretches, growing up to the whole.
fn lengths(shortest: usize, length: usize) -> Vec<usize> {
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
    lengths
}

/// The noise of a stretch: what moves faster also moves less evenly.
fn local(recent: &[f64], everywhere: &Noise) -> Noise {
    let weight = NOISE_STEPS / (recent.len() as f64 + NOISE_STEPS);
    noise(recent).mixed(everywhere, weight)
}

/// The motion along a line through all of `values`, with the curve that it may hide: rates of
/// fill drift by some `DRIFT` a day, and a short history does not say by how much.
fn straight(values: &[f64], everywhere: &Noise, day: usize) -> Regime {
    let noise = local(values, everywhere);
    let slope = Slopes::new(values).over(0, values.len());
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let centre = (values.len() as f64 - 1.0) / 2.0;
    let line = |at: usize| mean + slope * (at as f64 - centre);
    let (walked, level_error) = walked(values, line, &noise);
    let (curve, error) = curvature(values, line, &noise);
    let usual = DRIFT * slope.abs() / day as f64 / 2.0;
    let weight = usual * usual / (usual * usual + error * error).max(f64::MIN_POSITIVE);
    Regime {
        age: values.len(),
        level: line(values.len() - 1) + walked,
        level_error,
        slope: slope + 2.0 * centre * weight * curve,
        slope_error: slope_variance(values.len(), &noise).sqrt(),
        curve: weight * curve,
        curve_error: weight.sqrt() * error,
        lever: 2.0 * centre,
        noise,
        ..Regime::FLAT
    }
}

/// Half the change of the slope per step about a line, and its standard error.
fn curvature(values: &[f64], line: impl Fn(usize) -> f64, noise: &Noise) -> (f64, f64) {
    let length = values.len() as f64;
    let centre = (length - 1.0) / 2.0;
    let square = (length * length - 1.0) / 12.0;
    let shape = |at: usize| (at as f64 - centre).powi(2) - square;
    let size: f64 = (0..values.len()).map(|at| shape(at).powi(2)).sum();
    let size = size.max(f64::MIN_POSITIVE);
    let along: f64 = values
        .iter()
        .enumerate()
        .map(|(at, value)| shape(at) * (value - line(at)))
        .sum();
    let error = noise
        .of_sum((0..values.len()).map(|at| shape(at) / size))
        .sqrt();
    (along / size, error)
}

/// The place in `lengths` of the longest stretch back from now on which one slope holds. Each
/// longer stretch is cut in two at every shorter one; where the slopes of both parts differ by
/// more than their errors allow, the slope has changed at the cut where they differ most.
fn unbroken(values: &[f64], lengths: &[usize], (noise, day): (&Noise, usize)) -> usize {
    let slopes = Slopes::new(values);
    for long in 1..lengths.len() {
        let differs = |short: usize| {
            let (recent, cut) = (lengths[short], lengths[long] - lengths[short]);
            let change = slopes.over(0, recent) - slopes.over(recent, lengths[long]);
            let error = (slope_variance(recent, noise) + slope_variance(cut, noise)).sqrt();
            // Rounding alone must not break a line without noise.
            let rounding = 1e-9 * (slopes.over(0, recent).abs() + change.abs()) + f64::MIN_POSITIVE;
            change.abs() / (error + rounding)
        };
        let cuts = (0..long).filter(|&short| {
            lengths[long] - lengths[short] >= lengths[0] / 2
                && slopes.is_sustained(lengths[short], lengths[long])
        });
        let most = cuts
            .map(|short| (short, differs(short)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let most = most.filter(|&(short, size)| {
            size > CHANGE_MIN && slopes.is_new(lengths[short], values.len(), day)
        });
        if let Some((short, _)) = most {
            return short;
        }
    }
    lengths.len() - 1
}

/// The variance of the slope of least squares over `length` values: 6/5 of that of the ends for a
/// walk, 12/n³ for steady noise.
fn slope_variance(length: usize, noise: &Noise) -> f64 {
    let length = length as f64;
    1.2 * noise.walk / length + 12.0 * noise.steady / length.powi(3)
}

/// Slopes of least squares over any stretch, from running sums.
struct Slopes {
    /// Sums of values and of place times value up to each place, counted back from the newest.
    sums: Vec<(f64, f64)>,
}

impl Slopes {
    fn new(values: &[f64]) -> Self {
        let centre = values.last().copied().unwrap_or(0.0);
        let mut sums = vec![(0.0, 0.0)];
        let (mut sum, mut moment) = (0.0, 0.0);
        for (back, value) in values.iter().rev().enumerate() {
            sum += value - centre;
            moment += back as f64 * (value - centre);
            sums.push((sum, moment));
        }
        Self { sums }
    }

    /// Whether the slope over the `recent` newest values differs from those over as many values
    /// before, by more than these did from each other. What has come and gone before, like a
    /// burst each day, is not new. A rise, or what is shorter than a day, has to be newer than a fall,
    /// since it raises alarms.
    fn is_new(&self, recent: usize, length: usize, day: usize) -> bool {
        let stride = (recent / 3).max(1);
        let mut before: Vec<f64> = (recent..)
            .step_by(stride)
            .take_while(|from| from + recent <= length)
            .map(|from| self.over(from, from + recent))
            .collect();
        if before.len() < BEFORE_MIN {
            return true;
        }
        let middle = median(&mut before);
        before
            .iter_mut()
            .for_each(|slope| *slope = (*slope - middle).abs());
        before.sort_by(f64::total_cmp);
        let change = self.over(0, recent) - middle;
        if change > 0.0 || recent < day {
            change.abs() > RISE_NEW_MIN * quantile(&before, 1.0)
        } else {
            -change > FALL_NEW_MIN * quantile(&before, 0.95)
        }
    }

    /// Whether both halves of the `recent` newest values differ in slope from those before, up to
    /// `long`, as the whole does. A step at one end of them does not.
    fn is_sustained(&self, recent: usize, long: usize) -> bool {
        let before = self.over(recent, long);
        let change = self.over(0, recent) - before;
        let halves = [self.over(0, recent / 2), self.over(recent / 2, recent)];
        halves
            .iter()
            .all(|half| (half - before) * change.signum() >= SUSTAINED * change.abs())
    }

    /// The slope over the values from `from` to `to` places back, of which there are at least 2.
    fn over(&self, from: usize, to: usize) -> f64 {
        let ((sum_a, moment_a), (sum_b, moment_b)) = (self.sums[from], self.sums[to]);
        let count = (to - from) as f64;
        let middle = (from + to - 1) as f64 / 2.0;
        let square = count * (count * count - 1.0) / 12.0;
        -((moment_b - moment_a) - middle * (sum_b - sum_a)) / square.max(f64::MIN_POSITIVE)
    }
}

/// How far the walk has carried the level from its `motion` by now, followed with the best gain,
/// and the standard error of that.
fn walked(values: &[f64], motion: impl Fn(usize) -> f64, noise: &Noise) -> (f64, f64) {
    let gain = noise.gain();
    let mut walked = 0.0;
    for (at, value) in values.iter().enumerate() {
        // Early values count as a mean, until the gain of the steady state takes over.
        let gain = gain.max(1.0 / (at as f64 + 1.0));
        walked += gain * (value - motion(at) - walked);
    }
    let share = gain.max(1.0 / values.len() as f64);
    (walked, (share * noise.steady).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;

    fn with_noise(value: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut random = Random::new(11);
        (0..480)
            .map(|at| value(f64::from(at)) + 0.3 * random.normal())
            .collect()
    }

    #[test]
    fn a_line_is_one_regime() {
        let found = regime(&with_noise(|at| 0.1 * at), 8, 48).unwrap();
        assert!(found.whole, "{found:?}");
        assert!(
            (found.slope - 0.1).abs() < 0.002 && found.curve.abs() < 1e-5,
            "{found:?}"
        );
        assert!((found.level - 47.9).abs() < 0.5);
    }

    #[test]
    fn a_new_slope_is_seen_and_the_old_one_forgotten() {
        let found = regime(&with_noise(|at| 0.02 * at + (at - 420.0).max(0.0)), 8, 48).unwrap();
        assert!((found.slope - 1.02).abs() < 0.1, "{found:?}");
        assert!((30..=80).contains(&found.age), "{found:?}");
    }

    #[test]
    fn a_rise_that_speeds_up_is_a_curve() {
        let found = regime(&with_noise(|at| 0.0005 * at * at), 8, 48).unwrap();
        assert!(
            (found.slope - 0.48).abs() < 0.05 && found.curve > 0.0003,
            "{found:?}"
        );
    }
}
