//! Minimisation without derivatives for a handful of parameters (Nelder & Mead 1965), within a box.

/// Where to search.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    /// Smallest value of each parameter.
    pub lower: Vec<f64>,
    /// Largest value of each parameter.
    pub upper: Vec<f64>,
}

impl Bounds {
    fn clamp(&self, point: &mut [f64]) {
        for ((value, low), high) in point.iter_mut().zip(&self.lower).zip(&self.upper) {
            *value = value.clamp(*low, *high);
        }
    }
}

/// The search ends when the losses of the simplex differ by less; losses are log likelihoods.
const TOLERANCE: f64 = 2e-3;

/// The best point found from `start` with at most about `evaluations` calls of `loss`, and its
/// loss. Points outside the box are moved onto its border; a loss that is not a number counts as
/// infinite.
pub(crate) fn minimise(
    start: &[f64],
    bounds: &Bounds,
    evaluations: usize,
    mut loss: impl FnMut(&[f64]) -> f64,
) -> (Vec<f64>, f64) {
    let width = start.len();
    let mut calls = 0;
    let mut rate = |point: &[f64], calls: &mut usize| {
        *calls += 1;
        let value = loss(point);
        if value.is_nan() { f64::INFINITY } else { value }
    };
    let mut simplex: Vec<(f64, Vec<f64>)> = corners(start, bounds)
        .into_iter()
        .map(|point| (rate(&point, &mut calls), point))
        .collect();
    while calls < evaluations {
        simplex.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (best, worst) = (simplex[0].0, simplex[width].0);
        if worst == best || worst - best <= TOLERANCE {
            break;
        }
        let centre: Vec<f64> = (0..width)
            .map(|i| simplex[..width].iter().map(|(_, p)| p[i]).sum::<f64>() / width as f64)
            .collect();
        let toward = |simplex: &[(f64, Vec<f64>)], step: f64| {
            let mut point: Vec<f64> = centre
                .iter()
                .zip(&simplex[width].1)
                .map(|(c, w)| c + step * (c - w))
                .collect();
            bounds.clamp(&mut point);
            point
        };
        let reflected = toward(&simplex, 1.0);
        let reflected = (rate(&reflected, &mut calls), reflected);
        let candidate = if reflected.0 < best {
            let expanded = toward(&simplex, 2.0);
            let expanded = (rate(&expanded, &mut calls), expanded);
            if expanded.0 < reflected.0 {
                expanded
            } else {
                reflected
            }
        } else if reflected.0 < simplex[width - 1].0 {
            reflected
        } else {
            let step = if reflected.0 < worst { 0.5 } else { -0.5 };
            let contracted = toward(&simplex, step);
            (rate(&contracted, &mut calls), contracted)
        };
        if candidate.0 < worst {
            simplex[width] = candidate;
            continue;
        }
        let anchor = simplex[0].1.clone();
        for (value, point) in &mut simplex[1..] {
            for (p, a) in point.iter_mut().zip(&anchor) {
                *p = a + 0.5 * (*p - a);
            }
            *value = rate(point, &mut calls);
        }
    }
    simplex.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (value, point) = simplex.swap_remove(0);
    (point, value)
}

/// The start and, for each parameter, the start moved along it by a part of its range.
fn corners(start: &[f64], bounds: &Bounds) -> Vec<Vec<f64>> {
    (0..=start.len())
        .map(|corner| {
            let mut point = start.to_vec();
            if let Some(i) = corner.checked_sub(1) {
                let step = 0.15 * (bounds.upper[i] - bounds.lower[i]);
                let fits = point[i] + step <= bounds.upper[i];
                point[i] += if fits { step } else { -step };
            }
            bounds.clamp(&mut point);
            point
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_bottom_of_a_bowl_and_stays_in_the_box() {
        let bounds = Bounds {
            lower: vec![-5.0, -5.0],
            upper: vec![5.0, 1.0],
        };
        let (point, value) = minimise(&[0.0, 0.0], &bounds, 400, |p| {
            1e4 * ((p[0] - 1.0).powi(2) + (p[1] - 2.0).powi(2))
        });
        assert!((point[0] - 1.0).abs() < 1e-2 && (point[1] - 1.0).abs() < 1e-2);
        assert!((value - 1e4).abs() < 1.0);
    }
}
