//! A whole series in, its segments out: robust scaling, penalty and the choice between levels and
//! slopes around the search in [`crate::pelt`]. Says where the change points are, not what they
//! mean. Statistically sure and practically small is possible: compare levels before acting.

use crate::cost::Cost;
use crate::noise;
use crate::pelt::{self, Limits};

/// What is constant within a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The level: the series is piecewise constant.
    Level,
    /// The slope: the series is piecewise linear and may jump where the slope changes.
    Slope,
}

/// How to cut a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// What is constant within a segment.
    pub shape: Shape,
    /// Least points of a segment, at least 2. Also the least duration of what counts as a change.
    pub segment_min: usize,
    /// Price of a change in units of `parameters · variance · ln n`, where a change has two
    /// parameters (level, position) or three (slope as well). 1 is the Bayesian information
    /// criterion, which finds a change in a fifth of series of pure noise.
    pub penalty: f64,
    /// Points further than this many standard deviations from the median of the eleven points
    /// around them are brought back to that distance first. Infinity switches the filter off.
    pub spike_sds: f64,
    /// Most positions that are tried, at least 2: time is quadratic in it where nothing changes. A
    /// longer series is searched on a grid and each change then moved to its best point; a segment
    /// then has at least `n / candidates_max` points.
    pub candidates_max: usize,
}

impl Settings {
    /// The defaults for a shape, by which white noise has a change in fewer than one series in
    /// twenty.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        let (segment_min, penalty) = match shape {
            Shape::Level => (5, 1.4),
            Shape::Slope => (10, 1.5),
        };
        Self {
            shape,
            segment_min,
            penalty,
            spike_sds: 3.0,
            candidates_max: 600,
        }
    }
}

/// A stretch of points with one level or one slope.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// First point.
    pub start: usize,
    /// One past the last point, larger than `start`.
    pub end: usize,
    /// Fitted value at the first point.
    pub level: f64,
    /// Fitted change per unit of time (per point in [`segment`]); zero for [`Shape::Level`].
    pub slope: f64,
    /// Robust standard deviation of the points about the fit.
    pub noise: f64,
}

/// A series as segments that follow each other without gaps.
#[derive(Debug, Clone, PartialEq)]
pub struct Segmentation {
    /// The segments in order; empty only for an empty series or one without a finite point.
    pub segments: Vec<Segment>,
    /// Standard deviation of the noise by which changes were judged. It is larger than that of
    /// neighbouring points where the noise is correlated.
    pub noise: f64,
}

impl Segmentation {
    /// First points of all segments but the first.
    pub fn change_points(&self) -> impl Iterator<Item = usize> + '_ {
        self.segments.iter().skip(1).map(|s| s.start)
    }

    /// The segment the series is in now.
    #[must_use]
    pub fn last(&self) -> Option<&Segment> {
        self.segments.last()
    }
}

/// Cuts equally spaced points. NaN and infinities are missing.
#[must_use]
pub fn segment(values: &[f64], settings: &Settings) -> Segmentation {
    let times: Vec<f64> = (0..values.len()).map(|i| i as f64).collect();
    segment_at(&times, values, settings)
}

/// Cuts points at ascending `times` (any unit, which slopes are then per). The shorter of the two
/// slices counts. Values that are not finite are missing.
fn segment_at(times: &[f64], values: &[f64], settings: &Settings) -> Segmentation {
    let n = times.len().min(values.len());
    let (times, values) = (&times[..n], &values[..n]);
    let middle = noise::median(values.iter().copied());
    if !middle.is_finite() {
        return Segmentation {
            segments: Vec::new(),
            noise: 0.0,
        };
    }
    let sd = noise::sd_of_differences(values);
    let axes = Axes::new(times, middle, sd);
    let t: Vec<f64> = times.iter().map(|t| (t - axes.time) / axes.span).collect();
    let y: Vec<f64> = values
        .iter()
        .map(|v| (v - axes.level) / axes.scale)
        .collect();
    let y = noise::without_spikes(&y, 1.0, settings.spike_sds);
    let cost = Cost::new(&t, &y, settings.shape);
    let (changes, variance) = search(&cost, &t, &y, settings);
    let mut segments = Vec::with_capacity(changes.len() + 1);
    let mut start = 0;
    for end in changes.into_iter().chain([n]) {
        let fit = cost.fit(start, end);
        let residuals = residuals(&fit, &t[start..end], &y[start..end]);
        segments.push(Segment {
            start,
            end,
            level: axes.level + axes.scale * (fit.intercept + fit.slope * t[start]),
            slope: fit.slope * axes.scale / axes.span,
            noise: noise::sd(&residuals) * axes.scale,
        });
        start = end;
    }
    let noise = if sd > 0.0 {
        variance.sqrt() * axes.scale
    } else {
        0.0
    };
    Segmentation { segments, noise }
}

/// Origin and unit of both axes, so that sums of squares keep their digits.
struct Axes {
    time: f64,
    span: f64,
    level: f64,
    scale: f64,
}

impl Axes {
    fn new(times: &[f64], level: f64, sd: f64) -> Self {
        let (first, last) = match (times.first(), times.last()) {
            (Some(first), Some(last)) => (*first, *last),
            _ => (0.0, 1.0),
        };
        let span = (last - first) / 2.0;
        let scale = if sd > 0.0 { sd } else { 1.0 };
        let span = if span > 0.0 { span } else { 1.0 };
        Self {
            time: f64::midpoint(first, last),
            span,
            level,
            scale,
        }
    }
}

fn residuals(fit: &crate::cost::Fit, t: &[f64], y: &[f64]) -> Vec<f64> {
    t.iter()
        .zip(y)
        .map(|(t, y)| y - fit.intercept - fit.slope * t)
        .collect()
}

/// Most rounds in which the variance of correlated noise is learned.
const ROUNDS_MAX: usize = 4;

/// Change points and the variance they were judged by. The first round takes the noise as white.
/// Where residuals are correlated, sums over a stretch vary by the factor `(1 + ρ) / (1 − ρ)` more
/// (first-order autoregression), and the next round pays for changes accordingly. Without this a
/// wandering series is cut to pieces.
fn search(cost: &Cost, t: &[f64], y: &[f64], settings: &Settings) -> (Vec<usize>, f64) {
    let n = y.iter().filter(|y| y.is_finite()).count().max(2) as f64;
    let parameters = if settings.shape == Shape::Slope {
        3.0
    } else {
        2.0
    };
    let price = settings.penalty * parameters * n.ln();
    let mut variance = 1.0;
    let mut limits = Limits {
        penalty: price,
        segment_min: settings.segment_min.max(2),
        candidates_max: settings.candidates_max.max(2),
    };
    let mut changes = pelt::change_points(cost, &limits);
    for _ in 1..ROUNDS_MAX {
        if changes.is_empty() {
            break;
        }
        let mut all = Vec::with_capacity(y.len());
        let mut start = 0;
        for end in changes.iter().copied().chain([y.len()]) {
            let fit = cost.fit(start, end);
            all.extend(residuals(&fit, &t[start..end], &y[start..end]));
            start = end;
        }
        // What chance alone reaches in one of twenty series is no correlation.
        let rho = (noise::correlation_of_neighbours(&all) - 1.645 / n.sqrt()).clamp(0.0, 0.98);
        let learned = noise::sd(&all).powi(2) * (1.0 + rho) / (1.0 - rho);
        if rho == 0.0 || learned <= variance * 1.05 {
            break;
        }
        variance = learned;
        limits.penalty = price * variance;
        changes = pelt::change_points(cost, &limits);
    }
    (changes, variance)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Standard normal numbers by the sum of twelve uniform ones.
    fn noise(seed: u64) -> impl FnMut() -> f64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut uniform = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        move || (0..12).map(|_| uniform()).sum::<f64>() - 6.0
    }

    fn found(values: &[f64], shape: Shape) -> Vec<usize> {
        segment(values, &Settings::new(shape))
            .change_points()
            .collect()
    }

    #[test]
    fn white_noise_has_no_change_point_in_nineteen_of_twenty_series() {
        for shape in [Shape::Level, Shape::Slope] {
            for n in [60, 300, 900] {
                let seeds = 200;
                let alarms = (0..seeds)
                    .filter(|seed| {
                        let mut z = noise(seed + 1);
                        let values: Vec<f64> = (0..n).map(|_| z()).collect();
                        !found(&values, shape).is_empty()
                    })
                    .count();
                eprintln!("{shape:?} n {n}: {alarms} of {seeds}");
                assert!(alarms * 20 <= seeds as usize, "{shape:?} {n}: {alarms}");
            }
        }
    }

    #[test]
    fn autocorrelated_noise_is_not_cut_to_pieces() {
        let mut cuts = 0;
        for seed in 0..50 {
            let mut z = noise(seed + 1);
            let mut x = 0.0;
            let values: Vec<f64> = (0..1_000)
                .map(|_| {
                    x = 0.7 * x + z();
                    x
                })
                .collect();
            cuts += found(&values, Shape::Level).len();
        }
        assert!(cuts <= 15, "{cuts} changes in fifty series");
    }

    #[test]
    fn level_shifts_of_three_deviations_are_found_at_their_place() {
        let mut missed = 0;
        for seed in 0..50 {
            let mut z = noise(seed + 1);
            let level = |i: usize| if (400..700).contains(&i) { 3.0 } else { 0.0 };
            let mut values: Vec<f64> = (0..1_000).map(|i| 1e9 + level(i) + z()).collect();
            values[100] += 1e4;
            values[820] = f64::NAN;
            let at = found(&values, Shape::Level);
            let near = |want: usize| at.iter().any(|a| a.abs_diff(want) <= 3);
            if at.len() != 2 || !near(400) || !near(700) {
                missed += 1;
            }
        }
        assert!(missed <= 2, "{missed} of fifty");
    }

    #[test]
    fn a_bend_is_found_and_its_slopes_are_told() {
        for seed in 0..20 {
            let mut z = noise(seed + 1);
            let line = |i: f64| {
                if i < 600.0 {
                    0.1 * i
                } else {
                    60.0 + 0.4 * (i - 600.0)
                }
            };
            let values: Vec<f64> = (0..1_000).map(|i| line(f64::from(i)) + z()).collect();
            let cut = segment(&values, &Settings::new(Shape::Slope));
            let at: Vec<usize> = cut.change_points().collect();
            assert_eq!(at.len(), 1, "{at:?}");
            assert!(at[0].abs_diff(600) <= 25, "{at:?}");
            assert!((cut.segments[0].slope - 0.1).abs() < 0.01);
            assert!((cut.segments[1].slope - 0.4).abs() < 0.01);
        }
    }

    #[test]
    fn long_series_are_cut_on_a_grid_to_the_exact_point() {
        let mut z = noise(3);
        let values: Vec<f64> = (0..10_000)
            .map(|i| if i < 6_543 { z() } else { 8.0 + z() })
            .collect();
        let started = std::time::Instant::now();
        let at = found(&values, Shape::Level);
        let level = started.elapsed();
        let bend = found(&values, Shape::Slope);
        eprintln!(
            "10,000 points: level {level:?}, slope {:?}",
            started.elapsed() - level
        );
        assert_eq!((at.len(), bend.len()), (1, 1), "{at:?} {bend:?}");
        assert!(at[0].abs_diff(6_543) <= 1);
    }

    #[test]
    fn exact_steps_without_noise_are_found() {
        let values: Vec<f64> = (0..100).map(|i| if i < 37 { 1.0 } else { 5.0 }).collect();
        assert_eq!(found(&values, Shape::Level), [37]);
        assert!(found(&[7.0; 50], Shape::Level).is_empty());
        let line: Vec<f64> = (0..50).map(f64::from).collect();
        assert!(found(&line, Shape::Slope).is_empty());
    }

    proptest! {
        #[test]
        fn segments_cover_the_series_in_order(
            values in prop::collection::vec(
                prop_oneof![4 => -1e12f64..1e12, 1 => Just(f64::NAN), 1 => Just(0.0)], 0..200),
            sloped in any::<bool>(),
        ) {
            let shape = if sloped { Shape::Slope } else { Shape::Level };
            let cut = segment(&values, &Settings::new(shape));
            let mut next = 0;
            for s in &cut.segments {
                prop_assert_eq!(s.start, next);
                prop_assert!(s.end > s.start);
                prop_assert!(s.level.is_finite() && s.slope.is_finite());
                next = s.end;
            }
            if values.iter().any(|v| v.is_finite()) {
                prop_assert_eq!(next, values.len());
            }
        }

        #[test]
        fn unit_and_origin_do_not_move_changes(
            seed in 1u64..500, scale in 1e-6f64..1e6, origin in -1e6f64..1e6,
        ) {
            let mut z = noise(seed);
            let values: Vec<f64> =
                (0..200).map(|i| z() + if i > 90 { 5.0 } else { 0.0 }).collect();
            let moved: Vec<f64> = values.iter().map(|v| origin * scale + v * scale).collect();
            prop_assert_eq!(found(&values, Shape::Level), found(&moved, Shape::Level));
        }
    }
}
