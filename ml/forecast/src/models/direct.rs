//! Direct regression: for every step ahead, the change from now to then is regressed on what the
//! same change was one and two seasons ago, on how far the last values lie from their season and
//! their means. A ridge penalty pulls it to "nothing changes".

use crate::linear::{Regression, predict};
use crate::problem::{Problem, Table};

/// Penalty per row on standardised coefficients.
const PENALTY: f64 = 0.02;
/// Widths of the moving means the last value is compared with.
const MEANS: [usize; 3] = [4, 13, 52];
/// Rows of a fit at most; the newest are taken.
const ROWS: usize = 800;

/// Origins that share one fit.
const REFIT: usize = 8;

/// See the module.
pub(super) fn direct_regression(problem: &Problem<'_>) -> Option<Table> {
    let view = View::new(problem)?;
    let columns = problem.origins.len() * problem.horizon;
    let mut table = vec![0.0; columns];
    let mut features = vec![0.0; view.width];
    let mut example = vec![0.0; view.width];
    for step in 1..=problem.horizon {
        let first = view.reach(step);
        let head_end = problem.head().checked_sub(step)?;
        let mut regression = Regression::new(view.width);
        let mut add = |regression: &mut Regression, from: usize, to: usize| {
            for known in from..=to {
                view.fill(known, step, &mut example);
                let change = problem.series[known + step - 1] - problem.series[known - 1];
                regression.add(&example, change, 1.0);
            }
        };
        let from = first.max(head_end.saturating_sub(ROWS));
        if head_end < from + 2 * view.width {
            return None;
        }
        let mut seen = from;
        let mut coefficients = Vec::new();
        for (row, origin) in problem.origins.iter().enumerate() {
            let last = row + 1 == problem.origins.len();
            if row % REFIT == 0 || last {
                add(&mut regression, seen, origin - step);
                seen = origin - step + 1;
                coefficients = regression.solve(PENALTY)?;
            }
            view.fill(*origin, step, &mut features);
            table[row * problem.horizon + step - 1] =
                problem.series[origin - 1] + predict(&coefficients, &features);
        }
    }
    Some(table)
}

/// The series with its prefix sums and the features asked of it.
struct View<'a> {
    series: &'a [f64],
    sums: Vec<f64>,
    /// Season and how many of its cycles are looked back at.
    seasons: Vec<(usize, usize)>,
    means: Vec<usize>,
    width: usize,
}

impl<'a> View<'a> {
    fn new(problem: &Problem<'a>) -> Option<Self> {
        let head = problem.head();
        let room = head.checked_sub(problem.horizon)?;
        let cycles = |period: usize| -> usize {
            let rows = |cycles: usize| {
                room.saturating_sub(problem.horizon.next_multiple_of(period) + cycles * period)
            };
            if rows(1) > 60 { 2 } else { 1 }
        };
        let seasons: Vec<(usize, usize)> =
            problem.periods.iter().map(|p| (*p, cycles(*p))).collect();
        let means: Vec<usize> = if problem.periods.len() > 1 {
            problem.periods.to_vec()
        } else {
            MEANS.iter().copied().filter(|m| 3 * m <= room).collect()
        };
        let mut sums = Vec::with_capacity(problem.series.len() + 1);
        let mut sum = 0.0;
        sums.push(sum);
        for y in problem.series {
            sum += y;
            sums.push(sum);
        }
        let width = 2 + means.len() + seasons.iter().map(|s| s.1 + 1).sum::<usize>();
        Some(Self {
            series: problem.series,
            sums,
            seasons,
            means,
            width,
        })
    }

    /// Points that must be known for the features of `step`.
    fn reach(&self, step: usize) -> usize {
        let seasons = self
            .seasons
            .iter()
            .map(|(period, cycles)| step.next_multiple_of(*period) + (cycles - 1) * period + 1);
        let means = self.means.iter().copied();
        seasons.chain(means).chain([3]).max().unwrap_or(3)
    }

    /// Features when `known` points are known.
    fn fill(&self, known: usize, step: usize, out: &mut [f64]) {
        let y = self.series;
        let now = y[known - 1];
        out[0] = now - y[known - 2];
        out[1] = y[known - 2] - y[known - 3];
        let mut at = 2;
        for width in &self.means {
            out[at] = now - (self.sums[known] - self.sums[known - width]) / *width as f64;
            at += 1;
        }
        for (period, cycles) in &self.seasons {
            let near = step.next_multiple_of(*period);
            out[at] = now - y[known - 1 - period];
            at += 1;
            for cycle in 0..*cycles {
                let back = near + cycle * period;
                out[at] = y[known + step - 1 - back] - y[known - 1 - back];
                at += 1;
            }
        }
    }
}
