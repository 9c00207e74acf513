//! The best segmentation of a series under a penalty per change: PELT (Killick, Fearnhead, Eckley,
//! "Optimal detection of changepoints with a linear computational cost", JASA 2012) on a grid of
//! candidates. Costs come from [`Cost`]; scales and penalties are the caller's.

use crate::cost::Cost;

/// What limits a segmentation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Price of one change, in the units of the cost.
    pub(crate) penalty: f64,
    /// Least points of a segment, at least one.
    pub(crate) segment_min: usize,
    /// Most positions that are tried. PELT is quadratic in these where nothing changes.
    pub(crate) candidates_max: usize,
}

/// Starts of the segments after the first one, ascending. Where a series has more points than
/// candidates, positions are first found on a grid and then moved to the best point near it.
pub(crate) fn change_points(cost: &Cost, limits: &Limits) -> Vec<usize> {
    let n = cost.len();
    let stride = n.div_ceil(limits.candidates_max.max(1)).max(1);
    let mut found = on_grid(cost, limits, stride);
    if stride > 1 {
        // Twice, since a position depends on its neighbours.
        for _ in 0..2 {
            refine(cost, &mut found, limits.segment_min, stride);
            join(cost, &mut found, limits, stride);
        }
    }
    found
}

/// A possible last change, and the first position at which it is certainly worse than another.
struct Candidate {
    at: usize,
    until: usize,
    /// Least cost of all points if this is the last change, without its penalty.
    total: f64,
}

fn on_grid(cost: &Cost, limits: &Limits, stride: usize) -> Vec<usize> {
    let n = cost.len();
    let segment_min = limits.segment_min.max(stride);
    // `best[i]` is the least cost of the first `i · stride` points; the last entry ends at `n`.
    let ends: Vec<usize> = (0..n).step_by(stride).chain([n]).collect();
    let mut best = vec![f64::INFINITY; ends.len()];
    let mut last = vec![0usize; ends.len()];
    best[0] = -limits.penalty;
    let mut alive = vec![Candidate {
        at: 0,
        until: usize::MAX,
        total: 0.0,
    }];
    for i in 1..ends.len() {
        let end = ends[i];
        alive.retain(|c| c.until > end);
        for c in &mut alive {
            if end - ends[c.at] < segment_min {
                // Candidates are in order, so the later ones are too close as well.
                break;
            }
            c.total = best[c.at] + cost.squares(ends[c.at], end);
            if c.total + limits.penalty < best[i] {
                best[i] = c.total + limits.penalty;
                last[i] = c.at;
            }
        }
        if best[i].is_finite() {
            // Whoever is worse here even without a further change never wins again, once a
            // segment that starts here is long enough to be allowed.
            for c in &mut alive {
                if end - ends[c.at] >= segment_min && c.total >= best[i] {
                    c.until = c.until.min(end + segment_min);
                }
            }
            alive.push(Candidate {
                at: i,
                until: usize::MAX,
                total: 0.0,
            });
        }
    }
    let mut found = Vec::new();
    let mut i = ends.len() - 1;
    while i > 0 && last[i] > 0 {
        i = last[i];
        found.push(ends[i]);
    }
    found.reverse();
    found
}

/// Moves each change to the best point within `reach` of it.
fn refine(cost: &Cost, found: &mut [usize], segment_min: usize, reach: usize) {
    for i in 0..found.len() {
        let start = if i == 0 { 0 } else { found[i - 1] };
        let end = found.get(i + 1).copied().unwrap_or(cost.len());
        let low = found[i].saturating_sub(reach).max(start + segment_min);
        let high = (found[i] + reach).min(end.saturating_sub(segment_min));
        let mut best = cost.squares(start, found[i]) + cost.squares(found[i], end);
        for at in low..=high {
            let total = cost.squares(start, at) + cost.squares(at, end);
            if total < best {
                best = total;
                found[i] = at;
            }
        }
    }
}

/// Replaces two changes about one cell of the grid by one where that is cheaper: a change within a
/// cell shows on the grid as one at each of its edges.
fn join(cost: &Cost, found: &mut Vec<usize>, limits: &Limits, reach: usize) {
    let mut i = 0;
    while i + 1 < found.len() {
        let (left, right) = (found[i], found[i + 1]);
        let start = if i == 0 { 0 } else { found[i - 1] };
        let end = found.get(i + 2).copied().unwrap_or(cost.len());
        let two = cost.squares(start, left) + cost.squares(left, right) + cost.squares(right, end);
        let one = |at: usize| cost.squares(start, at) + cost.squares(at, end);
        let best = (left..=right).min_by(|a, b| one(*a).total_cmp(&one(*b)));
        if let (Some(at), true) = (best, right - left <= 3 * reach)
            && one(at) <= two + limits.penalty
        {
            found[i] = at;
            found.remove(i + 1);
        } else {
            i += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::segment::Shape;

    /// Least total by dynamic programming without pruning.
    fn exhaustive(cost: &Cost, limits: &Limits) -> f64 {
        let n = cost.len();
        let mut best = vec![f64::INFINITY; n + 1];
        best[0] = -limits.penalty;
        for end in limits.segment_min..=n {
            for start in 0..=end - limits.segment_min {
                let total = best[start] + cost.squares(start, end) + limits.penalty;
                best[end] = best[end].min(total);
            }
        }
        best[n]
    }

    fn total(cost: &Cost, found: &[usize], penalty: f64) -> f64 {
        let mut bounds = vec![0];
        bounds.extend(found);
        bounds.push(cost.len());
        let squares: f64 = bounds.windows(2).map(|w| cost.squares(w[0], w[1])).sum();
        squares + penalty * found.len() as f64
    }

    proptest! {
        #[test]
        fn pruning_loses_nothing(
            values in prop::collection::vec(-5.0f64..5.0, 8..60),
            penalty in 0.5f64..60.0,
            segment_min in 1usize..6,
            sloped in any::<bool>(),
        ) {
            let shape = if sloped { Shape::Slope } else { Shape::Level };
            let times: Vec<f64> = (0..values.len()).map(|i| i as f64).collect();
            let cost = Cost::new(&times, &values, shape);
            let limits = Limits { penalty, segment_min, candidates_max: 1_000 };
            let found = change_points(&cost, &limits);
            let got = total(&cost, &found, penalty);
            prop_assert!((got - exhaustive(&cost, &limits)).abs() < 1e-6);
        }
    }
}
