//! Sudden changes of level: a big copy, a deletion, a rotation, a reboot, a resize. What flows in
//! is a series without its daily cycle, what flows out the jumps and the series with them taken
//! out, so that a step is never read as a slope. Bursts that go back are no jumps.

use crate::grid::Grid;
use crate::robust::{median, running_median, scale_about};

/// A burst shorter than twice this goes back unseen, in milliseconds.
const BURST_HALF_MS: i64 = 3 * 3_600_000;
/// A change of level that takes longer is a slope, in milliseconds.
const JUMP_LONGEST_MS: i64 = 10 * 3_600_000;
/// Least size of a jump in robust standard deviations of what happens otherwise.
const JUMP_MIN: f64 = 7.0;
/// Least size of a jump as share of the whole range of the series.
const JUMP_MIN_SHARE: f64 = 0.01;
/// Least share of a jump within one step for it to be sharp.
const SHARP: f64 = 0.6;
/// A drop among the newest values has at least this share of the usual one.
const AGAIN: f64 = 0.5;
/// A sharp jump is so many times larger than the steps around it.
const ALONE: f64 = 5.0;
/// A jump that is not sharp is so many times larger than what happens right before and after.
const RESTS: f64 = 3.0;
/// Least values on each side of a jump.
const EDGE: usize = 3;
/// Values are held within this many robust standard deviations of the running median.
const CLIP: f64 = 3.0;

/// A change of level that is no slope.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Jump {
    /// The last step before it.
    pub at: usize,
    /// The level after it less the level before, without what the slope did meanwhile.
    pub size: f64,
    /// The highest level shortly before.
    pub peak: f64,
    /// The lowest level shortly after.
    pub trough: f64,
}

/// A series taken apart.
#[derive(Debug)]
pub(crate) struct Levels {
    /// The series without bursts and jumps: its newest value is the level now.
    pub steady: Vec<f64>,
    /// The series less its running median: bursts and noise.
    pub fast: Vec<f64>,
    /// The jumps, by time.
    pub jumps: Vec<Jump>,
}

/// Takes bursts and jumps out of `values`.
pub(crate) fn separate(grid: &Grid, values: &[f64]) -> Levels {
    let half = grid.steps(BURST_HALF_MS, 2).min(values.len() / 8).max(1);
    let smooth = running_median(values, half);
    let reach = half.max(3).min(values.len() / 3).max(1);
    let (changes, typical) = changes(&smooth, reach);
    let slope = typical / reach as f64;
    let range = smooth.iter().copied().fold(f64::NEG_INFINITY, f64::max)
        - smooth.iter().copied().fold(f64::INFINITY, f64::min);
    let spread = scale_about(&changes, typical);
    let least = (JUMP_MIN * spread)
        .max(JUMP_MIN_SHARE * range)
        .max(f64::MIN_POSITIVE);
    let longest = 2 * reach + grid.steps(JUMP_LONGEST_MS, 2).min(values.len() / 4);
    let series = Series {
        values,
        smooth: &smooth,
        changes: &changes,
        reach,
        slope,
        typical,
    };
    let mut without = values.to_vec();
    let mut jumps = Vec::new();
    for run in runs(&changes, typical, least) {
        let sharp = series.sharp(&run, SHARP * least);
        for jump in &sharp {
            lower(&mut without, jump);
        }
        if !sharp.is_empty() {
            jumps.extend(sharp);
        } else if let Some(jump) = series.blunt(&run).filter(|_| run.len() <= longest) {
            take_out(&mut without, &run, jump.size, slope);
            jumps.push(jump);
        }
    }
    if let Some(jump) = series.again(&jumps) {
        lower(&mut without, &jump);
        jumps.push(jump);
    }
    // Without the jumps the running median is true to the slope on both sides of each.
    let mut steady = running_median(&without, half);
    let fast: Vec<f64> = without.iter().zip(&steady).map(|(v, s)| v - s).collect();
    let width = CLIP * scale_about(&fast, 0.0);
    // The present level stays as it is; the past is moved towards it.
    let total: f64 = jumps.iter().map(|jump| jump.size).sum();
    for (value, rest) in steady.iter_mut().zip(&fast) {
        *value += rest.clamp(-width, width) + total;
    }
    Levels {
        steady,
        fast,
        jumps,
    }
}

/// For each step the median of `reach` values after it less that of those up to it, and the
/// median of all these. Near the ends fewer values are seen, and next to them nothing.
fn changes(smooth: &[f64], reach: usize) -> (Vec<f64>, f64) {
    let mut window = Vec::with_capacity(reach);
    let mut side = |values: &[f64]| {
        window.clear();
        window.extend_from_slice(values);
        median(&mut window)
    };
    let last = smooth.len().saturating_sub(1);
    let mut out: Vec<(f64, usize)> = (0..last)
        .map(|at| {
            let reach = reach.min(at + 1).min(last - at);
            let before = side(&smooth[at + 1 - reach..=at]);
            let after = side(&smooth[at + 1..=at + reach]);
            (after - before, reach)
        })
        .collect();
    let whole = out.iter().filter(|&&(_, seen)| seen == reach);
    let typical = median(&mut whole.map(|&(change, _)| change).collect::<Vec<f64>>());
    for (change, seen) in &mut out {
        // Fewer values see less of the slope.
        *change += typical * (1.0 - *seen as f64 / reach as f64);
        if *seen < reach.min(EDGE) {
            *change = typical;
        }
    }
    (out.into_iter().map(|(change, _)| change).collect(), typical)
}

/// The runs of changes that differ by more than `least` from the typical one, of one sign each.
fn runs(changes: &[f64], typical: f64, least: f64) -> Vec<std::ops::Range<usize>> {
    let sign = |at: usize| {
        let rest = changes[at] - typical;
        if rest.abs() <= least {
            0
        } else {
            rest.signum() as i32
        }
    };
    let mut out = Vec::new();
    let mut at = 0;
    while at < changes.len() {
        let (start, kind) = (at, sign(at));
        while at < changes.len() && sign(at) == kind {
            at += 1;
        }
        if kind != 0 {
            out.push(start..at);
        }
    }
    out
}

/// A series with what was derived from it.
struct Series<'a> {
    values: &'a [f64],
    smooth: &'a [f64],
    changes: &'a [f64],
    /// Typical rise per step.
    slope: f64,
    /// Typical change.
    typical: f64,
    /// Steps on each side that a change compares.
    reach: usize,
}

impl Series<'_> {
    /// What the step after `at` adds to the slope.
    fn step(&self, at: usize) -> f64 {
        self.smooth[at + 1] - self.smooth[at] - self.slope
    }

    /// The sharp jumps of at least `least` within a run of large changes.
    fn sharp(&self, run: &std::ops::Range<usize>, least: f64) -> Vec<Jump> {
        let rising = self.changes[run.start] > self.typical;
        let last = self.smooth.len() - 1;
        let edges: Vec<usize> = run
            .clone()
            .filter(|&at| {
                let step = self.step(at);
                let (from, to) = (at.saturating_sub(2), (at + 3).min(last));
                let near = self.smooth[to] - self.smooth[from] - self.slope * (to - from) as f64;
                (step > 0.0) == rising
                    && step.abs() >= least.max(SHARP * near.abs())
                    && self.is_alone(at)
            })
            .collect();
        let is_close = |&at: &usize| {
            edges
                .iter()
                .any(|&other| other != at && other.abs_diff(at) < 2 * EDGE)
        };
        edges
            .iter()
            .map(|at| self.jump(*at, is_close(at)))
            .collect()
    }

    /// The jump at `at`; measured by one step only where another `is_close`.
    fn jump(&self, at: usize, is_close: bool) -> Jump {
        let reach = if is_close { 1 } else { EDGE };
        let near = |range: std::ops::Range<usize>| median(&mut self.values[range].to_vec());
        let peak = near((at + 1).saturating_sub(reach)..at + 1);
        let trough = near(at + 1..(at + 1 + reach).min(self.values.len()));
        let size = if is_close {
            self.step(at)
        } else {
            trough - peak - self.slope * EDGE as f64
        };
        Jump {
            at,
            size,
            peak,
            trough,
        }
    }

    /// The change of level along a run of large changes without a sharp edge.
    fn blunt(&self, run: &std::ops::Range<usize>) -> Option<Jump> {
        let end = run.end.min(self.smooth.len() - 1);
        let change = self.smooth[end] - self.smooth[run.start];
        let size = change - self.slope * run.len() as f64;
        let steepest = |a: &usize, b: &usize| self.step(*a).abs().total_cmp(&self.step(*b).abs());
        let at = run.clone().max_by(steepest)?;
        let jump = Jump {
            size,
            ..self.jump(at, false)
        };
        self.rests_around(run, size).then_some(jump)
    }

    /// A jump among the newest values, too new to be seen by its sides, that looks like those
    /// drops which came twice before.
    fn again(&self, jumps: &[Jump]) -> Option<Jump> {
        let mut drops: Vec<f64> = jumps
            .iter()
            .filter(|jump| jump.size < 0.0)
            .map(|jump| -jump.size)
            .collect();
        if drops.len() < 2 {
            return None;
        }
        let least = AGAIN * median(&mut drops);
        let last = self.values.len() - 1;
        let newest = jumps.iter().map(|jump| jump.at).max().unwrap_or(0);
        let step = |at: usize| self.values[at] - self.values[at + 1];
        let at = (last.saturating_sub(EDGE).max(newest + 1)..last)
            .max_by(|&a, &b| step(a).total_cmp(&step(b)))?;
        (step(at) > least).then(|| Jump {
            at,
            size: -step(at) - self.slope,
            peak: self.values[at],
            trough: self.values[at + 1],
        })
    }

    /// Whether the step at `at` is much larger than the steps around it.
    fn is_alone(&self, at: usize) -> bool {
        let end = (at + 3 * self.reach + 1).min(self.smooth.len() - 1);
        let around = at.saturating_sub(3 * self.reach)..end;
        let mut steps: Vec<f64> = around.map(|at| self.step(at).abs()).collect();
        self.step(at).abs() > ALONE * median(&mut steps)
    }

    /// Whether the level rests before and after the run, unlike in a slope whose rate varies. Not
    /// where the end of the series hides it: later values will tell.
    fn rests_around(&self, run: &std::ops::Range<usize>, size: f64) -> bool {
        let last = self.smooth.len() - 1;
        let drift = |from: usize, to: usize| {
            let slope = self.slope * (to - from) as f64;
            (self.smooth[to] - self.smooth[from] - slope).abs()
        };
        let end = run.end.min(last);
        let (after, before) = (
            (end + 2 * self.reach).min(last),
            run.start.saturating_sub(2 * self.reach),
        );
        after >= end + self.reach
            && RESTS * drift(end, after) < size.abs()
            && RESTS * drift(before, run.start) < size.abs()
    }
}

/// Moves what follows a sharp jump back to the level before it.
fn lower(values: &mut [f64], jump: &Jump) {
    values[jump.at + 1..]
        .iter_mut()
        .for_each(|value| *value -= jump.size);
}

/// Puts a line of the typical slope in place of the run and moves what follows by `size`.
fn take_out(values: &mut [f64], run: &std::ops::Range<usize>, size: f64, slope: f64) {
    values[run.end..]
        .iter_mut()
        .for_each(|value| *value -= size);
    let from = values[run.start];
    for (place, value) in values[run.clone()].iter_mut().enumerate() {
        *value = from + slope * place as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half_hourly(value: impl Fn(usize) -> f64) -> Grid {
        Grid {
            start_ms: 0,
            step_ms: 1_800_000,
            values: (0..480).map(value).collect(),
            newest_ms: 0,
            newest: 0.0,
            oldest_ms: 0,
        }
    }

    fn wobble(at: usize) -> f64 {
        (at as f64 * 1.7).sin() * 0.2
    }

    #[test]
    fn a_step_leaves_the_slope_as_it_was() {
        let grid =
            half_hourly(|at| at as f64 * 0.05 + wobble(at) + if at > 200 { 30.0 } else { 0.0 });
        let levels = separate(&grid, &grid.values);
        assert_eq!(levels.jumps.len(), 1, "{:?}", levels.jumps);
        assert!((levels.jumps[0].size - 30.0).abs() < 1.0);
        let grown = levels.steady[470] - levels.steady[10];
        assert!((grown - 23.0).abs() < 2.0, "{grown}");
        assert!((levels.steady[479] - grid.values[479]).abs() < 1.0);
    }

    #[test]
    fn a_copy_of_three_hours_is_a_step() {
        let copied = |at: usize| (at as f64 - 200.0).clamp(0.0, 6.0) * 5.0;
        let grid = half_hourly(|at| copied(at) + wobble(at));
        let levels = separate(&grid, &grid.values);
        assert_eq!(levels.jumps.len(), 1, "{:?}", levels.jumps);
        assert!((levels.steady[470] - levels.steady[10]).abs() < 2.0);
    }

    #[test]
    fn a_burst_that_goes_back_is_no_jump() {
        let burst = |at: usize| if (200..204).contains(&at) { 40.0 } else { 0.0 };
        let grid = half_hourly(|at| at as f64 * 0.01 + burst(at) + wobble(at));
        let levels = separate(&grid, &grid.values);
        assert!(levels.jumps.is_empty(), "{:?}", levels.jumps);
        assert!(levels.fast[201] > 35.0);
    }

    #[test]
    fn a_saw_has_a_jump_per_tooth_with_its_peak_and_trough() {
        let grid = half_hourly(|at| (at % 120) as f64 * 0.5 + wobble(at));
        let levels = separate(&grid, &grid.values);
        assert_eq!(levels.jumps.len(), 3, "{:?}", levels.jumps);
        for jump in &levels.jumps {
            assert!(
                (jump.peak - 59.5).abs() < 2.0 && jump.trough < 2.0,
                "{jump:?}"
            );
        }
    }

    #[test]
    fn a_new_slope_is_no_jump() {
        let grid = half_hourly(|at| (at.max(400) - 400) as f64 * 0.5 + wobble(at));
        assert!(separate(&grid, &grid.values).jumps.is_empty());
    }
}
