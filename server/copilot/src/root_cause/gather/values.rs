//! Points of series as values at even steps, so that they can be compared. Pure.

use tocsin_domain::metric::is_stale;
use tocsin_domain::ports::SeriesSamples;

use crate::root_cause::window::Window;

/// Two points of a counter that are further apart say nothing of how fast it grew, in ms.
const GAP_MAX_MS: i64 = 3_600_000;

/// Even steps over the time before a window and the window itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) begin_ms: i64,
    pub(super) step_ms: i64,
    /// Steps before the window.
    pub(super) before: usize,
    /// Steps of the window.
    pub(super) within: usize,
}

impl Grid {
    /// The grid of a window.
    pub(super) fn of(window: &Window) -> Self {
        let step_ms = window.step_ms();
        let before = usize::try_from(window.baseline_ms / step_ms).unwrap_or(0);
        // Whole steps up to the end: a part of one holds fewer points and would vary more.
        let within = usize::try_from(window.length_ms() / step_ms)
            .unwrap_or(0)
            .max(1);
        let end_ms = window.to_ms.saturating_add(1);
        Self {
            begin_ms: end_ms.saturating_sub((before + within) as i64 * step_ms),
            step_ms,
            before,
            within,
        }
    }

    fn len(&self) -> usize {
        self.before + self.within
    }

    /// When a step begins, in ms.
    pub(super) const fn at_ms(&self, step: usize) -> i64 {
        self.begin_ms + step as i64 * self.step_ms
    }

    /// The step of a time; none if it is outside.
    fn step(&self, at_ms: i64) -> Option<usize> {
        let step = usize::try_from((at_ms - self.begin_ms).div_euclid(self.step_ms)).ok()?;
        (step < self.len()).then_some(step)
    }
}

/// The mean of each step; NaN where there is no point.
pub(super) fn levels(one: &SeriesSamples, grid: &Grid) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); grid.len()];
    for bucket in &one.buckets {
        spread(
            &mut sums,
            grid,
            (bucket.start_ms, bucket.length_ms),
            bucket.mean(),
        );
    }
    for sample in &one.samples {
        if let Some(step) = grid.step(sample.at_ms)
            && sample.value.is_finite()
            && !is_stale(sample.value)
        {
            sums[step].0 += sample.value;
            sums[step].1 += 1.0;
        }
    }
    means(&sums)
}

/// How fast a counter grew in each step, per second; NaN where it is not known.
pub(super) fn rates(one: &SeriesSamples, grid: &Grid) -> Vec<f64> {
    means(&growth(one, grid))
}

/// By how much a counter grew in each step; 0 where it is not known.
pub(super) fn increases(one: &SeriesSamples, grid: &Grid) -> Vec<f64> {
    growth(one, grid)
        .into_iter()
        .map(|(grown, _)| grown)
        .collect()
}

/// By how much a counter grew in each step, and in how many seconds; resets counted as Prometheus does.
fn growth(one: &SeriesSamples, grid: &Grid) -> Vec<(f64, f64)> {
    let mut sums = vec![(0.0, 0.0); grid.len()];
    for bucket in &one.buckets {
        let rate = bucket.increase / (bucket.length_ms.max(1) as f64 / 1000.0);
        spread(&mut sums, grid, (bucket.start_ms, bucket.length_ms), rate);
    }
    let step_secs = grid.step_ms as f64 / 1000.0;
    for (grown, secs) in &mut sums {
        // A rate that was spread stands for the whole step.
        *grown *= step_secs;
        *secs *= step_secs;
    }
    let known = one.samples.iter();
    let known = known.filter(|sample| sample.value.is_finite() && !is_stale(sample.value));
    let mut last = None;
    for sample in known {
        if let Some((at_ms, value)) = last
            && let Some(step) = grid.step(sample.at_ms)
            && (1..=GAP_MAX_MS).contains(&(sample.at_ms - at_ms))
        {
            let grown = if sample.value >= value {
                sample.value - value
            } else {
                sample.value
            };
            sums[step].0 += grown;
            sums[step].1 += (sample.at_ms - at_ms) as f64 / 1000.0;
        }
        last = Some((sample.at_ms, sample.value));
    }
    sums
}

/// Adds a value to all steps that an interval covers.
fn spread(sums: &mut [(f64, f64)], grid: &Grid, (start_ms, length_ms): (i64, i64), value: f64) {
    let mut at_ms = start_ms.max(grid.begin_ms);
    while at_ms < start_ms + length_ms {
        let Some(step) = grid.step(at_ms) else { return };
        sums[step].0 += value;
        sums[step].1 += 1.0;
        at_ms = grid.at_ms(step + 1);
    }
}

fn means(sums: &[(f64, f64)]) -> Vec<f64> {
    let mean = |(sum, weight): &(f64, f64)| {
        if *weight > 0.0 {
            sum / weight
        } else {
            f64::NAN
        }
    };
    sums.iter().map(mean).collect()
}

/// The share of two series of values, step by step; NaN where the second is nothing.
pub(super) fn shares(parts: &[f64], wholes: &[f64]) -> Vec<f64> {
    let share = |(part, whole): (&f64, &f64)| if *whole > 0.0 { part / whole } else { f64::NAN };
    parts.iter().zip(wholes).map(share).collect()
}

/// How much a value says of the next one: the correlation of neighbours, `[0, 1)`. What lies beyond the 5th and 95th
/// percentile counts as if it lay there, so that one glitch says nothing.
pub(super) fn memory(values: &[f64]) -> f64 {
    let (Some(low), Some(high)) = (quantile(values, 0.05), quantile(values, 0.95)) else {
        return 0.0;
    };
    let pairs: Vec<(f64, f64)> = values
        .windows(2)
        .filter_map(|pair| match pair {
            [a, b] if a.is_finite() && b.is_finite() => {
                Some((a.clamp(low, high), b.clamp(low, high)))
            }
            _ => None,
        })
        .collect();
    let count = pairs.len() as f64;
    let mean = pairs.iter().map(|pair| pair.0).sum::<f64>() / count.max(1.0);
    let product = |a: f64, b: f64| (a - mean) * (b - mean);
    let spread: f64 = pairs.iter().map(|pair| product(pair.0, pair.0)).sum();
    let shared: f64 = pairs.iter().map(|pair| product(pair.0, pair.1)).sum();
    if spread > 0.0 && spread.is_finite() {
        (shared / spread).clamp(0.0, 0.999)
    } else {
        0.0
    }
}

/// The quantile of finite values; none if there are none.
pub(super) fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let at = (last as f64 * q.clamp(0.0, 1.0)).round() as usize;
    sorted.get(at).copied()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use tocsin_domain::metric::Sample;
    use tocsin_domain::ports::{Bucket, SeriesInfo};
    use tocsin_domain::{Labels, MetricKind};

    use super::*;

    const GRID: Grid = Grid {
        begin_ms: 0,
        step_ms: 60_000,
        before: 3,
        within: 2,
    };

    fn series(points: &[(i64, f64)], buckets: Vec<Bucket>) -> SeriesSamples {
        let labels = Labels::new([("__name__", "x")]).unwrap();
        SeriesSamples {
            series: Arc::new(SeriesInfo {
                id: labels.id(),
                labels,
                kind: MetricKind::Unknown,
                source: "test".into(),
                first_ms: 0,
                last_ms: 0,
            }),
            buckets,
            samples: points
                .iter()
                .map(|(at_ms, value)| Sample {
                    at_ms: *at_ms,
                    value: *value,
                })
                .collect(),
        }
    }

    #[test]
    fn levels_are_means_and_gaps_stay_gaps() {
        let one = series(
            &[(0, 1.0), (30_000, 3.0), (120_000, 5.0), (600_000, 9.0)],
            vec![],
        );
        let found = levels(&one, &GRID);
        assert_eq!(found[0], 2.0);
        assert!(found[1].is_nan() && found[3].is_nan());
        assert_eq!(found[2], 5.0);
    }

    #[test]
    fn rates_are_per_second_and_a_reset_is_no_fall() {
        let points = [
            (0, 100.0),
            (60_000, 160.0),
            (120_000, 30.0),
            (180_000, 30.0),
        ];
        let found = rates(&series(&points, vec![]), &GRID);
        assert!(found[0].is_nan());
        assert_eq!(found[1..4], [1.0, 0.5, 0.0]);
        let grown = increases(&series(&points, vec![]), &GRID);
        assert_eq!(grown, [0.0, 60.0, 30.0, 0.0, 0.0]);
    }

    #[test]
    fn intervals_of_the_past_count_for_all_their_steps() {
        let bucket = Bucket {
            start_ms: 0,
            length_ms: 180_000,
            min: 1.0,
            max: 3.0,
            sum: 20.0,
            count: 10,
            last: 3.0,
            increase: 180.0,
            sketch: vec![],
        };
        let one = series(&[(240_000, 7.0)], vec![bucket]);
        assert_eq!(levels(&one, &GRID)[..3], [2.0, 2.0, 2.0]);
        assert_eq!(rates(&one, &GRID)[..3], [1.0, 1.0, 1.0]);
        assert_eq!(levels(&one, &GRID)[4], 7.0);
    }

    #[test]
    fn neighbours_that_are_alike_have_a_memory_and_a_glitch_has_none() {
        let ramp: Vec<f64> = (0..200).map(f64::from).collect();
        assert!(memory(&ramp) > 0.9);
        let zigzag: Vec<f64> = (0..200).map(|at| f64::from(at % 2)).collect();
        assert_eq!(memory(&zigzag), 0.0);
        let mut flat = vec![1.0; 200];
        flat[77] = 1e9;
        flat[78] = 1e9;
        assert_eq!(memory(&flat), 0.0);
        assert_eq!(memory(&[f64::NAN, 1.0]), 0.0);
    }

    #[test]
    fn a_grid_ends_with_the_window() {
        let window = Window {
            at_ms: 1_000_000,
            from_ms: 123_456,
            to_ms: 1_023_456,
            baseline_ms: 7_200_000,
            is_wider: false,
        };
        let grid = Grid::of(&window);
        assert!(grid.at_ms(grid.before).abs_diff(window.from_ms) <= grid.step_ms.unsigned_abs());
        assert_eq!(grid.at_ms(grid.before + grid.within), window.to_ms + 1);
    }

    proptest! {
        #[test]
        fn no_point_however_odd_breaks_the_steps(
            points in prop::collection::vec((any::<i32>(), prop::num::f64::ANY), 0..40),
        ) {
            let mut points: Vec<(i64, f64)> =
                points.into_iter().map(|(at, value)| (i64::from(at), value)).collect();
            points.sort_by_key(|point| point.0);
            let one = series(&points, vec![]);
            prop_assert_eq!(levels(&one, &GRID).len(), 5);
            prop_assert_eq!(rates(&one, &GRID).len(), 5);
        }
    }
}
